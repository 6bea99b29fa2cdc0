//! Positions on the city's scale: degrees WGS 84 in, metres on a local plane out.
//!
//! One plane for the whole city is right to 0.2 % over its 40 km, which is finer than the streets are drawn.

use serde_json::{Value, json};

/// Metres in a degree of latitude, and of longitude at 32.2° north.
const METERS_PER_DEGREE_LAT: f64 = 110_900.0;
const METERS_PER_DEGREE_LON: f64 = 94_250.0;

/// A position, degrees WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) lon: f64,
    pub(super) lat: f64,
}

impl Place {
    pub(super) const fn new(lon: f64, lat: f64) -> Self {
        Self { lon, lat }
    }

    /// East and north of `self`, in metres.
    fn offset_to(self, other: Self) -> (f64, f64) {
        (
            (other.lon - self.lon) * METERS_PER_DEGREE_LON,
            (other.lat - self.lat) * METERS_PER_DEGREE_LAT,
        )
    }

    pub(super) fn distance_m(self, other: Self) -> f64 {
        let (east, north) = self.offset_to(other);
        east.hypot(north)
    }

    /// Degrees clockwise from north, in `[0, 360)`; 0 for a place and itself.
    pub(super) fn heading_deg(self, other: Self) -> f64 {
        let (east, north) = self.offset_to(other);
        east.atan2(north).to_degrees().rem_euclid(360.0)
    }

    pub(super) fn moved(self, east_m: f64, north_m: f64) -> Self {
        Self {
            lon: self.lon + east_m / METERS_PER_DEGREE_LON,
            lat: self.lat + north_m / METERS_PER_DEGREE_LAT,
        }
    }

    /// `distance_m` away in the direction `heading_deg`.
    pub(super) fn toward(self, heading_deg: f64, distance_m: f64) -> Self {
        let (sin, cos) = heading_deg.to_radians().sin_cos();
        self.moved(distance_m * sin, distance_m * cos)
    }

    /// The point at `part` of the way to `other`.
    pub(super) fn mix(self, other: Self, part: f64) -> Self {
        Self {
            lon: self.lon + (other.lon - self.lon) * part,
            lat: self.lat + (other.lat - self.lat) * part,
        }
    }

    /// `[lon, lat]` at six decimals, a tenth of a metre.
    fn coordinates(self) -> Value {
        json!([
            (self.lon * 1e6).round() / 1e6,
            (self.lat * 1e6).round() / 1e6
        ])
    }
}

/// A `GeoJSON` Point.
pub(super) fn point(place: Place) -> Value {
    json!({ "type": "Point", "coordinates": place.coordinates() })
}

/// A `GeoJSON` `LineString`.
pub(super) fn line(places: &[Place]) -> Value {
    let coordinates: Vec<Value> = places.iter().map(|place| place.coordinates()).collect();
    json!({ "type": "LineString", "coordinates": coordinates })
}
