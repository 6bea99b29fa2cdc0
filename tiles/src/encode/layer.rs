//! One layer of a tile: its features one by one, and the counts of what is not shown so.

use super::keys::{Columns, Keys, counts};
use super::mvt::{
    Encoded, LayerWriter, Points, Tag, Tagged, Writer, integer_id, integer_id_of_cell,
};
use super::project::{Frame, Nearby, Shape};
use super::select::{self, Detail};
use super::{EncodeError, TileRequest, aggregate, draw, inside, tolerance};
use crate::gate::{Drawn, Glance, Open, Rows};
use geo_types::Coord;
use std::borrow::Cow;

/// Encodes a layer with the detail given, and what is drawn with it where that is known: the features, and
/// behind them the counts.
pub(super) fn encode<'v, W: Writer>(
    open: &Open<'v>,
    (detail, drawn): (Detail, Option<Vec<Drawn<'v>>>),
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Encoded, EncodeError> {
    let drawn =
        drawn.unwrap_or_else(|| select::select(open, frame, detail.singles, request.window));
    let mut written = singles::<W>(open, (detail, &drawn), frame, request)?;
    if let Some(resolution) = detail.cells {
        written.add(cells::<W>(open, resolution, frame, request)?);
    }
    Ok(written)
}

/// The features of a layer shown one by one.
fn singles<W: Writer>(
    open: &Open<'_>,
    (detail, drawn): (Detail, &[Drawn<'_>]),
    frame: Frame,
    request: &TileRequest<'_>,
) -> Result<Encoded, EncodeError> {
    let spec = open.spec();
    let keys = Keys::of(open);
    let mut drawing = Drawing {
        keys: &keys,
        frame,
        tolerance: tolerance(spec.zooms[1], frame) * f64::from(detail.coarseness),
        writer: W::Layer::new(&spec.name, request.limits.extent, keys.names()),
        shape: Shape::empty(),
        tags: Vec::new(),
    };
    let one_by_one = drawn.iter().map(|drawn| match drawn {
        Drawn::Own(own) => own.len(),
        Drawn::Rows(_) => 0,
    });
    let features = drawn.iter().map(Drawn::len).sum();
    drawing.writer.expect(features, one_by_one.sum());
    for drawn in drawn {
        drawing.writer.turn();
        let added = match drawn {
            Drawn::Own(own) => own.iter().try_for_each(|seen| drawing.add(*seen)),
            Drawn::Rows(rows) => drawing.add_rows(rows),
        };
        added.map_err(|error| EncodeError::refused(&spec.name, &error))?;
    }
    let finished = drawing.writer.finish();
    finished.map_err(|error| EncodeError::refused(&spec.name, &error))
}

/// Features on their way to a writer.
struct Drawing<'t, L> {
    keys: &'t Keys<'t>,
    frame: Frame,
    tolerance: f64,
    writer: L,
    /// Of the feature at hand; kept for the room they have.
    shape: Shape<i32>,
    tags: Vec<Tagged<'t>>,
}

impl<'t, L: LayerWriter<'t>> Drawing<'t, L> {
    fn add(&mut self, seen: Glance<'t>) -> Result<(), L::Error> {
        let Some(geometry) = seen.geometry() else {
            return Ok(());
        };
        draw(&geometry, self.frame, self.tolerance, &mut self.shape);
        if self.shape.is_empty() {
            return Ok(());
        }
        self.tags.clear();
        self.keys.tags(seen, &mut self.tags);
        let id = integer_id(seen.id());
        self.writer.add(Some(id), &self.shape, &self.tags)
    }

    fn add_rows(&mut self, rows: &Rows<'t>) -> Result<(), L::Error> {
        if self.frame.is_shown_once() && self.add_points(rows).is_some() {
            return Ok(());
        }
        let numbers = rows.numbers();
        let mut order = rows.order().iter();
        order.try_for_each(|place| self.add(rows.glance(numbers[*place as usize])))
    }

    /// Adds rows that are points all at once; none where one is no point or the writer takes none so.
    fn add_points(&mut self, rows: &Rows<'t>) -> Option<()> {
        let nearby = Nearby::new(self.frame);
        let (mut places, mut hidden) = (Vec::with_capacity(rows.numbers().len()), Vec::new());
        for (number, row) in rows.numbers().iter().enumerate() {
            let [x, y] = rows.point(*row)?;
            match inside(nearby.place(Coord { x, y }), self.frame) {
                Some(place) => places.push(place),
                None => hidden.push(number),
            }
        }
        let rows = rows.without(&hidden);
        let Columns(columns) = self.keys.columns(&rows);
        let added = self.writer.add_points(&Points {
            rows: rows.numbers(),
            places: &places,
            order: rows.order(),
            ids: rows.ids()?,
            columns: &columns,
        });
        added.then_some(())
    }
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
