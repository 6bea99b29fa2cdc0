//! A process that dies at any moment: what was acknowledged is there, and no half of a batch.

use super::super::backup::check;
use super::super::conformance::read_all;
use super::open;
use super::sample::{Dice, after, assert_same, camera, catalog, fold};
use crate::clock::monotonic;
use crate::store::{Embedded, Store};
use atalaya_tiles::{Catalog, Record, RingLimits, Seq};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Tells the child where its store is.
const DIR: &str = "ATALAYA_TEST_APPEND_TO";
const KILLS: u64 = 20;

/// The size of the batch that begins after a record: uneven, and the same in every process.
fn batch_size(after: Seq) -> u64 {
    1 + Dice(after.0).roll(97)
}

fn batch(catalog: &Catalog, last: Seq) -> Vec<Record> {
    let seqs = last.0 + 1..=last.0 + batch_size(last);
    seqs.map(|seq| {
        let id = format!("camera-{}", seq % 500);
        camera(catalog, seq, &id, after(seq.cast_signed()))
    })
    .collect()
}

/// The other process: appends until it dies and says what was acknowledged. Nothing without `DIR`.
#[test]
fn child_appends_until_killed() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let (store, catalog) = (open(Path::new(&dir)), catalog());
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    loop {
        let batch = batch(&catalog, writer.last_seq());
        writer.append(&batch).unwrap();
        let acked = writer.last_seq();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nacked {acked}")
            .and_then(|()| out.flush())
            .unwrap();
    }
}

pub(super) fn child(test: &str, dir: &Path, variable: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([&format!("store::tests::{test}"), "--exact", "--nocapture"])
        .env(variable, dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// Lets the child acknowledge some batches and go on until `wait` returns, kills it and returns the
/// last acknowledged record. The child never waits for whoever reads what it says: the pipe has room
/// for thousands of lines.
pub(super) fn kill_after(mut child: Child, batches: u64, wait: impl FnOnce()) -> Seq {
    let mut wait = Some(wait);
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut acked = Seq(0);
    let mut seen = 0;
    for line in out.lines() {
        let line = line.unwrap();
        if let Some(seq) = line.strip_prefix("acked ") {
            acked = Seq(seq.parse().unwrap());
            seen += 1;
            if seen >= batches
                && let Some(wait) = wait.take()
            {
                wait();
                child.kill().unwrap();
            }
        }
    }
    assert!(seen >= batches, "the child ended by itself");
    child.wait().unwrap();
    acked
}

/// Lets others run for so long.
pub(super) fn linger(micros: u64) {
    let until = monotonic() + Duration::from_micros(micros);
    while monotonic() < until {
        std::thread::yield_now();
    }
}

#[test]
fn acknowledged_records_survive_kills() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog();
    let mut dice = Dice(2026);
    let mut before = Seq(0);
    for kill in 0..KILLS {
        let child = child("crash::child_appends_until_killed", dir.path(), DIR).spawn();
        let acked = kill_after(child.unwrap(), 1 + dice.roll(12), || linger(dice.roll(50)));
        assert!(acked > before);
        let store = open(dir.path());
        let last = store.last_seq().unwrap();
        assert!(
            last >= acked,
            "kill {kill}: {acked} was acknowledged, {last} is there"
        );
        let mut end = before;
        while end < last {
            end = Seq(end.0 + batch_size(end));
        }
        assert_eq!(end, last, "kill {kill}: half a batch is there");
        check(&dir.path().join("main.db")).unwrap();
        before = last;
    }
    let store = open(dir.path());
    let log = read_all(&store, &catalog);
    let mut wanted = Vec::new();
    while Seq(u64::try_from(wanted.len()).unwrap()) < before {
        let last = Seq(u64::try_from(wanted.len()).unwrap());
        wanted.extend(batch(&catalog, last));
    }
    assert_eq!(log, wanted);
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    assert_same(&loaded.picture, &fold(&catalog, &log));
}

/// A WAL that ends in the middle of a commit: what is whole is there, the rest is not.
#[test]
fn torn_commits_are_left_out() {
    let (dir, torn) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let catalog = catalog();
    let store = open(dir.path());
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    let mut ends = vec![Seq(0)];
    let wal = dir.path().join("main.db-wal");
    let mut sizes = vec![std::fs::metadata(&wal).unwrap().len()];
    for _ in 0..12 {
        writer.append(&batch(&catalog, writer.last_seq())).unwrap();
        ends.push(writer.last_seq());
        sizes.push(std::fs::metadata(&wal).unwrap().len());
    }
    let bytes = std::fs::read(&wal).unwrap();
    let mut dice = Dice(7);
    for _ in 0..20 {
        let cut = sizes[0] + dice.roll(sizes[12] - sizes[0]);
        let whole = sizes.iter().rposition(|size| *size <= cut).unwrap();
        for file in ["main.db", "lock"] {
            std::fs::copy(dir.path().join(file), torn.path().join(file)).unwrap();
        }
        let mut kept = bytes[..usize::try_from(cut).unwrap()].to_vec();
        if dice.roll(2) == 0 {
            kept.extend(std::iter::repeat_n(0xa5, 9_000));
        }
        std::fs::write(torn.path().join("main.db-wal"), kept).unwrap();
        let store = Embedded::open(torn.path(), super::options()).unwrap();
        assert_eq!(store.last_seq().unwrap(), ends[whole]);
        let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
        writer.append(&batch(&catalog, ends[whole])).unwrap();
        drop((writer, Store::Embedded(store)));
        check(&torn.path().join("main.db")).unwrap();
    }
}
