//! Reading the log: in order, in pages, without holding anything up.
//!
//! A page is read and its transaction ended before its records are visited, so that a slow visitor
//! pins neither the WAL nor the disk.

mod received;

use super::codec::instant::Instant;
use super::codec::{ALL_LAYERS, Codec, LOG_COLUMNS, Unknown};
use super::embedded::read_only;
use super::error::{StoreError, sqlite};
use super::interned::Interned;
use atalaya_tiles::{Catalog, Event, LayerIx, Record, Seq};
use jiff::Timestamp;
use rusqlite::Connection;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records of a page.
const PAGE: u16 = 2_048;
/// With more layers than this the whole log is read and the others passed over.
const MERGED_LAYERS: usize = 16;

/// A handle that reads the log.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    codec: Codec,
    interned: Interned,
}

/// A page of the log and where the next begins.
struct Page {
    records: Vec<Record>,
    /// The last row read; `None` at the end of the log.
    last: Option<Seq>,
}

impl Reader {
    pub(crate) fn new(path: &Path, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        Ok(Self {
            connection: read_only(path)?,
            path: path.to_owned(),
            codec: Codec::new(catalog),
            interned: Interned::default(),
        })
    }

    /// What was left out of records so far, because the catalog does not know it.
    pub fn unknown(&self) -> Unknown {
        self.codec.unknown
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
            Some(ids) if ids.len() <= MERGED_LAYERS => merged(ids),
            _ => format!("SELECT {LOG_COLUMNS} FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2"),
        };
        let mut after = after;
        loop {
            let page = self.page(&sql, after)?;
            for record in page.records {
                if until_received.is_some_and(|until| record.received_at > until) {
                    return Ok(());
                }
                if layers.is_some_and(|layers| !concerns(&record, layers)) {
                    continue;
                }
                if visit(record).is_break() {
                    return Ok(());
                }
            }
            match page.last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    fn ids(&mut self, layers: &[LayerIx]) -> Result<Vec<i64>, StoreError> {
        let mut ids = vec![ALL_LAYERS];
        for layer in layers {
            let name = self.codec.name(*layer);
            let id = self.interned.known(&self.connection, name);
            ids.extend(id.map_err(sqlite(&self.path))?);
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn page(&mut self, sql: &str, after: Seq) -> Result<Page, StoreError> {
        self.read_page(sql, after).map_err(sqlite(&self.path))
    }

    fn read_page(&mut self, sql: &str, after: Seq) -> rusqlite::Result<Page> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((after.0.cast_signed(), PAGE))?;
        let mut page = Page {
            records: Vec::with_capacity(usize::from(PAGE)),
            last: None,
        };
        let (mut last, mut count) = (after, 0_u16);
        while let Some(row) = rows.next()? {
            last = super::codec::seq(row, 0)?;
            count += 1;
            let record = self
                .codec
                .record(&self.connection, &mut self.interned, row)?;
            page.records.extend(record);
        }
        page.last = (count == PAGE).then_some(last);
        Ok(page)
    }

    /// Since when the history of these layers is whole: retention has deleted nothing that was
    /// received later. `None` while the log is empty.
    pub fn oldest_received(&mut self, layers: &[LayerIx]) -> Result<Option<Timestamp>, StoreError> {
        let ids = self.ids(layers)?;
        let horizon = self.horizon(&ids).map_err(sqlite(&self.path))?;
        let first = first(&self.connection).map_err(sqlite(&self.path))?;
        Ok(horizon.or(first))
    }

    fn horizon(&self, ids: &[i64]) -> rusqlite::Result<Option<Timestamp>> {
        let mut select = self
            .connection
            .prepare_cached("SELECT layer, received_at FROM horizons")?;
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
        let sql = format!(
            "SELECT {LOG_COLUMNS} FROM log WHERE kind IN (0, 1) AND seq < ?1 ORDER BY seq DESC LIMIT ?2"
        );
        let mut recent = Vec::new();
        let mut before = Seq(i64::MAX.cast_unsigned());
        while recent.len() < limit {
            let page = self.page(&sql, before)?;
            recent.extend(page.records);
            match page.last {
                Some(last) => before = last,
                None => break,
            }
        }
        recent.truncate(limit);
        recent.reverse();
        Ok(recent)
    }
}

/// When the first record of the log was received.
fn first(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    use rusqlite::OptionalExtension;
    let sql = "SELECT received_at FROM log ORDER BY seq LIMIT 1";
    let first: Option<Instant> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(first.map(|at| at.0))
}

fn concerns(record: &Record, layers: &[LayerIx]) -> bool {
    match &record.event {
        Event::Observed(observation) => layers.contains(&observation.layer),
        Event::Withdrawn { layer, .. } => layers.contains(layer),
        Event::Clock => true,
    }
}

/// One ordered run per layer, which the database merges without sorting.
fn merged(ids: &[i64]) -> String {
    let mut sql = String::new();
    for (at, id) in ids.iter().enumerate() {
        let union = if at > 0 { " UNION ALL " } else { "" };
        let run = format!("{union}SELECT {LOG_COLUMNS} FROM log WHERE layer = {id} AND seq > ?1");
        sql.push_str(&run);
    }
    sql.push_str(" ORDER BY seq LIMIT ?2");
    sql
}
