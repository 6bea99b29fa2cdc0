//! Records and hot features as rows, and back.
//!
//! Rows carry names, not positions of the catalog, because catalogs change between two starts: what
//! a catalog no longer knows is left out and counted. Everything else comes back bit for bit (for
//! geometries see [`wkb`]).

pub(crate) mod instant;
mod properties;
pub(crate) mod wkb;

use instant::Instant;
use properties::Fields;

use super::interned::Interned;
use atalaya_tiles::{
    Catalog, Event, FeatureId, FeedName, Fix, LayerIx, LonLat, Observation, Properties, Record, Seq,
};
use jiff::Timestamp;
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, Row};
use std::collections::HashMap;
use std::sync::Arc;

/// The kinds of record, as the log numbers them.
pub(crate) const OBSERVED: i64 = 0;
pub(crate) const WITHDRAWN: i64 = 1;
pub(crate) const CLOCK: i64 = 2;

/// The number that clock records have in place of a layer.
pub(crate) const ALL_LAYERS: i64 = 0;

/// The columns of the log, in the order that [`Codec::record`] reads.
pub(crate) const LOG_COLUMNS: &str = "seq, received_at, kind, layer, \
     feed, feature, observed_at, stale_at, expires_at, geometry, properties";

/// Bytes of a fix in a trail.
const FIX: usize = 28;

/// What rows held that the catalog does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unknown {
    /// Rows of layers that the catalog does not have.
    pub rows: u64,
    /// Values of fields that their layer does not have, or that it no longer takes.
    pub values: u64,
}

/// Room for what is being written, used again for every row.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    geometry: Vec<u8>,
    properties: String,
}

/// The columns of an observation.
#[derive(Debug)]
pub(crate) struct Columns<'a> {
    pub(crate) observed_at: Option<Instant>,
    pub(crate) stale_at: Option<Instant>,
    pub(crate) expires_at: Option<Instant>,
    pub(crate) geometry: Option<&'a [u8]>,
    pub(crate) properties: &'a str,
}

/// A catalog, ready for rows.
#[derive(Debug)]
pub(crate) struct Codec {
    pub(crate) catalog: Arc<Catalog>,
    fields: Vec<Fields>,
    /// Layers by the number of their name in this file; `None` for those that are not in the catalog.
    layers: HashMap<i64, Option<LayerIx>>,
    pub(crate) unknown: Unknown,
}

impl Codec {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        let fields = catalog.layers();
        Self {
            fields: fields.map(|(at, _)| Fields::of(&catalog, at)).collect(),
            catalog,
            layers: HashMap::new(),
            unknown: Unknown::default(),
        }
    }

    /// The name of a layer.
    pub(crate) fn name(&self, layer: LayerIx) -> &str {
        &self.catalog.spec(layer).name
    }

    /// The layer of a number, if the catalog has it.
    pub(crate) fn layer(
        &mut self,
        connection: &Connection,
        interned: &mut Interned,
        id: i64,
    ) -> rusqlite::Result<Option<LayerIx>> {
        if let Some(layer) = self.layers.get(&id) {
            return Ok(*layer);
        }
        let name = interned.name(connection, id)?;
        let layer = name.and_then(|name| self.catalog.layer(name.as_str()));
        self.layers.insert(id, layer);
        Ok(layer)
    }

    /// The columns of an observation.
    pub(crate) fn columns<'a>(
        &self,
        observation: &Observation,
        scratch: &'a mut Scratch,
    ) -> Columns<'a> {
        scratch.geometry.clear();
        scratch.properties.clear();
        if let Some(geometry) = &observation.geometry {
            wkb::write(&mut scratch.geometry, geometry);
        }
        if let Some(fields) = self.fields.get(observation.layer.index()) {
            fields.write(&mut scratch.properties, &observation.properties);
        }
        let geometry = observation.geometry.is_some();
        Columns {
            observed_at: observation.observed_at.map(Instant),
            stale_at: observation.stale_at.map(Instant),
            expires_at: observation.expires_at.map(Instant),
            geometry: geometry.then_some(&scratch.geometry),
            properties: &scratch.properties,
        }
    }

    /// The record of a row with [`LOG_COLUMNS`]; `None` if the catalog does not know its layer.
    pub(crate) fn record(
        &mut self,
        connection: &Connection,
        interned: &mut Interned,
        row: &Row<'_>,
    ) -> rusqlite::Result<Option<Record>> {
        let (kind, layer): (i64, i64) = (row.get(2)?, row.get(3)?);
        let event = if kind == CLOCK {
            Event::Clock
        } else {
            let Some(layer) = self.layer(connection, interned, layer)? else {
                self.unknown.rows += 1;
                return Ok(None);
            };
            match kind {
                OBSERVED => Event::Observed(self.observation(connection, interned, row, 4, layer)?),
                WITHDRAWN => Event::Withdrawn {
                    layer,
                    feed: feed(connection, interned, row, 4)?,
                    feature: feature(row, 5)?,
                    at: instant(row, 6)?,
                },
                other => return Err(odd(2, format!("{other} is no kind of record"))),
            }
        };
        Ok(Some(Record {
            seq: seq(row, 0)?,
            received_at: row.get::<_, Instant>(1)?.0,
            event,
        }))
    }

    /// The observation whose columns begin with the feed at `first`.
    pub(crate) fn observation(
        &mut self,
        connection: &Connection,
        interned: &mut Interned,
        row: &Row<'_>,
        first: usize,
        layer: LayerIx,
    ) -> rusqlite::Result<Observation> {
        let geometry = row.get_ref(first + 5)?.as_blob_or_null()?;
        let geometry = geometry.map(|wkb| {
            wkb::read(wkb).ok_or_else(|| odd(first + 5, "the geometry is no WKB".into()))
        });
        let properties = row.get_ref(first + 6)?.as_str_or_null()?;
        let properties = match (properties, self.fields.get(layer.index())) {
            (Some(text), Some(fields)) => fields
                .read(text, &mut self.unknown.values)
                .map_err(|detail| odd(first + 6, detail))?,
            _ => Properties::default(),
        };
        Ok(Observation {
            layer,
            feed: feed(connection, interned, row, first)?,
            feature: feature(row, first + 1)?,
            observed_at: instant(row, first + 2)?,
            stale_at: instant(row, first + 3)?,
            expires_at: instant(row, first + 4)?,
            geometry: geometry.transpose()?,
            properties,
        })
    }
}

/// A row that says something impossible.
pub(crate) fn odd(column: usize, detail: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, detail.into())
}

/// The seq in a column.
pub(crate) fn seq(row: &Row<'_>, column: usize) -> rusqlite::Result<Seq> {
    Ok(Seq(row.get::<_, i64>(column)?.cast_unsigned()))
}

fn feed(
    connection: &Connection,
    interned: &mut Interned,
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<FeedName> {
    let id = row.get(column)?;
    interned
        .name(connection, id)?
        .ok_or_else(|| odd(column, format!("there is no name {id}")))
}

/// The feature id in a column.
pub(crate) fn feature(row: &Row<'_>, column: usize) -> rusqlite::Result<FeatureId> {
    let text = row
        .get_ref(column)?
        .as_str()
        .map_err(|e| from_sql(column, e))?;
    Ok(FeatureId::from(text))
}

fn from_sql(column: usize, error: FromSqlError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, error.into())
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<Instant>>(column)?.map(|at| at.0))
}

/// A trail as bytes.
pub(crate) fn write_trail(trail: &[Fix]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(trail.len() * FIX);
    for fix in trail {
        bytes.extend(fix.at.lon().to_le_bytes());
        bytes.extend(fix.at.lat().to_le_bytes());
        bytes.extend(fix.observed_at.as_second().to_le_bytes());
        bytes.extend(fix.observed_at.subsec_nanosecond().to_le_bytes());
    }
    bytes
}

/// Who noticed what last, as bytes.
pub(crate) fn write_noticed(noticed: &[(u8, Seq)]) -> Vec<u8> {
    let pairs = noticed.iter();
    pairs
        .flat_map(|(clearance, seq)| [*clearance].into_iter().chain(seq.0.to_le_bytes()))
        .collect()
}

/// What [`write_noticed`] wrote; an odd rest is left out.
pub(crate) fn read_noticed(bytes: &[u8]) -> Vec<(u8, Seq)> {
    let pair = |pair: &[u8]| {
        let (clearance, seq) = pair.split_first()?;
        Some((*clearance, Seq(u64::from_le_bytes(seq.try_into().ok()?))))
    };
    bytes.chunks_exact(9).filter_map(pair).collect()
}

/// The trail that [`write_trail`] wrote; `None` if it is none.
pub(crate) fn read_trail(bytes: &[u8]) -> Option<Vec<Fix>> {
    let (fixes, rest) = bytes.as_chunks::<FIX>();
    let fixes = fixes.iter().map(read_fix).collect();
    if rest.is_empty() { fixes } else { None }
}

fn read_fix(bytes: &[u8; FIX]) -> Option<Fix> {
    let part = |from: usize| bytes.get(from..)?.first_chunk::<8>().copied();
    let at = LonLat::new(f64::from_le_bytes(part(0)?), f64::from_le_bytes(part(8)?)).ok()?;
    let nanosecond = i32::from_le_bytes(*bytes.get(24..)?.first_chunk()?);
    let observed_at = Timestamp::new(i64::from_le_bytes(part(16)?), nanosecond).ok()?;
    Some(Fix { at, observed_at })
}
