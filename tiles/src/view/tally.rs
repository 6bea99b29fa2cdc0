//! The counts of the cells that touch a box, put together from any number of indexes.
//!
//! The box is covered once by cells three resolutions coarser; their descendants are ranges of
//! indexes, and only these are asked of each index. What they name is tested against the box once, at
//! the end. Promises whole counts, also of cells that stick out of the box, in order of cell.

use super::cells::CountedCells;
use crate::cell::Cell;
use crate::place::Bounds;

/// Boxes of more coarse cells than this are not taken apart.
const MOST_COARSE: f64 = 256.0;
/// This few counted cells are looked at one by one. Fewer in tests, which go both ways.
const FEW: usize = if cfg!(test) { 8 } else { 256 };

/// Counts being put together.
#[derive(Debug)]
pub(crate) struct Tally {
    bounds: Bounds,
    resolution: u8,
    /// Ranges of indexes, both ends included, in order, that hold every cell touching the box.
    cover: Vec<(u64, u64)>,
    found: Vec<(u64, u32)>,
}

impl Tally {
    /// Begins to count the cells of a resolution that touch a box.
    pub(crate) fn new(bounds: Bounds, resolution: u8) -> Self {
        Self {
            bounds,
            resolution,
            cover: cover(bounds, resolution).unwrap_or_else(|| vec![(0, u64::MAX)]),
            found: Vec::new(),
        }
    }

    /// Adds everything that an index counts.
    pub(crate) fn add(&mut self, counted: &impl CountedCells) {
        let everything = [(0, u64::MAX)];
        let ranges = if counted.len(self.resolution) > FEW {
            self.cover.as_slice()
        } else {
            &everything
        };
        for (first, last) in ranges {
            counted.range(self.resolution, *first, *last, &mut |index, count| {
                self.found.push((index, count));
            });
        }
    }

    /// Adds one feature by its cell of the finest resolution.
    pub(crate) fn add_one(&mut self, finest: Cell) {
        let index = u64::from(finest.parent(self.resolution));
        let at = self.cover.partition_point(|(_, last)| *last < index);
        if self.cover.get(at).is_some_and(|(first, _)| *first <= index) {
            self.found.push((index, 1));
        }
    }

    /// The counts of the cells that touch the box, in order of cell.
    pub(crate) fn finish(self) -> Vec<(Cell, u32)> {
        let bounds = self.bounds;
        let near = self.near();
        near.filter(|(cell, _)| cell.bounds().intersects(bounds))
            .collect()
    }

    /// These counts, and those of some cells that are only near the box.
    pub(crate) fn near(mut self) -> impl Iterator<Item = (Cell, u32)> {
        sum(&mut self.found);
        let cells = self.found.into_iter();
        cells.filter_map(|(index, count)| Some((Cell::try_from(index).ok()?, count)))
    }
}

/// Puts counts of the same cell together and all in order of cell.
pub(crate) fn sum<C: Ord>(counts: &mut Vec<(C, u32)>) {
    counts.sort_unstable();
    counts.dedup_by(|(cell, count), (known, total)| {
        let same = cell == known;
        if same {
            *total += *count;
        }
        same
    });
}

/// Ranges of the indexes at a resolution that hold every cell touching the bounds; `None` where that
/// would be too many.
fn cover(bounds: Bounds, resolution: u8) -> Option<Vec<(u64, u64)>> {
    let coarse = resolution.saturating_sub(3);
    let reach = coarse_reach(coarse, bounds);
    if coarse == 0 || about_cells(coarse, reach) >= MOST_COARSE {
        return None;
    }
    let cells = Cell::covering(reach, coarse, 512).ok().flatten()?;
    let ranges = cells.iter().filter_map(|cell| cell.descendants(resolution));
    Some(ranges.collect())
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

#[cfg(test)]
mod tests;
