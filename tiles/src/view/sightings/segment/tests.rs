use super::*;
use crate::catalog::LayerIx;
use crate::city::{self, catalog, folded};
use crate::event::Record;
use crate::feature::{Feature, Placed};
use crate::viewer::Viewer;
use proptest::prelude::*;
use std::sync::Arc;

/// What a row keeps of a feature.
fn kept(feature: FeatureRef<'_>) -> Feature {
    Feature {
        expires_at: None,
        stale: false,
        noticed: Box::default(),
        placed: Placed::of(feature.geometry().map(Cow::into_owned), None),
        trail: Arc::default(),
        ..Feature::clone(&feature.own(LayerIx(0)))
    }
}

/// The features that a log leaves, of all layers: with every type of field, with lines, areas and
/// nothing for a place, told late, early and of no time.
fn features(log: &[Record]) -> Vec<Arc<Feature>> {
    let view = folded(&catalog(), log, 7).view();
    let mut rows = Vec::new();
    for open in view.open_all(&Viewer::EVERYTHING) {
        let page = open.page(None, usize::MAX).into_iter();
        let own = page.map(|seen| seen.feature.here().own(LayerIx(0)));
        rows.extend(own.map(|row| {
            Arc::new(Feature {
                layer: LayerIx(0),
                ..Feature::clone(&row)
            })
        }));
    }
    rows.sort_by_key(|row| (row.received_at, row.seq));
    rows
}

proptest! {
    #[test]
    fn a_row_of_a_segment_is_the_feature_it_was(log in city::log(120)) {
        let rows = features(&log);
        let segment = Arc::new(Segment::of(&rows.iter().map(FeatureRef::Own).collect::<Vec<_>>()));
        prop_assert_eq!(segment.len(), rows.len());
        for (row, number) in rows.iter().zip(segment.numbers()) {
            let found = FeatureRef::Row(&segment, number);
            prop_assert_eq!(kept(found), kept(FeatureRef::Own(row)));
        }
        // Built again from its own rows, as a merge does, it is the same.
        let again: Vec<_> = segment.numbers().map(|row| FeatureRef::Row(&segment, row)).collect();
        let again = Arc::new(Segment::of(&again));
        for (row, number) in rows.iter().zip(again.numbers()) {
            let found = FeatureRef::Row(&again, number);
            prop_assert_eq!(kept(found), kept(FeatureRef::Own(row)));
        }
    }
}

#[test]
fn places_far_apart_and_positions_in_the_log_far_apart_are_kept() {
    let far = [Seq(3), Seq(4), Seq(u64::MAX)];
    let seqs = Seqs::of(far.into_iter());
    assert_eq!([0, 1, 2].map(|row| seqs.get(row)), far);
    let near = Seqs::of(far[..2].iter().copied());
    assert!(matches!(near, Seqs::Near(..)));
    assert_eq!(near.get(1), Seq(4));
    let spread = |n: u32| [f64::from(n) / 7.0, -0.0];
    let Points::Each(each) = Points::of((0..50).map(spread).collect()) else {
        panic!("every place is another")
    };
    assert_eq!(each.len(), 50);
    let Points::Coded(places, _) = Points::of((0..50).map(|n| spread(n % 3)).collect()) else {
        panic!("three places are kept once")
    };
    assert_eq!(places.len(), 3);
}
