//! Anchors: one position that stands for a geometry in counts and distances.
//!
//! Promises a position on the geometry, for an area with an inside one that is inside, in time about
//! linear in its positions, and never fails on what is not valid: a city's feeds send it. The rule for
//! areas is that of scan lines: halfway up, the middle of the widest stretch that is inside by the
//! even-odd rule. (JTS calls it `InteriorPointArea`.)

use crate::place::LonLat;
use geo_types::{Coord, Geometry, LineString, Polygon};

/// A position that stands for a geometry: itself for a point, one on a line, one in an area; `None` for
/// what has no positions.
pub fn anchor(geometry: &Geometry<f64>) -> Option<LonLat> {
    let at = best(geometry)?.at;
    LonLat::new(at.x, at.y).ok()
}

/// A position, and how much of the geometry speaks for it: of parts the widest area is taken, else the
/// longest line, else a point.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    at: Coord<f64>,
    dimension: u8,
    weight: f64,
}

impl Candidate {
    /// The better of two; the first of equals.
    fn or_better(self, other: Self) -> Self {
        let rank = |candidate: &Self| (candidate.dimension, candidate.weight);
        if rank(&other) > rank(&self) {
            other
        } else {
            self
        }
    }
}

fn best(geometry: &Geometry<f64>) -> Option<Candidate> {
    match geometry {
        Geometry::Point(point) => Some(of_position(point.0)),
        Geometry::MultiPoint(points) => points.iter().next().map(|point| of_position(point.0)),
        Geometry::Line(line) => of_line(&[line.start, line.end]),
        Geometry::LineString(line) => of_line(&line.0),
        Geometry::MultiLineString(lines) => better(lines.iter().filter_map(|l| of_line(&l.0))),
        Geometry::Polygon(polygon) => of_area(polygon),
        Geometry::MultiPolygon(areas) => better(areas.iter().filter_map(of_area)),
        Geometry::Rect(rect) => of_area(&rect.to_polygon()),
        Geometry::Triangle(triangle) => of_area(&triangle.to_polygon()),
        Geometry::GeometryCollection(members) => better(members.iter().filter_map(best)),
    }
}

fn better(candidates: impl Iterator<Item = Candidate>) -> Option<Candidate> {
    candidates.reduce(Candidate::or_better)
}

fn of_position(at: Coord<f64>) -> Candidate {
    Candidate {
        at,
        dimension: 0,
        weight: 0.0,
    }
}

/// The corner of a line that is nearest to the middle of its length.
fn of_line(line: &[Coord<f64>]) -> Option<Candidate> {
    let length = |pair: &[Coord<f64>]| (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y);
    let whole: f64 = line.windows(2).map(length).sum();
    let mut nearest = (f64::INFINITY, *line.first()?);
    let mut along = 0.0;
    let steps = [0.0]
        .into_iter()
        .chain(line.windows(2).map(length))
        .zip(line);
    for (step, corner) in steps {
        along += step;
        let off = (along - whole / 2.0).abs();
        if off < nearest.0 {
            nearest = (off, *corner);
        }
    }
    Some(Candidate {
        at: nearest.1,
        dimension: 1,
        weight: whole,
    })
}

/// The middle of the widest stretch of an area halfway up; a corner where it has no inside.
fn of_area(area: &Polygon<f64>) -> Option<Candidate> {
    let Some(height) = scan_line(area.exterior()) else {
        return of_line(&area.exterior().0);
    };
    let mut crossings: Vec<f64> = Vec::new();
    for ring in std::iter::once(area.exterior()).chain(area.interiors()) {
        crossings.extend(ring.lines().filter_map(|side| crossing(side, height)));
    }
    crossings.sort_unstable_by(f64::total_cmp);
    let (pairs, _) = crossings.as_chunks::<2>();
    let stretches = pairs.iter().map(|[west, east]| Candidate {
        at: Coord {
            x: f64::midpoint(*west, *east),
            y: height,
        },
        dimension: 2,
        weight: east - west,
    });
    let widest = better(stretches).filter(|stretch| stretch.weight > 0.0);
    widest.or_else(|| of_line(&area.exterior().0))
}

/// A height halfway up a ring that goes through none of its corners, so that every side is crossed
/// or missed; `None` for a ring without height.
fn scan_line(ring: &LineString<f64>) -> Option<f64> {
    let heights = || ring.coords().map(|corner| corner.y);
    let (low, high) = heights().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
        (low.min(y), high.max(y))
    });
    let middle = f64::midpoint(low, high);
    let below = heights().filter(|y| *y <= middle).fold(low, f64::max);
    let above = heights().filter(|y| *y > middle).fold(high, f64::min);
    (below < above).then(|| f64::midpoint(below, above))
}

/// Where a side crosses a height, if it does.
fn crossing(side: geo_types::Line<f64>, height: f64) -> Option<f64> {
    let (start, end) = (side.start, side.end);
    let crosses = (start.y < height) != (end.y < height);
    crosses.then(|| start.x + (height - start.y) / (end.y - start.y) * (end.x - start.x))
}

#[cfg(test)]
mod tests;
