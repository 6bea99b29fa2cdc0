use super::*;
use geo::Contains;
use geo_types::Point;
use proptest::prelude::*;

fn view(heading: f64, fov_deg: f64, range_m: f64) -> FieldOfView {
    FieldOfView {
        at: LonLat::new(-110.97, 32.22).unwrap(),
        headings: vec![Bearing::new(heading).unwrap()],
        fov_deg,
        range: Meters(range_m),
    }
}

#[test]
fn a_camera_that_looks_everywhere_needs_no_heading() {
    let mut all_around = view(0.0, 360.0, 100.0);
    all_around.headings.clear();
    let north = all_around.at.destination(Bearing::NORTH, Meters(90.0));
    assert!(all_around.sees(north).is_some());
    assert!(matches!(all_around.area(), Geometry::Polygon(_)));
}

#[test]
fn each_head_of_a_post_has_its_own_sector() {
    let mut post = view(0.0, 40.0, 100.0);
    post.headings.push(Bearing::new(180.0).unwrap());
    let south = post
        .at
        .destination(Bearing::new(180.0).unwrap(), Meters(50.0));
    let east = post
        .at
        .destination(Bearing::new(90.0).unwrap(), Meters(50.0));
    assert!(post.sees(south).is_some() && post.sees(east).is_none());
    let Geometry::MultiPolygon(area) = post.area() else {
        unreachable!("two heads are two polygons")
    };
    assert_eq!(area.0.len(), 2);
}

proptest! {
    /// The drawn area and the exact test agree, but for a sliver along the arc.
    #[test]
    fn what_is_drawn_is_what_is_seen(
        heading in 0.0..360.0, fov in 5.0..350.0, range in 20.0..2_000.0_f64,
        bearing in 0.0..360.0, share in 0.0..2.0_f64, place in 0_usize..3,
    ) {
        let mut camera = view(heading, fov, range);
        // In town, and where the sector lies on both sides of the antimeridian.
        let heading_east = heading > 30.0 && heading < 150.0;
        prop_assume!(place == 0 || (heading_east && fov > 60.0));
        camera.at = [camera.at, LonLat::new(179.999_9, -17.0).unwrap(), LonLat::new(179.999_9, 66.0).unwrap()][place];
        let position = camera.at.destination(Bearing::new(bearing).unwrap(), Meters(range * share));
        let off = Bearing::new(heading).unwrap().apart(Bearing::new(bearing).unwrap());
        prop_assume!(share > 0.01 && (share - 1.0).abs() > 0.01 && (off - fov / 2.0).abs() > 0.5);
        let area = camera.area();
        prop_assert_eq!(matches!(area, Geometry::Polygon(_)), place == 0);
        prop_assert!(crate::feature::is_on_globe(&area));
        let drawn = area.contains(&Point::new(position.lon(), position.lat()));
        prop_assert_eq!(drawn, camera.sees(position).is_some());
    }
}

#[test]
fn a_camera_on_the_antimeridian_sees_on_one_side_of_it() {
    let mut camera = view(90.0, 60.0, 100.0);
    camera.at = LonLat::new(180.0, -17.0).unwrap();
    let Geometry::Polygon(area) = camera.area() else {
        unreachable!("it looks away from the line")
    };
    assert!(area.exterior().coords().all(|corner| corner.x < -179.9));
    assert!(crate::feature::is_on_globe(&area.into()));
}

#[test]
fn what_is_seen_around_a_pole_reaches_it() {
    let at = LonLat::new(30.0, 89.999).unwrap();
    let camera = FieldOfView {
        at,
        headings: Vec::new(),
        ..view(0.0, 360.0, 1_000.0)
    };
    let area = camera.area();
    for (lon, lat) in [(0.0, 89.9999), (-140.0, 89.995), (179.9, 89.999)] {
        assert!(camera.sees(LonLat::new(lon, lat).unwrap()).is_some());
        assert!(area.contains(&Point::new(lon, lat)), "{lon} {lat}");
    }
    assert!(!area.contains(&Point::new(30.0, 89.98)));
}
