//! The picture as one would write it without indexes: maps, and linear scans over them.

use crate::anchor::anchor;
use crate::catalog::{Catalog, LayerIx, LayerKind, LayerSpec};
use crate::cell::Cell;
use crate::event::{Event, Observation, Record};
use crate::feature::{FeatureId, Fix, Topic};
use crate::place::{Bounds, LonLat};
use crate::view::Window;
use geo_types::Geometry;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One feature or sighting.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) observation: Observation,
    pub(crate) received_at: Timestamp,
    pub(crate) stale: bool,
    pub(crate) trail: Vec<Fix>,
}

type Key = (LayerIx, FeatureId);

/// What a picture must equal.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    catalog: Arc<Catalog>,
    pub(crate) now: Timestamp,
    pub(crate) known: BTreeMap<Key, Known>,
    tombstones: BTreeMap<Key, (Timestamp, Timestamp)>,
}

fn seconds(count: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(count))
}

fn days(spec: &LayerSpec) -> Option<SignedDuration> {
    (spec.retain_days > 0).then(|| seconds(spec.retain_days * 86_400))
}

/// What is of the same instant may still correct what expired.
fn just_before(at: Timestamp) -> Timestamp {
    at - SignedDuration::from_nanos(1)
}

/// Whether what is told is what is known, but for fields that need a clearance, where there are any.
fn differs_in_what_is_hidden(spec: &LayerSpec, known: &Known, told: &Observation) -> bool {
    let fields = spec.fields_at().filter(|(at, _)| {
        let was = known.observation.properties.clone().with(spec.fixed());
        was.get(*at) != told.properties.clone().with(spec.fixed()).get(*at)
    });
    let differs: Vec<bool> = fields.map(|(_, field)| field.clearance.is_some()).collect();
    known.observation.geometry == told.geometry
        && known.observation.feed == told.feed
        && told.observed_at.is_none_or(|at| at == known.observed_at())
        && spec.fields_at().any(|(_, field)| field.clearance.is_some())
        && differs.iter().all(|hidden| *hidden)
}

impl Known {
    pub(crate) fn observed_at(&self) -> Timestamp {
        self.observation.observed_at.unwrap_or(self.received_at)
    }

    pub(crate) fn effective_at(&self) -> Timestamp {
        self.observed_at().min(self.received_at)
    }

    pub(crate) fn stale_at(&self, spec: &LayerSpec) -> Option<Timestamp> {
        let by_rule = self.effective_at() + seconds(spec.stale_after_s);
        let by_rule = (spec.stale_after_s > 0).then_some(by_rule);
        self.observation.stale_at.or(by_rule)
    }

    fn is_gone(&self, spec: &LayerSpec, now: Timestamp) -> bool {
        days(spec).is_some_and(|days| self.received_at + days <= now)
    }

    fn expires_at(&self, spec: &LayerSpec) -> Option<Timestamp> {
        let by_rule = self.effective_at() + seconds(spec.expire_after_s);
        let by_rule = (spec.expire_after_s > 0).then_some(by_rule);
        self.observation.expires_at.or(by_rule)
    }

    fn is_over(&self, spec: &LayerSpec, now: Timestamp) -> bool {
        self.expires_at(spec).is_some_and(|at| at <= now) || self.is_gone(spec, now)
    }

    pub(crate) fn anchor(&self) -> Option<LonLat> {
        self.observation.geometry.as_ref().and_then(anchor)
    }

    pub(crate) fn bounds(&self) -> Option<Bounds> {
        self.observation
            .geometry
            .as_ref()
            .and_then(Bounds::of_geometry)
    }

    pub(crate) fn cell(&self, resolution: u8) -> Option<Cell> {
        self.anchor()
            .map(|anchor| Cell::of(anchor, resolution).unwrap())
    }

    pub(crate) fn topic(&self, resolution: u8) -> Topic {
        match &self.observation.geometry {
            Some(Geometry::Point(_)) => Topic::Cell(self.cell(resolution).unwrap()),
            _ => Topic::Everywhere,
        }
    }

    pub(crate) fn is_in(&self, window: Option<Window>) -> bool {
        window.is_none_or(|span| (span.from..span.to).contains(&self.effective_at()))
    }

    fn prune(&mut self, spec: &LayerSpec, now: Timestamp) {
        if let Some(days) = days(spec) {
            self.trail.retain(|fix| fix.observed_at + days > now);
        }
    }
}

impl Model {
    pub(crate) fn new(catalog: &Arc<Catalog>) -> Self {
        Self {
            catalog: Arc::clone(catalog),
            now: Timestamp::UNIX_EPOCH,
            known: BTreeMap::new(),
            tombstones: BTreeMap::new(),
        }
    }

    pub(crate) fn of(catalog: &Arc<Catalog>, log: &[Record]) -> Self {
        let mut model = Self::new(catalog);
        for record in log {
            model.apply(record);
        }
        model
    }

    /// The features of a layer in order of id.
    pub(crate) fn layer(&self, layer: LayerIx) -> impl Iterator<Item = (&FeatureId, &Known)> {
        let of_layer = move |(key, known)| {
            let (of, id): &Key = key;
            (*of == layer).then_some((id, known))
        };
        self.known.iter().filter_map(of_layer)
    }

    pub(crate) fn apply(&mut self, record: &Record) {
        self.now = self.now.max(record.received_at);
        self.elapse(&record.event);
        match &record.event {
            Event::Observed(observation) => self.observe(record, observation),
            Event::Withdrawn {
                layer, feature, at, ..
            } => self.withdraw(record, (*layer, feature.clone()), *at),
            Event::Clock => {}
        }
    }

    fn elapse(&mut self, event: &Event) {
        let (clock, of) = match event {
            Event::Observed(observation) => (false, Some(observation.layer)),
            Event::Withdrawn { layer, .. } => (false, Some(*layer)),
            Event::Clock => (true, None),
        };
        let (catalog, now) = (Arc::clone(&self.catalog), self.now);
        self.tombstones.retain(|(layer, _), (_, received_at)| {
            let days = i64::from(catalog.tombstone_days(catalog.spec(*layer)));
            *received_at + SignedDuration::from_hours(24 * days) > now
        });
        let mut expired = Vec::new();
        self.known.retain(|key, known| {
            let (layer, _) = key;
            let spec = catalog.spec(*layer);
            match (spec.kind, days(spec)) {
                // Sightings go by the minute in which they came.
                (LayerKind::Sighting, Some(days)) if clock || of == Some(*layer) => {
                    let minute = known.received_at.as_second() / 60 * 60;
                    let goes_at = Timestamp::from_second(minute).unwrap() + days;
                    goes_at + SignedDuration::from_millis(1) > now
                }
                (LayerKind::Sighting, _) => true,
                (LayerKind::State | LayerKind::Derived, _) => {
                    let over = clock && known.is_over(spec, now);
                    if over && !known.is_gone(spec, now) {
                        expired.push((key.clone(), known.effective_at(), known.received_at));
                    }
                    !over
                }
            }
        });
        for (key, effective_at, received_at) in expired {
            self.bury(key, just_before(effective_at), received_at);
        }
        for ((layer, _), known) in &mut self.known {
            let spec = catalog.spec(*layer);
            if clock && spec.kind == LayerKind::State {
                known.stale |= known.stale_at(spec).is_some_and(|at| at <= now);
                known.prune(spec, now);
            }
        }
    }

    fn observe(&mut self, record: &Record, observation: &Observation) {
        let key = (observation.layer, observation.feature.clone());
        let catalog = Arc::clone(&self.catalog);
        let spec = catalog.spec(observation.layer);
        let mut next = Known {
            observation: observation.clone(),
            received_at: record.received_at,
            stale: false,
            trail: Vec::new(),
        };
        let effective_at = next.effective_at();
        let buried = self.tombstones.get(&key);
        if buried.is_some_and(|(at, _)| effective_at <= *at) {
            return;
        }
        if spec.kind == LayerKind::Sighting {
            self.known.entry(key).or_insert(next);
            return;
        }
        if let Some(known) = self.known.get(&key)
            && differs_in_what_is_hidden(spec, known, observation)
        {
            next.observation.observed_at = Some(known.observed_at());
            next.observation.stale_at = observation.stale_at.or(known.stale_at(spec));
            next.observation.expires_at = observation.expires_at.or(known.expires_at(spec));
            next.stale = known.stale;
            next.trail.clone_from(&known.trail);
            self.known.insert(key, next);
            return;
        }
        next.stale = next.stale_at(spec).is_some_and(|at| at <= self.now);
        if let (true, Some(at)) = (spec.track, next.anchor()) {
            let known = self.known.get(&key);
            next.trail = known.map(|known| known.trail.clone()).unwrap_or_default();
            next.trail.retain(|fix| fix.observed_at != effective_at);
            next.trail.push(Fix {
                at,
                observed_at: effective_at,
            });
            next.trail.sort_by_key(|fix| fix.observed_at);
            next.prune(spec, self.now);
        }
        match self.known.get_mut(&key) {
            Some(known) if known.effective_at() > effective_at => {
                if spec.track && next.anchor().is_some() {
                    known.trail = next.trail;
                }
            }
            _ if next.is_over(spec, self.now) => {
                self.known.remove(&key);
                self.bury(key, just_before(effective_at), record.received_at);
            }
            known => {
                // A fix without a position leaves the trail as it is.
                if let (Some(known), None) = (known, next.anchor()) {
                    next.trail.clone_from(&known.trail);
                    next.prune(spec, self.now);
                }
                self.known.insert(key, next);
            }
        }
    }

    fn withdraw(&mut self, record: &Record, key: Key, at: Option<Timestamp>) {
        let mut at = at.unwrap_or(record.received_at).min(record.received_at);
        if let Some(known) = self.known.get(&key) {
            if self.catalog.spec(key.0).kind == LayerKind::Sighting {
                at = at.max(known.effective_at());
            } else if known.effective_at() > at {
                return;
            }
        }
        self.known.remove(&key);
        self.bury(key, at, record.received_at);
    }

    fn bury(&mut self, key: Key, at: Timestamp, received_at: Timestamp) {
        let old = self.tombstones.get(&key);
        let at = old.map_or(at, |(old, _)| at.max(*old));
        self.tombstones.insert(key, (at, received_at));
    }
}
