//! What is in the bytes, and how many there are: properties, clearances, caps and the size limit.

use super::*;
use crate::viewer::{Clearances, LayerSet};

const HERE: (u8, u32, u32) = (14, 3_140, 6_600);

fn here() -> TileCoord {
    tile(HERE.0, HERE.1, HERE.2)
}

fn uncleared() -> Viewer {
    Viewer {
        clearances: Clearances::NONE,
        layers: LayerSet::ALL,
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// Points in a lattice over the tile.
fn lattice(count: u32) -> impl Iterator<Item = (String, Point<f64>)> {
    (0..count).map(|at| {
        let (x, y) = (
            f64::from(at % 64) * 64.0 + 3.0,
            f64::from(at / 64) * 64.0 + 3.0,
        );
        (format!("p{at}"), point(here(), x, y))
    })
}

#[test]
fn values_keep_their_types_and_the_id_its_name() {
    let mut city = City::new();
    let fields = [
        ("name", text("Speedway")),
        ("id", Value::Integer(-5)),
        ("lamps", Value::List([text("a"), Value::Integer(2)].into())),
        ("lit", Value::Boolean(true)),
        ("watts", Value::Number(60.5)),
        ("fixed_at", Value::Time(second(7))),
        ("plate", text("ABC123")),
    ];
    city.put_with("spots", "cad/7", point(here(), 1.0, 2.0), &fields);
    let features = decode(&city.tile(&["spots"], here()))
        .remove("spots")
        .unwrap();
    assert_eq!(features.len(), 1);
    assert_eq!(features[0].id, Some(integer_id("cad/7")));
    let expected = [
        ("fixed_at", Read::Int(1_800_000_007_000)),
        ("id", Read::String("cad/7".into())),
        ("id_", Read::SInt(-5)),
        ("lamps", Read::String("[\"a\",2]".into())),
        ("lit", Read::Bool(true)),
        ("name", Read::String("Speedway".into())),
        ("observed_at", Read::Int(1_800_001_000_000)),
        ("plate", Read::String("ABC123".into())),
        ("watts", Read::Double(60.5)),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value));
    assert_eq!(features[0].properties, expected.into());
}

#[test]
fn a_field_of_its_own_goes_before_what_the_core_knows() {
    let mut city = City::new();
    city.put_with(
        "sites",
        "1",
        point(here(), 1.0, 2.0),
        &[("observed_at", text("noon"))],
    );
    let sites = decode(&city.tile(&["sites"], here()))
        .remove("sites")
        .unwrap();
    assert_eq!(sites[0].text("observed_at"), "noon");
}

#[test]
fn only_what_is_stale_says_so() {
    let mut city = City::new();
    city.put("spots", "1", point(here(), 1.0, 2.0));
    let layer = city.catalog.layer("spots").unwrap();
    let event = |seq: u64, stale_at: Option<Timestamp>, event: Option<Event>| Record {
        seq: Seq(seq),
        received_at: second(seq),
        event: event.unwrap_or(Event::Observed(Observation {
            layer,
            feature: "2".into(),
            feed: "test".into(),
            observed_at: None,
            stale_at,
            expires_at: None,
            geometry: Some(point(here(), 3.0, 4.0).into()),
            properties: Properties::default(),
        })),
    };
    let records = [
        event(10, Some(second(20)), None),
        event(30, None, Some(Event::Clock)),
    ];
    city.picture.apply(&records);
    let spots = decode(&city.tile(&["spots"], here()))
        .remove("spots")
        .unwrap();
    let stale: Vec<_> = spots
        .iter()
        .map(|f| f.properties.get("stale").cloned())
        .collect();
    assert_eq!(stale, [None, Some(Read::Bool(true))]);
}

#[test]
fn a_hidden_field_leaves_no_trace_and_a_hidden_layer_none_either() {
    let mut city = City::new();
    let secret = [("name", text("open")), ("plate", text("SECRET-PLATE"))];
    city.put_with("spots", "1", point(here(), 1.0, 2.0), &secret);
    city.put("hidden", "HIDDEN-ID", point(here(), 1.0, 2.0));
    city.put_with("reads", "READ-ID", point(here(), 1.0, 2.0), &secret[1..]);
    let names = ["spots", "hidden", "reads", "cells"];
    let open = city.tile_for(&uncleared(), &names, here(), TileLimits::default());
    let request = TileRequest {
        layers: &city.layers(&names),
        tile: here(),
        window: None,
        limits: TileLimits::default(),
    };
    let mlt =
        |viewer: &Viewer| encode_tile_as(TileFormat::Mlt, &city.view(), viewer, &request).unwrap();
    assert!(holds(&mlt(&Viewer::EVERYTHING), "SECRET-PLATE"));
    for trace in ["SECRET-PLATE", "plate", "hidden", "HIDDEN-ID", "READ-ID"] {
        assert!(!holds(&open, trace), "{trace}");
        assert!(!holds(&mlt(&uncleared()), trace), "{trace}");
    }
    let all = city.tile(&names, here());
    assert!(holds(&all, "SECRET-PLATE") && holds(&all, "HIDDEN-ID"));
    let nobody = city.tile_for(&Viewer::NOBODY, &names, here(), TileLimits::default());
    assert!(nobody.is_empty());
}

#[test]
fn at_the_cap_points_are_points_and_past_it_all_are_counted() {
    let mut city = City::new();
    for (id, point) in lattice(40) {
        city.put("spots", &id, point);
    }
    let layers = decode(&city.tile(&["spots"], here()));
    assert_eq!(layers["spots"].len(), 40);
    assert!(!layers.contains_key("spots_cells"));
    city.put("spots", "one more", point(here(), 4_000.0, 4_000.0));
    let layers = decode(&city.tile(&["spots"], here()));
    assert!(!layers.contains_key("spots"));
    let counts = layers["spots_cells"]
        .iter()
        .map(|cell| cell.integer("count"));
    assert_eq!(counts.sum::<i64>(), 41);
    for cell in &layers["spots_cells"] {
        assert_sound(&cell.geometry);
        assert_eq!(cell.integer("resolution"), 10);
        let index = u64::from_str_radix(cell.text("cell"), 16).unwrap();
        assert_eq!(cell.id, Some(index & ((1 << 53) - 1)));
    }
}

#[test]
fn sightings_shown_as_cells_are_never_points_and_windows_count() {
    let mut city = City::new();
    city.put("reads", "1", point(here(), 1.0, 2.0));
    city.put("pings", "1", point(here(), 1.0, 2.0));
    let layers = decode(&city.tile(&["reads", "pings"], here()));
    assert_eq!(layers.keys().collect::<Vec<_>>(), ["pings", "reads_cells"]);
    let request = |from: u64, to: u64| TileRequest {
        layers: &[],
        tile: here(),
        window: Some(Window {
            from: second(from),
            to: second(to),
        }),
        limits: TileLimits::default(),
    };
    let layers = city.layers(&["reads", "pings"]);
    let encode = |request: TileRequest<'_>| {
        let request = TileRequest {
            layers: &layers,
            ..request
        };
        encode_tile(&city.view(), &Viewer::EVERYTHING, &request).unwrap()
    };
    // An observation counts at the latest when it was received: seconds 1 and 2.
    assert_eq!(decode(&encode(request(0, 9))).len(), 2);
    assert_eq!(decode(&encode(request(2, 9))).len(), 1);
    assert!(encode(request(5, 9)).is_empty());
}

#[test]
fn the_layer_of_cells_counts_layer_by_layer() {
    let mut city = City::new();
    city.put("spots", "1", point(here(), 1.0, 2.0));
    city.put("spots", "2", point(here(), 1.0, 2.0));
    city.put("hidden", "1", point(here(), 1.0, 2.0));
    let counts = |viewer: &Viewer| -> Vec<(String, i64)> {
        let bytes = city.tile_for(viewer, &["cells"], here(), TileLimits::default());
        let cells = decode(&bytes).remove("cells").unwrap();
        cells
            .iter()
            .map(|c| (c.text("layer").to_owned(), c.integer("count")))
            .collect()
    };
    assert_eq!(
        counts(&Viewer::EVERYTHING),
        [("spots".into(), 2), ("hidden".into(), 1)]
    );
    assert_eq!(counts(&uncleared()), [("spots".into(), 2)]);
}

#[test]
fn layers_come_in_the_order_of_the_catalog_each_once() {
    let mut city = City::new();
    city.put("spots", "1", point(here(), 1.0, 2.0));
    city.put("sites", "1", point(here(), 1.0, 2.0));
    let one = city.tile(&["spots", "sites"], here());
    assert_eq!(city.tile(&["sites", "spots", "sites"], here()), one);
}

#[test]
fn heavy_layers_give_way_until_the_tile_fits() {
    let mut city = City::new();
    for (id, point) in lattice(40) {
        city.put_with(
            "spots",
            &id,
            point,
            &[("name", text(&format!("{id} ").repeat(50)))],
        );
        city.put_with("pings", &id, point, &[]);
    }
    let names = ["spots", "pings"];
    let tile = |max_bytes: usize| {
        let limits = TileLimits {
            max_bytes,
            ..TileLimits::default()
        };
        let bytes = city.tile_for(&Viewer::EVERYTHING, &names, here(), limits);
        assert!(bytes.len() <= max_bytes, "{} of {max_bytes}", bytes.len());
        decode(&bytes).into_keys().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(tile(500_000), "pings spots");
    assert_eq!(tile(4_000), "pings spots_cells");
    assert_eq!(tile(1_200), "pings_cells spots_cells");
    let limits = TileLimits {
        max_bytes: 20,
        ..TileLimits::default()
    };
    let request = TileRequest {
        layers: &city.layers(&names),
        tile: here(),
        window: None,
        limits,
    };
    let refused = encode_tile(&city.view(), &Viewer::EVERYTHING, &request).unwrap_err();
    assert!(
        refused.to_string().starts_with("tile 14/3140/6600 takes"),
        "{refused}"
    );
}

#[test]
fn a_heavy_polygon_is_simplified_and_then_counted() {
    let mut city = City::new();
    let corners: Vec<_> = (0..3_000)
        .map(|at| {
            let angle = f64::from(at) * std::f64::consts::TAU / 3_000.0;
            let r = 1_500.0 + 8.0 * (angle * 400.0).sin();
            (2_048.0 + r * angle.cos(), 2_048.0 + r * angle.sin())
        })
        .collect();
    city.put("areas", "1", polygon(here(), &[&corners]));
    let size = |max_bytes: usize| {
        let limits = TileLimits {
            max_bytes,
            ..TileLimits::default()
        };
        let bytes = city.tile_for(&Viewer::EVERYTHING, &["areas"], here(), limits);
        (decode(&bytes).into_keys().next().unwrap(), bytes.len())
    };
    let (name, full) = size(500_000);
    assert_eq!(name, "areas");
    let (name, simpler) = size(full - 1);
    assert_eq!(name, "areas");
    assert!(simpler < full * 3 / 4, "{simpler} of {full}");
    assert_eq!(size(120).0, "areas_cells");
}

#[test]
fn limits_that_make_no_tile_are_refused() {
    let city = City::new();
    for (extent, buffer) in [(0, 0), (65_537, 0), (256, 257)] {
        let limits = TileLimits {
            extent,
            buffer,
            ..TileLimits::default()
        };
        let request = TileRequest {
            layers: &[],
            tile: here(),
            window: None,
            limits,
        };
        let refused = encode_tile(&city.view(), &Viewer::EVERYTHING, &request);
        assert!(matches!(refused, Err(EncodeError::Limits { .. })));
    }
}
