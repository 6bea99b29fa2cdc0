//! Archives: closed days of the log in files of their own, so that retention unlinks files.
//!
//! ```text
//! main.db   log ──copy──▶ archive/2026-11-01-30d.db.part ──fsync, rename──▶ archive/2026-11-01-30d.db
//!           archives: file, its range of seqs, moved ◀── one transaction per batch ──▶ rows leave the log
//! ```
//!
//! | moment of a crash | what the next start finds |
//! |---|---|
//! | while copying | all rows in the log, and a file that no row of `archives` names: it is removed |
//! | after the rename | the same |
//! | while rows leave the log | up to `moved` in the file, after it in the log: never neither, and read once |
//!
//! A file has one calendar day (UTC) of the layers with equal `retain_days`. Features that are kept for
//! ever stay in the log: their last record may be the newest of years.

mod copying;
mod merge;
mod mover;
mod retire;

pub(crate) use merge::{Merge, Rows, still_named};
pub use mover::{Archived, Archiver};
pub(crate) use retire::retire;

use super::codec::instant::Instant;
use super::codec::{odd, seq};
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
    /// How many of them are not the clock's.
    pub(crate) told: u64,
    /// What has a seq up to this is read from the file, the rest from the log.
    pub(crate) moved: Seq,
}

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let layers: String = row.get(1)?;
        let count = |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.cast_unsigned());
        Ok(Self {
            file: row.get(0)?,
            layers: serde_json::from_str(&layers).map_err(|e| odd(1, e.to_string()))?,
            first: seq(row, 2)?,
            last: seq(row, 3)?,
            first_received_at: row.get::<_, Instant>(4)?.0,
            last_received_at: row.get::<_, Instant>(5)?.0,
            records: count(6)?,
            told: count(7)?,
            moved: seq(row, 8)?,
        })
    }

    /// Adds it to the archives of a log.
    fn write(&self, main: &Connection) -> rusqlite::Result<()> {
        main.execute(
            "INSERT INTO archives VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                self.file,
                serde_json::Value::from(self.layers.clone()).to_string(),
                self.first.0.cast_signed(),
                self.last.0.cast_signed(),
                Instant(self.first_received_at),
                Instant(self.last_received_at),
                self.records.cast_signed(),
                self.told.cast_signed(),
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

/// All archives of a log, in order of their first record.
pub(crate) fn entries(main: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut select = main.prepare_cached(
        "SELECT file, layers, first_seq, last_seq, first_received_at, last_received_at,
         records, told, moved FROM archives ORDER BY first_seq, file",
    )?;
    let rows = select.query_map([], Entry::read)?;
    rows.collect()
}

/// Checks that every archive of a log is there.
pub(crate) fn check_all(main: &Connection, path: &Path) -> Result<(), StoreError> {
    let folder = folder(path);
    for entry in entries(main).map_err(sqlite(path))? {
        let file = folder.join(&entry.file);
        if ARCHIVE.version_of(&file)? == 0 {
            return Err(missing(&file));
        }
    }
    Ok(())
}

/// An archive that is to be there and is not.
pub(crate) fn missing(file: &Path) -> StoreError {
    StoreError::Corrupt {
        path: file.to_owned(),
        detail: "it is missing or empty".into(),
    }
}

/// A connection that reads an archive.
pub(crate) fn open(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(sqlite(file))?;
    connection
        .busy_timeout(super::embedded::PATIENCE)
        .map_err(sqlite(file))?;
    Ok(connection)
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
