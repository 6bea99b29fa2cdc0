//! Checkpoints: what the picture is made of, so that a start need not fold the whole log.
//!
//! They go into a file of their own. A checkpoint holds that file's write lock for as long as it
//! takes, and appends never notice. Besides, this handle moves the log's WAL into its main file, so
//! that no append has to.

mod rows;

use super::codec::instant::Instant;
use super::codec::{Codec, Scratch};
use super::damage::Damage;
use super::embedded::{Embedded, connect};
use super::error::{StoreError, io, sqlite};
use super::interned::Interned;
use super::picture_file::PictureFile;
use super::recollection::{self, Recollection};
use super::sums::{CHECKPOINT, Sum, TOMBSTONES};
use crate::identity::hex;
use atalaya_tiles::{Catalog, FeatureId, Hot, LayerIx, LayerKind, LayerSpec, Seq, Tombstone, View};
use jiff::Timestamp;
use rows::Rows;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A WAL larger than this is emptied even if appends must wait a moment. Less than the reserve, so
/// that on a full disk it always fits into the main file.
const WAL_LIMIT_BYTES: u64 = 32 << 20;
/// How long emptying it waits for readers, while appends wait too.
const WAL_PATIENCE: Duration = Duration::from_millis(200);

/// Of how many features that left since the last checkpoint the ids are kept while none can be written; past
/// it the next one is written whole.
const MOST_REMOVED: usize = 262_144;

/// What a checkpoint says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stand {
    pub(crate) seq: Seq,
    pub(crate) clock: Timestamp,
    /// The layers that are all in it, as [`entry`] names them: the features of state layers, and the
    /// marks of these, of what is derived from them and of sighting layers.
    pub(crate) layers: BTreeSet<String>,
    /// The clearances that the slots of marks count through.
    pub(crate) clearances: Vec<String>,
    /// Whether the sightings of these layers are all in it.
    pub(crate) sealed: bool,
}

impl Stand {
    /// The stand of a checkpoint file, if it has one.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let json = |text: String| -> rusqlite::Result<Vec<String>> {
            serde_json::from_str(&text).map_err(|e| super::codec::odd(2, e.to_string()))
        };
        CHECKPOINT.check(connection)?;
        connection
            .query_row(
                "SELECT seq, clock, layers, clearances, sealed FROM checkpoint",
                [],
                |row| {
                    Ok(Self {
                        seq: super::codec::seq(row, 0)?,
                        clock: row.get::<_, Instant>(1)?.0,
                        layers: json(row.get(2)?)?.into_iter().collect(),
                        clearances: json(row.get(3)?)?,
                        sealed: row.get(4)?,
                    })
                },
            )
            .optional()
    }

    /// Whether a layer is in it.
    pub(crate) fn covers(&self, catalog: &Catalog, spec: &LayerSpec) -> bool {
        entry(catalog, spec).is_none_or(|entry| self.layers.contains(&entry))
    }

    /// Whether all layers of a catalog are in it.
    fn covers_all(&self, catalog: &Catalog) -> bool {
        catalog.layers().all(|(_, spec)| self.covers(catalog, spec))
    }
}

/// What a checkpoint calls a layer; `None` for layers that are computed while they are read, which are
/// in none. Deadlines, fields and marks follow from the layer's spec, from what it is derived from, from
/// the resolution of topics and from the clearances there are: a layer of the same name with another of
/// these is another layer.
fn entry(catalog: &Catalog, spec: &LayerSpec) -> Option<String> {
    let source = spec.derived_from.as_ref();
    let source = source.and_then(|name| catalog.layer(name));
    if spec.kind == LayerKind::Derived && source.is_none() {
        return None;
    }
    let mut digest = Sha256::new();
    for spec in source
        .map(|source| catalog.spec(source))
        .into_iter()
        .chain([spec])
    {
        let untitled = LayerSpec {
            title: String::new(),
            wall: None,
            search: None,
            ..spec.clone()
        };
        digest.update(serde_json::to_vec(&untitled).unwrap_or_default());
    }
    digest.update([catalog.topic_resolution()]);
    for name in clearances(catalog) {
        digest.update(name);
        digest.update([0]);
    }
    let digest = hex(digest.finalize().get(..8).unwrap_or_default());
    Some(format!("{} {digest}", spec.name))
}

pub(crate) fn clearances(catalog: &Catalog) -> Vec<String> {
    let names = catalog.clearances();
    names.map(|(_, name)| name.to_owned()).collect()
}

/// The one handle that keeps checkpoints.
#[derive(Debug)]
pub struct Checkpointer {
    picture: PictureFile,
    /// Which of the files that were there it knows.
    discarded: u64,
    main: Connection,
    main_path: PathBuf,
    epoch: String,
    codec: Codec,
    interned: Interned,
    scratch: Scratch,
    stand: Option<Stand>,
    /// The tombstones in the file, each with the number of the last checkpoint that had it.
    tombstones: HashMap<(LayerIx, FeatureId), (Tombstone, u64)>,
    number: u64,
    /// The generation of what is remembered in the file; 0 if it is not this process's.
    recollected: u64,
    /// Features that left and are not yet taken out, because a checkpoint failed.
    removed: Vec<(LayerIx, FeatureId)>,
    full: Arc<AtomicBool>,
    damage: Damage,
}

impl Checkpointer {
    pub(crate) fn new(store: &Embedded, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        let picture = store.picture();
        let (discarded, stand) = (picture.discarded(), picture.stand()?);
        let main = connect(store.dir())?;
        let main_path = store.main_path();
        main.busy_timeout(WAL_PATIENCE)
            .map_err(sqlite(&main_path))?;
        let mut checkpointer = Self {
            picture,
            discarded,
            main,
            main_path,
            epoch: store.epoch().to_owned(),
            codec: Codec::new(catalog),
            interned: Interned::default(),
            scratch: Scratch::default(),
            // A checkpoint without some layer cannot be continued, only written anew.
            stand: None,
            tombstones: HashMap::new(),
            number: 0,
            recollected: 0,
            removed: Vec::new(),
            full: store.full(),
            damage: store.damage(),
        };
        checkpointer.stand = stand.filter(|stand| stand.covers_all(&checkpointer.codec.catalog));
        checkpointer.read_tombstones()?;
        Ok(checkpointer)
    }

    /// The position that the next checkpoint continues from: it takes
    /// [`View::hot`](atalaya_tiles::View::hot) of just this. 0 asks for everything.
    pub fn since(&self) -> Seq {
        let stand = self.stand.as_ref();
        let stand = stand.filter(|_| self.discarded == self.picture.discarded());
        stand.map_or(Seq(0), |stand| stand.seq)
    }

    /// The generation that the last checkpoint written here brought what is remembered to; 0 if it
    /// remembers nothing, and the next one needs all of it.
    pub fn recollected(&self) -> u64 {
        self.recollected
    }

    /// Brings the checkpoint to a view's position in one transaction; without sightings and without what
    /// is remembered where the disk has no room for them.
    ///
    /// `removed` is what left since the last call; `recollection` is as of the view, and without it nothing
    /// is remembered. Says how many features were written. After an error the checkpoint is what it was, a disk
    /// without room for it is not yet a full one,
    /// and `removed` need not be given again.
    pub fn checkpoint(
        &mut self,
        view: &View,
        removed: &[(LayerIx, FeatureId)],
        recollection: Option<&Recollection>,
    ) -> Result<usize, StoreError> {
        self.know_the_file();
        self.removed.extend_from_slice(removed);
        // Of each call anew: after an error there may be nothing to go on from.
        let hot = view.hot(self.since());
        let written = self.bring_to(&hot, (view.seq(), view.clock()), recollection);
        written.map(|()| hot.features.len())
    }

    /// Of a file that was thrown away nothing is continued.
    fn know_the_file(&mut self) {
        let discarded = self.picture.discarded();
        if self.discarded != discarded {
            self.discarded = discarded;
            self.interned = Interned::default();
            self.forget();
        }
    }

    /// The next checkpoint is written whole.
    fn forget(&mut self) {
        self.removed = Vec::new();
        self.tombstones = HashMap::new();
        self.stand = None;
    }

    /// `hot` has all that changed since [`Self::since`], and all tombstones.
    pub(super) fn bring_to(
        &mut self,
        hot: &Hot,
        (seq, clock): (Seq, Timestamp),
        recollection: Option<&Recollection>,
    ) -> Result<(), StoreError> {
        let mut stand = self.next_stand(seq, clock, hot.sealed.is_some());
        let mut written = self.write(hot, &stand, recollection);
        if stand.sealed && written.as_ref().is_err_and(StoreError::is_full) {
            // Sightings are the most of it, and the log has them too.
            self.interned.forget();
            stand.sealed = false;
            let held = self.read_tombstones();
            written = held.and_then(|()| self.write(hot, &stand, None));
        }
        match written {
            Ok(generation) => {
                self.recollected = generation;
                self.interned.keep();
                self.removed.clear();
                self.stand = Some(stand);
                Ok(())
            }
            Err(cause) => {
                self.interned.forget();
                if self.removed.len() > MOST_REMOVED || self.read_tombstones().is_err() {
                    self.forget();
                }
                // What was written in vain takes no room from the log, as far as it can be cut off.
                self.picture.empty_wal().ok();
                Err(cause)
            }
        }
    }

    /// The stand after a checkpoint. A layer that the catalog has lost is not in it: nobody has
    /// followed what the log tells of it.
    fn next_stand(&self, seq: Seq, clock: Timestamp, sealed: bool) -> Stand {
        let catalog = &self.codec.catalog;
        let layers = catalog.layers();
        Stand {
            seq,
            clock,
            layers: layers
                .filter_map(|(_, spec)| entry(catalog, spec))
                .collect(),
            clearances: clearances(catalog),
            sealed,
        }
    }

    fn write(
        &mut self,
        hot: &Hot,
        stand: &Stand,
        recollection: Option<&Recollection>,
    ) -> Result<u64, StoreError> {
        let file = self.picture.clone();
        let written = self.write_to(&mut *file.lock()?, hot, stand, recollection);
        written.map_err(sqlite(file.path()))
    }

    fn write_to(
        &mut self,
        picture: &mut Connection,
        hot: &Hot,
        stand: &Stand,
        recollection: Option<&Recollection>,
    ) -> rusqlite::Result<u64> {
        let transaction = picture.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut rows = Rows {
            transaction: &transaction,
            codec: &self.codec,
            interned: &mut self.interned,
            scratch: &mut self.scratch,
        };
        if self.stand.is_none() {
            rows.clear()?;
        }
        rows.remove(&self.removed)?;
        for feature in &hot.features {
            rows.upsert(feature)?;
        }
        self.number += 1;
        rows.bury(&mut self.tombstones, &hot.tombstones, self.number)?;
        rows.mark(&hot.marks)?;
        let sealed = hot.sealed.as_deref().filter(|_| stand.sealed);
        rows.seal(sealed.unwrap_or_default())?;
        rows.stand(stand, &self.epoch)?;
        let generation = recollection::write(&transaction, recollection)?;
        transaction.commit().map(|()| generation)
    }

    fn read_tombstones(&mut self) -> Result<(), StoreError> {
        self.tombstones.clear();
        if self.stand.is_none() {
            return Ok(());
        }
        let (codec, interned) = (&mut self.codec, &mut self.interned);
        let picture = self.picture.lock()?;
        visit_tombstones(&picture, codec, interned, |layer, id, tombstone| {
            self.tombstones
                .insert((layer, id), (tombstone, self.number));
        })
        .map_err(sqlite(self.picture.path()))
    }

    /// Moves what the WALs hold into their main files. To be called about once a second. A full disk
    /// is often found here first; retention then knows.
    pub fn tidy_wal(&mut self) -> Result<(), StoreError> {
        let tidied = tidy(&self.main, &self.main_path)
            .and_then(|()| tidy(&self.picture.as_it_is(), self.picture.path()));
        self.damage.note(tidied).map_err(|error| self.note(error))
    }

    fn note(&self, error: StoreError) -> StoreError {
        if matches!(error, StoreError::Full { .. }) {
            self.full.store(true, Ordering::Relaxed);
        }
        error
    }
}

fn tidy(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    wal_checkpoint(connection, "PASSIVE").map_err(sqlite(path))?;
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let wal = PathBuf::from(wal);
    let size = match std::fs::metadata(&wal) {
        Ok(file) => file.len(),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => 0,
        Err(cause) => return Err(io(&wal)(cause)),
    };
    // Under steady load the passive way never reaches the end, and the WAL would grow for ever.
    if size > WAL_LIMIT_BYTES {
        wal_checkpoint(connection, "TRUNCATE").map_err(sqlite(path))?;
    }
    Ok(())
}

/// Runs a checkpoint of the WAL. One that readers or writers were in the way of is no error.
pub(crate) fn wal_checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    connection.query_row(&sql, [], |_| Ok(()))
}

/// Visits the tombstones of a checkpoint whose layers the catalog has.
pub(crate) fn visit_tombstones(
    connection: &Connection,
    codec: &mut Codec,
    interned: &mut Interned,
    mut visit: impl FnMut(LayerIx, FeatureId, Tombstone),
) -> rusqlite::Result<()> {
    let mut select = connection.prepare(&TOMBSTONES.select())?;
    let mut rows = select.query([])?;
    let mut sum = Sum::default();
    while let Some(row) = rows.next()? {
        sum.add(&TOMBSTONES, row)?;
        if let Some(layer) = codec.layer(connection, interned, row.get(0)?)? {
            let tombstone = Tombstone {
                at: row.get::<_, Instant>(2)?.0,
                received_at: row.get::<_, Instant>(3)?.0,
            };
            visit(layer, super::codec::feature(row, 1)?, tombstone);
        }
    }
    sum.check(&TOMBSTONES, connection)
}
