//! The spatial index of a state layer: packed trees of versions, few and ever larger, that can be
//! snapshotted cheaply.
//!
//! ```text
//! base: all features of the last packing ── runs of 256, 1,024, 4,096 … that came since ── the last few
//! ```
//!
//! A full clone of an R-tree of 100,000 costs tens of milliseconds, and that of a small one beside a packed
//! base is paid anew after each snapshot. So nothing is taken out: what a tree names is asked of the
//! [`Versions`], which know whether it was superseded. Runs become one as they do in a log-structured merge-tree
//! (O'Neil et al., 1996).

use crate::feature::Feature;
use crate::place::Bounds;
use crate::view::packed::{PackedTree, along_hilbert};
use crate::view::state::{Version, Versions};
use rstar::{AABB, RTreeObject};
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

/// What moved, in no order, before it is put in a run. Fewer in tests, which make runs of runs.
const LATELY: usize = if cfg!(test) { 4 } else { 256 };
/// So many runs of about one size become one.
const RUNS: usize = 4;

/// Versions that came together, along a curve, with their boxes.
#[derive(Debug)]
struct Run {
    versions: Box<[(Version, Bounds)]>,
    tree: PackedTree,
    /// How often runs became this one.
    rank: u8,
}

impl Run {
    fn of(versions: &[(Version, Bounds)], rank: u8) -> Self {
        let numbered = (0..).zip(versions.iter().map(|(_, bounds)| *bounds));
        let along = along_hilbert(numbered);
        let boxes: Vec<Bounds> = along.iter().map(|(_, bounds)| *bounds).collect();
        let numbers = along.into_iter().map(|(number, _)| number as usize);
        Self {
            versions: numbers.map(|number| versions[number]).collect(),
            tree: PackedTree::in_place(&boxes),
            rank,
        }
    }
}

/// Features by place. What is found in it counts while it is the newest version of its feature, so
/// nothing is ever taken out.
#[derive(Debug, Clone, Default)]
pub(crate) struct BoxTree {
    /// The features of the last packing: an item is the position on the shelf.
    base: Arc<PackedTree>,
    runs: Arc<Vec<Arc<Run>>>,
    lately: Arc<Vec<(Version, Bounds)>>,
}

impl BoxTree {
    /// A tree of the features that stand first on a shelf, by their boxes.
    pub(crate) fn packed(boxes: &[Bounds]) -> Self {
        Self {
            base: Arc::new(PackedTree::in_place(boxes)),
            ..Self::default()
        }
    }

    /// Notes where a version is that came. The one way to change the tree.
    pub(crate) fn put(&mut self, version: Version, bounds: Bounds, versions: &Versions) {
        let lately = Arc::make_mut(&mut self.lately);
        lately.push((version, bounds));
        if lately.len() < LATELY {
            return;
        }
        let runs = Arc::make_mut(&mut self.runs);
        let (mut whole, mut rank) = (std::mem::take(lately), 0);
        while runs.len() + 1 >= RUNS
            && runs[runs.len() + 1 - RUNS..]
                .iter()
                .all(|run| run.rank == rank)
        {
            let same = runs.split_off(runs.len() + 1 - RUNS);
            whole.extend(same.iter().flat_map(|run| run.versions.iter().copied()));
            rank += 1;
        }
        whole.retain(|(version, _)| versions.is_current(*version));
        runs.push(Arc::new(Run::of(&whole, rank)));
    }

    /// Calls `visit` for every feature whose box intersects the bounds, in no order, until told to
    /// stop. What spans both parts of a box over the antimeridian comes twice.
    pub(crate) fn visit<'v>(
        &'v self,
        versions: &'v Versions,
        bounds: Bounds,
        visit: &mut dyn FnMut(&'v Arc<Feature>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for part in bounds.parts() {
            self.base.search(part, &mut |position| {
                let feature = versions.packed_at(position);
                let bounds = feature.and_then(|feature| feature.placed.bounds());
                match feature.filter(|_| bounds.is_some_and(|it| it.intersects(part))) {
                    Some(feature) => visit(feature),
                    None => ControlFlow::Continue(()),
                }
            })?;
            let mut look = |(version, bounds): &(Version, Bounds)| {
                let touches = bounds.intersects(part);
                match touches.then(|| versions.current(*version)).flatten() {
                    Some(feature) => visit(feature),
                    None => ControlFlow::Continue(()),
                }
            };
            for run in self.runs.iter() {
                run.tree
                    .search(part, &mut |at| look(&run.versions[at as usize]))?;
            }
            self.lately.iter().try_for_each(&mut look)?;
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests;
