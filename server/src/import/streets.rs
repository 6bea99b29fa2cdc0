//! Files for the static basemap: any lines, areas or points as GeoJSON, told by `kind` and `name`.
//!
//! Promises: `kind`, `name`, `ref` and `min_zoom` of the file are kept; for roads without a `kind` it
//! is worked out from the class or the speed limit, and a `name` from the street name or its parts, by
//! the names that cities give such columns. Everything else is dropped: tiles carry what is drawn.

use super::{Crs, Source, Unread};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

const KEPT: [&str; 4] = ["kind", "name", "ref", "min_zoom"];
const NAMES: [&str; 7] = [
    "street",
    "fullname",
    "full_name",
    "road_name",
    "rd_name",
    "st_name",
    "label",
];
/// Direction, name, type and direction after it, each under its usual names.
const PARTS: [&[&str]; 4] = [
    &["pre_dir", "predir", "prefix", "st_predir"],
    &["str_name", "strname", "stname", "street_nam"],
    &["str_type", "strtype", "suffix", "st_postyp"],
    &["suf_dir", "sufdir", "postdir", "st_posdir"],
];
const CLASSES: [&str; 11] = [
    "roadcat_ds",
    "highway",
    "class",
    "func_class",
    "fclass",
    "road_class",
    "roadclass",
    "mtfcc",
    "msr_type",
    "road_type",
    "roadtype",
];
const SPEEDS: [&str; 6] = [
    "cot_speed",
    "speed",
    "speed_limit",
    "speedlimit",
    "spd_limit",
    "maxspeed",
];

/// A file that no source-layer can be made of.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSource {
    /// The records cannot be read to the end.
    #[error("record {index}: {reason}")]
    Rest { index: u64, reason: String },
}

/// A source-layer as one GeoJSON text, and the records left out, each with why.
pub(crate) fn source_layer(
    name: &str,
    source: Source,
) -> Result<(String, Vec<(u64, String)>), BadSource> {
    let mut features = Vec::new();
    let mut rejects = Vec::new();
    for (index, record) in (0_u64..).zip(source.records) {
        let draft = match record {
            Ok(draft) => draft,
            Err(Unread::Record(reason)) => {
                rejects.push((index, reason));
                continue;
            }
            Err(Unread::Rest(reason)) => return Err(BadSource::Rest { index, reason }),
        };
        match geometry(draft.geometry, &source.crs) {
            Ok(geometry) => features.push(json!({
                "type": "Feature",
                "geometry": geometry,
                "properties": properties(name, &draft.properties),
            })),
            Err(reason) => rejects.push((index, reason)),
        }
    }
    let collection = json!({ "type": "FeatureCollection", "features": features });
    Ok((collection.to_string(), rejects))
}

fn geometry(mut geometry: Json, crs: &Crs) -> Result<Json, String> {
    crs.geometry(&mut geometry)?;
    let shape =
        crate::adaptor::geometry::read(&geometry.to_string()).map_err(|cause| cause.to_string())?;
    let shape = shape.ok_or("there is no geometry")?;
    // Basemaps of cities have rings that touch themselves: only the positions must be on the globe.
    for at in shape.positions() {
        let on_globe = atalaya_tiles::LonLat::new(at.x, at.y);
        on_globe.map_err(|_| {
            format!(
                "[{}, {}] is not on the globe; is it --crs EPSG:n?",
                at.x, at.y
            )
        })?;
    }
    Ok(geometry)
}

fn properties(layer: &str, found: &Map<String, Json>) -> Map<String, Json> {
    let mut kept = Map::new();
    for name in KEPT {
        if let Some(value) = found.get(name).filter(|value| !value.is_null()) {
            kept.insert(name.into(), value.clone());
        }
    }
    if layer == "roads" && !kept.contains_key("kind") {
        kept.insert("kind".into(), road_kind(found).into());
    }
    if !kept.contains_key("name")
        && let Some(name) = name(found)
    {
        kept.insert("name".into(), name.into());
    }
    kept
}

fn column<'p>(found: &'p Map<String, Json>, names: &[&str]) -> Option<&'p Json> {
    let of = |name: &&str| {
        found
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    names.iter().filter_map(of).find(|value| !value.is_null())
}

fn text<'p>(found: &'p Map<String, Json>, names: &[&str]) -> Option<&'p str> {
    let text = column(found, names)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

fn name(found: &Map<String, Json>) -> Option<String> {
    if let Some(whole) = text(found, &NAMES) {
        return Some(in_title_case(whole));
    }
    text(found, PARTS[1])?;
    let parts: Vec<&str> = PARTS
        .iter()
        .filter_map(|names| text(found, names))
        .collect();
    Some(in_title_case(&parts.join(" ")))
}

/// Capitals only at the beginning of words; directions stay as they are.
fn in_title_case(name: &str) -> String {
    let directions = BTreeSet::from([
        "N", "S", "E", "W", "NE", "NW", "SE", "SW", "US", "SR", "CR", "II", "III",
    ]);
    if name.chars().any(char::is_lowercase) {
        return name.to_owned();
    }
    let word = |word: &str| {
        if directions.contains(word) {
            return word.to_owned();
        }
        let mut letters = word.chars();
        let first = letters.next().map(String::from).unwrap_or_default();
        first + &letters.as_str().to_lowercase()
    };
    name.split_whitespace()
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}

/// By the class where it is one that is known, else by the speed limit in miles an hour.
fn road_kind(found: &Map<String, Json>) -> &'static str {
    let class = text(found, &CLASSES)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| class.contains(word));
    let ramp = is(&["ramp", "frontage", "link"]);
    let speed = column(found, &SPEEDS).and_then(|speed| match speed.as_str() {
        Some(text) => text.split_whitespace().next()?.parse().ok(),
        None => speed.as_f64(),
    });
    if !ramp
        && (is(&["interstate", "motorway", "freeway", "trunk", "s1100"])
            || speed.is_some_and(|mph| mph >= 60.0))
    {
        return "highway";
    }
    if is(&["minor", "residential", "service", "alley", "s1400", "s1740"]) {
        // A minor road by name that cars drive fast on is none on a map.
        return if speed.is_some_and(|mph| mph >= 35.0) {
            "medium_road"
        } else {
            "minor_road"
        };
    }
    if ramp || is(&["collector", "tertiary"]) {
        return "medium_road";
    }
    if is(&["state route", "arterial", "primary", "secondary", "s1200"]) {
        return "major_road";
    }
    match speed {
        Some(mph) if mph >= 40.0 => "major_road",
        Some(mph) if mph >= 30.0 => "medium_road",
        None if is(&["major"]) => "major_road",
        _ => "minor_road",
    }
}
