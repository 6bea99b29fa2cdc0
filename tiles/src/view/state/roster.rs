//! The features of a layer by id.
//!
//! Which ids there are, in order, changes when a feature comes or goes; what a feature is now is kept apart
//! under a number, its slot, so that one that moves leaves the order of ids alone. A slot whose feature
//! went keeps its id, and goes to no other feature for as long as a change may name it.

use super::versions::{Slot, Version, Versions};
use crate::cell::Cell;
use crate::event::Seq;
use crate::feature::{Feature, FeatureId};
use crate::place::Bounds;
use crate::view::packed::along_hilbert;
use imbl::OrdMap;
use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

/// Features by id and by slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster {
    slots: OrdMap<FeatureId, Slot>,
    versions: Versions,
    /// Whose the slots were that are empty and may still be named.
    left: OrdMap<Slot, FeatureId>,
    /// The same, in the order in which their features went, and when.
    leaving: Arc<VecDeque<(Seq, Slot)>>,
    /// Slots for those who come; then the first that nobody had.
    free: Arc<Vec<Slot>>,
    unused: Slot,
}

impl Roster {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slot(&self, id: &FeatureId) -> Option<Slot> {
        self.slots.get(id).copied()
    }

    pub(crate) fn get(&self, id: &FeatureId) -> Option<&Arc<Feature>> {
        self.versions.get(self.slot(id)?)
    }

    /// In order of id.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Arc<Feature>> {
        let slots = self.slots.values();
        slots.filter_map(|slot| self.versions.get(*slot))
    }

    /// In order of id, after the given one.
    pub(crate) fn after(&self, id: Option<&FeatureId>) -> impl Iterator<Item = &Arc<Feature>> {
        let start = id.map_or(Bound::Unbounded, Bound::Excluded);
        let range: (Bound<&FeatureId>, Bound<&FeatureId>) = (start, Bound::Unbounded);
        let slots = self.slots.range::<_, FeatureId>(range);
        slots.filter_map(|(_, slot)| self.versions.get(*slot))
    }

    /// Whose a slot is, or was last.
    pub(crate) fn id_of(&self, slot: Slot) -> Option<&FeatureId> {
        let here = self.versions.get(slot).map(|feature| &feature.id);
        here.or_else(|| self.left.get(&slot))
    }

    pub(crate) fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Puts the newest version of a feature, which may be the first.
    pub(crate) fn put(&mut self, feature: Arc<Feature>) -> Version {
        let slot = self.slot(&feature.id).unwrap_or_else(|| {
            let slot = self.vacant();
            self.slots.insert(feature.id.clone(), slot);
            slot
        });
        self.versions.put(slot, feature)
    }

    fn vacant(&mut self) -> Slot {
        let known = (!self.free.is_empty()).then(|| Arc::make_mut(&mut self.free).pop());
        known.flatten().unwrap_or_else(|| {
            self.unused += 1;
            self.unused - 1
        })
    }

    /// Takes a feature out, as of a record. Returns the slot that it had.
    pub(crate) fn take(&mut self, id: &FeatureId, seq: Seq) -> Option<Slot> {
        let (id, slot) = self.slots.remove_with_key(id)?;
        self.versions.clear(slot);
        self.left.insert(slot, id);
        Arc::make_mut(&mut self.leaving).push_back((seq, slot));
        Some(slot)
    }

    /// Lets those have the slots that come, whose features went no later than `until`, since no change of
    /// then is told any more.
    pub(crate) fn forget(&mut self, until: Seq) {
        while let Some((at, slot)) = self.leaving.front().copied()
            && at <= until
        {
            Arc::make_mut(&mut self.leaving).pop_front();
            Arc::make_mut(&mut self.free).push(slot);
            self.left.remove(&slot);
        }
    }

    /// Puts all features on a new shelf: first those with a box, along a curve. Returns these boxes, and the cells
    /// of all that have one.
    pub(crate) fn pack(&mut self) -> (Vec<Bounds>, Vec<Cell>) {
        let versions = &self.versions;
        let (mut placed, mut rest) = (Vec::with_capacity(self.len()), Vec::new());
        let mut cells = Vec::with_capacity(self.len());
        for slot in 0..self.unused {
            let Some(feature) = versions.get(slot) else {
                continue;
            };
            match feature.placed.bounds() {
                Some(bounds) => placed.push((slot, bounds)),
                None => rest.push(slot),
            }
            cells.extend(feature.placed.cell());
        }
        let placed = along_hilbert(placed.into_iter());
        let mut order: Vec<Slot> = placed.iter().map(|(slot, _)| *slot).collect();
        order.extend(rest);
        self.versions = self.versions.packed(&order);
        let boxes = placed.into_iter().map(|(_, bounds)| bounds);
        (boxes.collect(), cells)
    }
}
