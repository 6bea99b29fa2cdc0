//! The reserve file: room that is kept back, so that retention can still delete on a full disk.
//!
//! SQLite writes before it frees: on a disk that is full to the last block a delete fails like any
//! other write.

use super::error::{StoreError, io};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// The reserve of a store.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
}

impl Reserve {
    pub(crate) fn new(dir: &Path, bytes: u64) -> Self {
        Self {
            path: dir.join("reserve"),
            bytes,
        }
    }

    /// Takes the room; says whether there was enough. A disk without it is no error.
    pub(crate) fn fill(&self) -> Result<bool, StoreError> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let file = options.open(&self.path).map_err(io(&self.path))?;
        let allocated = file
            .set_len(self.bytes)
            .and_then(|()| fs4::FileExt::allocate(&file, self.bytes));
        match allocated.map_err(io(&self.path)) {
            Ok(()) => Ok(true),
            Err(StoreError::Full { .. }) => {
                self.free()?;
                Ok(false)
            }
            // A file size limit, or a file system that cannot allocate: there is no reserve then.
            Err(_) => {
                self.free()?;
                Ok(false)
            }
        }
    }

    /// Gives the room back to the disk.
    pub(crate) fn free(&self) -> Result<(), StoreError> {
        let file = OpenOptions::new().write(true).open(&self.path);
        file.and_then(|file| file.set_len(0))
            .map_err(io(&self.path))
    }
}
