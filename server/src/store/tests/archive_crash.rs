//! A process that dies while days move: every acknowledged record is there once.

use super::super::backup::check;
use super::super::conformance::read_all;
use super::crash::{child, kill_after, linger};
use super::open;
use super::sample::{Dice, after, assert_same, catalog, clock, fold, observed};
use crate::clock::monotonic;
use atalaya_tiles::{Catalog, Record, RingLimits, Seq};
use jiff::Timestamp;
use rusqlite::Connection;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Tells the child where its store is.
const DIR: &str = "ATALAYA_TEST_ARCHIVE_IN";
/// So many kills at least, and as many more as it takes until each kind of moment was hit.
const KILLS: u64 = 24;
const MOST_KILLS: u64 = 96;
/// How long a kill waits for its moment; a child on a busy machine may need seconds for a batch.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often one store is killed before the next one takes its place.
const KILLS_OF_ONE: u64 = 8;
/// What a child appends at most: what it leaves has to be archived when its store is looked through.
const MOST_BATCHES: u32 = 40;
/// What an archive covers here, so that several are closed in every round.
const SPAN_S: i64 = 60;

fn batch(catalog: &Catalog, last: Seq) -> Vec<Record> {
    let size = 1 + Dice(last.0).roll(60);
    (last.0 + 1..=last.0 + size)
        .map(|seq| {
            let at = after(seq.cast_signed());
            match seq % 5 {
                0 => clock(seq, at),
                1 => observed(catalog, "cameras", seq, &format!("c{}", seq % 300), at),
                2 => observed(catalog, "units", seq, &format!("u{}", seq % 90), at),
                _ => observed(catalog, "reads", seq, &format!("r{seq}"), at),
            }
        })
        .collect()
}

/// The other process: appends and archives, each in a thread of its own, and archives until it dies.
/// Nothing without `DIR`.
#[test]
fn child_archives_until_killed() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let (store, catalog) = (open(Path::new(&dir)), catalog());
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    let archiver = store.archiver(Arc::clone(&catalog)).unwrap();
    let mut archiver = archiver.paced(2, SPAN_S).unchecked();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                archiver.archive(Timestamp::MAX).unwrap();
            }
        });
        for _ in 0..MOST_BATCHES {
            writer.append(&batch(&catalog, writer.last_seq())).unwrap();
            let acked = writer.last_seq();
            let mut out = std::io::stdout().lock();
            writeln!(out, "\nacked {acked}")
                .and_then(|()| out.flush())
                .unwrap();
        }
    });
}

/// When the child is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Any,
    /// While an archive is being copied.
    Copying,
    /// Right after an archive got its name, when its rows begin to leave the log.
    Leaving,
}

impl Moment {
    const ALL: [Self; 3] = [Self::Any, Self::Copying, Self::Leaving];

    /// Waits until it is there.
    fn wait(self, dir: &Path) {
        let folder = dir.join("archive");
        let before = archives(&folder);
        let is_there = || match self {
            Self::Any => true,
            Self::Copying => folder.join("next.part").exists(),
            Self::Leaving => archives(&folder) > before,
        };
        let limit = monotonic() + PATIENCE;
        while !is_there() && monotonic() < limit {
            std::thread::yield_now();
        }
    }
}

fn archives(folder: &Path) -> usize {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter(|file| file.path().extension().is_some_and(|end| end == "db"))
        .count()
}

/// Whether the kill left an archive on its way: being copied, or half out of the log.
fn is_on_its_way(dir: &Path) -> [bool; 2] {
    let main = Connection::open(dir.join("main.db")).unwrap();
    let half = "SELECT EXISTS (SELECT 1 FROM archives WHERE moved < last_seq)";
    let half = main.query_row(half, [], |row| row.get(0)).unwrap();
    [dir.join("archive/next.part").exists(), half]
}

/// A store that is killed again and again, and what it must hold.
struct Victim {
    dir: tempfile::TempDir,
    before: Seq,
    wanted: Vec<Record>,
}

impl Victim {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            before: Seq(0),
            wanted: Vec::new(),
        }
    }

    /// Kills it once more; says whether the kill left an archive on its way.
    fn kill(&mut self, catalog: &Arc<Catalog>, kill: u64, dice: &mut Dice) -> [bool; 2] {
        let moment = Moment::ALL[usize::try_from(kill).unwrap() % Moment::ALL.len()];
        let dir = self.dir.path();
        let name = "archive_crash::child_archives_until_killed";
        let child = child(name, dir, DIR).spawn();
        let (batches, most_micros) = match moment {
            Moment::Any => (2 + dice.roll(12), 9_000),
            Moment::Copying => (2, 50),
            // Its name has to be durable, and known to the log, before they do.
            Moment::Leaving => (2, 9_000),
        };
        let acked = kill_after(child.unwrap(), batches, || {
            moment.wait(dir);
            linger(dice.roll(most_micros));
        });
        assert!(acked > self.before);
        let on_its_way = is_on_its_way(dir);
        let store = open(dir);
        let last = store.last_seq().unwrap();
        assert!(
            last >= acked,
            "kill {kill}: {acked} was acknowledged, {last} is there"
        );
        while self.before < last {
            let next = batch(catalog, self.before);
            self.before = next.last().unwrap().seq;
            self.wanted.extend(next);
        }
        assert_eq!(self.before, last, "kill {kill}: half a batch is there");
        assert!(
            read_all(&store, catalog) == self.wanted,
            "kill {kill}: not every record is there once"
        );
        check(&dir.join("main.db")).unwrap();
        on_its_way
    }

    /// What is replayed equals a fresh fold, and all that is left can be archived.
    fn look_through(self, catalog: &Arc<Catalog>) {
        let store = open(self.dir.path());
        let loaded = store.load(catalog, RingLimits::default()).unwrap();
        assert_same(&loaded.picture, &fold(catalog, &self.wanted));
        super::archive::archive_all(&store, catalog, SPAN_S);
        assert!(read_all(&store, catalog) == self.wanted);
    }
}

#[test]
fn acknowledged_records_survive_kills_while_days_move() {
    let catalog = catalog();
    let mut dice = Dice(41);
    let (mut kills, mut caught) = (0, [0, 0]);
    while kills < KILLS || (kills < MOST_KILLS && caught.iter().any(|count| *count < 2)) {
        // Reading all of it after each kill takes longer the more there is.
        let mut victim = Victim::new();
        for _ in 0..KILLS_OF_ONE {
            let on_its_way = victim.kill(&catalog, kills, &mut dice);
            for (count, on_its_way) in caught.iter_mut().zip(on_its_way) {
                *count += u32::from(on_its_way);
            }
            kills += 1;
        }
        victim.look_through(&catalog);
    }
    assert!(
        caught.iter().all(|count| *count >= 2),
        "{caught:?} of {kills} kills landed in a move"
    );
}
