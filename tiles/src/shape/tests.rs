use super::{BadShape, MAX_POSITIONS, Shape};
use geo_types::Coord;

#[test]
fn a_geometry_has_a_budget_of_positions() {
    let count = MAX_POSITIONS + 1;
    let points = vec![Coord { x: 1.0, y: 2.0 }; count];
    let refused = Shape::Points(points).into_geometry().unwrap_err();
    assert_eq!(refused, BadShape::TooMany { count });
    assert_eq!(
        refused.to_string(),
        "100001 positions where 100000 is the most"
    );
}
