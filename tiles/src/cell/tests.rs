use super::*;
use proptest::prelude::*;

fn at(lon: f64, lat: f64) -> LonLat {
    LonLat::new(lon, lat).unwrap()
}

#[test]
fn a_resolution_that_is_not_served_is_named() {
    assert_eq!(Cell::of(at(0.0, 0.0), 13), Err(NoSuchResolution(13)));
}

#[test]
fn resolutions_never_get_coarser_with_the_zoom() {
    for zoom in 0..22 {
        assert!(resolution_for_zoom(zoom) <= resolution_for_zoom(zoom + 1));
    }
}

#[test]
fn the_cells_over_a_pole_have_all_longitudes() {
    let pole = Cell::of(at(0.0, 90.0), 3).unwrap().bounds();
    assert!(pole.contains(at(-120.0, 90.0)) && pole.contains(at(170.0, 89.9)));
}

proptest! {
    #[test]
    fn a_cell_lies_in_its_bounds(lon in -180.0..180.0, lat in -90.0..90.0, resolution in 0_u8..=12) {
        let cell = Cell::of(at(lon, lat), resolution).unwrap();
        for corner in cell.corners() {
            prop_assert!(cell.bounds().grown(1e-9, 1e-9).contains(corner));
        }
    }

    #[test]
    fn descendants_are_one_range_of_indexes(lon in -180.0..180.0, lat in -90.0..90.0, coarse in 0_u8..6, finer in 0_u8..6) {
        let fine = Cell::of(at(lon, lat), coarse + finer).unwrap();
        let (first, last) = fine.parent(coarse).descendants(coarse + finer).unwrap();
        prop_assert!((first..=last).contains(&u64::from(fine)));
        let elsewhere = Cell::of(at(-lon, -lat), coarse + finer).unwrap();
        prop_assert_eq!(
            (first..=last).contains(&u64::from(elsewhere)),
            elsewhere.parent(coarse) == fine.parent(coarse)
        );
    }

    #[test]
    fn every_position_of_a_box_is_in_a_covering_cell(
        west in -179.0..179.0, south in -85.0..84.0, width in 0.0..0.6, height in 0.0..0.6,
        fx in 0.0..=1.0, fy in 0.0..=1.0, resolution in 3_u8..=6,
    ) {
        let bounds = Bounds::clamped(west, south, west + width, south + height);
        let cells = Cell::covering(bounds, resolution, 20_000).unwrap().unwrap();
        let lon: f64 = west + width * fx;
        let inside = at(if lon > 180.0 { lon - 360.0 } else { lon }, south + height * fy);
        let direct = Cell(LatLng::new(inside.lat(), inside.lon()).unwrap()
            .to_cell(Resolution::try_from(resolution).unwrap()));
        prop_assert!(cells.contains(&direct));
    }
}
