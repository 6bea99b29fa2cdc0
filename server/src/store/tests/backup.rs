//! Backups while appends go on, and what they restore to.

use super::super::conformance::{append, read_all};
use super::super::restore;
use super::open;
use super::sample::{Dice, after, assert_same, camera, catalog, fold};
use crate::store::StoreError;
use atalaya_tiles::{Record, RingLimits, Seq};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_backup_under_load_is_a_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let (home, file) = (dir.path().join("home"), dir.path().join("backup"));
    let (store, catalog) = (open(&home), catalog());
    append(&store, &catalog, &Dice(1).log(&catalog, 2_000, 5));
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    let done = AtomicBool::new(false);
    let received_at = store.last_received_at().unwrap().unwrap();
    let backed_up = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let from = writer.last_seq().0 + 1;
                let batch: Vec<Record> = (from..from + 20)
                    .map(|seq| camera(&catalog, seq, &seq.to_string(), received_at))
                    .collect();
                writer.append(&batch).unwrap();
            }
        });
        let first = store.backup(&file);
        let newer = (0..100_000).any(|_| {
            std::thread::yield_now();
            store.last_seq().unwrap() > first.as_ref().unwrap().seq
        });
        assert!(newer, "nothing was appended beside the backup");
        let second = store.backup(&file);
        done.store(true, Ordering::Relaxed);
        assert!(first.unwrap().seq < second.as_ref().unwrap().seq);
        second.unwrap()
    });
    assert!(backed_up.seq <= store.last_seq().unwrap());
    assert_eq!(std::fs::metadata(&file).unwrap().len(), backed_up.bytes);
    let new_home = dir.path().join("new");
    assert_eq!(restore(&file, &new_home).unwrap(), backed_up.seq);
    let restored = open(&new_home);
    assert_ne!(restored.epoch(), store.epoch());
    let mut prefix = read_all(&store, &catalog);
    prefix.retain(|record| record.seq <= backed_up.seq);
    assert_eq!(read_all(&restored, &catalog), prefix);
    let loaded = restored.load(&catalog, RingLimits::default()).unwrap();
    assert_same(&loaded.picture, &fold(&catalog, &prefix));
    let next = camera(&catalog, backed_up.seq.0 + 1, "next", received_at);
    append(&restored, &catalog, &[next]);
}

#[test]
fn a_restore_into_something_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (home, file) = (dir.path().join("home"), dir.path().join("backup"));
    let store = open(&home);
    append(&store, &catalog(), &[camera(&catalog(), 1, "a", after(1))]);
    store.backup(&file).unwrap();
    let refused = restore(&file, &home).unwrap_err();
    assert!(matches!(refused, StoreError::NotEmpty { .. }), "{refused}");
    assert_eq!(store.last_seq().unwrap(), Seq(1));
}

#[test]
fn a_bad_backup_is_refused_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (home, file) = (dir.path().join("home"), dir.path().join("backup"));
    let (store, catalog) = (open(&home), catalog());
    append(&store, &catalog, &Dice(1).log(&catalog, 2_000, 5));
    store.backup(&file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let target = dir.path().join("target");
    let mut damaged = whole.clone();
    damaged[100_000..140_000].fill(0xa5);
    for bytes in [
        &damaged[..],
        &whole[..50_000],
        b"",
        b"something else altogether",
    ] {
        std::fs::write(&file, bytes).unwrap();
        let refused = restore(&file, &target).unwrap_err();
        assert!(refused.to_string().contains("backup"), "{refused}");
        assert!(!target.exists());
    }
    let missing = restore(&dir.path().join("missing"), &target).unwrap_err();
    assert!(missing.to_string().contains("missing"), "{missing}");
}

#[test]
fn a_backup_that_fails_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("home"));
    let file = dir.path().join("nowhere").join("backup");
    let error = store.backup(&file).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert!(!dir.path().join("nowhere").exists());
}
