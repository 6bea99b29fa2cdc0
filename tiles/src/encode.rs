//! The tile pipeline: from a view to one Mapbox Vector Tile 2.1.
//!
//! | stage | what comes out |
//! |---|---|
//! | 1 [`select`] | the features shown one by one, and whether the rest is counted |
//! | 2 [`project`] | points, lines and polygons in tile units, every copy of the world |
//! | 3 [`clip`] | what of them lies in the tile and its buffer |
//! | 4 [`simplify`] | lines and rings without positions that nobody could tell apart |
//! | 5 [`quantise`] | integers; rings wound and valid, nothing degenerate |
//! | 6 [`aggregate`] | counts per H3 cell, for what is not shown one by one |
//! | 7 [`mvt`] | bytes of one layer; layers concatenate to a tile |
//!
//! Promises: deterministic bytes, a function of view, viewer and request alone; nothing that the gate
//! withholds; at most `max_bytes`; never a silently thinned layer. A layer that the viewer cannot
//! open, or whose zooms do not hold the tile, is absent. Refuses: limits that make no tile.

mod aggregate;
mod clip;
mod json;
mod keys;
mod layer;
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
use mvt::{Direct, DirectWriter, LayerWriter, Reference, Slot, Tag, Tagged, Writer};
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
    /// The most bytes before compression, all layers together; 500,000.
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

/// Encodes the layers that a viewer may open as one MVT 2.1 tile; no bytes for an empty tile.
pub fn encode_tile(
    view: &View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    encode_with::<Direct>(view, viewer, request)
}

/// The same tile by the `mvt` crate: slower, and by other hands. What [`encode_tile`] is held against.
pub fn encode_tile_by_reference(
    view: &View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    encode_with::<Reference>(view, viewer, request)
}

fn encode_with<W: Writer>(
    view: &View,
    viewer: &Viewer,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
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
            let bytes = layer::encode::<W>(&open, (detail, drawn), frame, request)?;
            parts.push(Part {
                open,
                detail,
                bytes,
            });
        }
    }
    fit::<W>(&mut parts, frame, request)?;
    parts.retain(|part| !part.bytes.is_empty());
    if let [_] = &*parts {
        return Ok(parts.pop().map(|part| part.bytes).unwrap_or_default());
    }
    let parts: Vec<_> = parts.iter().map(|part| part.bytes.as_slice()).collect();
    Ok(parts.concat())
}

/// One layer as encoded, with the detail that it took.
struct Part<'v> {
    open: Open<'v>,
    detail: Detail,
    bytes: Vec<u8>,
}

/// Takes detail from the heaviest layer that has some to give, until the tile fits.
fn fit<W: Writer>(
    parts: &mut [Part<'_>],
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<(), EncodeError> {
    loop {
        let bytes = parts.iter().map(|part| part.bytes.len()).sum();
        if bytes <= request.limits.max_bytes {
            return Ok(());
        }
        let coarser = parts.iter_mut().filter_map(|part| {
            let detail = part.detail.coarser(&part.open, frame)?;
            (!part.bytes.is_empty()).then_some((part, detail))
        });
        // The first of equals, so that the choice is the same every time.
        let heaviest = coarser.reduce(|most, next| {
            if next.0.bytes.len() > most.0.bytes.len() {
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
        part.bytes = layer::encode::<W>(&part.open, (detail, None), frame, request)?;
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

/// Encodes features outside the live picture as one MVT layer, in the order given; no bytes for none.
/// Layers concatenate to a tile. There are no cells to fall back to, so past `max_bytes` the layer is
/// simplified up to sixteenfold and may still be larger.
pub fn encode_static(
    name: &str,
    features: &[StaticFeature<'_>],
    tile: TileCoord,
    limits: &TileLimits,
) -> Result<Vec<u8>, EncodeError> {
    let frame = frame(tile, limits)?;
    let mut bytes = Vec::new();
    let (keys, slots) = slots(features);
    for coarseness in [1.0, 4.0, 16.0] {
        let mut writer = DirectWriter::new(name, limits.extent, keys.clone());
        let mut shape = Shape::empty();
        for feature in features {
            let tolerance = tolerance(MAX_ZOOM, frame) * coarseness;
            draw(feature.geometry, frame, tolerance, &mut shape);
            let properties = feature.properties.iter();
            let tags: Vec<Tagged<'_>> = properties
                .filter_map(|(key, value)| Some((*slots.get(key)?, Tag::from(*value)).into()))
                .collect();
            let Ok(()) = writer.add(feature.id, &shape, &tags);
        }
        Ok(bytes) = writer.finish();
        if bytes.len() <= limits.max_bytes {
            break;
        }
    }
    Ok(bytes)
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
