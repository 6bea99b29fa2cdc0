//! Sightings in a checkpoint: segments that never change, each written once, and deleted when it is
//! merged into another or all of it is gone. One that is found damaged, or odd in any way, is marked; its
//! layer is then folded from the log, and the next checkpoint writes it anew.

use super::checkpointer::Stand;
use super::codec::instant::Instant;
use super::codec::{Codec, seq};
use super::interned::Interned;
use atalaya_tiles::{Catalog, LayerIx, LayerKind, Sealed, SealedKey};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use std::collections::HashMap;

/// What a checkpoint has of sightings.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// The layers of which it has all.
    pub(crate) layers: Vec<LayerIx>,
    /// Their sightings, in order within a layer.
    pub(crate) sealed: Vec<Sealed>,
}

impl Segments {
    /// Reads what a checkpoint has.
    pub(crate) fn read(
        connection: &Connection,
        codec: &mut Codec,
        interned: &mut Interned,
        stand: &Stand,
    ) -> rusqlite::Result<Self> {
        let mut segments = Self {
            layers: sightings(&codec.catalog, stand),
            sealed: Vec::new(),
        };
        let kept = kept(connection, codec, interned)?;
        let mut damaged = Vec::new();
        let mut last = HashMap::new();
        let mut select = connection.prepare(
            "SELECT id, layer, first_seq, last_seq, sightings, crc32, bytes FROM segments
             ORDER BY layer, first_seq",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let layer = codec.layer(connection, interned, row.get(1)?)?;
            let Some(layer) = layer.filter(|layer| segments.layers.contains(layer)) else {
                continue;
            };
            let from = kept.get(&layer).map(|(from, _)| *from);
            let sealed = from.map(|from| sealed(row, &codec.catalog, layer, from));
            let sealed = sealed.transpose()?.flatten();
            let before = last.get(&layer).copied();
            match sealed.filter(|sealed| before.is_none_or(|last| last < sealed.key().first)) {
                Some(sealed) => {
                    last.insert(layer, sealed.key().last);
                    segments.sealed.push(sealed);
                }
                None => damaged.push((row.get::<_, i64>(0)?, layer)),
            }
        }
        for (id, layer) in damaged {
            segments.forget(layer);
            // Where even that fails, the next start finds it again.
            let sql = "UPDATE segments SET sightings = 0 WHERE id = ?1";
            connection.execute(sql, [id]).ok();
        }
        for (layer, (_, count)) in kept {
            let of_layer = segments.sealed.iter().filter(|it| it.layer() == layer);
            if u32::try_from(of_layer.count()) != Ok(count) {
                segments.forget(layer);
            }
        }
        Ok(segments)
    }

    /// Leaves a layer to the log.
    fn forget(&mut self, layer: LayerIx) {
        self.layers.retain(|whole| *whole != layer);
        self.sealed.retain(|sealed| sealed.layer() != layer);
    }
}

/// The sighting layers that a checkpoint has with their sightings.
fn sightings(catalog: &Catalog, stand: &Stand) -> Vec<LayerIx> {
    let layers = catalog.layers();
    let kept = layers.filter(|(_, spec)| {
        stand.sealed && spec.kind == LayerKind::Sighting && stand.covers(catalog, spec)
    });
    kept.map(|(layer, _)| layer).collect()
}

/// Since when the sightings of each layer are kept, and how many segments it has.
fn kept(
    connection: &Connection,
    codec: &mut Codec,
    interned: &mut Interned,
) -> rusqlite::Result<HashMap<LayerIx, (Timestamp, u32)>> {
    let mut select = connection.prepare("SELECT layer, received_from, segments FROM kept")?;
    let mut rows = select.query([])?;
    let mut kept = HashMap::new();
    while let Some(row) = rows.next()? {
        if let Some(layer) = codec.layer(connection, interned, row.get(0)?)? {
            kept.insert(layer, (row.get::<_, Instant>(1)?.0, row.get::<_, u32>(2)?));
        }
    }
    Ok(kept)
}

/// The sightings of a row, if they are what it says.
fn sealed(
    row: &Row<'_>,
    catalog: &Catalog,
    layer: LayerIx,
    from: Timestamp,
) -> rusqlite::Result<Option<Sealed>> {
    let key = key(row, 2)?;
    let bytes = row.get_ref(6)?.as_blob()?;
    if key.rows == 0 || row.get::<_, u32>(5)? != crc32(&[bytes]) {
        return Ok(None);
    }
    let sealed = Sealed::from_bytes(catalog, layer, from, bytes);
    Ok(sealed.filter(|sealed| sealed.key() == key))
}

fn key(row: &Row<'_>, first: usize) -> rusqlite::Result<SealedKey> {
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
