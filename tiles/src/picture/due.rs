//! What the clock drives: staleness, expiry and retention, as events of the log.
//!
//! The queue knows when something falls due; the shell then appends an
//! [`Event::Clock`](crate::event::Event::Clock), and applying that record does what is due as of its
//! `received_at`.
//! Sightings past their retention go with the next record of their layer or of the clock, so that what
//! a layer keeps, and its position, follows from these records alone, whatever else there is.

use super::{Picture, fix_leaves_at, retained, retention};
use crate::catalog::{LayerIx, LayerSpec};
use crate::event::{Event, Record, Seq};
use crate::feature::Feature;
use crate::view::marks::Notice;
use crate::view::state::Ordinal;
use crate::view::{Body, Tombstone};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Sightings leave by the minute, so that a steady stream does not dirty a layer every second.
const SIGHTINGS_BY: i64 = 60;
/// After the minute, so that a clock that is read in whole milliseconds is not a moment early.
const GRACE: SignedDuration = SignedDuration::from_millis(1);

/// The least time between two instants.
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// What falls due, in order of time.
#[derive(Debug, Clone, Default)]
pub(crate) struct DueQueue {
    features: BTreeSet<(Timestamp, LayerIx, Ordinal)>,
    /// When the oldest sightings of a layer go.
    pub(super) sightings: BTreeMap<LayerIx, Timestamp>,
}

impl DueQueue {
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let sightings = self.sightings.values().copied();
        let features = self.features.first().map(|(at, _, _)| *at);
        sightings.chain(features).min()
    }

    fn pop_feature(&mut self, now: Timestamp) -> Option<(LayerIx, Ordinal)> {
        if self.features.first()?.0 > now {
            return None;
        }
        self.features
            .pop_first()
            .map(|(_, layer, ordinal)| (layer, ordinal))
    }
}

/// When the next thing happens to a feature of its own accord.
fn due_at(spec: &LayerSpec, feature: &Feature) -> Option<Timestamp> {
    let stale_at = feature.stale_at.filter(|_| !feature.stale);
    let fix = feature.trail.first();
    [
        stale_at,
        leaves_at(spec, feature),
        fix.and_then(|fix| fix_leaves_at(spec, fix)),
    ]
    .into_iter()
    .flatten()
    .min()
}

/// When a feature leaves by expiry or retention.
pub(super) fn leaves_at(spec: &LayerSpec, feature: &Feature) -> Option<Timestamp> {
    [feature.expires_at, gone_at(spec, feature)]
        .into_iter()
        .flatten()
        .min()
}

/// When retention takes a feature.
fn gone_at(spec: &LayerSpec, feature: &Feature) -> Option<Timestamp> {
    retention(spec).and_then(|days| feature.received_at.checked_add(days).ok())
}

impl Picture {
    pub(super) fn schedule(
        &mut self,
        spec: &LayerSpec,
        ordinal: Ordinal,
        prev: Option<&Arc<Feature>>,
        next: Option<&Arc<Feature>>,
    ) {
        let entry =
            |feature: &Arc<Feature>| due_at(spec, feature).map(|at| (at, feature.layer, ordinal));
        if let Some(old) = prev.and_then(entry) {
            self.due.features.remove(&old);
        }
        self.due.features.extend(next.and_then(entry));
    }

    /// Plans when the oldest sighting of a layer must go.
    pub(super) fn expect_retention(&mut self, layer: LayerIx) {
        self.due.sightings.remove(&layer);
        if let Some(days) = retention(self.view.catalog.spec(layer))
            && let Body::Sightings(sightings) = &self.view.layers[layer.index()].body
            && let Some(oldest) = sightings.oldest_received()
            && let Ok(at) = floor_minute(oldest).checked_add(days + GRACE)
        {
            self.due.sightings.insert(layer, at);
        }
    }

    /// Does everything to features that is due by the view's clock.
    pub(super) fn pass_time(&mut self, seq: Seq) -> bool {
        let mut changed = false;
        while let Some((layer, ordinal)) = self.due.pop_feature(self.view.clock) {
            self.age(seq, layer, ordinal);
            changed = true;
        }
        changed
    }

    fn age(&mut self, seq: Seq, layer: LayerIx, ordinal: Ordinal) {
        let now = self.view.clock;
        let catalog = Arc::clone(&self.view.catalog);
        let spec = catalog.spec(layer);
        let Body::State(state) = &self.view.layers[layer.index()].body else {
            return;
        };
        let Some(prev) = state.by_id.versions().get(ordinal).cloned() else {
            return;
        };
        if leaves_at(spec, &prev).is_some_and(|at| at <= now) {
            self.bury_expired(spec, &prev);
            self.replace(Some(&prev), None, seq);
            return;
        }
        let mut next = Feature::clone(&prev);
        next.stale |= next.stale_at.is_some_and(|at| at <= now);
        next.trail = retained(spec, &prev.trail, now).into();
        next.seq = seq;
        self.replace(Some(&prev), Some(next), seq);
    }

    /// Sees to it that what was told before a feature that is over does not come in its place. What
    /// was told as of the same instant may still correct it. Retention leaves nothing behind.
    pub(super) fn bury_expired(&mut self, spec: &LayerSpec, over: &Feature) {
        if gone_at(spec, over).is_some_and(|at| at <= self.view.clock) {
            return;
        }
        let before = over.effective_at().checked_sub(INSTANT);
        let tombstone = Tombstone {
            at: before.unwrap_or(Timestamp::MIN),
            received_at: over.received_at,
        };
        self.bury(over.layer, &over.id, tombstone);
    }

    /// Drops the sightings that are past their retention, of the record's layer or with the clock of
    /// all; says whether there were any.
    pub(super) fn forget_sightings(&mut self, record: &Record) -> bool {
        let now = self.view.clock;
        let of = match &record.event {
            Event::Observed(observation) => Some(observation.layer),
            Event::Withdrawn { layer, .. } => Some(*layer),
            Event::Clock => None,
        };
        let due = self.due.sightings.iter();
        let due = due.filter(|(layer, at)| **at <= now && of.is_none_or(|of| of == **layer));
        let due: Vec<LayerIx> = due.map(|(layer, _)| *layer).collect();
        for layer in &due {
            if self.hide_old_sightings(*layer) {
                let view = &mut self.view.layers[layer.index()];
                view.marks.touch_all(record.seq);
                view.marks.touch_layer(Notice::EVERYBODY, record.seq);
                view.last = record.seq;
            }
        }
        !due.is_empty()
    }

    /// Makes the sightings of a layer that are past their retention gone; says whether any was.
    pub(super) fn hide_old_sightings(&mut self, layer: LayerIx) -> bool {
        let mut any = false;
        if let Some(days) = retention(self.view.catalog.spec(layer))
            && let Ok(last_gone) = self.view.clock.checked_sub(days + GRACE)
            && let Body::Sightings(sightings) = &mut self.view.layers[layer.index()].body
        {
            any = sightings.retain_from(next_minute(last_gone));
        }
        self.expect_retention(layer);
        any
    }
}

fn floor_minute(at: Timestamp) -> Timestamp {
    // Seconds of a timestamp are truncated towards zero, so that 1969 needs the floor.
    let second = at
        .as_nanosecond()
        .div_euclid(1_000_000_000 * i128::from(SIGHTINGS_BY));
    i64::try_from(second)
        .ok()
        .and_then(|minute| Timestamp::from_second(minute * SIGHTINGS_BY).ok())
        .unwrap_or(Timestamp::MIN)
}

fn next_minute(at: Timestamp) -> Timestamp {
    floor_minute(at)
        .checked_add(SignedDuration::from_secs(SIGHTINGS_BY))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
