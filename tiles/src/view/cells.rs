//! Counts per H3 cell, at every resolution up to the finest.
//!
//! Cells that are descendants of one cell have neighbouring indexes, so a sorted map answers "which
//! counted cells are near this box" by a few ranges, without visiting the empty ones.

use crate::cell::{Cell, FINEST};
use crate::place::Bounds;
use imbl::OrdMap;

/// Boxes of more coarse cells than this are not taken apart.
const MOST_COARSE: f64 = 256.0;
/// This few counted cells are looked at one by one. Fewer in tests, which go both ways.
const FEW: usize = if cfg!(test) { 8 } else { 256 };

/// A count that can be added to a total; the same walk serves live maps and sealed segments.
pub(crate) trait CountedCells {
    /// Calls `visit` with each cell index and count within the range of indexes, both ends included.
    fn range(&self, resolution: u8, first: u64, last: u64, visit: &mut dyn FnMut(u64, u32));

    /// How many cells of a resolution are counted.
    fn len(&self, resolution: u8) -> usize;

    /// Calls `visit` with each counted cell of the resolution that touches the bounds.
    fn visit(&self, bounds: Bounds, resolution: u8, visit: &mut dyn FnMut(Cell, u32)) {
        // A few coarse cells cover the box; their descendants are contiguous.
        let coarse = resolution.saturating_sub(3);
        let reach = coarse_reach(coarse, bounds);
        let many = coarse > 0 && self.len(resolution) > FEW;
        let cover = (many && about_cells(coarse, reach) < MOST_COARSE)
            .then(|| Cell::covering(reach, coarse, 512).ok().flatten())
            .flatten();
        let mut touching = |index: u64, count: u32| {
            if let Ok(cell) = Cell::try_from(index)
                && cell.bounds().intersects(bounds)
            {
                visit(cell, count);
            }
        };
        match cover {
            Some(cells) => {
                for (first, last) in cells.iter().filter_map(|cell| cell.descendants(resolution)) {
                    self.range(resolution, first, last, &mut touching);
                }
            }
            None => self.range(resolution, 0, u64::MAX, &mut touching),
        }
    }
}

/// The bounds grown so far that every fine cell touching them has its coarse index parent among the
/// cells that touch the grown bounds: children stick out of their parents by a part of an edge.
fn coarse_reach(coarse: u8, bounds: Bounds) -> Bounds {
    let polewards = bounds.south().abs().max(bounds.north().abs());
    if polewards > 80.0 {
        return Bounds::clamped(-180.0, bounds.south() - 10.0, 180.0, bounds.north() + 10.0);
    }
    let edge_deg = edge_m(coarse) / 111_000.0;
    bounds.grown(edge_deg / polewards.to_radians().cos(), edge_deg)
}

/// About how many cells of a resolution a box takes: cheaper than to enumerate them in vain.
fn about_cells(resolution: u8, bounds: Bounds) -> f64 {
    let wide = bounds.east() - bounds.west();
    let wide = if wide < 0.0 { wide + 360.0 } else { wide };
    let edge_deg = edge_m(resolution) / 111_000.0;
    wide * (bounds.north() - bounds.south()) / (2.6 * edge_deg * edge_deg)
}

/// Longest edge of any cell at a resolution, in metres, generously rounded up.
fn edge_m(resolution: u8) -> f64 {
    1_600_000.0 / 7.0_f64.sqrt().powi(i32::from(resolution))
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

#[cfg(test)]
mod tests;
