//! The values of a layer, each written once where that pays, in the order of their first use.
//!
//! A value is written behind the others and looked for by what was written; where it is known, it is
//! taken back. Nothing is copied or kept beside the bytes but where each value ends. Values that come
//! numbered, from the dictionary of a column, are looked for once a dictionary; those of a column in which
//! hardly any comes twice are not looked for, and one that does come twice is written twice.

use super::wire::{LENGTH, bytes, head, varint, varint_length};
use super::{MOST_NUMBERED, Tag, Tagged};
use crate::encode::index::Index;
use crate::feature::Value;
use crate::view::sightings::{Column, Told};
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hasher};

/// Whole numbers below this are found by themselves.
const SMALL: usize = 1_024;

/// Numbers without a pattern: the first digits of pi behind the point, in base 16.
const ODD: [u64; 2] = [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344];
/// What a value takes, about.
const ROOM: usize = 12;
/// The heads of a value in a layer, of a text in a value and of a number with a point: the field, and of
/// which type it is.
const VALUE: u8 = 4 << 3 | 2;
const TEXT: u8 = 1 << 3 | 2;
const NUMBER: u8 = 3 << 3 | 1;
/// The fields of a value that are whole numbers.
const UNSIGNED: u8 = 4;
const ZIGZAG: u8 = 6;

/// The values of one layer.
#[derive(Default)]
pub(super) struct Values {
    /// All, as they are written.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    /// Positions from 1 on.
    index: Index,
    /// The position of zero, from 1 on. Both zeros are the same value, and written as the first came.
    zero: u32,
    /// By slot and number: the position from 1 on, 0 for one not met.
    numbered: Vec<Vec<u32>>,
    /// By a whole number below [`SMALL`]: the same.
    small: Vec<u32>,
    /// Of the dictionary at hand; kept for the room it has.
    known: Vec<u32>,
    hashing: FixedState,
}

impl Values {
    /// All values, as a layer has them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets what the numbers stand for.
    pub(super) fn turn(&mut self) {
        self.numbered.iter_mut().for_each(Vec::clear);
    }

    /// Makes room for so many values that are written, and for so many that are looked for.
    pub(super) fn expect(&mut self, written: usize, sought: usize) {
        self.bytes.reserve(written * ROOM);
        self.ends.reserve(written);
        self.index.expect(sought);
    }

    /// Where in the layer a value stands.
    pub(super) fn position(&mut self, tagged: &Tagged<'_>) -> u32 {
        let (slot, number) = (usize::from(tagged.slot), tagged.number as usize);
        if let Some(known @ 1..) = self.numbered.get(slot).and_then(|known| known.get(number)) {
            return known - 1;
        }
        let position = self.found(&tagged.tag);
        if (1..=MOST_NUMBERED).contains(&number) {
            self.remember((slot, number), position);
        }
        position - 1
    }

    /// Adds where in the layer the values of a column stand, from 1 on, row by row; 0 for none.
    pub(super) fn positions(&mut self, column: &Column, rows: &[u32], positions: &mut Vec<u32>) {
        if column.differs() {
            column.tell(rows, &mut Different(self, positions));
            return;
        }
        let mut known = std::mem::take(&mut self.known);
        known.clear();
        let mut found = Found {
            values: self,
            known,
            positions,
        };
        column.tell(rows, &mut found);
        self.known = found.known;
    }

    /// Remembers the position of a number of a slot.
    fn remember(&mut self, (slot, number): (usize, usize), position: u32) {
        if self.numbered.len() <= slot {
            self.numbered.resize_with(slot + 1, Vec::new);
        }
        let known = &mut self.numbered[slot];
        if known.len() <= number {
            known.resize(number + 1, 0);
        }
        known[number] = position;
    }

    /// The position of a value, from 1 on.
    fn found(&mut self, tag: &Tag<'_>) -> u32 {
        match tag {
            Tag::Text(text) => self.text(text),
            Tag::Integer(number) => self.integer(*number),
            Tag::Number(number) => self.number(*number),
            Tag::Boolean(yes) => self.short(7, u64::from(*yes)),
        }
    }

    fn text(&mut self, text: &str) -> u32 {
        let start = self.bytes.len();
        self.write_text(text);
        self.sought(start)
    }

    #[inline]
    fn write_text(&mut self, text: &str) {
        // Where both lengths take a byte.
        if let Ok(length @ ..126) = u8::try_from(text.len()) {
            let heads = [VALUE, length + 2, TEXT, length];
            self.bytes.extend_from_slice(&heads);
            self.bytes.extend_from_slice(text.as_bytes());
        } else {
            let length = text.len() as u64;
            head(&mut self.bytes, 4, LENGTH);
            varint(&mut self.bytes, 1 + varint_length(length) as u64 + length);
            bytes(&mut self.bytes, 1, text.as_bytes());
        }
    }

    fn integer(&mut self, number: i64) -> u32 {
        let (field, number) = varied(number);
        let small = usize::try_from(number).ok();
        let Some(small) = small.filter(|small| field == UNSIGNED && *small < SMALL) else {
            return self.short(field, number);
        };
        if self.small.is_empty() {
            self.small.resize(SMALL, 0);
        }
        if self.small[small] == 0 {
            self.small[small] = self.short(field, number);
        }
        self.small[small]
    }

    fn number(&mut self, number: f64) -> u32 {
        let start = self.bytes.len();
        if number == 0.0 && self.zero > 0 {
            return self.zero;
        }
        self.write_number(number);
        if number == 0.0 {
            self.zero = self.kept();
            return self.zero;
        }
        self.sought(start)
    }

    #[inline]
    fn write_number(&mut self, number: f64) {
        self.bytes.extend_from_slice(&[VALUE, 9, NUMBER]);
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    /// The position of a value that is a varint in a field of values.
    fn short(&mut self, field: u8, number: u64) -> u32 {
        let start = self.bytes.len();
        self.write_short(field, number);
        self.sought(start)
    }

    #[inline]
    fn write_short(&mut self, field: u8, number: u64) {
        let start = self.bytes.len();
        let mut written = [VALUE, 0, field << 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let end = varint_from(&mut written, 3, number);
        written[1] = end - 2;
        self.bytes.extend_from_slice(&written);
        self.bytes.truncate(start + usize::from(end));
    }

    /// The position of what is written from `start` on, which is taken back where it is known.
    fn sought(&mut self, start: usize) -> u32 {
        let hash = self.hash(start);
        let (bytes, ends) = (&self.bytes, &self.ends);
        match self
            .index
            .find(hash, |at| value(bytes, ends, at) == &bytes[start..])
        {
            Ok(known) => {
                self.bytes.truncate(start);
                known
            }
            Err(free) => {
                let position = self.kept();
                self.index.keep(free, hash, position);
                position
            }
        }
    }

    /// Keeps what was written last; its position from 1 on.
    fn kept(&mut self) -> u32 {
        // A layer has fewer bytes than that.
        let counted = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.ends.push(counted(self.bytes.len()));
        counted(self.ends.len())
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one")]
    fn hash(&self, start: usize) -> u32 {
        let value = &self.bytes[start..];
        // Most values are this short; each has four bytes at least.
        let ends = match value.len() {
            4..8 => {
                let ends = value.first_chunk().zip(value.last_chunk());
                ends.map(|(first, last)| {
                    let wide = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
                    (wide(first), wide(last))
                })
            }
            8..=16 => {
                let ends = value.first_chunk().zip(value.last_chunk());
                ends.map(|(first, last)| (u64::from_le_bytes(*first), u64::from_le_bytes(*last)))
            }
            _ => None,
        };
        let Some((first, last)) = ends else {
            let mut hasher = self.hashing.build_hasher();
            hasher.write(value);
            return hasher.finish() as u32;
        };
        // A folded product, as foldhash has it.
        let product = u128::from(first ^ ODD[0]) * u128::from(last ^ ODD[1]);
        (product >> 64) as u32 ^ product as u32
    }
}

/// The value of a position.
fn value<'a>(bytes: &'a [u8], ends: &[u32], position: u32) -> &'a [u8] {
    let at = position as usize - 1;
    let from = at.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[from as usize..ends[at] as usize]
}

/// The positions of a column's values, as they are found.
struct Found<'a> {
    values: &'a mut Values,
    /// Of the column's dictionary, by number: the position from 1 on, 0 for one not met.
    known: Vec<u32>,
    positions: &'a mut Vec<u32>,
}

impl Found<'_> {
    /// The position of a value of a dictionary that is not known yet, from 1 on.
    #[inline(never)]
    fn first(&mut self, number: u32, values: &[Value]) -> u32 {
        let number = number as usize;
        let Some(value) = values.get(number.wrapping_sub(1)) else {
            return 0;
        };
        let position = self.values.found(&Tag::from(value));
        if values.len() <= MOST_NUMBERED {
            self.known.resize(values.len() + 1, 0);
            self.known[number] = position;
        }
        position
    }
}

impl Told for Found<'_> {
    #[inline]
    fn none(&mut self) {
        self.positions.push(0);
    }

    #[inline]
    fn kept(&mut self, number: u32, values: &[Value]) {
        let position = match self.known.get(number as usize) {
            Some(known @ 1..) => *known,
            _ => self.first(number, values),
        };
        self.positions.push(position);
    }

    #[inline]
    fn text(&mut self, text: &str) {
        let position = self.values.text(text);
        self.positions.push(position);
    }

    #[inline]
    fn integer(&mut self, number: i64) {
        let position = self.values.integer(number);
        self.positions.push(position);
    }

    #[inline]
    fn number(&mut self, number: f64) {
        let position = self.values.number(number);
        self.positions.push(position);
    }
}

/// The positions of a column's values that are different for all that is known: each is written.
struct Different<'a>(&'a mut Values, &'a mut Vec<u32>);

impl Different<'_> {
    #[inline]
    fn keep(&mut self) {
        let position = self.0.kept();
        self.1.push(position);
    }
}

impl Told for Different<'_> {
    #[inline]
    fn none(&mut self) {
        self.1.push(0);
    }

    fn kept(&mut self, number: u32, values: &[Value]) {
        let value = values.get((number as usize).wrapping_sub(1));
        let position = value.map_or(0, |value| self.0.found(&Tag::from(value)));
        self.1.push(position);
    }

    #[inline]
    fn text(&mut self, text: &str) {
        self.0.write_text(text);
        self.keep();
    }

    #[inline]
    fn integer(&mut self, number: i64) {
        let (field, number) = varied(number);
        self.0.write_short(field, number);
        self.keep();
    }

    #[inline]
    fn number(&mut self, number: f64) {
        self.0.write_number(number);
        self.keep();
    }
}

/// The field of values in which a whole number takes the least, and the varint that it is there: zigzag for
/// negative numbers only, of which a plain varint takes ten bytes.
#[inline]
fn varied(number: i64) -> (u8, u64) {
    match u64::try_from(number) {
        Ok(number) => (UNSIGNED, number),
        Err(_) => (ZIGZAG, ((number << 1) ^ (number >> 63)).cast_unsigned()),
    }
}

/// Writes a varint into a place, from there on; where it ends.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn varint_from(to: &mut [u8; 16], from: u8, mut number: u64) -> u8 {
    let mut at = from;
    while number >= 0x80 {
        to[usize::from(at & 15)] = number as u8 | 0x80;
        number >>= 7;
        at += 1;
    }
    to[usize::from(at & 15)] = number as u8;
    at + 1
}
