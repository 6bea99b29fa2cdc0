//! The coordinate systems of `/ogc`, named by URI as part 2 of the standard asks.
//!
//! Inside there is only WGS 84 with the longitude first; what leaves or enters in another system is
//! turned here. EPSG:4326 has the latitude first, whatever other software makes of it. Refuses every
//! other system by name.

use crate::problem::{Problem, echo};
use atalaya_tiles::Bounds;
use geo::MapCoords;
use geo_types::{Coord, Geometry};
use std::borrow::Cow;

/// WGS 84, longitude first: how everything is stored.
pub(super) const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
/// WGS 84, latitude first.
const EPSG_4326: &str = "http://www.opengis.net/def/crs/EPSG/0/4326";
/// Spherical Mercator in metres.
const EPSG_3857: &str = "http://www.opengis.net/def/crs/EPSG/0/3857";

/// The radius of the sphere of EPSG:3857, in metres.
const RADIUS_M: f64 = 6_378_137.0;
/// The pole lies at infinity in Mercator; what is nearer to it is drawn here.
const MERCATOR_LAT_DEG: f64 = 89.99;

/// A coordinate system that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Crs {
    /// Longitude, latitude.
    #[default]
    Crs84,
    /// Latitude, longitude.
    LatLon,
    /// Metres east and north.
    Mercator,
}

impl Crs {
    /// All of them, the stored one first.
    pub(super) const ALL: [Self; 3] = [Self::Crs84, Self::LatLon, Self::Mercator];

    /// The URI.
    pub(super) fn uri(self) -> &'static str {
        match self {
            Self::Crs84 => CRS84,
            Self::LatLon => EPSG_4326,
            Self::Mercator => EPSG_3857,
        }
    }

    /// Reads the value of `crs` or `bbox-crs`.
    pub(super) fn parse(name: &str, value: Option<&str>) -> Result<Self, Problem> {
        let Some(value) = value else {
            return Ok(Self::default());
        };
        let known = Self::ALL.into_iter().find(|crs| crs.uri() == value);
        known.ok_or_else(|| Problem::BadParameter {
            name: name.into(),
            value: echo(value),
            expected: format!("one of {}", Self::ALL.map(Self::uri).join(", ")),
        })
    }

    /// A stored position in this system.
    pub(super) fn place(self, at: Coord<f64>) -> Coord<f64> {
        match self {
            Self::Crs84 => at,
            Self::LatLon => Coord { x: at.y, y: at.x },
            Self::Mercator => {
                let lat = at.y.clamp(-MERCATOR_LAT_DEG, MERCATOR_LAT_DEG).to_radians();
                Coord {
                    x: at.x.to_radians() * RADIUS_M,
                    y: lat.tan().asinh() * RADIUS_M,
                }
            }
        }
    }

    /// A stored geometry in this system.
    pub(super) fn geometry(self, stored: &Geometry<f64>) -> Cow<'_, Geometry<f64>> {
        match self {
            Self::Crs84 => Cow::Borrowed(stored),
            Self::LatLon | Self::Mercator => Cow::Owned(stored.map_coords(|at| self.place(at))),
        }
    }

    /// A box in this system, given as its first and second corner, in stored coordinates; none if it
    /// is no box.
    pub(super) fn bounds(self, [a, b, c, d]: [f64; 4]) -> Option<Bounds> {
        match self {
            Self::Crs84 => Bounds::new(a, b, c, d).ok(),
            Self::LatLon => Bounds::new(b, a, d, c).ok(),
            Self::Mercator => {
                let finite = [a, b, c, d].into_iter().all(f64::is_finite);
                let lon = |x: f64| (x / RADIUS_M).to_degrees();
                let lat = |y: f64| (y / RADIUS_M).sinh().atan().to_degrees();
                // Clients ask for the edge of the world with the last digit rounded up.
                (finite && a <= c && b <= d)
                    .then(|| Bounds::clamped(lon(a), lat(b), lon(c), lat(d)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
