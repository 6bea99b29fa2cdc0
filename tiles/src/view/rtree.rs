//! The spatial index of a state layer: an R-tree that can be snapshotted cheaply.
//!
//! A full clone of an R-tree of 100,000 costs tens of milliseconds, so a snapshot shares a packed
//! `base` and copies only `fresh`, the small R*-tree of what changed since. An id in `moved` has its
//! truth in `fresh` (or nowhere), whatever the base says of it.

use crate::feature::{Feature, FeatureId};
use crate::place::Bounds;
use crate::view::packed::{PackedTree, along_hilbert};
use rstar::{AABB, RTree, RTreeObject};
use std::collections::HashSet;
use std::ops::ControlFlow;
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
        feature.placed.bounds().map(|bounds| Self {
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

/// Features that stand where they stood when they were packed, in the order of the tree: what one tile
/// shows lies side by side. Those without a place are in neither.
#[derive(Debug, Default)]
struct Base {
    features: Box<[Arc<Feature>]>,
    tree: PackedTree,
}

impl Base {
    fn of<'f>(features: impl Iterator<Item = &'f Arc<Feature>>) -> Self {
        let arrived: Vec<_> = features.collect();
        let along = along_hilbert(
            (0..)
                .zip(&arrived)
                .filter_map(|(number, feature)| Some((number, feature.placed.bounds()?))),
        );
        let boxes: Vec<Bounds> = along.iter().map(|(_, bounds)| *bounds).collect();
        let numbers = along.iter().map(|(number, _)| *number as usize);
        Self {
            features: numbers.map(|number| Arc::clone(arrived[number])).collect(),
            tree: PackedTree::in_place(&boxes),
        }
    }
}

/// Features by place.
#[derive(Debug, Clone, Default)]
pub(crate) struct BoxTree {
    base: Arc<Base>,
    fresh: Arc<RTree<Entry>>,
    moved: Arc<HashSet<FeatureId>>,
}

impl BoxTree {
    /// A tree of these features, packed.
    pub(crate) fn packed<'f>(features: impl Iterator<Item = &'f Arc<Feature>>) -> Self {
        Self {
            base: Arc::new(Base::of(features)),
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
        self.moved.len() > 1_024.max(self.base.tree.len() / 8)
    }

    /// Calls `visit` for every feature whose box intersects the bounds, in no order, until told to
    /// stop. What spans both parts of a box over the antimeridian comes twice.
    pub(crate) fn visit<'v>(
        &'v self,
        bounds: Bounds,
        visit: &mut dyn FnMut(&'v Arc<Feature>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for part in bounds.parts() {
            self.base.tree.search(part, &mut |number| {
                let feature = &self.base.features[number as usize];
                let touches = feature
                    .placed
                    .bounds()
                    .is_some_and(|bounds| bounds.intersects(part));
                if touches && (self.moved.is_empty() || !self.moved.contains(&feature.id)) {
                    visit(feature)?;
                }
                ControlFlow::Continue(())
            })?;
            for entry in self.fresh.locate_in_envelope_intersecting(envelope(part)) {
                visit(&entry.feature)?;
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests;
