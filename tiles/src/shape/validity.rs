//! Whether polygons are valid as OGC Simple Features (06-103r4, section 6.1.11) has it, and where
//! they are not.
//!
//! Written here because `geo`'s own check compares every edge with every other and does not say
//! where they meet. This one sweeps: edges are sorted along a slanted axis and compared only with
//! those that still overlap on it.
//!
//! ```text
//!     axis ╲        edges are intervals on the axis; slanted, so that the straight borders
//!           ╲       that maps are full of (along a street, along a parallel) do not all
//!    ──┬──   ╲      fall on one point of it
//!      │      ╲
//! ```
//!
//! Promises a bounded cost: past [`MAX_STEPS`] comparisons the polygon is refused as too entangled.
//! Does not check that touching rings leave the interior in one piece.

use geo::BoundingRect;
use geo::coordinate_position::{CoordPos, CoordinatePosition, coord_pos_relative_to_ring};
use geo::line_intersection::{LineIntersection, line_intersection};
use geo_types::{Coord, Line, LineString, Polygon, Rect};
use std::collections::BTreeSet;

/// The most comparisons spent on one geometry: under a second. A county of 40,000 positions takes
/// less than a tenth of them.
const MAX_STEPS: usize = 8_000_000;
/// The most edges of different polygons that may meet where they are united: each makes a corner of the union.
const MAX_MEETINGS: usize = 50_000;
/// Direction of the sweep, as weights of x and y.
const AXIS: [f64; 2] = [0.803, 0.596];
/// More than the rounding error of a position on the axis, in degrees.
const SLACK: f64 = 1e-9;

/// Why a polygon is not valid, and where.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPolygon {
    /// A ring with fewer than three different positions.
    #[error("the ring at [{}, {}] has fewer than three different positions", .at.x, .at.y)]
    TooFew {
        /// Its first position.
        at: Coord<f64>,
    },
    /// A ring that crosses, touches or doubles back on itself.
    #[error("a ring crosses or touches itself at [{}, {}]", .at.x, .at.y)]
    Crosses {
        /// Where.
        at: Coord<f64>,
    },
    /// Two rings of one polygon that cross or share an edge.
    #[error("two rings of the polygon cross at [{}, {}]", .at.x, .at.y)]
    RingsCross {
        /// Where.
        at: Coord<f64>,
    },
    /// A hole that is not inside the exterior, or is inside another hole.
    #[error("the hole at [{}, {}] is not inside the polygon", .at.x, .at.y)]
    HoleOutside {
        /// A position of the hole.
        at: Coord<f64>,
    },
    /// Two polygons of a multi-polygon that overlap or share an edge.
    #[error("two polygons overlap at [{}, {}]", .at.x, .at.y)]
    Overlap {
        /// Where.
        at: Coord<f64>,
    },
    /// Polygons that overlap all over.
    #[error("the polygons are too entangled to unite: over {MAX_MEETINGS} of their edges meet")]
    TooOverlapping,
    /// Too much to compare.
    #[error("the polygon is too entangled to check: over {MAX_STEPS} comparisons")]
    TooEntangled,
}

/// A ring by polygon and by place within it; 0 is the exterior.
type RingAt = (usize, usize);

struct Edge {
    line: Line<f64>,
    from: f64,
    to: f64,
    ring: RingAt,
    at: usize,
    of: usize,
}

/// Checks polygons one by one and against each other. Their rings are closed, have at least four
/// positions and repeat none at once.
pub(super) fn check(polygons: &[Polygon<f64>]) -> Result<(), InvalidPolygon> {
    let mut steps = Steps(0);
    let touching = sweep(polygons, &mut steps)?;
    for (at, polygon) in polygons.iter().enumerate() {
        check_holes(at, polygon, &touching, &mut steps)?;
    }
    check_overlaps(polygons, &touching, &mut steps)
}

/// Work done so far.
struct Steps(usize);

impl Steps {
    fn take(&mut self, count: usize) -> Result<(), InvalidPolygon> {
        self.0 = self.0.saturating_add(count);
        if self.0 > MAX_STEPS {
            return Err(InvalidPolygon::TooEntangled);
        }
        Ok(())
    }
}

/// Compares edges that may meet; returns the pairs of rings that touch in single positions.
fn sweep(
    polygons: &[Polygon<f64>],
    steps: &mut Steps,
) -> Result<BTreeSet<(RingAt, RingAt)>, InvalidPolygon> {
    let mut touching = BTreeSet::new();
    visit_pairs(polygons, steps, |edge, other| {
        if meet(edge, other)? {
            let (a, b) = (edge.ring.min(other.ring), edge.ring.max(other.ring));
            touching.insert((a, b));
        }
        Ok(())
    })?;
    Ok(touching)
}

/// Checks that the polygons can be united at a bounded cost.
pub(super) fn check_meetings(polygons: &[Polygon<f64>]) -> Result<(), InvalidPolygon> {
    let mut meetings = 0;
    visit_pairs(polygons, &mut Steps(0), |edge, other| {
        meetings += usize::from(boxes_meet(edge.line, other.line) && edge.ring != other.ring);
        if meetings > MAX_MEETINGS {
            return Err(InvalidPolygon::TooOverlapping);
        }
        Ok(())
    })
}

/// Visits the pairs of edges that overlap on the axis.
fn visit_pairs(
    polygons: &[Polygon<f64>],
    steps: &mut Steps,
    mut visit: impl FnMut(&Edge, &Edge) -> Result<(), InvalidPolygon>,
) -> Result<(), InvalidPolygon> {
    let mut edges: Vec<Edge> = rings(polygons)
        .flat_map(|(at, ring)| ring_edges(at, ring))
        .collect();
    edges.sort_by(|a, b| a.from.total_cmp(&b.from));
    let mut open: Vec<&Edge> = Vec::new();
    for edge in &edges {
        open.retain(|other| other.to >= edge.from);
        steps.take(open.len())?;
        open.iter().try_for_each(|other| visit(edge, other))?;
        open.push(edge);
    }
    Ok(())
}

fn rings(polygons: &[Polygon<f64>]) -> impl Iterator<Item = (RingAt, &LineString<f64>)> {
    polygons.iter().enumerate().flat_map(|(part, polygon)| {
        std::iter::once(polygon.exterior())
            .chain(polygon.interiors())
            .enumerate()
            .map(move |(ring, line)| ((part, ring), line))
    })
}

fn ring_edges(ring: RingAt, line: &LineString<f64>) -> impl Iterator<Item = Edge> {
    let of = line.0.len().saturating_sub(1);
    line.lines().enumerate().map(move |(at, line)| {
        let along = |c: Coord<f64>| c.x * AXIS[0] + c.y * AXIS[1];
        let (a, b) = (along(line.start), along(line.end));
        Edge {
            line,
            from: a.min(b),
            to: a.max(b) + SLACK,
            ring,
            at,
            of,
        }
    })
}

/// Whether two edges of different rings touch in one position; an error where two edges meet that
/// must not.
fn meet(a: &Edge, b: &Edge) -> Result<bool, InvalidPolygon> {
    if !boxes_meet(a.line, b.line) {
        return Ok(false);
    }
    let Some(meeting) = line_intersection(a.line, b.line) else {
        return Ok(false);
    };
    let (at, shares_edge, proper) = match meeting {
        LineIntersection::SinglePoint {
            intersection,
            is_proper,
        } => (intersection, false, is_proper),
        LineIntersection::Collinear { intersection } => (
            intersection.start,
            intersection.start != intersection.end,
            false,
        ),
    };
    if a.ring == b.ring {
        let apart = a.at.abs_diff(b.at);
        let neighbours = apart == 1 || apart + 1 == a.of;
        if neighbours && !shares_edge {
            return Ok(false);
        }
        return Err(InvalidPolygon::Crosses { at });
    }
    match (proper || shares_edge, a.ring.0 == b.ring.0) {
        (false, _) => Ok(true),
        (true, true) => Err(InvalidPolygon::RingsCross { at }),
        (true, false) => Err(InvalidPolygon::Overlap { at }),
    }
}

fn boxes_meet(a: Line<f64>, b: Line<f64>) -> bool {
    let apart =
        |a0: f64, a1: f64, b0: f64, b1: f64| a0.max(a1) < b0.min(b1) || b0.max(b1) < a0.min(a1);
    !apart(a.start.x, a.end.x, b.start.x, b.end.x) && !apart(a.start.y, a.end.y, b.start.y, b.end.y)
}

/// Rings that do not cross are inside one another or apart; one position tells which. Where they
/// touch, a ring may also leave through the position they share, so every position and the middle
/// of every edge is asked.
fn witnesses(ring: &LineString<f64>, touching: bool) -> impl Iterator<Item = Coord<f64>> {
    let positions = ring.0.iter().copied();
    let middles = ring.lines().map(|line| (line.start + line.end) / 2.0);
    let count = if touching { usize::MAX } else { 1 };
    positions.chain(middles).take(count)
}

fn check_holes(
    part: usize,
    polygon: &Polygon<f64>,
    touching: &BTreeSet<(RingAt, RingAt)>,
    steps: &mut Steps,
) -> Result<(), InvalidPolygon> {
    let holes = polygon.interiors();
    for (at, hole) in holes.iter().enumerate() {
        let own = (part, at + 1);
        for witness in witnesses(hole, touching.contains(&((part, 0), own))) {
            steps.take(polygon.exterior().0.len())?;
            if coord_pos_relative_to_ring(witness, polygon.exterior()) == CoordPos::Outside {
                return Err(InvalidPolygon::HoleOutside { at: witness });
            }
        }
        for (other_at, other) in holes.iter().enumerate().filter(|(other, _)| *other != at) {
            let pair = (own.min((part, other_at + 1)), own.max((part, other_at + 1)));
            steps.take(1)?;
            if !rects_meet(hole.bounding_rect(), other.bounding_rect()) {
                continue;
            }
            for witness in witnesses(hole, touching.contains(&pair)) {
                steps.take(other.0.len())?;
                if coord_pos_relative_to_ring(witness, other) == CoordPos::Inside {
                    return Err(InvalidPolygon::HoleOutside { at: witness });
                }
            }
        }
    }
    Ok(())
}

fn check_overlaps(
    polygons: &[Polygon<f64>],
    touching: &BTreeSet<(RingAt, RingAt)>,
    steps: &mut Steps,
) -> Result<(), InvalidPolygon> {
    let boxes: Vec<_> = polygons.iter().map(BoundingRect::bounding_rect).collect();
    let touching: BTreeSet<(usize, usize)> = touching
        .iter()
        .map(|(a, b)| (a.0.min(b.0), a.0.max(b.0)))
        .collect();
    for (a, mine) in polygons.iter().enumerate() {
        steps.take(polygons.len() / 8)?;
        for (b, theirs) in polygons.iter().enumerate() {
            if a == b || !rects_meet(boxes[a], boxes[b]) {
                continue;
            }
            let size: usize = rings(std::slice::from_ref(theirs))
                .map(|(_, ring)| ring.0.len())
                .sum();
            let touch = touching.contains(&(a.min(b), a.max(b)));
            for witness in witnesses(mine.exterior(), touch) {
                steps.take(size)?;
                if theirs.coordinate_position(&witness) == CoordPos::Inside {
                    return Err(InvalidPolygon::Overlap { at: witness });
                }
            }
        }
    }
    Ok(())
}

fn rects_meet(a: Option<Rect<f64>>, b: Option<Rect<f64>>) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return false;
    };
    a.min().x <= b.max().x
        && b.min().x <= a.max().x
        && a.min().y <= b.max().y
        && b.min().y <= a.max().y
}

#[cfg(test)]
mod tests;
