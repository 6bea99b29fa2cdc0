//! Reading the log and its archives: in order, in pages, without holding anything up.
//!
//! A page is read and its transaction ended before its records are visited, so that a slow visitor
//! pins neither the WAL nor the disk.

mod received;
mod recent;

use super::archive::{Merge, Rows, entries, runs};
use super::codec::instant::Instant;
use super::codec::{ALL_LAYERS, Codec, LOG_COLUMNS, Unknown};
use super::damage::Damage;
use super::embedded::{Embedded, read_only};
use super::error::{StoreError, sqlite};
use super::interned::Interned;
use atalaya_tiles::{Catalog, Event, LayerIx, Record, Seq};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// With more layers than this the whole log is read and the others passed over.
const MERGED_LAYERS: usize = 16;

/// A handle that reads the log.
#[derive(Debug)]
pub struct Reader {
    rows: Rows,
    damage: Damage,
}

impl Reader {
    pub(crate) fn new(store: &Embedded, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        Self::of(&store.main_path(), store.damage(), catalog)
    }

    /// A handle that reads the log of a store that a running server may hold, by its `main.db`.
    pub(crate) fn beside(path: &Path, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        Self::of(path, Damage::default(), catalog)
    }

    fn of(path: &Path, damage: Damage, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        Ok(Self {
            rows: Rows {
                main: read_only(path)?,
                path: path.to_owned(),
                codec: Codec::new(catalog),
                interned: Interned::default(),
            },
            damage,
        })
    }

    /// What was left out of records so far, because the catalog does not know it.
    pub fn unknown(&self) -> Unknown {
        self.rows.codec.unknown
    }

    /// Visits the records after `after` in order of seq, until `visit` breaks, or one was received
    /// after `until_received`. With `layers` only their records are visited, and those of the clock,
    /// which belong to every layer.
    pub fn records(
        &mut self,
        after: Seq,
        until_received: Option<Timestamp>,
        layers: Option<&[LayerIx]>,
        visit: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let visited = self.visit(after, until_received, layers, visit);
        self.damage.note(visited)
    }

    fn visit(
        &mut self,
        after: Seq,
        until_received: Option<Timestamp>,
        layers: Option<&[LayerIx]>,
        visit: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let ids = layers.map(|layers| self.ids(layers)).transpose()?;
        let sql = match &ids {
            Some(ids) if ids.len() <= MERGED_LAYERS => runs(LOG_COLUMNS, ids),
            _ => format!("SELECT {LOG_COLUMNS} FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2"),
        };
        let mut merge = Merge::new(&mut self.rows, sql, ids, after);
        while let Some(record) = merge.next()? {
            if until_received.is_some_and(|until| record.received_at > until) {
                break;
            }
            if layers.is_some_and(|layers| !concerns(&record, layers)) {
                continue;
            }
            if visit(record).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn ids(&mut self, layers: &[LayerIx]) -> Result<Vec<i64>, StoreError> {
        let mut ids = vec![ALL_LAYERS];
        for layer in layers {
            ids.extend(self.id(*layer)?);
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// The number of a layer's name; `None` if nothing was ever told of it.
    fn id(&mut self, layer: LayerIx) -> Result<Option<i64>, StoreError> {
        let name = self.rows.codec.name(layer);
        let id = self.rows.interned.known(&self.rows.main, name);
        id.map_err(sqlite(&self.rows.path))
    }

    /// Since when the history of these layers is whole: retention has deleted nothing that was
    /// received later. `None` while the log is empty.
    pub fn oldest_received(&mut self, layers: &[LayerIx]) -> Result<Option<Timestamp>, StoreError> {
        let ids = self.ids(layers)?;
        let oldest = match self.horizon(&ids) {
            Ok(None) => first(&self.rows.main),
            found => found,
        };
        self.damage.note(oldest.map_err(sqlite(&self.rows.path)))
    }

    /// The same to the hour, for those who may know that there is history and not when exactly a record
    /// came or went: the hour in which the log begins, or the first one of which nothing was deleted.
    pub fn whole_since(&mut self, layers: &[LayerIx]) -> Result<Option<Timestamp>, StoreError> {
        let ids = self.ids(layers)?;
        let since = match self.horizon(&ids) {
            Ok(None) => first(&self.rows.main).map(|first| first.map(|at| hour(at, 0))),
            Ok(Some(deleted)) => Ok(Some(hour(deleted, 1))),
            Err(cause) => Err(cause),
        };
        self.damage.note(since.map_err(sqlite(&self.rows.path)))
    }

    fn horizon(&self, ids: &[i64]) -> rusqlite::Result<Option<Timestamp>> {
        let main = &self.rows.main;
        let mut select = main.prepare_cached("SELECT layer, received_at FROM horizons")?;
        let mut rows = select.query([])?;
        let mut horizon: Option<Timestamp> = None;
        while let Some(row) = rows.next()? {
            if ids.contains(&row.get(0)?) {
                horizon = horizon.max(Some(row.get::<_, Instant>(1)?.0));
            }
        }
        Ok(horizon)
    }
}

/// The start of the hour of an instant, and so many hours later.
fn hour(at: Timestamp, later: i64) -> Timestamp {
    let hours = at.as_second().div_euclid(3_600) + later;
    Timestamp::from_second(hours * 3_600).unwrap_or(at)
}

/// When the first record there is was received.
fn first(main: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let sql = "SELECT received_at FROM log ORDER BY seq LIMIT 1";
    let mut select = main.prepare_cached(sql)?;
    let first: Option<Instant> = select.query_row([], |row| row.get(0)).optional()?;
    let archives = entries(main)?;
    let moved = archives.first().map(|entry| entry.first_received_at);
    Ok(first.map(|at| at.0).into_iter().chain(moved).min())
}

fn concerns(record: &Record, layers: &[LayerIx]) -> bool {
    match &record.event {
        Event::Observed(observation) => layers.contains(&observation.layer),
        Event::Withdrawn { layer, .. } => layers.contains(layer),
        Event::Clock => true,
    }
}
