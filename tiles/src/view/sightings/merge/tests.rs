use super::super::tests::{answers, ids, refs, rows, segment};
use super::*;
use crate::city;
use crate::feature::{Feature, FeatureRef};
use proptest::prelude::*;
use std::sync::LazyLock;

fn sizes(sealed: &[Arc<Segment>]) -> Vec<usize> {
    sealed.iter().map(|segment| segment.len()).collect()
}

#[test]
fn eight_neighbours_of_a_size_merge_without_what_is_gone() {
    let all = rows(0, 160);
    let merged = |sealed: &mut Vec<Arc<Segment>>, from| {
        while let Some(run) = neighbours(sealed) {
            let merged = one_of(&sealed[run.clone()], city::after(from));
            sealed.splice(run, [Arc::new(merged)]);
        }
    };
    let mut sealed = Vec::new();
    for part in all.chunks(10) {
        sealed.push(segment(part));
        merged(&mut sealed, -1);
    }
    assert_eq!(sizes(&sealed), [80, 80]);
    let kept: Vec<&str> = sealed
        .iter()
        .flat_map(|segment| rows_of(segment).map(FeatureRef::id))
        .collect();
    assert_eq!(kept, ids(&refs(&all)));

    let mut sealed: Vec<_> = all.chunks(20).map(segment).collect();
    merged(&mut sealed, 55);
    assert_eq!(sizes(&sealed), [105]);
    // Neighbours that differ in size stay apart.
    let mut sealed: Vec<_> = all.chunks(20).map(segment).collect();
    sealed[3] = segment(&rows(0, 3));
    merged(&mut sealed, -1);
    assert_eq!(sealed.len(), 8);
}

#[test]
fn what_is_past_its_retention_is_out_of_memory_and_bytes_within_an_hour() {
    // A second apart.
    let all = rows(0, 4_000);
    let mut index = SightingIndex::default();
    Arc::make_mut(&mut index.sealed).push(segment(&all));
    let layer = LayerIx(0);
    let first = all[0].received_at;
    let after_s = |s: i64| first + SignedDuration::from_secs(s);
    index.retain_from(after_s(3_600));
    assert!(index.next_merge(layer).is_none());
    index.retain_from(after_s(3_601));
    let merge = index.next_merge(layer).unwrap();
    assert!(index.accept(merge.run()));
    assert_eq!(sizes(&index.sealed), [399]);
    let bytes = index.sealed(layer).next().unwrap().to_bytes();
    let has = |id: &str| bytes.windows(id.len()).any(|part| part == id.as_bytes());
    assert!(has(all[3_601].id.as_str()) && !has(all[3_600].id.as_str()));
    assert!(index.next_merge(layer).is_none());
}

#[test]
fn an_index_that_is_left_alone_has_no_more_than_the_most_segments() {
    let all = rows(0, 70 * 20);
    let mut sealed = Vec::new();
    for (part, n) in all.chunks(20).zip(0_usize..) {
        // Sizes that are never eight times the same.
        sealed.push(segment(&part[..if n % 3 == 0 { 3 } else { 20 }]));
        settle(&mut sealed, city::after(-1));
        assert!(sealed.len() <= MOST, "{:?}", sizes(&sealed));
    }
    let rows: usize = sizes(&sealed).iter().sum();
    assert_eq!(rows, 70 * 20 - 24 * 17);
}

/// Rows whose ids come again and again.
static SOWN: LazyLock<Vec<Arc<Feature>>> = LazyLock::new(|| {
    let again = |(row, n): (Arc<Feature>, u32)| {
        Arc::new(Feature {
            id: format!("{:04}", n * 7_919 % 3_000).as_str().into(),
            ..Feature::clone(&row)
        })
    };
    rows(0, 5_000).into_iter().zip(0..).map(again).collect()
});

#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    /// Takes out one of those that were pushed.
    Remove(prop::sample::Index),
    /// Lets those go that came before one of them.
    Retain(prop::sample::Index),
    /// Begins a merge, if none is on its way.
    Begin,
    /// Gives its outcome back.
    Accept,
    /// Loses it.
    Lose,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_usize..700).prop_map(Step::Push),
        1 => any::<prop::sample::Index>().prop_map(Step::Remove),
        1 => any::<prop::sample::Index>().prop_map(Step::Retain),
        4 => Just(Step::Begin),
        4 => Just(Step::Accept),
        1 => Just(Step::Lose),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_index_answers_the_same_with_and_without_merges_whenever_they_come(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let (mut with, mut without) = (SightingIndex::default(), SightingIndex::default());
        let mut pushed = 0;
        let mut on_its_way = None;
        for step in steps {
            match step {
                Step::Push(count) => {
                    let until = (pushed + count).min(SOWN.len());
                    for row in &SOWN[pushed..until] {
                        prop_assert_eq!(with.holds(&row.id), without.holds(&row.id));
                        if !with.holds(&row.id) {
                            with.push(row);
                            without.push(row);
                        }
                    }
                    pushed = until;
                }
                Step::Remove(at) if pushed > 0 => {
                    let id = &SOWN[at.index(pushed)].id;
                    prop_assert_eq!(with.remove(id).is_some(), without.remove(id).is_some());
                }
                Step::Retain(at) if pushed > 0 => {
                    // A part of what there is: retention goes slowly.
                    let from = SOWN[at.index(pushed) / 2].received_at;
                    prop_assert_eq!(with.retain_from(from), without.retain_from(from));
                }
                Step::Begin => on_its_way = on_its_way.or_else(|| with.next_merge(LayerIx(0))),
                Step::Accept => {
                    if let Some(merge) = on_its_way.take() {
                        with.accept(merge.run());
                    }
                }
                Step::Remove(_) | Step::Retain(_) => {}
                Step::Lose => on_its_way = None,
            }
        }
        prop_assert_eq!(answers(&with), answers(&without));
        while let Some(merge) = with.next_merge(LayerIx(0)) {
            prop_assert!(with.accept(merge.run()));
        }
        prop_assert_eq!(answers(&with), answers(&without));
        prop_assert!(with.sealed.len() <= without.sealed.len());
    }
}
