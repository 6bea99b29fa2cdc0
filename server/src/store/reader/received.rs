//! How many records were received when, without reading one.
//!
//! `received_at` never decreases along seq, so that the steps of time are ranges of seq, found by
//! bisection, in the log and in every archive that a step begins in; and the index by layer counts a
//! range without touching the records' bodies. Archives are opened one after the other, and no
//! transaction of the log is held meanwhile.

use super::super::archive::{Entry, entries, folder, open_named};
use super::super::codec::seq;
use super::{Instant, Reader, StoreError, sqlite};
use atalaya_tiles::{LayerIx, Seq, Steps};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use std::ops::Range;

/// More than any seq.
const BEHIND_ALL: Seq = Seq(i64::MAX.cast_unsigned());

impl Reader {
    /// How many records of each layer were received in each step, in the order of `layers`. Clock
    /// records belong to no layer and are not counted.
    pub fn received(
        &mut self,
        layers: &[LayerIx],
        steps: &Steps,
    ) -> Result<Vec<Vec<u32>>, StoreError> {
        let received = self.count_received(layers, steps);
        self.damage.note(received)
    }

    fn count_received(
        &mut self,
        layers: &[LayerIx],
        steps: &Steps,
    ) -> Result<Vec<Vec<u32>>, StoreError> {
        let ids = layers.iter().map(|layer| self.id(*layer));
        let ids: Vec<Option<i64>> = ids.collect::<Result<_, _>>()?;
        let starts = self.starts(steps)?;
        let (archives, mut sums) = self.at_once(|main| {
            let of = |id: &Option<i64>| match id {
                Some(id) => counts(main, *id, &starts, Seq(0)..BEHIND_ALL),
                None => Ok(vec![0; steps.count()]),
            };
            ids.iter().map(of).collect::<rusqlite::Result<Vec<_>>>()
        })?;
        for entry in &archives {
            let moved = entry.first..Seq(entry.moved.0 + 1);
            let is_within = |step: &[Seq]| step[0] < moved.end && moved.start < step[1];
            if !starts.windows(2).any(is_within) {
                continue;
            }
            self.in_archive(entry, |archive| {
                for (id, of_layer) in ids.iter().zip(&mut sums) {
                    let Some(id) = id.filter(|id| entry.layers.contains(id)) else {
                        continue;
                    };
                    let more = counts(archive, id, &starts, moved.clone())?;
                    for (sum, count) in of_layer.iter_mut().zip(more) {
                        *sum = sum.saturating_add(count);
                    }
                }
                Ok(())
            })?;
        }
        Ok(sums)
    }

    /// The first seq of each step, and the first after the last one: the least that the log has, or
    /// that an archive has.
    fn starts(&mut self, steps: &Steps) -> Result<Vec<Seq>, StoreError> {
        let instants: Vec<Timestamp> = (0..=steps.count()).map(|at| steps.start(at)).collect();
        let (archives, mut starts) = self.at_once(|main| {
            let sql = "SELECT max(seq) FROM log";
            let last: Option<i64> = main.query_row(sql, [], |row| row.get(0))?;
            let end = Seq(last.map_or(0, i64::cast_unsigned) + 1);
            let found = first_since_each(main, &instants, Seq(0)..end)?;
            let starts = found.into_iter().map(|first| first.unwrap_or(end));
            Ok(starts.collect::<Vec<Seq>>())
        })?;
        for entry in &archives {
            let inside = instants.partition_point(|at| *at <= entry.first_received_at);
            let behind = instants.partition_point(|at| *at <= entry.last_received_at);
            for start in &mut starts[..inside] {
                *start = (*start).min(entry.first);
            }
            if inside == behind {
                continue;
            }
            let range = entry.first..Seq(entry.last.0 + 1);
            self.in_archive(entry, |archive| {
                let found = first_since_each(archive, &instants[inside..behind], range)?;
                for (start, found) in starts[inside..behind].iter_mut().zip(found) {
                    *start = found.map_or(*start, |found| found.min(*start));
                }
                Ok(())
            })?;
        }
        Ok(starts)
    }

    /// Reads from the log, and what archives it had just then.
    fn at_once<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<(Vec<Entry>, T), StoreError> {
        let outcome = self.rows.main.unchecked_transaction().and_then(|main| {
            let archives = entries(&main)?;
            Ok((archives, read(&main)?))
        });
        outcome.map_err(sqlite(&self.rows.path))
    }

    /// Reads from an archive, unless retention has unlinked it.
    fn in_archive(
        &self,
        entry: &Entry,
        read: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let (main, path) = (&self.rows.main, &self.rows.path);
        match open_named(main, path, &entry.file)? {
            Some(archive) => read(&archive).map_err(sqlite(&folder(path).join(&entry.file))),
            None => Ok(()),
        }
    }
}

/// For each instant, in order, the first seq in a range that was received then or later, if any was.
fn first_since_each(
    connection: &Connection,
    instants: &[Timestamp],
    range: Range<Seq>,
) -> rusqlite::Result<Vec<Option<Seq>>> {
    let mut found = Vec::with_capacity(instants.len());
    let (mut from, mut length) = (range.start, 1);
    for since in instants {
        let first = first_since(connection, *since, from..range.end, length)?;
        let next = first.unwrap_or(range.end);
        length = next.0 - from.0;
        from = next;
        found.push(first);
    }
    Ok(found)
}

/// The first seq in a range that was received at an instant or later. It is looked for first about
/// where it is if this step is as long as the one before.
fn first_since(
    connection: &Connection,
    since: Timestamp,
    range: Range<Seq>,
    length: u64,
) -> rusqlite::Result<Option<Seq>> {
    let (mut low, mut high) = (range.start.0, range.end.0);
    let mut stride = length.max(1).saturating_mul(2);
    // Other files may have records between two of this one: what counts is where its record is.
    let mut first = None;
    while low < high {
        let middle = low + (high - low).min(stride) / 2;
        stride = stride.saturating_mul(2);
        match at_or_after(connection, middle)? {
            Some((seq, received_at)) if seq < high && received_at < since => low = seq + 1,
            found => {
                let found = found.map(|(seq, _)| seq);
                first = found.filter(|seq| *seq < high).or(first);
                high = middle;
                stride = u64::MAX;
            }
        }
    }
    Ok(first.map(Seq))
}

/// The first record at or after a seq, and when it was received.
fn at_or_after(connection: &Connection, from: u64) -> rusqlite::Result<Option<(u64, Timestamp)>> {
    let sql = "SELECT seq, received_at FROM log WHERE seq >= ?1 ORDER BY seq LIMIT 1";
    let mut select = connection.prepare_cached(sql)?;
    let found = select.query_row([from.cast_signed()], |row| {
        Ok((seq(row, 0)?.0, row.get::<_, Instant>(1)?.0))
    });
    found.optional()
}

/// How many records of a layer lie in each step and in a range.
fn counts(
    connection: &Connection,
    layer: i64,
    starts: &[Seq],
    within: Range<Seq>,
) -> rusqlite::Result<Vec<u32>> {
    let sql = "SELECT count(*) FROM log WHERE layer = ?1 AND seq >= ?2 AND seq < ?3";
    let mut select = connection.prepare_cached(sql)?;
    let range = |step: &[Seq]| {
        let (from, until) = (step[0].max(within.start), step[1].min(within.end));
        if from >= until {
            return Ok(0);
        }
        let range = (layer, from.0.cast_signed(), until.0.cast_signed());
        select.query_row(range, |row| row.get(0))
    };
    starts.windows(2).map(range).collect()
}
