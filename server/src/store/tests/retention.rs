//! Retention deletes what is due, and nothing else.

use super::super::conformance::{append, checkpoint, read, read_all};
use super::open;
use super::sample::{after, assert_no_older, assert_same, camera, catalog, clock, fold, observed};
use crate::store::Store;
use atalaya_tiles::{Catalog, Event, Record, RingLimits, Seq};
use jiff::Timestamp;
use std::sync::Arc;

const DAY: i64 = 86_400;

fn day(day: i64) -> Timestamp {
    after(day * DAY)
}

fn seqs(store: &Store, catalog: &Arc<Catalog>) -> Vec<u64> {
    read_all(store, catalog).iter().map(|r| r.seq.0).collect()
}

/// Retains until there is no more to do; returns how much was deleted.
fn retain(store: &Store, catalog: &Arc<Catalog>, now: Timestamp) -> u64 {
    let mut retainer = store.retainer(Arc::clone(catalog)).unwrap();
    let mut deleted = 0;
    loop {
        let outcome = retainer.retain(now).unwrap();
        deleted += outcome.deleted;
        if !outcome.more {
            return deleted;
        }
    }
}

fn withdrawn(catalog: &Catalog, seq: u64, id: &str, at: Timestamp) -> Record {
    Record {
        seq: Seq(seq),
        received_at: at,
        event: Event::Withdrawn {
            layer: catalog.layer("cameras").unwrap(),
            feature: id.into(),
            feed: "test".into(),
            at: None,
        },
    }
}

#[test]
fn only_what_is_due_goes() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    // Reads and hits are kept for 2 days, units for 30, cameras for ever.
    let log = [
        observed(&catalog, "reads", 1, "r1", day(0)),
        observed(&catalog, "hits", 2, "h1", day(0)),
        observed(&catalog, "units", 3, "u1", day(0)),
        camera(&catalog, 4, "a", day(0)),
        clock(5, day(0)),
        observed(&catalog, "reads", 6, "r2", day(3)),
        observed(&catalog, "hits", 7, "h2", day(3)),
        clock(8, day(4)),
    ];
    append(&store, &catalog, &log);
    assert_eq!(
        retain(&store, &catalog, day(4)),
        0,
        "no checkpoint covers anything"
    );
    let mut picture = fold(&catalog, &log);
    checkpoint(&store, &mut picture);
    assert_eq!(retain(&store, &catalog, day(4)), 2);
    assert_eq!(seqs(&store, &catalog), [3, 4, 5, 6, 7, 8]);
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    assert_same(&loaded.picture, &picture);
    let mut reader = store.reader(Arc::clone(&catalog)).unwrap();
    let layer = |name: &str| catalog.layer(name).unwrap();
    assert_eq!(
        reader.oldest_received(&[layer("reads")]).unwrap(),
        Some(day(2))
    );
    assert_eq!(
        reader.oldest_received(&[layer("units")]).unwrap(),
        Some(day(0))
    );
    let both = [layer("units"), layer("reads")];
    assert_eq!(reader.oldest_received(&both).unwrap(), Some(day(2)));
    assert_eq!(
        read(&mut reader, Seq(0), None, Some(&[layer("hits")])).len(),
        3
    );
    // Long after, what is left is the camera and the last record.
    assert_eq!(retain(&store, &catalog, day(400)), 4);
    assert_eq!(seqs(&store, &catalog), [4, 8]);
    drop(reader);
    drop(store);
    assert_eq!(open(dir.path()).last_seq().unwrap(), Seq(8));
}

#[test]
fn what_a_checkpoint_does_not_cover_stays() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let log: Vec<Record> = (1..=2_000)
        .map(|seq| observed(&catalog, "reads", seq, &seq.to_string(), day(0)))
        .collect();
    append(&store, &catalog, &log);
    checkpoint(&store, &mut fold(&catalog, &log[..1_500]));
    assert_eq!(retain(&store, &catalog, day(9)), 1_500);
    assert_eq!(seqs(&store, &catalog).first(), Some(&1_501));
}

#[test]
fn a_feature_that_is_kept_for_ever_keeps_its_last_record() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let mut late = camera(&catalog, 7, "b", day(3));
    if let Event::Observed(observation) = &mut late.event {
        observation.observed_at = Some(day(1));
    }
    let log = [
        camera(&catalog, 1, "a", day(0)),
        camera(&catalog, 2, "b", day(0)),
        camera(&catalog, 3, "c", day(1)),
        camera(&catalog, 4, "a", day(2)),
        camera(&catalog, 5, "b", day(2)),
        withdrawn(&catalog, 6, "c", day(2)),
        late,
        camera(&catalog, 8, "a", day(5)),
        camera(&catalog, 9, "a", day(6)),
        clock(10, day(40)),
    ];
    append(&store, &catalog, &log);
    let mut picture = fold(&catalog, &log);
    checkpoint(&store, &mut picture);
    // The horizon is day 4: 1, 2 and 3 were replaced before it and 7 never counted; 4 is how "a"
    // stood there.
    assert_eq!(retain(&store, &catalog, day(34)), 4);
    assert_eq!(seqs(&store, &catalog), [4, 5, 6, 8, 9, 10]);
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    assert_same(&loaded.picture, &picture);
    // Without the checkpoint the same features and tombstones come out of what is left.
    let refolded = fold(&catalog, &read_all(&store, &catalog))
        .view()
        .hot(Seq(0));
    let hot = picture.view().hot(Seq(0));
    assert_eq!(refolded.features, hot.features);
    assert_eq!(refolded.tombstones, hot.tombstones);
    // Twice the history after the withdrawal of "c" nothing is left that it could keep away.
    assert_eq!(retain(&store, &catalog, day(61)), 2);
    assert_eq!(seqs(&store, &catalog), [5, 6, 9, 10]);
    assert_eq!(retain(&store, &catalog, day(63)), 1);
    assert_eq!(seqs(&store, &catalog), [5, 9, 10]);
}

/// A report that comes when its withdrawal is forgotten stays, as in the picture.
#[test]
fn a_feature_that_comes_back_after_its_tombstone_stays() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let told = |seq, received| {
        let mut record = camera(&catalog, seq, "a", received);
        if let Event::Observed(observation) = &mut record.event {
            observation.observed_at = Some(day(0));
        }
        record
    };
    let log = [
        told(1, day(0)),
        withdrawn(&catalog, 2, "a", day(1)),
        told(3, day(30)),
        told(4, day(31)),
        clock(5, day(32)),
    ];
    append(&store, &catalog, &log);
    let mut picture = fold(&catalog, &log);
    assert_eq!(picture.view().hot(Seq(0)).features[0].seq, Seq(4));
    checkpoint(&store, &mut picture);
    assert_eq!(retain(&store, &catalog, day(200)), 3);
    assert_eq!(seqs(&store, &catalog), [4, 5]);
    let left = fold(&catalog, &read_all(&store, &catalog));
    assert_eq!(left.view().hot(Seq(0)).features.len(), 1);
}

/// Steps of one call go on with those of the last.
#[test]
fn large_amounts_go_in_steps() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let log: Vec<Record> = (1_u64..=18_000)
        .map(|seq| {
            let (id, at) = ((seq % 100).to_string(), after(seq.cast_signed()));
            observed(&catalog, "things", seq, &id, at)
        })
        .collect();
    append(&store, &catalog, &log);
    append(&store, &catalog, &[clock(18_001, day(1))]);
    checkpoint(&store, &mut fold(&catalog, &read_all(&store, &catalog)));
    let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
    let first = retainer.retain(day(90)).unwrap();
    assert!(first.more && first.deleted < 17_000, "{first:?}");
    let mut deleted = first.deleted;
    while retainer.retain(day(90)).is_ok_and(|step| {
        deleted += step.deleted;
        step.more
    }) {}
    assert_eq!(deleted, 17_900);
}

/// Where retention has cut, the log no longer says where something once was: every tile may have
/// changed.
#[test]
fn a_lost_checkpoint_makes_no_tile_older() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let mut log = vec![
        camera(&catalog, 1, "a", day(0)),
        observed(&catalog, "hits", 2, "h", day(0)),
        observed(&catalog, "reads", 3, "r", day(0)),
        clock(4, day(3)),
        withdrawn(&catalog, 5, "a", day(4)),
        clock(6, day(5)),
    ];
    log.extend((7..9).map(|seq| camera(&catalog, seq, "b", day(60))));
    append(&store, &catalog, &log);
    let mut live = fold(&catalog, &log);
    checkpoint(&store, &mut live);
    assert!(retain(&store, &catalog, day(61)) > 4);
    drop(store);
    std::fs::remove_file(dir.path().join("picture.db")).unwrap();
    let loaded = open(dir.path()).load(&catalog, RingLimits::default());
    let loaded = loaded.unwrap();
    assert_eq!(loaded.checkpoint, Seq(0));
    assert_no_older(&loaded.picture, &live);
}
