//! Clipping: what stays, where it is cut, and that areas and lengths are those of the part inside.

use super::*;
use geo::{Area, BooleanOps, Contains, Euclidean, Length, Line, Point, Validation};
use geo_types::{LineString, MultiPolygon, Polygon, Rect};
use proptest::prelude::*;

const SQUARE: (f64, f64) = (-64.0, 4_160.0);

fn coords(path: &[(f64, f64)]) -> Path<f64> {
    path.iter().map(|(x, y)| Coord { x: *x, y: *y }).collect()
}

fn line(path: Path<f64>) -> Shape<f64> {
    let mut shape = Shape::empty();
    shape.lines.push(path);
    shape
}

fn polygon(rings: Vec<Path<f64>>) -> Shape<f64> {
    let mut shape = Shape::empty();
    shape.polygons.push(rings);
    shape
}

fn check_line(path: &[(f64, f64)], expected: &[&[(f64, f64)]]) {
    let clipped = clip(line(coords(path)), (0.0, 10.0)).lines;
    let expected: Vec<_> = expected.iter().map(|path| coords(path)).collect();
    assert_eq!(clipped, expected);
}

#[test]
fn a_line_is_cut_where_it_leaves_and_starts_anew_where_it_returns() {
    check_line(&[(1.0, 1.0), (9.0, 9.0)], &[&[(1.0, 1.0), (9.0, 9.0)]]);
    check_line(&[(-5.0, 5.0), (15.0, 5.0)], &[&[(0.0, 5.0), (10.0, 5.0)]]);
    check_line(
        &[(5.0, 5.0), (15.0, 5.0), (15.0, 7.0), (5.0, 7.0)],
        &[&[(5.0, 5.0), (10.0, 5.0)], &[(10.0, 7.0), (5.0, 7.0)]],
    );
}

#[test]
fn a_line_outside_or_touching_in_a_point_is_gone() {
    check_line(&[(-5.0, 5.0), (-1.0, 5.0)], &[]);
    check_line(&[(-5.0, -5.0), (-5.0, 15.0), (15.0, 15.0)], &[]);
    check_line(&[(-5.0, 5.0), (5.0, -5.0)], &[]);
}

#[test]
fn a_line_on_the_border_is_inside() {
    check_line(&[(0.0, -5.0), (0.0, 15.0)], &[&[(0.0, 0.0), (0.0, 10.0)]]);
}

#[test]
fn a_polygon_around_the_square_becomes_the_square() {
    let around = coords(&[(-9.0, -9.0), (99.0, -9.0), (99.0, 99.0), (-9.0, 99.0)]);
    let clipped = clip(polygon(vec![around]), (0.0, 10.0)).polygons;
    assert!((area(&clipped) - 100.0).abs() < 1e-9, "{clipped:?}");
}

#[test]
fn a_hole_around_the_square_leaves_no_area() {
    let around = |r: f64| coords(&[(-r, -r), (r, -r), (r, r), (-r, r)]);
    let clipped = clip(polygon(vec![around(99.0), around(50.0)]), (0.0, 10.0)).polygons;
    assert!(area(&clipped).abs() < 1e-9, "{clipped:?}");
}

fn of(rings: &[Path<f64>]) -> Polygon<f64> {
    let mut rings = rings.iter().map(|ring| LineString::new(ring.clone()));
    Polygon::new(rings.next().unwrap(), rings.collect())
}

fn area(polygons: &[Vec<Path<f64>>]) -> f64 {
    let area = |polygon: &Vec<Path<f64>>| {
        let polygon = of(polygon);
        let holes = polygon.interiors().iter();
        let ring = |ring: &LineString<f64>| Polygon::new(ring.clone(), Vec::new()).unsigned_area();
        ring(polygon.exterior()) - holes.map(ring).sum::<f64>()
    };
    polygons.iter().map(area).sum()
}

prop_compose! {
    /// A star around a center: valid, seldom convex, with a hole in the middle or not.
    pub(crate) fn star()(
        center in (-2_000.0..6_000.0_f64, -2_000.0..6_000.0_f64),
        spokes in prop::collection::vec(50.0..4_000.0_f64, 3..24),
        hole in prop::option::of(0.1..0.9_f64),
    ) -> Vec<Path<f64>> {
        let ring = |scale: f64| -> Path<f64> {
            let step = std::f64::consts::TAU / f64::from(u32::try_from(spokes.len()).unwrap());
            let corners = (0_u32..).zip(&spokes);
            corners
                .map(|(at, r)| {
                    let (sin, cos) = (f64::from(at) * step).sin_cos();
                    Coord { x: center.0 + r * scale * cos, y: center.1 + r * scale * sin }
                })
                .collect()
        };
        std::iter::once(ring(1.0)).chain(hole.map(ring)).collect()
    }
}

prop_compose! {
    fn walk()(path in prop::collection::vec((-6_000.0..9_000.0_f64, -6_000.0..9_000.0_f64), 0..30)) -> Path<f64> {
        coords(&path)
    }
}

proptest! {
    #[test]
    fn clipping_twice_is_clipping_once(rings in star(), path in walk()) {
        let mut shape = polygon(rings);
        shape.points = path.clone();
        shape.lines.push(path);
        let once = clip(shape, SQUARE);
        prop_assert_eq!(clip(once.clone(), SQUARE), once);
    }

    #[test]
    fn what_is_inside_is_kept_and_nothing_else(path in walk()) {
        let inside = |c: &Coord<f64>| (-64.0..=4_160.0).contains(&c.x) && (-64.0..=4_160.0).contains(&c.y);
        let mut shape = line(path.clone());
        shape.points.clone_from(&path);
        let clipped = clip(shape, SQUARE);
        prop_assert_eq!(clipped.points, path.iter().copied().filter(inside).collect::<Vec<_>>());
        prop_assert!(clipped.lines.iter().flatten().all(inside));
        let corners: Vec<_> = path.iter().filter(|c| inside(c)).collect();
        let kept: Vec<_> = clipped.lines.iter().flatten().filter(|c| path.contains(c)).collect();
        if path.len() > 1 {
            prop_assert_eq!(kept, corners);
        }
    }

    #[test]
    fn the_length_of_a_line_is_that_of_its_part_inside(path in walk()) {
        let square = Rect::new(Coord { x: -64.0, y: -64.0 }, Coord { x: 4_160.0, y: 4_160.0 });
        // A point of every short step of the line counts for the step.
        let mut expected = 0.0;
        for pair in path.windows(2) {
            let edge = Line::new(pair[0], pair[1]);
            let steps = 2_000;
            let step = Euclidean.length(&edge) / f64::from(steps);
            let inside = (0..steps).filter(|at| {
                let share = (f64::from(*at) + 0.5) / f64::from(steps);
                square.contains(&Point(pair[0] + (pair[1] - pair[0]) * share))
            });
            expected += step * f64::from(u32::try_from(inside.count()).unwrap());
        }
        let lines = clip(line(path.clone()), SQUARE).lines;
        let found: f64 = lines.into_iter().map(|line| Euclidean.length(&LineString::new(line))).sum();
        let slack = 20.0 * f64::from(u32::try_from(path.len()).unwrap());
        prop_assert!((found - expected).abs() <= slack, "{} is not {}", found, expected);
    }

    #[test]
    fn the_area_is_that_of_the_intersection(rings in star()) {
        let whole = of(&rings);
        prop_assume!(whole.is_valid());
        let square = Rect::new(Coord { x: -64.0, y: -64.0 }, Coord { x: 4_160.0, y: 4_160.0 });
        let expected: MultiPolygon<f64> = whole.intersection(&square.to_polygon());
        let clipped = clip(polygon(rings), SQUARE);
        let inside = |c: &Coord<f64>| (-64.0..=4_160.0).contains(&c.x) && (-64.0..=4_160.0).contains(&c.y);
        prop_assert!(clipped.polygons.iter().flatten().flatten().all(inside));
        let found = area(&clipped.polygons);
        prop_assert!((found - expected.unsigned_area()).abs() < 1.0, "{} is not {}", found, expected.unsigned_area());
    }
}
