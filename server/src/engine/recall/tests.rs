//! A start from a checkpoint knows what a start from the log knows.

use super::super::duplicates::tests::{Story, Trial, held, knows, told};
use super::*;
use crate::config::Config;
use crate::engine::FeedReport;
use crate::store::{Embedded, StoreOptions};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use rusqlite::Connection;
use std::path::Path;

fn open(dir: &Path) -> Store {
    let options = StoreOptions {
        reserve_bytes: 0,
        ..StoreOptions::default()
    };
    Store::Embedded(Embedded::open(dir, options).unwrap())
}

fn feeds(catalog: &Catalog) -> FeedTable {
    let feeds = Config::default().feeds(catalog).unwrap();
    FeedTable::new(feeds.iter().map(|(config, _)| config))
}

/// What was told, and what the log has of it.
struct City {
    store: Store,
    trial: Trial,
    feeds: FeedTable,
    stored: usize,
    written: u64,
}

impl City {
    fn new(dir: &Path) -> Self {
        let trial = Trial::new(REMEMBERED);
        Self {
            store: open(dir),
            feeds: feeds(trial.picture.view().catalog()),
            trial,
            stored: 0,
            written: 0,
        }
    }

    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(self.trial.picture.view().catalog())
    }

    fn tell(&mut self, story: &[Story]) {
        for told in story {
            self.trial.tell(told, false);
        }
        self.trial.commit();
        let fresh = &self.trial.log[self.stored..];
        self.store
            .writer(self.catalog())
            .unwrap()
            .append(fresh)
            .unwrap();
        for record in fresh {
            self.feeds.note_known(&record.event, record.received_at);
        }
        self.stored = self.trial.log.len();
    }

    fn checkpoint(&mut self) {
        let view = self.trial.picture.view();
        let mut checkpointer = self.store.checkpointer(self.catalog()).unwrap();
        let kept = recollection(
            "this",
            self.written,
            &mut self.trial.duplicates,
            &self.feeds,
        );
        checkpointer
            .checkpoint(&view, &self.trial.removed, Some(&kept))
            .unwrap();
        self.written = checkpointer.recollected();
        self.trial.removed.clear();
    }

    fn start(&self, of: &str) -> (Recalled, Vec<FeedReport>) {
        let feeds = feeds(&self.catalog());
        let limits = RingLimits::default();
        let recalled = recall(&self.store, &self.catalog(), limits, &feeds, of).unwrap();
        (recalled, feeds.reports(self.trial.picture.view().clock()))
    }

    /// That a start knows all that is known here; whether from the checkpoint.
    fn assert_recalled(&mut self, of: &str) -> bool {
        let (recalled, reports) = self.start(of);
        assert_eq!(held(&recalled.duplicates), held(&self.trial.duplicates));
        let now = self.trial.picture.view().clock();
        assert_eq!(
            format!("{reports:?}"),
            format!("{:?}", self.feeds.reports(now))
        );
        recalled.generation > 0
    }
}

fn picture_db(dir: &Path) -> Connection {
    Connection::open(dir.join("picture.db")).unwrap()
}

fn some(runner: &mut proptest::test_runner::TestRunner) -> Vec<Story> {
    let stories = prop::collection::vec(told(), 30);
    stories.new_tree(runner).unwrap().current()
}

/// So that something of everything was told.
fn told_city(dir: &Path) -> City {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut city = City::new(dir);
    for _ in 0..3 {
        city.tell(&some(&mut runner));
        city.checkpoint();
    }
    city.tell(&some(&mut runner));
    let (known, taken_back, latest) = held(&city.trial.duplicates);
    assert!(known.len() > 10 && taken_back.len() > 1 && latest.len() > 1);
    city
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// After every checkpoint, after what came later, and without any.
    #[test]
    fn a_start_knows_the_same_with_and_without_a_checkpoint(
        parts in prop::collection::vec((prop::collection::vec(told(), 0..25), any::<bool>()), 1..5),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut city = City::new(dir.path());
        for (story, checkpoint) in &parts {
            city.tell(story);
            if *checkpoint {
                city.checkpoint();
            }
            prop_assert_eq!(city.assert_recalled("this"), city.written > 0);
            prop_assert!(!city.assert_recalled("something else"));
        }
        for (told, _) in parts.iter().flat_map(|(story, _)| story).zip(0..5) {
            let catalog = city.catalog();
            let event = told.event(&catalog, city.trial.picture.view().clock());
            let (mut recalled, _) = city.start("this");
            let live = knows(&mut city.trial.duplicates, &catalog, &event);
            prop_assert_eq!(live, knows(&mut recalled.duplicates, &catalog, &event));
        }
    }
}

#[test]
fn what_is_damaged_is_read_from_the_log_and_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut city = told_city(dir.path());
    assert!(city.assert_recalled("this"));
    for damage in [
        "UPDATE pages SET bytes = zeroblob(length(bytes))",
        "UPDATE pages SET crc32 = crc32 + 1 WHERE number = (SELECT max(number) FROM pages)",
        "UPDATE pages SET bytes = x'00' WHERE number = (SELECT min(number) FROM pages)",
        "UPDATE pages SET number = number + 1 WHERE number = (SELECT max(number) FROM pages)",
        "DELETE FROM pages WHERE number = (SELECT max(number) FROM pages)",
        "DELETE FROM pages",
        "DELETE FROM recollection",
        "UPDATE recollection SET of = 'something else'",
        "UPDATE recollection SET pages = pages + 1",
        "DROP TABLE pages",
    ] {
        picture_db(dir.path()).execute_batch(damage).unwrap();
        assert!(!city.assert_recalled("this"), "{damage}");
        if damage.starts_with("DROP") {
            return;
        }
        // As the engine that finds it does.
        let (recalled, _) = city.start("this");
        (city.trial.duplicates, city.written) = (recalled.duplicates, recalled.generation);
        city.checkpoint();
        assert!(city.assert_recalled("this"), "{damage}");
    }
}

/// Changes that do not continue what is there make nothing of it, and the next checkpoint has all.
#[test]
fn changes_of_another_memory_are_not_added() {
    let dir = tempfile::tempdir().unwrap();
    let mut city = told_city(dir.path());
    for sql in [
        "UPDATE recollection SET of = 'something else'",
        "UPDATE recollection SET generation = 1",
        "UPDATE recollection SET generation = generation + 9",
        "DELETE FROM recollection",
    ] {
        picture_db(dir.path()).execute_batch(sql).unwrap();
        city.checkpoint();
        assert_eq!(city.written, 0, "{sql}");
        assert!(!city.assert_recalled("this"), "{sql}");
        city.checkpoint();
        assert!(city.written > 0 && city.assert_recalled("this"), "{sql}");
    }
}

/// One of a version that remembered nothing is continued.
#[test]
fn an_older_checkpoint_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let mut city = told_city(dir.path());
    let older = "DROP TABLE sums; DROP TABLE pages; DROP TABLE recollection;
                 PRAGMA user_version = 2";
    picture_db(dir.path()).execute_batch(older).unwrap();
    let City { store, .. } = city;
    drop(store);
    city = City {
        store: open(dir.path()),
        written: 0,
        ..city
    };
    assert!(city.store.checkpoint().unwrap() > Seq(0));
    assert!(!city.assert_recalled("this"));
    city.checkpoint();
    assert!(city.assert_recalled("this"));
}

/// The picture is then folded from the log, and the memory still is that of the checkpoint.
#[test]
fn a_memory_without_its_picture_is_completed() {
    let dir = tempfile::tempdir().unwrap();
    let mut city = told_city(dir.path());
    picture_db(dir.path())
        .execute_batch("UPDATE hot SET geometry = x'00'")
        .unwrap();
    let (recalled, _) = city.start("this");
    assert_eq!(recalled.loaded.checkpoint, Seq(0));
    assert!(city.assert_recalled("this"));
}

/// A copy has the log alone, and from it a start knows the same.
#[test]
fn what_was_restored_from_a_backup_knows_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (file, new) = (dir.path().join("backup"), dir.path().join("new"));
    let mut city = told_city(&dir.path().join("old"));
    city.store.backup(&file).unwrap();
    crate::store::restore(&file, &new).unwrap();
    city.store = open(&new);
    assert!(!city.assert_recalled("this"));
}
