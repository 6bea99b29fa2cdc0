//! What a unit does, piece by piece: drive a path, or stay.

use jiff::SignedDuration;

use super::place::Place;

/// Drivers keep this far to the right of the centre line.
const LANE_OFFSET_M: f64 = 7.0;

/// Whole milliseconds of a time in seconds; 0 for what is negative or no number.
pub(super) fn millis(seconds: f64) -> u32 {
    SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|span| u32::try_from(span.as_millis()).ok())
        .unwrap_or(0)
}

/// What a unit tells about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Available,
    Enroute,
    OnScene,
    Busy,
}

impl Status {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Enroute => "enroute",
            Self::OnScene => "on_scene",
            Self::Busy => "busy",
        }
    }
}

/// A path at even speed, in scenario milliseconds of one cycle; a path of one place is a stay.
#[derive(Debug, Clone)]
pub(super) struct Leg {
    pub(super) from_ms: u32,
    pub(super) to_ms: u32,
    pub(super) path: Vec<Place>,
    pub(super) status: Status,
}

/// Where a unit is and how it moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fix {
    pub(super) place: Place,
    pub(super) heading_deg: f64,
    pub(super) speed_mps: f64,
    pub(super) status: Status,
}

impl Leg {
    pub(super) fn drive(from_ms: u32, path: Vec<Place>, speed_mps: f64, status: Status) -> Self {
        let to_ms = from_ms + millis(length_m(&path) / speed_mps).max(1);
        Self {
            from_ms,
            to_ms,
            path,
            status,
        }
    }

    pub(super) fn stay(from_ms: u32, to_ms: u32, place: Place, status: Status) -> Self {
        Self {
            from_ms,
            to_ms: to_ms.max(from_ms),
            path: vec![place],
            status,
        }
    }

    fn fix(&self, at_ms: u32) -> Option<Fix> {
        let total_m = length_m(&self.path);
        let last_ms = f64::from((self.to_ms - self.from_ms).max(1));
        let gone_m = total_m * (f64::from(at_ms.saturating_sub(self.from_ms)) / last_ms).min(1.0);
        let (place, heading_deg) = along(&self.path, gone_m)?;
        Some(Fix {
            place,
            heading_deg,
            speed_mps: total_m * 1000.0 / last_ms,
            status: self.status,
        })
    }
}

/// Where the legs put a unit at `at_ms`; legs are in order and without gaps.
pub(super) fn fix_at(legs: &[Leg], at_ms: u32) -> Option<Fix> {
    let reached = legs.partition_point(|leg| leg.from_ms <= at_ms);
    let started = legs.get(..reached)?;
    let leg = started.last()?;
    let mut fix = leg.fix(at_ms)?;
    if let [_] = leg.path.as_slice() {
        // A parked unit still points where it was going.
        let moved = started.iter().rev().find(|leg| leg.path.len() > 1);
        fix.heading_deg = moved
            .and_then(|leg| leg.fix(leg.to_ms))
            .map_or(0.0, |end| end.heading_deg);
    }
    Some(fix)
}

impl Fix {
    /// The same fix in its lane instead of on the centre line.
    pub(super) fn in_lane(self) -> Self {
        Self {
            place: self.place.toward(self.heading_deg + 90.0, LANE_OFFSET_M),
            ..self
        }
    }
}

pub(super) fn length_m(path: &[Place]) -> f64 {
    path.windows(2)
        .filter_map(|pair| Some(pair.first()?.distance_m(*pair.last()?)))
        .fold(0.0, |total_m, piece_m| total_m + piece_m)
}

/// The point `gone_m` along the path and the heading there.
fn along(path: &[Place], gone_m: f64) -> Option<(Place, f64)> {
    let mut left_m = gone_m;
    let mut end = (*path.first()?, 0.0);
    for pair in path.windows(2) {
        let (Some(a), Some(b)) = (pair.first(), pair.last()) else {
            continue;
        };
        let piece_m = a.distance_m(*b);
        if piece_m <= 0.0 {
            continue;
        }
        let heading_deg = a.heading_deg(*b);
        if left_m <= piece_m {
            return Some((a.mix(*b, left_m / piece_m), heading_deg));
        }
        left_m -= piece_m;
        end = (*b, heading_deg);
    }
    Some(end)
}
