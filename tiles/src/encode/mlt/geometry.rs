//! The column of geometries: what each is, how many parts of which lengths, and all positions in a row.
//!
//! A shape of one part is a point, a line or a polygon; one of several is the same of many. Lines that
//! meet are one line and rings begin where they begin in MVT, so that both formats draw the same.
//! Refuses nothing.

use super::stream::{Words, integers, kind, vertices};
use crate::encode::mvt::wire::{varint, varint_length};
use crate::encode::mvt::{joined_lines, ring_start};
use crate::encode::project::Path;
use geo_types::Coord;

const POINT: u8 = 0;
const LINE: u8 = 1;
const POLYGON: u8 = 2;
/// What is added for several of a kind.
const MANY: u8 = 3;

/// All geometries of a layer.
#[derive(Default)]
pub(super) struct Geometries {
    /// Of each, what it is.
    types: Vec<u8>,
    /// Of each that has several parts, how many.
    parts: Vec<u32>,
    /// Of each polygon, how many rings.
    polygons: Vec<u32>,
    /// Of each ring and line, in the order of features, how many positions, and whether it is a line.
    rings: Vec<u32>,
    vertices: Vec<Coord<i32>>,
}

impl Geometries {
    pub(super) fn len(&self) -> usize {
        self.types.len()
    }

    fn begin(&mut self, of: u8, parts: usize) {
        if parts == 1 {
            self.types.push(of);
        } else {
            self.types.push(of + MANY);
            self.parts.push(length(parts));
        }
    }

    /// Adds a geometry of points; the most bytes that MVT takes to draw it, as by the others.
    pub(super) fn points(&mut self, points: &[Coord<i32>]) -> usize {
        self.begin(POINT, points.len());
        self.vertices.extend_from_slice(points);
        commands(1) + points.len() * EACH
    }

    pub(super) fn lines(&mut self, lines: &[Path<i32>]) -> usize {
        self.begin(LINE, joined_lines(lines).count());
        let before = self.vertices.len();
        let mut drawn = 0;
        for chain in joined_lines(lines) {
            let first = chain.first().and_then(|line| line.first());
            let steps = chain.iter().flat_map(|line| line.iter().skip(1));
            let start = self.vertices.len();
            self.vertices.extend(first.into_iter().chain(steps));
            self.rings.push(length(self.vertices.len() - start));
            drawn += commands(2);
        }
        drawn + (self.vertices.len() - before) * EACH
    }

    pub(super) fn polygons(&mut self, polygons: &[Vec<Path<i32>>]) -> usize {
        self.begin(POLYGON, polygons.len());
        let before = self.vertices.len();
        let (mut last, mut drawn) = (None, 0);
        for polygon in polygons {
            self.polygons.push(length(polygon.len()));
            for ring in polygon {
                let corners = ring.iter().cycle().skip(ring_start(ring, last));
                self.vertices.extend(corners.take(ring.len()));
                self.rings.push(length(ring.len()));
                last = self.vertices.last().copied();
                drawn += commands(3);
            }
        }
        drawn + (self.vertices.len() - before) * EACH
    }

    /// Writes the column.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        // Without polygons the lines are what the parts are.
        let (parts, rings) = if self.polygons.is_empty() {
            (&self.rings, &self.polygons)
        } else {
            (&self.polygons, &self.rings)
        };
        let lengths = [
            (kind::GEOMETRIES, &self.parts),
            (kind::PARTS, parts),
            (kind::RINGS, rings),
        ];
        let lengths = lengths.into_iter().filter(|(_, of)| !of.is_empty());
        varint(to, 2 + lengths.clone().count() as u64);
        let types = self.types.iter().map(|of| i64::from(*of));
        integers(to, kind::DATA, Words::Length, types);
        for (kind, of) in lengths {
            integers(to, kind, Words::Length, of.iter().map(|of| i64::from(*of)));
        }
        vertices(to, &self.vertices);
    }
}

/// The most bytes of a position in MVT: two steps of at most 19 bits.
const EACH: usize = 2 * 3;

/// The most bytes of so many commands.
fn commands(count: usize) -> usize {
    count * varint_length(u32::MAX.into())
}

fn length(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
