//! What is nearest to a position.

use super::Open;
use crate::feature::{FeatureRef, Seen};
use crate::place::{Bounds, LonLat};
use crate::units::Meters;
use geo_types::{Coord, Geometry, Point};
use std::cmp::Ordering;

/// More than half the way around the globe: nothing is farther than this.
const FARTHEST_M: f64 = 20_100_000.0;

/// A feature, and how far it is.
type Near<'v> = (Meters, FeatureRef<'v>);

impl<'v> Open<'v> {
    /// The nearest features within a distance, nearest first; ties in order of id. The distance is
    /// 0 inside a polygon. A distance that is negative or no number finds nothing.
    pub fn nearest(&self, to: LonLat, within: Meters, limit: usize) -> Vec<(Meters, Seen)> {
        if within.0.is_nan() || within.0 < 0.0 || limit == 0 {
            return Vec::new();
        }
        let within = Meters(within.0.min(FARTHEST_M));
        let mut radius = Meters(within.0.min(250.0));
        loop {
            let mut found = self.around(to, radius);
            if found.len() >= limit || radius.0 >= within.0 {
                if found.len() > limit {
                    found.select_nth_unstable_by(limit - 1, nearer);
                    found.truncate(limit);
                }
                found.sort_unstable_by(nearer);
                let seen = found.into_iter();
                return seen
                    .map(|(distance, feature)| (distance, self.seen(feature)))
                    .collect();
            }
            radius = Meters(within.0.min(radius.0 * 4.0));
        }
    }

    /// The features within a distance, each once, in any order.
    fn around(&self, to: LonLat, radius: Meters) -> Vec<Near<'v>> {
        let bounds = Bounds::around(to, radius);
        let mut found: Vec<Near<'v>> = Vec::new();
        self.visit(bounds, None, &mut |feature| {
            let geometry = feature.geometry();
            let distance = geometry.and_then(|geometry| distance(to, &geometry));
            let near = distance.filter(|distance| distance.0 <= radius.0);
            found.extend(near.map(|distance| (distance, feature)));
        });
        // A box over the antimeridian is asked in two parts.
        if bounds.parts().count() > 1 {
            found.sort_unstable_by(|(_, a), (_, b)| a.id().cmp(b.id()));
            found.dedup_by(|(_, a), (_, b)| a.id() == b.id());
        }
        found
    }
}

fn nearer((a, left): &Near<'_>, (b, right): &Near<'_>) -> Ordering {
    a.0.total_cmp(&b.0).then_with(|| left.id().cmp(right.id()))
}

/// Distance to the nearest part of a geometry, 0 inside a polygon; `None` for an empty one.
pub(super) fn distance(from: LonLat, geometry: &Geometry<f64>) -> Option<Meters> {
    if let Geometry::Point(point) = geometry {
        let to = LonLat::new(point.x(), point.y()).ok()?;
        return Some(from.distance(to));
    }
    // What is near across the antimeridian is a turn away on the plane.
    let turns = [-360.0, 0.0, 360.0].into_iter();
    turns
        .filter_map(|turn| distance_on_plane(from, geometry, turn))
        .min_by(|a, b| a.0.total_cmp(&b.0))
}

/// The nearest position is found on a plane that is true to scale around `from`, with the geometry
/// turned around the globe.
fn distance_on_plane(from: LonLat, geometry: &Geometry<f64>, turn: f64) -> Option<Meters> {
    use geo::{Closest, ClosestPoint, MapCoords};
    let scale = from.lat().to_radians().cos().max(1e-6);
    let flat = geometry.map_coords(|c| Coord {
        x: (c.x - from.lon() + turn) * scale,
        y: c.y - from.lat(),
    });
    match flat.closest_point(&Point::new(0.0, 0.0)) {
        Closest::Intersection(_) => Some(Meters(0.0)),
        Closest::SinglePoint(point) => {
            let (lon, lat) = (
                from.lon() + point.x() / scale - turn,
                from.lat() + point.y(),
            );
            let lon = lon.clamp(-180.0, 180.0);
            LonLat::new(lon, lat.clamp(-90.0, 90.0))
                .ok()
                .map(|to| from.distance(to))
        }
        Closest::Indeterminate => None,
    }
}
