//! Files that nobody but their owner may read: a store holds plates and hashes of credentials.

use super::error::{StoreError, io};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Read and written by the owner alone.
const OWNER_FILE: u32 = 0o600;
/// Entered by the owner alone.
const OWNER_DIR: u32 = 0o700;
/// What anybody else may do.
const OTHERS: u32 = 0o077;

/// Makes a directory, and those above it, unless it is there.
pub(crate) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(OWNER_DIR).create(dir);
    made.map_err(io(dir))
}

/// Makes an empty file unless it is there, and closes one that is to everybody else. What SQLite puts
/// beside a database has the permissions of the database.
pub(crate) fn make_file(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_FILE);
    let file: File = options.open(path).map_err(io(path))?;
    let found = file.metadata().map_err(io(path))?.permissions().mode();
    if found & OTHERS == 0 {
        return Ok(());
    }
    let closed = file.set_permissions(Permissions::from_mode(OWNER_FILE));
    closed.map_err(io(path))
}

#[cfg(test)]
mod tests;
