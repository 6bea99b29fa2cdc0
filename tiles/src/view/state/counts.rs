//! Counts per cell of features that move: those of the last packing, and what moved since.
//!
//! What moved is kept as differences of the finest cells, in order: the last few in one short list, more in
//! a longer one, and the rest by resolution too, where most cancel out, since who moves stays near. Promises
//! the counts of now: differences are added while cells are visited, and a cell that nothing is left in is
//! not visited.

use crate::cell::{Cell, FINEST};
use crate::view::cells::{CountedCells, SealedCounts};
use std::sync::Arc;

/// The most differences in the short list and in the longer one. Fewer in tests, which use all.
const LAST: usize = if cfg!(test) { 4 } else { 512 };
const LATELY: usize = if cfg!(test) { 12 } else { 8_192 };

/// Cells of one resolution, in order, and by how much their counts differ: never by nothing.
type Differences = Vec<(Cell, i32)>;

/// Counts that are snapshotted by sharing.
#[derive(Debug, Clone)]
pub(crate) struct MovingCounts {
    base: Arc<SealedCounts>,
    /// By resolution.
    before: Arc<Vec<Differences>>,
    /// Of finest cells.
    lately: Arc<Differences>,
    last: Arc<Differences>,
}

impl Default for MovingCounts {
    fn default() -> Self {
        Self::of(std::iter::empty())
    }
}

impl MovingCounts {
    /// Counts the finest cells given.
    pub(crate) fn of(cells: impl Iterator<Item = Cell>) -> Self {
        Self {
            base: Arc::new(SealedCounts::of(cells)),
            before: Arc::default(),
            lately: Arc::default(),
            last: Arc::default(),
        }
    }

    /// Moves one count from a finest cell to another, either of which may be absent.
    pub(crate) fn set(&mut self, prev: Option<Cell>, next: Option<Cell>) {
        if prev == next {
            return;
        }
        let last = Arc::make_mut(&mut self.last);
        for (cell, more) in [(prev, -1), (next, 1)] {
            let Some(cell) = cell else { continue };
            match last.binary_search_by_key(&cell, |(cell, _)| *cell) {
                Ok(at) if last[at].1 + more == 0 => drop(last.remove(at)),
                Ok(at) => last[at].1 += more,
                Err(at) => last.insert(at, (cell, more)),
            }
        }
        if last.len() <= LAST {
            return;
        }
        let mut lately = merged(&self.lately, last);
        last.clear();
        if lately.len() > LATELY {
            let finest = self.before.last().map_or(&[][..], Vec::as_slice);
            self.before = Arc::new(by_resolution(merged(finest, &lately)));
            lately.clear();
        }
        self.lately = Arc::new(lately);
    }

    /// By how much counts differ from the base within a range of indexes, both ends included, in order.
    fn differences(&self, resolution: u8, first: u64, last: u64) -> Differences {
        let mut found = Vec::new();
        let before = self.before.get(usize::from(resolution));
        let finest = [&self.lately, &self.last].map(|list| list.as_slice());
        for list in before.map(Vec::as_slice).into_iter().chain(finest) {
            // Parents of cells in order are in order.
            let index = |(cell, _): &(Cell, i32)| u64::from(cell.parent(resolution));
            let start = list.partition_point(|it| index(it) < first);
            let near = list[start..].iter().take_while(|it| index(it) <= last);
            found.extend(near.map(|(cell, more)| (cell.parent(resolution), *more)));
        }
        found.sort_unstable_by_key(|(cell, _)| *cell);
        sum(&mut found);
        found
    }
}

impl CountedCells for MovingCounts {
    fn len(&self, resolution: u8) -> usize {
        let before = self.before.get(usize::from(resolution));
        let few = self.lately.len() + self.last.len();
        self.base.len(resolution) + before.map_or(0, Vec::len) + few
    }

    fn range(&self, resolution: u8, first: u64, last: u64, visit: &mut dyn FnMut(u64, u32)) {
        let found = self.differences(resolution, first, last);
        let mut found = found.into_iter().peekable();
        let mut tell = |index: u64, count: i64| {
            if let Ok(count) = u32::try_from(count)
                && count > 0
            {
                visit(index, count);
            }
        };
        self.base
            .range(resolution, first, last, &mut |index, count| {
                while let Some((cell, more)) = found.next_if(|(cell, _)| u64::from(*cell) < index) {
                    tell(cell.into(), more.into());
                }
                let same = found.next_if(|(cell, _)| u64::from(*cell) == index);
                tell(
                    index,
                    i64::from(count) + same.map_or(0, |(_, more)| i64::from(more)),
                );
            });
        for (cell, more) in found {
            tell(cell.into(), more.into());
        }
    }
}

/// Two lists in one.
fn merged(one: &[(Cell, i32)], other: &[(Cell, i32)]) -> Differences {
    let mut all = Vec::with_capacity(one.len() + other.len());
    all.extend_from_slice(one);
    all.extend_from_slice(other);
    // Two runs in order, which this sort finds.
    all.sort_by_key(|(cell, _)| *cell);
    sum(&mut all);
    all
}

/// Adds up what is told of one cell, in a list in order.
fn sum(all: &mut Differences) {
    all.dedup_by(|(cell, more), (known, total)| {
        let same = cell == known;
        if same {
            *total += *more;
        }
        same
    });
    all.retain(|(_, more)| *more != 0);
}

/// The differences of finest cells at each resolution.
fn by_resolution(finest: Differences) -> Vec<Differences> {
    let mut levels = vec![finest];
    for resolution in (0..FINEST).rev() {
        let finer = levels.last().into_iter().flatten();
        let mut coarser = finer
            .map(|(cell, more)| (cell.parent(resolution), *more))
            .collect();
        sum(&mut coarser);
        coarser.shrink_to_fit();
        levels.push(coarser);
    }
    levels.reverse();
    levels
}

#[cfg(test)]
mod tests;
