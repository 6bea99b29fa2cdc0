//! A spatial index of boxes that no longer change: a packed Hilbert R-tree.
//!
//! Items stand along a Hilbert curve and every sixteen neighbours share a node, level by level,
//! in two flat arrays: no pointers, no slack, built in one sort. (Kamel and Faloutsos, "Hilbert
//! R-tree", VLDB 1994.) Boxes are kept in single precision, rounded outward: a search may name an item
//! whose box only nearly touches the query, and never misses one that does, so callers compare the
//! true box. Refuses more items than a `u32` counts: they are not indexed by any caller.

mod curve;
mod radix;

use crate::place::Bounds;
use radix::sort_by_first;
use std::ops::{ControlFlow, Range};

/// Children of a node.
const NODE: usize = 16;

/// A box rounded outward.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rough {
    west: f32,
    south: f32,
    east: f32,
    north: f32,
}

impl Rough {
    const NOTHING: Self = Self {
        west: f32::INFINITY,
        south: f32::INFINITY,
        east: f32::NEG_INFINITY,
        north: f32::NEG_INFINITY,
    };

    /// The box of a part that does not span the antimeridian.
    fn of(part: Bounds) -> Self {
        Self {
            west: below(part.west()),
            south: below(part.south()),
            east: above(part.east()),
            north: above(part.north()),
        }
    }

    fn with(self, other: Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    /// Whether all that it holds lies in a part that does not span the antimeridian.
    fn lies_in(self, part: Bounds) -> bool {
        part.west() <= f64::from(self.west)
            && f64::from(self.east) <= part.east()
            && part.south() <= f64::from(self.south)
            && f64::from(self.north) <= part.north()
    }

    fn touches(self, other: Self) -> bool {
        self.west <= other.east
            && other.west <= self.east
            && self.south <= other.north
            && other.south <= self.north
    }
}

#[expect(clippy::cast_possible_truncation, reason = "corrected downward")]
fn below(degrees: f64) -> f32 {
    let near = degrees as f32;
    if f64::from(near) > degrees {
        near.next_down()
    } else {
        near
    }
}

fn above(degrees: f64) -> f32 {
    -below(-degrees)
}

/// Neighbours among the items, by their places.
#[derive(Debug)]
pub(crate) enum Swept {
    /// All of them lie in the box.
    Within(Range<usize>),
    /// Some of them may touch it.
    Near(Range<usize>),
}

/// The boxes of the items.
#[derive(Debug)]
enum Leaves {
    /// Every item is a point: to the nearest number, so a box of two steps around it holds it.
    Points(Box<[[f32; 2]]>),
    Boxes(Box<[Rough]>),
}

impl Default for Leaves {
    fn default() -> Self {
        Self::Boxes(Box::default())
    }
}

impl Leaves {
    fn rough(&self, at: usize) -> Rough {
        match self {
            Self::Boxes(boxes) => boxes[at],
            Self::Points(points) => {
                let [x, y] = points[at];
                Rough {
                    west: x.next_down(),
                    south: y.next_down(),
                    east: x.next_up(),
                    north: y.next_up(),
                }
            }
        }
    }
}

/// Numbered boxes along a Hilbert curve, none of which spans the antimeridian.
pub(crate) fn along_hilbert(items: impl Iterator<Item = (u32, Bounds)>) -> Vec<(u32, Bounds)> {
    let items: Vec<(u32, Bounds)> = items.collect();
    let all = items.iter().map(|(_, bounds)| Rough::of(*bounds));
    let all = all.fold(Rough::NOTHING, Rough::with);
    let along = items
        .iter()
        .map(|(_, bounds)| along_curve(Rough::of(*bounds), all));
    let mut order: Vec<(u32, u32)> = along.zip(0..).collect();
    sort_by_first(&mut order);
    let sorted = order.into_iter().map(|(_, at)| items[at as usize]);
    sorted.collect()
}

/// The index: an item is the place of its box, as the caller keeps them.
#[derive(Debug, Default)]
pub(crate) struct PackedTree {
    /// How many items there are.
    items: usize,
    leaves: Leaves,
    /// The boxes of the nodes above the items, level by level, the root last.
    boxes: Box<[Rough]>,
    /// Where each of these levels lies in `boxes`.
    levels: Box<[Range<usize>]>,
}

impl PackedTree {
    /// The tree of boxes that stand in the order of [`along_hilbert`]: an item is the place of its box.
    pub(crate) fn in_place(items: &[Bounds]) -> Self {
        let all = || items.iter().copied();
        let leaves = match all().map(point).collect() {
            Some(points) => Leaves::Points(points),
            None => Leaves::Boxes(all().map(Rough::of).collect()),
        };
        let mut boxes: Vec<Rough> = Vec::with_capacity(items.len() / (NODE - 1) + 2);
        let mut levels: Vec<Range<usize>> = Vec::new();
        let mut below = 0..items.len();
        while below.len() > 1 {
            let start = boxes.len();
            for node in below.clone().step_by(NODE) {
                let children = node..(node + NODE).min(below.end);
                let child = |at| match levels.len() {
                    0 => leaves.rough(at),
                    _ => boxes[at],
                };
                let rough = children.map(child).fold(Rough::NOTHING, Rough::with);
                boxes.push(rough);
            }
            below = start..boxes.len();
            levels.push(below.clone());
        }
        Self {
            items: items.len(),
            leaves,
            boxes: boxes.into(),
            levels: levels.into(),
        }
    }

    /// Names every item whose box may intersect a part that does not span the antimeridian, until
    /// told to stop.
    pub(crate) fn search(
        &self,
        part: Bounds,
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let query = Rough::of(part);
        match self.levels.len().checked_sub(1) {
            None => self.reach(0..self.items, query, visit),
            Some(top) => self.descend(top, 0..self.levels[top].len(), query, visit),
        }
    }

    /// Names stretches of neighbours: those that all lie within a part that does not span the antimeridian,
    /// and those of which some may touch it, until told to stop.
    pub(crate) fn sweep(
        &self,
        part: Bounds,
        visit: &mut impl FnMut(Swept) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let query = Rough::of(part);
        match self.levels.len().checked_sub(1) {
            None => visit(Swept::Near(0..self.items)),
            Some(top) => self.sweep_level(top, 0..self.levels[top].len(), (query, part), visit),
        }
    }

    /// Looks at some neighbours of one level of nodes, as deep as [`PackedTree::descend`].
    fn sweep_level(
        &self,
        level: usize,
        within: Range<usize>,
        (query, part): (Rough, Bounds),
        visit: &mut impl FnMut(Swept) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = self.levels[level].start;
        for at in within {
            let node = self.boxes[start + at];
            if !node.touches(query) {
                continue;
            }
            let below = level.checked_sub(1);
            if node.lies_in(part) {
                // What a node of this level has of items.
                let each = NODE.saturating_pow(u32::try_from(level + 1).unwrap_or(u32::MAX));
                let end = (at + 1).saturating_mul(each).min(self.items);
                visit(Swept::Within(at * each..end))?;
                continue;
            }
            let most = below.map_or(self.items, |below| self.levels[below].len());
            let children = at * NODE..((at + 1) * NODE).min(most);
            match below {
                None => visit(Swept::Near(children))?,
                Some(below) => self.sweep_level(below, children, (query, part), visit)?,
            }
        }
        ControlFlow::Continue(())
    }

    /// Looks at some neighbours of one level of nodes. As deep as the tree is high, 8 for all of `u32`.
    fn descend(
        &self,
        level: usize,
        within: Range<usize>,
        query: Rough,
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = self.levels[level].start;
        for at in within {
            if !self.boxes[start + at].touches(query) {
                continue;
            }
            let below = level.checked_sub(1);
            let most = below.map_or(self.items, |below| self.levels[below].len());
            let children = at * NODE..((at + 1) * NODE).min(most);
            match below {
                None => self.reach(children, query, visit)?,
                Some(below) => self.descend(below, children, query, visit)?,
            }
        }
        ControlFlow::Continue(())
    }

    /// Looks at some neighbours among the items.
    fn reach(
        &self,
        within: Range<usize>,
        query: Rough,
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for at in within {
            if self.leaves.rough(at).touches(query) {
                visit(u32::try_from(at).unwrap_or(u32::MAX))?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// A box of one position, in single precision.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a search reaches a step further"
)]
#[expect(clippy::float_cmp, reason = "the very same number")]
fn point(bounds: Bounds) -> Option<[f32; 2]> {
    let alone = bounds.west() == bounds.east() && bounds.south() == bounds.north();
    alone.then(|| [bounds.west() as f32, bounds.south() as f32])
}

/// How far along a Hilbert curve through `all`, 65,536 cells wide, the middle of a box lies.
fn along_curve(rough: Rough, all: Rough) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 65535, saturating"
    )]
    let share = |low: f32, high: f32, from: f32, to: f32| -> u16 {
        let width = (to - from).max(f32::MIN_POSITIVE);
        ((f32::midpoint(low, high) - from) / width * 65_535.0) as u16
    };
    curve::along(
        share(rough.west, rough.east, all.west, all.east),
        share(rough.south, rough.north, all.south, all.north),
    )
}

#[cfg(test)]
mod tests;
