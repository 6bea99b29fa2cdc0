//! Files that are in use, foreign, newer or damaged: refused in words that help.

use super::super::backup::check;
use super::super::conformance::{append, checkpoint};
use super::sample::{Dice, assert_same, catalog, fold};
use super::{open, options};
use crate::store::{Embedded, StoreError};
use atalaya_tiles::{RingLimits, Seq};
use rusqlite::Connection;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

fn refusal(dir: &Path) -> StoreError {
    Embedded::open(dir, options()).unwrap_err()
}

/// Bits that are turned, one at a time.
const TURNED: u32 = 400;

#[test]
fn a_second_open_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let text = refusal(dir.path()).to_string();
    let pid = std::process::id().to_string();
    assert!(
        text.contains(dir.path().to_str().unwrap()) && text.contains(&pid),
        "{text}"
    );
    drop(store);
    open(dir.path());
}

#[test]
fn a_newer_schema_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let main = dir.path().join("main.db");
    let connection = Connection::open(&main).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = std::fs::read(&main).unwrap();
    let error = refusal(dir.path());
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 99,
                known: 1..,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("99"));
    assert_eq!(std::fs::read(&main).unwrap(), before);
}

#[test]
fn a_file_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let main = dir.path().join("main.db");
    let other = Connection::open(&main).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(other);
    assert!(matches!(refusal(dir.path()), StoreError::Foreign { .. }));
    std::fs::write(
        &main,
        "no database, and more than a header of it ".repeat(90),
    )
    .unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("main.db"));
}

#[test]
fn a_damaged_log_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog();
    let store = open(dir.path());
    append(&store, &catalog, &Dice(1).log(&catalog, 3_000, 5));
    drop(store);
    let main = dir.path().join("main.db");
    let file = std::fs::File::options().write(true).open(&main).unwrap();
    let pages = file.metadata().unwrap().len() / 4_096;
    for page in pages / 2..pages / 2 + 20 {
        file.write_all_at(&[0xa5; 4_096], page * 4_096).unwrap();
    }
    let store = open(dir.path());
    assert!(!store.is_damaged(), "nobody has read it");
    let error = store.load(&catalog, RingLimits::default()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("main.db is damaged"), "{error}");
    assert!(store.is_damaged(), "it is remembered");
    drop(store);
    assert!(matches!(
        check(&main).unwrap_err(),
        StoreError::Corrupt { .. }
    ));
}

/// A new log beside what the old one left would be a loss that nobody hears of.
#[test]
fn a_log_that_is_gone_is_said() {
    let catalog = catalog();
    for left in ["picture.db", "archive/2026-11-01-2d.db", "main.db-wal"] {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()));
        let file = |name: &str| dir.path().join(name);
        let kept = file("kept");
        std::fs::rename(file("main.db"), &kept).unwrap();
        if left != "picture.db" {
            std::fs::remove_file(file("picture.db")).unwrap();
            std::fs::create_dir(file("archive")).unwrap();
            std::fs::write(file(left), b"what the log left").unwrap();
        }
        let error = refusal(dir.path());
        assert!(matches!(error, StoreError::Gone { .. }), "{error}");
        for name in ["main.db is missing", left, "restore a backup"] {
            assert!(error.to_string().contains(name), "{error}");
        }
        std::fs::remove_file(file(left)).unwrap();
        append(&open(dir.path()), &catalog, &Dice(1).log(&catalog, 9, 5));
    }
}

/// A checkpoint that cannot be used costs time and nothing else.
#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let catalog = catalog();
    let log = Dice(2).log(&catalog, 2_000, 30);
    for (from, bytes) in [(0, 4_096), (8_192, 200_000), (50, 3)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        append(&store, &catalog, &log);
        checkpoint(&store, &mut fold(&catalog, &log[..1_500]));
        drop(store);
        let path = dir.path().join("picture.db");
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.write_all_at(&vec![0x5a; bytes], from).unwrap();
        let loaded = open(dir.path()).load(&catalog, RingLimits::default());
        assert_same(&loaded.unwrap().picture, &fold(&catalog, &log));
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("file").join("store");
    std::fs::write(dir.path().join("file"), "").unwrap();
    let error = refusal(&inside);
    assert!(
        error.to_string().contains(inside.to_str().unwrap()),
        "{error}"
    );
    let sealed = dir.path().join("sealed");
    std::fs::create_dir(&sealed).unwrap();
    std::fs::set_permissions(&sealed, std::fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write everywhere.
    if let Err(error) = Embedded::open(&sealed, options()) {
        assert!(error.to_string().contains("sealed"), "{error}");
    }
}

/// On a full disk nobody could make them anew.
#[test]
fn what_stands_beside_a_database_is_there_while_the_store_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let _store = Embedded::open(dir.path(), options()).unwrap();
    // A connection that comes and goes takes nothing along.
    for name in ["main.db", "picture.db"] {
        let beside = Connection::open(dir.path().join(name)).unwrap();
        let sql = "SELECT count(*) FROM sqlite_schema";
        beside.query_row(sql, [], |_| Ok(())).unwrap();
    }
    for name in ["main.db-shm", "picture.db-shm"] {
        assert!(dir.path().join(name).exists(), "{name}");
    }
}

/// A checkpoint that opens and is not what was written: the log is folded, and the next one is whole.
#[test]
fn a_checkpoint_that_was_tampered_with_is_thrown_away() {
    let catalog = catalog();
    let log = Dice(2).log(&catalog, 2_000, 30);
    let last = log.last().unwrap().seq;
    for damage in [
        "DROP TABLE marks",
        "DROP TABLE hot",
        "DROP TABLE tombstones",
        "DROP TABLE segments",
        "DROP TABLE names",
        "DROP TABLE sums",
        // A tile with such a version would be the same for ever.
        "UPDATE marks SET seq = 1000000000000",
        "UPDATE marks SET seq = -1",
        "UPDATE hot SET seq = 1000000000000",
        "UPDATE hot SET stale = NOT stale WHERE rowid = 1",
        "DELETE FROM hot WHERE rowid = (SELECT max(rowid) FROM hot)",
        "DELETE FROM marks WHERE seq = (SELECT max(seq) FROM marks)",
        "UPDATE tombstones SET at = received_at",
        "UPDATE names SET name = name || 'x'",
        "UPDATE checkpoint SET seq = seq - 1",
        "UPDATE sums SET sum = sum + 1 WHERE name = 'tombstones'",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        append(&store, &catalog, &log);
        checkpoint(&store, &mut fold(&catalog, &log[..1_500]));
        drop(store);
        let picture = Connection::open(dir.path().join("picture.db")).unwrap();
        picture.execute_batch(damage).unwrap();
        drop(picture);
        let store = open(dir.path());
        let mut loaded = store.load(&catalog, RingLimits::default()).unwrap();
        assert_eq!(loaded.checkpoint, Seq(0), "{damage}");
        assert_same(&loaded.picture, &fold(&catalog, &log));
        checkpoint(&store, &mut loaded.picture);
        let again = store.load(&catalog, RingLimits::default()).unwrap();
        assert_eq!((again.checkpoint, again.folded), (last, 0), "{damage}");
        assert_same(&again.picture, &loaded.picture);
    }
}

/// One bit turned anywhere in a checkpoint: it is used where nothing of it is read, and else the log is.
#[test]
fn no_bit_of_a_checkpoint_can_turn_unseen() {
    let catalog = catalog();
    let log = Dice(3).log(&catalog, 400, 30);
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, &catalog, &log);
    let mut checkpointer = store.checkpointer(Arc::clone(&catalog)).unwrap();
    // One that was written in pieces, with rows that changed and left.
    let mut picture = fold(&catalog, &log[..200]);
    checkpointer.checkpoint(&picture.view(), &[], None).unwrap();
    picture.apply(&log[200..300]);
    let (removed, view) = (picture.take_removed(), picture.view());
    checkpointer.checkpoint(&view, &removed, None).unwrap();
    drop((checkpointer, store));
    let file = dir.path().join("picture.db");
    Connection::open(&file)
        .and_then(|it| it.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
        .unwrap();
    let whole = std::fs::read(&file).unwrap();
    let expected = fold(&catalog, &log);
    let (mut dice, mut used) = (Dice(7), 0_u32);
    for _ in 0..TURNED {
        let mut bytes = whole.clone();
        let at = usize::try_from(dice.roll(whole.len() as u64)).unwrap();
        bytes[at] ^= 1 << dice.roll(8);
        std::fs::write(&file, bytes).unwrap();
        let loaded = open(dir.path()).load(&catalog, RingLimits::default());
        let loaded = loaded.unwrap_or_else(|error| panic!("byte {at}: {error}"));
        assert_same(&loaded.picture, &expected);
        used += u32::from(loaded.checkpoint > Seq(0));
    }
    assert!((1..TURNED).contains(&used), "{used} of {TURNED} were used");
}
