//! The tiles that a position may be seen in, level by level: what every change of a unit asks twice.
//!
//! The same reach as that of a box, see [`reach`](super::reach), counted in shares of the world: Mercator is
//! conformal, so a margin is as wide as it is high. Answers only where that is simple: for a position that
//! is not near a pole, nor so near the antimeridian that its tiles lie on both sides.

use super::{BUFFER, LEVELS, cell_reach_deg};
use crate::place::Bounds;
use crate::tile::{world_x, world_y};
use std::sync::LazyLock;

/// Nearer to a pole a margin is many tiles.
const FARTHEST_NORTH: f64 = 60.0;

/// Some tiles of one level: columns and rows, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Block {
    columns: [u32; 2],
    rows: [u32; 2],
}

impl Block {
    pub(super) fn each(self) -> impl Iterator<Item = (u32, u32)> {
        let [first, last] = self.rows;
        let columns = self.columns[0]..=self.columns[1];
        columns.flat_map(move |x| (first..=last).map(move |y| (x, y)))
    }

    pub(super) fn holds(self, (x, y): (u32, u32)) -> bool {
        let within = |[first, last]: [u32; 2], at: u32| first <= at && at <= last;
        within(self.columns, x) && within(self.rows, y)
    }
}

/// Those of each level.
pub(super) type Tiles = [Block; LEVELS.len()];

/// How far beyond a position a level reaches.
#[derive(Debug, Clone, Copy)]
struct Margin {
    /// Tiles of the level from west to east.
    tiles: f64,
    /// By the buffer of a tile, as a share of the world.
    buffer: f64,
    /// By a cell, as a share of the equator; and the sine and cosine of its angle.
    cell: f64,
    sin: f64,
    cos: f64,
}

static MARGINS: LazyLock<[Margin; LEVELS.len()]> = LazyLock::new(|| {
    LEVELS.map(|level| {
        let (cell_deg, tiles) = (cell_reach_deg(level), f64::from(1_u32 << level));
        let (sin, cos) = cell_deg.to_radians().sin_cos();
        Margin {
            tiles,
            buffer: BUFFER / tiles,
            cell: cell_deg / 360.0,
            sin,
            cos,
        }
    })
});

/// The tiles of each level that may show a position, or the counted cell of it.
pub(super) fn tiles_around(bounds: Bounds) -> Option<Tiles> {
    #[expect(clippy::float_cmp, reason = "the very same number")]
    let alone = bounds.west() == bounds.east() && bounds.south() == bounds.north();
    let latitude = bounds.south().abs();
    if !alone || latitude > FARTHEST_NORTH {
        return None;
    }
    let (x, y) = (world_x(bounds.west()), world_y(bounds.south()));
    let (sin, cos) = latitude.to_radians().sin_cos();
    let mut tiles = Tiles::default();
    // All of the world is the one tile of the first level.
    for (block, margin) in tiles.iter_mut().zip(&*MARGINS).skip(1) {
        // The cosine of the latitude that a cell may reach.
        let shrink = cos * margin.cos - sin * margin.sin;
        let margin_world = margin.buffer + margin.cell / shrink;
        let (west, east) = (x - margin_world, x + margin_world);
        if shrink < 0.1 || west < 0.0 || east >= 1.0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "shares from 0 to 1 of at most 65,536 tiles"
        )]
        let tile = |share: f64| (share.clamp(0.0, 1.0) * margin.tiles) as u32;
        let last = tile(1.0) - 1;
        block.columns = [tile(west), tile(east)];
        block.rows = [tile(y - margin_world), tile(y + margin_world).min(last)];
    }
    Some(tiles)
}

#[cfg(test)]
mod tests;
