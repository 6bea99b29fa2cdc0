//! Retention: the log forgets what is past its time, in small steps between appends.
//!
//! - A layer with `retain_days` loses every record that old, oldest first.
//! - A state layer without keeps, for each feature, the last record from before
//!   [`history_days`](super::StoreOptions) ago; what that one replaced goes. A feature that never
//!   changes is kept for ever. A withdrawal goes after twice as long: after once as long the picture
//!   has forgotten it, and until then whatever it kept from coming back is gone as well.
//! - A sighting layer without keeps everything.
//! - Clock records go when no layer has history that old.
//! - An archive goes when all of it is past its time, and loses what is while the rest is not.
//!
//! Nothing goes that the checkpoint does not cover, nor the last record. What is left of a layer
//! that the catalog does not know stays.

use super::archive::{hold, retire};
use super::checkpointer::{Stand, wal_checkpoint};
use super::codec::instant::Instant;
use super::codec::{ALL_LAYERS, Codec, OBSERVED};
use super::damage::Damage;
use super::embedded::{Embedded, StoreOptions, connect, last};
use super::error::{StoreError, sqlite};
use super::interned::Interned;
use super::picture_file::PictureFile;
use super::reserve::Reserve;
use atalaya_tiles::{Catalog, FeatureId, LayerIx, LayerKind, LayerSpec, Seq};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Records looked at in one transaction: some 20 ms during which an append waits.
const STEP: u16 = 256;
/// Steps for one layer in one call.
const STEPS: usize = 64;
/// Between two steps, so that a waiting append gets its turn.
const PAUSE: Duration = Duration::from_millis(2);

/// What a call of [`Retainer::retain`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retained {
    /// Records deleted.
    pub deleted: u64,
    /// Whether there is more to delete: call again soon.
    pub more: bool,
}

/// The last record of a feature before the horizon.
#[derive(Debug, Clone, Copy)]
struct Survivor {
    seq: Seq,
    received_at: Timestamp,
    at: Timestamp,
    observed: bool,
}

/// How far a state layer without `retain_days` has been looked through.
#[derive(Debug, Default)]
struct Sweep {
    looked_at: Seq,
    survivors: HashMap<FeatureId, Survivor>,
}

/// What may be deleted of a layer: records received before `before` and not after `until`.
#[derive(Debug, Clone, Copy)]
struct Span {
    layer: i64,
    before: Timestamp,
    until: Seq,
}

/// A step's outcome.
struct Step {
    deleted: u64,
    end: bool,
}

/// The one handle that deletes.
#[derive(Debug)]
pub struct Retainer {
    main: Connection,
    path: PathBuf,
    picture: PictureFile,
    codec: Codec,
    interned: Interned,
    options: StoreOptions,
    reserve: Reserve,
    full: Arc<AtomicBool>,
    damage: Damage,
    sweeps: HashMap<i64, Sweep>,
}

impl Retainer {
    pub(crate) fn new(store: &Embedded, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        Ok(Self {
            main: connect(store.dir())?,
            path: store.main_path(),
            picture: store.picture(),
            codec: Codec::new(catalog),
            interned: Interned::default(),
            options: store.options(),
            reserve: store.reserve(),
            full: store.full(),
            damage: store.damage(),
            sweeps: HashMap::new(),
        })
    }

    /// Deletes what is past its time as of `now`, a bounded amount at a time. When the disk was found
    /// full, the reserve is given out for it and taken back when there is room again; call it every
    /// second until then.
    pub fn retain(&mut self, now: Timestamp) -> Result<Retained, StoreError> {
        let full = self.is_full();
        if full {
            self.make_room()?;
        }
        let outcome = match self.sweep(now) {
            Err(StoreError::Full { .. }) if !full => {
                self.make_room()?;
                self.sweep(now)
            }
            outcome => outcome,
        };
        if self.is_full() && self.empty_wals(is_needed(&outcome))? && self.reserve.fill()? {
            self.full.store(false, Ordering::Relaxed);
        }
        self.damage.note(outcome)
    }

    /// Whether the disk was found full and the reserve is not yet back.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Gives out the reserve; nothing is appended until [`Retainer::retain`] has it back.
    pub fn make_room(&self) -> Result<(), StoreError> {
        self.full.store(true, Ordering::Relaxed);
        self.reserve.give_out().map(drop)
    }

    /// Moves the WALs into their main files, so that their room is there again; says whether it could.
    ///
    /// A checkpoint takes its room twice, in its WAL and where that is moved to, and one that has only the first
    /// keeps it from the log. Unless it is needed it gives way: it is thrown away, and written anew when there is
    /// room.
    fn empty_wals(&self, is_needed: bool) -> Result<bool, StoreError> {
        let empty = || wal_checkpoint(&self.main, "TRUNCATE").map_err(sqlite(&self.path));
        let (mut main, mut picture) = (empty(), self.picture.empty_wal());
        let is_full =
            |moved: &Result<(), StoreError>| moved.as_ref().is_err_and(StoreError::is_full);
        if !is_needed && (is_full(&main) || is_full(&picture)) {
            picture = self.picture.discard();
            main = empty();
        }
        Ok(emptied(main)? && emptied(picture)?)
    }

    fn sweep(&mut self, now: Timestamp) -> Result<Retained, StoreError> {
        let mut retained = Retained::default();
        let stand = self.picture.stand()?;
        let last = last(&self.main).map_err(sqlite(&self.path))?;
        let (Some(stand), Some((last, _))) = (stand, last) else {
            return Ok(retained);
        };
        let until = Seq(stand.seq.0.min(last.0.saturating_sub(1)));
        let mut borders = BTreeMap::new();
        for (id, days, sweep) in self.plan(&stand)? {
            let days = SignedDuration::from_hours(24 * i64::from(days));
            let Ok(before) = now.checked_sub(days) else {
                continue;
            };
            if !sweep {
                borders.insert(id, before);
            }
            let span = Span {
                layer: id,
                before,
                until,
            };
            let outcome = self.steps(span, sweep)?;
            retained.deleted += outcome.deleted;
            retained.more |= outcome.more;
        }
        retained.deleted += retire(&mut self.main, &self.path, &borders, until)?;
        Ok(retained)
    }

    /// The layers that lose something, after how many days, and whether only what was replaced.
    fn plan(&mut self, stand: &Stand) -> Result<Vec<(i64, u32, bool)>, StoreError> {
        let catalog = Arc::clone(&self.codec.catalog);
        let mut plan = Vec::new();
        let mut longest = Some(0);
        for (layer, spec) in catalog.layers() {
            let (days, replaced_only) = self.days(spec);
            longest = longest.zip(days).map(|(longest, days)| longest.max(days));
            if let (Some(days), Some(id), true) =
                (days, self.id(layer)?, stand.covers(&catalog, spec))
            {
                plan.push((id, days, replaced_only));
            }
        }
        plan.extend(longest.map(|days| (ALL_LAYERS, days, false)));
        Ok(plan)
    }

    fn days(&self, spec: &LayerSpec) -> (Option<u32>, bool) {
        match spec.kind {
            LayerKind::Derived => (Some(0), false),
            _ if spec.retain_days > 0 => (Some(spec.retain_days), false),
            LayerKind::State => (Some(self.options.history_days), true),
            LayerKind::Sighting => (None, false),
        }
    }

    fn id(&mut self, layer: LayerIx) -> Result<Option<i64>, StoreError> {
        let name = self.codec.name(layer);
        self.interned
            .known(&self.main, name)
            .map_err(sqlite(&self.path))
    }

    fn steps(&mut self, span: Span, replaced_only: bool) -> Result<Retained, StoreError> {
        let mut retained = Retained::default();
        let file = self.picture.clone();
        for _ in 0..STEPS {
            let step = if replaced_only {
                self.replaced(&*file.lock()?, span)
            } else {
                due(&mut self.main, span)
            };
            let step = step.map_err(sqlite(&self.path))?;
            retained.deleted += step.deleted;
            if step.end {
                return Ok(retained);
            }
            std::thread::sleep(PAUSE);
        }
        retained.more = true;
        Ok(retained)
    }

    /// Looks at the next records of a state layer and deletes what they replace.
    fn replaced(&mut self, picture: &Connection, span: Span) -> rusqlite::Result<Step> {
        let life = self.history();
        let sweep = self.sweeps.entry(span.layer).or_default();
        let rows = next_rows(&self.main, span, sweep.looked_at)?;
        let mut replaced = Vec::new();
        let mut survivors = HashMap::new();
        for (id, row) in &rows {
            let best = survivors.get(id).or_else(|| sweep.survivors.get(id));
            match best {
                Some(best) if !row.beats(best, life) => replaced.push((id, row.seq)),
                best => {
                    replaced.extend(best.map(|best| (id, best.seq)));
                    survivors.insert(id.clone(), *row);
                }
            }
        }
        let transaction = self
            .main
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut deleted = 0;
        for (id, seq) in replaced {
            deleted += delete_unless_current(&transaction, picture, span, id, seq)?;
        }
        if deleted > 0 {
            raise_horizon(&transaction, span.layer, span.before)?;
        }
        transaction.commit()?;
        sweep.survivors.extend(survivors);
        sweep.looked_at = rows.last().map_or(sweep.looked_at, |last| last.1.seq);
        if rows.len() == usize::from(STEP) {
            return Ok(Step {
                deleted,
                end: false,
            });
        }
        let mut step = self.outlived(picture, span)?;
        step.deleted += deleted;
        Ok(step)
    }

    /// Deletes withdrawals that keep nothing from coming back any more.
    fn outlived(&mut self, picture: &Connection, span: Span) -> rusqlite::Result<Step> {
        let Ok(before) = span.before.checked_sub(self.history()) else {
            return Ok(Step {
                deleted: 0,
                end: true,
            });
        };
        // A layer that was once kept for a while has records in archives, which nothing sweeps: there a
        // withdrawal still keeps something from coming back.
        if hold(&self.main, span.layer)? {
            return Ok(Step {
                deleted: 0,
                end: true,
            });
        }
        let sweep = self.sweeps.entry(span.layer).or_default();
        let gone = sweep.survivors.iter();
        let gone = gone.filter(|(_, last)| !last.observed && last.received_at < before);
        let gone: Vec<(FeatureId, Seq)> = gone
            .map(|(id, last)| (id.clone(), last.seq))
            .take(usize::from(STEP))
            .collect();
        let transaction = self
            .main
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut deleted = 0;
        for (id, seq) in &gone {
            deleted += delete_unless_current(&transaction, picture, span, id, *seq)?;
        }
        if deleted > 0 {
            raise_horizon(&transaction, span.layer, span.before)?;
        }
        transaction.commit()?;
        for (id, _) in &gone {
            sweep.survivors.remove(id);
        }
        Ok(Step {
            deleted,
            end: gone.len() < usize::from(STEP),
        })
    }

    /// How long a layer without `retain_days` remembers, as the picture has it.
    fn history(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.options.history_days.max(1)))
    }
}

/// Whether the checkpoint is still to say what may go.
fn is_needed(outcome: &Result<Retained, StoreError>) -> bool {
    match outcome {
        Ok(retained) => retained.deleted > 0 || retained.more,
        Err(error) => !error.is_full(),
    }
}

/// Whether a WAL could be moved; one that there was no room for, or that somebody reads, stays.
fn emptied(moved: Result<(), StoreError>) -> Result<bool, StoreError> {
    match moved {
        Ok(()) => Ok(true),
        Err(StoreError::Full { .. } | StoreError::Busy { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

impl Survivor {
    /// Whether this record, which came later, replaces the other, as the picture would have it, which
    /// remembers withdrawals for `life`.
    fn beats(&self, best: &Self, life: SignedDuration) -> bool {
        if self.observed && !best.observed {
            let forgotten = best.received_at.checked_add(life);
            self.at > best.at || forgotten.is_ok_and(|at| at <= self.received_at)
        } else {
            self.at >= best.at
        }
    }
}

/// Deletes the oldest records of a layer that are due.
fn due(connection: &mut Connection, span: Span) -> rusqlite::Result<Step> {
    let rows = next_rows(connection, span, Seq(0))?;
    let Some((_, newest)) = rows.last() else {
        return Ok(Step {
            deleted: 0,
            end: true,
        });
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let deleted = transaction
        .prepare_cached("DELETE FROM log WHERE layer = ?1 AND seq <= ?2")?
        .execute(params![span.layer, newest.seq.0.cast_signed()])?;
    raise_horizon(&transaction, span.layer, span.before)?;
    transaction.commit()?;
    Ok(Step {
        deleted: u64::try_from(deleted).unwrap_or(u64::MAX),
        end: rows.len() < usize::from(STEP),
    })
}

/// The next records of a layer after a position that lie in the span.
fn next_rows(
    connection: &Connection,
    span: Span,
    after: Seq,
) -> rusqlite::Result<Vec<(FeatureId, Survivor)>> {
    let mut select = connection.prepare_cached(
        "SELECT seq, received_at, kind, coalesce(feature, ''), observed_at FROM log
         WHERE layer = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
    )?;
    let (after, until) = (after.0.cast_signed(), span.until.0.cast_signed());
    let mut rows = select.query(params![span.layer, after, until, STEP])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let received_at = row.get::<_, Instant>(1)?.0;
        if received_at >= span.before {
            break;
        }
        let observed_at = row.get::<_, Option<Instant>>(4)?;
        let survivor = Survivor {
            seq: super::codec::seq(row, 0)?,
            received_at,
            at: observed_at.map_or(received_at, |at| at.0.min(received_at)),
            observed: row.get::<_, i64>(2)? == OBSERVED,
        };
        found.push((super::codec::feature(row, 3)?, survivor));
    }
    Ok(found)
}

/// Deletes a record, unless the checkpoint shows its feature as it tells it.
fn delete_unless_current(
    main: &Connection,
    picture: &Connection,
    span: Span,
    id: &FeatureId,
    seq: Seq,
) -> rusqlite::Result<u64> {
    let current: Option<Instant> = main
        .prepare_cached("SELECT name FROM names WHERE id = ?1")?
        .query_row([span.layer], |row| row.get::<_, String>(0))
        .optional()?
        .map(|name| {
            picture
                .prepare_cached(
                    "SELECT received_at FROM hot JOIN names ON names.id = hot.layer
                     WHERE name = ?1 AND feature = ?2",
                )?
                .query_row([name.as_str(), id.as_str()], |row| row.get(0))
                .optional()
        })
        .transpose()?
        .flatten();
    let deleted = main
        .prepare_cached("DELETE FROM log WHERE seq = ?1 AND received_at IS NOT ?2")?
        .execute(params![seq.0.cast_signed(), current])?;
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

/// Notes that a layer's history is whole from here on only.
pub(crate) fn raise_horizon(
    connection: &Connection,
    layer: i64,
    from: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO horizons (layer, received_at) VALUES (?1, ?2)
             ON CONFLICT (layer) DO UPDATE
             SET received_at = max(received_at, excluded.received_at)",
        )?
        .execute(params![layer, Instant(from)])?;
    Ok(())
}
