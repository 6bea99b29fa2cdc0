use super::*;
use crate::place::LonLat;
use proptest::prelude::*;

#[test]
fn tiles_outside_the_pyramid_are_refused_and_named() {
    assert!(TileCoord::new(0, 0, 0).is_ok());
    assert!(TileCoord::new(22, (1 << 22) - 1, 0).is_ok());
    assert!(TileCoord::new(23, 0, 0).is_err());
    let error = TileCoord::new(3, 9, 1).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("tile 3/9/1 is not in the pyramid")
    );
}

#[test]
fn the_root_tile_is_the_world() {
    let root = TileCoord::new(0, 0, 0).unwrap().bounds();
    assert_eq!(root, Bounds::WORLD);
}

#[test]
fn a_buffered_edge_tile_spans_the_antimeridian() {
    let west = TileCoord::new(2, 0, 1).unwrap().bounds_with(1.0 / 64.0);
    assert!(west.west() > west.east());
    assert!(west.contains(LonLat::new(179.9, 30.0).unwrap()));
}

proptest! {
    #[test]
    fn latitude_undoes_world_y(lat in -85.0..85.0) {
        prop_assert!((latitude(world_y(lat)) - lat).abs() < 1e-9);
    }

    #[test]
    fn a_position_is_in_the_tile_of_its_column_and_row(lon in -180.0..180.0, lat in -90.0..90.0, z in 0_u8..=22) {
        let tile = TileCoord::new(z, column(world_x(lon), z), column(world_y(lat), z)).unwrap();
        // Half a millimetre for positions on an edge.
        let near = tile.bounds().grown(5e-9, 5e-9);
        prop_assert!(near.contains(LonLat::new(lon, lat).unwrap()), "{} {:?}", tile, near);
    }
}
