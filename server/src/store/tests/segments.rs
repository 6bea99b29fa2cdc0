//! Sightings in a checkpoint: written once, read instead of the log, and never believed when damaged.

use super::super::conformance::{append, checkpoint};
use super::open;
use super::sample::{after, assert_same, catalog, fold, observed};
use crate::store::Store;
use atalaya_tiles::{Catalog, Event, Record, RingLimits, Seq};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;

/// Enough for two segments and some open sightings.
const READS: u64 = 2 * 4_096 + 800;

fn reads(catalog: &Catalog, seqs: std::ops::Range<u64>) -> Vec<Record> {
    let read = |seq: u64| {
        let id = format!("r{seq}");
        observed(catalog, "reads", seq, &id, after(seq.cast_signed() / 50))
    };
    seqs.map(read).collect()
}

fn withdrawn(catalog: &Catalog, seq: u64, id: &str) -> Record {
    Record {
        seq: Seq(seq),
        received_at: after(seq.cast_signed() / 50),
        event: Event::Withdrawn {
            layer: catalog.layer("reads").unwrap(),
            feature: id.into(),
            feed: "test".into(),
            at: None,
        },
    }
}

fn picture_db(dir: &Path) -> Connection {
    Connection::open(dir.join("picture.db")).unwrap()
}

/// Number and size of the segments there are, in order.
fn segments(dir: &Path) -> Vec<(i64, i64)> {
    let picture = picture_db(dir);
    let sql = "SELECT id, sightings FROM segments ORDER BY first_seq";
    let mut select = picture.prepare(sql).unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// A store with a checkpoint of all its reads.
fn filled(dir: &Path, catalog: &Arc<Catalog>) -> (Store, Vec<Record>) {
    let store = open(dir);
    let log = reads(catalog, 1..READS + 1);
    append(&store, catalog, &log);
    checkpoint(&store, &mut fold(catalog, &log));
    (store, log)
}

/// Loads, compares with the fold of the log and returns how many records it took.
fn folded(store: &Store, catalog: &Arc<Catalog>, log: &[Record]) -> u64 {
    let loaded = store.load(catalog, RingLimits::default()).unwrap();
    assert!(loaded.checkpoint > Seq(0));
    assert_same(&loaded.picture, &fold(catalog, log));
    loaded.folded
}

#[test]
fn a_segment_is_written_once_and_leaves_when_it_has_changed() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let (store, mut log) = filled(dir.path(), &catalog);
    let first = segments(dir.path());
    let sizes: Vec<i64> = first.iter().map(|(_, size)| *size).collect();
    assert_eq!(sizes, [4_096, 4_096, 800]);
    assert_eq!(folded(&store, &catalog, &log), 0);

    let mut more = reads(&catalog, READS + 1..READS + 11);
    more.push(withdrawn(&catalog, READS + 11, "r5000"));
    append(&store, &catalog, &more);
    log.extend(more);
    assert_eq!(folded(&store, &catalog, &log), 11);
    let mut loaded = store.load(&catalog, RingLimits::default()).unwrap();
    checkpoint(&store, &mut loaded.picture);
    let second = segments(dir.path());
    assert_eq!(second[0], first[0]);
    let sizes: Vec<i64> = second.iter().map(|(_, size)| *size).collect();
    assert_eq!(sizes, [4_096, 4_095, 810]);
    assert_eq!(folded(&store, &catalog, &log), 0);
}

#[test]
fn a_damaged_segment_has_its_layer_read_from_the_log_and_is_written_anew() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let (store, log) = filled(dir.path(), &catalog);
    for damage in [
        "UPDATE segments SET bytes = zeroblob(length(bytes)) WHERE sightings = 800",
        "UPDATE segments SET crc32 = crc32 + 1 WHERE first_seq = 1",
        "UPDATE segments SET first_seq = 2 WHERE first_seq = 1",
        "UPDATE segments SET last_seq = last_seq + 1 WHERE first_seq = 1",
        "INSERT INTO segments SELECT NULL, layer, first_seq, last_seq, sightings, crc32, bytes
         FROM segments WHERE first_seq = 1",
        "DELETE FROM segments WHERE first_seq = 1",
        "DELETE FROM kept",
    ] {
        picture_db(dir.path()).execute_batch(damage).unwrap();
        let mut loaded = store.load(&catalog, RingLimits::default()).unwrap();
        assert_same(&loaded.picture, &fold(&catalog, &log));
        assert_eq!(loaded.folded, READS, "{damage}");
        checkpoint(&store, &mut loaded.picture);
        assert_eq!(folded(&store, &catalog, &log), 0, "{damage}");
    }
}

#[test]
fn a_checkpoint_without_room_for_sightings_leaves_them_to_the_log() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let (store, log) = filled(dir.path(), &catalog);
    let view = fold(&catalog, &log).view();
    let mut checkpointer = store.checkpointer(Arc::clone(&catalog)).unwrap();
    let mut hot = view.hot(checkpointer.since());
    hot.sealed = None;
    checkpointer
        .bring_to(&hot, (view.seq(), view.clock()), None)
        .unwrap();
    assert_eq!(segments(dir.path()), []);
    assert_eq!(folded(&store, &catalog, &log), READS);
}

/// One of a version that kept no sightings is continued.
#[test]
fn an_older_checkpoint_is_used() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let (store, log) = filled(dir.path(), &catalog);
    drop(store);
    let older = "DROP TABLE sums; DROP TABLE pages; DROP TABLE recollection;
                 DROP TABLE segments; DROP TABLE kept; ALTER TABLE checkpoint DROP COLUMN sealed;
                 PRAGMA user_version = 1";
    picture_db(dir.path()).execute_batch(older).unwrap();
    let store = open(dir.path());
    assert_eq!(folded(&store, &catalog, &log), READS);
    checkpoint(&store, &mut fold(&catalog, &log));
    assert_eq!(folded(&store, &catalog, &log), 0);
}
