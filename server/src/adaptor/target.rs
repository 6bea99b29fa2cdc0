//! The layer as one feed writes to it: makes ids, places and events that the layer takes, or a
//! [`Fault`] that says why not.

use super::geometry::BadGeometry;
use super::instant::{BadInstant, Clock};
use super::{Feed, MAX_ID_BYTES, MAX_LIST, MAX_TEXT_BYTES};
use atalaya_tiles::Shape;
use atalaya_tiles::catalog::FieldIx;
use atalaya_tiles::{
    Bounds, Catalog, Event, FeatureId, FieldSpec, LayerSpec, Observation, Properties, Value,
};
use geo_types::Geometry;
use jiff::Timestamp;
use serde_json::Value as Json;

/// What is wrong with one record, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) reason: String,
    pub(super) pointer: String,
    /// The feature that the record is about, where so much could be read.
    pub(super) feature: Option<FeatureId>,
}

impl Fault {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "errors and literals alike are given away here"
    )]
    pub(super) fn new(reason: impl ToString, pointer: impl Into<String>) -> Self {
        Self {
            reason: reason.to_string(),
            pointer: pointer.into(),
            feature: None,
        }
    }

    /// The same fault, of a record that said which feature it is about.
    pub(super) fn of(mut self, feature: FeatureId) -> Self {
        self.feature = Some(feature);
        self
    }

    /// The same fault, seen from the top of the body.
    pub(super) fn under(mut self, pointer: &str) -> Self {
        self.pointer.insert_str(0, pointer);
        self
    }
}

/// An id that no feature can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadId {
    #[error("there is no id: a feature needs one that stays the same")]
    Missing,
    #[error("the id is empty")]
    Empty,
    #[error("an id of {0} bytes where {MAX_ID_BYTES} is the most")]
    TooLong(usize),
    #[error("the id has control characters")]
    Control,
    #[error("ids that begin with {0}/ are those of the feed {0}")]
    OfAnotherFeed(String),
    #[error("the id is neither text nor a number")]
    Type,
}

/// A feed and the spec of its layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) feed: &'a Feed,
    pub(super) spec: &'a LayerSpec,
}

impl<'a> Target<'a> {
    pub(super) fn new(feed: &'a Feed, catalog: &'a Catalog) -> Self {
        let spec = catalog.spec(feed.layer);
        Self { feed, spec }
    }

    pub(super) fn clock(self) -> Clock<'a> {
        Clock {
            zone: self.feed.time_zone.as_ref(),
            zone_is_false: self.feed.columns.zone_is_false,
        }
    }

    /// The id of a feature: as sent on the layer's own feed, `feed/id` on any other. White space
    /// around it is no part of it.
    pub(super) fn id(self, sent: &str) -> Result<FeatureId, BadId> {
        let sent = sent.trim();
        if sent.is_empty() {
            return Err(BadId::Empty);
        }
        if sent.len() > MAX_ID_BYTES {
            return Err(BadId::TooLong(sent.len()));
        }
        if sent.contains(char::is_control) {
            return Err(BadId::Control);
        }
        let feed = self.feed.name.as_str();
        if feed == self.spec.name {
            let prefix = sent.split_once('/').map(|(prefix, _)| prefix);
            let mut others = self.feed.others.iter();
            return match others.find(|other| Some(other.as_str()) == prefix) {
                Some(other) => Err(BadId::OfAnotherFeed(other.to_string())),
                None => Ok(sent.into()),
            };
        }
        Ok(format!("{feed}/{sent}").into())
    }

    /// The id of a feature from JSON; a number becomes decimal text.
    pub(super) fn json_id(self, sent: Option<&Json>) -> Result<FeatureId, BadId> {
        match sent {
            None | Some(Json::Null) => Err(BadId::Missing),
            Some(Json::String(text)) => self.id(text),
            Some(Json::Number(number)) => self.id(&decimal(number)),
            Some(Json::Bool(_) | Json::Array(_) | Json::Object(_)) => Err(BadId::Type),
        }
    }

    pub(super) fn instant(self, text: &str) -> Result<Timestamp, BadInstant> {
        self.clock().read(text)
    }

    /// A place that the layer takes and that lies within the feed's bounds.
    pub(super) fn place(self, shape: Option<Shape>) -> Result<Option<Geometry<f64>>, Fault> {
        let place = self.spec.admit(shape).map_err(|bad| Fault::new(bad, ""))?;
        let (Some(bounds), Some(found)) = (self.feed.columns.bounds, &place) else {
            return Ok(place);
        };
        match Bounds::of_geometry(found) {
            Some(found) if !bounds.intersects(found) => Err(Fault::new(
                format!(
                    "[{}, {}] is outside the bounds of the feed",
                    found.west(),
                    found.south()
                ),
                "",
            )),
            _ => Ok(place),
        }
    }

    /// A feature that was taken back.
    pub(super) fn withdrawn(self, feature: FeatureId, at: Option<Timestamp>) -> Event {
        Event::Withdrawn {
            layer: self.feed.layer,
            feature,
            feed: self.feed.name.clone(),
            at,
        }
    }

    /// The beginnings of an observation.
    pub(super) fn draft(self, feature: FeatureId) -> Draft<'a> {
        Draft {
            target: self,
            observed_at: None,
            stale_at: None,
            expires_at: None,
            geometry: None,
            feature,
            fields: Vec::new(),
        }
    }

    /// A field of the layer.
    pub(super) fn field(self, name: &str) -> Option<(FieldIx, &'a FieldSpec)> {
        let field = self.spec.field(name)?;
        self.spec.field_at(field).map(|(_, spec)| (field, spec))
    }
}

/// A number as decimal text, without an exponent and without a fraction that is zero.
fn decimal(number: &serde_json::Number) -> String {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), ..) => whole.to_string(),
        (None, Some(whole), _) => whole.to_string(),
        (None, None, Some(fraction)) => fraction.to_string(),
        (None, None, None) => number.to_string(),
    }
}

/// An observation in the making.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    target: Target<'a>,
    feature: FeatureId,
    pub(super) observed_at: Option<Timestamp>,
    pub(super) stale_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) geometry: Option<Geometry<f64>>,
    fields: Vec<(FieldIx, Value)>,
}

impl Draft<'_> {
    /// Sets a field to a value that was admitted already.
    pub(super) fn set(&mut self, field: FieldIx, value: Value) {
        self.fields.push((field, value));
    }

    /// Sets a field by name. A layer need not have every field that a feed can fill, and a value that
    /// a field does not admit is left out rather than costing the feature.
    pub(super) fn put(&mut self, name: &str, value: Option<Value>) {
        let (Some((field, spec)), Some(value)) = (self.target.field(name), value) else {
            return;
        };
        if let Ok(value) = spec.admit(value) {
            self.set(field, value);
        }
    }

    /// Sets a field to a text, cut to what a field may hold; blank is absent.
    pub(super) fn put_text(&mut self, name: &str, text: Option<&str>) {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let kept = text.map(|text| {
            let end = text.floor_char_boundary(MAX_TEXT_BYTES);
            Value::Text(text.get(..end).unwrap_or_default().into())
        });
        self.put(name, kept);
    }

    /// Sets a field to a text on one line: white space in it becomes single spaces.
    pub(super) fn put_line(&mut self, name: &str, text: Option<&str>) {
        let line = text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        self.put_text(name, line.as_deref());
    }

    pub(super) fn put_number(&mut self, name: &str, number: Option<f64>) {
        self.put(name, number.map(Value::Number));
    }

    pub(super) fn put_instant(&mut self, name: &str, instant: Option<Timestamp>) {
        self.put(name, instant.map(Value::Time));
    }

    /// Sets a field to a list, cut to what a field may hold; an empty one is absent.
    pub(super) fn put_list(&mut self, name: &str, values: impl IntoIterator<Item = Value>) {
        let values: Box<[Value]> = values.into_iter().take(MAX_LIST).collect();
        self.put(name, (!values.is_empty()).then_some(Value::List(values)));
    }

    pub(super) fn finish(self) -> Event {
        Event::Observed(Observation {
            layer: self.target.feed.layer,
            feature: self.feature,
            feed: self.target.feed.name.clone(),
            observed_at: self.observed_at,
            stale_at: self.stale_at,
            expires_at: self.expires_at,
            geometry: self.geometry,
            properties: Properties::new(self.fields),
        })
    }
}

impl From<BadGeometry> for Fault {
    fn from(bad: BadGeometry) -> Self {
        Self::new(bad, "/geometry")
    }
}
