//! Appending to the log: whole batches, durable on return, or nothing.

use super::codec::instant::Instant;
use super::codec::{ALL_LAYERS, CLOCK, Codec, OBSERVED, Scratch, WITHDRAWN};
use super::damage::Damage;
use super::embedded::{Embedded, connect, last};
use super::error::{StoreError, sqlite};
use super::interned::Interned;
use atalaya_tiles::{Catalog, Event, Record, Seq};
use jiff::Timestamp;
use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection, TransactionBehavior, params};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const INSERT: &str = "INSERT INTO log (seq, received_at, kind, layer, \
     feed, feature, observed_at, stale_at, expires_at, geometry, properties) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// The one handle that appends.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    path: PathBuf,
    codec: Codec,
    interned: Interned,
    scratch: Scratch,
    last: Seq,
    last_received_at: Timestamp,
    full: Arc<AtomicBool>,
    damage: Damage,
    broken: Option<String>,
    #[cfg(test)]
    faults: super::fault::Faults,
}

impl Writer {
    pub(crate) fn new(store: &Embedded, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        let path = store.main_path();
        let connection = connect(store.dir())?;
        let last = last(&connection).map_err(sqlite(&path))?;
        let (last, last_received_at) = last.unwrap_or((Seq(0), Timestamp::MIN));
        Ok(Self {
            connection,
            path,
            codec: Codec::new(catalog),
            interned: Interned::default(),
            scratch: Scratch::default(),
            last,
            last_received_at,
            full: store.full(),
            damage: store.damage(),
            broken: None,
            #[cfg(test)]
            faults: store.faults(),
        })
    }

    /// Appends a batch in one transaction, synced to the disk on return.
    ///
    /// After an error nothing of the batch is in the log as this process sees it. After a full disk
    /// nothing is taken until [`Retainer::retain`](super::Retainer::retain) has the reserve back: what
    /// it gives out for deleting must not be filled by appending. A failed write or sync breaks the writer,
    /// because what the disk then holds is unknown until the store is opened again.
    pub fn append(&mut self, records: &[Record]) -> Result<(), StoreError> {
        if let Some(detail) = &self.broken {
            return Err(StoreError::Broken {
                path: self.path.clone(),
                detail: detail.clone(),
            });
        }
        let Some(end) = records.last() else {
            return Ok(());
        };
        self.check_order(records)?;
        #[cfg(test)]
        if self.faults.meet() {
            return Err(StoreError::Busy {
                path: self.path.clone(),
            });
        }
        if self.is_full() {
            return Err(StoreError::Full {
                path: self.path.clone(),
            });
        }
        match self.write(records).map_err(sqlite(&self.path)) {
            Ok(()) => {
                self.interned.keep();
                self.last = end.seq;
                self.last_received_at = end.received_at;
                Ok(())
            }
            Err(error) => {
                self.interned.forget();
                let refused = self.damage.note(Err(error));
                refused.map_err(|error| self.note(error))
            }
        }
    }

    /// Whether appends wait for room on the disk.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// The last record appended.
    pub fn last_seq(&self) -> Seq {
        self.last
    }

    fn check_order(&self, records: &[Record]) -> Result<(), StoreError> {
        let (mut last, mut received_at) = (self.last, self.last_received_at);
        for record in records {
            if record.seq <= last || record.received_at < received_at {
                return Err(StoreError::OutOfOrder {
                    seq: record.seq.0,
                    last: last.0,
                });
            }
            (last, received_at) = (record.seq, record.received_at);
        }
        Ok(())
    }

    fn note(&mut self, error: StoreError) -> StoreError {
        if matches!(error, StoreError::Full { .. }) {
            self.full.store(true, Ordering::Relaxed);
        }
        if error.is_failed_io() || !self.connection.is_autocommit() {
            let detail = error.to_string();
            self.broken = Some(detail.clone());
            return StoreError::Broken {
                path: self.path.clone(),
                detail,
            };
        }
        error
    }

    fn write(&mut self, records: &[Record]) -> rusqlite::Result<()> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert = transaction.prepare_cached(INSERT)?;
        for record in records {
            insert_record(
                &transaction,
                &mut insert,
                &self.codec,
                &mut self.interned,
                &mut self.scratch,
                record,
            )?;
        }
        drop(insert);
        transaction.commit()
    }
}

#[cfg(test)]
impl Writer {
    /// Lets the log grow to so many pages of 4 KiB and no further.
    pub(crate) fn limit_pages(&self, pages: u32) {
        self.connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    }

    /// How many pages the log has.
    pub(crate) fn pages(&self) -> u32 {
        self.connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap()
    }
}

fn insert_record(
    connection: &Connection,
    insert: &mut CachedStatement<'_>,
    codec: &Codec,
    interned: &mut Interned,
    scratch: &mut Scratch,
    record: &Record,
) -> rusqlite::Result<()> {
    let seq = record.seq.0.cast_signed();
    let received_at = Instant(record.received_at);
    match &record.event {
        Event::Observed(observation) => {
            let layer = interned.id(connection, codec.name(observation.layer))?;
            let feed = interned.id(connection, observation.feed.as_str())?;
            let columns = codec.columns(observation, scratch);
            insert.execute(params![
                seq,
                received_at,
                OBSERVED,
                layer,
                feed,
                observation.feature.as_str(),
                columns.observed_at,
                columns.stale_at,
                columns.expires_at,
                columns.geometry,
                columns.properties,
            ])?;
        }
        Event::Withdrawn {
            layer,
            feature,
            feed,
            at,
        } => {
            let layer = interned.id(connection, codec.name(*layer))?;
            let feed = interned.id(connection, feed.as_str())?;
            insert.execute(params![
                seq,
                received_at,
                WITHDRAWN,
                layer,
                feed,
                feature.as_str(),
                at.map(Instant),
                Null,
                Null,
                Null,
                Null,
            ])?;
        }
        Event::Clock => {
            insert.execute(params![
                seq,
                received_at,
                CLOCK,
                ALL_LAYERS,
                Null,
                Null,
                Null,
                Null,
                Null,
                Null,
                Null,
            ])?;
        }
    }
    Ok(())
}
