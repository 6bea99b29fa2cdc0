use super::super::{Marks, Notice, reach};
use super::*;
use crate::event::Seq;
use crate::place::LonLat;
use crate::tile::tiles_of;
use proptest::prelude::*;

/// The first tiles and the last that a box of the same reach has, with the height of the cell alone beyond the
/// buffer, which counts the same in shares of the world.
fn by_box(bounds: Bounds, level: u8) -> (Vec<(u32, u32)>, (u32, u32)) {
    tiles_of(reach(bounds, level), level)
}

proptest! {
    #[test]
    fn no_fewer_columns_than_of_a_box_and_no_more_rows(
        lon in -180.0..180.0_f64, lat in -61.0..61.0_f64,
    ) {
        let bounds = Bounds::of_point(LonLat::new(lon, lat).unwrap());
        let Some(tiles) = tiles_around(bounds) else {
            prop_assert!(lat.abs() > 60.0 || lon.abs() > 140.0, "{lon} {lat}");
            return Ok(());
        };
        for (block, level) in tiles.into_iter().zip(LEVELS) {
            let (columns, rows) = by_box(bounds, level);
            // A column more or less by the last digit of the edge.
            let [west, east] = block.columns;
            prop_assert!(columns.len() == 1 || level == 0, "{level} {columns:?}");
            prop_assert!(west.abs_diff(columns[0].0) + east.abs_diff(columns[0].1) <= 1);
            let [north, south] = block.rows;
            prop_assert!(rows.0 <= north && south <= rows.1, "{level} {rows:?} {block:?}");
        }
    }

    #[test]
    fn a_move_marks_what_leaving_and_coming_do(
        lon in -179.0..179.0_f64, lat in -80.0..80.0_f64, east in -0.3..0.3_f64, north in -0.3..0.3_f64,
    ) {
        let at = |lon: f64, lat: f64| Bounds::of_point(LonLat::new(lon, lat).unwrap());
        let [from, to] = [at(lon, lat), at(lon + east, lat + north)];
        let mut both = Marks::default();
        both.touch_both([Some(from), Some(to)], Notice::EVERYBODY, Seq(2));
        let mut each = Marks::default();
        each.touch_both([Some(from), None], Notice::EVERYBODY, Seq(2));
        each.touch_both([None, Some(to)], Notice::EVERYBODY, Seq(2));
        let by_key = |marks: &Marks| {
            let mut marks: Vec<_> = marks.iter().collect();
            marks.sort_unstable();
            marks
        };
        prop_assert_eq!(by_key(&both), by_key(&each));
    }
}
