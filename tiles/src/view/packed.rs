//! A spatial index of boxes that no longer change: a packed Hilbert R-tree.
//!
//! Items are sorted along a Hilbert curve and every sixteen neighbours share a node, level by level,
//! in two flat arrays: no pointers, no slack, built in one sort. (Kamel and Faloutsos, "Hilbert
//! R-tree", VLDB 1994.) Boxes are kept in single precision, rounded outward: a search may name an item
//! whose box only nearly touches the query, and never misses one that does, so callers compare the
//! true box. Refuses more items than a `u32` counts: they are not indexed by any caller.

use crate::place::Bounds;
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

/// The index: items are the numbers that the caller gave them.
#[derive(Debug, Default)]
pub(crate) struct PackedTree {
    /// Items in Hilbert order.
    items: Box<[u32]>,
    /// Their boxes, then those of the nodes above them, level by level, the root last.
    boxes: Box<[Rough]>,
    /// Where each level lies in `boxes`, that of the items first.
    levels: Box<[Range<usize>]>,
}

impl PackedTree {
    /// Packs numbered boxes, none of which spans the antimeridian.
    pub(crate) fn new(items: impl Iterator<Item = (u32, Bounds)>) -> Self {
        let items: Vec<(u32, Rough)> = items
            .map(|(item, bounds)| (item, Rough::of(bounds)))
            .collect();
        let all = (items.iter()).fold(Rough::NOTHING, |all, (_, rough)| all.with(*rough));
        let mut order: Vec<(u32, u32)> = (items.iter().zip(0..))
            .map(|((_, rough), at)| (along_curve(*rough, all), at))
            .collect();
        order.sort_unstable();
        let sorted = || order.iter().map(|(_, at)| &items[*at as usize]);
        let mut boxes: Vec<Rough> = Vec::with_capacity(items.len() + items.len() / (NODE - 1) + 2);
        boxes.extend(sorted().map(|(_, rough)| *rough));
        let mut levels: Vec<Range<usize>> = Vec::new();
        levels.push(0..boxes.len());
        while let Some(level) = levels.last().filter(|level| level.len() > 1).cloned() {
            let start = boxes.len();
            for node in level.clone().step_by(NODE) {
                let children = node..(node + NODE).min(level.end);
                let rough = boxes[children].iter().copied();
                boxes.push(rough.fold(Rough::NOTHING, Rough::with));
            }
            levels.push(start..boxes.len());
        }
        Self {
            items: sorted().map(|(item, _)| *item).collect(),
            boxes: boxes.into(),
            levels: levels.into(),
        }
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Names every item whose box may intersect a part that does not span the antimeridian, until
    /// told to stop.
    pub(crate) fn search(
        &self,
        part: Bounds,
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some((top, root)) = self.levels.iter().enumerate().next_back() else {
            return ControlFlow::Continue(());
        };
        self.descend(top, root.clone(), Rough::of(part), visit)
    }

    /// Looks at some neighbours of one level. As deep as the tree is high, 8 for all of `u32`.
    fn descend(
        &self,
        level: usize,
        within: Range<usize>,
        query: Rough,
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for at in within {
            if !self.boxes[at].touches(query) {
                continue;
            }
            match level.checked_sub(1) {
                None => visit(self.items[at])?,
                Some(below) => {
                    let under = &self.levels[below];
                    let first = under.start + (at - self.levels[level].start) * NODE;
                    let children = first..(first + NODE).min(under.end);
                    self.descend(below, children, query, visit)?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// How far along a Hilbert curve through `all`, 65,536 cells wide, the middle of a box lies.
fn along_curve(rough: Rough, all: Rough) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 65535, saturating"
    )]
    let share = |low: f32, high: f32, from: f32, to: f32| -> u32 {
        let width = (to - from).max(f32::MIN_POSITIVE);
        ((f32::midpoint(low, high) - from) / width * 65_535.0) as u32 & 0xFFFF
    };
    let mut x = share(rough.west, rough.east, all.west, all.east);
    let mut y = share(rough.south, rough.north, all.south, all.north);
    let mut along = 0;
    let mut side = 1 << 15;
    while side > 0 {
        let (right, up) = (x & side > 0, y & side > 0);
        along += side * side * ((u32::from(right) * 3) ^ u32::from(up));
        if !up {
            if right {
                (x, y) = (0xFFFF - x, 0xFFFF - y);
            }
            (x, y) = (y, x);
        }
        side >>= 1;
    }
    along
}

#[cfg(test)]
mod tests;
