use super::*;
use crate::city::{self, catalog};
use crate::place::Bounds;
use crate::view::Body;
use crate::view::tally::Tally;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Every index of a layer tells of the same features, version by version.
fn check(state: &StateIndex) {
    let ids = |features: &mut dyn Iterator<Item = &Arc<Feature>>| -> BTreeSet<FeatureId> {
        features.map(|feature| feature.id.clone()).collect()
    };
    let mut in_tree = Vec::new();
    let all = state.visit(Bounds::WORLD, &mut |feature| {
        in_tree.push(Arc::clone(feature));
        ControlFlow::Continue(())
    });
    assert!(all.is_continue());
    let placed = || {
        state
            .by_id
            .values()
            .filter(|feature| feature.placed.bounds().is_some())
    };
    assert_eq!(in_tree.len(), placed().count());
    for feature in &in_tree {
        assert!(Arc::ptr_eq(feature, state.by_id.get(&feature.id).unwrap()));
    }
    let mut everywhere = state
        .by_id
        .values()
        .filter(|feature| feature.placed.topic() == Topic::Everywhere);
    let listed: BTreeSet<FeatureId> = state.everywhere.iter().cloned().collect();
    assert_eq!(ids(&mut everywhere), listed);
    for resolution in [0, 6, 12] {
        let mut tally = Tally::new(Bounds::WORLD, resolution);
        tally.add(&state.counts);
        let counts = tally.finish().into_iter();
        let total: usize = counts.map(|(_, count)| count as usize).sum();
        let counted = state
            .by_id
            .values()
            .filter(|feature| feature.placed.cell().is_some());
        assert_eq!(total, counted.count());
    }
}

proptest! {
    #![proptest_config(Config::with_cases(24))]

    #[test]
    fn the_indexes_of_a_layer_agree_after_every_record(log in city::log(60)) {
        let catalog = catalog();
        let mut picture = city::picture(&catalog);
        for record in &log {
            picture.apply(std::slice::from_ref(record));
            for layer in &picture.view().layers {
                if let Body::State(state) = &layer.body {
                    check(state);
                }
            }
        }
    }
}
