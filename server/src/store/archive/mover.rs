//! Moving closed days out of the log, a little at a time.
//!
//! A day is closed when the log has gone past it below the checkpoint: no record of it can come any
//! more, since `received_at` never decreases. Copying locks nothing that an append waits for; taking
//! rows out of the log goes in batches, each one transaction of some 20 ms.

use super::super::codec::instant::Instant;
use super::super::codec::{ALL_LAYERS, Codec};
use super::super::damage::Damage;
use super::super::embedded::{Embedded, connect, last};
use super::super::error::{StoreError, io, sqlite};
use super::super::interned::Interned;
use super::super::picture_file::PictureFile;
use super::super::private;
use super::copying::{Copying, Plan};
use super::{Entry, class, entries, folder, runs};
use atalaya_tiles::{Catalog, Seq};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Batches in one call.
const STEPS: usize = 32;
/// Between two batches, so that a waiting append gets its turn.
const PAUSE: Duration = Duration::from_millis(2);

/// What a call of [`Archiver::archive`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Archived {
    /// Records taken out of the log.
    pub moved: u64,
    /// Whether there is more to do: call again soon.
    pub more: bool,
}

/// How much at a time.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Records in one batch.
    batch: u16,
    /// What an archive covers.
    span: SignedDuration,
    /// How long after its end a span is left where it is.
    after: SignedDuration,
    /// The pause between two batches.
    pause: Duration,
    /// Whether only what the checkpoint covers moves.
    checked: bool,
}

/// A batch's outcome.
enum Step {
    Copied,
    Moved(u64),
    Idle,
}

/// The one handle that moves records into archives.
#[derive(Debug)]
pub struct Archiver {
    main: Connection,
    path: PathBuf,
    folder: PathBuf,
    picture: PictureFile,
    codec: Codec,
    interned: Interned,
    full: Arc<AtomicBool>,
    damage: Damage,
    /// What copying leaves of the disk, in bytes: whoever appends needs it more.
    spare_bytes: u64,
    pace: Pace,
    copying: Option<Copying>,
}

impl Archiver {
    pub(crate) fn new(store: &Embedded, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        let path = store.main_path();
        let hours = i64::from(store.options().archive_after_h);
        let archiver = Self {
            main: connect(store.dir())?,
            folder: folder(&path),
            path,
            picture: store.picture(),
            codec: Codec::new(catalog),
            interned: Interned::default(),
            full: store.full(),
            damage: store.damage(),
            spare_bytes: store.options().reserve_bytes,
            pace: Pace {
                batch: 256,
                span: SignedDuration::from_hours(24),
                after: SignedDuration::from_hours(hours),
                pause: PAUSE,
                checked: true,
            },
            copying: None,
        };
        archiver.sweep()?;
        Ok(archiver)
    }

    /// Removes what no row names: copies that a crash cut short, and files that retention was about
    /// to unlink.
    fn sweep(&self) -> Result<(), StoreError> {
        let entries = entries(&self.main).map_err(sqlite(&self.path))?;
        let files = match std::fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(io(&self.folder)(cause)),
        };
        for file in files {
            let file = file.map_err(io(&self.folder))?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            if !["next.part", ".db", ".db-journal"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                continue;
            }
            // A journal belongs to its archive, and may be needed.
            let name = name.strip_suffix("-journal").unwrap_or(&name);
            if entries.iter().all(|entry| entry.file != name) {
                std::fs::remove_file(file.path()).map_err(io(&file.path()))?;
            }
        }
        Ok(())
    }

    /// Moves a bounded amount of what is closed as of `now`. On a full disk it does nothing: copying
    /// takes room before it gives any.
    pub fn archive(&mut self, now: Timestamp) -> Result<Archived, StoreError> {
        let mut archived = Archived::default();
        if self.full.load(Ordering::Relaxed) {
            self.abandon()?;
            return Ok(archived);
        }
        for _ in 0..STEPS {
            match self.step(now) {
                Ok(Step::Idle) => return Ok(archived),
                Ok(Step::Copied) => {}
                Ok(Step::Moved(records)) => archived.moved += records,
                Err(error) => {
                    self.abandon()?;
                    return self.damage.note(Err(error));
                }
            }
            std::thread::sleep(self.pace.pause);
        }
        archived.more = true;
        Ok(archived)
    }

    fn abandon(&mut self) -> Result<(), StoreError> {
        self.copying.take().map_or(Ok(()), Copying::abandon)
    }

    fn step(&mut self, now: Timestamp) -> Result<Step, StoreError> {
        let known = entries(&self.main).map_err(sqlite(&self.path))?;
        if let Some(entry) = known.iter().find(|entry| !entry.is_whole()) {
            let moved = self.take_out(entry).map_err(sqlite(&self.path))?;
            return Ok(Step::Moved(moved));
        }
        if let Some(copying) = &mut self.copying {
            leave_room(&self.folder, self.spare_bytes)?;
            let rows = copying.rows(&self.main, self.pace.batch);
            let ended = copying.copy(&rows.map_err(sqlite(&self.path))?)?;
            if ended && let Some(copying) = self.copying.take() {
                let entry = copying.finish(&self.folder, self.pace.span, &known)?;
                if let Some(entry) = entry {
                    entry.write(&self.main).map_err(sqlite(&self.path))?;
                }
            }
            return Ok(Step::Copied);
        }
        self.copying = self.plan(now)?;
        Ok(if self.copying.is_some() {
            Step::Copied
        } else {
            Step::Idle
        })
    }

    /// The oldest closed day that has something to move.
    fn plan(&mut self, now: Timestamp) -> Result<Option<Copying>, StoreError> {
        let Some(limit) = self.limit()? else {
            return Ok(None);
        };
        let found = self.oldest().map_err(sqlite(&self.path))?;
        let Some((first, received_at, class, layers)) = found else {
            return Ok(None);
        };
        let begins_at = floor(received_at, self.pace.span);
        let Ok(ends_at) = begins_at.checked_add(self.pace.span) else {
            return Ok(None);
        };
        if ends_at
            .checked_add(self.pace.after)
            .is_ok_and(|at| at > now)
        {
            return Ok(None);
        }
        let until = last_before(&self.main, first, limit, ends_at).map_err(sqlite(&self.path))?;
        let Some(until) = until else {
            return Ok(None);
        };
        let plan = Plan {
            class,
            begins_at,
            layers,
            first,
            until,
        };
        private::make_dir(&self.folder)?;
        leave_room(&self.folder, self.spare_bytes)?;
        Copying::begin(&self.folder, &self.main, plan).map(Some)
    }

    /// The last record that may move.
    fn limit(&self) -> Result<Option<Seq>, StoreError> {
        if !self.pace.checked {
            let last = last(&self.main).map_err(sqlite(&self.path))?;
            return Ok(last.map(|(seq, _)| seq));
        }
        Ok(self.picture.stand()?.map(|stand| stand.seq))
    }

    /// The oldest record that may move, when it was received, its class and the layers of that class.
    #[expect(clippy::type_complexity, reason = "taken apart at once")]
    fn oldest(&mut self) -> rusqlite::Result<Option<(Seq, Timestamp, String, Vec<i64>)>> {
        let mut classes: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        classes.insert("clock".to_owned(), vec![ALL_LAYERS]);
        let catalog = Arc::clone(&self.codec.catalog);
        for (_, spec) in catalog.layers() {
            let id = self.interned.known(&self.main, &spec.name)?;
            if let (Some(class), Some(id)) = (class(spec), id) {
                classes.entry(class).or_default().push(id);
            }
        }
        let mut oldest: Option<(Seq, Timestamp, &String)> = None;
        for (class, ids) in &classes {
            for id in ids {
                let first = self
                    .main
                    .prepare_cached(
                        "SELECT seq, received_at FROM log WHERE layer = ?1 ORDER BY seq LIMIT 1",
                    )?
                    .query_row([id], |row| {
                        Ok((
                            super::super::codec::seq(row, 0)?,
                            row.get::<_, Instant>(1)?.0,
                        ))
                    })
                    .optional()?;
                if let Some((seq, at)) = first
                    && oldest.is_none_or(|(oldest, ..)| seq < oldest)
                {
                    oldest = Some((seq, at, class));
                }
            }
        }
        Ok(oldest.map(|(seq, at, class)| {
            let ids = classes.get(class).cloned().unwrap_or_default();
            (seq, at, class.clone(), ids)
        }))
    }

    /// Takes the next batch of what an archive has out of the log.
    fn take_out(&mut self, entry: &Entry) -> rusqlite::Result<u64> {
        let sql = runs("seq", &entry.layers);
        let mut select = self.main.prepare_cached(&sql)?;
        let last = entry.last.0.cast_signed();
        let seqs = select.query_map((entry.moved.0.cast_signed(), self.pace.batch), |row| {
            row.get::<_, i64>(0)
        })?;
        let seqs: Vec<i64> = seqs.collect::<Result<_, _>>()?;
        drop(select);
        let whole = seqs.len() < usize::from(self.pace.batch) || seqs.last() >= Some(&last);
        let moved = if whole {
            last
        } else {
            seqs.last().copied().unwrap_or(last)
        };
        let transaction = self
            .main
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut delete = transaction.prepare_cached("DELETE FROM log WHERE seq = ?1")?;
        let mut deleted = 0;
        for seq in seqs.iter().filter(|seq| **seq <= moved) {
            deleted += delete.execute([seq])?;
        }
        drop(delete);
        transaction
            .prepare_cached("UPDATE archives SET moved = ?2 WHERE file = ?1")?
            .execute(params![entry.file, moved])?;
        transaction.commit()?;
        Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
    }
}

/// Refuses to take the last room of a disk.
fn leave_room(folder: &Path, spare_bytes: u64) -> Result<(), StoreError> {
    if fs4::available_space(folder).map_err(io(folder))? < spare_bytes {
        return Err(StoreError::Full {
            path: folder.to_owned(),
        });
    }
    Ok(())
}

/// The last row from `first` on that was received before an instant, if the log goes on behind it at
/// or below `limit`.
fn last_before(
    main: &Connection,
    first: Seq,
    limit: Seq,
    end: Timestamp,
) -> rusqlite::Result<Option<Seq>> {
    let mut at_most = main.prepare_cached(
        "SELECT seq, received_at FROM log WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1",
    )?;
    let mut row_at = |seq: u64| {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        at_most
            .query_row([seq], |row| {
                Ok((
                    super::super::codec::seq(row, 0)?,
                    row.get::<_, Instant>(1)?.0,
                ))
            })
            .optional()
    };
    if row_at(limit.0)?.is_none_or(|(_, at)| at < end) {
        return Ok(None);
    }
    let (mut before, mut behind) = (first.0, limit.0);
    while behind - before > 1 {
        let middle = before.midpoint(behind);
        match row_at(middle)? {
            Some((_, at)) if at >= end => behind = middle,
            _ => before = middle,
        }
    }
    Ok(row_at(before)?.map(|(seq, _)| seq))
}

/// The beginning of the span that an instant lies in.
fn floor(at: Timestamp, span: SignedDuration) -> Timestamp {
    let span = span.as_secs().max(1);
    let begins = at
        .as_nanosecond()
        .div_euclid(1_000_000_000 * i128::from(span));
    i64::try_from(begins)
        .ok()
        .and_then(|begins| Timestamp::from_second(begins.checked_mul(span)?).ok())
        .unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
impl Archiver {
    /// Moves in batches of so many records, by spans of so many seconds that may move when they end.
    pub(crate) fn paced(mut self, batch: u16, span_s: i64) -> Self {
        self.pace = Pace {
            batch,
            span: SignedDuration::from_secs(span_s),
            after: SignedDuration::ZERO,
            ..self.pace
        };
        self
    }

    /// Moves without pausing for others.
    pub(crate) fn hurried(mut self) -> Self {
        self.pace.pause = Duration::ZERO;
        self
    }

    /// Moves without a checkpoint.
    pub(crate) fn unchecked(mut self) -> Self {
        self.pace.checked = false;
        self
    }
}
