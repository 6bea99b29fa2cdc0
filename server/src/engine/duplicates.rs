//! Which events are already known, so that a feed may send anything twice.
//!
//! A duplicate has equal layer, feed, id, `observed_at` and content. Where the source gives no
//! `observed_at`, an equal content is a duplicate only while it is the feature's latest: a unit that
//! is free, busy and free again has told three things. What left the picture, by withdrawal or by
//! time, may come again as it was. The memory of the rest is bounded by [`REMEMBERED`]; what fell out
//! of it is applied again, which the picture survives.
//!
//! What is remembered follows from the log and the picture alone, so that a restart forgets nothing
//! and remembers nothing else.

use crate::metrics;
use atalaya_tiles::{
    Catalog, Event, FeatureId, LayerIx, LayerKind, Observation, Record, Value, View, Viewer,
};
use geo_types::Geometry;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet, VecDeque};

/// The most digests remembered.
pub(crate) const REMEMBERED: usize = 1_000_000;

type Content = u128;
type Key = (LayerIx, FeatureId);

/// What was last told of a state feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Latest {
    content: Content,
    withdrawn: bool,
}

/// The memory of what was seen.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    known: HashSet<Content>,
    in_order: VecDeque<Content>,
    /// What was last told of the state features in the picture, and of those taken back.
    latest: HashMap<Key, Latest>,
    /// Features that were taken back, so that there is an end to remembering them.
    taken_back: VecDeque<Key>,
}

/// What must be undone if a batch cannot be stored.
#[derive(Debug)]
pub(crate) struct Undo {
    content: Content,
    remembered: bool,
    latest: Option<(Key, Option<Latest>)>,
}

impl Duplicates {
    /// Forgets what was told of features that are not in the picture, after all that the log's newest
    /// part tells was learned.
    pub(crate) fn settle_all(&mut self, view: &View) {
        self.latest.retain(|key, latest| latest.counts(key, view));
    }

    /// Learns an event; `None` if it is already known.
    pub(crate) fn learn(&mut self, catalog: &Catalog, event: &Event) -> Option<Undo> {
        let content = digest(event)?;
        let (key, timed, withdrawn) = match event {
            Event::Observed(seen) => (
                (seen.layer, seen.feature.clone()),
                seen.observed_at.is_some(),
                false,
            ),
            Event::Withdrawn {
                layer, feature, at, ..
            } => ((*layer, feature.clone()), at.is_some(), true),
            Event::Clock => return None,
        };
        let state = catalog.spec(key.0).kind == LayerKind::State;
        let latest = self.latest.get(&key);
        if state && latest.is_some_and(|latest| latest.content == content) {
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
                metrics::DUPLICATES_FORGOTTEN.increment(1);
            }
        }
        let latest = state.then(|| {
            let latest = Latest { content, withdrawn };
            let before = self.latest.insert(key.clone(), latest);
            if withdrawn {
                self.remember_taken_back(key.clone());
            }
            (key, before)
        });
        Some(Undo {
            content,
            remembered,
            latest,
        })
    }

    fn remember_taken_back(&mut self, key: Key) {
        self.taken_back.push_back(key);
        if self.taken_back.len() > REMEMBERED
            && let Some(oldest) = self.taken_back.pop_front()
            && self.latest.get(&oldest).is_some_and(|it| it.withdrawn)
        {
            self.latest.remove(&oldest);
        }
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
            let Some((key, before)) = undo.latest else {
                continue;
            };
            if self.taken_back.back() == Some(&key) {
                self.taken_back.pop_back();
            }
            match before {
                Some(before) => self.latest.insert(key, before),
                None => self.latest.remove(&key),
            };
        }
    }

    /// Forgets what was told of features that are not in the picture, for all that it may have changed:
    /// those of the records applied to it, and those that left.
    pub(crate) fn settle(&mut self, records: &[Record], gone: &[Key], view: &View) {
        for record in records {
            if let Event::Observed(seen) = &record.event {
                self.settle_one(&(seen.layer, seen.feature.clone()), view);
            }
        }
        for key in gone {
            self.settle_one(key, view);
        }
    }

    fn settle_one(&mut self, key: &Key, view: &View) {
        if self.latest.get(key).is_some_and(|it| !it.counts(key, view)) {
            self.latest.remove(key);
        }
    }
}

impl Latest {
    /// Whether it still says how the feature is: it was taken back, or it is there.
    fn counts(self, key: &Key, view: &View) -> bool {
        let open = || view.open_at(&Viewer::EVERYTHING, key.0);
        self.withdrawn || open().is_some_and(|open| open.get(&key.1).is_some())
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
        digest.update(field.index().to_be_bytes());
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

#[cfg(test)]
mod tests;
