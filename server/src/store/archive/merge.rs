//! Reading the log and its archives as one, in order of seq.
//!
//! A page of the log and the list of archives are read in one transaction. Up to the end of that page
//! an archive gives what had moved into it by then and the page gives the rest, whatever moves
//! meanwhile: no record is missed, and none is read twice.

use super::super::codec::Codec;
use super::super::error::{StoreError, sqlite};
use super::super::interned::Interned;
use super::{Entry, entries, open_named};
use atalaya_tiles::{Record, Seq};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::path::PathBuf;

/// Records of a page.
pub(crate) const PAGE: u16 = 2_048;

/// A page of a log and where it ends.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) records: VecDeque<Record>,
    /// The last row read; `None` where there were no more.
    pub(crate) last: Option<Seq>,
}

/// What turns rows into records: names are looked up in the log, whose numbers the archives share.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) main: Connection,
    pub(crate) path: PathBuf,
    pub(crate) codec: Codec,
    pub(crate) interned: Interned,
}

impl Rows {
    /// A page of a file after a position.
    fn page(&mut self, of: Option<&Connection>, sql: &str, after: Seq) -> rusqlite::Result<Page> {
        let connection = of.unwrap_or(&self.main);
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((after.0.cast_signed(), PAGE))?;
        let mut records = VecDeque::with_capacity(usize::from(PAGE));
        let (mut last, mut count) = (after, 0_u16);
        while let Some(row) = rows.next()? {
            last = super::super::codec::seq(row, 0)?;
            count += 1;
            let record = self.codec.record(&self.main, &mut self.interned, row)?;
            records.extend(record);
        }
        let last = (count == PAGE).then_some(last);
        Ok(Page { records, last })
    }

    /// A page of the log, and the archives as of the same moment.
    fn snapshot(&mut self, sql: &str, after: Seq) -> rusqlite::Result<(Page, Vec<Entry>)> {
        self.main.execute_batch("BEGIN")?;
        let read =
            entries(&self.main).and_then(|entries| Ok((self.page(None, sql, after)?, entries)));
        self.main.execute_batch("COMMIT")?;
        read
    }
}

/// What an archive still has to give up to the end of a page.
#[derive(Debug)]
struct Part {
    name: String,
    first: Seq,
    after: Seq,
    until: Seq,
    connection: Option<Connection>,
    waiting: VecDeque<Record>,
    ended: bool,
}

/// One walk through the log and its archives.
#[derive(Debug)]
pub(crate) struct Merge<'r> {
    rows: &'r mut Rows,
    sql: String,
    /// The numbers of the layers that are read; all without.
    layers: Option<Vec<i64>>,
    page: VecDeque<Record>,
    parts: Vec<Part>,
    /// Where the next page begins; `None` after the last one.
    next: Option<Seq>,
}

impl<'r> Merge<'r> {
    /// From after a position on.
    pub(crate) fn new(
        rows: &'r mut Rows,
        sql: String,
        layers: Option<Vec<i64>>,
        after: Seq,
    ) -> Self {
        Self {
            rows,
            sql,
            layers,
            page: VecDeque::new(),
            parts: Vec::new(),
            next: Some(after),
        }
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, StoreError> {
        loop {
            self.wake()?;
            let seqs = self.parts.iter().map(|part| part.waiting.front());
            let seqs = seqs.chain([self.page.front()]).enumerate();
            let first = seqs
                .filter_map(|(at, record)| Some((record?.seq, at)))
                .min();
            if let Some((_, at)) = first {
                let part = self.parts.get_mut(at).map(|part| &mut part.waiting);
                return Ok(part.unwrap_or(&mut self.page).pop_front());
            }
            let Some(after) = self.next else {
                return Ok(None);
            };
            self.turn(after)?;
        }
    }

    /// Reads the next page, and what the archives have up to its end.
    fn turn(&mut self, after: Seq) -> Result<(), StoreError> {
        let read = self.rows.snapshot(&self.sql, after);
        let (page, entries) = read.map_err(sqlite(&self.rows.path))?;
        let end = page.last.unwrap_or(Seq(u64::MAX));
        let wanted = |entry: &Entry| {
            let layers = self.layers.as_ref();
            entry.first <= end
                && entry.moved > after
                && layers.is_none_or(|ids| entry.layers.iter().any(|id| ids.contains(id)))
        };
        let parts = entries.into_iter().filter(wanted).map(|entry| Part {
            name: entry.file,
            first: entry.first,
            after,
            until: end.min(entry.moved),
            connection: None,
            waiting: VecDeque::new(),
            ended: false,
        });
        self.parts = parts.collect();
        self.page = page.records;
        self.next = page.last;
        Ok(())
    }

    /// Reads on in every archive that may hold the next record.
    fn wake(&mut self) -> Result<(), StoreError> {
        self.parts
            .retain(|part| !part.ended || !part.waiting.is_empty());
        for at in 0..self.parts.len() {
            let waiting = self.parts.iter().filter_map(|part| part.waiting.front());
            let least = waiting
                .chain(self.page.front())
                .map(|record| record.seq)
                .min();
            let part = &mut self.parts[at];
            // Archives come in order of their first record: the rest begin later still.
            if least.is_some_and(|least| part.first > least) {
                return Ok(());
            }
            while part.waiting.is_empty() && !part.ended {
                part.read(self.rows, &self.sql)?;
            }
        }
        Ok(())
    }
}

impl Part {
    fn read(&mut self, rows: &mut Rows, sql: &str) -> Result<(), StoreError> {
        if self.connection.is_none() {
            self.connection = open_named(&rows.main, &rows.path, &self.name)?;
        }
        let Some(connection) = &self.connection else {
            self.ended = true;
            return Ok(());
        };
        let page = rows.page(Some(connection), sql, self.after);
        let page = page.map_err(sqlite(&super::folder(&rows.path).join(&self.name)))?;
        let until = self.until;
        self.waiting.extend(
            page.records
                .into_iter()
                .take_while(|record| record.seq <= until),
        );
        if let Some(last) = page.last.filter(|last| *last < until) {
            self.after = last;
        } else {
            self.ended = true;
            self.connection = None;
        }
        Ok(())
    }
}
