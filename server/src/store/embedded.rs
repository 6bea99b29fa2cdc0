//! The embedded store: one directory, no other program.
//!
//! | file | holds | losing it |
//! |---|---|---|
//! | `main.db` | the log: an SQLite database with a WAL, every commit synced | loses what it held |
//! | `archive/` | closed days of the log, a file for each day and time of retention | loses what they held |
//! | `picture.db` | the last checkpoint, of the picture and of what is remembered beside it; a file of its own so that writing it never holds up an append | costs time at the next start |
//! | `lock` | the process that has the store open; the lock dies with it | nothing |
//! | `reserve` | room that retention may use when the disk is full | nothing |

use super::archive::{self, Archiver};
use super::checkpointer::Checkpointer;
use super::codec::instant::Instant;
use super::damage::Damage;
use super::error::{StoreError, io, sqlite};
use super::picture_file::PictureFile;
use super::private;
use super::reader::Reader;
use super::reserve::Reserve;
use super::retainer::Retainer;
use super::schema::MAIN;
use super::writer::Writer;
use atalaya_tiles::{Catalog, Seq};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often a lock that is held is tried again, and the pause between: a quarter of a second.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// How long a connection waits for another one's transaction.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// What a WAL is cut back to once its content is in the main file.
const WAL_BYTES: i64 = 32 << 20;

/// How a store is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// The size of the reserve file in bytes.
    pub reserve_bytes: u64,
    /// State layers that keep features for ever (`retain_days` 0) keep what newer observations
    /// replaced for this many days: so far back reaches their history.
    pub history_days: u32,
    /// Hours after its end that a day stays in the log before it moves into an archive.
    pub archive_after_h: u32,
}

impl Default for StoreOptions {
    /// 64 MiB of reserve, 30 days of history, and archives of what is older than a day.
    fn default() -> Self {
        Self {
            reserve_bytes: 64 << 20,
            history_days: 30,
            archive_after_h: 24,
        }
    }
}

/// A store in a directory, locked for this process while it lives.
#[derive(Debug)]
pub struct Embedded {
    dir: PathBuf,
    epoch: String,
    options: StoreOptions,
    /// Set when a write found the disk full: nothing is appended until retention has the reserve back.
    full: Arc<AtomicBool>,
    damage: Damage,
    picture: PictureFile,
    /// Keeps the files beside the log there: on a full disk nobody could make them anew.
    _held: Mutex<Connection>,
    _lock: File,
    #[cfg(test)]
    faults: super::fault::Faults,
}

impl Embedded {
    #[cfg(test)]
    pub(crate) fn faults(&self) -> super::fault::Faults {
        self.faults.clone()
    }

    /// Opens the store in a directory, both of which are made if they do not exist.
    ///
    /// Refuses a directory that another process has open, a file that is not a store and one that a
    /// newer version wrote; such a file is not touched.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        private::make_dir(dir)?;
        let lock = lock(dir)?;
        let reserve = Reserve::new(dir, options.reserve_bytes);
        let (epoch, held) = match open_files(dir) {
            // Even reading needs a little room, for the files beside a database.
            Err(error) if error.is_full() || error.is_failed_io() => {
                if !reserve.give_out()? {
                    return Err(error);
                }
                open_files(dir)?
            }
            outcome => outcome?,
        };
        let picture = open_picture(dir, &epoch, &reserve)?;
        let store = Self {
            dir: dir.to_owned(),
            epoch,
            options,
            full: Arc::default(),
            damage: Damage::default(),
            picture,
            _held: Mutex::new(held),
            _lock: lock,
            #[cfg(test)]
            faults: super::fault::Faults::default(),
        };
        store.full.store(!reserve.fill()?, Ordering::Relaxed);
        Ok(store)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn options(&self) -> StoreOptions {
        self.options
    }

    /// The checkpoint's file.
    pub(crate) fn picture(&self) -> PictureFile {
        self.picture.clone()
    }

    pub(crate) fn main_path(&self) -> PathBuf {
        main_path(&self.dir)
    }

    pub(crate) fn full(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.full)
    }

    pub(crate) fn damage(&self) -> Damage {
        self.damage.clone()
    }

    pub(crate) fn reserve(&self) -> Reserve {
        Reserve::new(&self.dir, self.options.reserve_bytes)
    }

    /// See [`Store::epoch`](super::Store::epoch).
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// See [`Store::is_damaged`](super::Store::is_damaged).
    pub fn is_damaged(&self) -> bool {
        self.damage.is_found()
    }

    /// See [`Store::last_seq`](super::Store::last_seq).
    pub fn last_seq(&self) -> Result<Seq, StoreError> {
        let path = self.main_path();
        let connection = read_only(&path)?;
        Ok(last(&connection)
            .map_err(sqlite(&path))?
            .map_or(Seq(0), |last| last.0))
    }

    /// See [`Store::last_received_at`](super::Store::last_received_at).
    pub fn last_received_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let path = self.main_path();
        let connection = read_only(&path)?;
        Ok(last(&connection).map_err(sqlite(&path))?.map(|last| last.1))
    }

    /// See [`Store::writer`](super::Store::writer).
    pub fn writer(&self, catalog: Arc<Catalog>) -> Result<Writer, StoreError> {
        Writer::new(self, catalog)
    }

    /// See [`Store::checkpointer`](super::Store::checkpointer).
    pub fn checkpointer(&self, catalog: Arc<Catalog>) -> Result<Checkpointer, StoreError> {
        self.picture.discard_condemned()?;
        Checkpointer::new(self, catalog)
    }

    /// See [`Store::archiver`](super::Store::archiver).
    pub fn archiver(&self, catalog: Arc<Catalog>) -> Result<Archiver, StoreError> {
        Archiver::new(self, catalog)
    }

    /// See [`Store::retainer`](super::Store::retainer).
    pub fn retainer(&self, catalog: Arc<Catalog>) -> Result<Retainer, StoreError> {
        Retainer::new(self, catalog)
    }

    /// See [`Store::reader`](super::Store::reader).
    pub fn reader(&self, catalog: Arc<Catalog>) -> Result<Reader, StoreError> {
        Reader::new(self, catalog)
    }
}

pub(crate) fn main_path(dir: &Path) -> PathBuf {
    dir.join("main.db")
}

fn picture_path(dir: &Path) -> PathBuf {
    dir.join("picture.db")
}

/// Makes the log usable; returns its epoch and a connection to it.
fn open_files(dir: &Path) -> Result<(String, Connection), StoreError> {
    let path = main_path(dir);
    if MAIN.version_of(&path)? == 0 {
        check_alone(dir)?;
    }
    let mut connection = create(&path)?;
    MAIN.migrate(&mut connection, &path)?;
    archive::check_all(&connection, &path)?;
    let epoch = epoch(&connection, &path)?;
    Ok((epoch, connection))
}

/// The checkpoint; on a full disk an old one may need the reserve to be read, and a new one waits.
fn open_picture(dir: &Path, epoch: &str, reserve: &Reserve) -> Result<PictureFile, StoreError> {
    let open = || PictureFile::open(picture_path(dir), epoch);
    let mut opened = open();
    if opened.as_ref().is_err_and(StoreError::is_full) && reserve.give_out()? {
        opened = open();
    }
    match opened {
        Err(error) if error.is_full() => PictureFile::later(picture_path(dir), epoch),
        opened => opened,
    }
}

/// Refuses a directory in which files of a store are left whose log is gone: a new log would make nothing
/// of them.
pub fn check_alone(dir: &Path) -> Result<(), StoreError> {
    let main = main_path(dir);
    let is_empty = |file: &Path| std::fs::metadata(file).map_or(true, |file| file.len() == 0);
    let mut left = Vec::new();
    if is_empty(&main) {
        left.push(dir.join("main.db-wal"));
    }
    left.push(picture_path(dir));
    if let Ok(archives) = std::fs::read_dir(archive::folder(&main)) {
        let archives = archives.filter_map(|file| Some(file.ok()?.path()));
        left.extend(
            archives
                .filter(|file| file.extension().is_some_and(|end| end == "db"))
                .take(1),
        );
    }
    match left.into_iter().find(|file| !is_empty(file)) {
        Some(left) => Err(StoreError::Gone { main, left }),
        None => Ok(()),
    }
}

/// A connection to `main.db` of an open store, for those who keep tables of their own in it. Commits
/// are durable on return; keep transactions short, because appends wait for them.
pub fn connect(dir: &Path) -> Result<Connection, StoreError> {
    open_existing(&main_path(dir))
}

/// The last record of the log and when it was received.
pub(crate) fn last(connection: &Connection) -> rusqlite::Result<Option<(Seq, Timestamp)>> {
    let sql = "SELECT seq, received_at FROM log ORDER BY seq DESC LIMIT 1";
    connection
        .query_row(sql, [], |row| {
            Ok((super::codec::seq(row, 0)?, row.get::<_, Instant>(1)?.0))
        })
        .optional()
}

/// A connection to a file that exists.
pub(crate) fn open_existing(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
    prepare(&connection).map_err(sqlite(path))?;
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
    connection.busy_timeout(PATIENCE).map_err(sqlite(path))?;
    Ok(connection)
}

/// A connection to a file that may have to be made.
pub(crate) fn create(path: &Path) -> Result<Connection, StoreError> {
    private::make_file(path)?;
    let connection = Connection::open(path).map_err(sqlite(path))?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .and_then(|()| prepare(&connection))
        .map_err(sqlite(path))?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Checkpoints of the WAL inside a commit would make some appends slow: `tidy_wal` does them.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(io(&path))?;
    match wait_for_lock(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(io(&path))?;
            return Err(StoreError::Locked {
                dir: dir.to_owned(),
                pid: pid.trim().into(),
            });
        }
        Err(TryLockError::Error(cause)) => return Err(io(&path)(cause)),
    }
    file.set_len(0).map_err(io(&path))?;
    file.rewind().map_err(io(&path))?;
    match writeln!(file, "{}", std::process::id()).map_err(io(&path)) {
        // The lock holds without the number in it.
        Ok(()) | Err(StoreError::Full { .. }) => Ok(file),
        Err(error) => Err(error),
    }
}

/// Takes the lock, waiting a moment for one that is just being let go: a process that was started
/// while the last holder ran keeps it until it begins its own program.
fn wait_for_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            outcome => return outcome,
        }
    }
    file.try_lock()
}

/// The epoch of a store, which is made up if there is none yet.
fn epoch(connection: &Connection, path: &Path) -> Result<String, StoreError> {
    let known = connection
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| {
            row.get(0)
        })
        .optional()
        .map_err(sqlite(path))?;
    match known {
        Some(epoch) => Ok(epoch),
        None => new_epoch(connection, path),
    }
}

/// Gives the log a new epoch.
pub(crate) fn new_epoch(connection: &Connection, path: &Path) -> Result<String, StoreError> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|e| io(path)(std::io::Error::other(e)))?;
    let epoch = format!("{:016x}", u64::from_be_bytes(random));
    connection
        .execute(
            "INSERT INTO meta (key, value) VALUES ('epoch', ?1)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [&epoch],
        )
        .map_err(sqlite(path))?;
    Ok(epoch)
}
