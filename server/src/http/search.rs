//! `GET /search`: one box over what a dispatcher asks for by name.
//!
//! Reads cameras, units, incidents, sites, blockages and closures through the gate, and the names on
//! the basemap. Promises: what begins as asked comes before what only holds it, live features before
//! the basemap, then the id decides; case, accents and punctuation do not count. Refuses to know
//! plates: the layers that carry them are not searched, whatever the caller's clearances.

mod words;

use super::params::Params;
use super::reading::answer;
use super::{App, Caller, reached};
use crate::basemap::{Name, NameKind};
use crate::geojson::{push_geometry, push_text};
use crate::problem::{Problem, echo};
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::{LayerSpec, Seen, Value, View, Viewer};
use geo_types::{Geometry, Point};
use std::sync::Arc;
use words::{Fit, Words};

/// The most results.
const MOST: usize = 100;
/// Results unless asked for otherwise.
const USUAL: usize = 20;

/// How a layer is searched.
struct Source {
    layer: &'static str,
    /// What one of its features is called.
    kind: &'static str,
    /// The field that names a feature; where it has none, its id does.
    title: &'static str,
    /// The fields that are searched.
    searched: &'static [&'static str],
    /// Whether the id is searched as well.
    by_id: bool,
    /// The fields that tell two features of one title apart.
    subtitle: &'static [&'static str],
}

/// All that is searched. No layer that carries plates belongs here.
const SOURCES: [Source; 6] = [
    Source {
        layer: "cameras",
        kind: "Camera",
        title: "name",
        searched: &["name"],
        by_id: true,
        subtitle: &["camera_kind", "status"],
    },
    Source {
        layer: "units",
        kind: "Unit",
        title: "call_sign",
        searched: &["call_sign"],
        by_id: false,
        subtitle: &["agency", "status"],
    },
    Source {
        layer: "incidents",
        kind: "Incident",
        title: "type",
        searched: &["cad_id", "address", "type"],
        by_id: false,
        subtitle: &["address", "cad_id"],
    },
    Source {
        layer: "sites",
        kind: "Site",
        title: "name",
        searched: &["name", "address"],
        by_id: false,
        subtitle: &["address"],
    },
    Source {
        layer: "blockages",
        kind: "Blocked street",
        title: "intersection",
        searched: &["intersection"],
        by_id: false,
        subtitle: &["cause", "status"],
    },
    Source {
        layer: "closures",
        kind: "Closure",
        title: "name",
        searched: &["name", "road"],
        by_id: false,
        subtitle: &["road", "description"],
    },
];

/// Something that fits the question.
struct Found {
    fit: Fit,
    /// Live features come before the basemap.
    of_basemap: bool,
    id: String,
    title: String,
    subtitle: String,
    kind: &'static str,
    layer: Option<&'static str>,
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
    reached(&app, &params).await?;
    let view = app.engine.view();
    let seq = view.seq();
    let basemap = app.basemap.load_full();
    let features = web::block(move || {
        let mut found = live(&view, &caller.viewer, &asked);
        found.extend(
            basemap
                .names()
                .iter()
                .filter_map(|name| on_basemap(name, &asked)),
        );
        found.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        found.truncate(limit);
        found.iter().map(Found::feature).collect()
    });
    let features = features.await.map_err(Problem::internal)?;
    Ok(answer(&app, seq, features))
}

/// The features of all sources that fit, as far as the viewer may see them.
fn live(view: &Arc<View>, viewer: &Viewer, asked: &Words) -> Vec<Found> {
    let mut found = Vec::new();
    for source in &SOURCES {
        let Ok(open) = view.open(viewer, source.layer) else {
            continue;
        };
        let fitting = open.page(None, usize::MAX);
        found.extend(
            fitting
                .iter()
                .filter_map(|seen| source.found(open.spec(), seen, asked)),
        );
    }
    found
}

impl Source {
    fn found(&self, spec: &LayerSpec, seen: &Seen, asked: &Words) -> Option<Found> {
        let text = |name: &&str| match seen.property(spec, name) {
            Some(Value::Text(text)) if !text.is_empty() => Some(&**text),
            _ => None,
        };
        let id = seen.id().as_str();
        let texts = self.searched.iter().filter_map(text);
        let texts: Vec<Words> = texts
            .chain(self.by_id.then_some(id))
            .map(Words::of)
            .collect();
        let fit = asked.fit(&texts)?;
        let subtitle: Vec<&str> = self.subtitle.iter().filter_map(text).collect();
        Some(Found {
            fit,
            of_basemap: false,
            id: id.to_owned(),
            title: text(&self.title).unwrap_or(id).to_owned(),
            subtitle: subtitle.join(" · "),
            kind: self.kind,
            layer: Some(self.layer),
            geometry: seen.geometry().cloned(),
        })
    }
}

fn on_basemap(name: &Name, asked: &Words) -> Option<Found> {
    let fit = asked.fit(&[Words::of(&name.text)])?;
    Some(Found {
        fit,
        of_basemap: true,
        id: name.id.clone(),
        title: name.text.clone(),
        subtitle: String::new(),
        kind: match name.kind {
            NameKind::Place => "Place",
            NameKind::Crossing => "Intersection",
        },
        layer: None,
        geometry: Some(Geometry::Point(Point::new(name.at.lon(), name.at.lat()))),
    })
}

impl Found {
    fn order(&self) -> (Fit, bool, &str, Option<&str>) {
        (self.fit, self.of_basemap, &self.id, self.layer)
    }

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
        push_text(&mut out, self.kind);
        out.extend_from_slice(b",\"layer\":");
        match self.layer {
            Some(layer) => push_text(&mut out, layer),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}}");
        out
    }
}

#[cfg(test)]
mod tests;
