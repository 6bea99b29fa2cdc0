//! The files of archives: whose they are, how much room they take, and what a crash leaves of them.

use super::super::conformance::{append, checkpoint, read_all};
use super::archive::archive_all;
use super::sample::{after, camera, catalog, catalog_with, clock, fold, observed, seen};
use super::{open, options};
use crate::store::{Embedded, Store, StoreError};
use atalaya_tiles::{Catalog, Event, Record, Seq};
use jiff::Timestamp;
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DAY: i64 = 86_400;

/// Two days of reads, and the first archive that they are in.
fn with_an_archive(dir: &Path, catalog: &Arc<Catalog>) -> (Store, Vec<Record>, PathBuf) {
    let store = open(dir);
    let read = |n: i64| {
        let seq = n.cast_unsigned();
        observed(catalog, "reads", seq, &format!("r{n}"), after(n * 100))
    };
    let log: Vec<Record> = (1..1_700).map(read).collect();
    append(&store, catalog, &log);
    assert!(archive_all(&store, catalog, DAY) > 800);
    (store, log, dir.join("archive/2026-11-01-2d.db"))
}

#[test]
fn nobody_else_reads_an_archive() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let (_store, _, file) = with_an_archive(dir.path(), &catalog);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
}

/// A copy of the store as a crash in the middle of a deletion would leave it.
#[test]
fn a_deletion_that_a_crash_cut_short_is_rolled_back() {
    let (home, crashed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let catalog = catalog();
    let (store, log, file) = with_an_archive(home.path(), &catalog);
    drop(store);
    let archive = Connection::open(&file).unwrap();
    archive.pragma_update(None, "cache_size", 1).unwrap();
    archive
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM log WHERE seq % 3 = 0")
        .unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    std::fs::create_dir(crashed.path().join("archive")).unwrap();
    for name in [
        "main.db",
        &format!("archive/{name}"),
        &format!("archive/{name}-journal"),
    ] {
        std::fs::copy(home.path().join(name), crashed.path().join(name)).unwrap();
    }
    let store = open(crashed.path());
    assert!(read_all(&store, &catalog) == log);
    let journal = crashed.path().join(format!("archive/{name}-journal"));
    assert!(!journal.exists(), "it has served");
}

/// While somebody reads an archive nothing is deleted from it, but nobody is told any more that it is whole.
#[test]
fn the_horizon_is_noted_before_anything_goes() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let (store, log, file) = with_an_archive(dir.path(), &catalog);
    checkpoint(&store, &mut fold(&catalog, &log));
    let in_the_way = Connection::open(&file).unwrap();
    in_the_way
        .execute_batch("BEGIN; SELECT count(*) FROM log")
        .unwrap();
    let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
    let now = after(2 * DAY + 40_000);
    retainer.retain(now).unwrap();
    let mut reader = store.reader(Arc::clone(&catalog)).unwrap();
    let reads = catalog.layer("reads").unwrap();
    let oldest = reader.oldest_received(&[reads]).unwrap();
    assert_eq!(oldest, Some(after(40_000)));
    assert_eq!(read_all(&store, &catalog).len(), log.len());
    drop(in_the_way);
    retainer.retain(now).unwrap();
    assert_eq!(read_all(&store, &catalog)[0].received_at, after(40_000));
}

#[test]
fn copying_leaves_room_on_the_disk() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let (store, log, _) = with_an_archive(dir.path(), &catalog);
    drop(store);
    let greedy = super::StoreOptions {
        reserve_bytes: 1 << 60,
        ..options()
    };
    let store = Store::Embedded(Embedded::open(dir.path(), greedy).unwrap());
    append(&store, &catalog, &[clock(2_000, after(3 * DAY))]);
    let archiver = store.archiver(Arc::clone(&catalog)).unwrap();
    let mut archiver = archiver.paced(100, DAY).unchecked();
    let refused = archiver.archive(Timestamp::MAX).unwrap_err();
    assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
    assert!(!dir.path().join("archive/next.part").exists());
    assert!(read_all(&store, &catalog)[..log.len()] == log);
    drop((archiver, store));
    assert!(archive_all(&open(dir.path()), &catalog, DAY) > 800);
}

/// What a withdrawal in the log keeps from coming back lies in an archive, which nothing sweeps.
#[test]
fn a_layer_that_is_kept_for_ever_from_now_on_brings_nothing_back() {
    let (dir, before) = (
        tempfile::tempdir().unwrap(),
        catalog_with("cameras", |spec| spec.retain_days = 30),
    );
    let store = open(dir.path());
    append(
        &store,
        &before,
        &[camera(&before, 1, "c", after(0)), clock(2, after(DAY))],
    );
    archive_all(&store, &before, DAY);
    let catalog = catalog();
    let withdrawn = Record {
        seq: Seq(3),
        received_at: after(DAY + 1),
        event: Event::Withdrawn {
            layer: catalog.layer("cameras").unwrap(),
            feature: "c".into(),
            feed: "test".into(),
            at: None,
        },
    };
    append(&store, &catalog, &[withdrawn, clock(4, after(200 * DAY))]);
    let log = read_all(&store, &catalog);
    assert_eq!(log.len(), 4);
    checkpoint(&store, &mut fold(&catalog, &log));
    let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
    while retainer.retain(after(200 * DAY)).unwrap().more {}
    let left = fold(&catalog, &read_all(&store, &catalog));
    assert_eq!(seen(&left.view(), "cameras"), Vec::<String>::new());
}
