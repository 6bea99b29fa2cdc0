//! Reading the log and its archives: in order, in pages, without holding anything up.
//!
//! A page is read and its transaction ended before its records are visited, so that a slow visitor
//! pins neither the WAL nor the disk.

use super::archive::{Entry, Merge, Rows, entries, runs};
use super::codec::instant::Instant;
use super::codec::{ALL_LAYERS, Codec, LOG_COLUMNS, Unknown};
use super::embedded::read_only;
use super::error::{StoreError, sqlite};
use super::interned::Interned;
use atalaya_tiles::{Catalog, Event, LayerIx, Record, Seq};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// With more layers than this the whole log is read and the others passed over.
const MERGED_LAYERS: usize = 16;

/// A handle that reads the log.
#[derive(Debug)]
pub struct Reader {
    rows: Rows,
}

impl Reader {
    pub(crate) fn new(path: &Path, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        Ok(Self {
            rows: Rows {
                main: read_only(path)?,
                path: path.to_owned(),
                codec: Codec::new(catalog),
                interned: Interned::default(),
            },
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
            let name = self.rows.codec.name(*layer);
            let id = self.rows.interned.known(&self.rows.main, name);
            ids.extend(id.map_err(sqlite(&self.rows.path))?);
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Since when the history of these layers is whole: retention has deleted nothing that was
    /// received later. `None` while the log is empty.
    pub fn oldest_received(&mut self, layers: &[LayerIx]) -> Result<Option<Timestamp>, StoreError> {
        let ids = self.ids(layers)?;
        let horizon = self.horizon(&ids).map_err(sqlite(&self.rows.path))?;
        let first = first(&self.rows.main).map_err(sqlite(&self.rows.path))?;
        Ok(horizon.or(first))
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

    /// The last observations and withdrawals, at most `limit`, the newest last: what a filter of
    /// duplicates must know after a start.
    pub fn recent_told(&mut self, limit: usize) -> Result<Vec<Record>, StoreError> {
        let mut recent = VecDeque::new();
        if limit == 0 {
            return Ok(Vec::new());
        }
        let from = recent_from(&self.rows.main, limit).map_err(sqlite(&self.rows.path))?;
        self.records(Seq(from.0.saturating_sub(1)), None, None, &mut |record| {
            if record.event != Event::Clock {
                if recent.len() == limit {
                    recent.pop_front();
                }
                recent.push_back(record);
            }
            ControlFlow::Continue(())
        })?;
        Ok(recent.into())
    }
}

/// A position from which on there are at least so many observations and withdrawals, if there are so
/// many at all.
fn recent_from(main: &Connection, limit: usize) -> rusqlite::Result<Seq> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let nth = "SELECT seq FROM log WHERE kind IN (0, 1) ORDER BY seq DESC LIMIT 1 OFFSET ?1";
    let nth = main.query_row(nth, [limit - 1], |row| super::codec::seq(row, 0));
    if let Some(nth) = nth.optional()? {
        return Ok(nth);
    }
    let count = "SELECT count(*) FROM log WHERE kind IN (0, 1) AND seq >= ?1 AND seq < ?2";
    let mut count = main.prepare(count)?;
    let mut wanted = limit;
    let mut archives = entries(main)?;
    archives.sort_by_key(|entry| std::cmp::Reverse(entry.last));
    let mut from = i64::MAX.cast_unsigned();
    for entry in archives {
        // What stayed in the log is older than much that moved: only what lies behind `from` counts.
        if entry.first.0 < from {
            let range = [entry.first.0.cast_signed(), from.cast_signed()];
            wanted -= count.query_row(range, |row| row.get::<_, i64>(0))?;
            from = entry.first.0;
        }
        // What is on its way is counted in the log.
        if entry.is_whole() {
            wanted -= entry.told.cast_signed();
        }
        if wanted <= 0 {
            return Ok(Seq(from));
        }
    }
    Ok(Seq(0))
}

/// When the first record there is was received.
fn first(main: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let sql = "SELECT received_at FROM log ORDER BY seq LIMIT 1";
    let first: Option<Instant> = main.query_row(sql, [], |row| row.get(0)).optional()?;
    let archived = entries(main)?
        .into_iter()
        .map(|entry: Entry| entry.first_received_at);
    Ok(archived.chain(first.map(|at| at.0)).min())
}

fn concerns(record: &Record, layers: &[LayerIx]) -> bool {
    match &record.event {
        Event::Observed(observation) => layers.contains(&observation.layer),
        Event::Withdrawn { layer, .. } => layers.contains(layer),
        Event::Clock => true,
    }
}
