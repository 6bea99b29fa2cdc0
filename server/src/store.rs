//! The store: what is in it survives, and nothing is promised to anybody before it is.
//!
//! ```text
//! Writer ──append──▶ log ──load──▶ Picture ──hot──▶ Checkpointer
//!                     │ ◀──retain── Retainer ──unlink──▶ archives ◀──closed days── Archiver
//!                     └──records, with those of the archives──▶ Reader: history, duplicates, exports
//! ```
//!
//! [`Store`] is closed: the embedded store is the one there is, and whatever joins it must pass the
//! same conformance cases. The handles are owned each by one thread. No clock is read here: every
//! instant is an argument.

mod archive;
mod backup;
mod checkpointer;
mod codec;
mod damage;
mod embedded;
mod error;
mod interned;
mod load;
mod picture_file;
mod private;
mod reader;
mod recollection;
mod reserve;
mod retainer;
mod schema;
mod segments;
mod sums;
mod writer;

pub use archive::{Archived, Archiver};
pub use backup::{BackedUp, backup, restore};
pub use checkpointer::Checkpointer;
pub use codec::Unknown;
pub use embedded::{Embedded, StoreOptions, check_alone, connect};
pub use error::StoreError;
pub use load::{Loaded, Tell};
pub use reader::Reader;
pub use recollection::{Page, Recalled, Recollection};
pub use retainer::{Retained, Retainer};
pub use writer::Writer;

use atalaya_tiles::{Catalog, RingLimits, Seq};
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

/// A store.
#[derive(Debug)]
pub enum Store {
    /// In a directory of this machine.
    Embedded(Embedded),
}

impl Store {
    /// What appends are to meet.
    #[cfg(test)]
    pub(crate) fn faults(&self) -> fault::Faults {
        let Self::Embedded(store) = self;
        store.faults()
    }

    /// Random text that tells this life of the log from any other: a restore changes it.
    pub fn epoch(&self) -> &str {
        let Self::Embedded(store) = self;
        store.epoch()
    }

    /// Whether the log or an archive was found damaged since it was opened.
    pub fn is_damaged(&self) -> bool {
        let Self::Embedded(store) = self;
        store.is_damaged()
    }

    /// The last record of the log; 0 for an empty one.
    pub fn last_seq(&self) -> Result<Seq, StoreError> {
        let Self::Embedded(store) = self;
        store.last_seq()
    }

    /// When the last record was received. No later record may have an earlier `received_at`.
    pub fn last_received_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let Self::Embedded(store) = self;
        store.last_received_at()
    }

    /// The handle that appends. There is to be one.
    pub fn writer(&self, catalog: Arc<Catalog>) -> Result<Writer, StoreError> {
        let Self::Embedded(store) = self;
        store.writer(catalog)
    }

    /// The handle that keeps checkpoints. There is to be one.
    pub fn checkpointer(&self, catalog: Arc<Catalog>) -> Result<Checkpointer, StoreError> {
        let Self::Embedded(store) = self;
        store.checkpointer(catalog)
    }

    /// The handle that moves closed days out of the log. There is to be one.
    pub fn archiver(&self, catalog: Arc<Catalog>) -> Result<Archiver, StoreError> {
        let Self::Embedded(store) = self;
        store.archiver(catalog)
    }

    /// The handle that deletes what is past its time. There is to be one.
    pub fn retainer(&self, catalog: Arc<Catalog>) -> Result<Retainer, StoreError> {
        let Self::Embedded(store) = self;
        store.retainer(catalog)
    }

    /// A handle that reads the log.
    pub fn reader(&self, catalog: Arc<Catalog>) -> Result<Reader, StoreError> {
        let Self::Embedded(store) = self;
        store.reader(catalog)
    }

    /// The picture as of the last record.
    pub fn load(&self, catalog: &Arc<Catalog>, limits: RingLimits) -> Result<Loaded, StoreError> {
        self.load_and_tell(catalog, limits, &mut |_| {})
    }

    /// The same, and what it folds after its checkpoint is told, in order, so that it is read once.
    pub fn load_and_tell(
        &self,
        catalog: &Arc<Catalog>,
        limits: RingLimits,
        tell: Tell<'_>,
    ) -> Result<Loaded, StoreError> {
        let Self::Embedded(store) = self;
        store.load(catalog, limits, tell)
    }

    /// The position of the checkpoint that a load would begin with; 0 if there is none.
    pub fn checkpoint(&self) -> Result<Seq, StoreError> {
        let Self::Embedded(store) = self;
        store.checkpoint()
    }

    /// What was remembered as of the checkpoint, if it was remembered of just this and is whole.
    pub fn recollection(&self, of: &str) -> Result<Option<Recalled>, StoreError> {
        let Self::Embedded(store) = self;
        store.recollection(of)
    }

    /// Writes a copy of the log into a new file, while appends go on.
    pub fn backup(&self, file: &Path) -> Result<BackedUp, StoreError> {
        let Self::Embedded(store) = self;
        store.backup(file)
    }
}

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
pub(crate) mod fault;
#[cfg(test)]
pub(crate) mod tests;
