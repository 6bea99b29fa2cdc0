//! Archives: the log reads the same whether its days have moved or are on the way.

use super::super::conformance::{append, checkpoint, read, read_all};
use super::super::restore;
use super::sample::{Dice, after, assert_same, camera, catalog, clock, fold, observed};
use super::{open, options};
use crate::store::{Embedded, Reader, Store, StoreError};
use atalaya_tiles::{Catalog, Record, RingLimits, Seq};
use jiff::Timestamp;
use rusqlite::Connection;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

const DAY: i64 = 86_400;

/// Moves all that the log has gone past, by spans of so many seconds; returns how much that was.
pub(crate) fn archive_all(store: &Store, catalog: &Arc<Catalog>, span_s: i64) -> u64 {
    let archiver = store.archiver(Arc::clone(catalog)).unwrap();
    let mut archiver = archiver.paced(100, span_s).unchecked().hurried();
    let mut moved = 0;
    loop {
        let step = archiver.archive(Timestamp::MAX).unwrap();
        moved += step.moved;
        if !step.more {
            return moved;
        }
    }
}

fn files(dir: &Path) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(dir.join("archive")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn in_log(dir: &Path) -> Vec<u64> {
    let main = Connection::open(dir.join("main.db")).unwrap();
    let mut select = main.prepare("SELECT seq FROM log ORDER BY seq").unwrap();
    let rows = select.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    rows.map(|seq| seq.unwrap().cast_unsigned()).collect()
}

/// A log of some days with every kind of layer: a record every ten minutes.
fn days(catalog: &Catalog, days: i64) -> Vec<Record> {
    (1..=days * 144)
        .map(|n| {
            let (seq, at) = (n.cast_unsigned(), after(n * 600));
            let id = format!("f{}", n % 40);
            match n % 5 {
                0 => camera(catalog, seq, &id, at),
                1 => observed(catalog, "units", seq, &id, at),
                2 => observed(catalog, "hits", seq, &id, at),
                3 => observed(catalog, "reads", seq, &format!("r{n}"), at),
                _ => clock(seq, at),
            }
        })
        .collect()
}

#[test]
fn closed_days_move_and_the_rest_stays() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let log = days(&catalog, 4);
    append(&store, &catalog, &log);
    let mut archiver = store.archiver(Arc::clone(&catalog)).unwrap();
    let now = log.last().unwrap().received_at;
    assert_eq!(
        archiver.archive(now).unwrap().moved,
        0,
        "there is no checkpoint"
    );
    // The checkpoint is in the third day: the first two are closed below it.
    let mut picture = fold(&catalog, &log[..350]);
    checkpoint(&store, &mut picture);
    assert_eq!(
        archiver.archive(after(2 * DAY - 1)).unwrap().moved,
        0,
        "too young"
    );
    while archiver.archive(now).unwrap().more {}
    let expected = ["01-2d", "01-30d", "01-clock", "02-2d", "02-30d", "02-clock"];
    let expected = expected.map(|name| format!("2026-11-{name}.db"));
    assert_eq!(files(dir.path()), expected);
    let stays =
        |record: &&Record| record.seq.0.is_multiple_of(5) || record.received_at >= after(2 * DAY);
    let stays: Vec<u64> = log
        .iter()
        .filter(stays)
        .map(|record| record.seq.0)
        .collect();
    assert_eq!(in_log(dir.path()), stays);
    assert_eq!(read_all(&store, &catalog), log);
    drop((archiver, store));
    let store = open(dir.path());
    assert_eq!(read_all(&store, &catalog), log);
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    assert_eq!(loaded.checkpoint, Seq(350));
    assert_same(&loaded.picture, &fold(&catalog, &log));
}

/// A record for a day that has an archive already, of a layer that the catalog lacked then.
#[test]
fn a_day_can_have_two_archives_of_a_class() {
    let (dir, whole) = (tempfile::tempdir().unwrap(), catalog());
    let less = super::sample::catalog_without("hits");
    let store = open(dir.path());
    let log = days(&whole, 2);
    append(&store, &whole, &log);
    archive_all(&store, &less, DAY);
    archive_all(&store, &whole, DAY);
    assert!(files(dir.path()).contains(&"2026-11-01-2d.2.db".to_owned()));
    assert_eq!(read_all(&store, &whole), log);
}

/// However the moving and the reading interleave, every record is read once.
#[test]
fn a_reader_misses_nothing_while_days_move() {
    let catalog = catalog();
    let log = Dice(8).log(&catalog, 9_000, 40);
    for every in [1, 7, 500, 2_047, 2_048, 2_049, 6_000] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        append(&store, &catalog, &log);
        let archiver = store.archiver(Arc::clone(&catalog)).unwrap();
        let mut archiver = archiver.paced(300, 3_600).unchecked().hurried();
        let mut reader = store.reader(Arc::clone(&catalog)).unwrap();
        let mut there = Vec::new();
        let visited = reader.records(Seq(0), None, None, &mut |record| {
            there.push(record);
            if there.len().is_multiple_of(every) && there.len() < 40 * every {
                archiver.archive(Timestamp::MAX).unwrap();
            }
            ControlFlow::Continue(())
        });
        visited.unwrap();
        assert!(!files(dir.path()).is_empty());
        assert!(there == log, "moving after every {every}");
        assert!(
            read_all(&store, &catalog) == log,
            "moving after every {every}"
        );
    }
}

/// The same log, retained with and without archives: the same is left.
#[test]
fn retention_leaves_the_same_with_archives() {
    let catalog = catalog();
    let (plain, archived) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let stores = [open(plain.path()), open(archived.path())];
    let log = days(&catalog, 12);
    for store in &stores {
        append(store, &catalog, &log);
        checkpoint(store, &mut fold(&catalog, &log));
    }
    archive_all(&stores[1], &catalog, DAY);
    let files_before = files(archived.path()).len();
    assert_eq!(files_before, 36);
    let mut reader = stores[1].reader(Arc::clone(&catalog)).unwrap();
    for hours in [3 * 24, 5 * 24 + 7, 9 * 24, 12 * 24, 33 * 24 + 1, 50 * 24] {
        let now = after(hours * 3_600);
        for store in &stores {
            let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
            while retainer.retain(now).unwrap().more {}
        }
        let [plain, archived] = &stores;
        let left = read_all(archived, &catalog);
        assert!(left == read_all(plain, &catalog), "{hours} h");
        assert_eq!(read(&mut reader, Seq(0), None, None), left);
        let mut plain = plain.reader(Arc::clone(&catalog)).unwrap();
        for (layer, _) in catalog.layers() {
            let since = plain.oldest_received(&[layer]).unwrap();
            assert_eq!(
                reader.oldest_received(&[layer]).unwrap(),
                since,
                "{hours} h"
            );
        }
    }
    assert_eq!(files(archived.path()), Vec::<String>::new());
}

/// A reader that waits in the middle while retention unlinks what it has not read yet.
#[test]
fn an_archive_that_retention_takes_is_passed_over() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let log = days(&catalog, 8);
    append(&store, &catalog, &log);
    checkpoint(&store, &mut fold(&catalog, &log));
    archive_all(&store, &catalog, DAY);
    let mut reader = store.reader(Arc::clone(&catalog)).unwrap();
    let mut seen = 0;
    let visited = reader.records(Seq(0), None, None, &mut |_| {
        if seen == 0 {
            let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
            retainer.retain(after(7 * DAY)).unwrap();
        }
        seen += 1;
        ControlFlow::Continue(())
    });
    visited.unwrap();
    assert!(
        seen < log.len() && seen > log.len() / 2,
        "{seen} of {}",
        log.len()
    );
}

#[test]
fn a_backup_has_the_archives_in_it() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let (home, file, new) = (
        dir.path().join("h"),
        dir.path().join("b"),
        dir.path().join("n"),
    );
    let store = open(&home);
    let log = days(&catalog, 6);
    append(&store, &catalog, &log);
    archive_all(&store, &catalog, DAY);
    // One more that is on its way out of the log.
    let mut tail = days(&catalog, 9).split_off(log.len());
    append(&store, &catalog, &tail);
    let archiver = store.archiver(Arc::clone(&catalog)).unwrap();
    let mut archiver = archiver.paced(2, DAY).unchecked();
    archiver.archive(Timestamp::MAX).unwrap();
    store.backup(&file).unwrap();
    restore(&file, &new).unwrap();
    let restored = open(&new);
    tail.splice(0..0, log);
    assert_eq!(read_all(&restored, &catalog), tail);
    assert_eq!(files(&new), Vec::<String>::new());
    let loaded = restored.load(&catalog, RingLimits::default()).unwrap();
    assert_same(&loaded.picture, &fold(&catalog, &tail));
    assert!(archive_all(&restored, &catalog, DAY) > 500);
    assert_eq!(read_all(&restored, &catalog), tail);
}

/// The room of what moved serves again: the log does not grow with the days.
#[test]
fn the_log_stays_small() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let mut pages = Vec::new();
    for day in 0_u64..12 {
        let reads: Vec<Record> = (1..=600)
            .map(|n| {
                let seq = day * 600 + n;
                let at = after(day.cast_signed() * DAY + n.cast_signed() * 100);
                observed(&catalog, "reads", seq, &format!("r{seq}"), at)
            })
            .collect();
        append(&store, &catalog, &reads);
        archive_all(&store, &catalog, DAY);
        pages.push(store.writer(Arc::clone(&catalog)).unwrap().pages());
    }
    assert!(pages[11] <= pages[2] + 2, "{pages:?}");
}

#[test]
fn an_archive_that_is_missing_is_said_at_start() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    append(&store, &catalog, &days(&catalog, 3));
    archive_all(&store, &catalog, DAY);
    drop(store);
    let name = files(dir.path()).remove(0);
    let file = dir.path().join("archive").join(&name);
    let kept = dir.path().join("kept");
    std::fs::rename(&file, &kept).unwrap();
    let error = Embedded::open(dir.path(), options()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains(&name), "{error}");
    std::fs::rename(&kept, &file).unwrap();
    open(dir.path());
}

/// Files that no row names are what a crash cut short.
#[test]
fn what_a_crash_left_behind_is_removed() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    append(&store, &catalog, &days(&catalog, 3));
    archive_all(&store, &catalog, DAY);
    let before = files(dir.path());
    for name in [
        "next.part",
        "2026-11-09-30d.db",
        "2026-11-09-30d.db-journal",
    ] {
        std::fs::write(dir.path().join("archive").join(name), b"half").unwrap();
    }
    let note = dir.path().join("archive").join("READ ME");
    std::fs::write(&note, b"somebody's own").unwrap();
    store.archiver(catalog).unwrap();
    std::fs::remove_file(note).unwrap();
    assert_eq!(files(dir.path()), before);
}

/// A store as the version before archives wrote it.
#[test]
fn a_store_of_version_2_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let main = Connection::open(dir.path().join("main.db")).unwrap();
    main.execute_batch(include_str!("version_2.sql")).unwrap();
    drop(main);
    let catalog = Arc::new(crate::config::Config::default().catalog().unwrap());
    // An export reads it as it is.
    let main = dir.path().join("main.db");
    let mut beside = Reader::beside(&main, Arc::clone(&catalog)).unwrap();
    assert_eq!(read(&mut beside, Seq(0), None, None).len(), 7);
    drop(beside);
    let store = open(dir.path());
    assert_eq!(store.last_seq().unwrap(), Seq(7));
    assert_eq!(store.epoch(), "1004ab58fd140e5c");
    let log = read_all(&store, &catalog);
    assert_eq!(log.len(), 7);
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    let view = loaded.picture.view();
    for (layer, features) in [("cameras", 1), ("incidents", 1), ("alpr_reads", 3)] {
        assert_eq!(super::sample::seen(&view, layer).len(), features, "{layer}");
    }
    let last = log.last().unwrap().received_at;
    let later = last + jiff::SignedDuration::from_hours(48);
    append(&store, &catalog, &[clock(8, later)]);
    assert_eq!(archive_all(&store, &catalog, DAY), 4);
    assert_eq!(read_all(&store, &catalog)[..7], log);
}
