//! The values of a layer, each written once, in the order of their first use.
//!
//! A value is written behind the others and looked for by what was written; where it is known, it is
//! taken back. Nothing is copied or kept beside the bytes but where each value ends. Values that come
//! numbered, from the dictionary of a column, are looked for once a dictionary.

use super::wire::{FIXED_64, LENGTH, VARINT, bytes, head, varint, varint_length};
use super::{MOST_NUMBERED, Tag, Tagged};
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hasher};

/// Places to begin with; a power of two, as ever.
const PLACES: usize = 256;

/// The values of one layer.
#[derive(Default)]
pub(super) struct Values {
    /// All, as they are written.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    /// By hash, from there on to the next that is empty: the hash, and the position from 1 on.
    places: Vec<(u32, u32)>,
    /// The position of zero, from 1 on. Both zeros are the same value, and written as the first came.
    zero: u32,
    /// By slot and number: the position from 1 on, 0 for one not met.
    numbered: Vec<Vec<u32>>,
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

    /// Where in the layer a value stands.
    pub(super) fn position(&mut self, tagged: &Tagged<'_>) -> u32 {
        let (slot, number) = (usize::from(tagged.slot), tagged.number);
        if number == 0 || number > MOST_NUMBERED {
            return self.found(&tagged.tag) - 1;
        }
        let at = number as usize;
        let known = self.numbered.get(slot).and_then(|known| known.get(at));
        if let Some(known @ 1..) = known {
            return known - 1;
        }
        let position = self.found(&tagged.tag);
        if self.numbered.len() <= slot {
            self.numbered.resize_with(slot + 1, Vec::new);
        }
        let known = &mut self.numbered[slot];
        if known.len() <= at {
            known.resize(at + 1, 0);
        }
        known[at] = position;
        position - 1
    }

    /// The position of a value, from 1 on.
    fn found(&mut self, tag: &Tag<'_>) -> u32 {
        if matches!(tag, Tag::Number(number) if *number == 0.0) {
            if self.zero == 0 {
                write_value(&mut self.bytes, tag);
                self.zero = self.kept();
            }
            return self.zero;
        }
        if self.places.len() <= self.ends.len() * 2 {
            self.grow();
        }
        let start = self.bytes.len();
        write_value(&mut self.bytes, tag);
        let hash = self.hash(start);
        let mut place = self.place(hash);
        loop {
            match self.places[place] {
                (_, 0) => break,
                (known, position) if known == hash && self.is_at(position, start) => {
                    self.bytes.truncate(start);
                    return position;
                }
                _ => place = (place + 1) & (self.places.len() - 1),
            }
        }
        let position = self.kept();
        self.places[place] = (hash, position);
        position
    }

    /// Keeps what was written last; its position from 1 on.
    fn kept(&mut self) -> u32 {
        self.ends.push(self.bytes.len());
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one")]
    fn hash(&self, start: usize) -> u32 {
        let mut hasher = self.hashing.build_hasher();
        hasher.write(&self.bytes[start..]);
        hasher.finish() as u32
    }

    /// Where a hash is looked for first.
    fn place(&self, hash: u32) -> usize {
        hash as usize & (self.places.len() - 1)
    }

    /// Whether the value of a position is what is written from `start` on.
    fn is_at(&self, position: u32, start: usize) -> bool {
        let at = position as usize - 1;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes[from..self.ends[at]] == self.bytes[start..]
    }

    fn grow(&mut self) {
        let length = (self.places.len() * 2).max(PLACES);
        let known = std::mem::replace(&mut self.places, vec![(0, 0); length]);
        for (hash, position) in known.into_iter().filter(|(_, position)| *position > 0) {
            let mut place = self.place(hash);
            while self.places[place].1 > 0 {
                place = (place + 1) & (length - 1);
            }
            self.places[place] = (hash, position);
        }
    }
}

fn write_value(to: &mut Vec<u8>, tag: &Tag<'_>) {
    head(to, 4, LENGTH);
    let short = |to: &mut Vec<u8>, field: u32, number: u64| {
        varint(to, 1 + varint_length(number) as u64);
        head(to, field, VARINT);
        varint(to, number);
    };
    match tag {
        Tag::Text(text) => {
            let length = text.len() as u64;
            varint(to, 1 + varint_length(length) as u64 + length);
            bytes(to, 1, text.as_bytes());
        }
        Tag::Number(number) => {
            varint(to, 9);
            head(to, 3, FIXED_64);
            to.extend_from_slice(&number.to_le_bytes());
        }
        // Zigzag for negative numbers only: a plain varint of those takes ten bytes.
        Tag::Integer(number) if *number < 0 => {
            short(to, 6, ((number << 1) ^ (number >> 63)).cast_unsigned());
        }
        Tag::Integer(number) => short(to, 4, number.unsigned_abs()),
        Tag::Boolean(yes) => short(to, 7, u64::from(*yes)),
    }
}
