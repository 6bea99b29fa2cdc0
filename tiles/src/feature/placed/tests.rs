use super::*;
use crate::city;
use geo_types::{LineString, MultiPoint};

#[test]
fn a_place_gives_back_its_geometry_and_what_follows_from_it() {
    let line = LineString::from(vec![(-110.9, 32.2), (-110.8, 32.3)]);
    let points = MultiPoint::from(vec![(-110.9, 32.2), (-110.8, 32.3)]);
    let shapes: [Geometry<f64>; 3] = [city::point(-110.97, 32.22), line.into(), points.into()];
    for shape in shapes {
        let place = Placed::of(Some(shape.clone()), Some(6));
        assert_eq!(place.geometry().as_deref(), Some(&shape));
        assert_eq!(place.bounds(), Bounds::of_geometry(&shape));
        assert_eq!(place.anchor(), anchor(&shape));
        assert_eq!(place.cell(), anchor(&shape).map(Cell::finest));
        let topic = match (&shape, place.cell()) {
            (Geometry::Point(_), Some(cell)) => Topic::Cell(cell.parent(6)),
            _ => Topic::Everywhere,
        };
        assert_eq!(place.topic(), topic);
        assert_eq!(Placed::of(Some(shape), None).topic(), Topic::Everywhere);
    }
    assert_eq!(Placed::of(None, Some(6)), Placed::Nowhere);
    assert_eq!(Placed::Nowhere.bounds(), None);
}

#[test]
fn a_point_takes_no_memory_of_its_own() {
    assert!(size_of::<Placed>() <= 40);
    assert!(size_of::<crate::feature::Feature>() <= 240);
}
