//! Cells in a frame: on both edges of the world, and without gap or overlap.

use super::*;
use crate::cell::resolution_for_zoom;
use crate::encode::quantise::double_area;
use crate::place::LonLat;
use crate::tile::{TileCoord, column, world_x, world_y};
use proptest::prelude::*;

fn frame(z: u8, x: u32, y: u32) -> Frame {
    Frame {
        tile: TileCoord::new(z, x, y).unwrap(),
        extent: 4_096.0,
        buffer: 64.0,
    }
}

/// The columns of one row of tiles that show something of the cell at a position.
fn check_columns(lon: f64, lat: f64, resolution: u8, z: u8, expected: &[u32]) {
    let cell = Cell::of(LonLat::new(lon, lat).unwrap(), resolution).unwrap();
    let y = column(world_y(cell.center().lat()), z);
    let shown = (0..1 << z).filter(|x| !draw(cell, frame(z, *x, y)).is_empty());
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{cell}");
}

#[test]
fn a_cell_over_the_antimeridian_is_on_both_edges_of_the_world() {
    check_columns(180.0, 5.0, 1, 2, &[0, 3]);
    check_columns(-179.999, -17.0, 5, 4, &[0, 15]);
    check_columns(-110.97, 32.22, 5, 4, &[3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The cells of a resolution tile the sphere, so their parts in a tile add up to the tile.
    #[test]
    fn cells_fill_a_tile_without_gap_or_overlap(
        lon in -180.0..180.0_f64, lat in -84.0..84.0_f64, z in 0_u8..=16,
    ) {
        let frame = frame(z, column(world_x(lon), z), column(world_y(lat), z));
        let resolution = resolution_for_zoom(z);
        let mut cells = Cell::covering(frame.reach().grown(3.0, 3.0), resolution, 4_000).unwrap().unwrap_or_default();
        prop_assume!(!cells.is_empty());
        cells.dedup();
        let drawn = cells.iter().flat_map(|cell| draw(*cell, frame).polygons);
        let area: i64 = drawn.flatten().map(|ring| double_area(&ring)).sum();
        // There is nothing above and below the map.
        let rows = 1 << z;
        let y = frame.tile.y();
        let height = 4_096 + 64 * (i64::from(y > 0) + i64::from(y + 1 < rows));
        let whole = 2 * 4_224 * height;
        prop_assert!((area - whole).abs() < whole / 500, "{} of {}", area, whole);
    }
}
