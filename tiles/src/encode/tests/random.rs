//! Properties of whole tiles over random pictures.

use super::*;
use crate::tile::{column, world_x, world_y};
use crate::viewer::{Clearances, LayerSet};
use proptest::prelude::*;

/// Tile units of a position, for comparison with what was decoded.
fn units(at: Coord<f64>, tile: TileCoord) -> Coord<f64> {
    let size = f64::from(1_u32 << tile.z());
    Coord {
        x: (world_x(at.x) * size - f64::from(tile.x())) * 4_096.0,
        y: (world_y(at.y) * size - f64::from(tile.y())) * 4_096.0,
    }
}

fn off(found: Coord<i32>, at: Coord<f64>) -> f64 {
    (f64::from(found.x) - at.x)
        .abs()
        .max((f64::from(found.y) - at.y).abs())
}

fn tile_at(lon: f64, lat: f64, z: u8) -> TileCoord {
    tile(z, column(world_x(lon), z), column(world_y(lat), z))
}

type Corners = Vec<(f64, f64)>;

fn corners(most: usize) -> impl Strategy<Value = Corners> {
    prop::collection::vec((-800.0..5_000.0_f64, -800.0..5_000.0_f64), 3..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn points_decode_to_themselves_within_half_a_unit(
        lon in -179.0..179.0_f64, lat in -84.0..84.0_f64, z in 1_u8..=22,
        spots in prop::collection::vec((-200.0..4_300.0_f64, -200.0..4_300.0_f64), 0..30),
    ) {
        let tile = tile_at(lon, lat, z);
        let mut city = City::new();
        let mut expected = Vec::new();
        for (id, (x, y)) in (0_u64..).zip(&spots) {
            let place = at(tile, *x, *y);
            prop_assume!(place.x.abs() < 180.0 && place.y.abs() < 85.0);
            city.put("spots", &id.to_string(), Point(place));
            let near = |v: f64| (-63.99..4_159.99).contains(&v);
            let unsure = |v: f64| !near(v) && (-64.01..4_160.01).contains(&v);
            prop_assume!(!unsure(*x) && !unsure(*y));
            if near(*x) && near(*y) {
                expected.push((Some(id), units(place, tile)));
            }
        }
        let mut found: Vec<_> = decode(&city.tile(&["spots"], tile)).remove("spots").unwrap_or_default();
        found.sort_by_key(|feature| feature.id);
        prop_assert_eq!(found.len(), expected.len());
        for (feature, (id, place)) in found.iter().zip(expected) {
            prop_assert_eq!(feature.id, id);
            let Geometry::MultiPoint(points) = &feature.geometry else { panic!("no points") };
            prop_assert!(off(points.0[0].0, place) <= 0.501);
        }
    }

    #[test]
    fn areas_are_sound_and_lines_follow_the_truth(
        lon in -170.0..170.0_f64, lat in -80.0..80.0_f64, z in 3_u8..=22, ring in corners(20), path in corners(20),
    ) {
        let here = tile_at(lon, lat, z);
        let truth = super::ring(here, &path);
        prop_assume!(truth.0.iter().all(|c| c.x.abs() <= 180.0));
        let area = polygon(here, &[&ring]);
        prop_assume!(area.exterior().0.iter().all(|c| c.x.abs() <= 180.0));
        let mut city = City::new();
        city.put("areas", "1", area);
        city.put("areas", "2", truth.clone());
        for feature in decode(&city.tile(&["areas"], here)).remove("areas").unwrap_or_default() {
            assert_sound(&feature.geometry);
            let lines = if let Geometry::LineString(line) = feature.geometry {
                vec![line]
            } else if let Geometry::MultiLineString(lines) = feature.geometry {
                lines.0
            } else {
                continue;
            };
            let truth: LineString<f64> = truth.0.iter().map(|c| units(*c, here)).collect();
            for found in lines.iter().flat_map(|line| &line.0) {
                let found = Point::new(f64::from(found.x), f64::from(found.y));
                let distance = geo::Distance::distance(&geo::Euclidean, &found, &truth);
                prop_assert!(distance < 0.72, "{} off", distance);
            }
        }
    }

    #[test]
    fn a_cell_has_the_same_count_in_every_tile_that_shows_it(
        lon in -180.0..180.0_f64, lat in -75.0..75.0_f64, z in 3_u8..=15,
        spread in prop::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64), 60..120),
    ) {
        let mut city = City::new();
        let size = 360.0 / f64::from(1_u32 << z);
        for (id, (x, y)) in spread.iter().enumerate() {
            let place = (lon + x * size + 540.0).rem_euclid(360.0) - 180.0;
            city.put("reads", &id.to_string(), Point::new(place, lat + y * size * lat.to_radians().cos() / 2.0));
        }
        let mut counts = BTreeMap::<String, i64>::new();
        let middle = tile_at(lon, lat, z);
        let side = 1_u32 << z;
        for dx in [side - 2, side - 1, 0, 1, 2].map(|dx| dx % side) {
            for dy in -2..=2 {
                let Some(y) = middle.y().checked_add_signed(dy).filter(|y| *y < side) else { continue };
                let here = tile(z, (middle.x() + dx) % side, y);
                for cell in decode(&city.tile(&["reads"], here)).remove("reads_cells").unwrap_or_default() {
                    assert_sound(&cell.geometry);
                    let count = cell.integer("count");
                    let before = counts.insert(cell.text("cell").into(), count);
                    prop_assert!(before.is_none_or(|before| before == count));
                }
            }
        }
        // Nothing is lost either: all tiles around show all points.
        prop_assert_eq!(counts.values().sum::<i64>(), i64::try_from(spread.len()).unwrap());
    }

    #[test]
    fn no_tile_exceeds_the_limit_and_bytes_are_the_same_every_time(
        spots in prop::collection::vec((0.0..4_096.0_f64, 0.0..4_096.0_f64), 0..60),
        rings in prop::collection::vec(corners(40), 0..20),
        z in 8_u8..=16, max_bytes in 24_000_usize..48_000, name in "[a-z ]{0,300}",
    ) {
        let here = tile_at(-110.97, 32.22, z);
        let mut city = City::new();
        for (id, (x, y)) in spots.iter().enumerate() {
            let fields = [("name", Value::Text(format!("{id} {name}").into()))];
            city.put_with("spots", &id.to_string(), point(here, *x, *y), &fields);
            city.put("sites", &format!("s{id}"), point(here, *y, *x));
        }
        for (id, ring) in rings.iter().enumerate() {
            city.put("areas", &id.to_string(), polygon(here, &[ring]));
        }
        let names = ["spots", "areas", "sites", "cells"];
        let limits = TileLimits { max_bytes, ..TileLimits::default() };
        let bytes = city.tile_for(&Viewer::EVERYTHING, &names, here, limits);
        prop_assert!(bytes.len() <= max_bytes);
        prop_assert_eq!(&bytes, &city.tile_for(&Viewer::EVERYTHING, &names, here, limits));
        let layers = decode(&bytes);
        for feature in layers.values().flatten() {
            assert_sound(&feature.geometry);
        }
        // Drawn or counted, but all of them.
        let inside = spots.len();
        match (layers.get("spots"), layers.get("spots_cells")) {
            (Some(drawn), None) => prop_assert_eq!(drawn.len(), inside),
            (None, Some(cells)) => {
                let counted: i64 = cells.iter().map(|cell| cell.integer("count")).sum();
                prop_assert_eq!(counted, i64::try_from(inside).unwrap());
            }
            (None, None) => prop_assert_eq!(inside, 0),
            both => prop_assert!(false, "drawn and counted: {:?}", both),
        }
    }

    #[test]
    fn without_clearance_the_bytes_never_hold_the_secret(
        spots in prop::collection::vec((0.0..4_096.0_f64, 0.0..4_096.0_f64), 1..60), z in 0_u8..=22,
    ) {
        let here = tile_at(-110.97, 32.22, z);
        let mut city = City::new();
        for (id, (x, y)) in spots.iter().enumerate() {
            let secret = [("plate", Value::Text(format!("SECRET{id}").into()))];
            let place = point(here, *x, *y);
            for layer in ["spots", "reads"] {
                city.put_with(layer, &id.to_string(), place, &secret);
            }
        }
        let viewer = Viewer { clearances: Clearances::NONE, layers: LayerSet::ALL };
        let all = ["spots", "areas", "sites", "reads", "pings", "hidden", "cells"];
        let bytes = city.tile_for(&viewer, &all, here, TileLimits::default());
        prop_assert!(!bytes.windows(6).any(|window| window == b"SECRET"));
    }
}
