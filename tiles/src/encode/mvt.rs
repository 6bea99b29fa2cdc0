//! Stage 7, mvt: shapes on the grid and named values as one layer of MVT 2.1.
//!
//! Layers are written apart; as bytes they concatenate to a tile. Promises: version 2, integer ids,
//! keys and values shared within the layer, the same bytes for the same features. Refuses nothing
//! that the stage before lets through.

use super::json;
use super::project::{Path, Shape};
use crate::feature::Value;
use geo_types::Coord;
use mvt::{GeomData, GeomEncoder, GeomType, Layer, Tile};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// A named value as MVT knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tag<'a> {
    Text(Cow<'a, str>),
    Integer(i64),
    Number(f64),
    Boolean(bool),
}

impl<'a> From<&'a Value> for Tag<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(Cow::Borrowed(text)),
            Value::Integer(n) => Self::Integer(*n),
            Value::Number(x) => Self::Number(*x),
            Value::Boolean(b) => Self::Boolean(*b),
            Value::Time(at) => Self::Integer(at.as_millisecond()),
            Value::List(values) => Self::Text(Cow::Owned(json::array(values))),
        }
    }
}

/// The largest integer id: what every client's numbers hold exactly.
const ID_BITS: u64 = (1 << 53) - 1;

/// The integer id of a feature: the number itself where the id is decimal without leading zeros and
/// below 2^53, else the low 53 bits of SHA-256 of the id, the digest read as one big-endian number
/// (so: its last eight bytes, masked).
pub fn integer_id(id: &str) -> u64 {
    let canonical = id.bytes().all(|b| b.is_ascii_digit()) && (id == "0" || !id.starts_with('0'));
    if canonical && let Some(number) = id.parse().ok().filter(|number| *number <= ID_BITS) {
        return number;
    }
    let digest = Sha256::digest(id.as_bytes());
    let low = digest.iter().rev().take(8).rev();
    low.fold(0_u64, |low, byte| low << 8 | u64::from(*byte)) & ID_BITS
}

/// The integer id of an H3 cell: the low 53 bits of its index, unique within a resolution.
pub(crate) fn integer_id_of_cell(cell: crate::cell::Cell) -> u64 {
    u64::from(cell) & ID_BITS
}

/// One layer being written.
pub(crate) struct LayerWriter {
    tile: Tile,
    /// Taken while a feature is added; the writer gives it back.
    layer: Option<Layer>,
}

impl LayerWriter {
    pub(crate) fn new(name: &str, extent: u32) -> Self {
        let tile = Tile::new(extent);
        let layer = Some(tile.create_layer(name));
        Self { tile, layer }
    }

    /// Adds a feature. MVT has one kind of geometry a feature, so a mixed shape becomes up to three
    /// of the same id and values.
    pub(crate) fn add<'t>(
        &mut self,
        id: Option<u64>,
        shape: &Shape<i32>,
        tags: &[(Cow<'t, str>, Tag<'t>)],
    ) -> Result<(), mvt::Error> {
        let parts = [
            points(&shape.points)?,
            lines(&shape.lines)?,
            polygons(&shape.polygons)?,
        ];
        for geometry in parts.into_iter().flatten() {
            let Some(layer) = self.layer.take() else {
                continue;
            };
            let mut feature = layer.into_feature(geometry);
            if let Some(id) = id {
                feature.set_id(id);
            }
            for (key, tag) in tags {
                match tag {
                    Tag::Text(text) => feature.add_tag_string(key, text),
                    // Zigzag for negative numbers only: a plain varint of those takes ten bytes.
                    Tag::Integer(n) if *n < 0 => feature.add_tag_sint(key, *n),
                    Tag::Integer(n) => feature.add_tag_int(key, *n),
                    Tag::Number(x) => feature.add_tag_double(key, *x),
                    Tag::Boolean(b) => feature.add_tag_bool(key, *b),
                }
            }
            self.layer = Some(feature.into_layer());
        }
        Ok(())
    }

    /// The bytes of the layer; none if it has no features.
    pub(crate) fn finish(self) -> Result<Vec<u8>, mvt::Error> {
        let Self { mut tile, layer } = self;
        match layer.filter(|layer| layer.num_features() > 0) {
            Some(layer) => {
                tile.add_layer(layer)?;
                tile.to_bytes()
            }
            None => Ok(Vec::new()),
        }
    }
}

fn points(points: &[Coord<i32>]) -> Result<Option<GeomData>, mvt::Error> {
    let mut encoder = GeomEncoder::new(GeomType::Point);
    for at in points {
        encoder.add_point(at.x, at.y)?;
    }
    (!points.is_empty()).then(|| encoder.encode()).transpose()
}

fn lines(lines: &[Path<i32>]) -> Result<Option<GeomData>, mvt::Error> {
    let mut encoder = GeomEncoder::new(GeomType::Linestring);
    for line in joined(lines) {
        for at in &line {
            encoder.add_point(at.x, at.y)?;
        }
        encoder.complete_geom()?;
    }
    (!lines.is_empty()).then(|| encoder.encode()).transpose()
}

/// Lines of which none begins where the one before ends: the writer would leave out the `MoveTo`
/// between them, so they are written as the one line that they draw.
fn joined(lines: &[Path<i32>]) -> Vec<Path<i32>> {
    let mut joined: Vec<Path<i32>> = Vec::new();
    for line in lines {
        match joined.last_mut() {
            Some(last) if last.last() == line.first() => last.extend(line.iter().skip(1)),
            _ => joined.push(line.clone()),
        }
    }
    joined
}

fn polygons(polygons: &[Vec<Path<i32>>]) -> Result<Option<GeomData>, mvt::Error> {
    let mut encoder = GeomEncoder::new(GeomType::Polygon);
    let mut pen = None;
    for ring in polygons.iter().flatten() {
        // The writer leaves out the `MoveTo` of a ring that begins where the one before ended, which
        // makes the tile unreadable. A ring may begin at any of its corners.
        let start = ring.iter().position(|at| Some(*at) != pen).unwrap_or(0);
        for at in ring.iter().cycle().skip(start).take(ring.len()) {
            encoder.add_point(at.x, at.y)?;
            pen = Some(*at);
        }
        encoder.complete_geom()?;
    }
    (!polygons.is_empty()).then(|| encoder.encode()).transpose()
}

#[cfg(test)]
mod tests;
