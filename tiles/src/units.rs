//! Quantities whose unit is part of the type, so that metres and degrees cannot be mixed up.
//!
//! Conversions from other units happen in the adaptors; inside there are only these.

use serde::{Deserialize, Serialize};

/// A length in metres.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Meters(pub f64);

/// A compass bearing in degrees clockwise from true north, kept in `[0, 360)`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Bearing(f64);

impl Bearing {
    /// True north.
    pub const NORTH: Self = Self(0.0);

    /// Any finite angle, wrapped into `[0, 360)`; `None` for NaN or an infinity.
    pub fn new(degrees: f64) -> Option<Self> {
        let wrapped = degrees.rem_euclid(360.0);
        // A tiny negative angle wraps to exactly 360.0 in floating point.
        degrees
            .is_finite()
            .then_some(Self(if wrapped < 360.0 { wrapped } else { 0.0 }))
    }

    /// The bearing in degrees, `0 <= degrees < 360`.
    pub fn degrees(self) -> f64 {
        self.0
    }

    /// The smaller angle between two bearings, `0 <= degrees <= 180`.
    pub fn apart(self, other: Self) -> f64 {
        let difference = (self.0 - other.0).abs();
        difference.min(360.0 - difference)
    }
}
