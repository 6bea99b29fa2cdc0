//! The sightings of a checkpoint, read by several threads: to check a segment and to find its places takes far longer than to read it.

use super::{open_own, threads};
use crate::store::checkpointer::Stand;
use crate::store::codec::Codec;
use crate::store::codec::instant::Instant;
use crate::store::interned::Interned;
use crate::store::segments::{crc32, key};
use crate::store::sums::KEPT;
use atalaya_tiles::{Catalog, LayerIx, LayerKind, Sealed, SealedKey};
use jiff::Timestamp;
use rusqlite::{Connection, Row};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a checkpoint has of sightings.
#[derive(Debug)]
pub(super) struct Segments {
    /// The layers of which it has all.
    pub(super) layers: Vec<LayerIx>,
    /// Their sightings, in order within a layer.
    pub(super) sealed: Vec<Sealed>,
}

/// A segment as its row says it is.
#[derive(Debug)]
struct Said {
    id: i64,
    layer: LayerIx,
    /// Since when its sightings are kept, where that is known.
    from: Option<Timestamp>,
    key: SealedKey,
}

impl Segments {
    /// Reads what the checkpoint in the file has.
    pub(super) fn read(
        connection: &Connection,
        path: &Path,
        (codec, interned): (&mut Codec, &mut Interned),
        stand: &Stand,
    ) -> rusqlite::Result<Self> {
        let mut segments = Self {
            layers: sightings(&codec.catalog, stand),
            sealed: Vec::new(),
        };
        if KEPT.check(connection).is_err() {
            segments.layers.clear();
        }
        let kept = kept(connection, codec, interned)?;
        let mut said = said(connection, codec, interned)?;
        said.retain(|said| segments.layers.contains(&said.layer));
        for said in &mut said {
            said.from = kept.get(&said.layer).map(|(from, _)| *from);
        }
        let (mut last, mut damaged) = (HashMap::new(), Vec::new());
        for (said, sealed) in said.iter().zip(sealed(path, &codec.catalog, &said)?) {
            let before = last.insert(said.layer, said.key.last);
            match sealed.filter(|_| before.is_none_or(|last| last < said.key.first)) {
                Some(sealed) => segments.sealed.push(sealed),
                None => damaged.push(said),
            }
        }
        for Said { id, layer, .. } in damaged {
            segments.forget(*layer);
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

/// The segments that there are, without what is in them, in the order in which they are put back.
fn said(
    connection: &Connection,
    codec: &mut Codec,
    interned: &mut Interned,
) -> rusqlite::Result<Vec<Said>> {
    let mut select = connection.prepare(
        "SELECT id, layer, first_seq, last_seq, sightings FROM segments ORDER BY layer, first_seq",
    )?;
    let mut rows = select.query([])?;
    let mut said = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(layer) = codec.layer(connection, interned, row.get(1)?)? {
            said.push(Said {
                id: row.get(0)?,
                layer,
                from: None,
                key: key(row, 2)?,
            });
        }
    }
    Ok(said)
}

/// What is in the segments, each if it is what its row says.
fn sealed(path: &Path, catalog: &Catalog, said: &[Said]) -> rusqlite::Result<Vec<Option<Sealed>>> {
    let next = AtomicUsize::new(0);
    let read = || {
        let connection = open_own(path)?;
        let mut select = connection.prepare("SELECT crc32, bytes FROM segments WHERE id = ?1")?;
        let mut read = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(said) = said.get(at) else {
                return Ok(read);
            };
            let sealed = select.query_row([said.id], |row| one(row, catalog, said))?;
            read.push((at, sealed));
        }
    };
    std::thread::scope(|scope| {
        let readers = (0..threads(said.len())).map(|_| scope.spawn(read));
        let readers: Vec<_> = readers.collect();
        let mut all: Vec<Option<Sealed>> = Vec::new();
        all.resize_with(said.len(), || None);
        for reader in readers {
            let read = reader.join();
            let read: rusqlite::Result<Vec<_>> =
                read.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            for (at, sealed) in read? {
                all[at] = sealed;
            }
        }
        Ok(all)
    })
}

fn one(row: &Row<'_>, catalog: &Catalog, said: &Said) -> rusqlite::Result<Option<Sealed>> {
    let bytes = row.get_ref(1)?.as_blob()?;
    let Some(from) = said.from else {
        return Ok(None);
    };
    if said.key.rows == 0 || row.get::<_, u32>(0)? != crc32(&[bytes]) {
        return Ok(None);
    }
    let sealed = Sealed::from_bytes(catalog, said.layer, from, bytes);
    Ok(sealed.filter(|sealed| sealed.key() == said.key))
}
