//! One point with few tags, written in a place of fixed size: what most features of a tile are, by the
//! thousand.
//!
//! ```text
//! | head, id | tags ─▶                    | type, geometry |
//! 0 ◀────── 32                            end ─▶        256
//! ```
//!
//! The tags come first, since the head says how long they are; then what is before and behind them.

use super::wire::{LENGTH, VARINT, varint_length};
use geo_types::Coord;

/// The most tags: so many fit whatever their numbers are.
pub(super) const MOST_SMALL: usize = 16;
/// Where tags begin: before them are a length and an id with their heads, at most so long.
const TAGS: usize = 32;

/// A feature being written. It is no longer than its place, so its lower eight bits are the whole index.
pub(super) struct Small {
    bytes: [u8; 256],
    at: usize,
}

impl Small {
    pub(super) fn new() -> Self {
        Self {
            bytes: [0; 256],
            at: TAGS,
        }
    }

    /// Begins with no tags.
    pub(super) fn begin(&mut self) {
        self.at = TAGS;
    }

    /// Writes one number of a tag.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    pub(super) fn put(&mut self, number: u32) {
        match number {
            ..0x80 => self.byte(number as u8),
            0x80..0x4000 => {
                self.byte(number as u8 | 0x80);
                self.byte((number >> 7) as u8);
            }
            _ => self.put_long(number.into()),
        }
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.bytes[self.at & 255] = byte;
        self.at += 1;
    }

    /// The feature with the tags written: a point of this id.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "11 bytes at most")]
    pub(super) fn point(&mut self, id: u64, at: Coord<i32>) -> &[u8] {
        let tags = self.at.saturating_sub(TAGS);
        // A point, and a geometry of one command, which moves to it.
        let drawn = self.at;
        for byte in [head(3, VARINT), 1, head(4, LENGTH), 0, 1 << 3 | 1] {
            self.byte(byte);
        }
        for step in [at.x, at.y] {
            let zigzag = (step << 1) ^ (step >> 31);
            self.put(zigzag.cast_unsigned());
        }
        let end = self.at;
        self.bytes[(drawn + 3) & 255] = (end - drawn - 4) as u8;

        let mut before = 1 + varint_length(id);
        if tags > 0 {
            before += 1 + varint_length(tags as u64);
        }
        let length = before + end - TAGS;
        let start = TAGS - before - 1 - varint_length(length as u64);
        self.at = start;
        self.byte(head(2, LENGTH));
        self.put_long(length as u64);
        self.byte(head(1, VARINT));
        self.put_long(id);
        if tags > 0 {
            self.byte(head(2, LENGTH));
            self.put_long(tags as u64);
        }
        self.bytes.get(start..end).unwrap_or_default()
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    fn put_long(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }
}

/// A field's number and wire type.
#[expect(clippy::cast_possible_truncation, reason = "a field below 16")]
const fn head(field: u8, wire_type: u32) -> u8 {
    field << 3 | wire_type as u8
}
