//! Stage 5, quantise: onto the integer grid of the tile, as MVT 2.1 section 4.3 asks.
//!
//! Coordinates round to the nearest unit, halves away from zero. What the grid cannot tell apart goes:
//! repeated positions, lines of one position, rings without area. Exterior rings come out with a
//! positive area by the surveyor's formula in tile coordinates (y down, so clockwise on the screen),
//! holes with a negative one.
//!
//! Promises: no two edges of a polygon cross or overlap, and holes lie in their exterior. Most shapes
//! are so already; where rounding, clipping or the feed made them otherwise, the polygon is
//! [built anew](rebuild) from the area that it covers. Total: nothing is refused.

use super::project::{Path, Shape};
use geo::algorithm::bool_ops::{BooleanOps, FillRule, OpType};
use geo_types::{Coord, LineString, MultiPolygon, Polygon};

type Ring = Path<i32>;

/// Above so many edges a polygon is built anew without looking whether it must be.
const EDGES_LOOKED_AT: usize = 4_096;
/// How often the result of building anew, rounded again, is looked at.
const ATTEMPTS: u8 = 6;

/// Puts a shape on the grid.
pub(crate) fn quantise(shape: &Shape<f64>) -> Shape<i32> {
    let mut points: Path<i32> = shape.points.iter().map(|at| grid(*at)).collect();
    points.dedup();
    let lines = shape.lines.iter().map(|line| quantise_line(line));
    let polygons = shape.polygons.iter();
    Shape {
        points,
        lines: lines.filter(|line| line.len() > 1).collect(),
        polygons: polygons.flat_map(|rings| quantise_polygon(rings)).collect(),
    }
}

/// The nearest position of the grid, halves away from zero.
#[expect(
    clippy::cast_possible_truncation,
    reason = "clipped to the buffered tile, and the cast saturates"
)]
pub(crate) fn grid(at: Coord<f64>) -> Coord<i32> {
    // The number before a half: a half itself would carry what is just below one over it. Several times
    // as fast as `round`, which is a call where the processor is not known to have it.
    let nearest = |x: f64| (x + 0.499_999_999_999_999_94_f64.copysign(x)) as i32;
    Coord {
        x: nearest(at.x),
        y: nearest(at.y),
    }
}

fn quantise_line(line: &[Coord<f64>]) -> Path<i32> {
    let mut line: Path<i32> = line.iter().map(|at| grid(*at)).collect();
    line.dedup();
    line
}

fn quantise_polygon(rings: &[Path<f64>]) -> Vec<Vec<Ring>> {
    let rings = rings.iter().map(|ring| quantise_line(ring));
    let Some(rings) = oriented(rings) else {
        return Vec::new();
    };
    if rings.len() == 1 && rings.first().is_some_and(|ring| is_convex(ring)) {
        return vec![rings];
    }
    let mut todo = vec![(rings, 0)];
    let mut done = Vec::new();
    while let Some((rings, attempt)) = todo.pop() {
        // Where a hole touches its exterior in a corner, building anew once settles what is meant.
        let between_rings = if attempt == 0 {
            Contact::Touch
        } else {
            Contact::Cross
        };
        if attempt < ATTEMPTS && is_defective(&rings, between_rings) {
            todo.extend(
                rebuild(&rings)
                    .into_iter()
                    .map(|piece| (piece, attempt + 1)),
            );
        } else {
            done.push(rings);
        }
    }
    // The order of the pieces is the library's; ours must not change with it.
    done.sort_by_cached_key(|rings| {
        let corners = rings.iter().flatten().map(|c| (c.x, c.y));
        corners.collect::<Vec<_>>()
    });
    done
}

/// The rings that are more than a line, wound as MVT wants them; `None` where the exterior is none.
fn oriented(mut rings: impl Iterator<Item = Ring>) -> Option<Vec<Ring>> {
    let exterior = wound(rings.next()?, true)?;
    let holes = rings.filter_map(|ring| wound(ring, false));
    Some(std::iter::once(exterior).chain(holes).collect())
}

fn wound(mut ring: Ring, positive: bool) -> Option<Ring> {
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    if corners(&ring).all(|(a, b, c)| side(a, b, c) == 0) {
        return None;
    }
    ring = without_stops(ring);
    if (double_area(&ring) > 0) != positive {
        ring.reverse();
    }
    Some(ring)
}

/// A ring without the positions that its edges along an axis pass on their way, such as those that
/// clipping leaves on the border of a tile.
fn without_stops(ring: Ring) -> Ring {
    let between = |a: i32, b: i32, c: i32| (a < b && b < c) || (a > b && b > c);
    let passed = |(a, b, c): (Coord<i32>, Coord<i32>, Coord<i32>)| {
        (a.x == b.x && b.x == c.x && between(a.y, b.y, c.y))
            || (a.y == b.y && b.y == c.y && between(a.x, b.x, c.x))
    };
    if !corners(&ring).any(passed) {
        return ring;
    }
    let kept = corners(&ring).filter(|corner| !passed(*corner));
    kept.map(|(_, b, _)| b).collect()
}

/// Twice the signed area of a ring by the surveyor's formula; positive is clockwise with y down.
pub(crate) fn double_area(ring: &[Coord<i32>]) -> i64 {
    edges(ring)
        .map(|(a, b)| i64::from(a.x) * i64::from(b.y) - i64::from(b.x) * i64::from(a.y))
        .sum()
}

fn edges(ring: &[Coord<i32>]) -> impl Iterator<Item = (Coord<i32>, Coord<i32>)> {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| (*a, *b))
}

fn corners(ring: &[Coord<i32>]) -> impl Iterator<Item = (Coord<i32>, Coord<i32>, Coord<i32>)> {
    let after = ring.iter().cycle().skip(2);
    edges(ring).zip(after).map(|((a, b), c)| (a, b, *c))
}

/// Which side of the line from `a` to `b` a position lies on; 0 on it.
fn side(a: Coord<i32>, b: Coord<i32>, at: Coord<i32>) -> i64 {
    let wide = |to: i32, from: i32| i64::from(to) - i64::from(from);
    wide(b.x, a.x) * wide(at.y, a.y) - wide(b.y, a.y) * wide(at.x, a.x)
}

/// Whether a ring of positive area turns one way only and goes round once.
fn is_convex(ring: &[Coord<i32>]) -> bool {
    let turns_right = corners(ring).all(|(a, b, c)| side(a, b, c) > 0);
    let mut eastward = edges(ring).map(|(a, b)| b.x > a.x || (b.x == a.x && b.y > a.y));
    let first = eastward.next().unwrap_or_default();
    let mut last = first;
    let mut changes = 0;
    for east in eastward.chain([first]) {
        changes += u8::from(east != last).min(u8::MAX - changes);
        last = east;
    }
    turns_right && changes == 2
}

/// What two edges may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contact {
    /// Meet at all, save for the corner between neighbours.
    Touch,
    /// Cross, or overlap in more than a point.
    Cross,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    a: Coord<i32>,
    b: Coord<i32>,
    ring: usize,
    at: usize,
    ring_len: usize,
}

impl Edge {
    fn neighbours(&self, other: &Self) -> bool {
        let apart = self.at.abs_diff(other.at);
        self.ring == other.ring && (apart == 1 || apart + 1 == self.ring_len)
    }

    fn least(&self) -> Coord<i32> {
        Coord {
            x: self.a.x.min(self.b.x),
            y: self.a.y.min(self.b.y),
        }
    }

    fn most(&self) -> Coord<i32> {
        Coord {
            x: self.a.x.max(self.b.x),
            y: self.a.y.max(self.b.y),
        }
    }

    /// The strongest contact of two edges whose boxes meet.
    fn contact(&self, other: &Self) -> Option<Contact> {
        let (a1, b1) = (side(self.a, self.b, other.a), side(self.a, self.b, other.b));
        let (a2, b2) = (
            side(other.a, other.b, self.a),
            side(other.a, other.b, self.b),
        );
        if a1 == 0 && b1 == 0 {
            let (low, high) = (self.least(), self.most());
            let (other_low, other_high) = (other.least(), other.most());
            let shared_x = high.x.min(other_high.x) - low.x.max(other_low.x);
            let shared_y = high.y.min(other_high.y) - low.y.max(other_low.y);
            return match (shared_x, shared_y) {
                (x, y) if x < 0 || y < 0 => None,
                (0, 0) => Some(Contact::Touch),
                _ => Some(Contact::Cross),
            };
        }
        match (a1.signum() * b1.signum(), a2.signum() * b2.signum()) {
            (1, _) | (_, 1) => None,
            (-1, -1) => Some(Contact::Cross),
            _ => Some(Contact::Touch),
        }
    }
}

/// Whether edges of one ring meet elsewhere than in their corners, edges of two rings have the contact
/// that they may not have, or a hole lies outside the
/// exterior or in another hole.
fn is_defective(rings: &[Ring], between_rings: Contact) -> bool {
    let edges_in_all: usize = rings.iter().map(Vec::len).sum();
    if between_rings == Contact::Touch && edges_in_all > EDGES_LOOKED_AT {
        return true;
    }
    // Lobes of opposite winding can add up to nothing.
    if rings.iter().any(|ring| double_area(ring) == 0) {
        return true;
    }
    let mut all: Vec<Edge> = Vec::new();
    for (ring, corners) in rings.iter().enumerate() {
        let ring_len = corners.len();
        let edges = edges(corners).enumerate();
        all.extend(edges.map(|(at, (a, b))| Edge {
            a,
            b,
            ring,
            at,
            ring_len,
        }));
    }
    all.sort_unstable_by_key(|edge| (edge.least().x, edge.ring, edge.at));
    for (at, edge) in all.iter().enumerate() {
        let most = edge.most();
        let near = all[at + 1..]
            .iter()
            .take_while(|other| other.least().x <= most.x);
        for other in near {
            if other.least().y > most.y || edge.least().y > other.most().y {
                continue;
            }
            let contact = edge.contact(other);
            // Neighbours share their corner; more than that is a spike.
            let may_touch = if edge.ring == other.ring {
                edge.neighbours(other)
            } else {
                between_rings == Contact::Cross
            };
            let allowed = may_touch && contact == Some(Contact::Touch);
            if contact.is_some() && !allowed {
                return true;
            }
        }
    }
    let Some((exterior, holes)) = rings.split_first() else {
        return false;
    };
    let inside = |ring: &Ring, of: &Ring| ring.iter().all(|at| holds(of, *at));
    holes.iter().any(|hole| !inside(hole, exterior))
        || holes.iter().enumerate().any(|(at, hole)| {
            let others = holes.iter().enumerate().filter(|(other, _)| *other != at);
            let nested = |of: &Ring| hole.iter().all(|at| holds(of, *at) && !on(of, *at));
            others.map(|(_, other)| other).any(nested)
        })
}

/// Whether a position lies in or on a ring.
fn holds(ring: &[Coord<i32>], at: Coord<i32>) -> bool {
    let crossings = edges(ring)
        .filter(|(a, b)| (a.y > at.y) != (b.y > at.y) && (side(*a, *b, at) > 0) == (b.y > a.y));
    crossings.count() % 2 == 1 || on(ring, at)
}

/// Whether a position lies on a ring.
fn on(ring: &[Coord<i32>], at: Coord<i32>) -> bool {
    let between = |p: i32, q: i32, at: i32| (p.min(q)..=p.max(q)).contains(&at);
    edges(ring)
        .any(|(a, b)| side(a, b, at) == 0 && between(a.x, b.x, at.x) && between(a.y, b.y, at.y))
}

/// The polygons that cover what the exterior covers and the holes do not, on the grid again.
fn rebuild(rings: &[Ring]) -> Vec<Vec<Ring>> {
    let area = |ring: &Ring| {
        let corner = |at: &Coord<i32>| Coord {
            x: f64::from(at.x),
            y: f64::from(at.y),
        };
        Polygon::new(
            ring.iter().map(corner).collect::<LineString<f64>>(),
            Vec::new(),
        )
    };
    let Some((exterior, holes)) = rings.split_first() else {
        return Vec::new();
    };
    let holes = MultiPolygon::new(holes.iter().map(area).collect());
    let rebuilt =
        area(exterior).boolean_op_with_fill_rule(&holes, OpType::Difference, FillRule::NonZero);
    rebuilt
        .iter()
        .filter_map(|polygon| {
            let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
            oriented(rings.map(|ring| from_least(quantise_line(&ring.0))))
        })
        .collect()
}

/// The same ring, begun at its least corner.
fn from_least(mut ring: Ring) -> Ring {
    ring.pop();
    let least = ring.iter().enumerate().min_by_key(|(_, c)| (c.x, c.y));
    let start = least.map_or(0, |(at, _)| at);
    ring.rotate_left(start);
    ring
}

#[cfg(test)]
mod tests;
