//! Streams: the values of a column, or of a part of one, in whichever encoding takes least.
//!
//! ```text
//! stream = kind, encoding, count, length, (runs, values of the runs)?, payload
//! ```
//!
//! Integers are written as varints: as they are, as steps from one to the next, as runs, or as runs of
//! steps. The first two are [packed] where that makes much of a difference, but for lengths and positions:
//! there not every reader of the format knows it. Refuses nothing.

use super::packed;
use crate::encode::mvt::wire::{varint, varint_length};
use geo_types::Coord;

/// Which share of the varints words may take at most to be packed.
const PACKED_AT_MOST: (usize, usize) = (7, 8);

/// What a stream holds: its category in the upper half, what of it in the lower.
pub(super) mod kind {
    pub(crate) const PRESENT: u8 = 0x00;
    pub(crate) const DATA: u8 = 0x10;
    pub(crate) const DICTIONARY: u8 = 0x11;
    pub(crate) const VERTICES: u8 = 0x13;
    pub(crate) const SYMBOLS: u8 = 0x15;
    pub(crate) const PLACES_IN_DICTIONARY: u8 = 0x22;
    pub(crate) const LENGTHS_OF_TEXTS: u8 = 0x30;
    pub(crate) const GEOMETRIES: u8 = 0x31;
    pub(crate) const PARTS: u8 = 0x32;
    pub(crate) const RINGS: u8 = 0x33;
    pub(crate) const LENGTHS_OF_SYMBOLS: u8 = 0x35;
    pub(crate) const LENGTHS_IN_DICTIONARY: u8 = 0x36;
}

/// Encodings of a payload: how values become words, and in the last two bits how words become bytes.
mod encoding {
    pub(super) const RAW: u8 = 0;
    /// In the place of [`PLAIN`] and of its part in the others.
    pub(super) const PACKED: u8 = 0b01;
    pub(super) const PLAIN: u8 = 0b10;
    pub(super) const STEPS: u8 = 1 << 5 | PLAIN;
    pub(super) const STEPS_OF_BOTH: u8 = 2 << 5 | PLAIN;
    pub(super) const RUNS: u8 = 3 << 5 | PLAIN;
    pub(super) const RUNS_OF_STEPS: u8 = 1 << 5 | 3 << 2 | PLAIN;
    pub(super) const RUNS_OF_BYTES: u8 = 3 << 5 | RAW;
}

/// How the integers of a stream become words.
#[derive(Debug, Clone, Copy)]
pub(super) enum Words {
    /// Unsigned, of 32 bits.
    Short,
    /// Signed, of 32 bits.
    SignedShort,
    /// Signed, of 64 bits.
    SignedLong,
    /// Unsigned, of 64 bits, and read as a number of 53 bits by those who have no other.
    Id,
    /// Unsigned, of 32 bits, and read in order to be added up: as they are, or as runs.
    Length,
}

impl Words {
    fn word(self, value: i64) -> u64 {
        match self {
            Self::Short | Self::Id | Self::Length => value.cast_unsigned(),
            Self::SignedShort | Self::SignedLong => zigzag(value),
        }
    }

    /// The widest step that every reader takes.
    fn widest_step(self) -> u64 {
        match self {
            Self::Short | Self::SignedShort => u32::MAX.into(),
            Self::SignedLong => u64::MAX,
            Self::Id => (1 << 53) - 1,
            Self::Length => 0,
        }
    }

    /// Whether they are packed where that pays.
    fn may_pack(self) -> bool {
        matches!(self, Self::Short | Self::SignedShort)
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// Writes integers, an unsigned one of 64 bits as the signed one of the same bits.
pub(super) fn integers(
    to: &mut Vec<u8>,
    kind: u8,
    words: Words,
    values: impl Iterator<Item = i64> + Clone,
) {
    let plain: Vec<u64> = values.clone().map(|value| words.word(value)).collect();
    let mut chosen = Choice::of(&plain, words, false);
    let steps: Vec<u64>;
    if plain.len() > 1 && words.widest_step() > 0 {
        let mut last = 0_i64;
        let step = |value: i64| zigzag(value.wrapping_sub(std::mem::replace(&mut last, value)));
        steps = values.map(step).collect();
        let stepping = Choice::of(&steps, words, true);
        if stepping.bytes < chosen.bytes && stepping.widest <= words.widest_step() {
            chosen = stepping;
        }
    }
    chosen.write(to, kind);
}

/// The words that a stream may have, in the encoding in which they take least.
struct Choice<'w> {
    words: &'w [u64],
    encoding: u8,
    bytes: usize,
    /// How many runs there are.
    runs: u64,
    widest: u64,
}

impl<'w> Choice<'w> {
    fn of(words: &'w [u64], of: Words, steps: bool) -> Self {
        let (mut each, mut run_bytes) = (0, 0);
        let (mut runs, mut widest) = (0_u64, 0);
        let (mut last, mut run) = (None, 0_u64);
        for word in words {
            let bytes = varint_length(*word);
            each += bytes;
            widest |= *word;
            if last == Some(*word) {
                run += 1;
                continue;
            }
            run_bytes += bytes + varint_length(run);
            runs += 1;
            (last, run) = (Some(*word), 1);
        }
        // The first run had none before it, and the head of a stream of runs is longer.
        run_bytes = (run_bytes + varint_length(run) + 4).saturating_sub(1);
        let [plain, in_runs] = if steps {
            [encoding::STEPS, encoding::RUNS_OF_STEPS]
        } else {
            [encoding::PLAIN, encoding::RUNS]
        };
        let mut choice = Self {
            words,
            encoding: plain,
            bytes: each,
            runs,
            widest,
        };
        if of.may_pack() && widest <= u32::MAX.into() {
            let (packed, (share, of)) = (packed::length(words), PACKED_AT_MOST);
            if packed * of < each * share {
                choice.encoding = plain & !encoding::PLAIN | encoding::PACKED;
                choice.bytes = packed;
            }
        }
        if words.len() > 1 && run_bytes < choice.bytes {
            (choice.encoding, choice.bytes) = (in_runs, run_bytes);
        }
        choice
    }

    fn write(&self, to: &mut Vec<u8>, kind: u8) {
        let (count, bytes) = (self.words.len() as u64, self.bytes as u64);
        to.reserve(self.bytes + 16);
        match self.encoding {
            encoding::RUNS | encoding::RUNS_OF_STEPS => self.write_runs(to, kind),
            encoding::PLAIN | encoding::STEPS => {
                head(to, kind, self.encoding, count, bytes);
                for word in self.words {
                    varint(to, *word);
                }
            }
            packed => {
                head(to, kind, packed, count, bytes);
                packed::write(to, self.words);
            }
        }
    }

    /// First how long each run is, then of what.
    fn write_runs(&self, to: &mut Vec<u8>, kind: u8) {
        let runs = self.words.chunk_by(|a, b| a == b);
        let (mut payload, mut of) = (Vec::new(), Vec::new());
        for run in runs {
            varint(&mut payload, run.len() as u64);
            varint(&mut of, run[0]);
        }
        payload.extend(of);
        head(to, kind, self.encoding, 2 * self.runs, payload.len() as u64);
        varint(to, self.runs);
        varint(to, self.words.len() as u64);
        to.extend(payload);
    }
}

/// Writes positions, as they are or as steps from one to the next.
pub(super) fn vertices(to: &mut Vec<u8>, vertices: &[Coord<i32>]) {
    let plain = vertices.iter().flat_map(|at| [at.x, at.y]);
    let plain = plain.map(|value| zigzag(value.into()));
    let mut last = Coord { x: 0_i32, y: 0 };
    let steps = vertices.iter().flat_map(move |at| {
        let step = [at.x.wrapping_sub(last.x), at.y.wrapping_sub(last.y)];
        last = *at;
        step
    });
    // A step wraps as what adds it up does.
    let steps = steps.map(|step| u64::from(((step << 1) ^ (step >> 31)).cast_unsigned()));
    let length = |words: &mut dyn Iterator<Item = u64>| words.map(varint_length).sum::<usize>();
    let as_they_are = length(&mut plain.clone());
    let as_steps = length(&mut steps.clone());
    let count = 2 * vertices.len() as u64;
    if as_they_are <= as_steps {
        head(
            to,
            kind::VERTICES,
            encoding::PLAIN,
            count,
            as_they_are as u64,
        );
        plain.for_each(|word| varint(to, word));
    } else {
        let encoding = encoding::STEPS_OF_BOTH;
        head(to, kind::VERTICES, encoding, count, as_steps as u64);
        steps.for_each(|word| varint(to, word));
    }
}

/// Writes bits, the first of each byte the least, as runs of bytes that repeat or do not.
pub(super) fn booleans(to: &mut Vec<u8>, kind: u8, bits: &[u8], count: usize) {
    const LEAST_RUN: usize = 3;
    const MOST_RUN: usize = 130;
    const MOST_LITERAL: usize = 128;
    let mut payload = Vec::with_capacity(bits.len() / 4 + 2);
    let mut rest = bits;
    while let [first, ..] = rest {
        let run = rest.iter().take(MOST_RUN).take_while(|at| *at == first);
        let run = run.count();
        if run >= LEAST_RUN {
            payload.extend([low_byte(run - LEAST_RUN), *first]);
            rest = &rest[run..];
            continue;
        }
        let next = rest
            .windows(LEAST_RUN)
            .position(|w| w.iter().all(|at| *at == w[0]));
        let literal = next.unwrap_or(rest.len()).min(MOST_LITERAL);
        payload.push(low_byte(256 - literal));
        payload.extend_from_slice(&rest[..literal]);
        rest = &rest[literal..];
    }
    raw(to, kind, encoding::RUNS_OF_BYTES, count, &payload);
}

/// Writes bytes as they are.
pub(super) fn bytes(to: &mut Vec<u8>, kind: u8, count: usize, payload: &[u8]) {
    raw(to, kind, encoding::RAW, count, payload);
}

/// Writes numbers of 64 bits.
pub(super) fn numbers(to: &mut Vec<u8>, numbers: &[f64]) {
    let length = numbers.len() as u64;
    head(to, kind::DATA, encoding::RAW, length, length * 8);
    to.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn raw(to: &mut Vec<u8>, kind: u8, encoding: u8, count: usize, payload: &[u8]) {
    head(to, kind, encoding, count as u64, payload.len() as u64);
    to.extend_from_slice(payload);
}

fn head(to: &mut Vec<u8>, kind: u8, encoding: u8, count: u64, length: u64) {
    to.extend([kind, encoding]);
    varint(to, count);
    varint(to, length);
}

/// A number below 256 as its byte.
fn low_byte(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
