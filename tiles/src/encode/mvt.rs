//! Stage 7, mvt: shapes on the grid and named values as one layer of MVT 2.1.
//!
//! Layers are written apart; as bytes they concatenate to a tile. Promises: version 2, integer ids,
//! keys and values shared within the layer, the same bytes for the same features in the same segments. Refuses nothing
//! that the stage before lets through.

mod direct;
mod reference;
mod small;
mod values;
pub(super) mod wire;

pub(crate) use direct::DirectWriter;
use reference::ReferenceWriter;

use super::json;
use super::project::{Path, Shape};
use crate::feature::{Value, ValueRef};
use crate::view::sightings::Column;
use geo_types::Coord;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Numbers of values past this are not remembered: a dictionary of so many saves little.
pub(super) const MOST_NUMBERED: usize = 4_096;

/// The place of a key among those that a writer was given.
pub(crate) type Slot = u16;

/// One layer being written.
pub(crate) trait LayerWriter<'t>: Sized {
    /// Why a feature is refused.
    type Error: fmt::Display;

    /// Begins a layer whose features have some of these keys.
    fn new(name: &str, extent: u32, keys: Vec<&'t str>) -> Self;

    /// Adds a feature. MVT has one kind of geometry a feature, so a mixed shape becomes up to three
    /// of the same id and values; an empty one becomes none.
    fn add(
        &mut self,
        id: Option<u64>,
        shape: &Shape<i32>,
        tags: &[Tagged<'t>],
    ) -> Result<(), Self::Error>;

    /// Adds sightings that are points, all of one segment, as [`LayerWriter::add`] does one by one; or says
    /// that it takes them no other way.
    fn add_points(&mut self, _points: &Points<'_, 't>) -> bool {
        false
    }

    /// So many features come, at most, and so many of them [one by one](LayerWriter::add).
    fn expect(&mut self, _features: usize, _one_by_one: usize) {}

    /// From here on the numbers of values are those of other dictionaries.
    fn turn(&mut self);

    /// The layer as written; no bytes if it has no features.
    fn finish(self) -> Result<Encoded, Self::Error>;
}

/// One layer or several as written.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes the same takes as MVT: exactly if that is what was written, else at most.
    pub(crate) mvt_bytes: usize,
}

impl Encoded {
    /// What was written as MVT.
    fn mvt(bytes: Vec<u8>) -> Self {
        Self {
            mvt_bytes: bytes.len(),
            bytes,
        }
    }

    /// Puts another layer behind this one.
    pub(crate) fn add(&mut self, other: Self) {
        self.bytes.extend(other.bytes);
        self.mvt_bytes += other.mvt_bytes;
    }
}

/// Sightings that are points, column by column.
pub(crate) struct Points<'r, 't> {
    /// The rows, in the order in which they stand in their segment.
    pub(crate) rows: &'r [u32],
    /// Where in the tile each of them is.
    pub(crate) places: &'r [Coord<i32>],
    /// The order in which they are drawn: places among them.
    pub(crate) order: &'r [u32],
    /// The column of ids.
    pub(crate) ids: &'t Column,
    /// What they are tagged with.
    pub(crate) columns: &'r [(Slot, &'t Column)],
}

/// A way to write layers.
pub(crate) trait Writer {
    /// A layer written so.
    type Layer<'t>: LayerWriter<'t>;
}

/// Straight to bytes.
pub(crate) enum Direct {}

impl Writer for Direct {
    type Layer<'t> = DirectWriter<'t>;
}

/// By the `mvt` crate.
pub(crate) enum Reference {}

impl Writer for Reference {
    type Layer<'t> = ReferenceWriter<'t>;
}

/// One key of a feature with its value.
#[derive(Debug, Clone)]
pub(crate) struct Tagged<'a> {
    pub(crate) slot: Slot,
    pub(crate) tag: Tag<'a>,
    /// The number of the value in a dictionary of the key, from 1 on; 0 where it is in none. Until the
    /// writer is told to [turn](LayerWriter::turn), the same number of the same key is the same value.
    pub(crate) number: u32,
}

impl<'a> From<(Slot, Tag<'a>)> for Tagged<'a> {
    fn from((slot, tag): (Slot, Tag<'a>)) -> Self {
        Self {
            slot,
            tag,
            number: 0,
        }
    }
}

/// A value as MVT knows it.
#[derive(Debug, Clone)]
pub(crate) enum Tag<'a> {
    Text(Cow<'a, str>),
    Integer(i64),
    Number(f64),
    Boolean(bool),
}

impl PartialEq for Tag<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => bits(*a) == bits(*b),
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Tag<'_> {}

impl Hash for Tag<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text(text) => text.hash(state),
            Self::Integer(n) => n.hash(state),
            Self::Number(x) => bits(*x).hash(state),
            Self::Boolean(b) => b.hash(state),
        }
    }
}

/// What tells numbers apart: both zeros are the same, and a value that is no number is itself.
fn bits(number: f64) -> u64 {
    if number == 0.0 { 0 } else { number.to_bits() }
}

impl<'a> From<ValueRef<'a>> for Tag<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Text(text) => Self::Text(Cow::Borrowed(text)),
            ValueRef::Integer(n) => Self::Integer(n),
            ValueRef::Number(x) => Self::Number(x),
            ValueRef::Boolean(b) => Self::Boolean(b),
            ValueRef::Time(at) => Self::Integer(at.as_millisecond()),
            ValueRef::List(values) => Self::Text(Cow::Owned(json::array(values))),
        }
    }
}

impl<'a> From<&'a Value> for Tag<'a> {
    fn from(value: &'a Value) -> Self {
        Self::from(ValueRef::from(value))
    }
}

/// Lines by what they draw: those that meet end to start are one.
pub(super) fn joined_lines(lines: &[Path<i32>]) -> impl Iterator<Item = &[Path<i32>]> {
    lines.chunk_by(|a, b| a.last() == b.first())
}

/// The corner at which a ring begins where the pen was here last. As the reference has it: no ring begins
/// where the one before ended.
pub(super) fn ring_start(ring: &[Coord<i32>], last: Option<Coord<i32>>) -> usize {
    ring.iter().position(|at| Some(*at) != last).unwrap_or(0)
}

/// The largest integer id: what every client's numbers hold exactly.
const ID_BITS: u64 = (1 << 53) - 1;

/// The integer id of a feature: the number itself where the id is decimal without leading zeros and
/// below 2^53, else the low 53 bits of SHA-256 of the id, the digest read as one big-endian number
/// (so: its last eight bytes, masked).
#[inline]
pub fn integer_id(id: &str) -> u64 {
    if let Some(number) = decimal(id).filter(|number| *number <= ID_BITS) {
        return number;
    }
    let digest = Sha256::digest(id.as_bytes());
    let low = digest.iter().rev().take(8).rev();
    low.fold(0_u64, |low, byte| low << 8 | u64::from(*byte)) & ID_BITS
}

/// The number that an id is, where it is one without leading zeros and with no more digits than any below
/// 2^53.
fn decimal(id: &str) -> Option<u64> {
    let fits = (1..=16).contains(&id.len()) && (id == "0" || !id.starts_with('0'));
    let mut number = 0;
    for byte in id.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || !fits {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    fits.then_some(number)
}

/// The integer id of an H3 cell: the low 53 bits of its index, unique within a resolution.
pub(crate) fn integer_id_of_cell(cell: crate::cell::Cell) -> u64 {
    u64::from(cell) & ID_BITS
}

#[cfg(test)]
pub(super) mod tests;
