//! The basemap in a backup: the files of its source-layers, in a table of their own beside the log.
//!
//! Promises: a backup made before there was such a table restores as it always did; one of a later form
//! is refused by its number before anything is written, never read halfway. Each file comes back whole or
//! not at all.

use super::SOURCE_LAYERS;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// The form of the tables below.
const FORM: u32 = 1;

/// The basemap cannot be put into a backup, or taken out of one.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The backup.
    #[error("{}: {cause}", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: rusqlite::Error,
    },
    /// A file of the basemap.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A form that is not known here.
    #[error(
        "{} keeps its basemap in form {found}, this program knows forms up to {FORM}: use a newer program",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u32,
    },
}

/// Puts the basemap of a data directory into a backup, and gives the names of its source-layers.
pub fn put_into(backup: &Path, data: &Path) -> Result<Vec<&'static str>, NotKept> {
    let failed = of_backup(backup);
    let mut names = Vec::new();
    let mut connection = Connection::open(backup).map_err(&failed)?;
    // One file, which is synced as a whole when it is ready.
    connection
        .pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))
        .map_err(&failed)?;
    let transaction = connection.transaction().map_err(&failed)?;
    for name in SOURCE_LAYERS {
        let path = file(data, name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => continue,
            Err(cause) => return Err(NotKept::File { path, cause }),
        };
        if names.is_empty() {
            let tables = format!(
                "CREATE TABLE basemap_form (form INTEGER NOT NULL);
                 INSERT INTO basemap_form VALUES ({FORM});
                 CREATE TABLE basemap (name TEXT PRIMARY KEY, geojson BLOB NOT NULL);"
            );
            transaction.execute_batch(&tables).map_err(&failed)?;
        }
        transaction
            .execute("INSERT INTO basemap VALUES (?1, ?2)", (name, bytes))
            .map_err(&failed)?;
        names.push(name);
    }
    transaction.commit().map_err(&failed)?;
    Ok(names)
}

/// Refuses a backup whose basemap cannot be read here.
pub fn check(backup: &Path) -> Result<(), NotKept> {
    let failed = of_backup(backup);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(backup, flags).map_err(&failed)?;
    match form(&connection).map_err(&failed)? {
        Some(found) if found > FORM => Err(NotKept::Newer {
            path: backup.to_owned(),
            found,
        }),
        _ => Ok(()),
    }
}

/// Takes the basemap out of a log that a backup was restored to, into the data directory around it, and
/// gives the names of its source-layers.
pub fn take_out(log: &Path, data: &Path) -> Result<Vec<String>, NotKept> {
    let failed = of_backup(log);
    let connection = Connection::open(log).map_err(&failed)?;
    if form(&connection).map_err(&failed)?.is_none() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for name in SOURCE_LAYERS {
        let sql = "SELECT geojson FROM basemap WHERE name = ?1";
        let bytes = connection.query_row(sql, [name], |row| row.get::<_, Vec<u8>>(0));
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(rusqlite::Error::QueryReturnedNoRows) => continue,
            Err(cause) => return Err(failed(cause)),
        };
        super::write(data, name, &bytes).map_err(|cause| NotKept::File {
            path: file(data, name),
            cause,
        })?;
        names.push(name.to_owned());
    }
    // Its room in the log is used again.
    connection
        .execute_batch("DROP TABLE basemap; DROP TABLE basemap_form;")
        .map_err(&failed)?;
    Ok(names)
}

/// The form in which the basemap is kept; `None` where there is none.
fn form(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    if !connection.table_exists(None, "basemap_form")? {
        return Ok(None);
    }
    connection.query_row("SELECT max(form) FROM basemap_form", [], |row| row.get(0))
}

fn file(data: &Path, name: &str) -> PathBuf {
    data.join("basemap").join(format!("{name}.geojson"))
}

fn of_backup(path: &Path) -> impl Fn(rusqlite::Error) -> NotKept {
    let path = path.to_owned();
    move |cause| NotKept::Backup {
        path: path.clone(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with nothing in it, and a folder for its backup.
    fn scene() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (data, backup) = (folder.path().join("data"), folder.path().join("backup.db"));
        let options = crate::store::StoreOptions {
            reserve_bytes: 0,
            ..crate::store::StoreOptions::default()
        };
        drop(crate::store::Embedded::open(&data, options).unwrap());
        crate::store::backup(&data, &backup).unwrap();
        (folder, data, backup)
    }

    #[test]
    fn what_is_put_in_comes_out_byte_for_byte_and_leaves_no_table() {
        let (folder, data, backup) = scene();
        for (name, text) in [("roads", "a"), ("water", "b")] {
            super::super::write(&data, name, text.as_bytes()).unwrap();
        }
        assert_eq!(put_into(&backup, &data).unwrap(), ["water", "roads"]);
        check(&backup).unwrap();
        let restored = folder.path().join("restored");
        crate::store::restore(&backup, &restored).unwrap();
        let log = restored.join("main.db");
        assert_eq!(take_out(&log, &restored).unwrap(), ["water", "roads"]);
        let text = |name: &str| std::fs::read_to_string(file(&restored, name)).unwrap();
        assert_eq!((text("roads"), text("water")), ("a".into(), "b".into()));
        assert_eq!(take_out(&log, &restored).unwrap(), [""; 0]);
    }

    #[test]
    fn a_backup_without_a_basemap_is_as_it_always_was() {
        let (folder, data, backup) = scene();
        assert_eq!(put_into(&backup, &data).unwrap(), [""; 0]);
        let restored = folder.path().join("restored");
        check(&backup).unwrap();
        crate::store::restore(&backup, &restored).unwrap();
        assert_eq!(
            take_out(&restored.join("main.db"), &restored).unwrap(),
            [""; 0]
        );
        assert!(!restored.join("basemap").exists());
    }

    #[test]
    fn a_later_form_is_refused_by_its_number() {
        let (_folder, data, backup) = scene();
        super::super::write(&data, "roads", b"a").unwrap();
        put_into(&backup, &data).unwrap();
        let connection = Connection::open(&backup).unwrap();
        connection
            .execute("UPDATE basemap_form SET form = 2", [])
            .unwrap();
        let refused = check(&backup).unwrap_err().to_string();
        assert!(
            refused.contains("form 2, this program knows forms up to 1"),
            "{refused}"
        );
    }
}
