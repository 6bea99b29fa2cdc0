//! The written part of the story: what is reported when, in the milliseconds of one cycle.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// The first CAD number of a cycle, and how many numbers a cycle may use.
const CAD_FIRST: u64 = 118_823;
const CAD_PER_CYCLE: u64 = 200;

/// One report of the script.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) at_ms: u32,
    pub(super) feed: &'static str,
    id: String,
    lasting: bool,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    Shown(Box<Shown>),
    Withdrawn,
}

/// The state that a step reports.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    geometry: Value,
    properties: Value,
    times: Vec<(&'static str, u32)>,
    cad_serial: Option<u32>,
}

impl Shown {
    pub(super) fn new(geometry: Value, properties: Value) -> Self {
        Self {
            geometry,
            properties,
            times: Vec::new(),
            cad_serial: None,
        }
    }

    /// Adds a property that is an instant, given in milliseconds of the cycle.
    pub(super) fn time(mut self, name: &'static str, at_ms: u32) -> Self {
        self.times.push((name, at_ms));
        self
    }

    /// Adds `cad_id`, the year and a number that no other cycle uses.
    pub(super) fn cad(mut self, serial: u32) -> Self {
        self.cad_serial = Some(serial);
        self
    }

    fn properties(&self, cycle: u64, cycle_start: Timestamp) -> Value {
        let mut fields: Map<String, Value> =
            self.properties.as_object().cloned().unwrap_or_default();
        for (name, at_ms) in &self.times {
            fields.insert(
                String::from(*name),
                json!(written(instant(cycle_start, u64::from(*at_ms)))),
            );
        }
        if let Some(serial) = self.cad_serial {
            let number = CAD_FIRST + cycle * CAD_PER_CYCLE + u64::from(serial);
            fields.insert(String::from("cad_id"), json!(format!("26-{number}")));
        }
        Value::Object(fields)
    }
}

impl Step {
    /// `id` gets the number of the cycle, so that the next cycle tells of a new thing.
    pub(super) fn shown(at_ms: u32, feed: &'static str, id: &str, shown: Shown) -> Self {
        Self {
            at_ms,
            feed,
            id: id.to_owned(),
            lasting: false,
            change: Change::Shown(Box::new(shown)),
        }
    }

    pub(super) fn withdrawn(at_ms: u32, feed: &'static str, id: &str) -> Self {
        Self {
            at_ms,
            feed,
            id: id.to_owned(),
            lasting: false,
            change: Change::Withdrawn,
        }
    }

    /// The same step about a thing that outlives the cycle: its id stays as it is.
    pub(super) fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }

    /// The step as a Feature, told in the cycle of that number.
    pub(super) fn feature(&self, cycle: u64, cycle_start: Timestamp) -> Value {
        let id = if self.lasting {
            self.id.clone()
        } else {
            format!("{}-{cycle}", self.id)
        };
        let observed = instant(cycle_start, u64::from(self.at_ms));
        match &self.change {
            Change::Shown(shown) => feature(
                &id,
                shown.geometry.clone(),
                shown.properties(cycle, cycle_start),
                observed,
            ),
            Change::Withdrawn => feature(&id, Value::Null, json!({ "withdrawn": true }), observed),
        }
    }
}

/// A `GeoJSON` Feature as the `geojson` adaptor reads it.
pub(super) fn feature(id: &str, geometry: Value, properties: Value, observed: Timestamp) -> Value {
    let members = [
        ("type", Value::from("Feature")),
        ("id", Value::from(id)),
        ("geometry", geometry),
        ("properties", properties),
        ("observed_at", Value::from(written(observed))),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// `start` plus that many milliseconds; `start` itself past the end of time.
pub(super) fn instant(start: Timestamp, after_ms: u64) -> Timestamp {
    let span = SignedDuration::from_millis(i64::try_from(after_ms).unwrap_or(i64::MAX));
    start.checked_add(span).unwrap_or(start)
}

/// RFC 3339 with milliseconds.
pub(super) fn written(instant: Timestamp) -> String {
    format!("{instant:.3}")
}
