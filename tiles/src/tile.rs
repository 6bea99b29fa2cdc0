//! Tiles of the XYZ pyramid in Web Mercator (EPSG:3857), and the projection into it.
//!
//! World coordinates here are fractions of the pyramid: `(0, 0)` is the north-west corner of tile
//! 0/0/0 and `(1, 1)` its south-east corner; longitude 180 is `x = 1`, latitude ±85.0511 is `y = 0` or `1`.

use crate::place::Bounds;
use std::f64::consts::PI;
use std::fmt;

/// The deepest zoom served.
pub const MAX_ZOOM: u8 = 22;

/// The latitude at which Web Mercator is cut off so that the world is a square.
pub const MERCATOR_LATITUDE: f64 = 85.051_128_779_806_59;

/// A tile that the pyramid does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tile {z}/{x}/{y} is not in the pyramid: z is 0 to 22, x and y are 0 to 2^z - 1")]
pub struct NoSuchTile {
    /// Zoom given.
    pub z: u8,
    /// Column given.
    pub x: u32,
    /// Row given.
    pub y: u32,
}

/// A tile in the pyramid: `z <= 22`, `x` and `y` below `2^z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileCoord {
    z: u8,
    x: u32,
    y: u32,
}

impl TileCoord {
    /// Checks that the tile is in the pyramid.
    pub fn new(z: u8, x: u32, y: u32) -> Result<Self, NoSuchTile> {
        if z <= MAX_ZOOM && x < (1 << z) && y < (1 << z) {
            Ok(Self { z, x, y })
        } else {
            Err(NoSuchTile { z, x, y })
        }
    }

    /// Zoom.
    pub fn z(self) -> u8 {
        self.z
    }

    /// Column, from the west.
    pub fn x(self) -> u32 {
        self.x
    }

    /// Row, from the north.
    pub fn y(self) -> u32 {
        self.y
    }

    /// The box of the tile in degrees.
    pub fn bounds(self) -> Bounds {
        self.bounds_with(0.0)
    }

    /// The box of the tile, grown on every side by a fraction of its width.
    /// At the edges of the pyramid longitudes wrap, so the box may span the antimeridian.
    pub fn bounds_with(self, buffer: f64) -> Bounds {
        let size = f64::from(1_u32 << self.z);
        let west = (f64::from(self.x) - buffer) / size;
        let east = (f64::from(self.x) + 1.0 + buffer) / size;
        let north = (f64::from(self.y) - buffer) / size;
        let south = (f64::from(self.y) + 1.0 + buffer) / size;
        Bounds::clamped(
            west * 360.0 - 180.0,
            // The rows at the edge of the pyramid own the polar caps: nothing else can show them.
            if south >= 1.0 { -90.0 } else { latitude(south) },
            east * 360.0 - 180.0,
            if north <= 0.0 { 90.0 } else { latitude(north) },
        )
    }

    /// The tile of the same position at a coarser zoom; itself where `z` is not coarser.
    #[must_use]
    pub fn ancestor(self, z: u8) -> Self {
        let up = self.z.saturating_sub(z);
        Self {
            z: self.z - up,
            x: self.x >> up,
            y: self.y >> up,
        }
    }
}

impl fmt::Display for TileCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}

/// World x of a longitude: 0 at -180°, 1 at 180°.
pub fn world_x(lon: f64) -> f64 {
    lon / 360.0 + 0.5
}

/// World y of a latitude: 0 at 85.0511° north, 1 at 85.0511° south; latitudes beyond are clamped.
pub fn world_y(lat: f64) -> f64 {
    let sin = lat
        .clamp(-MERCATOR_LATITUDE, MERCATOR_LATITUDE)
        .to_radians()
        .sin();
    (0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * PI)).clamp(0.0, 1.0)
}

/// Latitude of a world y.
pub fn latitude(world_y: f64) -> f64 {
    (PI * (1.0 - 2.0 * world_y)).sinh().atan().to_degrees()
}

/// The tiles at zoom `z` that a box touches: ranges of columns (one, or two over the antimeridian)
/// and the range of rows, all inclusive.
pub fn tiles_of(bounds: Bounds, z: u8) -> (Vec<(u32, u32)>, (u32, u32)) {
    let columns = bounds
        .parts()
        .map(|part| {
            (
                column(world_x(part.west()), z),
                column(world_x(part.east()), z),
            )
        })
        .collect();
    let rows = (
        column(world_y(bounds.north()), z),
        column(world_y(bounds.south()), z),
    );
    (columns, rows)
}

/// The column (or row) at zoom `z` of a world coordinate, clamped into the pyramid.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..2^z before the cast"
)]
pub fn column(world: f64, z: u8) -> u32 {
    let size = f64::from(1_u32 << z);
    (world * size).floor().clamp(0.0, size - 1.0) as u32
}

#[cfg(test)]
mod tests;
