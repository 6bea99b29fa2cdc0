//! Stage 4, simplify: leaves out positions that nobody could tell apart on the screen.
//!
//! Douglas and Peucker (1973), in tile units: what is left out lies within `tolerance` of what
//! remains. Promises: a line keeps its ends and a loop its far end, a ring at least three corners, so
//! that no feature is lost here; only the grid of the [next stage](super::quantise) is too coarse for
//! some. Refuses to recurse: the stack is explicit.

use super::project::{Path, Shape};
use geo_types::Coord;

/// Simplifies the lines and rings of a shape; points stay.
pub(crate) fn simplify(mut shape: Shape<f64>, tolerance: f64) -> Shape<f64> {
    if tolerance > 0.0 {
        for line in &mut shape.lines {
            *line = simplify_line(line, tolerance);
        }
        for ring in shape.polygons.iter_mut().flatten() {
            *ring = simplify_ring(ring, tolerance);
        }
    }
    shape
}

fn simplify_line(line: &[Coord<f64>], tolerance: f64) -> Path<f64> {
    let limit = tolerance * tolerance;
    let mut kept = vec![false; line.len()];
    mark(line, &mut kept, limit);
    // A loop smaller than the tolerance would be left with one position.
    if let (3.., [first, .., last]) = (line.len(), line)
        && square_distance(*last, *first, *first) <= limit
    {
        let (far, _) = farthest(line, |at| square_distance(at, *first, *first));
        kept[far] = true;
    }
    pick(line, &kept)
}

/// A ring is simplified as two lines: from its first corner to the one farthest away, and back.
fn simplify_ring(ring: &[Coord<f64>], tolerance: f64) -> Path<f64> {
    let Some((&first, _)) = ring.split_first().filter(|_| ring.len() > 3) else {
        return ring.to_vec();
    };
    let mut closed = ring.to_vec();
    closed.push(first);
    let (far, _) = farthest(&closed, |at| square_distance(at, first, first));
    let mut kept = vec![false; closed.len()];
    let limit = tolerance * tolerance;
    mark(closed.get(..=far).unwrap_or_default(), &mut kept, limit);
    if let (Some(back), Some(kept)) = (closed.get(far..), kept.get_mut(far..)) {
        mark(back, kept, limit);
    }
    if let Some(end) = kept.last_mut() {
        *end = false;
    }
    if kept.iter().filter(|kept| **kept).count() < 3 {
        let chord = closed.get(far).copied().unwrap_or(first);
        let (third, _) = farthest(&closed, |at| square_distance(at, first, chord));
        if let Some(third) = kept.get_mut(third) {
            *third = true;
        }
    }
    pick(&closed, &kept)
}

/// Marks the ends of a line and every position needed to stay within the limit, a squared distance.
fn mark(line: &[Coord<f64>], kept: &mut [bool], limit: f64) {
    let Some(last) = line.len().checked_sub(1) else {
        return;
    };
    kept[0] = true;
    kept[last] = true;
    let mut spans = vec![(0, last)];
    while let Some((from, to)) = spans.pop() {
        let (a, b) = (line[from], line[to]);
        let (at, distance) = farthest(&line[from..=to], |at| square_distance(at, a, b));
        if distance > limit {
            kept[from + at] = true;
            spans.push((from, from + at));
            spans.push((from + at, to));
        }
    }
}

/// The first position of greatest measure, and the measure.
fn farthest(line: &[Coord<f64>], measure: impl Fn(Coord<f64>) -> f64) -> (usize, f64) {
    let mut most = (0, 0.0);
    for (at, position) in line.iter().enumerate() {
        let distance = measure(*position);
        if distance > most.1 {
            most = (at, distance);
        }
    }
    most
}

fn pick(line: &[Coord<f64>], kept: &[bool]) -> Path<f64> {
    let kept = line.iter().zip(kept).filter(|(_, kept)| **kept);
    kept.map(|(at, _)| *at).collect()
}

/// Squared distance from a position to a segment.
fn square_distance(at: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
    let along = b - a;
    let length = along.x * along.x + along.y * along.y;
    let share = if length > 0.0 {
        (((at.x - a.x) * along.x + (at.y - a.y) * along.y) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let off = at - (a + along * share);
    off.x * off.x + off.y * off.y
}

#[cfg(test)]
mod tests;
