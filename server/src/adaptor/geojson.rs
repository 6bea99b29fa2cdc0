//! The native format: `GeoJSON` whose properties are the layer's own fields.
//!
//! Reads a Feature, a `FeatureCollection` (RFC 7946), a `GeoJSON` text sequence (RFC 8142) and its common
//! variant with one text a line. Beside `id`, `geometry` and `properties` a feature may carry
//! `observed_at`, `stale_at` and `expires_at`; `"properties": {"withdrawn": true}` withdraws the id.
//!
//! Promises: every feature is read by itself, so that a bad one costs only itself; in a sequence the
//! same holds for a text that is no JSON. Pointers start at the text that holds the feature.
//! Properties that the layer has no field for are named in `ignored` and not even parsed.
//!
//! Refuses a `crs` other than WGS 84 (`GeoJSON` of 2008): RFC 7946 has no other, and positions in feet
//! look like nothing on the globe.

use super::geometry;
use super::target::{BadId, Fault, Target};
use super::{Decoded, Input, Unreadable, json, media_type, property, text};
use crate::problem::echo;
use atalaya_tiles::catalog::FieldIx;
use atalaya_tiles::{Event, FeatureId, FieldSpec};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

const SEQUENCE: &str = "application/geo+json-seq";
const TAKEN: [&str; 3] = ["application/geo+json", SEQUENCE, "application/json"];
/// RS, which begins each text of a sequence.
const RECORD_SEPARATOR: char = '\u{1e}';

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    let takes = "application/geo+json, application/geo+json-seq and application/json";
    let sent = media_type::expect(input, &TAKEN, takes)?;
    let text = text(input)?;
    let mut reading = Reading::new(*target);
    if sent.as_deref() == Some(SEQUENCE) || text.trim_start().starts_with(RECORD_SEPARATOR) {
        let separator = if text.contains(RECORD_SEPARATOR) {
            RECORD_SEPARATOR
        } else {
            '\n'
        };
        reading.sequence(text.split(separator));
    } else if is_lines(text)? {
        reading.sequence(text.lines());
    } else {
        reading.document(text)?;
        if !reading.collection {
            let alone = "the body is one feature, not a list of them";
            reading.decoded.partial = Some(alone);
        }
    }
    Ok(reading.decoded)
}

/// Whether several texts stand on lines of their own, under a media type that promises one text.
fn is_lines(text: &str) -> Result<bool, Unreadable> {
    let mut texts = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let Some(first) = texts.next() else {
        return Err(Unreadable::Shape("the body is empty"));
    };
    let first = first?;
    match texts.next() {
        None => Ok(false),
        Some(_) if !first.get().contains('\n') => Ok(true),
        Some(Ok(_)) => Err(Unreadable::Shape(
            "several JSON texts that are not on lines of their own",
        )),
        Some(Err(error)) => Err(error.into()),
    }
}

/// A feature, its members unread.
#[derive(Deserialize)]
struct Feature<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    id: Option<Json>,
    #[serde(borrow, default)]
    geometry: Option<&'a RawValue>,
    #[serde(borrow, default)]
    properties: Option<BTreeMap<String, &'a RawValue>>,
    #[serde(default)]
    observed_at: Option<Json>,
    #[serde(default)]
    stale_at: Option<Json>,
    #[serde(default)]
    expires_at: Option<Json>,
}

struct Reading<'a> {
    target: Target<'a>,
    decoded: Decoded,
    /// Position of the next record.
    next: usize,
    /// Whether there was a `FeatureCollection`, even an empty one.
    collection: bool,
    /// Fields of the layer with the names of their properties.
    fields: Vec<(&'a str, FieldIx, &'a FieldSpec)>,
    /// Names of properties that are read.
    known: BTreeSet<&'a str>,
}

impl<'a> Reading<'a> {
    fn new(target: Target<'a>) -> Self {
        let columns = &target.feed.columns;
        let named = |name: &'a String| {
            let (field, spec) = target.field(name)?;
            Some((columns.of_field(name), field, spec))
        };
        let fields: Vec<_> = target.spec.fields.keys().filter_map(named).collect();
        let mut known: BTreeSet<_> = fields.iter().map(|(property, ..)| *property).collect();
        known.insert("withdrawn");
        known.extend(columns.id.as_deref());
        known.extend(columns.observed_at.as_deref());
        Self {
            target,
            decoded: Decoded::default(),
            next: 0,
            collection: false,
            fields,
            known,
        }
    }

    fn sequence<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        for text in texts.map(str::trim).filter(|text| !text.is_empty()) {
            if let Err(unreadable) = self.document(text) {
                let index = self.take_index();
                self.decoded.reject(index, Fault::new(unreadable, ""));
            }
        }
    }

    fn document(&mut self, text: &str) -> Result<(), Unreadable> {
        let document: json::Collection<'_> = object(text)?;
        check_crs(&json::tree(document.crs))?;
        let partial = document.partial();
        let kind = json::tree(document.kind);
        let kind = kind.as_str();
        let kind = kind.ok_or(Unreadable::Shape("there is no type"))?;
        match (kind, document.features) {
            ("Feature", _) => self.record(text, ""),
            ("FeatureCollection", Some(features)) => {
                self.collection = true;
                self.decoded.partial = self.decoded.partial.or(partial);
                for (at, feature) in features.into_iter().enumerate() {
                    self.record(feature.get(), &format!("/features/{at}"));
                }
            }
            ("FeatureCollection", None) => {
                let reason = "a FeatureCollection without features";
                return Err(Unreadable::Shape(reason));
            }
            (other, _) => {
                let what = "neither a Feature nor a FeatureCollection";
                return Err(Unreadable::other(other, what));
            }
        }
        Ok(())
    }

    fn take_index(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn record(&mut self, json: &str, pointer: &str) {
        let index = self.take_index();
        match self.event(json) {
            Ok(event) => self.decoded.accept(index, event),
            Err(fault) => self.decoded.reject(index, fault.under(pointer)),
        }
    }

    fn event(&mut self, json: &str) -> Result<Event, Fault> {
        let mut feature: Feature<'_> = object(json).map_err(|e| Fault::new(e, ""))?;
        if feature.kind != "Feature" {
            return Err(Fault::new("this is no GeoJSON Feature", "/type"));
        }
        let properties = feature.properties.take().unwrap_or_default();
        let id = self.id(feature.id.as_ref(), &properties)?;
        let read = self.read(&feature, &properties, id.clone());
        read.map_err(|fault| fault.of(id))
    }

    fn read(
        &mut self,
        feature: &Feature<'_>,
        properties: &BTreeMap<String, &RawValue>,
        id: FeatureId,
    ) -> Result<Event, Fault> {
        let observed_at = self.observed_at(feature.observed_at.as_ref(), properties)?;
        match properties.get("withdrawn").map(|raw| raw.get()) {
            Some("true") => return Ok(self.target.withdrawn(id, observed_at)),
            None | Some("false" | "null") => {}
            Some(other) => {
                let expected = format!("{} is neither true nor false", echo(other));
                return Err(Fault::new(expected, "/properties/withdrawn"));
            }
        }
        let mut draft = self.target.draft(id);
        draft.observed_at = observed_at;
        draft.stale_at = self.instant(feature.stale_at.as_ref(), "/stale_at")?;
        draft.expires_at = self.instant(feature.expires_at.as_ref(), "/expires_at")?;
        let shape = geometry::read(feature.geometry.map_or("null", RawValue::get))?;
        draft.geometry = self.target.place(shape).map_err(|f| f.under("/geometry"))?;
        for (name, field, spec) in &self.fields {
            let Some(raw) = properties.get(*name) else {
                continue;
            };
            let fault = |bad: &dyn ToString| Fault::new(bad.to_string(), pointer_to(name));
            let json = serde_json::from_str(raw.get()).map_err(|e| fault(&e))?;
            let value = property::from_json(spec, json, self.target.clock());
            if let Some(value) = value.map_err(|e| fault(&e))? {
                draft.set(*field, value);
            }
        }
        for name in properties
            .keys()
            .filter(|name| !self.known.contains(name.as_str()))
        {
            self.decoded.ignore(name);
        }
        Ok(draft.finish())
    }

    fn id(
        &self,
        member: Option<&Json>,
        properties: &BTreeMap<String, &RawValue>,
    ) -> Result<FeatureId, Fault> {
        let Some(column) = &self.target.feed.columns.id else {
            let id = self.target.json_id(member);
            return id.map_err(|bad| Fault::new(bad, "/id"));
        };
        let fault = |bad: BadId| Fault::new(bad, pointer_to(column));
        let sent = json_of(properties.get(column.as_str())).map_err(fault)?;
        self.target.json_id(sent.as_ref()).map_err(fault)
    }

    fn observed_at(
        &self,
        member: Option<&Json>,
        properties: &BTreeMap<String, &RawValue>,
    ) -> Result<Option<Timestamp>, Fault> {
        let Some(column) = &self.target.feed.columns.observed_at else {
            return self.instant(member, "/observed_at");
        };
        let pointer = pointer_to(column);
        let sent = json_of(properties.get(column.as_str()));
        let sent = sent.map_err(|bad| Fault::new(bad, pointer.clone()))?;
        self.instant(sent.as_ref(), &pointer)
    }

    fn instant(&self, sent: Option<&Json>, pointer: &str) -> Result<Option<Timestamp>, Fault> {
        match sent {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => {
                let instant = self.target.instant(text);
                instant.map(Some).map_err(|bad| Fault::new(bad, pointer))
            }
            Some(other) => Err(Fault::new(
                format!("{other} is no RFC 3339 time such as 2026-03-01T12:00:00Z"),
                pointer,
            )),
        }
    }
}

/// Reads an object into a struct; an array, which serde would take as well, is refused.
fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Unreadable> {
    if !json.trim_start().starts_with('{') {
        return Err(Unreadable::Shape("this is no JSON object"));
    }
    Ok(serde_json::from_str(json)?)
}

fn json_of(raw: Option<&&RawValue>) -> Result<Option<Json>, BadId> {
    let raw = raw.map(|raw| serde_json::from_str(raw.get()));
    raw.transpose().map_err(|_| BadId::Type)
}

fn check_crs(crs: &Json) -> Result<(), Unreadable> {
    let Some(name) = crs
        .as_str()
        .or_else(|| json::text_at(crs, "/properties/name"))
    else {
        return Ok(());
    };
    if name.ends_with("CRS84") || name.ends_with(":4326") {
        return Ok(());
    }
    let what = "no CRS that is read: send WGS 84 longitude and latitude";
    Err(Unreadable::other(name, what))
}

/// JSON pointer to a property (RFC 6901 section 3).
fn pointer_to(name: &str) -> String {
    format!("/properties/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
pub(super) mod tests;
