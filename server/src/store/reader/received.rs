//! How many records were received when, without reading one.
//!
//! `received_at` never decreases along seq, so that the steps of time are ranges of seq, found by
//! bisection; and the index by layer counts a range without touching the records' bodies.

use super::{Instant, Reader, StoreError, sqlite};
use atalaya_tiles::{LayerIx, Seq, Steps};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use std::ops::Range;

impl Reader {
    /// How many records of each layer were received in each step, in the order of `layers`. Clock
    /// records belong to no layer and are not counted.
    pub fn received(
        &mut self,
        layers: &[LayerIx],
        steps: &Steps,
    ) -> Result<Vec<Vec<u32>>, StoreError> {
        let ids: Vec<Option<i64>> = layers
            .iter()
            .map(|layer| {
                let name = self.codec.name(*layer);
                let id = self.interned.known(&self.connection, name);
                id.map_err(sqlite(&self.path))
            })
            .collect::<Result<_, _>>()?;
        let starts = starts(&self.connection, steps).map_err(sqlite(&self.path))?;
        let count = |id: &Option<i64>| match id {
            Some(id) => counts(&self.connection, *id, &starts),
            None => Ok(vec![0; steps.count()]),
        };
        let counts: rusqlite::Result<_> = ids.iter().map(count).collect();
        counts.map_err(sqlite(&self.path))
    }
}

/// The first seq of each step, and the first after the last one.
fn starts(connection: &Connection, steps: &Steps) -> rusqlite::Result<Vec<Seq>> {
    let last: Option<i64> =
        connection.query_row("SELECT max(seq) FROM log", [], |row| row.get(0))?;
    let end = Seq(last.map_or(0, i64::cast_unsigned) + 1);
    let mut starts = Vec::with_capacity(steps.count() + 1);
    let (mut from, mut length) = (Seq(0), 1);
    for at in 0..=steps.count() {
        let next = first_since(connection, steps.start(at), from..end, length)?;
        length = next.0 - from.0;
        from = next;
        starts.push(from);
    }
    Ok(starts)
}

/// The first seq in a range that was received at an instant or later; the range's end if none was.
/// It is looked for first about where it is if this step is as long as the one before.
fn first_since(
    connection: &Connection,
    since: Timestamp,
    range: Range<Seq>,
    length: u64,
) -> rusqlite::Result<Seq> {
    let (mut low, mut high) = (range.start.0, range.end.0);
    let mut stride = length.max(1).saturating_mul(2);
    while low < high {
        let middle = low + (high - low).min(stride) / 2;
        stride = stride.saturating_mul(2);
        match at_or_after(connection, middle)? {
            Some((seq, received_at)) if seq < high && received_at < since => low = seq + 1,
            _ => {
                high = middle;
                stride = u64::MAX;
            }
        }
    }
    Ok(Seq(low))
}

/// The first record at or after a seq, and when it was received.
fn at_or_after(connection: &Connection, seq: u64) -> rusqlite::Result<Option<(u64, Timestamp)>> {
    let sql = "SELECT seq, received_at FROM log WHERE seq >= ?1 ORDER BY seq LIMIT 1";
    let mut select = connection.prepare_cached(sql)?;
    let found = select.query_row([seq.cast_signed()], |row| {
        Ok((
            super::super::codec::seq(row, 0)?.0,
            row.get::<_, Instant>(1)?.0,
        ))
    });
    found.optional()
}

fn counts(connection: &Connection, layer: i64, starts: &[Seq]) -> rusqlite::Result<Vec<u32>> {
    let sql = "SELECT count(*) FROM log WHERE layer = ?1 AND seq >= ?2 AND seq < ?3";
    let mut select = connection.prepare_cached(sql)?;
    let range = |pair: &[Seq]| {
        if pair[0] == pair[1] {
            return Ok(0);
        }
        let range = (layer, pair[0].0.cast_signed(), pair[1].0.cast_signed());
        select.query_row(range, |row| row.get(0))
    };
    starts.windows(2).map(range).collect()
}
