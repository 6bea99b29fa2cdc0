//! The layer written straight to the bytes of the wire, without a message in between.
//!
//! ```text
//! layer    = name (1) feature (2)* key (3)* value (4)* extent (5) version (15)
//! feature  = id (1) tags (2) type (3) geometry (4)
//! geometry = MoveTo, LineTo and ClosePath, each with its count, and zigzag steps of the pen
//! ```
//!
//! Promises what [`LayerWriter`] says, and the bytes that the [reference](super::reference) writes; of points
//! [added all at once](LayerWriter::add_points) the same features in the same order, where the values of the
//! layer stand column by column.
//! Refuses nothing.

use super::small::{MOST_SMALL, Small};
use super::values::Values;
use super::wire::{LENGTH, VARINT, bytes, head, varint, varint_length};
use super::{Encoded, LayerWriter, Points, Slot, Tagged, integer_id, joined_lines, ring_start};
use crate::encode::project::{Path, Shape};
use crate::feature::Value;
use crate::view::sightings::Told;
use geo_types::Coord;
use std::convert::Infallible;

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

/// What a feature takes, about, besides its values.
const ROOM: usize = 40;
/// How many values a feature has that no other has, about.
const EACH_ITS_OWN: usize = 3;

/// One layer being written.
pub(crate) struct DirectWriter<'t> {
    name: Box<str>,
    extent: u32,
    /// The features, each with its head.
    features: Vec<u8>,
    keys: Keys<'t>,
    values: Values,
    /// Of the feature at hand; kept for the room they have.
    tags: Vec<u8>,
    pen: Pen,
    small: Small,
    /// Of the points at hand: their ids, and column by column the positions of their values, from 1 on.
    ids: Vec<u64>,
    positions: Vec<u32>,
}

impl<'t> LayerWriter<'t> for DirectWriter<'t> {
    type Error = Infallible;

    fn new(name: &str, extent: u32, keys: Vec<&'t str>) -> Self {
        Self {
            name: name.into(),
            extent,
            features: Vec::new(),
            keys: Keys::new(keys),
            values: Values::default(),
            tags: Vec::new(),
            pen: Pen::default(),
            small: Small::new(),
            ids: Vec::new(),
            positions: Vec::new(),
        }
    }

    fn add(
        &mut self,
        id: Option<u64>,
        shape: &Shape<i32>,
        tags: &[Tagged<'t>],
    ) -> Result<(), Infallible> {
        if shape.is_empty() {
            return Ok(());
        }
        self.tags.clear();
        for tagged in tags {
            varint(&mut self.tags, self.keys.position(tagged.slot).into());
            varint(&mut self.tags, self.values.position(tagged).into());
        }
        if !shape.points.is_empty() {
            self.pen.points(&shape.points);
            self.feature(id, 1);
        }
        if !shape.lines.is_empty() {
            self.pen.lines(&shape.lines);
            self.feature(id, 2);
        }
        if !shape.polygons.is_empty() {
            self.pen.polygons(&shape.polygons);
            self.feature(id, 3);
        }
        Ok(())
    }

    fn add_points(&mut self, points: &Points<'_, 't>) -> bool {
        if points.columns.len() > MOST_SMALL || points.rows.is_empty() {
            return points.rows.is_empty();
        }
        self.ids.clear();
        points.ids.tell(points.rows, &mut Ids(&mut self.ids));
        // Those of dictionaries first: they are few, and many features name them.
        let (few, many): (Vec<_>, Vec<_>) =
            (points.columns.iter()).partition(|(_, column)| column.has_dictionary());
        let (count, mut keys) = (points.rows.len(), Vec::with_capacity(MOST_SMALL));
        let sought = many.iter().filter(|(_, column)| !column.differs());
        self.values
            .expect(count * many.len(), count * sought.count());
        self.positions.clear();
        for (slot, column) in few.into_iter().chain(many) {
            let start = self.positions.len();
            (self.values).positions(column, points.rows, &mut self.positions);
            if self.positions[start..].iter().any(|position| *position > 0) {
                keys.push(self.keys.position(slot));
            } else {
                self.positions.truncate(start);
            }
        }
        for place in points.order {
            let place = *place as usize;
            self.small.begin();
            for (key, positions) in keys.iter().zip(self.positions.chunks_exact(count)) {
                if let Some(position) = positions[place].checked_sub(1) {
                    self.small.put(*key);
                    self.small.put(position);
                }
            }
            let point = self.small.point(self.ids[place], points.places[place]);
            self.features.extend_from_slice(point);
        }
        true
    }

    fn expect(&mut self, features: usize, one_by_one: usize) {
        self.features.reserve(features * ROOM);
        if one_by_one > 0 {
            let values = one_by_one * EACH_ITS_OWN;
            self.values.expect(values, values);
        }
    }

    fn turn(&mut self) {
        self.values.turn();
    }

    fn finish(self) -> Result<Encoded, Infallible> {
        if self.features.is_empty() {
            return Ok(Encoded::default());
        }
        let mut tail = Vec::with_capacity(self.values.bytes().len() + 64);
        self.keys.write(&mut tail);
        tail.extend_from_slice(self.values.bytes());
        head(&mut tail, 5, VARINT);
        varint(&mut tail, self.extent.into());
        head(&mut tail, 15, VARINT);
        varint(&mut tail, 2);
        let mut name = Vec::with_capacity(self.name.len() + 2);
        bytes(&mut name, 1, self.name.as_bytes());

        let length = name.len() + self.features.len() + tail.len();
        let mut layer = Vec::with_capacity(length + 6);
        head(&mut layer, 3, LENGTH);
        varint(&mut layer, length as u64);
        layer.extend_from_slice(&name);
        layer.extend_from_slice(&self.features);
        layer.extend_from_slice(&tail);
        Ok(Encoded::mvt(layer))
    }
}

impl DirectWriter<'_> {
    /// Writes the feature whose tags and geometry are at hand.
    fn feature(&mut self, id: Option<u64>, kind: u64) {
        let id_length = id.map_or(0, |id| 1 + varint_length(id));
        let tags_length = match self.tags.len() {
            0 => 0,
            length => 1 + varint_length(length as u64) + length,
        };
        let drawn = self.pen.drawn.len();
        let length = id_length + tags_length + 2 + 1 + varint_length(drawn as u64) + drawn;
        head(&mut self.features, 2, LENGTH);
        varint(&mut self.features, length as u64);
        if let Some(id) = id {
            head(&mut self.features, 1, VARINT);
            varint(&mut self.features, id);
        }
        if !self.tags.is_empty() {
            bytes(&mut self.features, 2, &self.tags);
        }
        head(&mut self.features, 3, VARINT);
        varint(&mut self.features, kind);
        bytes(&mut self.features, 4, &self.pen.drawn);
    }
}

/// Integer ids of the ids that it is told.
struct Ids<'a>(&'a mut Vec<u64>);

impl Told for Ids<'_> {
    fn none(&mut self) {
        self.text("");
    }

    fn kept(&mut self, number: u32, values: &[Value]) {
        match values.get((number as usize).wrapping_sub(1)) {
            Some(Value::Text(id)) => self.text(id),
            _ => self.none(),
        }
    }

    #[inline]
    fn text(&mut self, text: &str) {
        self.0.push(integer_id(text));
    }

    fn integer(&mut self, _: i64) {
        self.none();
    }

    fn number(&mut self, _: f64) {
        self.none();
    }
}

/// Keys in the order of their first use.
struct Keys<'t> {
    names: Vec<&'t str>,
    /// The position in the layer, by slot.
    positions: Vec<Option<u32>>,
    used: Vec<Slot>,
}

impl<'t> Keys<'t> {
    fn new(names: Vec<&'t str>) -> Self {
        Self {
            positions: vec![None; names.len()],
            names,
            used: Vec::new(),
        }
    }

    #[inline]
    fn position(&mut self, slot: Slot) -> u32 {
        match self.positions[usize::from(slot)] {
            Some(position) => position,
            None => self.used(slot),
        }
    }

    #[cold]
    fn used(&mut self, slot: Slot) -> u32 {
        let next = u32::try_from(self.used.len()).unwrap_or(u32::MAX);
        self.used.push(slot);
        self.positions[usize::from(slot)] = Some(next);
        next
    }

    fn write(&self, to: &mut Vec<u8>) {
        for slot in &self.used {
            bytes(to, 3, self.names[usize::from(*slot)].as_bytes());
        }
    }
}

/// Draws one geometry as commands.
#[derive(Default)]
struct Pen {
    drawn: Vec<u8>,
    at: Coord<i32>,
}

impl Pen {
    fn begin(&mut self) {
        self.drawn.clear();
        self.at = Coord { x: 0, y: 0 };
    }

    fn command(&mut self, command: u32, count: usize) {
        varint(&mut self.drawn, u64::from(command) | (count as u64) << 3);
    }

    fn step(&mut self, to: Coord<i32>) {
        for step in [
            to.x.saturating_sub(self.at.x),
            to.y.saturating_sub(self.at.y),
        ] {
            let zigzag = (step << 1) ^ (step >> 31);
            varint(&mut self.drawn, u64::from(zigzag.cast_unsigned()));
        }
        self.at = to;
    }

    fn points(&mut self, points: &[Coord<i32>]) {
        self.begin();
        self.command(MOVE_TO, points.len());
        for at in points {
            self.step(*at);
        }
    }

    /// Lines that meet end to start are drawn as one.
    fn lines(&mut self, lines: &[Path<i32>]) {
        self.begin();
        for chain in joined_lines(lines) {
            let steps = chain.iter().map(|line| line.len().saturating_sub(1)).sum();
            self.path(chain.first().and_then(|line| line.first()), steps);
            for at in chain.iter().flat_map(|line| line.iter().skip(1)) {
                self.step(*at);
            }
        }
    }

    fn polygons(&mut self, polygons: &[Vec<Path<i32>>]) {
        self.begin();
        let mut last = None;
        for ring in polygons.iter().flatten() {
            let start = ring_start(ring, last);
            let mut corners = ring.iter().cycle().skip(start).take(ring.len());
            self.path(corners.next(), ring.len().saturating_sub(1));
            for at in corners {
                self.step(*at);
            }
            self.command(CLOSE_PATH, 1);
            last = Some(self.at);
        }
    }

    /// Moves to the first corner and announces so many steps from there.
    fn path(&mut self, first: Option<&Coord<i32>>, steps: usize) {
        if let Some(first) = first {
            self.command(MOVE_TO, 1);
            self.step(*first);
            self.command(LINE_TO, steps);
        }
    }
}
