//! The indexes of one state layer, kept in step by one function.

use crate::feature::{Feature, FeatureId, Topic};
use crate::view::cells::CellCounts;
use crate::view::rtree::BoxTree;
use imbl::{OrdMap, OrdSet};
use jiff::Timestamp;
use std::sync::Arc;

/// What remains of a feature that was withdrawn or expired: a late observation that is no later than
/// `at` resurrects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// As of when it was withdrawn; of what expired, just before it was last observed.
    pub at: Timestamp,
    /// When we heard so; retention counts from here.
    pub received_at: Timestamp,
}

/// Features of a state layer by id, place, cell and live topic.
#[derive(Debug, Clone, Default)]
pub(crate) struct StateIndex {
    pub(crate) by_id: OrdMap<FeatureId, Arc<Feature>>,
    pub(crate) tree: BoxTree,
    pub(crate) counts: CellCounts,
    /// Ids of the features in topic `*`.
    pub(crate) everywhere: OrdSet<FeatureId>,
}

impl StateIndex {
    /// Replaces the version of a feature by another, either of which may be absent. The only
    /// function that changes the indexes, so that they cannot disagree.
    pub(crate) fn set(&mut self, prev: Option<&Arc<Feature>>, next: Option<Arc<Feature>>) {
        self.counts.set(
            prev.and_then(|feature| feature.placed.cell()),
            next.as_ref().and_then(|feature| feature.placed.cell()),
        );
        self.tree.set(prev, next.as_ref());
        if let Some(prev) = prev
            && prev.placed.topic() == Topic::Everywhere
        {
            self.everywhere.remove(&prev.id);
        }
        match (prev, next) {
            (_, Some(next)) => {
                if next.placed.topic() == Topic::Everywhere {
                    self.everywhere.insert(next.id.clone());
                }
                self.by_id.insert(next.id.clone(), next);
            }
            (Some(prev), None) => {
                self.by_id.remove(&prev.id);
            }
            (None, None) => {}
        }
    }

    /// Takes a feature while the layer is being loaded: in no index but by id and topic before
    /// [`StateIndex::loaded`].
    pub(crate) fn load(&mut self, feature: Arc<Feature>) {
        if feature.placed.topic() == Topic::Everywhere {
            self.everywhere.insert(feature.id.clone());
        }
        self.by_id.insert(feature.id.clone(), feature);
    }

    /// Builds the indexes of everything at once.
    pub(crate) fn loaded(&mut self) {
        self.counts = CellCounts::of(
            self.by_id
                .values()
                .filter_map(|feature| feature.placed.cell()),
        );
        self.pack();
    }

    /// Packs the tree anew if enough has moved. Called between batches.
    pub(crate) fn settle(&mut self) {
        if self.tree.wants_packing() {
            self.pack();
        }
    }

    /// Packs the tree anew.
    pub(crate) fn pack(&mut self) {
        self.tree = BoxTree::packed(self.by_id.values());
    }
}

#[cfg(test)]
mod tests;
