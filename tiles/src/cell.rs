//! H3 cells: the grid that features are counted in and live topics are made of.
//!
//! A position is indexed once, at [`FINEST`], and coarser cells are derived as index parents (H3
//! children do not nest geometrically, so counts are only ever summed by index).

use crate::place::{Bounds, LonLat};
use h3o::{CellIndex, LatLng, Resolution};
use std::collections::{HashSet, VecDeque};
use std::fmt;

/// The resolution every position is indexed at: cells of about 300 m².
pub const FINEST: u8 = 12;

/// A resolution that is not used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("resolution {0} is not served: H3 resolutions here are 0 to 12")]
pub struct NoSuchResolution(pub u8);

/// One H3 cell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell(CellIndex);

impl Cell {
    /// The cell of a position at [`FINEST`].
    #[expect(clippy::missing_panics_doc, reason = "a LonLat is finite")]
    pub fn finest(at: LonLat) -> Self {
        let position = LatLng::new(at.lat(), at.lon()).expect("a LonLat is finite");
        Self(position.to_cell(Resolution::Twelve))
    }

    /// The cell of a position at a resolution of 0 to 12.
    pub fn of(at: LonLat, resolution: u8) -> Result<Self, NoSuchResolution> {
        Ok(Self::finest(at).parent(checked(resolution)?))
    }

    /// The index parent at a coarser resolution; the cell itself where it is not coarser.
    #[must_use]
    pub fn parent(self, resolution: u8) -> Self {
        Resolution::try_from(resolution)
            .ok()
            .and_then(|resolution| self.0.parent(resolution))
            .map_or(self, Self)
    }

    /// The resolution of the cell.
    pub fn resolution(self) -> u8 {
        u8::from(self.0.resolution())
    }

    /// The middle of the cell.
    pub fn center(self) -> LonLat {
        let center = LatLng::from(self.0);
        on_globe(center)
    }

    /// The corners of the cell, 5 to 10, counter-clockwise, not closed.
    pub fn corners(self) -> Vec<LonLat> {
        self.0.boundary().iter().map(|at| on_globe(*at)).collect()
    }

    /// A box that holds the cell. It may span the antimeridian; a cell with a pole in it, or wider
    /// than half the globe, gets all longitudes.
    pub fn bounds(self) -> Bounds {
        let corners = self.corners();
        let center = self.center();
        let (mut west, mut east) = (0.0_f64, 0.0_f64);
        let (mut south, mut north) = (90.0_f64, -90.0_f64);
        for corner in &corners {
            let offset = (corner.lon() - center.lon() + 540.0).rem_euclid(360.0) - 180.0;
            west = west.min(offset);
            east = east.max(offset);
            south = south.min(corner.lat());
            north = north.max(corner.lat());
        }
        // Great-circle edges bulge a little past their corners.
        let bulge = (north - south) * 0.02;
        if east - west > 150.0 || north > 88.0 || south < -88.0 {
            let (south, north) = if center.lat() > 0.0 {
                (south - bulge, 90.0)
            } else {
                (-90.0, north + bulge)
            };
            return Bounds::clamped(-180.0, south, 180.0, north);
        }
        Bounds::clamped(
            center.lon() + west,
            south - bulge,
            center.lon() + east,
            north + bulge,
        )
    }

    /// A box that holds every position indexed into the cell. Index children stick out of their
    /// parents, so it is wider than [`Cell::bounds`].
    pub(crate) fn reach(self) -> Bounds {
        let bounds = self.bounds();
        let width = (bounds.east() - bounds.west()).rem_euclid(360.0);
        let height = bounds.north() - bounds.south();
        bounds.grown(width * 0.3, height * 0.3)
    }

    /// The range of indexes, both ends included, that the descendants at a finer resolution have.
    pub(crate) fn descendants(self, resolution: u8) -> Option<(u64, u64)> {
        let own = self.resolution();
        let finer = Resolution::try_from(resolution).ok()?;
        let first = u64::from(self.0.center_child(finer)?);
        // Each digit takes three bits, that of resolution 15 the lowest; the last child has digit 6.
        let last = (own + 1..=resolution).fold(first, |last, r| last | (6 << (3 * (15 - r))));
        Some((first, last))
    }

    /// The cells of a resolution that a box may touch: a superset by bounding box. `None` when
    /// there are more than `limit`.
    pub fn covering(
        bounds: Bounds,
        resolution: u8,
        limit: usize,
    ) -> Result<Option<Vec<Self>>, NoSuchResolution> {
        let resolution = checked(resolution)?;
        let mut found = HashSet::new();
        for part in bounds.parts() {
            let seed = Self::finest(part.center()).parent(resolution);
            let mut queue = VecDeque::from([seed]);
            let mut visited = HashSet::from([seed]);
            found.insert(seed);
            while let Some(cell) = queue.pop_front() {
                for neighbour in cell.0.grid_disk::<Vec<_>>(1).into_iter().map(Self) {
                    if visited.insert(neighbour) && neighbour.bounds().intersects(part) {
                        found.insert(neighbour);
                        queue.push_back(neighbour);
                    }
                }
                if found.len() > limit {
                    return Ok(None);
                }
            }
        }
        let mut cells: Vec<_> = found.into_iter().collect();
        cells.sort_unstable();
        Ok(Some(cells))
    }
}

impl fmt::Display for Cell {
    /// The usual hexadecimal text of an H3 index, such as `8a48cd2b4177fff`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Cell> for u64 {
    fn from(cell: Cell) -> Self {
        Self::from(cell.0)
    }
}

impl TryFrom<u64> for Cell {
    type Error = h3o::error::InvalidCellIndex;

    fn try_from(index: u64) -> Result<Self, Self::Error> {
        CellIndex::try_from(index).map(Self)
    }
}

/// The resolution whose cells suit a zoom: some 25 to 40 cells across a tile.
pub fn resolution_for_zoom(zoom: u8) -> u8 {
    // One H3 resolution is a factor of √7, that is 1.404 zooms; resolution 8 suits zoom 10.
    const BY_ZOOM: [u8; 17] = [0, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 10, 11, 12];
    BY_ZOOM.get(usize::from(zoom)).copied().unwrap_or(FINEST)
}

/// The coarsest cells that a tile of a zoom ever shows, where finer ones are too heavy. The marks of a
/// change reach as far as these do, so that a tile is never newer than its seq.
pub(crate) fn coarsest_for_zoom(zoom: u8) -> u8 {
    resolution_for_zoom(zoom).saturating_sub(1)
}

fn checked(resolution: u8) -> Result<u8, NoSuchResolution> {
    if resolution <= FINEST {
        Ok(resolution)
    } else {
        Err(NoSuchResolution(resolution))
    }
}

fn on_globe(at: LatLng) -> LonLat {
    LonLat::new(at.lng().clamp(-180.0, 180.0), at.lat().clamp(-90.0, 90.0))
        .expect("clamped to the globe")
}

#[cfg(test)]
mod tests;
