//! The features of a checkpoint, read by several threads.
//!
//! Most of the work is to read rows and to find the places of what is in them, which needs no picture. The rows are cut
//! into stretches of row ids; each thread reads every so many-th of them with a connection of its own, and they
//! are taken in their order, so that it makes no difference how many threads there are.

use super::{open_own, threads};
use crate::store::codec::instant::Instant;
use crate::store::codec::{Codec, Unknown, odd, read_noticed, read_trail, seq};
use crate::store::interned::Interned;
use crate::store::sums::{HOT, Sum};
use atalaya_tiles::{Catalog, HotFeature, LayerIx, Revived};
use rusqlite::{Connection, Row};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Rows of a stretch, about, and stretches that wait for their turn with each thread.
const STRETCH: i64 = 2_048;
const WAITING: usize = 8;

/// What is read of the rows.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'w> {
    pub(super) catalog: Arc<Catalog>,
    /// Layers that are not read.
    pub(super) lacking: &'w [LayerIx],
    /// Whether the clearances are those of the checkpoint.
    pub(super) same: bool,
}

/// A stretch of row ids.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: i64,
    to: i64,
}

/// Gives every feature of the checkpoint in the file to `put_back`, in the order of its rows; what was left out of them.
pub(super) fn read(
    connection: &Connection,
    path: &Path,
    wanted: &Wanted<'_>,
    mut put_back: impl FnMut(Revived),
) -> rusqlite::Result<Unknown> {
    let stretches = stretches(connection)?;
    let threads = threads(stretches.len());
    std::thread::scope(|scope| {
        let mut readers = Vec::with_capacity(threads);
        for first in 0..threads {
            let own = stretches.iter().copied().skip(first).step_by(threads);
            let mut rows = Rows::open(path, wanted)?;
            let (read, waiting) = sync_channel(WAITING);
            let reading = scope.spawn(move || {
                let outcome = rows.read(own, &read);
                outcome.map(|sum| (rows.codec.unknown, sum))
            });
            readers.push((waiting, reading));
        }
        for at in 0..stretches.len() {
            // A reader that has ended too soon says why below.
            let Ok(features) = readers[at % threads].0.recv() else {
                break;
            };
            features.into_iter().for_each(&mut put_back);
        }
        let (mut unknown, mut sum) = (Unknown::default(), Sum::default());
        for (waiting, reading) in readers {
            // Who has more to send is not to wait for it to be taken.
            drop(waiting);
            let read = reading.join();
            let (of, rows) = read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            sum.add_all(rows);
            unknown.rows += of.rows;
            unknown.values += of.values;
        }
        sum.check(&HOT, connection).map(|()| unknown)
    })
}

/// Cuts the rows. Row ids have gaps where features left; a stretch is as much longer.
fn stretches(connection: &Connection) -> rusqlite::Result<Vec<Stretch>> {
    let ends = "SELECT min(rowid), max(rowid) FROM hot";
    let ends = connection.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = ends else {
        return Ok(Vec::new());
    };
    let (first, last): (i64, i64) = (first, last);
    let count: i64 = connection.query_row("SELECT count(*) FROM hot", [], |row| row.get(0))?;
    let span = last.saturating_sub(first).saturating_add(1);
    let stretches = (count / STRETCH).max(1);
    let length = (span / stretches).max(STRETCH);
    let mut cut = Vec::new();
    let mut from = first;
    loop {
        let to = from.saturating_add(length - 1).min(last);
        cut.push(Stretch { from, to });
        if to == last {
            return Ok(cut);
        }
        from = to + 1;
    }
}

/// Rows as one thread reads them.
struct Rows<'w> {
    connection: Connection,
    codec: Codec,
    interned: Interned,
    wanted: Wanted<'w>,
}

impl<'w> Rows<'w> {
    fn open(path: &Path, wanted: &Wanted<'w>) -> rusqlite::Result<Self> {
        Ok(Self {
            connection: open_own(path)?,
            codec: Codec::new(Arc::clone(&wanted.catalog)),
            interned: Interned::default(),
            wanted: wanted.clone(),
        })
    }

    /// Reads the stretches one after the other, for as long as somebody takes them, and adds up their rows.
    fn read(
        &mut self,
        stretches: impl Iterator<Item = Stretch>,
        read: &SyncSender<Vec<Revived>>,
    ) -> rusqlite::Result<Sum> {
        let Self {
            connection,
            codec,
            interned,
            wanted,
        } = self;
        let sql = format!("{} WHERE rowid BETWEEN ? AND ?", HOT.select());
        let mut select = connection.prepare(&sql)?;
        let mut sum = Sum::default();
        for Stretch { from, to } in stretches {
            let mut features = Vec::new();
            let mut rows = select.query([from, to])?;
            while let Some(row) = rows.next()? {
                sum.add(&HOT, row)?;
                let Some(layer) = codec.layer(connection, interned, row.get(0)?)? else {
                    codec.unknown.rows += 1;
                    continue;
                };
                if !wanted.lacking.contains(&layer) {
                    let hot = hot(row, layer, (connection, codec, interned), wanted.same)?;
                    features.push(hot.revived(&wanted.catalog));
                }
            }
            if read.send(features).is_err() {
                break;
            }
        }
        Ok(sum)
    }
}

/// Reads a row, the catalog's layer of which is known.
fn hot(
    row: &Row<'_>,
    layer: LayerIx,
    (connection, codec, interned): (&Connection, &mut Codec, &mut Interned),
    same: bool,
) -> rusqlite::Result<HotFeature> {
    let trail = row.get_ref(4)?.as_blob_or_null()?;
    let trail =
        trail.map(|bytes| read_trail(bytes).ok_or_else(|| odd(4, "the trail is none".into())));
    // Under other clearances the numbers mean nothing: then everybody noticed.
    let noticed = row.get_ref(5)?.as_blob_or_null()?;
    let noticed = noticed.filter(|_| same).map(read_noticed);
    Ok(HotFeature {
        observation: codec.observation(connection, interned, row, 6, layer)?,
        received_at: row.get::<_, Instant>(2)?.0,
        seq: seq(row, 1)?,
        stale: row.get(3)?,
        trail: trail.transpose()?.unwrap_or_default(),
        noticed: noticed.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
