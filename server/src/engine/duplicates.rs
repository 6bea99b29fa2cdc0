//! Which events are already known, so that a feed may send anything twice.
//!
//! A duplicate has equal layer, feed, id, `observed_at` and content. Where the source gives no
//! `observed_at`, an equal content is a duplicate only while it is the feature's latest: a unit that
//! is free, busy and free again has told three things. The memory of the rest is bounded by
//! [`REMEMBERED`]; what fell out of it is applied again, which the picture survives.

use super::feeds::FeedTable;
use crate::store::{Reader, StoreError};
use atalaya_tiles::{Catalog, Event, FeatureId, LayerIx, LayerKind, Observation, Value};
use geo_types::Geometry;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet, VecDeque};

/// The most digests remembered.
const REMEMBERED: usize = 1_000_000;

type Content = u128;

/// The memory of what was seen.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    known: HashSet<Content>,
    in_order: VecDeque<Content>,
    /// The latest content of state features.
    latest: HashMap<(LayerIx, FeatureId), Content>,
}

/// What must be undone if a batch cannot be stored.
#[derive(Debug)]
pub(crate) struct Undo {
    content: Content,
    remembered: bool,
    latest: Option<((LayerIx, FeatureId), Option<Content>)>,
}

impl Duplicates {
    /// Remembers what the log's newest part holds.
    pub(crate) fn rebuild(
        reader: &mut Reader,
        catalog: &Catalog,
        feeds: &FeedTable,
    ) -> Result<Self, StoreError> {
        let mut duplicates = Self::default();
        for record in reader.recent_told(REMEMBERED)? {
            feeds.note_accepted(&record.event, record.received_at);
            duplicates.learn(catalog, &record.event);
        }
        Ok(duplicates)
    }

    /// Learns an event; `None` if it is already known.
    pub(crate) fn learn(&mut self, catalog: &Catalog, event: &Event) -> Option<Undo> {
        let content = digest(event)?;
        let (layer, id, timed) = match event {
            Event::Observed(seen) => (seen.layer, &seen.feature, seen.observed_at.is_some()),
            Event::Withdrawn {
                layer, feature, at, ..
            } => (*layer, feature, at.is_some()),
            Event::Clock => return None,
        };
        let key = (layer, id.clone());
        let state = catalog.spec(layer).kind == LayerKind::State;
        if state && self.latest.get(&key) == Some(&content) {
            return None;
        }
        let remembered = timed || !state;
        if remembered && !self.known.insert(content) {
            return None;
        }
        if remembered {
            self.in_order.push_back(content);
            if self.in_order.len() > REMEMBERED
                && let Some(oldest) = self.in_order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        let latest = state.then(|| {
            let before = self.latest.insert(key.clone(), content);
            (key, before)
        });
        Some(Undo {
            content,
            remembered,
            latest,
        })
    }

    /// Forgets what a batch taught, newest first, because it could not be stored.
    pub(crate) fn unlearn(&mut self, batch: impl DoubleEndedIterator<Item = Undo>) {
        for undo in batch.rev() {
            if undo.remembered {
                self.known.remove(&undo.content);
                if self.in_order.back() == Some(&undo.content) {
                    self.in_order.pop_back();
                }
            }
            match undo.latest {
                Some((key, Some(before))) => {
                    self.latest.insert(key, before);
                }
                Some((key, None)) => {
                    self.latest.remove(&key);
                }
                None => {}
            }
        }
    }

    /// Forgets the latest content of features that left the picture.
    pub(crate) fn forget(&mut self, gone: &[(LayerIx, FeatureId)]) {
        for key in gone {
            self.latest.remove(key);
        }
    }
}

/// 128 bits of SHA-256 over everything that makes an event what it is; `None` for the clock.
fn digest(event: &Event) -> Option<Content> {
    let mut digest = Sha256::new();
    match event {
        Event::Observed(observation) => add_observation(&mut digest, observation),
        Event::Withdrawn {
            layer,
            feature,
            feed,
            at,
        } => {
            digest.update(b"withdrawn");
            add_names(&mut digest, *layer, feature.as_str(), feed.as_str());
            add_time(&mut digest, *at);
        }
        Event::Clock => return None,
    }
    let bytes = digest.finalize();
    let half: [u8; 16] = bytes.as_slice().get(..16)?.try_into().ok()?;
    Some(Content::from_be_bytes(half))
}

fn add_names(digest: &mut Sha256, layer: LayerIx, feature: &str, feed: &str) {
    digest.update(layer.index().to_be_bytes());
    add_text(digest, feature);
    add_text(digest, feed);
}

fn add_observation(digest: &mut Sha256, observation: &Observation) {
    digest.update(b"observed");
    add_names(
        digest,
        observation.layer,
        observation.feature.as_str(),
        observation.feed.as_str(),
    );
    add_time(digest, observation.observed_at);
    add_time(digest, observation.stale_at);
    add_time(digest, observation.expires_at);
    add_geometry(digest, observation.geometry.as_ref());
    for (field, value) in observation.properties.iter() {
        digest.update(format!("{field:?}"));
        add_value(digest, value);
    }
}

fn add_text(digest: &mut Sha256, text: &str) {
    digest.update(text.len().to_be_bytes());
    digest.update(text);
}

fn add_time(digest: &mut Sha256, at: Option<jiff::Timestamp>) {
    digest.update(
        at.map_or(i128::MIN, jiff::Timestamp::as_nanosecond)
            .to_be_bytes(),
    );
}

fn add_geometry(digest: &mut Sha256, geometry: Option<&Geometry<f64>>) {
    use geo::CoordsIter;
    let Some(geometry) = geometry else {
        digest.update(b"none");
        return;
    };
    // The text names every part and ring; coordinates in it round-trip.
    if let Geometry::Point(point) = geometry {
        digest.update(point.x().to_bits().to_be_bytes());
        digest.update(point.y().to_bits().to_be_bytes());
    } else {
        digest.update(geometry.coords_count().to_be_bytes());
        let mut text = Vec::new();
        crate::geojson::push_geometry(&mut text, geometry);
        digest.update(&text);
    }
}

fn add_value(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Text(text) => add_text(digest, text),
        Value::Integer(n) => digest.update(n.to_be_bytes()),
        Value::Number(x) => digest.update(x.to_bits().to_be_bytes()),
        Value::Boolean(b) => digest.update([u8::from(*b)]),
        Value::Time(at) => add_time(digest, Some(*at)),
        Value::List(list) => {
            digest.update(list.len().to_be_bytes());
            list.iter().for_each(|value| add_value(digest, value));
        }
    }
}
