//! Names of layers and feeds as the small numbers that rows carry.

use atalaya_tiles::FeedName;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// What a connection knows of its file's `names`.
#[derive(Debug, Default)]
pub(crate) struct Interned {
    ids: HashMap<FeedName, i64>,
    names: HashMap<i64, FeedName>,
    /// Written in a transaction that has not ended.
    fresh: Vec<FeedName>,
}

impl Interned {
    /// The number of a name, which is written if it is new.
    pub(crate) fn id(&mut self, connection: &Connection, name: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.ids.get(name) {
            return Ok(*id);
        }
        if let Some(id) = self.known(connection, name)? {
            return Ok(id);
        }
        connection
            .prepare_cached("INSERT INTO names (name) VALUES (?1)")?
            .execute([name])?;
        let id = connection.last_insert_rowid();
        self.fresh.push(FeedName::from(name));
        self.note(id, name);
        Ok(id)
    }

    /// The number of a name, if it has one.
    pub(crate) fn known(
        &mut self,
        connection: &Connection,
        name: &str,
    ) -> rusqlite::Result<Option<i64>> {
        if let Some(id) = self.ids.get(name) {
            return Ok(Some(*id));
        }
        let id = connection
            .prepare_cached("SELECT id FROM names WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        if let Some(id) = id {
            self.note(id, name);
        }
        Ok(id)
    }

    /// The name of a number.
    pub(crate) fn name(
        &mut self,
        connection: &Connection,
        id: i64,
    ) -> rusqlite::Result<Option<FeedName>> {
        if let Some(name) = self.names.get(&id) {
            return Ok(Some(name.clone()));
        }
        let name: Option<String> = connection
            .prepare_cached("SELECT name FROM names WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        if let Some(name) = &name {
            self.note(id, name);
        }
        Ok(name.map(FeedName::from))
    }

    fn note(&mut self, id: i64, name: &str) {
        let name = FeedName::from(name);
        self.ids.insert(name.clone(), id);
        self.names.insert(id, name);
    }

    /// The transaction was committed.
    pub(crate) fn keep(&mut self) {
        self.fresh.clear();
    }

    /// The transaction was rolled back: what it wrote is not there.
    pub(crate) fn forget(&mut self) {
        for name in self.fresh.drain(..) {
            if let Some(id) = self.ids.remove(&name) {
                self.names.remove(&id);
            }
        }
    }
}
