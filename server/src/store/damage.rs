//! That a file of the store was found damaged while it was open: one mark, which all handles share.
//!
//! Whoever reads or writes the log or an archive notes what came out; health asks. The mark stays until
//! the store is opened anew: damage does not go away, and a restored backup is another store. A damaged
//! checkpoint is not noted, since the next start does without it.

use super::error::StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The mark of one store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Damage(Arc<AtomicBool>);

impl Damage {
    /// Passes an outcome on, and remembers it if it tells of damage.
    pub(crate) fn note<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Corrupt { path, .. } | StoreError::Foreign { path, .. }) = &outcome
            && !path.ends_with("picture.db")
        {
            self.0.store(true, Ordering::Relaxed);
        }
        outcome
    }

    /// Whether any was found.
    pub(crate) fn is_found(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
