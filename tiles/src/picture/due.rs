//! What the clock drives: staleness, expiry and retention, as events of the log.
//!
//! The queue knows when something falls due; the shell then appends an [`Event::Clock`]
//! (crate::event::Event::Clock), and applying that record does what is due as of its `received_at`.

use super::{Picture, retention};
use crate::catalog::{LayerIx, LayerSpec};
use crate::event::Record;
use crate::feature::{Feature, FeatureId};
use crate::view::Body;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Sightings leave by the minute, so that a steady stream does not dirty a layer every second.
const SIGHTINGS_BY: i64 = 60;

/// Something that falls due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Feature(LayerIx, FeatureId),
    Tombstone(LayerIx, FeatureId),
    Sightings(LayerIx),
}

/// What falls due, in order of time.
#[derive(Debug, Default)]
pub(crate) struct DueQueue(BTreeSet<(Timestamp, Due)>);

impl DueQueue {
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    pub(crate) fn insert(&mut self, at: Option<Timestamp>, due: Due) {
        if let Some(at) = at {
            self.0.insert((at, due));
        }
    }

    pub(crate) fn remove(&mut self, at: Option<Timestamp>, due: Due) {
        if let Some(at) = at {
            self.0.remove(&(at, due));
        }
    }

    fn pop(&mut self, now: Timestamp) -> Option<Due> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, due)| due)
    }
}

/// When the next thing happens to a feature of its own accord.
fn due_at(spec: &LayerSpec, feature: &Feature) -> Option<Timestamp> {
    let stale_at = feature.stale_at.filter(|_| !feature.stale);
    [stale_at, leaves_at(spec, feature)]
        .into_iter()
        .flatten()
        .min()
}

/// When a feature leaves by expiry or retention.
fn leaves_at(spec: &LayerSpec, feature: &Feature) -> Option<Timestamp> {
    let gone_at = retention(spec).and_then(|days| feature.received_at.checked_add(days).ok());
    [feature.expires_at, gone_at].into_iter().flatten().min()
}

impl Picture {
    pub(super) fn schedule(
        &mut self,
        spec: &LayerSpec,
        prev: Option<&Arc<Feature>>,
        next: Option<&Arc<Feature>>,
    ) {
        if let Some(prev) = prev {
            let due = Due::Feature(prev.layer, prev.id.clone());
            self.due.remove(due_at(spec, prev), due);
        }
        if let Some(next) = next {
            let due = Due::Feature(next.layer, next.id.clone());
            self.due.insert(due_at(spec, next), due);
        }
    }

    /// Plans when the oldest sighting of a layer must go.
    pub(super) fn expect_retention(&mut self, layer: LayerIx) {
        let Some(days) = retention(self.view.catalog.spec(layer)) else {
            return;
        };
        if let Body::Sightings(sightings) = &self.view.layers[layer.index()].body
            && self
                .due
                .0
                .iter()
                .all(|(_, due)| *due != Due::Sightings(layer))
            && let Some(oldest) = sightings.oldest_received()
        {
            let at = floor_minute(oldest).checked_add(days + SignedDuration::from_millis(1));
            self.due.insert(at.ok(), Due::Sightings(layer));
        }
    }

    /// Does everything that is due as of the record.
    pub(super) fn pass_time(&mut self, record: &Record) -> bool {
        let now = self.view.clock;
        let mut changed = false;
        while let Some(due) = self.due.pop(now) {
            match due {
                Due::Feature(layer, id) => self.age(record, layer, &id),
                Due::Tombstone(layer, id) => self.bury(layer, &id, None),
                Due::Sightings(layer) => self.retain_sightings(record, layer),
            }
            changed = true;
        }
        changed
    }

    fn age(&mut self, record: &Record, layer: LayerIx, id: &FeatureId) {
        let catalog = Arc::clone(&self.view.catalog);
        let Body::State(state) = &self.view.layers[layer.index()].body else {
            return;
        };
        let Some(prev) = state.by_id.get(id).cloned() else {
            return;
        };
        if leaves_at(catalog.spec(layer), &prev).is_some_and(|at| at <= self.view.clock) {
            self.replace(Some(&prev), None, record.seq);
        } else {
            let mut next = Feature::clone(&prev);
            next.stale = true;
            next.seq = record.seq;
            self.replace(Some(&prev), Some(next), record.seq);
        }
    }

    fn retain_sightings(&mut self, record: &Record, layer: LayerIx) {
        let Some(days) = retention(self.view.catalog.spec(layer)) else {
            return;
        };
        let from = self.view.clock.checked_sub(days).map(ceil_minute);
        let view = &mut self.view.layers[layer.index()];
        if let (Body::Sightings(sightings), Ok(from)) = (&mut view.body, from)
            && sightings.retain_from(from)
        {
            view.marks.touch_all(record.seq);
            view.last = record.seq;
        }
        self.expect_retention(layer);
    }
}

fn floor_minute(at: Timestamp) -> Timestamp {
    let second = at.as_second().div_euclid(SIGHTINGS_BY) * SIGHTINGS_BY;
    Timestamp::from_second(second).unwrap_or(Timestamp::MIN)
}

fn ceil_minute(at: Timestamp) -> Timestamp {
    let floor = floor_minute(at);
    if floor == at {
        return at;
    }
    floor
        .checked_add(SignedDuration::from_secs(SIGHTINGS_BY))
        .unwrap_or(Timestamp::MAX)
}
