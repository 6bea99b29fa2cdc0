use super::super::tests::{answers, rows};
use super::*;
use crate::city::catalog;
use proptest::prelude::*;
use std::sync::LazyLock;

static SOWN: LazyLock<Vec<Arc<Feature>>> = LazyLock::new(|| rows(0, 1_500));

/// The index that the bytes of another one make.
fn through_bytes(index: &SightingIndex) -> SightingIndex {
    let catalog = catalog();
    let layer = catalog.layer("alpr_reads").unwrap();
    let mut restored = SightingIndex::default();
    let mut last = Seq(0);
    for sealed in index.sealed(layer) {
        let again = Sealed::from_bytes(&catalog, layer, sealed.received_from(), &sealed.to_bytes());
        let again = again.unwrap();
        assert_eq!(again.key(), sealed.key());
        assert!(again.key().first > last);
        last = again.key().last;
        restored.restore(again);
    }
    restored.restored(layer, catalog.topic_resolution());
    if last == Seq(0) {
        // Nothing is kept of an index without sightings; in a log what comes next is newer.
        restored.retain_from(index.received_from);
    }
    restored
}

/// What happens between two checkpoints.
#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    Remove(prop::sample::Index),
    Retain(prop::sample::Index),
    Merge,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_usize..400).prop_map(Step::Push),
        1 => any::<prop::sample::Index>().prop_map(Step::Remove),
        1 => any::<prop::sample::Index>().prop_map(Step::Retain),
        1 => Just(Step::Merge),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_comes_back_from_bytes_answers_as_what_went_in_and_goes_on_as_it(
        steps in prop::collection::vec((step(), any::<bool>()), 1..16),
    ) {
        let (mut live, mut again) = (SightingIndex::default(), SightingIndex::default());
        let mut pushed = 0;
        for (step, restarts) in steps {
            let both = [&mut live, &mut again];
            match step {
                Step::Push(count) => {
                    let until = (pushed + count).min(SOWN.len());
                    for index in both {
                        SOWN[pushed..until].iter().for_each(|row| index.push(row));
                    }
                    pushed = until;
                }
                Step::Remove(at) if pushed > 0 => {
                    let id = &SOWN[at.index(pushed)].id;
                    let removed = both.map(|index| index.remove(id).is_some());
                    prop_assert_eq!(removed[0], removed[1]);
                }
                Step::Retain(at) if pushed > 0 => {
                    let from = SOWN[at.index(pushed) / 2].received_at;
                    let gone = both.map(|index| index.retain_from(from));
                    prop_assert_eq!(gone[0], gone[1]);
                }
                Step::Merge => {
                    if let Some(merge) = live.next_merge(LayerIx(0)) {
                        prop_assert!(live.accept(merge.run()));
                    }
                }
                Step::Remove(_) | Step::Retain(_) => {}
            }
            if restarts {
                again = through_bytes(&again);
            }
            prop_assert_eq!(answers(&live), answers(&again));
        }
    }
}
