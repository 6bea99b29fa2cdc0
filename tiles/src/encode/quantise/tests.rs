//! The grid: rounding, winding, and polygons that come out sound whatever went in.

use super::*;
use crate::encode::clip::{clip, tests::star};
use crate::encode::simplify::simplify;
use geo::Validation;
use proptest::prelude::*;

type Corners<'a> = &'a [(f64, f64)];

fn shape(rings: &[Corners<'_>]) -> Shape<f64> {
    let ring = |corners: &Corners<'_>| {
        corners
            .iter()
            .map(|(x, y)| Coord { x: *x, y: *y })
            .collect()
    };
    Shape {
        polygons: vec![rings.iter().map(ring).collect()],
        ..Shape::empty()
    }
}

/// The rings of every polygon that comes out, as text.
fn check(rings: &[Corners<'_>], expected: &[&[&[(i32, i32)]]]) {
    let found = quantise(&shape(rings)).polygons;
    let plain = |ring: &Ring| ring.iter().map(|c| (c.x, c.y)).collect::<Vec<_>>();
    let found: Vec<Vec<_>> = found
        .iter()
        .map(|rings| rings.iter().map(plain).collect())
        .collect();
    assert_eq!(found, expected);
}

const SQUARE: Corners<'_> = &[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];

#[test]
fn halves_round_away_from_zero_on_both_sides() {
    let on_grid = |x: f64| grid(Coord { x, y: -x }).x;
    assert_eq!(
        [0.5, -0.5, 1.5, -1.5, 0.49, -0.49].map(on_grid),
        [1, -1, 2, -2, 0, 0]
    );
}

#[test]
fn exteriors_are_clockwise_on_the_screen_and_holes_are_not() {
    let square = [(0, 0), (10, 0), (10, 10), (0, 10)];
    check(&[SQUARE], &[&[&square]]);
    let turned: Vec<_> = SQUARE.iter().rev().copied().collect();
    check(&[&turned], &[&[&[(0, 0), (10, 0), (10, 10), (0, 10)]]]);
    let hole: Corners<'_> = &[(2.0, 2.0), (4.0, 2.0), (4.0, 4.0), (2.0, 4.0)];
    check(
        &[SQUARE, hole],
        &[&[&square, &[(2, 4), (4, 4), (4, 2), (2, 2)]]],
    );
}

#[test]
fn what_the_grid_cannot_show_goes() {
    check(&[&[(0.0, 0.0), (0.4, 0.0), (0.4, 0.4)]], &[]);
    check(&[&[(0.0, 0.0), (9.0, 0.0), (5.0, 0.3)]], &[]);
    let dot: Corners<'_> = &[(5.0, 5.0), (5.3, 5.0), (5.3, 5.3)];
    check(&[SQUARE, dot], &[&[&[(0, 0), (10, 0), (10, 10), (0, 10)]]]);
    check(&[&[]], &[]);
}

#[test]
fn a_bow_tie_becomes_two_triangles() {
    check(
        &[&[(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)]],
        &[
            &[&[(0, 0), (5, 5), (0, 10)]],
            &[&[(5, 5), (10, 0), (10, 10)]],
        ],
    );
}

#[test]
fn a_spike_is_cut_off() {
    check(
        &[&[
            (0.0, 0.0),
            (10.0, 0.0),
            (10.0, 10.0),
            (30.0, 10.0),
            (0.0, 10.0),
        ]],
        &[&[&[(0, 0), (10, 0), (10, 10), (0, 10)]]],
    );
}

#[test]
fn a_seam_along_the_border_is_taken_apart() {
    // A comb that was cut at its back: two teeth joined along x = 0.
    let comb: Corners<'_> = &[
        (0.0, 0.0),
        (10.0, 0.0),
        (10.0, 2.0),
        (0.0, 2.0),
        (0.0, 8.0),
        (10.0, 8.0),
        (10.0, 10.0),
        (0.0, 10.0),
    ];
    check(
        &[comb],
        &[
            &[&[(0, 0), (10, 0), (10, 2), (0, 2)]],
            &[&[(0, 8), (10, 8), (10, 10), (0, 10)]],
        ],
    );
}

#[test]
fn a_hole_that_touches_at_a_corner_stays_a_hole_and_one_outside_goes() {
    let touching: Corners<'_> = &[(0.0, 0.0), (4.0, 2.0), (2.0, 4.0)];
    let polygons = quantise(&shape(&[SQUARE, touching])).polygons;
    assert_eq!(polygons.len(), 1);
    assert_sound(&polygons[0]);
    let outside: Corners<'_> = &[(20.0, 20.0), (24.0, 22.0), (22.0, 24.0)];
    check(
        &[SQUARE, outside],
        &[&[&[(0, 0), (10, 0), (10, 10), (0, 10)]]],
    );
}

#[test]
fn a_hole_over_the_whole_leaves_nothing() {
    check(&[SQUARE, SQUARE], &[]);
}

fn assert_sound(rings: &[Ring]) {
    for (at, ring) in rings.iter().enumerate() {
        assert!(ring.len() >= 3, "{rings:?}");
        assert_eq!(double_area(ring) > 0, at == 0, "winding of {rings:?}");
        for (a, b) in edges(ring) {
            assert_ne!(a, b, "{rings:?}");
        }
    }
    let polygon = |rings: &[Ring]| {
        let mut rings = rings.iter().map(|ring| {
            ring.iter()
                .map(|c| Coord {
                    x: f64::from(c.x),
                    y: f64::from(c.y),
                })
                .collect()
        });
        Polygon::new(
            rings.next().unwrap(),
            rings.collect::<Vec<LineString<f64>>>(),
        )
    };
    let polygon = polygon(rings);
    assert!(
        polygon.is_valid(),
        "{:?} {polygon:?}",
        polygon.validation_errors()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_rings_come_out_sound(
        exterior in prop::collection::vec((0.0..40.0_f64, 0.0..40.0_f64), 0..12),
        hole in prop::collection::vec((0.0..40.0_f64, 0.0..40.0_f64), 0..8),
    ) {
        for rings in quantise(&shape(&[&exterior, &hole])).polygons {
            assert_sound(&rings);
        }
    }

    #[test]
    fn clipped_and_simplified_stars_come_out_sound(rings in star(), scale in 0.001..1.0_f64) {
        let mut shape = Shape::empty();
        let small = |ring: Path<f64>| ring.into_iter().map(|c| c * scale).collect();
        shape.polygons.push(rings.into_iter().map(small).collect());
        let shape = simplify(clip(shape, (-64.0, 4_160.0)), 1.0);
        for rings in quantise(&shape).polygons {
            assert_sound(&rings);
            let inside = |c: &Coord<i32>| (-64..=4_160).contains(&c.x) && (-64..=4_160).contains(&c.y);
            prop_assert!(rings.iter().flatten().all(inside));
        }
    }
}
