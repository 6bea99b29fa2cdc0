use super::*;
use crate::city::{self, catalog, folded, record, seen_at, withdrawn};
use crate::event::Seq;
use crate::view::state::StateIndex;
use crate::viewer::Viewer;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;

/// Features to put into trees, by id and version.
fn versions() -> BTreeMap<(u8, u8), Arc<Feature>> {
    let catalog = catalog();
    let spots = city::spots();
    let mut versions = BTreeMap::new();
    for (id, version) in (0..8_u8).flat_map(|id| (0..4_u8).map(move |version| (id, version))) {
        let spot = spots[usize::from(id + version) % spots.len()];
        let mut log = [seen_at(
            &catalog,
            (1, 0),
            "incidents",
            &format!("{id}"),
            (spot.lon(), spot.lat()),
            None,
        )];
        if let crate::Event::Observed(seen) = &mut log[0].event
            && version == 3
        {
            seen.geometry = None;
        }
        let view = folded(&catalog, &log, 1).view();
        let open = view.open(&Viewer::EVERYTHING, "incidents").unwrap();
        let seen = open.page(None, 1).remove(0);
        versions.insert((id, version), seen.feature.here().own(seen.layer()));
    }
    versions
}

fn found(state: &StateIndex, bounds: Bounds) -> Vec<String> {
    let mut found = Vec::new();
    let all = state.visit(bounds, &mut |feature| {
        found.push(feature.id.to_string());
        ControlFlow::Continue(())
    });
    assert!(all.is_continue());
    found.sort_unstable();
    if bounds.west() > bounds.east() {
        found.dedup();
    }
    found
}

proptest! {
    #![proptest_config(Config::with_cases(32))]

    #[test]
    fn a_tree_finds_what_a_scan_finds_and_its_snapshots_never_change(
        steps in prop::collection::vec((0_u8..8, prop::option::of(0_u8..4), 0_u8..30), 1..120),
        bounds in prop::collection::vec(city::box_of_places(), 3),
    ) {
        let versions = versions();
        let mut state = StateIndex::default();
        let mut now = BTreeMap::<u8, Arc<Feature>>::new();
        let mut snapshots = Vec::new();
        for ((id, version, pack), seq) in steps.into_iter().zip(1..) {
            let next = version.map(|version| Arc::clone(&versions[&(id, version)]));
            state.set(now.get(&id), next.clone(), Seq(seq));
            state.by_id.forget(Seq(seq.saturating_sub(9)));
            match next {
                Some(next) => now.insert(id, next),
                None => now.remove(&id),
            };
            if pack == 0 {
                state.pack();
            }
            snapshots.push((state.clone(), now.clone()));
        }
        for (state, now) in snapshots {
            for bounds in &bounds {
                let scan = now.values().filter(|f| f.placed.bounds().is_some_and(|b| b.intersects(*bounds)));
                let scan: Vec<String> = scan.map(|feature| feature.id.to_string()).collect();
                prop_assert_eq!(found(&state, *bounds), scan);
            }
        }
    }
}

#[test]
fn a_tree_is_packed_when_much_has_moved_and_stays_right() {
    let catalog = catalog();
    let mut picture = city::picture(&catalog);
    let mut seq = 0;
    for round in 0..3_u32 {
        for n in 0..1_500_u32 {
            seq += 1;
            let lon = f64::from(n) * 0.01 + f64::from(round) * 0.001;
            picture.apply(&[seen_at(
                &catalog,
                (seq, 0),
                "incidents",
                &n.to_string(),
                (lon, 1.0),
                None,
            )]);
        }
        let view = picture.view();
        let open = view.open(&Viewer::EVERYTHING, "incidents").unwrap();
        assert_eq!(open.within(Bounds::WORLD, None).len(), 1_500);
        let few = Bounds::new(0.995, 0.0, 1.005, 2.0).unwrap();
        assert_eq!(open.count_within(few, None, 9), 1);
    }
    for n in 0..1_500 {
        seq += 1;
        picture.apply(&[record(
            seq,
            1,
            withdrawn(&catalog, "incidents", &n.to_string(), None),
        )]);
    }
    let view = picture.view();
    let open = view.open(&Viewer::EVERYTHING, "incidents").unwrap();
    assert!(open.within(Bounds::WORLD, None).is_empty());
    assert!(open.cells(Bounds::WORLD, 3, None).is_empty());
}
