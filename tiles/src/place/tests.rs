use super::*;
use proptest::prelude::*;

fn at(lon: f64, lat: f64) -> LonLat {
    LonLat::new(lon, lat).unwrap()
}

fn bounds(west: f64, south: f64, east: f64, north: f64) -> Bounds {
    Bounds::new(west, south, east, north).unwrap()
}

#[test]
fn a_position_off_the_globe_is_refused_and_named() {
    let error = LonLat::new(200.0, 5.0).unwrap_err();
    assert!(error.to_string().contains("[200, 5]"), "{error}");
    assert!(LonLat::new(0.0, f64::INFINITY).is_err());
}

#[test]
fn a_box_over_the_antimeridian_has_two_parts() {
    let fiji = bounds(170.0, -20.0, -170.0, -10.0);
    assert!(fiji.contains(at(179.0, -15.0)) && fiji.contains(at(-179.0, -15.0)));
    assert!(!fiji.contains(at(0.0, -15.0)));
    assert_eq!(fiji.parts().count(), 2);
    assert!(fiji.intersects(bounds(-175.0, -12.0, -100.0, 0.0)));
    assert!(!fiji.intersects(bounds(-100.0, -12.0, 100.0, 0.0)));
    assert!((fiji.center().lon().abs() - 180.0).abs() < 1e-9);
}

#[test]
fn a_mile_in_tucson_is_a_mile() {
    // Speedway and Grant are one section line, a statute mile, apart.
    let apart = at(-110.9, 32.2361).distance(at(-110.9, 32.2506)).0;
    assert!((apart - 1_609.0).abs() < 10.0, "{apart}");
}

proptest! {
    #[test]
    fn destination_undoes_bearing_and_distance(
        lon in -179.0..179.0, lat in -80.0..80.0, bearing in 0.0..360.0, metres in 1.0..50_000.0,
    ) {
        let from = at(lon, lat);
        let to = from.destination(Bearing::new(bearing).unwrap(), Meters(metres));
        prop_assert!((from.distance(to).0 - metres).abs() < 0.01);
        prop_assert!(from.bearing(to).apart(Bearing::new(bearing).unwrap()) < 0.01);
    }

    #[test]
    fn around_holds_every_position_within_the_radius(
        lon in -180.0..180.0, lat in -90.0..90.0, bearing in 0.0..360.0, metres in 1.0..200_000.0, share in 0.0..0.999,
    ) {
        let center = at(lon, lat);
        let inside = center.destination(Bearing::new(bearing).unwrap(), Meters(metres * share));
        prop_assert!(Bounds::around(center, Meters(metres)).contains(inside));
    }
}

#[test]
fn the_surroundings_of_the_antimeridian_reach_both_of_its_ends() {
    let strip = |west, east| Bounds::new(west, -17.0, east, -16.9).unwrap();
    for lon in [180.0, -180.0] {
        let around = Bounds::around(LonLat::new(lon, -16.98).unwrap(), Meters(0.0));
        assert!(around.intersects(strip(-180.0, -179.9)), "{lon}");
        assert!(around.intersects(strip(179.9, 180.0)), "{lon}");
        assert!(!around.intersects(strip(-179.9, 179.9)), "{lon}");
    }
}
