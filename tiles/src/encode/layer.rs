//! One layer of a tile: its features one by one, and the counts of what is not shown so.

use super::keys::{Keys, counts};
use super::mvt::{Encoded, LayerWriter, Tag, Tagged, Writer, integer_id, integer_id_of_cell};
use super::project::{Frame, Shape};
use super::select::{self, Detail};
use super::{EncodeError, TileRequest, aggregate, draw, tolerance};
use crate::gate::{Glance, Open};
use std::borrow::Cow;

/// Encodes a layer with the detail given: the features, and behind them the counts.
pub(super) fn encode<W: Writer>(
    open: &Open<'_>,
    detail: Detail,
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Encoded, EncodeError> {
    let mut written = singles::<W>(open, detail, frame, request)?;
    if let Some(resolution) = detail.cells {
        written.add(cells::<W>(open, resolution, frame, request)?);
    }
    Ok(written)
}

/// The features of a layer shown one by one.
fn singles<W: Writer>(
    open: &Open<'_>,
    detail: Detail,
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Encoded, EncodeError> {
    let spec = open.spec();
    let tolerance = tolerance(spec.zooms[1], frame) * f64::from(detail.coarseness);
    let features = select::select(open, frame, detail.singles, request.window);
    let keys = Keys::of(open);
    let mut writer = W::Layer::new(&spec.name, request.limits.extent, keys.names());
    let (mut shape, mut tags) = (Shape::empty(), Vec::new());
    let mut last: Option<Glance<'_>> = None;
    for seen in features {
        if last.is_none_or(|last| !last.shares_dictionaries(seen)) {
            writer.turn();
        }
        last = Some(seen);
        let Some(geometry) = seen.geometry() else {
            continue;
        };
        draw(&geometry, frame, tolerance, &mut shape);
        if shape.is_empty() {
            continue;
        }
        tags.clear();
        keys.tags(seen, &mut tags);
        writer
            .add(Some(integer_id(seen.id())), &shape, &tags)
            .map_err(|error| EncodeError::refused(&spec.name, &error))?;
    }
    let finished = writer.finish();
    finished.map_err(|error| EncodeError::refused(&spec.name, &error))
}

/// The counts of a layer, in a layer of their own; of all counted layers for the layer of cells.
fn cells<W: Writer>(
    open: &Open<'_>,
    resolution: u8,
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Encoded, EncodeError> {
    let spec = open.spec();
    let (computed, name) = (select::is_computed(spec), counts::layer_name(spec));
    let counted = if computed {
        open.counted_layers().collect()
    } else {
        vec![*open]
    };
    let keys = counts::keys(spec).iter().map(|(name, _)| *name).collect();
    let mut writer = W::Layer::new(&name, request.limits.extent, keys);
    for layer in &counted {
        for found in aggregate::aggregate(layer, frame, resolution, request.window) {
            let text = Tag::Text(Cow::Owned(found.cell.to_string()));
            let own = Tag::Integer(found.cell.resolution().into());
            let counts = [
                Tagged::from((counts::CELL, text)),
                Tagged::from((counts::COUNT, Tag::Integer(found.count.into()))),
                Tagged::from((counts::RESOLUTION, own)),
            ];
            let added = if computed {
                // Several layers are counted in one cell, and ids are unique within a layer.
                let layer = layer.spec().name.as_str();
                let id = integer_id(&format!("{layer}/{}", found.cell));
                let mut tags = vec![(counts::LAYER, Tag::Text(Cow::Borrowed(layer))).into()];
                tags.extend(counts);
                writer.add(Some(id), &found.shape, &tags)
            } else {
                writer.add(Some(integer_id_of_cell(found.cell)), &found.shape, &counts)
            };
            added.map_err(|error| EncodeError::refused(&name, &error))?;
        }
    }
    let finished = writer.finish();
    finished.map_err(|error| EncodeError::refused(&name, &error))
}
