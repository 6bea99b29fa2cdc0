//! GeoJSON and its sequences: a Feature or `FeatureCollection`, texts after RS (RFC 8142), or one text
//! a line. A `crs` member (GeoJSON of 2008) is honoured.

use super::{BadFile, Crs, Draft, Place, Source, Unread};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use std::path::Path;

/// RS, which begins each text of a sequence.
const RECORD_SEPARATOR: char = '\u{1e}';

#[derive(Deserialize)]
struct Text<'t> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    features: Option<Vec<&'t RawValue>>,
    #[serde(default)]
    crs: Option<Json>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: Option<Json>,
    #[serde(default)]
    geometry: Json,
    #[serde(default)]
    properties: Option<Map<String, Json>>,
    #[serde(flatten)]
    others: Map<String, Json>,
}

pub(super) fn open(path: &Path, crs: Option<Crs>) -> Result<Source, BadFile> {
    let text = std::fs::read_to_string(path).map_err(|cause| BadFile::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let content = |reason: String| BadFile::Content {
        path: path.to_owned(),
        reason,
    };
    if text.is_empty() {
        return Err(content("the file is empty".into()));
    }
    let (texts, named) = if text.starts_with(RECORD_SEPARATOR) {
        (texts(text.split(RECORD_SEPARATOR)), None)
    } else {
        match serde_json::from_str::<Text<'_>>(text) {
            Ok(document) => whole(&document, text).map_err(content)?,
            // Several texts, one a line: the first line is one whole.
            Err(cause) => {
                let first = text.lines().next().unwrap_or_default();
                let is_text = serde_json::from_str::<Text<'_>>(first).is_ok();
                if !is_text || text.lines().nth(1).is_none() {
                    return Err(content(not_geojson(text, &cause)));
                }
                (texts(text.lines()), None)
            }
        }
    };
    let crs = match (crs, named) {
        (Some(told), _) => told,
        (None, Some(named)) => named.map_err(|cause| BadFile::Crs {
            path: path.to_owned(),
            cause,
        })?,
        (None, None) => Crs::wgs84(),
    };
    Ok(Source {
        crs,
        columns: None,
        place: Place::Geometry,
        count: u64::try_from(texts.len()).ok(),
        records: Box::new(texts.into_iter().map(|text| draft(&text))),
    })
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Box<str>> {
    texts
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(Into::into)
        .collect()
}

type Named = Option<Result<Crs, super::BadCrs>>;

fn whole(document: &Text<'_>, text: &str) -> Result<(Vec<Box<str>>, Named), String> {
    let crs = named(document.crs.as_ref());
    match (document.kind.as_str(), &document.features) {
        ("Feature", _) => Ok((vec![text.into()], crs)),
        ("FeatureCollection", Some(features)) => {
            Ok((features.iter().map(|f| f.get().into()).collect(), crs))
        }
        (other, _) => Err(format!(
            "a {other} is neither a Feature nor a FeatureCollection with features"
        )),
    }
}

/// The system that a `crs` member names: `urn:ogc:def:crs:EPSG::2223`, `EPSG:2223`, CRS84.
fn named(crs: Option<&Json>) -> Named {
    let name = crs?.pointer("/properties/name")?.as_str()?;
    if name.ends_with("CRS84") {
        return None;
    }
    let code = name.rsplit(':').next().and_then(|code| code.parse().ok());
    Some(match code {
        Some(code) if name.contains("EPSG") => Crs::epsg(code),
        _ => Err(super::BadCrs::Code(name.to_owned())),
    })
}

fn draft(text: &str) -> Result<Draft, Unread> {
    let feature: Feature =
        serde_json::from_str(text).map_err(|cause| Unread::Record(cause.to_string()))?;
    if feature.kind != "Feature" {
        return Err(Unread::Record(format!("a {} is no Feature", feature.kind)));
    }
    let mut instants = feature.others;
    instants.retain(|name, _| super::mapping::INSTANTS.contains(&name.as_str()));
    Ok(Draft {
        id: feature.id.filter(|id| !id.is_null()),
        geometry: feature.geometry,
        properties: feature.properties.unwrap_or_default(),
        instants,
        line: None,
    })
}

/// Why a text is not GeoJSON, in words for somebody who took it for that.
fn not_geojson(text: &str, cause: &serde_json::Error) -> String {
    let wanted = "a FeatureCollection, a Feature, or Features one a line";
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Object(_)) => format!("not GeoJSON, which is {wanted}: {cause}"),
        Ok(_) => format!("not GeoJSON, which is {wanted}: this is other JSON"),
        Err(cause) => format!("not GeoJSON, which is {wanted}: {cause}"),
    }
}
