//! The features of a layer by id.
//!
//! Which ids there are, in order, changes when a feature comes or goes; what a feature is now is kept apart
//! under a number, its ordinal, so that one that moves leaves the order of ids alone. An ordinal whose feature
//! went keeps its id, and goes to no other feature for as long as a change may name it.

use super::guesses::Guesses;
use super::versions::{Ordinal, Version, Versions};
use crate::cell::Cell;
use crate::event::Seq;
use crate::feature::{Feature, FeatureId};
use crate::place::Bounds;
use crate::view::packed::along_hilbert;
use imbl::OrdMap;
use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

/// Features by id and by ordinal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster {
    ordinals: OrdMap<FeatureId, Ordinal>,
    /// The same as far as it goes, by hash.
    guesses: Guesses,
    versions: Versions,
    /// Whose the ordinals were that nobody has now and that may still be named.
    left: OrdMap<Ordinal, FeatureId>,
    /// The same, in the order in which their features went, and when.
    leaving: Arc<VecDeque<(Seq, Ordinal)>>,
    /// Ordinals for those who come; then the first that nobody had.
    free: Arc<Vec<Ordinal>>,
    unused: Ordinal,
}

impl Roster {
    pub(crate) fn len(&self) -> usize {
        self.ordinals.len()
    }

    pub(crate) fn ordinal(&self, id: &FeatureId) -> Option<Ordinal> {
        let guessed = self.guesses.find(id, &self.versions);
        guessed.or_else(|| self.ordinals.get(id).copied())
    }

    pub(crate) fn get(&self, id: &FeatureId) -> Option<&Arc<Feature>> {
        self.versions.get(self.ordinal(id)?)
    }

    /// In order of id.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Arc<Feature>> {
        let ordinals = self.ordinals.values();
        ordinals.filter_map(|ordinal| self.versions.get(*ordinal))
    }

    /// In order of id, after the given one.
    pub(crate) fn after(&self, id: Option<&FeatureId>) -> impl Iterator<Item = &Arc<Feature>> {
        let start = id.map_or(Bound::Unbounded, Bound::Excluded);
        let range: (Bound<&FeatureId>, Bound<&FeatureId>) = (start, Bound::Unbounded);
        let ordinals = self.ordinals.range::<_, FeatureId>(range);
        ordinals.filter_map(|(_, ordinal)| self.versions.get(*ordinal))
    }

    /// Whose an ordinal is or was last, and how that feature is now, if it is there.
    pub(crate) fn now(&self, ordinal: Ordinal) -> Option<(&FeatureId, Option<&Arc<Feature>>)> {
        if let Some(feature) = self.versions.get(ordinal) {
            return Some((&feature.id, Some(feature)));
        }
        // It may have come back with another ordinal.
        let id = self.left.get(&ordinal)?;
        Some((id, self.get(id)))
    }

    pub(crate) fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Puts the newest version of a feature, which may be the first.
    pub(crate) fn put(&mut self, feature: Arc<Feature>) -> Version {
        let ordinal = self.ordinal(&feature.id).unwrap_or_else(|| {
            let ordinal = self.vacant();
            self.ordinals.insert(feature.id.clone(), ordinal);
            self.guesses.put(&feature.id, ordinal);
            ordinal
        });
        self.versions.put(ordinal, feature)
    }

    fn vacant(&mut self) -> Ordinal {
        let known = (!self.free.is_empty()).then(|| Arc::make_mut(&mut self.free).pop());
        known.flatten().unwrap_or_else(|| {
            self.unused += 1;
            self.unused - 1
        })
    }

    /// Takes a feature out, as of a record. Returns the ordinal that it had.
    pub(crate) fn take(&mut self, id: &FeatureId, seq: Seq) -> Option<Ordinal> {
        let (id, ordinal) = self.ordinals.remove_with_key(id)?;
        self.guesses.clear(&id, ordinal);
        self.versions.clear(ordinal);
        self.left.insert(ordinal, id);
        Arc::make_mut(&mut self.leaving).push_back((seq, ordinal));
        Some(ordinal)
    }

    /// Lets those have the ordinals that come, whose features went no later than `until`, since no change of
    /// then is told any more.
    pub(crate) fn forget(&mut self, until: Seq) {
        while let Some((at, ordinal)) = self.leaving.front().copied()
            && at <= until
        {
            Arc::make_mut(&mut self.leaving).pop_front();
            Arc::make_mut(&mut self.free).push(ordinal);
            self.left.remove(&ordinal);
        }
    }

    /// Puts all features on a new shelf: first those with a box, along a curve. Returns these boxes, and the cells
    /// of all that have one.
    pub(crate) fn pack(&mut self) -> (Vec<Bounds>, Vec<Cell>) {
        let versions = &self.versions;
        let (mut placed, mut rest) = (Vec::with_capacity(self.len()), Vec::new());
        let mut cells = Vec::with_capacity(self.len());
        for ordinal in 0..self.unused {
            let Some(feature) = versions.get(ordinal) else {
                continue;
            };
            match feature.placed.bounds() {
                Some(bounds) => placed.push((ordinal, bounds)),
                None => rest.push(ordinal),
            }
            cells.extend(feature.placed.cell());
        }
        let placed = along_hilbert(placed.into_iter());
        let mut order: Vec<Ordinal> = placed.iter().map(|(ordinal, _)| *ordinal).collect();
        order.extend(rest);
        self.versions = self.versions.packed(&order);
        if !self.guesses.suffice(self.len()) {
            // Their memory is what the new ones take.
            self.guesses = Guesses::default();
            let known = self.ordinals.iter();
            self.guesses = Guesses::of(known.map(|(id, ordinal)| (id, *ordinal)));
        }
        let boxes = placed.into_iter().map(|(_, bounds)| bounds);
        (boxes.collect(), cells)
    }
}
