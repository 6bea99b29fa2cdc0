//! The picture: the only mutable state, and the fold of the log into it.
//!
//! One thread owns a [`Picture`] and applies records in order; everybody else holds a [`View`] taken
//! from it. [`Picture::apply`] is total and a function of the records alone: no clock, no I/O, no
//! failure. Replaying the same log gives the same view.

mod derive;
mod due;
mod restore;

use crate::catalog::{Catalog, LayerIx, LayerKind, LayerSpec};
use crate::event::{Event, Observation, Record, Seq};
use crate::feature::{Feature, FeatureId, Fix, Properties, Topic};
use crate::view::changes::Change;
use crate::view::marks::Notice;
use crate::view::{Body, RingLimits, Tombstone, View};
use derive::Derivation;
use due::{Due, DueQueue};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The most fixes that a trail keeps.
const TRAIL: usize = 64;

/// The outcome of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The last record that the picture now contains.
    pub seq: Seq,
    /// Records that changed nothing that is current: late, already known, or for a layer that takes
    /// no events. They stay in the log.
    pub ignored: u32,
}

/// The live picture of a city.
#[derive(Debug)]
pub struct Picture {
    view: View,
    due: DueQueue,
    derivations: Vec<Derivation>,
    /// State features that left since the last checkpoint.
    removed: Vec<(LayerIx, FeatureId)>,
}

impl Picture {
    /// The picture before the first record.
    pub fn new(catalog: Arc<Catalog>, limits: RingLimits) -> Self {
        Self {
            derivations: Derivation::all(&catalog),
            view: View::empty(catalog, limits),
            due: DueQueue::default(),
            removed: Vec::new(),
        }
    }

    /// Folds records into the picture. Records that it already contains are passed over.
    pub fn apply(&mut self, records: &[Record]) -> Applied {
        let mut ignored = 0;
        for record in records {
            if record.seq <= self.view.seq {
                continue;
            }
            self.view.seq = record.seq;
            self.view.clock = self.view.clock.max(record.received_at);
            let changed = match &record.event {
                Event::Observed(observation) => self.observe(record, observation),
                Event::Withdrawn {
                    layer, feature, at, ..
                } => self.withdraw(record, *layer, feature, *at),
                Event::Clock => self.pass_time(record),
            };
            ignored += u32::from(!changed);
            // Bounded work between two snapshots, however large the batch.
            for layer in &mut self.view.layers {
                if let Body::State(state) = &mut layer.body {
                    state.settle();
                }
            }
        }
        Applied {
            seq: self.view.seq,
            ignored,
        }
    }

    /// A snapshot of the picture: shares everything that has not changed since the last one.
    pub fn view(&self) -> Arc<View> {
        Arc::new(self.view.clone())
    }

    /// Ends a tick: what changes from now on is a chunk of its own in the change ring.
    pub fn tick(&mut self) {
        self.view.ring.seal();
    }

    /// When something next falls due by the clock; an [`Event::Clock`] at or after it makes it so.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.next()
    }

    /// The state features that left the picture since this was last called, for a checkpoint.
    pub fn take_removed(&mut self) -> Vec<(LayerIx, FeatureId)> {
        std::mem::take(&mut self.removed)
    }

    fn observe(&mut self, record: &Record, observation: &Observation) -> bool {
        let catalog = Arc::clone(&self.view.catalog);
        let spec = catalog.spec(observation.layer);
        let mut next = new_feature(spec, record, observation, catalog.topic_resolution());
        match (&self.view.layers[observation.layer.index()].body, spec.kind) {
            (Body::State(state), LayerKind::State) => {
                let prev = state.by_id.get(&next.id).cloned();
                let buried = state.tombstones.get(&next.id);
                if buried.is_some_and(|tombstone| next.effective_at() <= tombstone.at) {
                    return false;
                }
                let late = prev
                    .as_ref()
                    .is_some_and(|p| next.effective_at() < p.effective_at());
                if spec.track {
                    next.trail = trail(prev.as_deref(), &next);
                }
                if let (Some(prev), true) = (&prev, late) {
                    self.keep_late_fix(prev, next.trail);
                    return false;
                }
                self.bury(next.layer, &next.id, None);
                self.replace(prev.as_ref(), Some(next), record.seq);
                true
            }
            (Body::Sightings(_), _) => self.sight(next, record.seq),
            _ => false,
        }
    }

    /// A fix that came late belongs to the trail, but does not move the feature.
    fn keep_late_fix(&mut self, prev: &Arc<Feature>, trail: Arc<[Fix]>) {
        if trail == prev.trail {
            return;
        }
        let mut next = Feature::clone(prev);
        next.trail = trail;
        if let Body::State(state) = &mut self.view.layers[prev.layer.index()].body {
            state.set(Some(prev), Some(Arc::new(next)));
        }
    }

    fn sight(&mut self, feature: Feature, seq: Seq) -> bool {
        let layer = &mut self.view.layers[feature.layer.index()];
        let Body::Sightings(sightings) = &mut layer.body else {
            return false;
        };
        if sightings.get(&feature.id).is_some() {
            return false;
        }
        let feature = Arc::new(feature);
        sightings.push(&feature);
        layer.last = seq;
        if let Some(bounds) = feature.bounds {
            layer.marks.touch(bounds, Notice::EVERYBODY, seq);
        }
        self.expect_retention(feature.layer);
        true
    }

    fn withdraw(
        &mut self,
        record: &Record,
        layer: LayerIx,
        id: &FeatureId,
        at: Option<Timestamp>,
    ) -> bool {
        let at = at.unwrap_or(record.received_at).min(record.received_at);
        match &mut self.view.layers[layer.index()].body {
            Body::State(state) => {
                let prev = state.by_id.get(id).cloned();
                if prev.as_ref().is_some_and(|prev| prev.effective_at() > at) {
                    return false;
                }
                let tombstone = Tombstone {
                    at,
                    received_at: record.received_at,
                };
                self.bury(layer, id, Some(tombstone));
                self.replace(prev.as_ref(), None, record.seq);
                prev.is_some()
            }
            Body::Sightings(sightings) => {
                let Some(removed) = sightings.remove(id) else {
                    return false;
                };
                let view = &mut self.view.layers[layer.index()];
                view.last = record.seq;
                if let Some(bounds) = removed.bounds {
                    view.marks.touch(bounds, Notice::EVERYBODY, record.seq);
                }
                true
            }
            Body::Computed => false,
        }
    }

    /// Sets or clears the tombstone of a feature.
    fn bury(&mut self, layer: LayerIx, id: &FeatureId, tombstone: Option<Tombstone>) {
        let retain = retention(self.view.catalog.spec(layer));
        let Body::State(state) = &mut self.view.layers[layer.index()].body else {
            return;
        };
        let forget_at =
            |t: &Tombstone| retain.and_then(|days| t.received_at.checked_add(days).ok());
        if let Some(old) = state.tombstones.remove(id) {
            self.due
                .remove(forget_at(&old), Due::Tombstone(layer, id.clone()));
        }
        if let Some(tombstone) = tombstone {
            self.due
                .insert(forget_at(&tombstone), Due::Tombstone(layer, id.clone()));
            state.tombstones.insert(id.clone(), tombstone);
        }
    }

    /// Replaces a feature of a state layer and notes who may notice; then the derived layers.
    fn replace(&mut self, prev: Option<&Arc<Feature>>, next: Option<Feature>, seq: Seq) {
        let Some(layer) = prev.map(|p| p.layer).or(next.as_ref().map(|n| n.layer)) else {
            return;
        };
        let catalog = Arc::clone(&self.view.catalog);
        let spec = catalog.spec(layer);
        let notice = notice(&catalog, spec, prev.map(AsRef::as_ref), next.as_ref());
        let next = next.map(Arc::new);
        self.schedule(spec, prev, next.as_ref());
        self.note(prev, next.as_ref(), notice, seq);
        if let (Some(prev), None) = (prev, &next) {
            self.removed.push((layer, prev.id.clone()));
        }
        self.set(layer, prev, next.clone());
        for at in 0..self.derivations.len() {
            if self.derivations[at].source == layer {
                let derivation = &self.derivations[at];
                let target = derivation.target;
                let derived = next
                    .as_ref()
                    .and_then(|next| derivation.derive(&catalog, next));
                self.replace_derived(target, prev.or(next.as_ref()), derived, notice, seq);
            }
        }
    }

    fn replace_derived(
        &mut self,
        target: LayerIx,
        source: Option<&Arc<Feature>>,
        next: Option<Feature>,
        notice: Notice,
        seq: Seq,
    ) {
        let Body::State(state) = &self.view.layers[target.index()].body else {
            return;
        };
        let prev = source.and_then(|source| state.by_id.get(&source.id).cloned());
        let next = next.map(Arc::new);
        if prev.is_none() && next.is_none() {
            return;
        }
        self.note(prev.as_ref(), next.as_ref(), notice, seq);
        self.set(target, prev.as_ref(), next);
    }

    fn set(&mut self, layer: LayerIx, prev: Option<&Arc<Feature>>, next: Option<Arc<Feature>>) {
        if let Body::State(state) = &mut self.view.layers[layer.index()].body {
            state.set(prev, next);
        }
    }

    /// Marks the tiles and topics that a change touches, before and after.
    fn note(
        &mut self,
        prev: Option<&Arc<Feature>>,
        next: Option<&Arc<Feature>>,
        notice: Notice,
        seq: Seq,
    ) {
        if notice == Notice::NOBODY {
            return;
        }
        let mut topics: Vec<Topic> = Vec::with_capacity(2);
        for feature in prev.into_iter().chain(next) {
            let layer = &mut self.view.layers[feature.layer.index()];
            layer.last = seq;
            if let Some(bounds) = feature.bounds {
                layer.marks.touch(bounds, notice, seq);
            }
            if !topics.contains(&feature.topic) {
                topics.push(feature.topic);
                let change = Change {
                    seq,
                    id: feature.id.clone(),
                    notice,
                };
                self.view.ring.push(feature.layer, feature.topic, change);
            }
        }
    }
}

/// How long a layer keeps what it received.
fn retention(spec: &LayerSpec) -> Option<SignedDuration> {
    (spec.retain_days > 0).then(|| SignedDuration::from_hours(24 * i64::from(spec.retain_days)))
}

fn new_feature(
    spec: &LayerSpec,
    record: &Record,
    observation: &Observation,
    topic_resolution: u8,
) -> Feature {
    let observed_at = observation.observed_at.unwrap_or(record.received_at);
    let effective = observed_at.min(record.received_at);
    let after = |seconds: u32| {
        let due = effective.checked_add(SignedDuration::from_secs(i64::from(seconds)));
        (seconds > 0).then(|| due.ok()).flatten()
    };
    let mut feature = Feature {
        id: observation.feature.clone(),
        layer: observation.layer,
        feed: observation.feed.clone(),
        geometry: None,
        properties: observation.properties.clone(),
        observed_at,
        received_at: record.received_at,
        stale_at: observation.stale_at.or_else(|| after(spec.stale_after_s)),
        expires_at: observation
            .expires_at
            .or_else(|| after(spec.expire_after_s)),
        stale: false,
        seq: record.seq,
        bounds: None,
        anchor: None,
        cell: None,
        topic: Topic::Everywhere,
        trail: Arc::default(),
    };
    feature.place(observation.geometry.clone(), topic_resolution);
    feature
}

/// The trail with one more fix, in order of time; a fix of the same instant is replaced.
fn trail(prev: Option<&Feature>, next: &Feature) -> Arc<[Fix]> {
    let mut fixes: Vec<Fix> = prev.map(|prev| prev.trail.to_vec()).unwrap_or_default();
    if let Some(at) = next.anchor {
        let fix = Fix {
            at,
            observed_at: next.effective_at(),
        };
        let place = fixes.partition_point(|known| known.observed_at < fix.observed_at);
        match fixes.get_mut(place) {
            Some(known) if known.observed_at == fix.observed_at => *known = fix,
            _ => fixes.insert(place, fix),
        }
        let excess = fixes.len().saturating_sub(TRAIL);
        fixes.drain(..excess);
    }
    fixes.into()
}

/// Who notices that one version of a feature replaces another.
fn notice(
    catalog: &Catalog,
    spec: &LayerSpec,
    prev: Option<&Feature>,
    next: Option<&Feature>,
) -> Notice {
    let (Some(prev), Some(next)) = (prev, next) else {
        return Notice::EVERYBODY;
    };
    let open = prev.geometry != next.geometry
        || prev.observed_at != next.observed_at
        || prev.stale_at != next.stale_at
        || prev.stale != next.stale
        || prev.feed != next.feed;
    let mut notice = if open {
        Notice::EVERYBODY
    } else {
        Notice::NOBODY
    };
    for (name, field) in &spec.fields {
        let value =
            |properties: &Properties| spec.field(name).and_then(|at| properties.get(at).cloned());
        if value(&prev.properties) != value(&next.properties) {
            let clearance = field
                .clearance
                .as_deref()
                .and_then(|name| catalog.clearance(name));
            notice = notice.or(clearance.map_or(Notice::EVERYBODY, |clearance| {
                Notice::NOBODY.with_slot(clearance.0 + 1)
            }));
        }
    }
    notice
}

#[cfg(test)]
mod tests;
