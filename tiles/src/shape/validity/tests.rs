use super::InvalidPolygon;
use crate::shape::{BadShape, Shape};
use geo_types::Coord;

fn ring(positions: &[(f64, f64)]) -> Vec<Coord<f64>> {
    let closed = positions.iter().chain(positions.first());
    closed.map(|&(x, y)| Coord { x, y }).collect()
}

fn square(west: f64, south: f64, size: f64) -> Vec<Coord<f64>> {
    let (east, north) = (west + size, south + size);
    ring(&[(west, south), (east, south), (east, north), (west, north)])
}

fn check(polygons: Vec<Vec<Vec<Coord<f64>>>>) -> String {
    match Shape::Polygons(polygons).into_geometry() {
        Ok(_) => "valid".to_owned(),
        Err(bad) => bad.to_string(),
    }
}

#[test]
fn a_ring_that_crosses_itself_says_where() {
    let bow_tie = ring(&[(1.0, 1.0), (3.0, 3.0), (3.0, 1.0), (1.0, 3.0)]);
    assert_eq!(
        check(vec![vec![bow_tie]]),
        "a ring crosses or touches itself at [2, 2]"
    );
    let touch = ring(&[
        (1.0, 1.0),
        (5.0, 1.0),
        (3.0, 3.0),
        (5.0, 5.0),
        (1.0, 5.0),
        (3.0, 3.0),
    ]);
    assert_eq!(
        check(vec![vec![touch]]),
        "a ring crosses or touches itself at [3, 3]"
    );
    let spike = ring(&[(1.0, 1.0), (5.0, 1.0), (9.0, 1.0), (5.0, 1.0), (5.0, 5.0)]);
    assert!(check(vec![vec![spike]]).starts_with("a ring crosses or touches itself"));
    let corner_on_edge = ring(&[(1.0, 1.0), (5.0, 1.0), (5.0, 5.0), (3.0, 1.0), (1.0, 5.0)]);
    assert_eq!(
        check(vec![vec![corner_on_edge]]),
        "a ring crosses or touches itself at [3, 1]"
    );
}

#[test]
fn holes_lie_inside_and_apart() {
    let outside = square(1.0, 1.0, 8.0);
    let hole = |west, south, size| vec![vec![outside.clone(), square(west, south, size)]];
    assert_eq!(check(hole(2.0, 2.0, 2.0)), "valid");
    assert_eq!(
        check(hole(20.0, 2.0, 2.0)),
        "the hole at [20, 2] is not inside the polygon"
    );
    assert!(check(hole(7.0, 2.0, 5.0)).starts_with("two rings of the polygon cross at [9,"));
    assert!(
        check(hole(0.5, 0.5, 10.0)).starts_with("the hole at"),
        "around the polygon"
    );
    assert!(
        check(hole(1.0, 2.0, 2.0)).starts_with("two rings of the polygon cross"),
        "shares an edge"
    );
    let diamond = ring(&[(1.0, 5.0), (3.0, 3.0), (5.0, 5.0), (3.0, 7.0)]);
    assert_eq!(
        check(vec![vec![outside.clone(), diamond]]),
        "valid",
        "touches in one position"
    );
    let nested = vec![vec![
        outside.clone(),
        square(2.0, 2.0, 5.0),
        square(3.0, 3.0, 1.0),
    ]];
    assert!(check(nested).starts_with("the hole at [3, 3]"));
    let leaves = ring(&[(1.0, 5.0), (0.5, 6.0), (0.5, 4.0)]);
    assert!(
        check(vec![vec![outside, leaves]]).starts_with("the hole at"),
        "touches from outside"
    );
}

#[test]
fn polygons_of_one_feature_do_not_overlap() {
    let apart = vec![vec![square(1.0, 1.0, 2.0)], vec![square(5.0, 1.0, 2.0)]];
    assert_eq!(check(apart), "valid");
    let corner = vec![vec![square(1.0, 1.0, 2.0)], vec![square(3.0, 3.0, 2.0)]];
    assert_eq!(check(corner), "valid", "they touch in one position");
    let over = vec![vec![square(1.0, 1.0, 4.0)], vec![square(3.0, 3.0, 4.0)]];
    assert!(check(over).starts_with("two polygons overlap at ["));
    let inside = vec![vec![square(1.0, 1.0, 8.0)], vec![square(3.0, 3.0, 1.0)]];
    assert_eq!(check(inside), "two polygons overlap at [3, 3]");
    let in_hole = vec![
        vec![square(1.0, 1.0, 8.0), square(2.0, 2.0, 6.0)],
        vec![square(3.0, 3.0, 1.0)],
    ];
    assert_eq!(check(in_hole), "valid", "an island in a lake");
    let edge = vec![vec![square(1.0, 1.0, 2.0)], vec![square(3.0, 1.0, 2.0)]];
    assert!(
        check(edge).starts_with("two polygons overlap at [3"),
        "they share an edge"
    );
}

#[test]
fn the_largest_ring_is_checked_in_little_time() {
    let count = 99_999_u32;
    let circle: Vec<_> = (0..count)
        .map(|n| f64::from(n) / f64::from(count) * std::f64::consts::TAU)
        .map(|angle| (10.0 + angle.cos(), 10.0 + angle.sin()))
        .collect();
    assert_eq!(check(vec![vec![ring(&circle)]]), "valid");
    let straight = (0..count - 2).map(|n| (5.0, 10.0 + f64::from(n) / 1e5));
    let west_border: Vec<_> = straight.chain([(4.0, 11.0), (4.0, 10.0)]).collect();
    assert_eq!(check(vec![vec![ring(&west_border)]]), "valid");
}

#[test]
fn what_is_too_entangled_is_refused_not_pondered() {
    let along = |way: f64, offset: f64| {
        (
            20.0 + 0.8 * way - 0.6 * offset,
            20.0 + 0.6 * way + 0.8 * offset,
        )
    };
    let teeth = (0..99_997_u32).map(|n| along(f64::from(n % 2), f64::from(n) / 1e5));
    let comb: Vec<_> = teeth.chain([along(-0.1, 0.5)]).collect();
    let refused = Shape::Polygons(vec![vec![ring(&comb)]]).into_geometry();
    assert_eq!(
        refused,
        Err(BadShape::Invalid(InvalidPolygon::TooEntangled))
    );
}
