use super::*;
use geo_types::{LineString, MultiPolygon, Point};
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;

/// A place on a grid so coarse that corners, edges and fixes meet all the time, and exact in degrees.
type Node = (i64, i64);

/// A fence on the grid: rings, the first of which is the outer one.
type Rings = Vec<Vec<Node>>;

fn degrees((x, y): Node) -> Coord<f64> {
    let exact = |n: i64| f64::from(i32::try_from(n).unwrap()) / 64.0;
    Coord {
        x: exact(x),
        y: exact(y),
    }
}

fn place(node: Node) -> LonLat {
    let at = degrees(node);
    LonLat::new(at.x, at.y).unwrap()
}

fn fix(at: Node, second: i64) -> Fix {
    Fix {
        at: place(at),
        observed_at: Timestamp::from_second(second).unwrap(),
    }
}

fn polygon(rings: &Rings) -> Polygon<f64> {
    let ring = |nodes: &Vec<Node>| {
        nodes
            .iter()
            .copied()
            .map(degrees)
            .collect::<LineString<f64>>()
    };
    Polygon::new(ring(&rings[0]), rings[1..].iter().map(ring).collect())
}

fn fences(areas: &[(String, Vec<Rings>)]) -> Fences {
    let mut fences = Fences::default();
    for (id, parts) in areas {
        let area = MultiPolygon(parts.iter().map(polygon).collect());
        assert!(fences.set(&id.as_str().into(), &area.into()));
    }
    fences
}

/// Twice the area of a triangle: on which side of a line the third corner lies, exactly.
fn side((ax, ay): Node, (bx, by): Node, (cx, cy): Node) -> i64 {
    ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)).signum()
}

fn on(a: Node, b: Node, at: Node) -> bool {
    let between = |a: i64, b: i64, x: i64| a.min(b) <= x && x <= a.max(b);
    side(a, b, at) == 0 && between(a.0, b.0, at.0) && between(a.1, b.1, at.1)
}

fn edges(ring: &[Node]) -> impl Iterator<Item = (Node, Node)> {
    ring.iter()
        .copied()
        .zip(ring.iter().copied().cycle().skip(1))
}

/// Even-odd over all rings in whole numbers; edges count as inside.
fn inside(rings: &Rings, at: Node) -> bool {
    let mut odd = false;
    for (a, b) in rings.iter().flat_map(|ring| edges(ring)) {
        if on(a, b, at) {
            return true;
        }
        if (a.1 > at.1) != (b.1 > at.1) {
            let (low, high) = if a.1 < b.1 { (a, b) } else { (b, a) };
            odd ^= side(low, high, at) > 0;
        }
    }
    odd
}

fn meet((a, b): (Node, Node), (c, d): (Node, Node)) -> bool {
    let crossing = side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
    crossing || on(a, b, c) || on(a, b, d) || on(c, d, a) || on(c, d, b)
}

/// What a leg does, from the meaning of the words alone.
fn expected(
    areas: &[(String, Vec<Rings>)],
    from: Option<Node>,
    to: Option<Node>,
) -> Vec<(FeatureId, Transition)> {
    let of = |parts: &Vec<Rings>| {
        let holds = |at: Node| parts.iter().any(|rings| inside(rings, at));
        let all = || parts.iter().flatten().flat_map(|ring| edges(ring));
        match (from.is_some_and(holds), to.is_some_and(holds)) {
            (false, true) => Some(Transition::Enter),
            (true, false) => Some(Transition::Exit),
            (true, true) => None,
            (false, false) => {
                let leg = from.zip(to)?;
                all()
                    .any(|edge| meet(leg, edge))
                    .then_some(Transition::Cross)
            }
        }
    };
    let told = areas.iter();
    let mut told: Vec<(FeatureId, Transition)> = told
        .filter_map(|(id, parts)| Some((id.as_str().into(), of(parts)?)))
        .collect();
    told.sort();
    told
}

/// A ring without self-crossings around a centre: corners in order of direction.
fn ring(centre: Node, most: i64) -> impl Strategy<Value = Vec<Node>> {
    let corner = |sign: (i64, i64)| {
        (1..=most, 1..=most).prop_map(move |(x, y)| (centre.0 + sign.0 * x, centre.1 + sign.1 * y))
    };
    // One corner a quadrant keeps the ring simple.
    (
        corner((1, 1)),
        corner((-1, 1)),
        corner((-1, -1)),
        corner((1, -1)),
    )
        .prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

fn area() -> impl Strategy<Value = Rings> {
    let node = (-12_i64..12, -12_i64..12);
    node.prop_flat_map(|centre| {
        let outer = ring(centre, 9).prop_map(move |mut outer| {
            // Room for a hole: no corner nearer than two steps.
            for corner in &mut outer {
                corner.0 += 2 * (corner.0 - centre.0).signum();
                corner.1 += 2 * (corner.1 - centre.1).signum();
            }
            outer
        });
        let hole = prop::option::of(ring(centre, 1));
        (outer, hole).prop_map(|(outer, hole)| std::iter::once(outer).chain(hole).collect())
    })
}

fn areas() -> impl Strategy<Value = Vec<(String, Vec<Rings>)>> {
    let parts = prop::collection::vec(area(), 1..3);
    prop::collection::vec(parts, 1..12).prop_map(|all| {
        let named = all.into_iter().enumerate();
        named
            .map(|(at, parts)| (format!("f{at:02}"), parts))
            .collect()
    })
}

fn node() -> impl Strategy<Value = Node> {
    (-24_i64..24, -24_i64..24)
}

proptest! {
    #![proptest_config(Config::with_cases(512))]

    #[test]
    fn a_leg_does_what_the_words_mean(
        areas in areas(),
        from in prop::option::of(node()),
        to in prop::option::of(node()),
    ) {
        let fences = fences(&areas);
        let told = fences.leg(from.map(place), to.map(place));
        prop_assert_eq!(told, expected(&areas, from, to));
    }

    #[test]
    fn areas_that_come_and_go_leave_what_was_set_last(
        steps in prop::collection::vec((0..6_u8, prop::option::of(area())), 1..30),
        at in node(),
    ) {
        let mut watched = Fences::default();
        let mut known: BTreeMap<String, Vec<Rings>> = BTreeMap::new();
        for (id, area) in steps {
            let id = format!("f{id}");
            let earlier = watched.clone();
            let count = earlier.count();
            if let Some(area) = area {
                prop_assert!(watched.set(&id.as_str().into(), &polygon(&area).into()));
                known.insert(id, vec![area]);
            } else {
                let was = known.remove(&id).is_some();
                prop_assert_eq!(watched.remove(&id.as_str().into()), was);
            }
            prop_assert_eq!(earlier.count(), count, "a clone stays as it was");
        }
        let known: Vec<_> = known.into_iter().collect();
        prop_assert_eq!(watched.count(), known.len());
        let here: Vec<FeatureId> = expected(&known, None, Some(at)).into_iter().map(|it| it.0).collect();
        prop_assert_eq!(watched.at(place(at)), here);
    }

    /// Whatever the order in which fixes come, and however many more than once: what was made and not
    /// unmade is what the whole track does.
    #[test]
    fn the_order_in_which_fixes_come_makes_no_difference(
        areas in areas(),
        fixes in prop::collection::vec((node(), 0..12_i64), 1..16),
    ) {
        let fences = fences(&areas);
        let mut track: Vec<Fix> = Vec::new();
        let mut told: Vec<Crossing> = Vec::new();
        for (at, second) in fixes {
            let fix = fix(at, second);
            let mut next = track.clone();
            match next.binary_search_by_key(&fix.observed_at, |known| known.observed_at) {
                Ok(known) => next[known] = fix,
                Err(place) => next.insert(place, fix),
            }
            let crossings = fences.crossings(&track, &next);
            for unmade in &crossings.unmade {
                let known = told.iter().position(|crossing| crossing == unmade);
                prop_assert!(known.is_some(), "{unmade:?} was never told");
                told.swap_remove(known.unwrap());
            }
            told.extend(crossings.made);
            track = next;
        }
        told.sort();
        prop_assert_eq!(&told, &fences.crossings(&[], &track).made);
        for (id, _) in &areas {
            let of = told.iter().filter(|crossing| crossing.fence.as_str() == id);
            let mut within = false;
            for crossing in of {
                let is = crossing.transition == Transition::Enter;
                prop_assert_eq!(within, crossing.transition == Transition::Exit, "{:?}", crossing);
                within = is;
            }
        }
    }

    /// A track keeps its latest fixes; what it forgets is not taken back.
    #[test]
    fn what_a_track_forgets_is_not_unmade(
        areas in areas(),
        fixes in prop::collection::vec(node(), 2..16),
        forgotten in 1..15_usize,
        next in node(),
    ) {
        let fences = fences(&areas);
        let track: Vec<Fix> = (0..).zip(fixes).map(|(second, at)| fix(at, second)).collect();
        let forgotten = forgotten.min(track.len() - 1);
        prop_assert_eq!(fences.crossings(&track, &track[forgotten..]), Crossings::default());
        let mut longer = track.clone();
        longer.push(fix(next, 99));
        let all = fences.crossings(&track, &longer);
        prop_assert_eq!(&fences.crossings(&track, &longer[forgotten..]), &all);
        prop_assert!(all.unmade.is_empty());
    }
}

fn square(id: &str, (x, y): Node, half: i64) -> (String, Vec<Rings>) {
    let ring = vec![
        (x - half, y - half),
        (x + half, y - half),
        (x + half, y + half),
        (x - half, y + half),
    ];
    (id.to_owned(), vec![vec![ring]])
}

#[test]
fn a_late_fix_turns_a_crossing_into_a_visit() {
    let fences = fences(&[square("march", (0, 0), 4)]);
    let crossing = |second, transition| Crossing {
        at: Timestamp::from_second(second).unwrap(),
        fence: "march".into(),
        transition,
    };
    let track = [fix((-10, 0), 0), fix((10, 0), 20)];
    let cross = fences.crossings(&track[..1], &track);
    assert_eq!(cross.made, [crossing(20, Transition::Cross)]);
    let visited = [track[0], fix((0, 0), 10), track[1]];
    let late = fences.crossings(&track, &visited);
    assert_eq!(late.unmade, cross.made);
    let visit = [
        crossing(10, Transition::Enter),
        crossing(20, Transition::Exit),
    ];
    assert_eq!(late.made, visit);
}

#[test]
fn the_edge_belongs_to_the_area_and_the_hole_does_not() {
    let outer = square("ring", (0, 0), 8).1.remove(0).remove(0);
    let hole = square("hole", (0, 0), 4).1.remove(0).remove(0);
    let fences = fences(&[("ring".to_owned(), vec![vec![outer, hole]])]);
    for (at, within) in [
        ((8, 0), true),
        ((4, 0), true),
        ((0, 0), false),
        ((9, 0), false),
    ] {
        assert_eq!(fences.at(place(at)).len(), usize::from(within), "{at:?}");
    }
    // From the hole to the outside the way leads through the area.
    let told = fences.leg(Some(place((0, 0))), Some(place((20, 0))));
    assert_eq!(told, [("ring".into(), Transition::Cross)]);
}

#[test]
fn the_way_over_the_antimeridian_is_the_short_one() {
    let part = |west: f64, east: f64| geo_types::Rect::new((west, -1.0), (east, 1.0)).to_polygon();
    let mut fences = Fences::default();
    let dateline = MultiPolygon(vec![part(179.8, 180.0), part(-180.0, -179.8)]);
    assert!(fences.set(&"dateline".into(), &dateline.into()));
    assert!(fences.set(&"greenwich".into(), &part(-1.0, 1.0).into()));
    let at = |lon: f64, lat: f64| Some(LonLat::new(lon, lat).unwrap());
    for (from, to, told) in [
        (at(179.5, 0.0), at(-179.5, 0.0), Some(Transition::Cross)),
        (at(-179.5, 0.0), at(179.5, 0.0), Some(Transition::Cross)),
        (at(179.9, 0.0), at(-179.9, 0.0), None),
        (at(179.5, 0.0), at(-179.9, 0.0), Some(Transition::Enter)),
        (at(-180.0, 0.0), at(180.0, 0.0), None),
        (at(179.5, 3.0), at(-179.5, 3.0), None),
    ] {
        let expected: Vec<_> = told
            .map(|told| ("dateline".into(), told))
            .into_iter()
            .collect();
        assert_eq!(fences.leg(from, to), expected, "{from:?} to {to:?}");
    }
}

#[test]
fn what_has_no_area_is_not_watched() {
    let mut fences = Fences::default();
    let here = Point::new(0.0, 0.0);
    for area in [
        Geometry::from(here),
        LineString::from(vec![(0.0, 0.0), (1.0, 1.0)]).into(),
        MultiPolygon::<f64>(Vec::new()).into(),
        Polygon::new(LineString(Vec::new()), Vec::new()).into(),
    ] {
        assert!(!fences.set(&"f".into(), &area), "{area:?}");
        assert_eq!(fences.count(), 0);
    }
    // Something in the place of an area ends the watch too.
    assert!(fences.set(&"f".into(), &polygon(&square("f", (0, 0), 4).1[0]).into()));
    assert!(!fences.set(&"f".into(), &here.into()));
    assert_eq!(fences.at(place((0, 0))), []);
}
