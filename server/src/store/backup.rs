//! Backup and restore: one file out, one directory in.

use super::archive::{Entry, entries, folder, still_named};
use super::codec::{self, LOG_COLUMNS};
use super::embedded::{Embedded, connect, last, main_path, new_epoch, open_existing, read_only};
use super::error::{StoreError, io, sqlite};
use super::private;
use super::schema::MAIN;
use atalaya_tiles::Seq;
use rusqlite::Connection;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A finished backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// The last record in it.
    pub seq: Seq,
    /// Its size.
    pub bytes: u64,
}

impl Embedded {
    /// See [`Store::backup`](super::Store::backup). The file is there whole or not at all, and
    /// replaces one of the same name. The checkpoint is left out: a start folds the log instead.
    pub fn backup(&self, file: &Path) -> Result<BackedUp, StoreError> {
        backup(self.dir(), file)
    }
}

/// As [`Embedded::backup`], for a store that a running server holds.
pub fn backup(dir: &Path, file: &Path) -> Result<BackedUp, StoreError> {
    if !main_path(dir).exists() {
        return Err(io(dir)(std::io::Error::from(std::io::ErrorKind::NotFound)));
    }
    if is_inside(dir, file) {
        return Err(StoreError::Inside {
            file: file.to_owned(),
        });
    }
    let part = beside(file, ".part");
    let outcome = write_backup(dir, &part, file);
    if outcome.is_err() && part.exists() {
        std::fs::remove_file(&part).map_err(io(&part))?;
    }
    outcome
}

/// Whether a file is, or would be, in a directory, by whatever way it is named.
fn is_inside(dir: &Path, file: &Path) -> bool {
    let parent = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    match (dir.canonicalize(), parent) {
        (Ok(dir), Ok(parent)) => parent.starts_with(dir),
        _ => false,
    }
}

fn write_backup(dir: &Path, part: &Path, file: &Path) -> Result<BackedUp, StoreError> {
    if part.exists() {
        std::fs::remove_file(part).map_err(io(part))?;
    }
    private::make_file(part)?;
    let name = part.to_str().ok_or_else(|| StoreError::Io {
        path: part.to_owned(),
        cause: std::io::Error::other("the path is not UTF-8"),
    })?;
    let main = connect(dir)?;
    main.execute("VACUUM INTO ?1", [name])
        .map_err(sqlite(part))?;
    bring_in(&main, &main_path(dir), part)?;
    let copy = read_only(part)?;
    let seq = last(&copy).map_err(sqlite(part))?;
    drop(copy);
    let bytes = sync(part)?;
    std::fs::rename(part, file).map_err(io(file))?;
    sync_dir(file)?;
    Ok(BackedUp {
        seq: seq.map_or(Seq(0), |last| last.0),
        bytes,
    })
}

/// Puts what the archives have back into the log of a copy, which then stands alone.
fn bring_in(main: &Connection, path: &Path, part: &Path) -> Result<(), StoreError> {
    let copy = open_existing(part)?;
    // The copy is synced as a whole when it is ready.
    let unsafely = copy
        .pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))
        .and_then(|()| copy.pragma_update(None, "synchronous", "OFF"))
        .and_then(|()| entries(&copy));
    for entry in unsafely.map_err(sqlite(part))? {
        let file = folder(path).join(&entry.file);
        match bring_in_one(&copy, &file, &entry) {
            Ok(()) => {}
            // Retention has taken it meanwhile: it was past its time.
            Err(_) if !still_named(main, &entry.file).map_err(sqlite(path))? => {}
            Err(cause) => return Err(sqlite(&file)(cause)),
        }
        copy.execute("DELETE FROM archives WHERE file = ?1", [&entry.file])
            .map_err(sqlite(part))?;
    }
    Ok(())
}

fn bring_in_one(copy: &Connection, file: &Path, entry: &Entry) -> rusqlite::Result<()> {
    // Attached as the copy was opened: an archive that is gone is not made anew.
    copy.execute("ATTACH ?1 AS archive", [file.to_string_lossy()])?;
    let sql = format!(
        "INSERT OR IGNORE INTO main.log ({LOG_COLUMNS})
         SELECT {LOG_COLUMNS} FROM archive.log WHERE seq <= ?1"
    );
    let copied = copy.execute(&sql, [entry.moved.0.cast_signed()]);
    copy.execute("DETACH archive", [])?;
    copied.map(drop)
}

/// Makes a store in a new or empty directory out of a backup, with a new epoch: clients of the old
/// log must begin anew. Returns the last record in it.
///
/// Refuses a directory with anything in it, a file that is not a backup, one of a newer version and
/// one that is damaged; the directory is then as it was.
pub fn restore(file: &Path, dir: &Path) -> Result<Seq, StoreError> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(StoreError::NotEmpty {
                    dir: dir.to_owned(),
                });
            }
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
        Err(cause) => return Err(io(dir)(cause)),
    }
    check(file)?;
    private::make_dir(dir)?;
    let part = beside(&main_path(dir), ".part");
    let outcome = write_store(file, &part, dir);
    if outcome.is_err() && part.exists() {
        std::fs::remove_file(&part).map_err(io(&part))?;
    }
    outcome
}

fn write_store(file: &Path, part: &Path, dir: &Path) -> Result<Seq, StoreError> {
    private::make_file(part)?;
    let mut from = File::open(file).map_err(io(file))?;
    let to = File::options().write(true).truncate(true).open(part);
    std::io::copy(&mut from, &mut to.map_err(io(part))?).map_err(io(part))?;
    let connection = Connection::open(part).map_err(sqlite(part))?;
    new_epoch(&connection, part)?;
    forget_sign_ins(&connection).map_err(sqlite(part))?;
    let seq = last(&connection).map_err(sqlite(part))?;
    drop(connection);
    let connection = Connection::open(part).map_err(sqlite(part))?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(sqlite(part))?;
    drop(connection);
    sync(part)?;
    let main = main_path(dir);
    std::fs::rename(part, &main).map_err(io(&main))?;
    sync_dir(&main)?;
    Ok(seq.map_or(Seq(0), |last| last.0))
}

/// Who signed out since the backup must not be let in again, nor a link open twice.
fn forget_sign_ins(connection: &Connection) -> rusqlite::Result<()> {
    for table in ["session", "sign_in_link"] {
        if connection.table_exists(None, table)? {
            connection.execute(&format!("DELETE FROM {table}"), [])?;
        }
    }
    Ok(())
}

/// Reads a whole file for damage; for the log of an open store give its `main.db`.
pub(crate) fn check(file: &Path) -> Result<(), StoreError> {
    File::open(file).map_err(io(file))?;
    if MAIN.version_of(file)? == 0 {
        return Err(StoreError::Foreign {
            path: file.to_owned(),
            detail: "it is empty".into(),
        });
    }
    let connection = read_only(file)?;
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(sqlite(file))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(StoreError::of_sqlite(file, codec::odd(0, verdict)))
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Syncs a file and returns its size.
fn sync(path: &Path) -> Result<u64, StoreError> {
    let file = File::options().write(true).open(path).map_err(io(path))?;
    file.sync_all().map_err(io(path))?;
    file.metadata().map(|file| file.len()).map_err(io(path))
}

/// Makes a rename durable.
fn sync_dir(file: &Path) -> Result<(), StoreError> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty());
    let dir = dir.unwrap_or(Path::new("."));
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(io(dir))
}
