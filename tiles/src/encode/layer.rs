//! One layer of a tile: its features one by one, and the counts of what is not shown so.

use super::mvt::{LayerWriter, Slot, Tag, Writer, integer_id, integer_id_of_cell};
use super::project::{Frame, Shape};
use super::select::{self, Detail};
use super::{EncodeError, TileRequest, aggregate, draw, tolerance};
use crate::catalog::{FieldIx, LayerSpec};
use crate::feature::Seen;
use crate::gate::Open;
use std::borrow::Cow;

/// Encodes a layer with the detail given: the features, and behind them the counts.
pub(super) fn encode<W: Writer>(
    open: &Open<'_>,
    detail: Detail,
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = singles::<W>(open, detail, frame, request)?;
    if let Some(resolution) = detail.cells {
        bytes.extend(cells::<W>(open, resolution, frame, request)?);
    }
    Ok(bytes)
}

/// The features of a layer shown one by one.
fn singles<W: Writer>(
    open: &Open<'_>,
    detail: Detail,
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let spec = open.spec();
    let tolerance = tolerance(spec.zooms[1], frame) * f64::from(detail.coarseness);
    let features = select::select(open, frame, detail.singles, request.window);
    let keys = Keys::of(spec);
    let mut writer = W::Layer::new(&spec.name, request.limits.extent, keys.names());
    let (mut shape, mut tags) = (Shape::empty(), Vec::new());
    for seen in &features {
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

/// What the features of a layer are tagged with: their id, the fields that the viewer may see, and
/// what the core knows of them.
struct Keys<'s> {
    /// By slot: those of the core, then the fields of the layer.
    names: Vec<Cow<'s, str>>,
    /// Whether the layer has fields of its own by the names of those of the core.
    observed_at_is_taken: bool,
    stale_is_taken: bool,
}

impl<'s> Keys<'s> {
    const ID: Slot = 0;
    const OBSERVED_AT: Slot = 1;
    const STALE: Slot = 2;
    /// The slot of the first field.
    const FIELDS: Slot = 3;

    fn of(spec: &'s LayerSpec) -> Self {
        let of_core = ["id", "observed_at", "stale"].map(Cow::Borrowed);
        let of_fields = spec.fields.keys().map(|name| key(spec, name));
        Self {
            names: of_core.into_iter().chain(of_fields).collect(),
            observed_at_is_taken: spec.field("observed_at").is_some(),
            stale_is_taken: spec.field("stale").is_some(),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(AsRef::as_ref).collect()
    }

    fn tags<'f>(&self, seen: &'f Seen, tags: &mut Vec<(Slot, Tag<'f>)>) {
        tags.push((Self::ID, Tag::Text(Cow::Borrowed(seen.id()))));
        let fields = seen.properties();
        tags.extend(fields.map(|(FieldIx(at), value)| {
            let slot = Self::FIELDS + Slot::from(at);
            (slot, Tag::from(value))
        }));
        if !self.observed_at_is_taken {
            let at = Tag::Integer(seen.observed_at().as_millisecond());
            tags.push((Self::OBSERVED_AT, at));
        }
        if seen.is_stale() && !self.stale_is_taken {
            tags.push((Self::STALE, Tag::Boolean(true)));
        }
    }
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

/// The counts of a layer, in a layer of their own; of all counted layers for the layer of cells.
fn cells<W: Writer>(
    open: &Open<'_>,
    resolution: u8,
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Vec<u8>, EncodeError> {
    const CELL: Slot = 0;
    const COUNT: Slot = 1;
    const RESOLUTION: Slot = 2;
    const LAYER: Slot = 3;
    let keys = vec!["cell", "count", "resolution", "layer"];
    let computed = select::is_computed(open.spec());
    let (name, counted) = if computed {
        (open.spec().name.clone(), open.counted_layers().collect())
    } else {
        (format!("{}_cells", open.spec().name), vec![*open])
    };
    let mut writer = W::Layer::new(&name, request.limits.extent, keys);
    for layer in &counted {
        for found in aggregate::aggregate(layer, frame, resolution, request.window) {
            let text = Tag::Text(Cow::Owned(found.cell.to_string()));
            let own = Tag::Integer(found.cell.resolution().into());
            let counts = [
                (CELL, text),
                (COUNT, Tag::Integer(found.count.into())),
                (RESOLUTION, own),
            ];
            let added = if computed {
                // Several layers are counted in one cell, and ids are unique within a layer.
                let layer = layer.spec().name.as_str();
                let id = integer_id(&format!("{layer}/{}", found.cell));
                let mut tags = vec![(LAYER, Tag::Text(Cow::Borrowed(layer)))];
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
