//! Projection: copies of the world, the cut at 85°, and rings over the antimeridian and the poles.

use super::*;
use geo_types::{MultiPoint, Point, Triangle};
use proptest::prelude::*;

fn frame(z: u8, x: u32, y: u32) -> Frame {
    Frame {
        tile: TileCoord::new(z, x, y).unwrap(),
        extent: 4_096.0,
        buffer: 64.0,
    }
}

fn check_points(frame: Frame, at: &[(f64, f64)], expected: &[(f64, f64)]) {
    let points = MultiPoint(at.iter().map(|at| Point::new(at.0, at.1)).collect());
    let found = project(&Geometry::MultiPoint(points), frame).points;
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, (x, y)) in found.iter().zip(expected) {
        assert!(
            (found.x - x).abs() < 1e-4 && (found.y - y).abs() < 1e-4,
            "{found:?}"
        );
    }
}

#[test]
fn the_middle_of_the_world_is_the_corner_of_four_tiles() {
    check_points(frame(1, 1, 1), &[(0.0, 0.0)], &[(0.0, 0.0), (8_192.0, 0.0)]);
    check_points(frame(2, 1, 1), &[(0.0, 0.0)], &[(4_096.0, 4_096.0)]);
}

#[test]
fn points_off_the_map_or_not_finite_are_left_out() {
    check_points(
        frame(2, 1, 1),
        &[
            (0.0, 85.06),
            (0.0, -90.0),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ],
        &[],
    );
}

#[test]
fn the_first_column_sees_the_world_to_its_left() {
    assert_eq!(frame(3, 0, 2).copies(), -1..=0);
    assert_eq!(frame(3, 7, 2).copies(), 0..=1);
    assert_eq!(frame(3, 3, 2).copies(), 0..=0);
    assert_eq!(frame(0, 0, 0).copies(), -1..=1);
}

#[test]
fn every_kind_of_geometry_has_its_place() {
    let a = Coord { x: 0.0, y: 0.0 };
    let b = Coord { x: 1.0, y: 1.0 };
    let c = Coord { x: 1.0, y: 0.0 };
    let all = Geometry::GeometryCollection(
        vec![
            Geometry::Point(Point(a)),
            Geometry::Line(geo_types::Line::new(a, b)),
            Geometry::Rect(geo_types::Rect::new(a, b)),
            Geometry::Triangle(Triangle::new(a, b, c)),
        ]
        .into(),
    );
    let shape = project(&all, frame(3, 3, 3));
    let corners: Vec<_> = shape.polygons.iter().map(|rings| rings[0].len()).collect();
    assert_eq!((shape.points.len(), shape.lines.len()), (1, 1));
    assert_eq!(corners, [4, 3]);
}

fn corners(at: &[(f64, f64)]) -> Vec<LonLat> {
    at.iter()
        .map(|at| LonLat::new(at.0, at.1).unwrap())
        .collect()
}

#[test]
fn a_ring_over_the_antimeridian_is_drawn_on_both_edges() {
    let ring = corners(&[(179.0, 0.0), (-179.0, 0.0), (-179.0, 2.0), (179.0, 2.0)]);
    let width = |frame: Frame| {
        let shape = project_corners(&ring, frame);
        let ring = &shape.polygons[0][0];
        let x = ring.iter().map(|c| c.x);
        (
            x.clone().fold(f64::MAX, f64::min).round(),
            x.fold(f64::MIN, f64::max).round(),
        )
    };
    assert_eq!(width(frame(2, 0, 1)), (-46.0, 46.0));
    assert_eq!(width(frame(2, 3, 1)), (4_050.0, 4_142.0));
    assert!(project_corners(&ring, frame(2, 1, 1)).is_empty());
}

#[test]
fn a_ring_around_a_pole_reaches_the_edge_of_the_map() {
    let ring = corners(&[(-120.0, 80.0), (0.0, 80.0), (120.0, 80.0)]);
    for x in 0..4 {
        let shape = project_corners(&ring, frame(2, x, 0));
        let top = shape.polygons.iter().flatten().flatten().map(|c| c.y);
        assert_eq!(top.fold(f64::MAX, f64::min).round(), 0.0);
    }
}

fn line_of(corners: &[(f64, f64)]) -> Geometry<f64> {
    Geometry::LineString(corners.iter().copied().collect())
}

#[test]
fn a_line_ends_where_the_map_does() {
    let shape = project(
        &line_of(&[(0.0, 80.0), (0.0, 89.0), (20.0, 89.0), (20.0, 84.0)]),
        frame(1, 1, 0),
    );
    let ends: Vec<_> = shape
        .lines
        .iter()
        .map(|line| (line.len(), line[0].y.round()))
        .collect();
    assert_eq!(ends, [(2, 920.0), (2, 0.0)], "{shape:?}");
}

#[test]
fn a_polygon_is_cut_where_the_map_ends() {
    // Clamped, the corner far north would come down onto the edge at 40 degrees east.
    let wedge: LineString<f64> = [(0.0, 80.0), (0.0, 89.0), (40.0, 89.9)]
        .into_iter()
        .collect();
    let polygon = Geometry::Polygon(Polygon::new(wedge, Vec::new()));
    let shape = project(&polygon, frame(1, 1, 0));
    let east = shape.polygons[0][0]
        .iter()
        .map(|at| at.x)
        .fold(f64::MIN, f64::max);
    let cut = 40.0 * (MERCATOR_LATITUDE - 80.0) / 9.9 / 180.0 * 4_096.0;
    assert!((east - cut).abs() < 1e-6, "{east} is not {cut}");
}

proptest! {
    #[test]
    fn nothing_beyond_the_cut_is_on_any_tile(
        lons in prop::collection::vec(-180.0..=180.0_f64, 3..9),
        beyond in prop::collection::vec(1e-9..4.94_f64, 9),
        south in any::<bool>(), z in 0_u8..4,
    ) {
        let sign = if south { -1.0 } else { 1.0 };
        let off = lons.iter().zip(beyond).map(|(lon, over)| (*lon, sign * (MERCATOR_LATITUDE + over)));
        let off: LineString<f64> = off.collect();
        let row = if south { (1_u32 << z) - 1 } else { 0 };
        for x in 0..1 << z {
            let frame = frame(z, x, row);
            prop_assert!(project(&Geometry::LineString(off.clone()), frame).is_empty());
            let polygon = Polygon::new(off.clone(), Vec::new());
            prop_assert!(project(&Geometry::Polygon(polygon), frame).is_empty());
        }
    }

    #[test]
    fn what_is_on_the_map_is_where_it_was(
        at in prop::collection::vec((-180.0..=180.0_f64, -85.0..=85.0_f64), 2..9),
        z in 2_u8..5,
    ) {
        let frame = frame(z, 1, 0);
        let on: LineString<f64> = at.iter().copied().collect();
        let shape = project(&Geometry::LineString(on.clone()), frame);
        let placed: Vec<_> = on.0.iter().map(|at| frame.place(at.x, at.y)).collect();
        prop_assert!(frame.is_shown_once(), "a tile at no edge of the world");
        prop_assert_eq!(shape.lines, [placed]);
    }
}

proptest! {
    #[test]
    fn nearby_is_the_formula_to_the_unit(
        z in 8_u8..=22, column in 0.0..1.0_f64, row in 0.0..1.0_f64,
        shares in prop::collection::vec((-0.01..1.01_f64, -0.01..1.01_f64), 64),
    ) {
        let size = f64::from(1_u32 << z);
        let (column, row) = ((column * size).floor(), (row * size).floor());
        let frame = frame(z, tile_number(column), tile_number(row));
        let nearby = Nearby::new(frame);
        for (x, y) in shares {
            let at = Coord {
                x: (column + x) / size * 360.0 - 180.0,
                y: crate::tile::latitude((row + y) / size),
            };
            let (exact, quick) = (place(at, frame), nearby.place(at));
            prop_assert_eq!(exact.map(crate::encode::quantise::grid), quick.map(crate::encode::quantise::grid));
            let inside = |at: Option<Coord<f64>>| at.is_some_and(|at| crate::encode::clip::holds(frame.edges(), at));
            prop_assert_eq!(inside(exact), inside(quick));
        }
    }
}

fn tile_number(number: f64) -> u32 {
    format!("{number:.0}").parse().unwrap()
}
