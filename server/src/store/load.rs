//! Starting: the picture from the checkpoint and the rest of the log.
//!
//! ```text
//! log:  ───────────────────────────────┬──────────────▶
//!       1. layers that the checkpoint  │ 3. everything
//!          lacks or has damaged        │
//!                  2. the checkpoint ──┘
//! ```
//!
//! The outcome is the fold of the whole log. Without a checkpoint step 3 is all there is; then, and
//! for layers that the checkpoint lacks, nothing knows what retention has deleted from the log, and
//! every tile of such a layer counts as changed by now.

mod features;
mod segments;

use super::checkpointer::{Stand, clearances, visit_tombstones};
use super::codec::{Codec, Unknown};
use super::embedded::{Embedded, read_only};
use super::error::{StoreError, sqlite};
use super::interned::Interned;
use super::reader::Reader;
use super::sums::{MARKS, NAMES, Sum};
use atalaya_tiles::{
    Catalog, Event, LayerIx, LayerKind, MarkKey, Picture, Record, RingLimits, Seq,
};
use features::Wanted;
use rusqlite::{Connection, OpenFlags};
use segments::Segments;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::available_parallelism;
use tracing::warn;

/// Records that are applied together, and how many such batches wait to be.
const BATCH: usize = 1_024;
const BATCHES: usize = 8;
/// More threads than that would wait for the one that puts things back.
const MOST_THREADS: usize = 4;
/// The bits of a mark's key below its clearance slot.
const PLACE_BITS: u64 = (1 << 56) - 1;

/// A picture as of the last record, and what became of the rest.
#[derive(Debug)]
pub struct Loaded {
    /// The picture.
    pub picture: Picture,
    /// The checkpoint that it began with; 0 if there was none that could be used.
    pub checkpoint: Seq,
    /// Records of the log that were folded.
    pub folded: u64,
    /// What was left out because the catalog does not know it.
    pub unknown: Unknown,
}

/// Is told the records that a load folds after its checkpoint, in order, a batch at a time.
pub type Tell<'t> = &'t mut dyn FnMut(&Arc<Vec<Record>>);

impl Embedded {
    /// The position of the checkpoint that a load would begin with; 0 if there is none.
    pub fn checkpoint(&self) -> Result<Seq, StoreError> {
        let stand = self.picture().stand();
        let last = self.last_seq()?;
        let stand = stand.ok().flatten().filter(|stand| stand.seq <= last);
        Ok(stand.map_or(Seq(0), |stand| stand.seq))
    }

    /// See [`Store::load`](super::Store::load). A checkpoint that is damaged is passed over, and thrown away before another is
    /// written or retention asks it.
    pub fn load(
        &self,
        catalog: &Arc<Catalog>,
        limits: RingLimits,
        tell: Tell<'_>,
    ) -> Result<Loaded, StoreError> {
        let file = self.picture();
        let path = file.path();
        let picture = match file.lock() {
            Err(error) if error.is_full() => {
                // What nobody has compared with its sums is not to be built on either.
                file.condemn();
                return self.load_from(None, catalog, limits, tell);
            }
            opened => opened?,
        };
        let outcome = match Stand::read(&picture).map_err(sqlite(path)) {
            Ok(Some(stand)) if stand.seq <= self.last_seq()? => {
                self.load_from(Some((&**picture, &stand)), catalog, limits, tell)
            }
            Ok(_) => return self.load_from(None, catalog, limits, tell),
            Err(error) => Err(error),
        };
        match outcome {
            Err(error) if error.is_unreadable(path) => {
                warn!(cause = %error, "the checkpoint is damaged: the log is folded instead");
                file.condemn();
                self.load_from(None, catalog, limits, tell)
            }
            outcome => outcome,
        }
    }

    fn load_from(
        &self,
        checkpoint: Option<(&Connection, &Stand)>,
        catalog: &Arc<Catalog>,
        limits: RingLimits,
        tell: Tell<'_>,
    ) -> Result<Loaded, StoreError> {
        let mut fold = Fold {
            picture: Picture::new(Arc::clone(catalog), limits),
            folded: 0,
        };
        let mut reader = self.reader(Arc::clone(catalog))?;
        let mut unknown = Unknown::default();
        let mut from = Seq(0);
        if let Some((connection, stand)) = checkpoint {
            let mut codec = Codec::new(Arc::clone(catalog));
            let mut interned = Interned::default();
            let file = self.picture();
            let path = file.path();
            NAMES.check(connection).map_err(sqlite(path))?;
            let names = (&mut codec, &mut interned);
            let segments = Segments::read(connection, path, names, stand);
            let segments = segments.map_err(sqlite(path))?;
            let lacking = lacking(catalog, stand, &segments);
            if !lacking.is_empty() {
                let marked = marked(catalog, stand);
                let run = (Seq(0), Some(stand.seq), Some(lacking.as_slice()));
                batches(&mut reader, run, |batch| fold.put_back(batch, &marked))?;
            }
            for sealed in segments.sealed {
                fold.picture.restore_sealed(sealed);
            }
            let mut restore = Restore {
                connection,
                path,
                codec,
                interned,
                picture: &mut fold.picture,
                lacking: &lacking,
            };
            restore.run(stand).map_err(sqlite(path))?;
            unknown = restore.codec.unknown;
            from = stand.seq;
        }
        batches(&mut reader, (from, None, None), |batch| {
            let batch = Arc::new(batch);
            tell(&batch);
            fold.apply(&batch);
        })?;
        if let (seq, Some(received_at)) = (self.last_seq()?, self.last_received_at()?) {
            fold.picture.pass_over(seq, received_at);
        }
        for layer in self.cut(catalog)? {
            if checkpoint.is_none_or(|(_, stand)| !is_kept(catalog, stand, layer)) {
                fold.picture.touch_everywhere(layer);
            }
        }
        unknown.rows += reader.unknown().rows;
        unknown.values += reader.unknown().values;
        Ok(Loaded {
            picture: fold.picture,
            checkpoint: from,
            folded: fold.folded,
            unknown,
        })
    }
}

impl Embedded {
    /// The layers of which retention has deleted something.
    fn cut(&self, catalog: &Catalog) -> Result<Vec<LayerIx>, StoreError> {
        let path = self.main_path();
        let names = cut_names(&read_only(&path)?).map_err(sqlite(&path))?;
        let layers = names.iter().filter_map(|name| catalog.layer(name));
        Ok(layers.collect())
    }
}

fn cut_names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM horizons JOIN names ON names.id = horizons.layer";
    let mut select = connection.prepare(sql)?;
    select.query_map([], |row| row.get(0))?.collect()
}

/// Whether a checkpoint holds a layer as the catalog has it now, with all that is derived from it.
fn is_kept(catalog: &Catalog, stand: &Stand, layer: LayerIx) -> bool {
    let of = catalog.spec(layer);
    let mut layers = catalog.layers().map(|(_, spec)| spec);
    stand.covers(catalog, of)
        && layers
            .all(|spec| spec.derived_from.as_ref() != Some(&of.name) || stand.covers(catalog, spec))
}

/// The layers whose features a checkpoint does not hold: those that are new to it, and sightings that it
/// has no segments of.
fn lacking(catalog: &Catalog, stand: &Stand, segments: &Segments) -> Vec<LayerIx> {
    let layers = catalog.layers();
    let lacking = layers.filter(|(layer, spec)| match spec.kind {
        LayerKind::Sighting => !segments.layers.contains(layer),
        LayerKind::State | LayerKind::Derived => !is_kept(catalog, stand, *layer),
    });
    lacking.map(|(layer, _)| layer).collect()
}

/// The sighting layers whose marks a checkpoint holds.
fn marked(catalog: &Catalog, stand: &Stand) -> Vec<LayerIx> {
    let layers = catalog.layers();
    let marked =
        layers.filter(|(_, spec)| spec.kind == LayerKind::Sighting && stand.covers(catalog, spec));
    marked.map(|(layer, _)| layer).collect()
}

/// How many threads read so many pieces.
fn threads(pieces: usize) -> usize {
    let threads = available_parallelism().map_or(1, usize::from);
    threads.min(MOST_THREADS).min(pieces)
}

/// A connection of a thread's own, to read with.
fn open_own(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// What is read of the log: after a position, up to one, of some layers.
type Run<'r> = (Seq, Option<Seq>, Option<&'r [LayerIx]>);

/// Reads the log on one thread and has it folded, in batches, on this one: each takes about as long.
fn batches(
    reader: &mut Reader,
    (after, until, layers): Run<'_>,
    mut fold: impl FnMut(Vec<Record>),
) -> Result<(), StoreError> {
    std::thread::scope(|scope| {
        let (read, waiting) = sync_channel(BATCHES);
        let reading = scope.spawn(move || {
            let mut batch = Vec::with_capacity(BATCH);
            let outcome = reader.records(after, None, layers, &mut |record| {
                if until.is_some_and(|until| record.seq > until) {
                    return ControlFlow::Break(());
                }
                batch.push(record);
                if batch.len() < BATCH {
                    return ControlFlow::Continue(());
                }
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                match read.send(full) {
                    Ok(()) => ControlFlow::Continue(()),
                    // Whoever folds has panicked.
                    Err(_) => ControlFlow::Break(()),
                }
            });
            if !batch.is_empty() {
                read.send(batch).ok();
            }
            outcome
        });
        waiting.into_iter().for_each(&mut fold);
        let read = reading.join();
        read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A picture, and how many records were folded into it.
struct Fold {
    picture: Picture,
    folded: u64,
}

impl Fold {
    fn apply(&mut self, records: &[Record]) {
        if !records.is_empty() {
            self.folded += u64::try_from(records.len()).unwrap_or(u64::MAX);
            self.picture.apply(records);
        }
    }

    /// Folds records of layers that the checkpoint lacks; sightings of those that it has the marks of
    /// are put back without marking tiles, several times as fast.
    fn put_back(&mut self, records: Vec<Record>, marked: &[LayerIx]) {
        let mut others = Vec::new();
        for record in records {
            let sighting = match &record.event {
                Event::Observed(observation) => marked.contains(&observation.layer),
                Event::Withdrawn { .. } | Event::Clock => false,
            };
            if sighting {
                // What came before may withdraw or retire sightings.
                self.apply(&others);
                others.clear();
                self.folded += 1;
                self.picture.restore_sighting(record);
            } else {
                others.push(record);
            }
        }
        self.apply(&others);
    }
}

/// Puts the rows of a checkpoint back.
struct Restore<'r> {
    connection: &'r Connection,
    /// The file that it is connected to.
    path: &'r Path,
    codec: Codec,
    interned: Interned,
    picture: &'r mut Picture,
    /// Layers that were folded from the log instead.
    lacking: &'r [LayerIx],
}

impl Restore<'_> {
    fn run(&mut self, stand: &Stand) -> rusqlite::Result<()> {
        let same = stand.clearances == clearances(&self.codec.catalog);
        self.features(same)?;
        self.tombstones()?;
        self.marks(stand)?;
        self.picture.restored(stand.seq, stand.clock);
        Ok(())
    }

    fn features(&mut self, same: bool) -> rusqlite::Result<()> {
        let wanted = Wanted {
            catalog: Arc::clone(&self.codec.catalog),
            lacking: self.lacking,
            same,
        };
        let unknown = features::read(self.connection, self.path, &wanted, |feature| {
            self.picture.restore_feature(feature);
        })?;
        self.codec.unknown.rows += unknown.rows;
        self.codec.unknown.values += unknown.values;
        Ok(())
    }

    fn tombstones(&mut self) -> rusqlite::Result<()> {
        let (picture, lacking) = (&mut *self.picture, self.lacking);
        visit_tombstones(
            self.connection,
            &mut self.codec,
            &mut self.interned,
            |layer, id, tombstone| {
                if !lacking.contains(&layer) {
                    picture.restore_tombstone(layer, &id, tombstone);
                }
            },
        )
    }

    /// Puts marks back, those of layers folded from the log included: nothing else knows what was
    /// there once. If the clearances are others now, a mark that was for the holders of one is for
    /// everybody: newer than need be, never older.
    fn marks(&mut self, stand: &Stand) -> rusqlite::Result<()> {
        let same = stand.clearances == clearances(&self.codec.catalog);
        let mut select = self
            .connection
            .prepare(&format!("{} ORDER BY seq", MARKS.select()))?;
        let mut rows = select.query([])?;
        let mut sum = Sum::default();
        while let Some(row) = rows.next()? {
            sum.add(&MARKS, row)?;
            let id = row.get(0)?;
            let layer = self.codec.layer(self.connection, &mut self.interned, id)?;
            let Some(layer) = layer else { continue };
            let bits = row.get::<_, i64>(1)?.cast_unsigned();
            if !same && MarkKey::from_bits(bits).is_fold() {
                // What was folded for the holders of one clearance is not what was for everybody.
                continue;
            }
            let bits = if same { bits } else { bits & PLACE_BITS };
            let seq = super::codec::seq(row, 2)?;
            self.picture
                .restore_mark(layer, MarkKey::from_bits(bits), seq);
        }
        sum.check(&MARKS, self.connection)
    }
}
