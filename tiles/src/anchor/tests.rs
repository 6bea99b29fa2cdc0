use super::*;
use geo::Contains;
use geo_types::{GeometryCollection, MultiPolygon, Point, line_string, point, polygon};
use proptest::prelude::*;
use proptest::test_runner::Config;

fn check(geometry: impl Into<Geometry<f64>>, expected: (f64, f64)) {
    let at = anchor(&geometry.into()).unwrap();
    assert_eq!((at.lon(), at.lat()), expected);
}

#[test]
fn every_kind_of_geometry_has_an_anchor() {
    check(point! { x: 1.0, y: 2.0 }, (1.0, 2.0));
    check(
        line_string![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 3.0, y: 0.0), (x: 4.0, y: 0.0)],
        (1.0, 0.0),
    );
    let square = polygon![(x: 0.0, y: 0.0), (x: 2.0, y: 0.0), (x: 2.0, y: 2.0), (x: 0.0, y: 2.0)];
    let wide = polygon![(x: 10.0, y: 0.0), (x: 16.0, y: 0.0), (x: 16.0, y: 2.0), (x: 10.0, y: 2.0)];
    check(square.clone(), (1.0, 1.0));
    check(MultiPolygon(vec![square.clone(), wide]), (13.0, 1.0));
    let far = line_string![(x: 50.0, y: 0.0), (x: 90.0, y: 0.0)];
    check(
        Geometry::GeometryCollection(GeometryCollection::from(vec![
            Geometry::from(far),
            square.into(),
            point! { x: 9.0, y: 9.0 }.into(),
        ])),
        (1.0, 1.0),
    );
    assert!(anchor(&Geometry::LineString(LineString::new(Vec::new()))).is_none());
    assert!(anchor(&Geometry::MultiPolygon(MultiPolygon(Vec::new()))).is_none());
}

#[test]
fn a_hole_in_the_middle_is_avoided() {
    let ring = polygon!(
        exterior: [(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 6.0), (x: 0.0, y: 6.0)],
        interiors: [[(x: 1.0, y: 1.0), (x: 6.0, y: 1.0), (x: 6.0, y: 5.0), (x: 1.0, y: 5.0)]],
    );
    check(ring, (7.5, 3.0));
}

/// A zero with a sign, a spike, a bow tie, nothing but a line: all seen in feeds.
#[test]
fn what_is_not_valid_has_an_anchor_all_the_same() {
    for corners in [
        vec![
            (0.0, 51.0),
            (0.01, 51.0),
            (0.01, 51.01),
            (-0.0, 51.01),
            (0.0, 51.0),
        ],
        vec![(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (4.0, 0.0), (0.0, 0.0)],
        vec![(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)],
        vec![(0.0, 1.0), (5.0, 1.0), (0.0, 1.0)],
        vec![(7.0, 7.0)],
    ] {
        let ring = LineString::from(corners.clone());
        let at = anchor(&Polygon::new(ring, Vec::new()).into());
        assert!(at.is_some(), "{corners:?}");
    }
}

proptest! {
    #![proptest_config(Config::with_cases(200))]

    /// Stars around a centre are simple polygons of any shape.
    #[test]
    fn the_anchor_of_an_area_is_inside(
        center in (-170.0..170.0_f64, -80.0..80.0_f64),
        reaches in prop::collection::vec(0.05..5.0_f64, 3..40),
    ) {
        let count = f64::from(u32::try_from(reaches.len()).unwrap());
        let corners = reaches.iter().zip(0_u32..).map(|(reach, at)| {
            let angle = f64::from(at) / count * std::f64::consts::TAU;
            Coord { x: center.0 + reach * angle.cos(), y: center.1 + reach * angle.sin() }
        });
        let area = Polygon::new(corners.collect(), Vec::new());
        let at = anchor(&area.clone().into()).unwrap();
        prop_assert!(area.contains(&Point::new(at.lon(), at.lat())));
    }
}
