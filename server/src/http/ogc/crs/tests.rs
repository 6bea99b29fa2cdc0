//! Axis order and Mercator, against known values.

use super::{Crs, EPSG_3857, EPSG_4326};
use atalaya_tiles::Bounds;
use geo_types::{Coord, Geometry, Point};

const TUCSON: Coord<f64> = Coord {
    x: -110.97,
    y: 32.22,
};

#[test]
fn epsg_4326_has_the_latitude_first() {
    let turned = Crs::LatLon.place(TUCSON);
    assert_eq!((turned.x, turned.y), (32.22, -110.97));
    let bounds = Crs::LatLon.bounds([32.0, -111.0, 33.0, -110.0]);
    assert_eq!(bounds, Bounds::new(-111.0, 32.0, -110.0, 33.0).ok());
}

/// Values of PROJ 9.
#[test]
fn mercator_agrees_with_proj() {
    let turned = Crs::Mercator.place(TUCSON);
    assert!((turned.x - -12_353_123.9).abs() < 0.1, "{turned:?}");
    assert!((turned.y - 3_792_223.8).abs() < 0.1, "{turned:?}");
    let edge = std::f64::consts::PI * super::RADIUS_M;
    let world = Crs::Mercator.bounds([-edge, -edge, edge, edge]).unwrap();
    assert!((world.north() - 85.051_129).abs() < 1e-6);
    assert_eq!((world.west(), world.east()), (-180.0, 180.0));
}

#[test]
fn a_geometry_is_turned_whole_and_only_where_it_must() {
    let point = Geometry::Point(Point(TUCSON));
    assert!(matches!(
        Crs::Crs84.geometry(&point),
        std::borrow::Cow::Borrowed(_)
    ));
    let turned = Crs::LatLon.geometry(&point).into_owned();
    assert_eq!(turned, Geometry::Point(Point::new(32.22, -110.97)));
}

#[test]
fn poles_stay_finite() {
    let pole = Crs::Mercator.place(Coord { x: 0.0, y: 90.0 });
    assert!(pole.y.is_finite());
}

#[test]
fn systems_go_by_their_uri() {
    for uri in [super::CRS84, EPSG_4326, EPSG_3857] {
        assert_eq!(Crs::parse("crs", Some(uri)).unwrap().uri(), uri);
    }
    assert_eq!(Crs::parse("crs", None).unwrap(), Crs::Crs84);
    assert!(Crs::parse("crs", Some("EPSG:4326")).is_err());
}

#[test]
fn what_is_no_box_is_none() {
    for crs in Crs::ALL {
        assert_eq!(crs.bounds([1.0, 2.0, f64::NAN, 3.0]), None);
        assert_eq!(
            crs.bounds([0.0, 5.0, 0.0, -5.0]).is_some(),
            crs == Crs::LatLon
        );
    }
}
