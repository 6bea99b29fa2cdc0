//! The indexes of one state layer, kept in step by one function.

mod counts;
mod guesses;
mod roster;
mod versions;

pub(crate) use versions::{Ordinal, Version, Versions};

use crate::event::Seq;
use crate::feature::{Feature, FeatureId, Topic};
use crate::place::Bounds;
use crate::view::rtree::BoxTree;
use counts::MovingCounts;
use imbl::OrdSet;
use jiff::Timestamp;
use roster::Roster;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A layer is packed anew when more than this, and more than one in so many of its features, changed.
const LEAST: usize = 1_024;
const SHARE: usize = 8;

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
    pub(crate) by_id: Roster,
    tree: BoxTree,
    pub(crate) counts: MovingCounts,
    /// Ids of the features in topic `*`.
    pub(crate) everywhere: OrdSet<FeatureId>,
}

impl StateIndex {
    /// Replaces the version of a feature by another, either of which may be absent, as of a record. The only
    /// function that changes the indexes, so that they cannot disagree. Returns the feature's ordinal.
    pub(crate) fn set(
        &mut self,
        prev: Option<&Arc<Feature>>,
        next: Option<Arc<Feature>>,
        seq: Seq,
    ) -> Option<Ordinal> {
        self.counts.set(
            prev.and_then(|feature| feature.placed.cell()),
            next.as_ref().and_then(|feature| feature.placed.cell()),
        );
        if let Some(prev) = prev
            && prev.placed.topic() == Topic::Everywhere
        {
            self.everywhere.remove(&prev.id);
        }
        let Some(next) = next else {
            let prev = prev?;
            return self.by_id.take(&prev.id, seq);
        };
        if next.placed.topic() == Topic::Everywhere {
            self.everywhere.insert(next.id.clone());
        }
        let bounds = next.placed.bounds();
        let version = self.by_id.put(next);
        if let Some(bounds) = bounds {
            self.tree.put(version, bounds, self.by_id.versions());
        }
        Some(version.ordinal)
    }

    /// Calls `visit` for every feature whose box intersects the bounds, as [`BoxTree::visit`] does.
    pub(crate) fn visit<'v>(
        &'v self,
        bounds: Bounds,
        visit: &mut dyn FnMut(&'v Arc<Feature>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.tree.visit(self.by_id.versions(), bounds, visit)
    }

    /// Takes a feature while the layer is being loaded: in no index but by id and topic before
    /// [`StateIndex::loaded`]. Returns its ordinal.
    pub(crate) fn load(&mut self, feature: Arc<Feature>) -> Ordinal {
        if feature.placed.topic() == Topic::Everywhere {
            self.everywhere.insert(feature.id.clone());
        }
        self.by_id.put(feature).ordinal
    }

    /// Builds the indexes of everything at once.
    pub(crate) fn loaded(&mut self) {
        self.pack();
    }

    /// Packs anew if enough has moved. Called between records.
    pub(crate) fn settle(&mut self) {
        let versions = self.by_id.versions();
        if versions.came() > LEAST.max(versions.packed_len() / SHARE) {
            self.pack();
        }
    }

    /// Packs everything anew.
    pub(crate) fn pack(&mut self) {
        let (boxes, cells) = self.by_id.pack();
        self.tree = BoxTree::packed(&boxes);
        self.counts = MovingCounts::of(cells.into_iter());
    }
}

#[cfg(test)]
mod tests;
