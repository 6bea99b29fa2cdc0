//! Counts per H3 cell, at every resolution up to the finest.
//!
//! Cells that are descendants of one cell have neighbouring indexes, so in sorted counts the cells
//! near a box are a few ranges: see [`Tally`](super::tally::Tally), which asks for them.

use crate::cell::{Cell, FINEST};
use crate::view::codes::Codes;
use imbl::OrdMap;

/// Counts that can be added to a tally; the same walk serves live maps and sealed segments.
pub(crate) trait CountedCells {
    /// Calls `visit` with each cell index and count within the range of indexes, both ends included.
    fn range(&self, resolution: u8, first: u64, last: u64, visit: &mut dyn FnMut(u64, u32));

    /// How many cells of a resolution are counted.
    fn len(&self, resolution: u8) -> usize;
}

/// Live counts: one sorted map per resolution, snapshotted by sharing.
#[derive(Debug, Clone)]
pub(crate) struct CellCounts {
    by_resolution: Vec<OrdMap<u64, u32>>,
}

impl Default for CellCounts {
    fn default() -> Self {
        Self {
            by_resolution: (0..=FINEST).map(|_| OrdMap::new()).collect(),
        }
    }
}

impl CellCounts {
    /// Moves one count from a finest cell to another, either of which may be absent.
    pub(crate) fn set(&mut self, prev: Option<Cell>, next: Option<Cell>) {
        for resolution in (0..=FINEST).rev() {
            let (prev, next) = (
                prev.map(|cell| cell.parent(resolution)),
                next.map(|cell| cell.parent(resolution)),
            );
            // Equal parents here are equal parents further up.
            if prev == next {
                return;
            }
            let counts = &mut self.by_resolution[usize::from(resolution)];
            if let Some(cell) = prev {
                let key = u64::from(cell);
                match counts.get_mut(&key) {
                    Some(count) if *count > 1 => *count -= 1,
                    _ => {
                        counts.remove(&key);
                    }
                }
            }
            if let Some(cell) = next {
                *counts.entry(u64::from(cell)).or_insert(0) += 1;
            }
        }
    }
}

impl CountedCells for CellCounts {
    fn len(&self, resolution: u8) -> usize {
        let counts = self.by_resolution.get(usize::from(resolution));
        counts.map_or(0, OrdMap::len)
    }

    fn range(&self, resolution: u8, first: u64, last: u64, visit: &mut dyn FnMut(u64, u32)) {
        if let Some(counts) = self.by_resolution.get(usize::from(resolution)) {
            for (cell, count) in counts.range(first..=last) {
                visit(*cell, *count);
            }
        }
    }
}

/// Counts that no longer change: sorted arrays.
#[derive(Debug)]
pub(crate) struct SealedCounts {
    by_resolution: Box<[Level]>,
}

/// The cells of one resolution, in order, and how often each was counted.
#[derive(Debug)]
struct Level {
    cells: Box<[Cell]>,
    counts: Codes,
}

impl Level {
    fn pairs(&self) -> impl Iterator<Item = (Cell, u32)> {
        let cells = self.cells.iter().enumerate();
        cells.map(|(at, cell)| (*cell, self.counts.get(at)))
    }
}

impl FromIterator<(Cell, u32)> for Level {
    fn from_iter<I: IntoIterator<Item = (Cell, u32)>>(counted: I) -> Self {
        let (mut cells, mut counts): (Vec<Cell>, Vec<u32>) = (Vec::new(), Vec::new());
        for (cell, count) in counted {
            match counts.last_mut() {
                Some(total) if cells.last() == Some(&cell) => *total += count,
                _ => {
                    cells.push(cell);
                    counts.push(count);
                }
            }
        }
        Self {
            cells: cells.into(),
            counts: Codes::of(&counts),
        }
    }
}

impl SealedCounts {
    /// Counts the finest cells given.
    pub(crate) fn of(cells: impl Iterator<Item = Cell>) -> Self {
        let mut finest: Vec<Cell> = cells.collect();
        finest.sort_unstable();
        Self::above(finest.into_iter().map(|cell| (cell, 1)).collect())
    }

    /// Counts by the numbers of cells, as [`SealedCounts::number_of`] gives them, of the finest ones in
    /// order.
    pub(crate) fn numbering(cells: &[Cell], numbers: &Codes) -> Self {
        let mut counts = vec![0; cells.len() + 1];
        for at in 0..numbers.len() {
            if let Some(count) = counts.get_mut(numbers.get(at) as usize) {
                *count += 1;
            }
        }
        let counted = cells.iter().copied().zip(counts.into_iter().skip(1));
        Self::above(counted.collect())
    }

    fn above(finest: Level) -> Self {
        let mut levels = vec![finest];
        for resolution in (0..FINEST).rev() {
            let finer = levels.last().into_iter().flat_map(Level::pairs);
            let coarser = finer
                .map(|(cell, count)| (cell.parent(resolution), count))
                .collect();
            levels.push(coarser);
        }
        levels.reverse();
        Self {
            by_resolution: levels.into(),
        }
    }

    /// The finest cells that are counted, in order.
    pub(crate) fn finest(&self) -> &[Cell] {
        self.level(FINEST).map_or(&[], |level| &level.cells)
    }

    fn level(&self, resolution: u8) -> Option<&Level> {
        self.by_resolution.get(usize::from(resolution))
    }

    /// The number of a finest cell among those that are counted, from 1 on; 0 for none.
    pub(crate) fn number_of(&self, cell: Option<Cell>) -> u32 {
        let level = cell.and_then(|cell| Some((self.level(FINEST)?, cell)));
        let at = level.and_then(|(level, cell)| level.cells.binary_search(&cell).ok());
        at.map_or(0, |at| u32::try_from(at + 1).unwrap_or(u32::MAX))
    }

    /// The finest cell of a number.
    pub(crate) fn numbered(&self, number: u32) -> Option<Cell> {
        let at = number.checked_sub(1)?;
        self.level(FINEST)?.cells.get(at as usize).copied()
    }
}

impl CountedCells for SealedCounts {
    fn len(&self, resolution: u8) -> usize {
        self.level(resolution).map_or(0, |level| level.cells.len())
    }

    fn range(&self, resolution: u8, first: u64, last: u64, visit: &mut dyn FnMut(u64, u32)) {
        let Some(level) = self.level(resolution) else {
            return;
        };
        let start = level.cells.partition_point(|cell| u64::from(*cell) < first);
        let end = level.cells.partition_point(|cell| u64::from(*cell) <= last);
        for at in start..end {
            visit(u64::from(level.cells[at]), level.counts.get(at));
        }
    }
}
