//! The checkpoint's file, and the one connection to it.
//!
//! A checkpoint is never worth more than the log: one that is damaged, of another log, or in the way of the log
//! on a full disk is thrown away, and an empty one takes its place. Whoever closes an SQLite database last
//! removes its WAL, by name: with a second connection to the file that was thrown away, that could be the new one's.
//! So all handles of a store share this one.

use super::checkpointer::{Stand, wal_checkpoint};
use super::embedded::create;
use super::error::{StoreError, io, sqlite};
use super::schema::PICTURE;
use super::sums;
use rusqlite::{Connection, OptionalExtension};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::warn;

/// The file, shared by all handles of a store.
#[derive(Debug, Clone)]
pub(crate) struct PictureFile(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Of the log that it belongs to.
    epoch: String,
    opened: Mutex<Opened>,
    condemned: AtomicBool,
}

/// The connection; it keeps the sums of what it writes.
#[derive(Debug)]
pub(crate) struct Opened {
    connection: Connection,
    /// Not while a file that was thrown away is not yet made anew.
    is_made: bool,
    discarded: u64,
}

impl PictureFile {
    /// Makes the file usable: one that is damaged, odd or of another log is replaced by an empty one. On a disk
    /// without room for that it is an error.
    pub(crate) fn open(path: PathBuf, epoch: &str) -> Result<Self, StoreError> {
        let connection = make_usable(&path, epoch)?;
        Ok(Self::of(path, epoch, connection, true))
    }

    /// Makes the file when there is room for it; until then there is no checkpoint.
    pub(crate) fn later(path: PathBuf, epoch: &str) -> Result<Self, StoreError> {
        let nothing = Connection::open_in_memory().map_err(sqlite(&path))?;
        Ok(Self::of(path, epoch, nothing, false))
    }

    fn of(path: PathBuf, epoch: &str, connection: Connection, is_made: bool) -> Self {
        Self(Arc::new(Shared {
            path,
            epoch: epoch.to_owned(),
            opened: Mutex::new(Opened {
                connection,
                is_made,
                discarded: 0,
            }),
            condemned: AtomicBool::new(false),
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// The connection, for as long as the guard lives; an error while there is no room to make the file anew.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, Opened>, StoreError> {
        let mut opened = self.as_it_is();
        if !opened.is_made {
            opened.connection = make_usable(&self.0.path, &self.0.epoch)?;
            opened.is_made = true;
        }
        Ok(opened)
    }

    /// What the checkpoint says of itself, if there is one.
    pub(crate) fn stand(&self) -> Result<Option<Stand>, StoreError> {
        match self.lock() {
            Ok(opened) => Stand::read(&opened).map_err(sqlite(&self.0.path)),
            Err(error) if error.is_full() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many files there were before this one: who knows what was in one knows nothing of the next.
    pub(crate) fn discarded(&self) -> u64 {
        self.as_it_is().discarded
    }

    /// It was found damaged, or could not be read: [`Self::discard_condemned`] throws it away.
    pub(crate) fn condemn(&self) {
        self.0.condemned.store(true, Ordering::Relaxed);
    }

    /// Throws away what was condemned.
    pub(crate) fn discard_condemned(&self) -> Result<(), StoreError> {
        if self.0.condemned.swap(false, Ordering::Relaxed) {
            self.discard()?;
        }
        Ok(())
    }

    /// Throws the file away with its WAL; an empty one is made when it is next asked for.
    pub(crate) fn discard(&self) -> Result<(), StoreError> {
        let mut opened = self.as_it_is();
        if Stand::read(&opened).is_ok_and(|stand| stand.is_some()) {
            warn!("the checkpoint is thrown away, and written anew when there is room");
        }
        opened.connection = Connection::open_in_memory().map_err(sqlite(&self.0.path))?;
        opened.is_made = false;
        opened.discarded += 1;
        remove(&self.0.path)
    }

    /// Moves the WAL into the main file, so that its room is there again.
    pub(crate) fn empty_wal(&self) -> Result<(), StoreError> {
        wal_checkpoint(&self.as_it_is(), "TRUNCATE").map_err(sqlite(&self.0.path))
    }

    /// The connection, or one to nothing while the file is not made anew: what only tidies makes none.
    pub(crate) fn as_it_is(&self) -> MutexGuard<'_, Opened> {
        let opened = self.0.opened.lock();
        opened.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Opened {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Opened {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// A connection to the file; one that cannot be used is replaced by an empty one.
fn make_usable(path: &Path, epoch: &str) -> Result<Connection, StoreError> {
    match make(path, epoch) {
        Err(error) if error.is_full() => Err(error),
        Err(_) => {
            remove(path)?;
            make(path, epoch)
        }
        made => made,
    }
}

fn make(path: &Path, epoch: &str) -> Result<Connection, StoreError> {
    PICTURE.version_of(path)?;
    let mut connection = create(path)?;
    sums::define(&connection).map_err(sqlite(path))?;
    PICTURE.migrate(&mut connection, path)?;
    let of: Option<String> = connection
        .query_row("SELECT epoch FROM checkpoint", [], |row| row.get(0))
        .optional()
        .map_err(sqlite(path))?;
    if of.is_some_and(|of| of != epoch) {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
            detail: "it belongs to another log".into(),
        });
    }
    sums::keep(&connection).map_err(sqlite(path))?;
    Ok(connection)
}

/// Removes a database with its WAL.
fn remove(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match std::fs::remove_file(&file) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(io(Path::new(&file))(cause));
            }
            _ => {}
        }
    }
    Ok(())
}
