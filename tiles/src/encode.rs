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
mod mvt;
mod project;
mod quantise;
mod select;
mod simplify;

pub use mvt::integer_id;

use crate::catalog::{LayerIx, LayerSpec};
use crate::feature::{Seen, Value};
use crate::gate::Open;
use crate::tile::{MAX_ZOOM, TileCoord};
use crate::view::{View, Window};
use crate::viewer::Viewer;
use geo_types::Geometry;
use mvt::{LayerWriter, Tag};
use project::{Frame, Shape};
use select::Detail;
use std::borrow::Cow;

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
    let frame = frame(request.tile, &request.limits)?;
    let mut layers = request.layers.to_vec();
    layers.sort_unstable();
    layers.dedup();
    let mut parts = Vec::new();
    for open in layers
        .iter()
        .filter_map(|layer| view.open_at(viewer, *layer))
    {
        if let Some(detail) = Detail::start(&open, frame, request.window) {
            parts.push(Part::encode(open, detail, frame, request)?);
        }
    }
    fit(&mut parts, frame, request)?;
    Ok(parts.into_iter().flat_map(|part| part.bytes).collect())
}

/// One layer as encoded, with the detail that it took.
struct Part<'v> {
    open: Open<'v>,
    detail: Detail,
    bytes: Vec<u8>,
}

impl<'v> Part<'v> {
    fn encode(
        open: Open<'v>,
        detail: Detail,
        frame: Frame,
        request: &TileRequest<'_>,
    ) -> Result<Self, EncodeError> {
        let mut bytes = singles(&open, detail, frame, request)?;
        bytes.extend(cells(&open, detail, frame, request)?);
        Ok(Self {
            open,
            detail,
            bytes,
        })
    }
}

/// Takes detail from the heaviest layer that has some to give, until the tile fits.
fn fit(parts: &mut [Part<'_>], frame: Frame, request: &TileRequest<'_>) -> Result<(), EncodeError> {
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
        *part = Part::encode(part.open, detail, frame, request)?;
    }
}

/// The features of a layer shown one by one.
fn singles(
    open: &Open<'_>,
    detail: Detail,
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let spec = open.spec();
    let tolerance = tolerance(spec.zooms[1], frame) * f64::from(detail.coarseness);
    let mut writer = LayerWriter::new(&spec.name, request.limits.extent);
    for seen in select::select(open, frame, detail.singles, request.window) {
        let Some(geometry) = seen.geometry() else {
            continue;
        };
        let shape = draw(geometry, frame, tolerance);
        if !shape.is_empty() {
            let id = integer_id(seen.id().as_str());
            writer
                .add(Some(id), &shape, &tags(spec, &seen))
                .map_err(|error| refused(&spec.name, &error))?;
        }
    }
    writer.finish().map_err(|error| refused(&spec.name, &error))
}

/// Stages 2 to 5: a geometry as it stands in the tile.
fn draw(geometry: &Geometry<f64>, frame: Frame, tolerance: f64) -> Shape<i32> {
    let shape = clip::clip(project::project(geometry, frame), frame.edges());
    quantise::quantise(&simplify::simplify(shape, tolerance))
}

/// The counts of a layer, in a layer of their own; of all counted layers for the layer of cells.
fn cells(
    open: &Open<'_>,
    detail: Detail,
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let Some(resolution) = detail.cells else {
        return Ok(Vec::new());
    };
    let (name, counted) = if select::is_computed(open.spec()) {
        (open.spec().name.clone(), open.counted_layers().collect())
    } else {
        (format!("{}_cells", open.spec().name), vec![*open])
    };
    let mut writer = LayerWriter::new(&name, request.limits.extent);
    for layer in counted {
        for found in aggregate::aggregate(&layer, frame, resolution, request.window) {
            let text = |text: String| Tag::Text(Cow::Owned(text));
            let mut tags = vec![
                (Cow::Borrowed("cell"), text(found.cell.to_string())),
                (Cow::Borrowed("count"), Tag::Integer(found.count.into())),
                (
                    Cow::Borrowed("resolution"),
                    Tag::Integer(found.cell.resolution().into()),
                ),
            ];
            let mut id = mvt::integer_id_of_cell(found.cell);
            if select::is_computed(open.spec()) {
                // Several layers are counted in one cell, and ids are unique within a layer.
                let layer = layer.spec().name.as_str();
                id = integer_id(&format!("{layer}/{}", found.cell));
                tags.insert(0, (Cow::Borrowed("layer"), Tag::Text(Cow::Borrowed(layer))));
            }
            writer
                .add(Some(id), &found.shape, &tags)
                .map_err(|error| refused(&name, &error))?;
        }
    }
    writer.finish().map_err(|error| refused(&name, &error))
}

/// What a feature carries: its id, the fields that the viewer may see, and what the core knows of it.
fn tags<'s>(spec: &'s LayerSpec, seen: &'s Seen) -> Vec<(Cow<'s, str>, Tag<'s>)> {
    let id = Tag::Text(Cow::Borrowed(seen.id().as_str()));
    let mut tags = vec![(Cow::Borrowed("id"), id)];
    for (field, value) in seen.properties() {
        if let Some((name, _)) = spec.field_at(field) {
            tags.push((key(spec, name), Tag::from(value)));
        }
    }
    if spec.field("observed_at").is_none() {
        let at = Tag::Integer(seen.observed_at().as_millisecond());
        tags.push((Cow::Borrowed("observed_at"), at));
    }
    if seen.is_stale() && spec.field("stale").is_none() {
        tags.push((Cow::Borrowed("stale"), Tag::Boolean(true)));
    }
    tags
}

/// The key of a field: its name, but `id` is taken by the feature's own.
fn key<'s>(spec: &LayerSpec, name: &'s str) -> Cow<'s, str> {
    if name != "id" {
        return Cow::Borrowed(name);
    }
    let mut renamed = String::from("id_");
    while spec.field(&renamed).is_some() {
        renamed.push('_');
    }
    Cow::Owned(renamed)
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
    for coarseness in [1.0, 4.0, 16.0] {
        let mut writer = LayerWriter::new(name, limits.extent);
        for feature in features {
            let tolerance = tolerance(MAX_ZOOM, frame) * coarseness;
            let shape = draw(feature.geometry, frame, tolerance);
            let properties = feature.properties.iter();
            let tags: Vec<_> = properties
                .map(|(key, value)| (Cow::Borrowed(*key), Tag::from(*value)))
                .collect();
            writer
                .add(feature.id, &shape, &tags)
                .map_err(|error| refused(name, &error))?;
        }
        bytes = writer.finish().map_err(|error| refused(name, &error))?;
        if bytes.len() <= limits.max_bytes {
            break;
        }
    }
    Ok(bytes)
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

fn refused(layer: &str, error: &::mvt::Error) -> EncodeError {
    EncodeError::Writer {
        layer: layer.into(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
