use super::*;
use crate::city;
use proptest::prelude::*;
use proptest::test_runner::Config;

fn found(tree: &PackedTree, bounds: Bounds) -> Vec<u32> {
    let mut found = Vec::new();
    for part in bounds.parts() {
        let all = tree.search(part, &mut |item| {
            found.push(item);
            ControlFlow::Continue(())
        });
        assert!(all.is_continue());
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The boxes in the order of the tree.
fn along(boxes: impl Iterator<Item = Bounds>) -> Vec<Bounds> {
    let along = along_hilbert((0..).zip(boxes)).into_iter();
    along.map(|(_, bounds)| bounds).collect()
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn nothing_that_touches_the_query_is_missed_and_what_is_named_nearly_does(
        boxes in prop::collection::vec(city::box_of_places(), 0..400), query in city::box_of_places(),
    ) {
        let boxes = along(boxes.into_iter().filter(|b| b.west() <= b.east()));
        let touching = |query: Bounds| -> Vec<u32> {
            let touching = (0..).zip(&boxes).filter(|(_, b)| b.intersects(query));
            touching.map(|(item, _)| item).collect()
        };
        let found = found(&PackedTree::in_place(&boxes), query);
        let (least, most) = (touching(query), touching(query.grown(1e-4, 1e-4)));
        prop_assert!(least.iter().all(|item| found.binary_search(item).is_ok()));
        prop_assert!(found.iter().all(|item| most.binary_search(item).is_ok()));
    }

    #[test]
    fn points_are_found_where_they_are(
        at in prop::collection::vec(city::place(), 0..400), query in city::box_of_places(),
    ) {
        let points = along(at.iter().map(|at| Bounds::of_point(*at)));
        let found = found(&PackedTree::in_place(&points), query);
        let inside = |bounds: Bounds, item: &u32| bounds.intersects(points[*item as usize]);
        let all = 0..u32::try_from(points.len()).unwrap();
        prop_assert!(all.filter(|item| inside(query, item)).all(|item| found.contains(&item)));
        prop_assert!(found.iter().all(|item| inside(query.grown(1e-4, 1e-4), item)));
    }

    #[test]
    fn a_rounded_edge_is_outside_by_less_than_two_metres(degrees in -180.0..=180.0_f64) {
        let (low, high) = (f64::from(below(degrees)), f64::from(above(degrees)));
        prop_assert!(low <= degrees && degrees <= high);
        prop_assert!(high - low < 1.6e-5);
    }
}

#[test]
fn trees_of_every_height_are_whole() {
    for count in [0, 1, 2, 16, 17, 255, 256, 257, 4_097] {
        let at = |n: u32| city::at(f64::from(n % 64) * 1e-3, f64::from(n / 64) * 1e-3);
        let boxes: Vec<Bounds> = (0..count).map(|n| Bounds::of_point(at(n))).collect();
        let tree = PackedTree::in_place(&boxes);
        assert_eq!(tree.items, boxes.len());
        assert_eq!(found(&tree, Bounds::WORLD), (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn a_search_ends_when_told() {
    let tree = PackedTree::in_place(&[Bounds::of_point(city::at(1.0, 1.0)); 500]);
    let mut seen = 0;
    let ended = tree.search(Bounds::WORLD, &mut |_| {
        seen += 1;
        if seen == 7 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert!(ended.is_break());
    assert_eq!(seen, 7);
}

#[test]
fn neighbours_on_the_curve_are_neighbours_on_the_ground() {
    let all = Rough {
        west: 0.0,
        south: 0.0,
        east: 255.0,
        north: 255.0,
    };
    let mut order: Vec<(u32, i32, i32)> = Vec::new();
    for (x, y) in (0..256_u16).flat_map(|x| (0..256_u16).map(move |y| (x, y))) {
        let (west, south) = (f32::from(x), f32::from(y));
        let cell = Rough {
            west,
            south,
            east: west,
            north: south,
        };
        order.push((along_curve(cell, all), x.into(), y.into()));
    }
    order.sort_unstable();
    let far = order
        .windows(2)
        .filter(|pair| (pair[0].1 - pair[1].1).abs() + (pair[0].2 - pair[1].2).abs() > 1);
    assert_eq!(far.count(), 0);
}
