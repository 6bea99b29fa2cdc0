use super::holes_at_home;
use geo_types::{LineString, Polygon};

fn square(west: f64, width: f64) -> LineString<f64> {
    let (south, east, north) = (0.0, west + width, width);
    LineString::from(vec![
        (west, south),
        (east, south),
        (east, north),
        (west, north),
        (west, south),
    ])
}

#[test]
fn a_hole_is_moved_to_the_exterior_that_it_lies_in() {
    let hole = square(1.0, 1.0);
    let found = holes_at_home(vec![
        Polygon::new(square(0.0, 10.0), vec![]),
        Polygon::new(square(20.0, 10.0), vec![hole.clone(), square(21.0, 1.0)]),
    ]);
    assert_eq!(found[0].interiors(), [hole]);
    assert_eq!(found[1].interiors(), [square(21.0, 1.0)]);
}
