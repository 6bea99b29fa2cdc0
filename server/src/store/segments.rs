//! Sightings in a checkpoint: segments that never change, each written once, and deleted when it is
//! merged into another or all of it is gone. One that is found damaged, or odd in any way, is marked; its
//! layer is then folded from the log, and the next checkpoint writes it anew.

use super::codec::instant::Instant;
use super::codec::seq;
use super::sums::KEPT;
use atalaya_tiles::{LayerIx, Sealed, SealedKey};
use rusqlite::{Connection, Row, params};
use std::collections::HashMap;

/// What a row says that its sightings are, from this column on.
pub(crate) fn key(row: &Row<'_>, first: usize) -> rusqlite::Result<SealedKey> {
    Ok(SealedKey {
        first: seq(row, first)?,
        last: seq(row, first + 1)?,
        rows: row.get(first + 2)?,
    })
}

/// The checksum of some bytes in a row.
pub(crate) fn crc32(parts: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    for bytes in parts {
        crc.update(bytes);
    }
    crc.sum()
}

/// Makes the segments of a checkpoint those that there are now.
pub(crate) fn write(
    connection: &Connection,
    sealed: &[Sealed],
    mut number: impl FnMut(LayerIx) -> rusqlite::Result<i64>,
) -> rusqlite::Result<()> {
    let mut select = connection
        .prepare_cached("SELECT layer, first_seq, last_seq, sightings, id FROM segments")?;
    let old = select.query_map([], |row| {
        Ok(((row.get::<_, i64>(0)?, key(row, 1)?), row.get::<_, i64>(4)?))
    })?;
    let mut gone: HashMap<(i64, SealedKey), i64> = old.collect::<rusqlite::Result<_>>()?;
    let mut fresh = Vec::new();
    connection.execute("DELETE FROM kept", [])?;
    KEPT.emptied(connection)?;
    let mut keep = connection.prepare_cached(
        "INSERT INTO kept (layer, received_from, segments) VALUES (?1, ?2, 1)
         ON CONFLICT (layer) DO UPDATE SET segments = segments + 1",
    )?;
    for sealed in sealed {
        let layer = number(sealed.layer())?;
        keep.execute(params![layer, Instant(sealed.received_from())])?;
        if gone.remove(&(layer, sealed.key())).is_none() {
            fresh.push((layer, sealed));
        }
    }
    let mut delete = connection.prepare_cached("DELETE FROM segments WHERE id = ?1")?;
    for id in gone.values() {
        delete.execute([id])?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO segments (layer, first_seq, last_seq, sightings, crc32, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (layer, sealed) in fresh {
        let (key, bytes) = (sealed.key(), sealed.to_bytes());
        insert.execute(params![
            layer,
            key.first.0.cast_signed(),
            key.last.0.cast_signed(),
            key.rows,
            crc32(&[&bytes]),
            bytes,
        ])?;
    }
    Ok(())
}
