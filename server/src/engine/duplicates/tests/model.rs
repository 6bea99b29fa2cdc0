//! The memory held against plain sets of whole events, through failed batches and restarts.

use super::*;
use crate::store::Page;
use std::collections::{HashMap, HashSet, VecDeque};

/// What the rules say, in sets: an event stands for itself.
#[derive(Debug, Clone, Default)]
struct Simple {
    limit: usize,
    known: HashSet<String>,
    in_order: VecDeque<String>,
    latest: HashMap<Key, (String, bool)>,
    taken_back: VecDeque<Key>,
}

impl Simple {
    /// Says whether the event is new.
    fn learn(&mut self, catalog: &Catalog, event: &Event) -> bool {
        let (key, timed, withdrawn) = match event {
            Event::Observed(seen) => {
                let key = (seen.layer, seen.feature.clone());
                (key, seen.observed_at.is_some(), false)
            }
            Event::Withdrawn {
                layer, feature, at, ..
            } => ((*layer, feature.clone()), at.is_some(), true),
            Event::Clock => return false,
        };
        let content = format!("{event:?}");
        let state = catalog.spec(key.0).kind == LayerKind::State;
        if state && self.latest.get(&key).is_some_and(|it| it.0 == content) {
            return false;
        }
        if timed || !state {
            if !self.known.insert(content.clone()) {
                return false;
            }
            self.in_order.push_back(content.clone());
            if self.in_order.len() > self.limit {
                let oldest = self.in_order.pop_front().unwrap();
                self.known.remove(&oldest);
            }
        }
        if state {
            self.latest.insert(key.clone(), (content, withdrawn));
        }
        if state && withdrawn {
            self.taken_back.push_back(key);
            if self.taken_back.len() > self.limit {
                let oldest = self.taken_back.pop_front().unwrap();
                if self.latest.get(&oldest).is_some_and(|it| it.1) {
                    self.latest.remove(&oldest);
                }
            }
        }
        true
    }

    fn settle(&mut self, view: &View) {
        self.latest.retain(|(layer, feature), (_, withdrawn)| {
            *withdrawn || !is_gone(view, *layer, feature)
        });
    }

    fn sizes(&self) -> (usize, usize, usize) {
        let rings = (self.in_order.len(), self.taken_back.len());
        (rings.0, rings.1, self.latest.len())
    }
}

fn sizes(duplicates: &Duplicates) -> (usize, usize, usize) {
    let (known, taken_back, latest) = held(duplicates);
    (known.len(), taken_back.len(), latest.len())
}

/// What a checkpoint has: the pages, and the generation they are of.
#[derive(Debug, Default)]
struct Kept {
    pages: BTreeMap<u64, Vec<u8>>,
    generation: u64,
}

impl Kept {
    fn take(&mut self, duplicates: &mut Duplicates) {
        let (generation, pages) = duplicates.changed_after(self.generation);
        self.generation = generation;
        self.pages
            .extend(pages.into_iter().map(|page| (page.number, page.bytes)));
    }

    fn pages(&self) -> Vec<Page> {
        let pages = self.pages.iter();
        pages
            .map(|(number, bytes)| Page {
                number: *number,
                bytes: bytes.clone(),
            })
            .collect()
    }

    fn restored(&self, limit: u32) -> Option<Duplicates> {
        Duplicates::restored_with(limit, self.generation, &self.pages())
    }
}

/// What happens after something was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Nothing,
    Fails,
    Checkpoint,
    /// A checkpoint that has nothing of the memory, as on a full disk.
    Forget,
    Restart,
}

fn then() -> impl Strategy<Value = Then> {
    prop::sample::select(vec![
        Then::Nothing,
        Then::Nothing,
        Then::Nothing,
        Then::Fails,
        Then::Checkpoint,
        Then::Forget,
        Then::Restart,
    ])
}

proptest! {
    #[test]
    fn the_memory_is_that_of_plain_sets(
        limit in 1_u32..6,
        story in prop::collection::vec((told(), then()), 1..60),
    ) {
        let mut trial = Trial::new(limit);
        let catalog = Arc::clone(trial.picture.view().catalog());
        let mut simple = Simple { limit: limit as usize, ..Simple::default() };
        let (mut kept, mut written) = (Kept::default(), None);
        for (told, then) in story {
            let stored = simple.clone();
            let (at, before) = (trial.now, trial.log.len() + trial.batch.len());
            let told = Story { ends: true, ..told };
            let event = told.event(&catalog, at);
            let new = simple.learn(&catalog, &event);
            trial.tell(&told, then == Then::Fails);
            if then == Then::Fails {
                simple = stored;
            } else {
                prop_assert_eq!(new, trial.log.get(before).is_some_and(|it| it.event == event));
            }
            simple.settle(&trial.picture.view());
            prop_assert_eq!(sizes(&trial.duplicates), simple.sizes());
            match then {
                Then::Nothing | Then::Fails => {}
                Then::Checkpoint => {
                    kept.take(&mut trial.duplicates);
                    written = Some(trial.log.len());
                    prop_assert_eq!(held(&kept.restored(limit).unwrap()), held(&trial.duplicates));
                }
                Then::Forget => (kept, written) = (Kept::default(), None),
                Then::Restart => {
                    let Some(written) = written else { continue };
                    let mut restored = kept.restored(limit).unwrap();
                    for record in &trial.log[written..] {
                        restored.learn(&catalog, &record.event);
                    }
                    let observed = trial.log[written..].iter().filter_map(|it| match &it.event {
                        Event::Observed(seen) => Some((seen.layer, &seen.feature)),
                        Event::Withdrawn { .. } | Event::Clock => None,
                    });
                    let gone = trial.removed.iter().map(|(layer, feature)| (*layer, feature));
                    restored.settle_features(observed.chain(gone), &trial.picture.view());
                    prop_assert_eq!(held(&restored), held(&trial.duplicates));
                    trial.duplicates = restored;
                }
            }
        }
    }

    #[test]
    fn a_batch_that_fails_leaves_no_trace(
        limit in 1_u32..5,
        before in prop::collection::vec(told(), 0..20),
        batch in prop::collection::vec(told(), 1..20),
    ) {
        let mut trial = Trial::new(limit);
        let catalog = Arc::clone(trial.picture.view().catalog());
        for told in &before {
            trial.tell(told, false);
        }
        trial.commit();
        let was = held(&trial.duplicates);
        let events = batch.iter().map(|told| told.event(&catalog, trial.now));
        let undo: Vec<Undo> = events
            .filter_map(|event| trial.duplicates.learn(&catalog, &event))
            .collect();
        trial.duplicates.unlearn(undo.into_iter());
        prop_assert_eq!(held(&trial.duplicates), was);
    }
}

fn read(catalog: &Catalog, number: u32) -> Event {
    Event::Withdrawn {
        layer: catalog.layer("alpr_reads").unwrap(),
        feature: FeatureId::from(format!("r{number}")),
        feed: FeedName::from("alpr_reads"),
        at: None,
    }
}

/// More than a page of each, over the end of the ring: only pages that changed are taken along.
#[test]
fn a_page_is_taken_along_when_it_has_changed() {
    let catalog = crate::config::Config::default().catalog().unwrap();
    let mut duplicates = Duplicates::new(1_000);
    let mut kept = Kept::default();
    let numbers = |pages: &[Page]| -> Vec<u64> { pages.iter().map(|page| page.number).collect() };
    let mut known = 0..;
    for (more, pages) in [(600, 4), (1, 2), (0, 1), (149, 2), (250, 2), (300, 3)] {
        for number in known.by_ref().take(more) {
            assert!(
                duplicates
                    .learn(&catalog, &read(&catalog, number))
                    .is_some()
            );
        }
        let (generation, changed) = duplicates.changed_after(kept.generation);
        assert_eq!(changed.len(), pages, "{more}: {:?}", numbers(&changed));
        kept.generation = generation;
        kept.pages
            .extend(changed.into_iter().map(|page| (page.number, page.bytes)));
        assert_eq!(held(&kept.restored(1_000).unwrap()), held(&duplicates));
    }
    let whole = kept.pages();
    assert_eq!(duplicates.changed_after(0).1.len(), whole.len());
    let restored = |pages: &[Page]| Duplicates::restored_with(1_000, kept.generation, pages);
    for at in 0..whole.len() {
        let mut lacking = whole.clone();
        lacking.remove(at);
        assert!(restored(&lacking).is_none(), "without {at}");
        let mut short = whole.clone();
        short[at].bytes.pop();
        assert!(restored(&short).is_none(), "short of {at}");
    }
}

/// With what finds them, once there are as many as are remembered.
#[test]
fn a_digest_takes_thirty_bytes_at_most() {
    let mut known = Known::of(Ring::new(REMEMBERED, 1));
    for number in 0..REMEMBERED + 1_000 {
        let mixed = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        known.push(&mixed.to_be_bytes());
    }
    let bytes = known.bytes();
    assert!(bytes <= 30 * REMEMBERED as usize, "{bytes} bytes");
}
