use super::*;
use crate::cell::Cell;
use crate::place::LonLat;
use proptest::prelude::*;

const EVERYBODY: Notice = Notice::EVERYBODY;

fn tile_at(lon: f64, lat: f64, z: u8) -> TileCoord {
    let x = crate::tile::column(crate::tile::world_x(lon), z);
    let y = crate::tile::column(crate::tile::world_y(lat), z);
    TileCoord::new(z, x, y).unwrap()
}

#[test]
fn a_change_elsewhere_leaves_a_tile_as_it_was() {
    let mut marks = Marks::default();
    marks.touch(
        Bounds::of_point(LonLat::new(-110.97, 32.22).unwrap()),
        EVERYBODY,
        Seq(7),
    );
    assert_eq!(marks.last(tile_at(-110.97, 32.22, 14), EVERYBODY), Seq(7));
    assert_eq!(marks.last(tile_at(-110.70, 32.22, 14), EVERYBODY), Seq(0));
    assert_eq!(marks.last(tile_at(0.0, 0.0, 0), EVERYBODY), Seq(7));
}

#[test]
fn a_hidden_change_is_noticed_by_its_clearance_alone() {
    let mut marks = Marks::default();
    let hidden = Notice::NOBODY.with_slot(2);
    marks.touch(
        Bounds::of_point(LonLat::new(10.0, 50.0).unwrap()),
        hidden,
        Seq(9),
    );
    let tile = tile_at(10.0, 50.0, 12);
    assert_eq!(marks.last(tile, EVERYBODY), Seq(0));
    assert_eq!(marks.last(tile, EVERYBODY.or(hidden)), Seq(9));
}

proptest! {
    #[test]
    fn every_tile_that_shows_a_box_is_marked(
        lon in -179.9..179.0_f64, lat in -84.9..84.0_f64, width in 0.0..3.0_f64, height in 0.0..3.0_f64,
        fx in 0.0..=1.0_f64, fy in 0.0..=1.0_f64, z in 0_u8..=22,
    ) {
        let bounds = Bounds::clamped(lon, lat, (lon + width).min(180.0), lat + height);
        let mut marks = Marks::default();
        marks.touch(bounds, EVERYBODY, Seq(3));
        let inside = (lon + ((lon + width).min(180.0) - lon) * fx, (lat + height * fy).min(90.0));
        prop_assert_eq!(marks.last(tile_at(inside.0, inside.1, z), EVERYBODY), Seq(3));
    }

    #[test]
    fn every_tile_that_a_counted_cell_touches_is_marked(
        lon in -180.0..180.0_f64, lat in -85.0..85.0_f64, z in 0_u8..=22, corner in 0_usize..6, pull in 0.0..1.0_f64,
        moved in any::<bool>(),
    ) {
        let at = LonLat::new(lon, lat).unwrap();
        let mut marks = Marks::default();
        let at_it = Bounds::of_point(at);
        if moved {
            marks.touch_both([Some(at_it), None], EVERYBODY, Seq(5));
        } else {
            marks.touch(at_it, EVERYBODY, Seq(5));
        }
        let cell = Cell::of(at, coarsest_for_zoom(z)).unwrap();
        let corners = cell.corners();
        let edge = corners[corner % corners.len()];
        let toward = |from: f64, to: f64| from + (to - from) * pull;
        let lon_step = (edge.lon() - lon + 540.0).rem_euclid(360.0) - 180.0;
        let lon2 = (lon + lon_step * pull + 540.0).rem_euclid(360.0) - 180.0;
        let touched = tile_at(lon2, toward(lat, edge.lat()), z);
        prop_assert_eq!(marks.last(touched, EVERYBODY), Seq(5), "{} {:?}", touched, cell);
    }
}
