//! Hard places: edges and corners of tiles, the antimeridian, the poles, the first and last zoom.

use super::*;

/// Where a single point feature is in a tile, as text; empty where it is not.
fn check(bytes: &[u8], layer: &str, expected: &str) {
    let found: Vec<_> = decode(bytes)
        .remove(layer)
        .unwrap_or_default()
        .iter()
        .map(|feature| wkt(&feature.geometry))
        .collect();
    assert_eq!(found.join("; "), expected);
}

#[test]
fn a_point_on_a_corner_is_in_all_four_tiles() {
    let mut city = City::new();
    city.put("spots", "1", point(tile(10, 200, 400), 0.0, 0.0));
    for (x, y, expected) in [
        (200, 400, "POINT 0 0"),
        (199, 400, "POINT 4096 0"),
        (200, 399, "POINT 0 4096"),
        (199, 399, "POINT 4096 4096"),
        (201, 400, ""),
    ] {
        check(&city.tile(&["spots"], tile(10, x, y)), "spots", expected);
    }
}

#[test]
fn a_point_in_the_buffer_belongs_to_the_neighbour_too() {
    let here = tile(14, 3_000, 6_000);
    let mut city = City::new();
    city.put("spots", "in", point(here, -63.9, 10.0));
    city.put("spots", "out", point(here, -64.1, 20.0));
    check(&city.tile(&["spots"], here), "spots", "POINT -64 10");
}

#[test]
fn a_point_at_the_antimeridian_is_on_both_sides_of_the_world() {
    let mut city = City::new();
    city.put("spots", "1", Point::new(180.0, 0.0));
    check(
        &city.tile(&["spots"], tile(0, 0, 0)),
        "spots",
        "POINT 0 2048, 4096 2048",
    );
    check(&city.tile(&["spots"], tile(2, 0, 2)), "spots", "POINT 0 0");
    check(
        &city.tile(&["spots"], tile(2, 3, 2)),
        "spots",
        "POINT 4096 0",
    );
    check(&city.tile(&["spots"], tile(2, 1, 2)), "spots", "");
}

#[test]
fn the_buffer_reaches_over_the_antimeridian() {
    let mut city = City::new();
    let east = tile(3, 7, 3);
    city.put("spots", "1", point(east, 4_090.0, 100.0));
    check(
        &city.tile(&["spots"], tile(3, 0, 3)),
        "spots",
        "POINT -6 100",
    );
    check(&city.tile(&["spots"], east), "spots", "POINT 4090 100");
}

#[test]
fn a_line_along_the_antimeridian_is_in_both_edge_columns() {
    let mut city = City::new();
    city.put(
        "areas",
        "1",
        LineString::from(vec![(180.0, -10.0), (180.0, 10.0)]),
    );
    check(
        &city.tile(&["areas"], tile(2, 0, 1)),
        "areas",
        "LINE (0 4160, 0 3639)",
    );
    check(
        &city.tile(&["areas"], tile(2, 3, 1)),
        "areas",
        "LINE (4096 4160, 4096 3639)",
    );
}

#[test]
fn points_beyond_the_cut_are_not_drawn_and_areas_are_cut_there() {
    let mut city = City::new();
    city.put("spots", "pole", Point::new(0.0, 90.0));
    city.put("spots", "edge", Point::new(0.0, 85.051_128));
    let cap = ring_of(&[(-20.0, 80.0), (20.0, 80.0), (20.0, 90.0), (-20.0, 90.0)]);
    city.put("areas", "cap", cap);
    let bytes = city.tile(&["spots", "areas"], tile(0, 0, 0));
    check(&bytes, "spots", "POINT 2048 0");
    let areas = decode(&bytes).remove("areas").unwrap();
    assert_sound(&areas[0].geometry);
    assert!(wkt(&areas[0].geometry).contains(" 0)") || wkt(&areas[0].geometry).contains(" 0,"));
}

fn ring_of(corners: &[(f64, f64)]) -> Polygon<f64> {
    Polygon::new(LineString::from(corners.to_vec()), Vec::new())
}

#[test]
fn the_last_zoom_is_exact_to_half_a_unit() {
    let here = tile(22, 804_000, 1_700_000);
    let mut city = City::new();
    city.put("spots", "1", point(here, 17.0, 4_001.0));
    check(&city.tile(&["spots"], here), "spots", "POINT 17 4001");
}

#[test]
fn layers_are_absent_outside_their_zooms() {
    let mut city = City::new();
    city.put("sites", "1", Point::new(-110.97, 32.22));
    let shown = |z: u8| {
        let x = crate::tile::column(crate::tile::world_x(-110.97), z);
        let y = crate::tile::column(crate::tile::world_y(32.22), z);
        !city.tile(&["sites"], tile(z, x, y)).is_empty()
    };
    assert_eq!([7, 8, 16, 17].map(shown), [false, true, true, false]);
}

#[test]
fn a_collection_is_drawn_part_by_part_under_one_id() {
    let here = tile(12, 800, 1_600);
    let inner = MultiPoint(vec![point(here, 7.0, 7.0), point(here, 9_000.0, 7.0)]);
    let parts = vec![
        Geometry::Point(point(here, 5.0, 5.0)),
        Geometry::LineString(ring(here, &[(0.0, 0.0), (9.0, 90.0)])),
        Geometry::GeometryCollection(vec![Geometry::MultiPoint(inner)].into()),
    ];
    let mut city = City::new();
    city.put("areas", "77", Geometry::GeometryCollection(parts.into()));
    let features = decode(&city.tile(&["areas"], here))
        .remove("areas")
        .unwrap();
    let found: Vec<_> = features.iter().map(|f| (f.id, wkt(&f.geometry))).collect();
    assert_eq!(
        found,
        [
            (Some(77), "POINT 5 5, 7 7".into()),
            (Some(77), "LINE (0 0, 9 90)".into())
        ]
    );
}

#[test]
fn empty_and_degenerate_geometries_are_absent() {
    let here = tile(12, 800, 1_600);
    let mut city = City::new();
    let flat = polygon(here, &[&[(1.0, 1.0), (50.0, 1.0), (20.0, 1.0)]]);
    let dot = polygon(here, &[&[(1.0, 1.0), (1.1, 1.2), (1.2, 1.0)]]);
    city.put("areas", "none", MultiPolygon::<f64>::new(Vec::new()));
    city.put("areas", "empty line", LineString::<f64>::new(Vec::new()));
    city.put(
        "areas",
        "lines",
        MultiLineString::<f64>::new(vec![LineString::new(Vec::new())]),
    );
    city.put("areas", "flat", flat);
    city.put("areas", "dot", dot);
    city.put("areas", "still", ring(here, &[(3.0, 3.0), (3.0, 3.0)]));
    assert!(city.tile(&["areas"], here).is_empty());
}

#[test]
fn a_line_beyond_the_edge_of_the_map_is_not_drawn_along_it() {
    let mut city = City::new();
    let off: LineString<f64> = [(-60.0, 86.0), (0.0, 88.0), (60.0, 86.0)]
        .into_iter()
        .collect();
    city.put("areas", "1", off);
    check(&city.tile(&["areas"], tile(0, 0, 0)), "areas", "");
}
