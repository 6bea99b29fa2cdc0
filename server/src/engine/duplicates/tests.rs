//! A restart forgets nothing of what is a duplicate, and remembers nothing else.

mod model;

use super::*;
use atalaya_tiles::{FeedName, Observation, Picture, Properties, RingLimits, Seq};
use geo_types::Point;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One thing that is told: few enough that they meet.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Story {
    layer: &'static str,
    id: u8,
    content: u8,
    /// Seconds before it is received.
    age_s: Option<i64>,
    lives_s: Option<i64>,
    withdrawn: bool,
    /// Seconds until the next.
    gap_s: i64,
    /// Whether a batch ends with it.
    ends: bool,
}

pub(in crate::engine) fn told() -> impl Strategy<Value = Story> {
    let layers = prop::sample::select(vec!["units", "incidents", "alpr_reads"]);
    let ages = prop::option::weighted(0.3, prop::sample::select(vec![0_i64, 5, 5_000]));
    let lives = prop::option::weighted(0.2, prop::sample::select(vec![-5_i64, 20]));
    let gaps = prop::sample::select(vec![0_i64, 0, 5, 30, 4_000]);
    let chances = (prop::bool::weighted(0.25), any::<bool>());
    (layers, 0_u8..2, 0_u8..2, ages, lives, gaps, chances).prop_map(
        |(layer, id, content, age_s, lives_s, gap_s, (withdrawn, ends))| Story {
            layer,
            id,
            content,
            age_s,
            lives_s,
            withdrawn,
            gap_s,
            ends,
        },
    )
}

impl Story {
    pub(in crate::engine) fn event(&self, catalog: &Catalog, now: Timestamp) -> Event {
        let layer = catalog.layer(self.layer).unwrap();
        let feature = FeatureId::from(format!("{}", self.id));
        let feed = FeedName::from(self.layer);
        let ago = |age_s| now - SignedDuration::from_secs(age_s);
        let at = self.age_s.map(ago);
        if self.withdrawn {
            return Event::Withdrawn {
                layer,
                feature,
                feed,
                at,
            };
        }
        Event::Observed(Observation {
            layer,
            feature,
            feed,
            observed_at: at,
            stale_at: None,
            expires_at: self.lives_s.map(|lives_s| ago(-lives_s)),
            geometry: Some(Point::new(f64::from(self.content), 32.0).into()),
            properties: Properties::default(),
        })
    }
}

/// The writer without its threads and its store.
pub(in crate::engine) struct Trial {
    pub(in crate::engine) picture: Picture,
    pub(in crate::engine) duplicates: Duplicates,
    pub(in crate::engine) log: Vec<Record>,
    /// What left the picture.
    pub(in crate::engine) removed: Vec<Key>,
    batch: Vec<Record>,
    undo: Vec<Undo>,
    now: Timestamp,
}

impl Trial {
    /// Remembers so many digests.
    pub(in crate::engine) fn new(limit: u32) -> Self {
        let catalog = crate::config::Config::default().catalog().unwrap();
        Self {
            picture: Picture::new(Arc::new(catalog), RingLimits::default()),
            duplicates: Duplicates::new(limit),
            log: Vec::new(),
            removed: Vec::new(),
            batch: Vec::new(),
            undo: Vec::new(),
            now: "2026-03-01T12:00:00Z".parse().unwrap(),
        }
    }

    fn push(&mut self, event: Event) {
        let seq = self.log.len() + self.batch.len() + 1;
        self.batch.push(Record {
            seq: Seq(u64::try_from(seq).unwrap()),
            received_at: self.now,
            event,
        });
    }

    pub(in crate::engine) fn commit(&mut self) {
        self.picture.apply(&self.batch);
        let gone = self.picture.take_removed();
        let view = self.picture.view();
        self.duplicates.settle(&self.batch, &gone, &view);
        self.removed.extend(gone);
        self.log.append(&mut self.batch);
        self.undo.clear();
    }

    /// As after an append that failed.
    fn fail(&mut self) {
        self.duplicates.unlearn(self.undo.drain(..));
        self.batch.clear();
    }

    pub(in crate::engine) fn tell(&mut self, told: &Story, fails: bool) {
        let catalog = Arc::clone(self.picture.view().catalog());
        let event = told.event(&catalog, self.now);
        if let Some(undo) = self.duplicates.learn(&catalog, &event) {
            self.undo.push(undo);
            self.push(event);
        }
        if fails {
            self.fail();
        } else if told.ends {
            self.commit();
        }
        self.now += SignedDuration::from_secs(told.gap_s);
        if told.gap_s > 0 {
            self.commit();
            while self.picture.next_due().is_some_and(|due| due <= self.now) {
                self.push(Event::Clock);
                self.commit();
            }
        }
    }
}

pub(in crate::engine) fn knows(
    duplicates: &mut Duplicates,
    catalog: &Catalog,
    event: &Event,
) -> bool {
    let learnt = duplicates.learn(catalog, event);
    let known = learnt.is_none();
    duplicates.unlearn(learnt.into_iter());
    known
}

/// All that a memory holds: digests, the oldest first, features taken back, and what was last told.
type Held = (
    Vec<[u8; 16]>,
    Vec<[u8; 16]>,
    BTreeMap<[u8; 16], ([u8; 16], bool)>,
);

pub(in crate::engine) fn held(duplicates: &Duplicates) -> Held {
    let ring = |ring: &Ring| -> Vec<Digest> { ring.iter().map(|(digest, _)| digest).collect() };
    let latest = duplicates.latest.iter();
    let latest = latest
        .map(|(key, told)| (key, (told.content, told.withdrawn)))
        .collect();
    (
        ring(&duplicates.known.ring),
        ring(&duplicates.taken_back),
        latest,
    )
}

proptest! {
    #[test]
    fn a_restart_knows_the_same_duplicates(
        story in prop::collection::vec((told(), prop::bool::weighted(0.05)), 1..40),
    ) {
        let mut trial = Trial::new(REMEMBERED);
        for (told, fails) in &story {
            trial.tell(told, *fails);
        }
        trial.commit();
        let view = trial.picture.view();
        let mut rebuilt = Duplicates::default();
        for record in &trial.log {
            rebuilt.learn(view.catalog(), &record.event);
        }
        rebuilt.settle_all(&view);
        prop_assert_eq!(held(&trial.duplicates), held(&rebuilt));
        for (told, _) in &story {
            // As it was told, and as the same source would tell it now.
            for at in [trial.log.first().map_or(trial.now, |first| first.received_at), trial.now] {
                let event = told.event(view.catalog(), at);
                let live = knows(&mut trial.duplicates, view.catalog(), &event);
                prop_assert_eq!(live, knows(&mut rebuilt, view.catalog(), &event), "{:?}", event);
            }
        }
        for record in &trial.log {
            let live = knows(&mut trial.duplicates, view.catalog(), &record.event);
            prop_assert_eq!(live, knows(&mut rebuilt, view.catalog(), &record.event), "{:?}", record);
        }
    }
}
