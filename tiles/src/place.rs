//! Where things are: positions and boxes in WGS 84 longitude and latitude.
//!
//! A [`LonLat`] is always finite and on the globe. A [`Bounds`] may span the antimeridian, in which
//! case its west is greater than its east; every user goes through [`Bounds::parts`].

use crate::units::{Bearing, Meters};
use geo::Intersects;
use geo_types::{Coord, Geometry, Rect};

/// Mean radius of the Earth in metres (IUGG), as used by the haversine formula.
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A position that is not on the globe.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("[{lon}, {lat}] is not on the globe: longitude is -180 to 180, latitude -90 to 90")]
pub struct OffGlobe {
    /// The longitude given.
    pub lon: f64,
    /// The latitude given.
    pub lat: f64,
}

/// A WGS 84 position in degrees: finite, longitude in `[-180, 180]`, latitude in `[-90, 90]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LonLat {
    lon: f64,
    lat: f64,
}

impl LonLat {
    /// Checks that the position is on the globe.
    ///
    /// ```
    /// use atalaya_tiles::LonLat;
    /// assert!(LonLat::new(-110.97, 32.22).is_ok());
    /// assert!(LonLat::new(32.22, -110.97).is_err());
    /// assert!(LonLat::new(f64::NAN, 0.0).is_err());
    /// ```
    pub fn new(lon: f64, lat: f64) -> Result<Self, OffGlobe> {
        if (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) {
            Ok(Self { lon, lat })
        } else {
            Err(OffGlobe { lon, lat })
        }
    }

    /// Longitude in degrees east.
    pub fn lon(self) -> f64 {
        self.lon
    }

    /// Latitude in degrees north.
    pub fn lat(self) -> f64 {
        self.lat
    }

    /// Great-circle distance (haversine, mean Earth radius; within 0.5 % of the ellipsoid).
    pub fn distance(self, to: Self) -> Meters {
        let (lat1, lat2) = (self.lat.to_radians(), to.lat.to_radians());
        let half_lat = ((to.lat - self.lat).to_radians() / 2.0).sin();
        let half_lon = ((to.lon - self.lon).to_radians() / 2.0).sin();
        let a = half_lat * half_lat + lat1.cos() * lat2.cos() * half_lon * half_lon;
        Meters(2.0 * EARTH_RADIUS_M * a.sqrt().min(1.0).asin())
    }

    /// Initial great-circle bearing towards another position; north for the same position.
    pub fn bearing(self, to: Self) -> Bearing {
        let (lat1, lat2) = (self.lat.to_radians(), to.lat.to_radians());
        let lon = (to.lon - self.lon).to_radians();
        let y = lon.sin() * lat2.cos();
        let x = lat1.cos() * lat2.sin() - lat1.sin() * lat2.cos() * lon.cos();
        Bearing::new(y.atan2(x).to_degrees()).unwrap_or(Bearing::NORTH)
    }

    /// The position reached by going `distance` along a great circle that starts with `bearing`.
    #[must_use]
    pub fn destination(self, bearing: Bearing, distance: Meters) -> Self {
        let angle = distance.0 / EARTH_RADIUS_M;
        let (lat, theta) = (self.lat.to_radians(), bearing.degrees().to_radians());
        let sin_lat = lat.sin() * angle.cos() + lat.cos() * angle.sin() * theta.cos();
        let lat2 = sin_lat.clamp(-1.0, 1.0).asin();
        let y = theta.sin() * angle.sin() * lat.cos();
        let lon2 = self.lon.to_radians() + y.atan2(angle.cos() - lat.sin() * sin_lat);
        let lon = (lon2.to_degrees() + 540.0).rem_euclid(360.0) - 180.0;
        Self {
            lon: lon.clamp(-180.0, 180.0),
            lat: lat2.to_degrees().clamp(-90.0, 90.0),
        }
    }
}

/// A box that is not on the globe or is turned over.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "[{west}, {south}, {east}, {north}] is no box: longitudes are -180 to 180, latitudes -90 to 90, south is not above north"
)]
pub struct BadBounds {
    /// Western longitude given.
    pub west: f64,
    /// Southern latitude given.
    pub south: f64,
    /// Eastern longitude given.
    pub east: f64,
    /// Northern latitude given.
    pub north: f64,
}

/// A box in degrees, closed on all sides. `west > east` means that it spans the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl Bounds {
    /// The whole globe.
    pub const WORLD: Self = Self {
        west: -180.0,
        south: -90.0,
        east: 180.0,
        north: 90.0,
    };

    /// Checks the four edges; `west > east` is allowed and spans the antimeridian.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, BadBounds> {
        let corners = LonLat::new(west, south).is_ok() && LonLat::new(east, north).is_ok();
        if corners && south <= north {
            Ok(Self {
                west,
                south,
                east,
                north,
            })
        } else {
            Err(BadBounds {
                west,
                south,
                east,
                north,
            })
        }
    }

    /// A box that is clamped to the globe, for callers that computed its edges themselves.
    /// Longitudes past ±180 wrap; a box that is 360° wide or wider becomes all longitudes.
    pub fn clamped(west: f64, south: f64, east: f64, north: f64) -> Self {
        let wrap = |lon: f64| {
            if (-180.0..=180.0).contains(&lon) {
                lon
            } else {
                (lon + 180.0).rem_euclid(360.0) - 180.0
            }
        };
        let (west, east) = if east - west >= 360.0 {
            (-180.0, 180.0)
        } else {
            (wrap(west), wrap(east))
        };
        Self {
            west,
            south: south.clamp(-90.0, 90.0),
            east,
            north: north.clamp(-90.0, 90.0),
        }
    }

    /// The box of a single position.
    pub fn of_point(at: LonLat) -> Self {
        Self {
            west: at.lon,
            south: at.lat,
            east: at.lon,
            north: at.lat,
        }
    }

    /// The box of a geometry; `None` when it has no positions. Never spans the antimeridian: a
    /// geometry that does is given in parts, as RFC 7946 section 3.1.9 asks.
    pub fn of_geometry(geometry: &Geometry<f64>) -> Option<Self> {
        use geo::BoundingRect;
        let rect = geometry.bounding_rect()?;
        Some(Self {
            west: rect.min().x,
            south: rect.min().y,
            east: rect.max().x,
            north: rect.max().y,
        })
    }

    /// Western edge in degrees.
    pub fn west(self) -> f64 {
        self.west
    }

    /// Southern edge in degrees.
    pub fn south(self) -> f64 {
        self.south
    }

    /// Eastern edge in degrees.
    pub fn east(self) -> f64 {
        self.east
    }

    /// Northern edge in degrees.
    pub fn north(self) -> f64 {
        self.north
    }

    /// The box as one part, or as two where it spans the antimeridian; no part spans it.
    pub fn parts(self) -> impl Iterator<Item = Self> {
        let (first, second) = if self.west <= self.east {
            (self, None)
        } else {
            (
                Self {
                    east: 180.0,
                    ..self
                },
                Some(Self {
                    west: -180.0,
                    ..self
                }),
            )
        };
        std::iter::once(first).chain(second)
    }

    /// Whether the position lies in the box, edges included.
    pub fn contains(self, at: LonLat) -> bool {
        let lon = if self.west <= self.east {
            self.west <= at.lon && at.lon <= self.east
        } else {
            at.lon >= self.west || at.lon <= self.east
        };
        lon && self.south <= at.lat && at.lat <= self.north
    }

    /// Whether the two boxes share at least one position, edges included.
    pub fn intersects(self, other: Self) -> bool {
        if self.south > other.north || other.south > self.north {
            return false;
        }
        self.parts().any(|mine| {
            other
                .parts()
                .any(|theirs| mine.west <= theirs.east && theirs.west <= mine.east)
        })
    }

    /// Whether the geometry itself, not only its box, has a position in this one, edges included.
    pub fn meets(self, geometry: &Geometry<f64>) -> bool {
        self.parts().any(|part| {
            let low = Coord {
                x: part.west,
                y: part.south,
            };
            let high = Coord {
                x: part.east,
                y: part.north,
            };
            geometry.intersects(&Rect::new(low, high))
        })
    }

    /// The middle of the box.
    pub fn center(self) -> LonLat {
        let width = if self.west <= self.east {
            self.east - self.west
        } else {
            self.east - self.west + 360.0
        };
        let mut lon = self.west + width / 2.0;
        if lon > 180.0 {
            lon -= 360.0;
        }
        LonLat {
            lon,
            lat: f64::midpoint(self.south, self.north),
        }
    }

    /// The box grown by a margin in degrees on every side.
    #[must_use]
    pub fn grown(self, lon_margin: f64, lat_margin: f64) -> Self {
        let east = if self.west <= self.east {
            self.east
        } else {
            self.east + 360.0
        };
        Self::clamped(
            self.west - lon_margin,
            self.south - lat_margin,
            east + lon_margin,
            self.north + lat_margin,
        )
    }

    /// A box that holds every position within `radius` of `center`.
    pub fn around(center: LonLat, radius: Meters) -> Self {
        let lat_margin = (radius.0 / EARTH_RADIUS_M).to_degrees();
        let (south, north) = (center.lat - lat_margin, center.lat + lat_margin);
        if south <= -90.0 || north >= 90.0 {
            return Self::clamped(-180.0, south, 180.0, north);
        }
        let widest = south.abs().max(north.abs()).to_radians().cos();
        // What lies on the antimeridian lies at both of its ends, however small the radius.
        let lon_margin = (lat_margin / widest).max(1e-9);
        Self::clamped(
            center.lon - lon_margin,
            south,
            center.lon + lon_margin,
            north,
        )
    }
}

#[cfg(test)]
mod tests;
