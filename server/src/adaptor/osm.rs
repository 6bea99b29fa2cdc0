//! Surveillance cameras mapped in OpenStreetMap (`man_made=surveillance`), as Overpass JSON or as a
//! `GeoJSON` export, with the tags as properties or in a member `tags`.
//!
//! | tags | field |
//! |---|---|
//! | `surveillance:type=ALPR` | `camera_kind` alpr, `fov_deg` 30 |
//! | `camera:type=fixed`, or none | `camera_kind` fixed, `fov_deg` 70 |
//! | `camera:type=panning` | `camera_kind` ptz, `fov_deg` 360: it can turn anywhere |
//! | `camera:type=dome` | `camera_kind` panoramic, `fov_deg` 360: nobody can see where it looks |
//! | `camera:direction`, else `direction` | `heading_deg`, and `headings_deg` where there are several |
//! | `operator` | operator; `owner_kind` where the name tells it |
//!
//! A direction is degrees, one of the 16 points of the compass, a list of these by `;`, or a range
//! `a-b`, whose middle is the heading and whose width is the opening. Angles of view are typical ones,
//! not mapped facts; there is no range, so no coverage is drawn of what nobody measured.
//!
//! Crowd data, and labelled so: status is `community-mapped`, attribution as the Open Database Licence
//! asks. `owner_kind` is never `city`: only the city can say which cameras are its own. Guards, gunshot
//! detectors and doorbells, which are people's homes, are rejected.
//!
//! Ids are those of nodes (`1986145136`), of ways with the kind before (`way/17`), the same from either
//! format. `observed_at` is the last edit, where the export has it.

use super::geometry;
use super::target::{Draft, Fault, Target};
use super::{Decoded, Input, Unreadable, json, media_type};
use atalaya_tiles::Shape;
use atalaya_tiles::{Event, Value};
use serde_json::Value as Json;
use serde_json::value::RawValue;

const ATTRIBUTION: &str = "© OpenStreetMap contributors, ODbL 1.0";
/// The most heads one post can have.
const MAX_HEADS: usize = 16;
const COMPASS: [&str; 16] = [
    "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW",
    "NNW",
];

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    let accepted = ["application/json", "application/geo+json"];
    media_type::expect(
        input,
        &accepted,
        "application/json and application/geo+json",
    )?;
    let export: json::Collection<'_> = json::read(input)?;
    let partial = export.partial();
    let state = json::tree(export.osm3s);
    let as_of = json::text_at(&state, "/timestamp_osm_base");
    let (records, read, name): (_, Read, _) = match (export.elements, export.features) {
        (Some(elements), _) => (elements, element, "elements"),
        (None, Some(features)) => (features, feature, "features"),
        (None, None) => {
            let reason = "this is neither Overpass JSON nor a FeatureCollection";
            return Err(Unreadable::Shape(reason));
        }
    };
    let mut decoded = Decoded {
        as_of: as_of.and_then(|at| target.instant(at).ok()),
        partial,
        ..Decoded::default()
    };
    for (index, record) in records.into_iter().enumerate() {
        match read(target, record.get()) {
            Ok(event) => decoded.accept(index, event),
            Err(fault) => decoded.reject(index, fault.under(&format!("/{name}/{index}"))),
        }
    }
    Ok(decoded)
}

type Read = fn(&Target<'_>, &str) -> Result<Event, Fault>;

/// An element of Overpass JSON: a node, or a way with its `center`.
fn element(target: &Target<'_>, record: &str) -> Result<Event, Fault> {
    let element: Json = serde_json::from_str(record).map_err(|e| Fault::new(e, ""))?;
    let at =
        |lon: &str, lat: &str| json::number_at(&element, lon).zip(json::number_at(&element, lat));
    let position = at("/lon", "/lat").or_else(|| at("/center/lon", "/center/lat"));
    let kind = json::text_at(&element, "/type").unwrap_or("node");
    let number = element.pointer("/id").and_then(Json::as_u64);
    let number = number.ok_or_else(|| Fault::new("there is no id", "/id"))?;
    let camera = Camera {
        id: plain_id(&format!("{kind}/{number}")),
        shape: Ok(position.map(|(lon, lat)| Shape::point(lon, lat))),
        tags: element.pointer("/tags").unwrap_or(&Json::Null),
        edited_at: json::text_at(&element, "/timestamp"),
    };
    camera.event(target)
}

fn feature(target: &Target<'_>, record: &str) -> Result<Event, Fault> {
    let feature: json::Feature<'_> = serde_json::from_str(record).map_err(|e| Fault::new(e, ""))?;
    let properties = &feature.properties;
    let sent = [
        feature.id.as_ref(),
        properties.pointer("/@id"),
        properties.pointer("/id"),
    ];
    let id = sent.into_iter().flatten().find_map(|id| match id {
        Json::String(id) => Some(plain_id(id)),
        Json::Number(id) => Some(id.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    });
    let shape = geometry::read(feature.geometry.map_or("null", RawValue::get));
    let camera = Camera {
        id: id.ok_or_else(|| Fault::new("there is no id", "/id"))?,
        shape: shape.map_err(Fault::from),
        tags: properties.pointer("/tags").unwrap_or(properties),
        edited_at: json::text_at(properties, "/@timestamp"),
    };
    camera.event(target)
}

fn plain_id(id: &str) -> String {
    id.strip_prefix("node/").unwrap_or(id).to_owned()
}

struct Camera<'a> {
    id: String,
    shape: Result<Option<Shape>, Fault>,
    tags: &'a Json,
    edited_at: Option<&'a str>,
}

impl Camera<'_> {
    fn tag(&self, name: &str) -> Option<&str> {
        let value = self.tags.get(name)?.as_str()?.trim();
        (!value.is_empty()).then_some(value)
    }

    fn event(self, target: &Target<'_>) -> Result<Event, Fault> {
        let id = target.id(&self.id).map_err(|bad| Fault::new(bad, "/id"))?;
        let draft = target.draft(id.clone());
        let read = self.read(target, draft);
        read.map_err(|fault| fault.of(id))
    }

    fn read(self, target: &Target<'_>, mut draft: Draft<'_>) -> Result<Event, Fault> {
        if self.tag("man_made") != Some("surveillance") {
            return Err(Fault::new("not man_made=surveillance", ""));
        }
        let (kind, fov_deg) = self.kind()?;
        let edited_at = self.edited_at.and_then(|at| target.instant(at).ok());
        let (headings, opening) = self.headings();
        let operator = self.tag("operator");
        draft.observed_at = edited_at;
        draft.put_line("name", self.tag("name").or_else(|| self.tag("ref")));
        draft.put_line("camera_kind", Some(kind));
        draft.put_number("fov_deg", Some(opening.unwrap_or(fov_deg)));
        draft.put_line("operator", operator);
        draft.put_line("owner_kind", operator.and_then(owner_kind));
        draft.put_line("status", Some("community-mapped"));
        draft.put_line("attribution", Some(ATTRIBUTION));
        draft.put("view_only", Some(Value::Boolean(true)));
        put_headings(&mut draft, &headings);
        draft.geometry = target
            .place(self.shape?)
            .map_err(|fault| fault.under("/geometry"))?;
        Ok(draft.finish())
    }

    /// The kind of camera and its typical angle of view.
    fn kind(&self) -> Result<(&'static str, f64), Fault> {
        match (self.tag("surveillance:type"), self.tag("camera:type")) {
            (_, Some("doorbell")) => Err(Fault::new("a doorbell is not shown", "")),
            (Some("ALPR" | "alpr"), _) => Ok(("alpr", 30.0)),
            (None | Some("camera"), Some("panning")) => Ok(("ptz", 360.0)),
            (None | Some("camera"), Some("dome")) => Ok(("panoramic", 360.0)),
            (None | Some("camera"), _) => Ok(("fixed", 70.0)),
            (Some(other), _) => {
                let other: String = other.chars().take(40).collect();
                Err(Fault::new(
                    format!("surveillance:type={other} is no camera"),
                    "",
                ))
            }
        }
    }

    /// Where its heads look, and how wide, where that is mapped as a range.
    fn headings(&self) -> (Vec<f64>, Option<f64>) {
        let Some(text) = self
            .tag("camera:direction")
            .or_else(|| self.tag("direction"))
        else {
            return (Vec::new(), None);
        };
        let parts: Vec<_> = text
            .split([';', ','])
            .filter_map(heading)
            .take(MAX_HEADS)
            .collect();
        let opening = parts
            .iter()
            .filter_map(|(_, opening)| *opening)
            .reduce(f64::max);
        (
            parts.into_iter().map(|(heading, _)| heading).collect(),
            opening,
        )
    }
}

fn put_headings(draft: &mut Draft<'_>, headings: &[f64]) {
    draft.put_number("heading_deg", headings.first().copied());
    if headings.len() > 1 {
        draft.put_list("headings_deg", headings.iter().copied().map(Value::Number));
    }
}

/// A heading and, from a range, an opening.
fn heading(text: &str) -> Option<(f64, Option<f64>)> {
    let text = text.trim();
    if let Some(heading) = degrees(text) {
        return Some((heading, None));
    }
    let (from, to) = text.split_once('-')?;
    let (from, to) = (degrees(from.trim())?, degrees(to.trim())?);
    let opening = (to - from).rem_euclid(360.0);
    Some((
        (from + opening / 2.0).rem_euclid(360.0),
        (opening > 0.0).then_some(opening),
    ))
}

fn degrees(text: &str) -> Option<f64> {
    let text = text.strip_suffix('°').unwrap_or(text);
    if let Ok(degrees) = text.parse::<f64>() {
        let whole_turn = (0.0..=360.0).contains(&degrees);
        return whole_turn.then(|| degrees.rem_euclid(360.0));
    }
    let named = COMPASS
        .iter()
        .position(|point| point.eq_ignore_ascii_case(text))?;
    u8::try_from(named)
        .ok()
        .map(|named| f64::from(named) * 22.5)
}

/// What an operator is, where the name tells it.
fn owner_kind(operator: &str) -> Option<&'static str> {
    let name = operator.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    if has(&[
        "police",
        "pd",
        "sheriff",
        "sheriffs",
        "city",
        "town",
        "county",
        "state",
        "department",
        "dot",
        "border",
        "university",
    ]) {
        return Some("partner");
    }
    if has(&[
        "electric",
        "power",
        "water",
        "gas",
        "energy",
        "utility",
        "utilities",
    ]) {
        return Some("utility");
    }
    has(&["news", "tv", "television", "broadcasting"]).then_some("news")
}

#[cfg(test)]
pub(super) mod tests;
