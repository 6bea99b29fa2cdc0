//! A disk that is full: said so, nothing lost, and over when there is room again.

use super::super::backup::check;
use super::super::conformance::{checkpoint, read_all};
use super::sample::{after, assert_same, catalog, fold, observed};
use super::{open, options};
use crate::adaptor::testing::skipped;
use crate::store::{Embedded, Store, StoreError, Writer};
use atalaya_tiles::{Catalog, Record, RingLimits, Seq};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

const DIR: &str = "ATALAYA_TEST_LIMITED_DIR";

/// A disk of 32 MiB in memory, gone when it is dropped. Only root can make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None, and said so, where it cannot be made.
    fn mount() -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        let ran = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"])
            .arg(disk.0.path())
            .output();
        let why = match ran {
            Ok(ran) if ran.status.success() => return Some(disk),
            Ok(ran) => String::from_utf8_lossy(&ran.stderr).trim().to_owned(),
            Err(cause) => format!("mount: {cause}"),
        };
        skipped(&why);
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(self.0.path())
            .output()
            .ok();
    }
}

fn batch(catalog: &Catalog, last: Seq) -> Vec<Record> {
    let seqs = last.0 + 1..=last.0 + 50;
    seqs.map(|seq| {
        let id = format!("camera-{seq}");
        observed(catalog, "hits", seq, &id, after(seq.cast_signed()))
    })
    .collect()
}

/// Appends until something goes wrong.
fn fill(writer: &mut Writer, catalog: &Catalog) -> StoreError {
    for _ in 0..100_000 {
        if let Err(error) = writer.append(&batch(catalog, writer.last_seq())) {
            return error;
        }
    }
    panic!("the disk is too large for this test");
}

#[test]
fn a_full_disk_is_said_and_survived() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    writer.append(&batch(&catalog, Seq(0))).unwrap();
    writer.limit_pages(writer.pages() + 40);
    for _ in 0..3 {
        let error = fill(&mut writer, &catalog);
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert!(error.to_string().ends_with("main.db: the disk is full"));
        let there = read_all(&store, &catalog);
        assert_eq!(there.last().unwrap().seq, writer.last_seq());
        assert_eq!(there.len() % 50, 0);
        writer.limit_pages(writer.pages() + 40);
        let refused = writer.append(&batch(&catalog, writer.last_seq()));
        assert!(
            matches!(refused, Err(StoreError::Full { .. })),
            "nothing is taken before the reserve is known to be there"
        );
        let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
        retainer.retain(after(0)).unwrap();
        writer.append(&batch(&catalog, writer.last_seq())).unwrap();
    }
}

#[test]
fn retention_frees_the_reserve_and_takes_it_back() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    writer.limit_pages(writer.pages() + 60);
    let error = fill(&mut writer, &catalog);
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    let mut picture = fold(&catalog, &read_all(&store, &catalog));
    checkpoint(&store, &mut picture);
    let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
    let outcome = retainer.retain(after(10 * 86_400)).unwrap();
    assert!(outcome.deleted > 100, "{outcome:?}");
    let reserve = std::fs::metadata(dir.path().join("reserve")).unwrap();
    assert_eq!(reserve.len(), options().reserve_bytes);
    // The room of what was deleted serves again.
    for _ in 0..3 {
        writer.append(&batch(&catalog, writer.last_seq())).unwrap();
    }
}

/// The other process, whose files may not grow beyond a limit. Nothing without `DIR`.
#[test]
fn child_fills_a_limited_file() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let (store, catalog) = (open(Path::new(&dir)), catalog());
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    let error = fill(&mut writer, &catalog);
    let again = writer
        .append(&batch(&catalog, writer.last_seq()))
        .unwrap_err();
    assert!(matches!(again, StoreError::Broken { .. }), "{again}");
    let there = read_all(&store, &catalog).len();
    let acked = writer.last_seq();
    assert_eq!(Seq(u64::try_from(there).unwrap()), acked);
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nacked {acked}\nerror {error}").unwrap();
}

/// A write that fails for another reason than a full disk, here a limit on file sizes: the writer
/// gives up, and a reopen goes on from what was acknowledged.
#[test]
fn a_failed_write_breaks_the_writer_until_reopened() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["store::tests::disk::child_fills_a_limited_file"])
        .args(["--exact", "--nocapture"])
        .env(DIR, dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&child.stderr)
    );
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    let acked = Seq(line("acked ").unwrap().parse().unwrap());
    assert!(line("error ").unwrap().contains("main.db"), "{text}");
    let store = open(dir.path());
    assert!(acked > Seq(0) && store.last_seq().unwrap() >= acked);
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    writer.append(&batch(&catalog, writer.last_seq())).unwrap();
    drop(writer);
    drop(store);
    check(&dir.path().join("main.db")).unwrap();
}

#[test]
fn a_small_disk_recovers_by_retention() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let (dir, catalog) = (tempfile::tempdir_in(&disk.0).unwrap(), catalog());
    let options = super::StoreOptions {
        reserve_bytes: 4 << 20,
        ..options()
    };
    let ballast = dir.path().join("ballast");
    std::fs::write(&ballast, vec![1; 8 << 20]).unwrap();
    let store = Store::Embedded(Embedded::open(dir.path(), options).unwrap());
    let mut checkpointer = store.checkpointer(Arc::clone(&catalog)).unwrap();
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    for _ in 0..40 {
        writer.append(&batch(&catalog, writer.last_seq())).unwrap();
    }
    let mut picture = fold(&catalog, &read_all(&store, &catalog));
    checkpoint(&store, &mut picture);
    // What the background does every second, here after every batch.
    let error = loop {
        let batch = batch(&catalog, writer.last_seq());
        let tidied = checkpointer.tidy_wal();
        if let Err(error) = tidied.and_then(|()| writer.append(&batch)) {
            break error;
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    let acked = writer.last_seq();
    assert_eq!(read_all(&store, &catalog).last().unwrap().seq, acked);
    let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
    let outcome = retainer.retain(after(10 * 86_400)).unwrap();
    assert!(outcome.deleted >= 1_900, "{outcome:?}");
    // What was deleted is room in the log, not on the disk, and the reserve comes first.
    let held = |store: &Store| {
        let Store::Embedded(store) = store;
        store.dir().join("reserve").metadata().unwrap().len()
    };
    if writer.is_full() {
        assert_eq!(held(&store), 0);
        std::fs::remove_file(&ballast).unwrap();
        retainer.retain(after(10 * 86_400)).unwrap();
    }
    assert_eq!(held(&store), 4 << 20);
    for _ in 0..10 {
        writer.append(&batch(&catalog, writer.last_seq())).unwrap();
    }
    drop((writer, retainer, checkpointer, store));
    check(&dir.path().join("main.db")).unwrap();
}

/// A checkpoint needs its room twice. Where a full disk has it only once, the log comes first.
#[test]
fn a_checkpoint_gives_way_to_the_log_on_a_full_disk() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let (dir, catalog) = (tempfile::tempdir_in(&disk.0).unwrap(), catalog());
    let store = open(dir.path());
    let mut checkpointer = store.checkpointer(Arc::clone(&catalog)).unwrap();
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    for _ in 0..40 {
        writer.append(&batch(&catalog, writer.last_seq())).unwrap();
    }
    checkpointer.tidy_wal().unwrap();
    let mut picture = fold(&catalog, &read_all(&store, &catalog));
    checkpointer.checkpoint(&picture.view(), &[], None).unwrap();
    assert_eq!(checkpointer.since(), writer.last_seq());
    let mut ballast = std::fs::File::create(dir.path().join("ballast")).unwrap();
    while ballast.write_all(&[1; 4_096]).is_ok() {}
    let error = fill(&mut writer, &catalog);
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    let acked = writer.last_seq();
    let mut retainer = store.retainer(Arc::clone(&catalog)).unwrap();
    assert_eq!(retainer.retain(after(0)).unwrap().deleted, 0);
    assert!(!retainer.is_full(), "the reserve is back");
    // Where there is no room to make it anew, nothing but a checkpoint asks for any.
    while ballast.write_all(&[1; 4_096]).is_ok() {}
    checkpointer.tidy_wal().unwrap();
    assert!(!retainer.is_full());
    ballast.set_len(0).unwrap();
    writer.append(&batch(&catalog, acked)).unwrap();
    assert_eq!(checkpointer.since(), Seq(0), "it gave way");
    let log = read_all(&store, &catalog);
    assert_eq!(log.last().unwrap().seq, writer.last_seq());

    // The next is whole, and what the one before knew is not taken for known.
    picture.apply(&log[usize::try_from(picture.view().seq().0).unwrap()..]);
    let (removed, view) = (picture.take_removed(), picture.view());
    checkpointer.checkpoint(&view, &removed, None).unwrap();
    drop((writer, retainer, checkpointer, store));
    let store = open(dir.path());
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    assert_eq!((loaded.checkpoint, loaded.folded), (view.seq(), 0));
    assert_same(&loaded.picture, &fold(&catalog, &log));
}
