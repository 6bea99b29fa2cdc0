use super::{BadShape, InvalidPolygon, MAX_POSITIONS, Shape};
use geo::Area;
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

fn square(west: f64, south: f64, size: f64) -> Vec<Vec<Coord<f64>>> {
    let (east, north) = (west + size, south + size);
    let corners = [
        (west, south),
        (east, south),
        (east, north),
        (west, north),
        (west, south),
    ];
    vec![corners.map(|(x, y)| Coord { x, y }).to_vec()]
}

fn area(shape: Shape) -> f64 {
    shape.into_geometry().unwrap().unsigned_area()
}

#[test]
fn polygons_that_overlap_are_united_and_others_are_left_as_they_are() {
    let apart = Shape::Polygons(vec![square(1.0, 1.0, 1.0), square(5.0, 1.0, 1.0)]);
    assert_eq!(apart.clone().without_overlaps(), Ok(apart));
    let over = Shape::Polygons(vec![square(1.0, 1.0, 2.0), square(2.0, 2.0, 2.0)]);
    assert!((area(over.without_overlaps().unwrap()) - 7.0).abs() < 1e-9);
    let within = Shape::Polygons(vec![square(1.0, 1.0, 4.0), square(2.0, 2.0, 1.0)]);
    assert!((area(within.without_overlaps().unwrap()) - 16.0).abs() < 1e-9);
}

/// A comb of so many teeth, which lie or stand.
fn comb(teeth: u32, lies: bool) -> Vec<Vec<Coord<f64>>> {
    let step = 8.0 / f64::from(teeth);
    let mut ring: Vec<(f64, f64)> = vec![(0.5, 0.5)];
    for tooth in 0..teeth {
        let at = 1.0 + f64::from(tooth) * step;
        ring.extend([
            (at, 1.0),
            (at, 9.0),
            (at + step / 2.0, 9.0),
            (at + step / 2.0, 1.0),
        ]);
    }
    ring.extend([(9.5, 0.5), (0.5, 0.5)]);
    let coord = |(x, y)| {
        if lies {
            Coord { x: y, y: x }
        } else {
            Coord { x, y }
        }
    };
    vec![ring.into_iter().map(coord).collect()]
}

#[test]
fn polygons_whose_edges_meet_all_over_are_not_united() {
    let few = Shape::Polygons(vec![comb(20, false), comb(20, true)]);
    assert!(few.without_overlaps().is_ok());
    let many = Shape::Polygons(vec![comb(200, false), comb(200, true)]);
    let refused = many.without_overlaps().unwrap_err();
    assert_eq!(refused, BadShape::Invalid(InvalidPolygon::TooOverlapping));
}
