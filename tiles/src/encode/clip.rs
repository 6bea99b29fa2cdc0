//! Stage 3, clip: what of a shape lies within the tile and its buffer.
//!
//! One axis at a time, with trivial accept and trivial reject first:
//!
//! ```text
//!        least        most
//!          |           |
//!   a -----+---> b     |      enters at `least`
//!          |  c -------+--> d leaves at `most`
//!    e     |           |      outside: dropped
//! ```
//!
//! Promises: a position inside stays as it is, an edge is cut exactly on the border, clipping twice is
//! clipping once, and the area of a polygon is that of the intersection. A polygon that leaves and
//! returns is joined along the border (Sutherland and Hodgman, 1974); the stage that
//! [quantises](super::quantise) takes such seams apart. Total: no geometry is refused.

use super::project::{Path, Shape};
use geo_types::Coord;

#[derive(Debug, Clone, Copy)]
pub(super) enum Axis {
    X,
    Y,
}

impl Axis {
    fn of(self, at: Coord<f64>) -> f64 {
        match self {
            Self::X => at.x,
            Self::Y => at.y,
        }
    }

    /// Where the segment from `a` to `b` meets the border at `edge`.
    fn cut(self, a: Coord<f64>, b: Coord<f64>, edge: f64) -> Coord<f64> {
        let share = (edge - self.of(a)) / (self.of(b) - self.of(a));
        let between = |from: f64, to: f64| from + (to - from) * share.clamp(0.0, 1.0);
        match self {
            Self::X => Coord {
                x: edge,
                y: between(a.y, b.y),
            },
            Self::Y => Coord {
                x: between(a.x, b.x),
                y: edge,
            },
        }
    }
}

/// Whether a position lies in the square from `least` to `most` on both axes, borders included.
pub(crate) fn holds((least, most): (f64, f64), at: Coord<f64>) -> bool {
    (least..=most).contains(&at.x) && (least..=most).contains(&at.y)
}

/// Clips a shape to the square from `least` to `most` on both axes, borders included.
pub(crate) fn clip(mut shape: Shape<f64>, (least, most): (f64, f64)) -> Shape<f64> {
    let inside = |at: &Coord<f64>| holds((least, most), *at);
    shape.points.retain(inside);
    if !shape.lines.iter().flatten().all(inside) {
        for axis in [Axis::X, Axis::Y] {
            let lines = shape.lines.iter();
            shape.lines = lines
                .flat_map(|line| clip_line(line, axis, least, most))
                .collect();
        }
    }
    if !shape.polygons.iter().flatten().flatten().all(inside) {
        let polygons = shape.polygons.into_iter();
        shape.polygons = polygons
            .filter_map(|rings| clip_polygon(rings, least, most))
            .collect();
    }
    shape
}

/// The pieces of a line between two borders, each of at least two positions.
pub(super) fn clip_line(line: &[Coord<f64>], axis: Axis, least: f64, most: f64) -> Vec<Path<f64>> {
    let mut pieces = Vec::new();
    let mut piece: Path<f64> = Vec::new();
    for (&a, &b) in line.iter().zip(line.iter().skip(1)) {
        let (from, to) = (axis.of(a), axis.of(b));
        if from.max(to) < least || from.min(to) > most {
            continue;
        }
        let cut = |at: f64, own: Coord<f64>| {
            if at < least {
                axis.cut(a, b, least)
            } else if at > most {
                axis.cut(a, b, most)
            } else {
                own
            }
        };
        if piece.is_empty() {
            piece.push(cut(from, a));
        }
        piece.push(cut(to, b));
        // Left: whatever returns is a piece of its own.
        if !(least..=most).contains(&to) {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.push(piece);
    // A line that only touches the border from outside leaves a single position behind.
    pieces.retain(|piece| piece.iter().any(|at| Some(at) != piece.first()));
    pieces
}

/// A polygon within the square; `None` where nothing of its exterior is left.
fn clip_polygon(rings: Vec<Path<f64>>, least: f64, most: f64) -> Option<Vec<Path<f64>>> {
    let mut clipped = rings.into_iter().map(|ring| clip_ring(ring, least, most));
    let exterior = clipped.next().filter(|ring| ring.len() >= 3)?;
    let holes = clipped.filter(|ring| ring.len() >= 3);
    Some(std::iter::once(exterior).chain(holes).collect())
}

fn clip_ring(mut ring: Path<f64>, least: f64, most: f64) -> Path<f64> {
    for axis in [Axis::X, Axis::Y] {
        ring = cut_ring(ring, axis, least, |at| at >= least);
        ring = cut_ring(ring, axis, most, |at| at <= most);
    }
    ring
}

/// The part of a ring on the kept side of one border.
pub(super) fn cut_ring(
    ring: Path<f64>,
    axis: Axis,
    edge: f64,
    keep: impl Fn(f64) -> bool,
) -> Path<f64> {
    if ring.iter().all(|at| keep(axis.of(*at))) {
        return ring;
    }
    let mut kept = Vec::with_capacity(ring.len() + 4);
    let Some(mut a) = ring.last().copied() else {
        return ring;
    };
    for &b in &ring {
        if keep(axis.of(a)) != keep(axis.of(b)) {
            kept.push(axis.cut(a, b, edge));
        }
        if keep(axis.of(b)) {
            kept.push(b);
        }
        a = b;
    }
    kept.dedup();
    kept
}

#[cfg(test)]
pub(crate) mod tests;
