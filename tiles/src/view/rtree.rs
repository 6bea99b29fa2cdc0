//! The spatial index of a state layer: an R-tree that can be snapshotted cheaply.
//!
//! A full clone of an R-tree of 100,000 costs tens of milliseconds, so a snapshot shares a bulk-loaded
//! `base` and copies only `fresh`, the small tree of what changed since. An id in `moved` has its
//! truth in `fresh` (or nowhere), whatever the base says of it.

use crate::feature::{Feature, FeatureId};
use crate::place::Bounds;
use rstar::{AABB, RTree, RTreeObject};
use std::collections::HashSet;
use std::sync::Arc;

/// A feature in a tree, by the box of its geometry.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    envelope: AABB<[f64; 2]>,
    feature: Arc<Feature>,
}

impl Entry {
    /// `None` for a feature without geometry.
    pub(crate) fn new(feature: &Arc<Feature>) -> Option<Self> {
        feature.bounds.map(|bounds| Self {
            envelope: envelope(bounds),
            feature: Arc::clone(feature),
        })
    }

    pub(crate) fn feature(&self) -> &Arc<Feature> {
        &self.feature
    }
}

impl RTreeObject for Entry {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

/// Same feature version at the same place: what `RTree::remove` looks for.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.feature, &other.feature)
    }
}

pub(crate) fn envelope(part: Bounds) -> AABB<[f64; 2]> {
    AABB::from_corners([part.west(), part.south()], [part.east(), part.north()])
}

/// Features by place.
#[derive(Debug, Clone, Default)]
pub(crate) struct BoxTree {
    base: Arc<RTree<Entry>>,
    fresh: Arc<RTree<Entry>>,
    moved: Arc<HashSet<FeatureId>>,
}

impl BoxTree {
    /// A tree of these features, packed.
    pub(crate) fn packed<'f>(features: impl Iterator<Item = &'f Arc<Feature>>) -> Self {
        Self {
            base: Arc::new(RTree::bulk_load(features.filter_map(Entry::new).collect())),
            ..Self::default()
        }
    }

    /// Replaces the version of a feature that the tree holds by another, either of which may be
    /// absent. The one way to change the tree.
    pub(crate) fn set(&mut self, prev: Option<&Arc<Feature>>, next: Option<&Arc<Feature>>) {
        let Some(id) = prev.or(next).map(|feature| feature.id.clone()) else {
            return;
        };
        let already_moved = !Arc::make_mut(&mut self.moved).insert(id);
        let fresh = Arc::make_mut(&mut self.fresh);
        if already_moved && let Some(old) = prev.and_then(Entry::new) {
            fresh.remove(&old);
        }
        if let Some(new) = next.and_then(Entry::new) {
            fresh.insert(new);
        }
    }

    /// Whether so much moved that packing anew pays.
    pub(crate) fn wants_packing(&self) -> bool {
        self.moved.len() > 1_024.max(self.base.size() / 8)
    }

    /// Calls `visit` for every feature whose box intersects the bounds, in no order.
    pub(crate) fn visit(&self, bounds: Bounds, mut visit: impl FnMut(&Arc<Feature>)) {
        for part in bounds.parts() {
            let envelope = envelope(part);
            for entry in self.base.locate_in_envelope_intersecting(envelope) {
                if self.moved.is_empty() || !self.moved.contains(&entry.feature.id) {
                    visit(&entry.feature);
                }
            }
            for entry in self.fresh.locate_in_envelope_intersecting(envelope) {
                visit(&entry.feature);
            }
        }
    }
}

#[cfg(test)]
mod tests;
