//! Writing one archive: rows of the log as they are, in a file that nobody reads before it has its name.

use super::super::codec::LOG_COLUMNS;
use super::super::codec::instant::Instant;
use super::super::error::{StoreError, io, sqlite};
use super::super::private;
use super::super::schema::ARCHIVE;
use super::{Entry, runs};
use atalaya_tiles::Seq;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What goes into one archive: the records of a class's layers, in a range of the log.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) class: String,
    pub(super) begins_at: Timestamp,
    pub(super) layers: Vec<i64>,
    pub(super) first: Seq,
    pub(super) until: Seq,
}

/// An archive that is being written.
#[derive(Debug)]
pub(super) struct Copying {
    connection: Connection,
    part: PathBuf,
    plan: Plan,
    after: Seq,
    layers: BTreeSet<i64>,
    first: Option<(Seq, Timestamp)>,
    last: Option<(Seq, Timestamp)>,
    records: u64,
}

impl Copying {
    pub(super) fn begin(folder: &Path, main: &Connection, plan: Plan) -> Result<Self, StoreError> {
        let part = folder.join("next.part");
        if part.exists() {
            std::fs::remove_file(&part).map_err(io(&part))?;
        }
        private::make_file(&part)?;
        let mut connection = Connection::open(&part).map_err(sqlite(&part))?;
        // What a crash cuts short is thrown away, so that until the end nothing has to be durable.
        connection
            .pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))
            .and_then(|()| connection.pragma_update(None, "synchronous", "OFF"))
            .map_err(sqlite(&part))?;
        ARCHIVE.migrate(&mut connection, &part)?;
        let names = names(main).map_err(sqlite(main.path().map_or(folder, Path::new)))?;
        for (id, name) in names {
            connection
                .execute("INSERT INTO names VALUES (?1, ?2)", params![id, name])
                .map_err(sqlite(&part))?;
        }
        Ok(Self {
            connection,
            part,
            after: Seq(plan.first.0 - 1),
            plan,
            layers: BTreeSet::new(),
            first: None,
            last: None,
            records: 0,
        })
    }

    /// The next rows of the log, as they are.
    pub(super) fn rows(&self, main: &Connection, batch: u16) -> rusqlite::Result<Vec<Vec<Value>>> {
        let mut select = main.prepare_cached(&runs(LOG_COLUMNS, &self.plan.layers))?;
        let columns = select.column_count();
        let rows = select.query_map((self.after.0.cast_signed(), batch), |row| {
            (0..columns).map(|column| row.get(column)).collect()
        })?;
        let until = self.plan.until.0.cast_signed();
        let within =
            |row: &Vec<Value>| matches!(row.first(), Some(Value::Integer(seq)) if *seq <= until);
        let mut within_until = Vec::new();
        for row in rows {
            let row = row?;
            if !within(&row) {
                break;
            }
            within_until.push(row);
        }
        Ok(within_until)
    }

    /// Writes rows; says whether they were the last.
    pub(super) fn copy(&mut self, rows: &[Vec<Value>]) -> Result<bool, StoreError> {
        let written = self.write(rows);
        written.map_err(sqlite(&self.part))?;
        Ok(rows.is_empty())
    }

    fn write(&mut self, rows: &[Vec<Value>]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let sql = format!(
            "INSERT INTO log ({LOG_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        );
        let mut insert = transaction.prepare_cached(&sql)?;
        let mut read =
            transaction.prepare_cached("SELECT received_at, layer FROM log WHERE seq = ?1")?;
        for row in rows {
            insert.execute(params_from_iter(row))?;
            let Some(Value::Integer(seq)) = row.first() else {
                continue;
            };
            let (at, layer) =
                read.query_row([seq], |row| Ok((row.get::<_, Instant>(0)?.0, row.get(1)?)))?;
            let place = (Seq(seq.cast_unsigned()), at);
            self.first.get_or_insert(place);
            self.last = Some(place);
            self.after = place.0;
            self.layers.insert(layer);
            self.records += 1;
        }
        drop((insert, read));
        transaction.commit()
    }

    /// Throws it away.
    pub(super) fn abandon(self) -> Result<(), StoreError> {
        drop(self.connection);
        std::fs::remove_file(&self.part).map_err(io(&self.part))
    }

    /// Gives the file its name, durably, and returns what the log is to say of it; nothing if retention
    /// was faster.
    pub(super) fn finish(
        self,
        folder: &Path,
        span: SignedDuration,
        known: &[Entry],
    ) -> Result<Option<Entry>, StoreError> {
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return self.abandon().map(|()| None);
        };
        let file = self.name(span, known);
        let path = folder.join(&file);
        drop(self.connection);
        std::fs::File::options()
            .write(true)
            .open(&self.part)
            .and_then(|part| part.sync_all())
            .and_then(|()| std::fs::rename(&self.part, &path))
            .and_then(|()| std::fs::File::open(folder)?.sync_all())
            .map_err(io(&path))?;
        Ok(Some(Entry {
            file,
            layers: self.layers.into_iter().collect(),
            first: first.0,
            last: last.0,
            first_received_at: first.1,
            last_received_at: last.1,
            records: self.records,
            moved: Seq(first.0.0 - 1),
        }))
    }

    /// A name that no archive has: that of the day, with a number where the day has one already.
    fn name(&self, span: SignedDuration, known: &[Entry]) -> String {
        let at = self.plan.begins_at.to_zoned(TimeZone::UTC);
        let day = if span >= SignedDuration::from_hours(24) {
            at.strftime("%Y-%m-%d").to_string()
        } else {
            at.strftime("%Y-%m-%dT%H%M%S").to_string()
        };
        let plain = format!("{day}-{}.db", self.plan.class);
        let numbered = (2_u32..).map(|n| format!("{day}-{}.{n}.db", self.plan.class));
        let mut names = std::iter::once(plain.clone()).chain(numbered);
        let free = names.find(|name| known.iter().all(|entry| entry.file != *name));
        free.unwrap_or(plain)
    }
}

fn names(main: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut select = main.prepare_cached("SELECT id, name FROM names")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
