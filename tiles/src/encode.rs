//! The tile pipeline: from a view to one Mapbox Vector Tile 2.1, or the same as a `MapLibre` Tile.
//!
//! | stage | what comes out |
//! |---|---|
//! | 1 [`select`] | the features shown one by one, and whether the rest is counted |
//! | 2 [`project`] | points, lines and polygons in tile units, every copy of the world |
//! | 3 [`clip`] | what of them lies in the tile and its buffer |
//! | 4 [`simplify`] | lines and rings without positions that nobody could tell apart |
//! | 5 [`quantise`] | integers; rings wound and valid, nothing degenerate |
//! | 6 [`aggregate`] | counts per H3 cell, for what is not shown one by one |
//! | 7 [`mvt`], [`mlt`] | bytes of one layer; layers concatenate to a tile |
//!
//! Promises: deterministic bytes, a function of view, viewer and request alone; nothing that the gate
//! withholds; at most `max_bytes`, as MVT, so that both formats hold the same; never a silently thinned
//! layer. A layer that the viewer cannot
//! open, or whose zooms do not hold the tile, is absent. Refuses: limits that make no tile.

mod aggregate;
mod clip;
mod index;
mod json;
mod keys;
mod layer;
mod mlt;
mod mvt;
mod project;
mod quantise;
mod select;
mod simplify;

pub use keys::{TileLayer, tile_layers};
pub use mvt::integer_id;

use crate::catalog::LayerIx;
use crate::feature::Value;
use crate::gate::Open;
use crate::tile::{MAX_ZOOM, TileCoord};
use crate::view::{View, Window};
use crate::viewer::Viewer;
use geo_types::{Coord, Geometry};
use mlt::Mlt;
use mvt::{Direct, Encoded, LayerWriter, Reference, Slot, Tag, Tagged, Writer};
use project::{Frame, Shape};
use select::Detail;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

/// What a tile request asks for.
#[derive(Debug, Clone, Copy)]
pub struct TileRequest<'a> {
    /// The layers, of the view's catalog; they come in its order, each once.
    pub layers: &'a [LayerIx],
    /// The tile.
    pub tile: TileCoord,
    /// Sightings within this span only.
    pub window: Option<Window>,
    /// The measures of the tile.
    pub limits: TileLimits,
}

/// The measures of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileLimits {
    /// Units along an edge of the tile; 4096.
    pub extent: u32,
    /// Units drawn beyond every edge; 64.
    pub buffer: u32,
    /// The most bytes as MVT before compression, all layers together; 500,000.
    pub max_bytes: usize,
}

impl Default for TileLimits {
    fn default() -> Self {
        Self {
            extent: 4_096,
            buffer: 64,
            max_bytes: 500_000,
        }
    }
}

/// Why there is no tile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// An extent or a buffer that makes no tile.
    #[error(
        "extent {extent} with buffer {buffer} makes no tile: extent is 1 to {MAX_EXTENT}, buffer at most extent"
    )]
    Limits {
        /// The extent given.
        extent: u32,
        /// The buffer given.
        buffer: u32,
    },
    /// Even the coarsest cells are too much.
    #[error("tile {tile} takes {bytes} bytes at its coarsest, where {max_bytes} is the most")]
    TooLarge {
        /// The tile.
        tile: TileCoord,
        /// Its least size.
        bytes: usize,
        /// The limit given.
        max_bytes: usize,
    },
    /// The writer refused a geometry.
    #[error("layer {layer}: {reason}")]
    Writer {
        /// The layer being written.
        layer: String,
        /// What the writer says.
        reason: String,
    },
}

impl EncodeError {
    fn refused(layer: &str, reason: &impl fmt::Display) -> Self {
        Self::Writer {
            layer: layer.into(),
            reason: reason.to_string(),
        }
    }
}

/// The largest extent taken.
const MAX_EXTENT: u32 = 1 << 16;
/// How far, in units, a simplified line may lie from the true one.
const TOLERANCE: f64 = 1.0;
/// The same at the last zoom of a layer: clients enlarge that tile when they zoom on.
const TOLERANCE_AT_LAST_ZOOM: f64 = 0.25;

/// So many points are few.
const FEW: usize = 256;

/// What a tile is written as. The content is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TileFormat {
    /// Mapbox Vector Tile 2.1.
    #[default]
    Mvt,
    /// `MapLibre` Tile, version 1.
    Mlt,
}

/// Encodes the layers that a viewer may open as one MVT 2.1 tile; no bytes for an empty tile.
pub fn encode_tile(
    view: &View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    fitted::<Direct>(view, viewer, request).map(joined)
}

/// The same tile by the `mvt` crate: slower, and by other hands. What [`encode_tile`] is held against.
pub fn encode_tile_by_reference(
    view: &View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    fitted::<Reference>(view, viewer, request).map(joined)
}

/// The same tile in the format given.
pub fn encode_tile_as(
    format: TileFormat,
    view: &View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    match format {
        TileFormat::Mvt => encode_tile(view, viewer, request),
        TileFormat::Mlt => encode_mlt(view, viewer, request),
    }
}

/// Whether a tile is made of so few points, and of nothing else, that encoding it takes less than handing it to
/// another thread: at most [`FEW`], which take some ten microseconds. Said after a look at the indexes.
pub fn is_light(view: &View, viewer: &Viewer, request: &TileRequest<'_>) -> bool {
    let Ok(frame) = frame(request.tile, &request.limits) else {
        return false;
    };
    let layers = request.layers.iter();
    let mut shown = layers.filter_map(|layer| view.open_at(viewer, *layer));
    let left = shown.try_fold(FEW, |left, open| {
        let spec = open.spec();
        if !(spec.zooms[0]..=spec.zooms[1]).contains(&frame.tile.z()) {
            return Some(left);
        }
        let none = select::is_counted(&open) || select::takes_extended(spec);
        let most = if none { 0 } else { left };
        let count = open.within_at_most(frame.reach(), most)?;
        Some(left - count)
    });
    left.is_some()
}

/// How much detail a tile has is decided by what it takes as MVT. Where that may be too much, it is written
/// as such to know.
fn encode_mlt(
    view: &View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let mut parts = begun::<Mlt>(view, viewer, request)?;
    let most = parts.iter().map(|part| part.written.mvt_bytes);
    if most.sum::<usize>() > request.limits.max_bytes {
        let frame = frame(request.tile, &request.limits)?;
        let as_mvt = fitted::<Direct>(view, viewer, request)?;
        for (part, as_mvt) in parts.iter_mut().zip(as_mvt) {
            if part.detail != as_mvt.detail {
                part.written =
                    layer::encode::<Mlt>(&part.open, (as_mvt.detail, None), frame, request)?;
            }
        }
    }
    Ok(joined(parts))
}

/// The layers as one tile.
fn joined(mut parts: Vec<Part<'_>>) -> Vec<u8> {
    parts.retain(|part| !part.written.bytes.is_empty());
    if let [_] = &*parts {
        let one = parts.pop();
        return one.map(|part| part.written.bytes).unwrap_or_default();
    }
    let parts = parts.iter().map(|part| part.written.bytes.as_slice());
    parts.collect::<Vec<_>>().concat()
}

/// The layers with all the detail that they may have.
fn begun<'v, W: Writer>(
    view: &'v View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<Part<'v>>, EncodeError> {
    let frame = frame(request.tile, &request.limits)?;
    let mut layers = request.layers.to_vec();
    layers.sort_unstable();
    layers.dedup();
    let mut parts = Vec::new();
    for open in layers
        .iter()
        .filter_map(|layer| view.open_at(viewer, *layer))
    {
        if let Some((detail, drawn)) = Detail::start(&open, frame, request.window) {
            let written = layer::encode::<W>(&open, (detail, drawn), frame, request)?;
            parts.push(Part {
                open,
                detail,
                written,
            });
        }
    }
    Ok(parts)
}

/// One layer as encoded, with the detail that it took.
struct Part<'v> {
    open: Open<'v>,
    detail: Detail,
    written: Encoded,
}

impl Part<'_> {
    fn bytes(&self) -> usize {
        self.written.mvt_bytes
    }
}

/// The layers with so much detail that the tile fits: it is taken from the heaviest that has some to give.
fn fitted<'v, W: Writer>(
    view: &'v View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<Part<'v>>, EncodeError> {
    let frame = frame(request.tile, &request.limits)?;
    let mut parts = begun::<W>(view, viewer, request)?;
    loop {
        let bytes = parts.iter().map(Part::bytes).sum();
        if bytes <= request.limits.max_bytes {
            return Ok(parts);
        }
        let coarser = parts.iter_mut().filter_map(|part| {
            let detail = part.detail.coarser(&part.open, frame)?;
            (part.bytes() > 0).then_some((part, detail))
        });
        // The first of equals, so that the choice is the same every time.
        let heaviest = coarser.reduce(|most, next| {
            if next.0.bytes() > most.0.bytes() {
                next
            } else {
                most
            }
        });
        let Some((part, detail)) = heaviest else {
            return Err(EncodeError::TooLarge {
                tile: request.tile,
                bytes,
                max_bytes: request.limits.max_bytes,
            });
        };
        part.written = layer::encode::<W>(&part.open, (detail, None), frame, request)?;
        part.detail = detail;
    }
}

/// Stages 2 to 5: a geometry as it stands in the tile.
fn draw(geometry: &Geometry<f64>, frame: Frame, tolerance: f64, shape: &mut Shape<i32>) {
    if let (Geometry::Point(point), true) = (geometry, frame.is_shown_once()) {
        shape.clear();
        shape
            .points
            .extend(inside(project::place(point.0, frame), frame));
        return;
    }
    let clipped = clip::clip(project::project(geometry, frame), frame.edges());
    *shape = quantise::quantise(&simplify::simplify(clipped, tolerance));
}

/// Stages 3 and 5 of a point.
fn inside(placed: Option<Coord<f64>>, frame: Frame) -> Option<Coord<i32>> {
    let drawn = placed.filter(|at| clip::holds(frame.edges(), *at));
    drawn.map(quantise::grid)
}

/// A feature outside the live picture, such as a street of the basemap.
#[derive(Debug, Clone, Copy)]
pub struct StaticFeature<'a> {
    /// Its integer id, if it has one.
    pub id: Option<u64>,
    /// Where, in WGS 84.
    pub geometry: &'a Geometry<f64>,
    /// What else, by name.
    pub properties: &'a [(&'a str, &'a Value)],
}

/// Encodes features outside the live picture as one layer, in the order given; no bytes for none.
/// Layers concatenate to a tile. There are no cells to fall back to, so where it takes more than `max_bytes`
/// as MVT the layer is simplified up to sixteenfold and may still be larger.
pub fn encode_static(
    format: TileFormat,
    name: &str,
    features: &[StaticFeature<'_>],
    tile: TileCoord,
    limits: &TileLimits,
) -> Result<Vec<u8>, EncodeError> {
    let frame = frame(tile, limits)?;
    let mut bytes = Vec::new();
    for coarseness in [1.0, 4.0, 16.0] {
        let tolerance = tolerance(MAX_ZOOM, frame) * coarseness;
        let as_mvt = || write_static::<Direct>(name, features, (frame, limits.extent), tolerance);
        let written = match format {
            TileFormat::Mvt => as_mvt()?,
            TileFormat::Mlt => {
                write_static::<Mlt>(name, features, (frame, limits.extent), tolerance)?
            }
        };
        bytes = written.bytes;
        let fits = written.mvt_bytes <= limits.max_bytes;
        if fits || format == TileFormat::Mlt && as_mvt()?.mvt_bytes <= limits.max_bytes {
            break;
        }
    }
    Ok(bytes)
}

fn write_static<W: Writer>(
    name: &str,
    features: &[StaticFeature<'_>],
    (frame, extent): (Frame, u32),
    tolerance: f64,
) -> Result<Encoded, EncodeError> {
    let (keys, slots) = slots(features);
    let mut writer = W::Layer::new(name, extent, keys);
    let mut shape = Shape::empty();
    for feature in features {
        draw(feature.geometry, frame, tolerance, &mut shape);
        let properties = feature.properties.iter();
        let tags: Vec<Tagged<'_>> = properties
            .filter_map(|(key, value)| Some((*slots.get(key)?, Tag::from(*value)).into()))
            .collect();
        let added = writer.add(feature.id, &shape, &tags);
        added.map_err(|error| EncodeError::refused(name, &error))?;
    }
    let finished = writer.finish();
    finished.map_err(|error| EncodeError::refused(name, &error))
}

/// The keys of features, and the place of each.
fn slots<'a>(features: &[StaticFeature<'a>]) -> (Vec<&'a str>, HashMap<&'a str, Slot>) {
    let (mut keys, mut slots) = (Vec::new(), HashMap::new());
    for (key, _) in features.iter().flat_map(|feature| feature.properties) {
        // A key past the last slot is left out; nobody has that many.
        if let (Entry::Vacant(slot), Ok(next)) = (slots.entry(*key), Slot::try_from(keys.len())) {
            keys.push(*key);
            slot.insert(next);
        }
    }
    (keys, slots)
}

fn frame(tile: TileCoord, limits: &TileLimits) -> Result<Frame, EncodeError> {
    let TileLimits { extent, buffer, .. } = *limits;
    if (1..=MAX_EXTENT).contains(&extent) && buffer <= extent {
        return Ok(Frame {
            tile,
            extent: f64::from(extent),
            buffer: f64::from(buffer),
        });
    }
    Err(EncodeError::Limits { extent, buffer })
}

fn tolerance(last_zoom: u8, frame: Frame) -> f64 {
    if frame.tile.z() >= last_zoom {
        TOLERANCE_AT_LAST_ZOOM
    } else {
        TOLERANCE
    }
}

#[cfg(test)]
pub(crate) mod tests;
