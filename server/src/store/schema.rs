//! The versions of the store's files, and the steps from each to the next.
//!
//! A step is SQL in `schema/`, run once and in one transaction with the version it leads to. A file
//! of another program, or of a newer version of this one, is refused before anything is written.
//! To add tables, add a file and name it here.

use super::error::{StoreError, sqlite};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::Path;

/// A kind of file: what marks it as ours, and the steps to its newest version.
#[derive(Debug)]
pub(crate) struct Schema {
    /// What the file says of itself, `PRAGMA application_id`.
    pub(crate) application_id: i32,
    /// Step `n` leads from version `n` to `n + 1`.
    pub(crate) steps: &'static [&'static str],
}

/// `main.db`: the log, and what the shell keeps beside it.
pub(crate) const MAIN: Schema = Schema {
    application_id: 0x4154_4c59,
    steps: &[
        include_str!("schema/0001_log.sql"),
        include_str!("schema/0002_identity.sql"),
        include_str!("schema/0003_archives.sql"),
    ],
};

/// `archive/*.db`: closed days of the log.
pub(crate) const ARCHIVE: Schema = Schema {
    application_id: 0x4154_4c41,
    steps: &[include_str!("schema/archive_0001.sql")],
};

/// `picture.db`: the checkpoint.
pub(crate) const PICTURE: Schema = Schema {
    application_id: 0x4154_4c50,
    steps: &[
        include_str!("schema/picture_0001.sql"),
        include_str!("schema/picture_0002.sql"),
        include_str!("schema/picture_0003.sql"),
        include_str!("schema/picture_0004.sql"),
    ],
};

impl Schema {
    /// The newest version.
    pub(crate) fn known(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// The version of an existing file, which is not written to. 0 is a file without content.
    pub(crate) fn version_of(&self, path: &Path) -> Result<u32, StoreError> {
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        if size == 0 {
            return Ok(0);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
        let pragma = |name: &str| -> Result<i64, StoreError> {
            connection
                .pragma_query_value(None, name, |row| row.get(0))
                .map_err(sqlite(path))
        };
        let (application_id, found) = (pragma("application_id")?, pragma("user_version")?);
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(sqlite(path))?;
        if application_id == 0 && found == 0 && tables == 0 {
            return Ok(0);
        }
        if application_id != i64::from(self.application_id) {
            return Err(StoreError::Foreign {
                path: path.to_owned(),
                detail: format!("its application_id is {application_id:#x}"),
            });
        }
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        if found > self.known() {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known: self.known(),
            });
        }
        Ok(found)
    }

    /// Brings a file that [`Schema::version_of`] accepted to the newest version.
    pub(crate) fn migrate(
        &self,
        connection: &mut Connection,
        path: &Path,
    ) -> Result<(), StoreError> {
        let found: u32 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(sqlite(path))?;
        let at = usize::try_from(found).unwrap_or(usize::MAX);
        for (step, to) in self.steps.iter().zip(1_u32..).skip(at) {
            self.step(connection, step, to).map_err(sqlite(path))?;
        }
        Ok(())
    }

    fn step(&self, connection: &mut Connection, sql: &str, to: u32) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", self.application_id)?;
        transaction.pragma_update(None, "user_version", to)?;
        transaction.commit()
    }
}
