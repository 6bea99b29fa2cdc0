//! `GET /search`: one box over what a dispatcher asks for by name.
//!
//! Reads the layers that the catalog says are searched, through the gate, and the names on the basemap.
//! Promises: what begins as asked comes before what only holds it, live features before the basemap,
//! then the id decides; case, accents and punctuation do not count. Refuses to know plates: no field
//! with a clearance is searched, whatever the caller's clearances.

use super::get;
use super::params::Params;
use super::reading::answer;
use super::{App, Caller, ask, reached};
use crate::basemap::{Name, NameKind};
use crate::geojson::{push_geometry, push_text};
use crate::problem::{Problem, echo};
use crate::words::{Fit, Words, fold};
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::{Glance, LayerSpec, Search, ValueRef, View, Viewer};
use geo_types::{Geometry, Point};
use std::borrow::Cow;

/// Mounts `/search`.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service.service(get("/search", search));
}

/// The most results.
const MOST: usize = 100;
/// Results unless asked for otherwise.
const USUAL: usize = 20;

/// Something that was found.
struct Found {
    id: String,
    title: String,
    subtitle: String,
    kind: String,
    layer: Option<String>,
    geometry: Option<Geometry<f64>>,
}

/// `GET /search`.
pub(super) async fn search(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let params = Params::parse(&request, &["q", "limit", "min_seq"])?;
    let asked = params.raw("q").map(str::trim);
    let asked = asked.ok_or_else(|| Params::missing("q", "2 to 100 characters"))?;
    if !(2..=100).contains(&asked.chars().count()) {
        return Err(Problem::BadParameter {
            name: "q".into(),
            value: echo(asked),
            expected: "2 to 100 characters".into(),
        });
    }
    let asked = Words::of(asked);
    let limit = params.usize("limit", 1..=MOST)?.unwrap_or(USUAL);
    reached(&app, &caller, &params).await?;
    let basemap = app.basemap.load_full();
    let find = move |view: &View, viewer: &Viewer| {
        let found = best(view, viewer, basemap.names(), &asked, limit);
        found.iter().map(Found::feature).collect()
    };
    let (seq, features) = ask(&app, caller.viewer, find).await?;
    Ok(answer(&app, seq, features))
}

/// What fits best, best first.
fn best(view: &View, viewer: &Viewer, names: &[Name], asked: &Words, most: usize) -> Vec<Found> {
    let mut fitting = Fitting {
        most,
        candidates: Vec::new(),
    };
    let mut lines = String::new();
    for open in view.open_all(viewer) {
        let spec = open.spec();
        let Some(search) = &spec.search else {
            continue;
        };
        for glance in open.glance() {
            lines.clear();
            push_searched(&mut lines, search, spec, glance);
            if let Some(fit) = asked.fit(&lines) {
                let found = What::Live(search, spec, glance);
                fitting.offer(Candidate { fit, found });
            }
        }
    }
    for name in names {
        if let Some(fit) = asked.fit(&name.folded) {
            let found = What::Basemap(name);
            fitting.offer(Candidate { fit, found });
        }
    }
    let candidates = fitting.finish();
    candidates.iter().map(Candidate::found).collect()
}

/// Something that fits the question, where it stands.
struct Candidate<'v> {
    fit: Fit,
    found: What<'v>,
}

enum What<'v> {
    Live(&'v Search, &'v LayerSpec, Glance<'v>),
    Basemap(&'v Name),
}

/// The candidates that fit best so far: never more than a few times what is asked for.
struct Fitting<'v> {
    most: usize,
    candidates: Vec<Candidate<'v>>,
}

impl<'v> Fitting<'v> {
    fn offer(&mut self, candidate: Candidate<'v>) {
        self.candidates.push(candidate);
        if self.candidates.len() >= 4 * self.most {
            let order = |a: &Candidate<'_>, b: &Candidate<'_>| a.order().cmp(&b.order());
            self.candidates.select_nth_unstable_by(self.most, order);
            self.candidates.truncate(self.most);
        }
    }

    fn finish(mut self) -> Vec<Candidate<'v>> {
        self.candidates
            .sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        self.candidates.truncate(self.most);
        self.candidates
    }
}

impl Candidate<'_> {
    /// Live features come before the basemap.
    fn order(&self) -> (Fit, bool, &str, Option<&str>) {
        match &self.found {
            What::Live(_, spec, glance) => (self.fit, false, glance.id(), Some(&spec.name)),
            What::Basemap(name) => (self.fit, true, &name.id, None),
        }
    }

    fn found(&self) -> Found {
        match &self.found {
            What::Live(search, spec, glance) => live(search, spec, *glance),
            What::Basemap(name) => on_basemap(name),
        }
    }
}

/// Adds what is searched of a feature, a line each.
fn push_searched(lines: &mut String, search: &Search, spec: &LayerSpec, glance: Glance<'_>) {
    for name in &search.fields {
        if let Some(text) = text(spec, glance, name) {
            fold(lines, text);
        }
    }
    if search.by_id {
        fold(lines, glance.id());
    }
}

fn live(search: &Search, spec: &LayerSpec, glance: Glance<'_>) -> Found {
    let id = glance.id();
    let title = search.title.as_deref();
    let title = title.and_then(|name| text(spec, glance, name));
    let subtitle = search.subtitle.iter();
    let subtitle: Vec<&str> = subtitle
        .filter_map(|name| text(spec, glance, name))
        .collect();
    let kind = search.kind.as_deref().unwrap_or(spec.title_or_name());
    Found {
        id: id.to_owned(),
        title: title.unwrap_or(id).to_owned(),
        subtitle: subtitle.join(" · "),
        kind: kind.to_owned(),
        layer: Some(spec.name.clone()),
        geometry: glance.seen().geometry().map(Cow::into_owned),
    }
}

/// A field's text, if there is any and the viewer may see it.
fn text<'v>(spec: &LayerSpec, glance: Glance<'v>, name: &str) -> Option<&'v str> {
    match glance.property(spec, name) {
        Some(ValueRef::Text(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn on_basemap(name: &Name) -> Found {
    Found {
        id: name.id.clone(),
        title: name.text.clone(),
        subtitle: String::new(),
        kind: match name.kind {
            NameKind::Place => "Place".to_owned(),
            NameKind::Crossing => "Intersection".to_owned(),
        },
        layer: None,
        geometry: Some(Geometry::Point(Point::new(name.at.lon(), name.at.lat()))),
    }
}

impl Found {
    fn feature(&self) -> Vec<u8> {
        let mut out = b"{\"type\":\"Feature\",\"id\":".to_vec();
        push_text(&mut out, &self.id);
        out.extend_from_slice(b",\"geometry\":");
        match &self.geometry {
            Some(geometry) => push_geometry(&mut out, geometry),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"properties\":{\"title\":");
        push_text(&mut out, &self.title);
        out.extend_from_slice(b",\"subtitle\":");
        push_text(&mut out, &self.subtitle);
        out.extend_from_slice(b",\"kind\":");
        push_text(&mut out, &self.kind);
        out.extend_from_slice(b",\"layer\":");
        match &self.layer {
            Some(layer) => push_text(&mut out, layer),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}}");
        out
    }
}

#[cfg(test)]
mod tests;
