//! Archives: closed days of the log in files of their own, so that retention unlinks files.
//!
//! ```text
//! main.db   log ──copy──▶ archive/next.part ──fsync, rename──▶ archive/2026-11-01-30d.db
//!           archives: file, its range of seqs, moved ◀── one transaction per batch ──▶ rows leave the log
//! ```
//!
//! | moment of a crash | what the next start finds |
//! |---|---|
//! | while copying | all rows in the log, and a file that no row of `archives` names: it is removed |
//! | after the rename | the same |
//! | while rows leave the log | up to `moved` in the file, after it in the log: never neither, and read once |
//! | while retention deletes from a file | its journal, which [`check_all`] rolls back |
//!
//! A file has one calendar day (UTC) of the layers with equal `retain_days`. Features that are kept for
//! ever stay in the log: their last record may be the newest of years.

mod copying;
mod merge;
mod mover;
mod retire;

pub(crate) use merge::{Merge, Rows};
pub use mover::{Archived, Archiver};
pub(crate) use retire::retire;

use super::codec::instant::Instant;
use super::codec::{odd, seq};
use super::embedded::{PATIENCE, open_existing};
use super::error::{StoreError, sqlite};
use super::schema::ARCHIVE;
use atalaya_tiles::{LayerKind, LayerSpec, Seq};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Row, params};
use std::path::{Path, PathBuf};

/// The folder of the archives beside a `main.db`.
pub(crate) fn folder(main: &Path) -> PathBuf {
    main.with_file_name("archive")
}

/// What the log says of one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) file: String,
    /// The numbers of the names of its layers.
    pub(crate) layers: Vec<i64>,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
    pub(crate) first_received_at: Timestamp,
    pub(crate) last_received_at: Timestamp,
    pub(crate) records: u64,
    /// What has a seq up to this is read from the file, the rest from the log.
    pub(crate) moved: Seq,
}

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let layers: String = row.get(1)?;
        Ok(Self {
            file: row.get(0)?,
            layers: serde_json::from_str(&layers).map_err(|e| odd(1, e.to_string()))?,
            first: seq(row, 2)?,
            last: seq(row, 3)?,
            first_received_at: row.get::<_, Instant>(4)?.0,
            last_received_at: row.get::<_, Instant>(5)?.0,
            records: row.get::<_, i64>(6)?.cast_unsigned(),
            moved: seq(row, 7)?,
        })
    }

    /// Adds it to the archives of a log.
    fn write(&self, main: &Connection) -> rusqlite::Result<()> {
        main.execute(
            "INSERT INTO archives VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                self.file,
                serde_json::Value::from(self.layers.clone()).to_string(),
                self.first.0.cast_signed(),
                self.last.0.cast_signed(),
                Instant(self.first_received_at),
                Instant(self.last_received_at),
                self.records.cast_signed(),
                self.moved.0.cast_signed(),
            ],
        )?;
        Ok(())
    }

    /// Whether nothing of it is left in the log.
    pub(crate) fn is_whole(&self) -> bool {
        self.moved >= self.last
    }
}

/// All archives of a log, in order of their first record. A log of a version before them has none.
pub(crate) fn entries(main: &Connection) -> rusqlite::Result<Vec<Entry>> {
    if !main.table_exists(None, "archives")? {
        return Ok(Vec::new());
    }
    let mut select = main.prepare_cached(
        "SELECT file, layers, first_seq, last_seq, first_received_at, last_received_at,
         records, moved FROM archives ORDER BY first_seq, file",
    )?;
    let rows = select.query_map([], Entry::read)?;
    rows.collect()
}

/// Whether archives have records of a layer, by its number.
pub(crate) fn hold(main: &Connection, layer: i64) -> rusqlite::Result<bool> {
    let entries = entries(main)?;
    Ok(entries.iter().any(|entry| entry.layers.contains(&layer)))
}

/// Checks that every archive of a log is there, and rolls back what a crash cut short in one.
pub(crate) fn check_all(main: &Connection, path: &Path) -> Result<(), StoreError> {
    let folder = folder(path);
    for entry in entries(main).map_err(sqlite(path))? {
        let file = folder.join(&entry.file);
        settle(&file)?;
        if ARCHIVE.version_of(&file)? == 0 {
            return Err(missing(&file));
        }
    }
    Ok(())
}

/// Rolls back what a crash cut short: a connection that only reads could not.
fn settle(file: &Path) -> Result<(), StoreError> {
    let mut journal = file.as_os_str().to_owned();
    journal.push("-journal");
    if !file.exists() || !Path::new(&journal).exists() {
        return Ok(());
    }
    let tables = "SELECT count(*) FROM sqlite_schema";
    let read = open_existing(file)?.query_row(tables, [], |_| Ok(()));
    read.map_err(sqlite(file))
}

/// An archive that is to be there and is not.
fn missing(file: &Path) -> StoreError {
    StoreError::Corrupt {
        path: file.to_owned(),
        detail: "it is missing or empty".into(),
    }
}

/// A connection that reads an archive.
fn open(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(sqlite(file))?;
    connection.busy_timeout(PATIENCE).map_err(sqlite(file))?;
    Ok(connection)
}

/// A connection that reads an archive of a log; none if retention has unlinked it meanwhile.
pub(crate) fn open_named(
    main: &Connection,
    path: &Path,
    name: &str,
) -> Result<Option<Connection>, StoreError> {
    let file = folder(path).join(name);
    match open(&file) {
        Ok(archive) => Ok(Some(archive)),
        Err(_) if !still_named(main, name).map_err(sqlite(path))? => Ok(None),
        Err(_) if !file.exists() => Err(missing(&file)),
        Err(error) => Err(error),
    }
}

/// Whether an archive is still one of the log: retention may have unlinked it while it was waited for.
pub(crate) fn still_named(main: &Connection, name: &str) -> rusqlite::Result<bool> {
    main.prepare_cached("SELECT EXISTS (SELECT 1 FROM archives WHERE file = ?1)")?
        .query_row([name], |row| row.get(0))
}

/// How long the records of a layer are kept, in the words of file names; `None` for layers whose
/// records stay in the log.
pub(crate) fn class(spec: &LayerSpec) -> Option<String> {
    match spec.kind {
        LayerKind::Derived => None,
        _ if spec.retain_days > 0 => Some(format!("{}d", spec.retain_days)),
        LayerKind::Sighting => Some("kept".to_owned()),
        LayerKind::State => None,
    }
}

/// One ordered run per layer after `?1`, which the database merges without sorting; `?2` at most.
pub(crate) fn runs(columns: &str, ids: &[i64]) -> String {
    let run = |id: &i64| format!("SELECT {columns} FROM log WHERE layer = {id} AND seq > ?1");
    let runs: Vec<String> = ids.iter().map(run).collect();
    format!("{} ORDER BY seq LIMIT ?2", runs.join(" UNION ALL "))
}
