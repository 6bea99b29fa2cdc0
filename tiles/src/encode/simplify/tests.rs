//! Simplification: what is left out, and what is kept however small.

use super::*;
use geo::{Distance, Euclidean, Point};
use geo_types::LineString;
use proptest::prelude::*;

fn coords(path: &[(f64, f64)]) -> Path<f64> {
    path.iter().map(|(x, y)| Coord { x: *x, y: *y }).collect()
}

fn check_line(path: &[(f64, f64)], expected: &[(f64, f64)]) {
    assert_eq!(simplify_line(&coords(path), 1.0), coords(expected));
}

fn check_ring(path: &[(f64, f64)], expected: &[(f64, f64)]) {
    assert_eq!(simplify_ring(&coords(path), 1.0), coords(expected));
}

#[test]
fn what_stands_out_less_than_the_tolerance_is_left_out() {
    check_line(
        &[(0.0, 0.0), (5.0, 0.9), (10.0, 0.0)],
        &[(0.0, 0.0), (10.0, 0.0)],
    );
    let bent = [(0.0, 0.0), (5.0, 1.1), (10.0, 0.0)];
    check_line(&bent, &bent);
    check_line(&[], &[]);
    check_line(&[(3.0, 3.0)], &[(3.0, 3.0)]);
}

#[test]
fn a_line_that_returns_keeps_its_far_end() {
    let there_and_back = [(0.0, 0.0), (50.0, 0.0), (0.0, 0.0)];
    check_line(&there_and_back, &there_and_back);
}

#[test]
fn a_loop_smaller_than_the_tolerance_keeps_its_far_end() {
    let far = [(0.0, 0.0), (0.5, 0.5), (0.0, 0.0)];
    let path = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5), (0.0, 0.0)];
    check_line(&path, &far);
}

#[test]
fn a_ring_keeps_three_corners_however_thin() {
    check_ring(
        &[(0.0, 0.0), (50.0, 0.0), (100.0, 0.0), (50.0, 0.5)],
        &[(0.0, 0.0), (100.0, 0.0), (50.0, 0.5)],
    );
    check_ring(
        &[(0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2)],
        &[(0.0, 0.0), (0.2, 0.0), (0.2, 0.2)],
    );
    let triangle = [(0.0, 0.0), (0.1, 0.0), (0.0, 0.1)];
    check_ring(&triangle, &triangle);
}

#[test]
fn a_ring_without_extent_does_no_harm() {
    let dot = [(1.0, 1.0); 5];
    assert!(simplify_ring(&coords(&dot), 1.0).len() <= 5);
}

proptest! {
    #[test]
    fn what_is_left_out_lies_within_the_tolerance(
        path in prop::collection::vec((0.0..300.0_f64, 0.0..300.0_f64), 2..60), tolerance in 0.1..30.0_f64,
    ) {
        let path = coords(&path);
        let kept = simplify_line(&path, tolerance);
        prop_assert_eq!((kept.first(), kept.last()), (path.first(), path.last()));
        let near = |at: &Coord<f64>, line: &LineString<f64>| {
            Euclidean.distance(&Point(*at), line) <= tolerance + 1e-9
        };
        let line = LineString::new(kept);
        prop_assert!(path.iter().all(|at| near(at, &line)));
        if path.len() > 3 {
            let mut ring = simplify_ring(&path, tolerance);
            prop_assert!(ring.len() >= 3);
            ring.push(ring[0]);
            let ring = LineString::new(ring);
            prop_assert!(path.iter().all(|at| near(at, &ring)));
        }
    }
}
