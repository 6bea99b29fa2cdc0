//! Stage 7, mlt: the same layers as [`mvt`](super::mvt) in columns, as `MapLibre` Tiles of version 1.
//!
//! ```text
//! layer   = length, 1, name, extent, how many columns, their heads, their data
//! columns = ids, geometries, one or more a key
//! ```
//!
//! (<https://maplibre.org/maplibre-tile-spec/specification/v1/>)
//!
//! Promises: the features of the MVT layer in the same order, with the same ids, positions and values;
//! the same bytes for the same features. A list is JSON text and a time epoch milliseconds here too.
//! Refuses nothing.

mod column;
mod geometry;
mod packed;
mod stream;
mod symbols;
mod texts;

use super::mvt::wire::{varint, varint_length};
use super::mvt::{Encoded, LayerWriter, Slot, Tag, Tagged, Writer};
use super::project::Shape;
use column::{Column, Present, Written};
use geometry::Geometries;
use std::convert::Infallible;
use stream::{Words, integers, kind};

/// The version of the format that a layer is in.
const VERSION: u8 = 1;
/// Columns without a name of their own; one of ids that not every feature has is odd.
const SHORT_IDS: u8 = 0;
const LONG_IDS: u8 = 2;
const GEOMETRY: u8 = 4;

/// In columns.
pub(crate) enum Mlt {}

impl Writer for Mlt {
    type Layer<'t> = MltWriter<'t>;
}

/// One layer being written.
pub(crate) struct MltWriter<'t> {
    name: Box<str>,
    extent: u32,
    ids: Vec<u64>,
    with_ids: Present,
    geometries: Geometries,
    names: Vec<&'t str>,
    /// By slot.
    columns: Vec<Column>,
    /// Slots in the order of their first use.
    used: Vec<Slot>,
    /// How many values features have.
    values: usize,
    /// What the layer takes at most as MVT.
    mvt_bytes: usize,
}

impl<'t> LayerWriter<'t> for MltWriter<'t> {
    type Error = Infallible;

    fn new(name: &str, extent: u32, keys: Vec<&'t str>) -> Self {
        // The name, all keys, extent, version and the length of the layer.
        let head = |length: usize| 1 + varint_length(length as u64) + length;
        let heads = keys.iter().map(|key| head(key.len())).sum::<usize>();
        Self {
            mvt_bytes: heads + head(name.len()) + 24,
            name: name.into(),
            extent,
            ids: Vec::new(),
            with_ids: Present::default(),
            geometries: Geometries::default(),
            columns: keys.iter().map(|_| Column::default()).collect(),
            names: keys,
            used: Vec::new(),
            values: 0,
        }
    }

    fn add(
        &mut self,
        id: Option<u64>,
        shape: &Shape<i32>,
        tags: &[Tagged<'t>],
    ) -> Result<(), Infallible> {
        if !shape.points.is_empty() {
            let drawn = self.geometries.points(&shape.points);
            self.feature(id, tags, drawn);
        }
        if !shape.lines.is_empty() {
            let drawn = self.geometries.lines(&shape.lines);
            self.feature(id, tags, drawn);
        }
        if !shape.polygons.is_empty() {
            let drawn = self.geometries.polygons(&shape.polygons);
            self.feature(id, tags, drawn);
        }
        Ok(())
    }

    fn turn(&mut self) {
        self.columns.iter_mut().for_each(Column::turn);
    }

    fn finish(self) -> Result<Encoded, Infallible> {
        let features = self.geometries.len();
        if features == 0 {
            return Ok(Encoded::default());
        }
        let mut columns = Written::default();
        self.write_ids(&mut columns);
        columns.count += 1;
        columns.heads.push(GEOMETRY);
        self.geometries.write(&mut columns.data);
        for slot in &self.used {
            let slot = usize::from(*slot);
            self.columns[slot].write(&mut columns, self.names[slot], features);
        }
        let mut head = vec![VERSION];
        varint(&mut head, self.name.len() as u64);
        head.extend_from_slice(self.name.as_bytes());
        varint(&mut head, self.extent.into());
        varint(&mut head, columns.count);

        let length = head.len() + columns.heads.len() + columns.data.len();
        let mut layer = Vec::with_capacity(length + 6);
        varint(&mut layer, length as u64);
        layer.extend_from_slice(&head);
        layer.extend_from_slice(&columns.heads);
        layer.extend_from_slice(&columns.data);
        // A tag is the numbers of its key and of its value, in whichever order values stand.
        let tag = varint_length(self.columns.len() as u64) + varint_length(self.values as u64);
        Ok(Encoded {
            bytes: layer,
            mvt_bytes: self.mvt_bytes + self.values * tag,
        })
    }
}

impl<'t> MltWriter<'t> {
    /// Adds what the feature has besides the geometry that was added last.
    fn feature(&mut self, id: Option<u64>, tags: &[Tagged<'t>], drawn: usize) {
        let feature = self.geometries.len() - 1;
        if let Some(id) = id {
            self.with_ids.note(feature);
            self.ids.push(id);
        }
        self.values += tags.len();
        // Heads and lengths of the feature, its tags and its geometry, and the type of that.
        let mut most = id.map_or(0, |id| 1 + varint_length(id)) + 20 + drawn;
        for tagged in tags {
            let column = &mut self.columns[usize::from(tagged.slot)];
            if column.is_empty() {
                self.used.push(tagged.slot);
            }
            let new = column.push(feature, tagged);
            most += match &tagged.tag {
                Tag::Text(text) if new => 12 + text.len(),
                Tag::Text(_) => 0,
                Tag::Integer(integer) => {
                    3 + varint_length(integer.unsigned_abs().saturating_mul(2))
                }
                Tag::Number(_) => 11,
                Tag::Boolean(_) => 4,
            };
        }
        self.mvt_bytes += most;
    }

    fn write_ids(&self, to: &mut Written) {
        if self.ids.is_empty() {
            return;
        }
        let short = self.ids.iter().all(|id| u32::try_from(*id).is_ok());
        let (of, words) = if short {
            (SHORT_IDS, Words::Short)
        } else {
            (LONG_IDS, Words::Id)
        };
        let before = to.data.len();
        self.with_ids.write(&mut to.data, self.geometries.len());
        to.count += 1;
        to.heads.push(of | u8::from(to.data.len() > before));
        let ids = self.ids.iter().map(|id| id.cast_signed());
        integers(&mut to.data, kind::DATA, words, ids);
    }
}

#[cfg(test)]
mod tests;
