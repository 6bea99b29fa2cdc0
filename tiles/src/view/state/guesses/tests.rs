use super::*;
use crate::catalog::LayerIx;
use crate::city::catalog;
use crate::event::Seq;
use crate::feature::{Feature, Placed, Properties};
use crate::view::state::StateIndex;
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

fn layer() -> LayerIx {
    catalog().layers().next().unwrap().0
}

fn feature(number: u32) -> Arc<Feature> {
    Arc::new(Feature {
        id: format!("unit-{number}").into(),
        layer: layer(),
        feed: "a-feed".into(),
        placed: Placed::Nowhere,
        properties: Properties::default(),
        observed_at: Timestamp::UNIX_EPOCH,
        received_at: Timestamp::UNIX_EPOCH,
        stale_at: None,
        expires_at: None,
        stale: false,
        seq: Seq(1),
        noticed: Box::default(),
        trail: Arc::default(),
    })
}

fn id(number: u32) -> FeatureId {
    format!("unit-{number}").into()
}

#[test]
fn nearly_all_are_guessed_and_guessed_right() {
    let mut versions = Versions::default();
    let ids: Vec<(FeatureId, Ordinal)> = (0..10_000).map(|at| (id(at), at)).collect();
    for (_, ordinal) in &ids {
        versions.put(*ordinal, feature(*ordinal));
    }
    let guesses = Guesses::of(ids.iter().map(|(id, ordinal)| (id, *ordinal)));
    assert!(guesses.suffice(ids.len()));
    let right = ids.iter().filter(|(id, ordinal)| {
        let found = guesses.find(id, &versions);
        assert!(found.is_none_or(|found| found == *ordinal));
        found.is_some()
    });
    assert!(right.count() > 9_900);
    assert_eq!(guesses.find(&id(10_000), &versions), None);
}

#[test]
fn an_ordinal_that_is_too_large_is_not_guessed() {
    let mut versions = Versions::default();
    let known = id(7);
    let mut guesses = Guesses::of([(&known, (1 << OWN) - 1)].into_iter());
    guesses.put(&known, u32::MAX);
    guesses.clear(&known, u32::MAX);
    versions.put(0, feature(7));
    assert_eq!(guesses.find(&known, &versions), None);
    guesses.put(&known, 0);
    assert_eq!(guesses.find(&known, &versions), Some(0));
}

proptest! {
    /// With guesses made anew at some moments, and with numbers that go and come to others.
    #[test]
    fn whoever_is_there_is_found_and_nobody_else(
        steps in prop::collection::vec((0..40_u32, 0..8_u8), 0..300),
    ) {
        let mut state = StateIndex::default();
        let mut here = BTreeSet::new();
        for ((number, what), seq) in steps.into_iter().zip(1..) {
            let prev = state.by_id.get(&id(number)).cloned();
            prop_assert_eq!(prev.is_some(), here.contains(&number));
            match what {
                0 => state.pack(),
                1 => state.by_id.forget(Seq(seq)),
                2 | 3 => {
                    state.set(prev.as_ref(), None, Seq(seq));
                    here.remove(&number);
                }
                _ => {
                    state.set(prev.as_ref(), Some(feature(number)), Seq(seq));
                    here.insert(number);
                }
            }
            for number in 0..40 {
                let found = state.by_id.get(&id(number)).map(|found| found.id.clone());
                prop_assert_eq!(found, here.contains(&number).then(|| id(number)));
            }
        }
    }
}
