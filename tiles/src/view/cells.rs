//! Counts per H3 cell, at every resolution up to the finest.
//!
//! Cells that are descendants of one cell have neighbouring indexes, so in sorted counts the cells
//! near a box are a few ranges: see [`Tally`](super::tally::Tally), which asks for them.

use crate::cell::{Cell, FINEST};
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
    /// Counts the finest cells given.
    pub(crate) fn of(cells: impl Iterator<Item = Cell>) -> Self {
        let sealed = SealedCounts::of(cells).by_resolution.into_iter();
        Self {
            by_resolution: sealed.map(|counts| counts.into_iter().collect()).collect(),
        }
    }

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
    by_resolution: Vec<Vec<(u64, u32)>>,
}

impl SealedCounts {
    /// Counts the finest cells given.
    pub(crate) fn of(cells: impl Iterator<Item = Cell>) -> Self {
        let mut finest: Vec<Cell> = cells.collect();
        finest.sort_unstable();
        let mut counted: Vec<(Cell, u32)> = Vec::new();
        for cell in finest {
            push_or_add(&mut counted, cell, 1);
        }
        let mut by_resolution = vec![Vec::new(); usize::from(FINEST) + 1];
        for resolution in (0..=FINEST).rev() {
            let mut parents = Vec::new();
            for (cell, count) in &counted {
                push_or_add(&mut parents, cell.parent(resolution), *count);
            }
            by_resolution[usize::from(resolution)] = parents
                .iter()
                .map(|(cell, count)| (u64::from(*cell), *count))
                .collect();
            counted = parents;
        }
        Self { by_resolution }
    }
}

fn push_or_add(counted: &mut Vec<(Cell, u32)>, cell: Cell, count: u32) {
    match counted.last_mut() {
        Some((last, total)) if *last == cell => *total += count,
        _ => counted.push((cell, count)),
    }
}

impl CountedCells for SealedCounts {
    fn len(&self, resolution: u8) -> usize {
        let counts = self.by_resolution.get(usize::from(resolution));
        counts.map_or(0, Vec::len)
    }

    fn range(&self, resolution: u8, first: u64, last: u64, visit: &mut dyn FnMut(u64, u32)) {
        let Some(counts) = self.by_resolution.get(usize::from(resolution)) else {
            return;
        };
        let start = counts.partition_point(|(cell, _)| *cell < first);
        for (cell, count) in counts[start..].iter().take_while(|(cell, _)| *cell <= last) {
            visit(*cell, *count);
        }
    }
}
