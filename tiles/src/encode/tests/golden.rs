//! Tiles as text, looked at once by a person and then kept.

use super::*;

/// The decoded tile equals the snapshot of that name.
fn check(name: &str, bytes: &[u8]) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, print(bytes));
    });
}

/// A small Tucson: a few cameras, a blocked street, a school, and many reads.
fn sample() -> City {
    let mut city = City::new();
    let text = |text: &str| Value::Text(text.into());
    for (id, lon, lat, name) in [
        ("cam-1", -110.9700, 32.2220, "Congress & Granada"),
        ("cam-2", -110.9690, 32.2225, "Congress & Stone"),
        ("17", -110.9550, 32.2310, "Euclid & University"),
    ] {
        city.put_with("spots", id, Point::new(lon, lat), &[("name", text(name))]);
    }
    let street = vec![
        (-110.975, 32.2218),
        (-110.9707, 32.22181),
        (-110.966, 32.2219),
    ];
    city.put_with(
        "areas",
        "congress",
        LineString::from(street),
        &[("name", text("Congress"))],
    );
    let school = vec![
        (-110.960, 32.226),
        (-110.958, 32.226),
        (-110.958, 32.228),
        (-110.960, 32.228),
    ];
    let school = Polygon::new(LineString::from(school), Vec::new());
    city.put("sites", "school", school);
    for at in 0..30 {
        let along = f64::from(at) * 0.000_4;
        city.put(
            "reads",
            &at.to_string(),
            Point::new(-110.972 + along, 32.2219),
        );
    }
    city
}

const LAYERS: [&str; 5] = ["spots", "areas", "sites", "reads", "cells"];

#[test]
fn z0_shows_the_world() {
    check("z0", &sample().tile(&LAYERS, tile(0, 0, 0)));
}

#[test]
fn z14_shows_the_city() {
    check("z14", &sample().tile(&LAYERS, tile(14, 3_141, 6_641)));
}

#[test]
fn a_polygon_with_a_hole_lies_over_four_tiles() {
    let corner = tile(10, 200, 400);
    let square = |r: f64| [(-r, -r), (r, -r), (r, r), (-r, r)];
    let mut city = City::new();
    city.put(
        "areas",
        "ring",
        polygon(corner, &[&square(1_000.0), &square(300.0)]),
    );
    for (x, y) in [(199, 399), (200, 399), (199, 400), (200, 400)] {
        check(
            &format!("hole_{x}_{y}"),
            &city.tile(&["areas"], tile(10, x, y)),
        );
    }
}

#[test]
fn a_cell_lies_over_the_antimeridian() {
    let mut city = City::new();
    city.put("reads", "1", Point::new(179.999, -17.0));
    city.put("reads", "2", Point::new(-179.999, -17.0));
    for x in [0, 15] {
        check(
            &format!("antimeridian_{x}"),
            &city.tile(&["reads"], tile(4, x, 8)),
        );
    }
}

#[test]
fn points_lie_on_edges_and_corners() {
    let here = tile(12, 800, 1_600);
    let mut city = City::new();
    for (id, x, y) in [
        ("nw", 0.0, 0.0),
        ("ne", 4_096.0, 0.0),
        ("se", 4_096.0, 4_096.0),
        ("sw", 0.0, 4_096.0),
        ("n", 2_048.0, 0.0),
        ("beyond", 2_048.0, -60.0),
        ("far beyond", 2_048.0, -70.0),
    ] {
        city.put("spots", id, point(here, x, y));
    }
    check("edges", &city.tile(&["spots"], here));
}

#[test]
fn a_basemap_goes_through_the_same_stages() {
    let here = tile(12, 800, 1_600);
    let road = Geometry::MultiLineString(MultiLineString::new(vec![
        ring(here, &[(-500.0, 10.0), (5_000.0, 10.0)]),
        ring(here, &[(100.0, 100.0), (100.0, 900.0)]),
    ]));
    let square = [(10.0, 10.0), (10.0, 90.0), (90.0, 90.0), (90.0, 10.0)];
    let lake = Geometry::Polygon(polygon(
        here,
        &[&square, &[(20.0, 20.0), (30.0, 20.0), (30.0, 40.0)]],
    ));
    let (kind, lanes) = (Value::Text("primary".into()), Value::Integer(4));
    let features = [
        StaticFeature {
            id: Some(7),
            geometry: &road,
            properties: &[("kind", &kind), ("lanes", &lanes)],
        },
        StaticFeature {
            id: None,
            geometry: &lake,
            properties: &[],
        },
    ];
    let mut bytes = encode_static(
        TileFormat::Mvt,
        "roads",
        &features[..1],
        here,
        &TileLimits::default(),
    )
    .unwrap();
    bytes.extend(
        encode_static(
            TileFormat::Mvt,
            "water",
            &features[1..],
            here,
            &TileLimits::default(),
        )
        .unwrap(),
    );
    check("basemap", &bytes);
    let elsewhere = encode_static(
        TileFormat::Mvt,
        "roads",
        &features,
        tile(12, 0, 0),
        &TileLimits::default(),
    );
    assert!(elsewhere.unwrap().is_empty());
}
