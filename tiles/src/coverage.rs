//! What a camera sees: the sector of its field of view, and whether a position lies in it.
//!
//! The model is a flat sector of a disc: heading, opening angle and range. Walls and terrain are not
//! in it. A camera without a heading or range has no coverage rather than a guessed one, save that
//! an opening of 360° needs no heading.

use crate::catalog::{FieldIx, FieldMask, LayerSpec};
use crate::feature::ValueRef;
use crate::place::LonLat;
use crate::units::{Bearing, Meters};
use geo::{BooleanOps, BoundingRect, MapCoords, Translate};
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon, Rect};

/// The widest angle between two corners of a sector's arc, in degrees.
const ARC_STEP: f64 = 6.0;
/// The longest range taken, in metres.
const MAX_RANGE_M: f64 = 20_000.0;
/// The most heads one camera post can have.
const MAX_HEADS: usize = 16;

/// A field of view.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldOfView {
    /// Where the camera stands.
    pub at: LonLat,
    /// Where each of its heads looks; empty for one that looks everywhere.
    pub headings: Vec<Bearing>,
    /// The opening angle in degrees, above 0 and at most 360.
    pub fov_deg: f64,
    /// How far it sees.
    pub range: Meters,
}

/// How a camera sees a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// How far away it is.
    pub distance: Meters,
    /// In which direction from the camera.
    pub bearing: Bearing,
    /// How far off the middle of the picture, in degrees; 0 for a camera that looks everywhere.
    pub off_axis_deg: f64,
}

impl FieldOfView {
    /// Reads the fields `heading_deg`, `headings_deg`, `fov_deg` and `range_m` of a camera layer,
    /// as far as they are among those that may be seen.
    pub(crate) fn of<'v>(
        spec: &LayerSpec,
        fields: FieldMask,
        at: LonLat,
        property: impl Fn(FieldIx) -> Option<ValueRef<'v>>,
    ) -> Option<Self> {
        let value = |name: &str| {
            let field = spec.field(name).filter(|field| fields.contains(*field))?;
            property(field)
        };
        let fov_deg = value("fov_deg").and_then(number)?;
        let range_m = value("range_m").and_then(number)?;
        if !(fov_deg > 0.0 && fov_deg <= 360.0 && range_m > 0.0 && range_m <= MAX_RANGE_M) {
            return None;
        }
        let mut headings: Vec<Bearing> = match value("headings_deg") {
            Some(ValueRef::List(list)) => list
                .iter()
                .filter_map(|heading| number(ValueRef::from(heading)))
                .filter_map(Bearing::new)
                .collect(),
            _ => Vec::new(),
        };
        if headings.is_empty() {
            headings.extend(value("heading_deg").and_then(number).and_then(Bearing::new));
        }
        headings.truncate(MAX_HEADS);
        if fov_deg >= 360.0 {
            headings.clear();
        } else if headings.is_empty() {
            return None;
        }
        Some(Self {
            at,
            headings,
            fov_deg,
            range: Meters(range_m),
        })
    }

    /// How the camera sees a position; `None` if it does not.
    pub fn sees(&self, position: LonLat) -> Option<Sight> {
        let distance = self.at.distance(position);
        if distance.0 > self.range.0 {
            return None;
        }
        let bearing = self.at.bearing(position);
        let off_axis_deg = self
            .headings
            .iter()
            .map(|heading| heading.apart(bearing))
            .reduce(f64::min)
            .unwrap_or(0.0);
        (off_axis_deg <= self.fov_deg / 2.0).then_some(Sight {
            distance,
            bearing,
            off_axis_deg,
        })
    }

    /// The area seen: one polygon per head, with its arc drawn in steps of at most 6°. What lies over
    /// the antimeridian is in parts, as RFC 7946 section 3.1.9 asks.
    pub fn area(&self) -> Geometry<f64> {
        let sectors = if self.headings.is_empty() {
            on_globe(self.arc(0.0, 360.0))
        } else {
            let heads = self.headings.iter();
            heads.flat_map(|heading| self.sector(*heading)).collect()
        };
        match <[_; 1]>::try_from(sectors) {
            Ok([sector]) => Geometry::Polygon(sector),
            Err(sectors) => Geometry::MultiPolygon(MultiPolygon(sectors)),
        }
    }

    fn sector(&self, heading: Bearing) -> Vec<Polygon<f64>> {
        let apex = Coord {
            x: self.at.lon(),
            y: self.at.lat(),
        };
        let mut ring = vec![apex];
        ring.extend(self.arc(heading.degrees() - self.fov_deg / 2.0, self.fov_deg));
        ring.push(apex);
        on_globe(ring)
    }

    fn arc(&self, from_deg: f64, width_deg: f64) -> Vec<Coord<f64>> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 360 / 6 steps"
        )]
        let steps = (width_deg / ARC_STEP).ceil().max(1.0) as u32;
        (0..=steps)
            .filter_map(|step| {
                Bearing::new(from_deg + width_deg * f64::from(step) / f64::from(steps))
            })
            .map(|bearing| self.at.destination(bearing, self.range))
            .map(|corner| Coord {
                x: corner.lon(),
                y: corner.lat(),
            })
            .collect()
    }
}

/// A closed ring whose longitudes wrap, as polygons that keep within ±180°.
fn on_globe(mut ring: Vec<Coord<f64>>) -> Vec<Polygon<f64>> {
    // Every corner is less than half a turn from the one before.
    for at in 1..ring.len() {
        let step = ring[at].x - ring[at - 1].x;
        ring[at].x -= (step / 360.0).round() * 360.0;
    }
    if let (Some(first), Some(last)) = (ring.first().copied(), ring.last().copied())
        && (first.x - last.x).abs() > 180.0
    {
        // A ring around a pole is closed along it.
        let pole = 90.0_f64.copysign(first.y);
        let corner = |x: f64| Coord { x, y: pole };
        ring.extend([corner(last.x), corner(first.x), first]);
    }
    let within = ring.iter().all(|corner| corner.x.abs() <= 180.0);
    let polygon = Polygon::new(LineString::new(ring), Vec::new());
    if within {
        return vec![polygon];
    }
    let turns = [-360.0, 0.0, 360.0].into_iter();
    turns
        .filter_map(|turn| {
            let turned = polygon.translate(turn, 0.0);
            let all = turned.bounding_rect()?;
            let (west, east) = (all.min().x.max(-180.0), all.max().x.min(180.0));
            let (south, north) = (all.min().y, all.max().y);
            let half = Rect::new(Coord { x: west, y: south }, Coord { x: east, y: north });
            (west < east).then(|| turned.intersection(&half.to_polygon()))
        })
        .flatten()
        .map(|part| {
            part.map_coords(|at| Coord {
                x: at.x.clamp(-180.0, 180.0),
                y: at.y.clamp(-90.0, 90.0),
            })
        })
        .collect()
}

fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Number(x) => Some(x),
        #[expect(clippy::cast_precision_loss, reason = "an angle or a range is small")]
        ValueRef::Integer(n) => Some(n as f64),
        ValueRef::Text(_) | ValueRef::Boolean(_) | ValueRef::Time(_) | ValueRef::List(_) => None,
    }
}

#[cfg(test)]
mod tests;
