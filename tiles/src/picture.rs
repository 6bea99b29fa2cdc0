//! The picture: the only mutable state, and the fold of the log into it.
//!
//! One thread owns a [`Picture`] and applies records in order; everybody else holds a [`View`] taken
//! from it. [`Picture::apply`] is total and a function of the records alone: no clock, no I/O, no
//! failure. Replaying the same log gives the same view.

mod derive;
mod due;
mod held;
mod merges;
mod notice;
mod restore;

use crate::catalog::{Catalog, LayerIx, LayerKind, LayerSpec};
use crate::event::{Event, Observation, Record, Seq};
use crate::feature::{Feature, FeatureId, FeedName, Fix, Placed, is_on_globe};
use crate::view::changes::Change;
use crate::view::marks::Notice;
use crate::view::state::Ordinal;
use crate::view::{Body, RingLimits, Tombstone, View};
use derive::Derivation;
use due::DueQueue;
use jiff::{SignedDuration, Timestamp};
use notice::{SingleGate, keep_times, notice};
pub use restore::Revived;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Names of so many feeds are shared; where there are more, it begins anew.
const FEEDS: usize = 1_024;
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

/// The live picture of a city. A clone shares with it what neither has changed since.
#[derive(Debug, Clone)]
pub struct Picture {
    view: View,
    due: DueQueue,
    /// When tombstones may be forgotten.
    tombstones: BTreeSet<(Timestamp, LayerIx, FeatureId)>,
    derivations: Vec<Derivation>,
    /// State features that left since the last checkpoint.
    removed: Vec<(LayerIx, FeatureId)>,
    /// The feeds that features came from, each once, so that features share its name.
    feeds: HashSet<FeedName>,
}

impl Picture {
    /// The picture before the first record.
    pub fn new(catalog: Arc<Catalog>, limits: RingLimits) -> Self {
        Self {
            derivations: Derivation::all(&catalog),
            view: View::empty(catalog, limits),
            due: DueQueue::default(),
            tombstones: BTreeSet::new(),
            removed: Vec::new(),
            feeds: HashSet::new(),
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
            self.forget_tombstones();
            let forgot = self.forget_sightings(record);
            let changed = match &record.event {
                Event::Observed(observation) => self.observe(record, observation),
                Event::Withdrawn {
                    layer, feature, at, ..
                } => self.withdraw(record, *layer, feature, *at),
                Event::Clock => self.pass_time(record.seq) || forgot,
            };
            ignored += u32::from(!changed);
            // Bounded work between two snapshots, however large the batch.
            for layer in &mut self.view.layers {
                layer.marks.settle(record.seq);
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
        // Nothing can be indexed that is not on the globe.
        if !observation.geometry.as_ref().is_none_or(is_on_globe) {
            return false;
        }
        let catalog = Arc::clone(&self.view.catalog);
        let spec = catalog.spec(observation.layer);
        let received = (record.seq, record.received_at);
        let topic_resolution = catalog.topic_resolution();
        let mut next = new_feature(spec, received, observation.clone(), topic_resolution);
        self.share_feed(&mut next);
        let view = &self.view.layers[observation.layer.index()];
        let buried = view.tombstones.get(&next.id);
        if buried.is_some_and(|tombstone| next.effective_at() <= tombstone.at) {
            return false;
        }
        match (&view.body, spec.kind) {
            (Body::State(state), LayerKind::State) => {
                let prev = state.by_id.get(&next.id).cloned();
                // What is sent as over leaves at once, as everything does that is.
                let over = observation
                    .expires_at
                    .is_some_and(|at| at <= self.view.clock);
                if let Some(prev) = &prev {
                    // One text, however many indexes and versions name it.
                    next.id.clone_from(&prev.id);
                }
                if let Some(prev) = &prev
                    && !over
                    && keep_times(&catalog, spec, observation, prev, &mut next)
                {
                    // What is due of it stays due, and is left to the clock.
                    self.replace(Some(prev), Some(next), record.seq);
                    return true;
                }
                self.follow(spec, prev.as_ref(), next)
            }
            (Body::Sightings(_), _) => self.sight(next),
            _ => false,
        }
    }

    /// Lets a feature have the name of its feed from those that have it already.
    fn share_feed(&mut self, feature: &mut Feature) {
        if let Some(known) = self.feeds.get(&feature.feed) {
            feature.feed.clone_from(known);
            return;
        }
        if self.feeds.len() >= FEEDS {
            self.feeds.clear();
        }
        self.feeds.insert(feature.feed.clone());
    }

    /// Takes the next version of a feature of a state layer, if it is one.
    fn follow(&mut self, spec: &LayerSpec, prev: Option<&Arc<Feature>>, mut next: Feature) -> bool {
        let now = self.view.clock;
        let seq = next.seq;
        if spec.track {
            next.trail = trail(spec, prev.map(AsRef::as_ref), &next, now);
        }
        if let Some(prev) = prev.filter(|prev| next.effective_at() < prev.effective_at()) {
            // A fix that came late belongs to the trail, but does not move the feature.
            if next.trail != prev.trail && spec.track {
                let mut same = Feature::clone(prev);
                same.trail = next.trail;
                same.seq = seq;
                self.replace(Some(prev), Some(same), seq);
            }
            return false;
        }
        next.stale = next.stale_at.is_some_and(|at| at <= now);
        let over = due::leaves_at(spec, &next).is_some_and(|at| at <= now);
        if over {
            self.bury_expired(spec, &next);
        }
        self.replace(prev, (!over).then_some(next), seq);
        prev.is_some() || !over
    }

    fn sight(&mut self, feature: Feature) -> bool {
        let layer = feature.layer;
        let Body::Sightings(sightings) = &mut self.view.layers[layer.index()].body else {
            return false;
        };
        if sightings.holds(&feature.id) {
            return false;
        }
        let feature = Arc::new(feature);
        sightings.push(&feature);
        self.mark(None, Some(&feature), Notice::EVERYBODY, feature.seq);
        self.expect_retention(layer);
        true
    }

    fn withdraw(
        &mut self,
        record: &Record,
        layer: LayerIx,
        id: &FeatureId,
        at: Option<Timestamp>,
    ) -> bool {
        if self.view.catalog.spec(layer).kind == LayerKind::Derived {
            return false;
        }
        let mut tombstone = Tombstone {
            at: at.unwrap_or(record.received_at).min(record.received_at),
            received_at: record.received_at,
        };
        match &mut self.view.layers[layer.index()].body {
            Body::State(state) => {
                let prev = state.by_id.get(id).cloned();
                if (prev.as_ref()).is_some_and(|prev| prev.effective_at() > tombstone.at) {
                    return false;
                }
                self.bury(layer, id, tombstone);
                self.replace(prev.as_ref(), None, record.seq);
                prev.is_some()
            }
            Body::Sightings(sightings) => {
                let removed = sightings.remove(id).map(|row| row.here().own(layer));
                if let Some(removed) = &removed {
                    // A sighting never changes, so this can only mean the one that is known.
                    tombstone.at = tombstone.at.max(removed.effective_at());
                    self.mark(Some(removed), None, Notice::EVERYBODY, record.seq);
                    self.expect_retention(layer);
                }
                self.bury(layer, id, tombstone);
                removed.is_some()
            }
            Body::Computed => false,
        }
    }

    /// Sets the tombstone of a feature; of two the later counts, whatever the order.
    fn bury(&mut self, layer: LayerIx, id: &FeatureId, mut tombstone: Tombstone) {
        let catalog = &self.view.catalog;
        let life = in_days(catalog.tombstone_days(catalog.spec(layer)));
        let tombstones = &mut self.view.layers[layer.index()].tombstones;
        let forget_at = |t: &Tombstone| t.received_at.checked_add(life).ok();
        if let Some(old) = tombstones.get(id) {
            tombstone.at = tombstone.at.max(old.at);
            if let Some(at) = forget_at(old) {
                self.tombstones.remove(&(at, layer, id.clone()));
            }
        }
        if let Some(at) = forget_at(&tombstone) {
            self.tombstones.insert((at, layer, id.clone()));
        }
        tombstones.insert(id.clone(), tombstone);
    }

    /// Forgets tombstones that have been there for as long as their layer remembers. Every record does so, since nobody can see
    /// the difference before a late observation comes.
    fn forget_tombstones(&mut self) {
        while let Some((at, _, _)) = self.tombstones.first()
            && *at <= self.view.clock
            && let Some((_, layer, id)) = self.tombstones.pop_first()
        {
            self.view.layers[layer.index()].tombstones.remove(&id);
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
        let next = next.map(|mut next| {
            next.note(prev.map(AsRef::as_ref), notice);
            Arc::new(next)
        });
        self.mark(prev, next.as_ref(), notice, seq);
        if let (Some(prev), None) = (prev, &next) {
            self.removed.push((layer, prev.id.clone()));
        }
        if let Some(ordinal) = self.set(prev, next.as_ref(), notice, seq) {
            self.schedule(spec, ordinal, prev, next.as_ref());
        }
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
        self.mark(prev.as_ref(), next.as_ref(), notice, seq);
        self.set(prev.as_ref(), next.as_ref(), notice, seq);
    }

    /// Puts a version in the place of another, and notes the change in the live topics that the feature
    /// leaves, enters or stays in. Returns the feature's ordinal.
    fn set(
        &mut self,
        prev: Option<&Arc<Feature>>,
        next: Option<&Arc<Feature>>,
        notice: Notice,
        seq: Seq,
    ) -> Option<Ordinal> {
        let layer = prev.or(next)?.layer;
        let View { layers, ring, .. } = &mut self.view;
        let Body::State(state) = &mut layers[layer.index()].body else {
            return None;
        };
        state.by_id.forget(ring.start());
        let ordinal = state.set(prev, next.cloned(), seq)?;
        if notice == Notice::NOBODY {
            return Some(ordinal);
        }
        let left =
            prev.filter(|prev| next.is_none_or(|next| next.placed.topic() != prev.placed.topic()));
        for feature in left.into_iter().chain(next) {
            ring.push(Change {
                seq,
                layer,
                topic: feature.placed.topic(),
                ordinal,
                notice,
            });
        }
        Some(ordinal)
    }

    /// Marks the tiles that a change touches, before and after. Where single features need a
    /// clearance, the others notice the change of a count, and no more of the place than its cell.
    fn mark(
        &mut self,
        prev: Option<&Arc<Feature>>,
        next: Option<&Arc<Feature>>,
        notice: Notice,
        seq: Seq,
    ) {
        let Some(layer) = prev.or(next).map(|feature| feature.layer) else {
            return;
        };
        let gate = SingleGate::of(&self.view.catalog, layer);
        let view = &mut self.view.layers[layer.index()];
        let noticed = gate.map_or(notice, |gate| gate.notice(prev, next, notice));
        if noticed == Notice::NOBODY {
            return;
        }
        view.last = seq;
        view.marks.touch_layer(noticed, seq);
        let counted = gate.filter(|_| noticed.reaches(Notice::EVERYBODY));
        let boxes = [prev, next].map(|feature| feature.and_then(|it| it.placed.bounds()));
        let singly = gate.map_or(noticed, |_| noticed.without(Notice::EVERYBODY));
        view.marks.touch_both(boxes, singly, seq);
        for feature in prev.into_iter().chain(next) {
            if let (Some(gate), Some(cell)) = (counted, feature.placed.cell()) {
                // A heavy tile shows them one resolution coarser.
                let cell = cell.parent(gate.resolution.saturating_sub(1));
                view.marks.touch(cell.reach(), Notice::EVERYBODY, seq);
            }
        }
    }
}

/// How long a layer keeps what it received.
fn retention(spec: &LayerSpec) -> Option<SignedDuration> {
    (spec.retain_days > 0).then(|| in_days(spec.retain_days))
}

fn in_days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

/// The feature that an observation makes. What its layer's fields have always is put in here, through which
/// every observation comes, also one from an old log or checkpoint; the log keeps what was told.
fn new_feature(
    spec: &LayerSpec,
    (seq, received_at): (Seq, Timestamp),
    observation: Observation,
    topic_resolution: u8,
) -> Feature {
    let observed_at = observation.observed_at.unwrap_or(received_at);
    let effective = observed_at.min(received_at);
    let after = |seconds: u32| {
        let due = effective.checked_add(SignedDuration::from_secs(i64::from(seconds)));
        (seconds > 0).then(|| due.ok()).flatten()
    };
    Feature {
        id: observation.feature,
        layer: observation.layer,
        feed: observation.feed,
        placed: Placed::of(observation.geometry, Some(topic_resolution)),
        properties: observation.properties.with(spec.fixed()),
        observed_at,
        received_at,
        stale_at: observation.stale_at.or_else(|| after(spec.stale_after_s)),
        expires_at: observation
            .expires_at
            .or_else(|| after(spec.expire_after_s)),
        stale: false,
        seq,
        trail: Arc::default(),
        noticed: Box::default(),
    }
}

/// The trail with one more fix, in order of time; a fix of the same instant is replaced.
fn trail(spec: &LayerSpec, prev: Option<&Feature>, next: &Feature, now: Timestamp) -> Arc<[Fix]> {
    let known = prev.map_or(&[][..], |prev| &prev.trail);
    let Some(at) = next.placed.anchor() else {
        return retained(spec, known, now).into();
    };
    let fix = Fix {
        at,
        observed_at: next.effective_at(),
    };
    if known
        .last()
        .is_none_or(|last| last.observed_at < fix.observed_at)
    {
        // As nearly always. Copied once: a trail is longer than all else there is of a feature.
        let known = retained(spec, &known[(known.len() + 1).saturating_sub(TRAIL)..], now);
        let more = Some(fix).filter(|fix| !retained(spec, &[*fix], now).is_empty());
        return known.iter().copied().chain(more).collect();
    }
    let mut fixes = known.to_vec();
    let place = fixes.partition_point(|known| known.observed_at < fix.observed_at);
    match fixes.get_mut(place) {
        Some(known) if known.observed_at == fix.observed_at => *known = fix,
        _ => fixes.insert(place, fix),
    }
    let excess = fixes.len().saturating_sub(TRAIL);
    retained(spec, &fixes[excess..], now).into()
}

/// The part of a trail that retention leaves. We received a fix when it was observed or later, so
/// that none is kept too long.
fn retained<'f>(spec: &LayerSpec, fixes: &'f [Fix], now: Timestamp) -> &'f [Fix] {
    let gone = |fix: &Fix| fix_leaves_at(spec, fix).is_some_and(|at| at <= now);
    &fixes[fixes.partition_point(gone)..]
}

fn fix_leaves_at(spec: &LayerSpec, fix: &Fix) -> Option<Timestamp> {
    retention(spec).and_then(|days| fix.observed_at.checked_add(days).ok())
}

#[cfg(test)]
mod tests;
