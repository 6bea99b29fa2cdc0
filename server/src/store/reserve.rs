//! The reserve file: room that is kept back, so that retention can still delete on a full disk.
//!
//! A database writes before it frees: on a disk that is full to the last block a delete fails like any
//! other write. While the reserve is given out the file is there and empty, so that the next process
//! knows too that it must be taken back before anything else is taken. A disk that never had the room
//! has no reserve, and no file.

use super::error::{StoreError, io};
use std::fs::OpenOptions;
use std::io::ErrorKind;
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

    /// Takes the room, or takes it back; `false` if it was given out and there is not enough. A disk
    /// that cannot have a reserve is no error.
    pub(crate) fn fill(&self) -> Result<bool, StoreError> {
        if self.bytes == 0 {
            return self.remove().map(|()| true);
        }
        let held = match std::fs::metadata(&self.path) {
            Ok(file) => Some(file.len()),
            Err(cause) if cause.kind() == ErrorKind::NotFound => None,
            Err(cause) => return Err(io(&self.path)(cause)),
        };
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let file = options.open(&self.path).map_err(io(&self.path))?;
        let allocated = file
            .set_len(self.bytes)
            .and_then(|()| fs4::FileExt::allocate(&file, self.bytes));
        let Err(cause) = allocated else {
            return Ok(true);
        };
        file.set_len(held.unwrap_or(0)).map_err(io(&self.path))?;
        let no_room = matches!(
            cause.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded
        );
        match held {
            Some(0) if no_room => Ok(false),
            // A smaller one from before is better than none.
            Some(1..) => Ok(true),
            // A limit on file sizes, a file system that cannot allocate, a disk too small from the start.
            _ => self.remove().map(|()| true),
        }
    }

    /// Gives the room to the disk; says whether there was any.
    pub(crate) fn give_out(&self) -> Result<bool, StoreError> {
        match OpenOptions::new().write(true).open(&self.path) {
            Ok(file) => {
                let held = file.metadata().map_err(io(&self.path))?.len();
                file.set_len(0).map_err(io(&self.path))?;
                Ok(held > 0)
            }
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(io(&self.path)(cause)),
        }
    }

    fn remove(&self) -> Result<(), StoreError> {
        match std::fs::remove_file(&self.path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => Err(io(&self.path)(cause)),
            _ => Ok(()),
        }
    }
}
