//! Texts of a column, each kept once as far as that pays.
//!
//! ```text
//! plain       lengths, texts
//! dictionary  lengths, places in the dictionary, texts
//! symbols     lengths of symbols, symbols, lengths, texts in symbols, places in the dictionary
//! ```
//!
//! Promises: which of the three is written is a function of the texts alone. Refuses nothing.

use super::stream::{self, Words, integers, kind};
use super::symbols::Symbols;
use crate::encode::index::Index;
use crate::encode::mvt::MOST_NUMBERED;
use crate::encode::mvt::wire::varint;
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hasher};

/// After so many texts it is decided whether others are looked for among them,
const TRIED: u32 = 256;
/// which they are where at least one in so many was known.
const ONE_IN: u32 = 8;
/// Texts that take less altogether are not worth a table of symbols.
const LEAST_FOR_SYMBOLS: usize = 1_024;

/// Texts in the order of features.
#[derive(Default)]
pub(super) struct Texts {
    /// By feature that has one: the place of its text, from 0 on.
    codes: Vec<u32>,
    /// All texts that were kept.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    /// Places from 1 on.
    index: Index,
    /// By number in a dictionary: the place from 1 on, 0 for one not met.
    numbered: Vec<u32>,
    tried: u32,
    known: u32,
    hashing: FixedState,
}

impl Texts {
    /// Forgets what the numbers stand for.
    pub(super) fn turn(&mut self) {
        self.numbered.clear();
    }

    /// Adds a text, which has this number in a dictionary; whether it was kept.
    pub(super) fn push(&mut self, text: &str, number: u32) -> bool {
        let (kept, at) = (self.ends.len(), number as usize);
        let in_dictionary = (1..=MOST_NUMBERED).contains(&at);
        if in_dictionary && let Some(known @ 1..) = self.numbered.get(at) {
            self.codes.push(known - 1);
            return false;
        }
        let place = self.place_of(text.as_bytes());
        if in_dictionary {
            if self.numbered.len() <= at {
                self.numbered.resize(at + 1, 0);
            }
            self.numbered[at] = place;
        }
        self.codes.push(place - 1);
        self.ends.len() > kept
    }

    /// The place of a text, from 1 on.
    fn place_of(&mut self, text: &[u8]) -> u32 {
        if self.tried >= TRIED && self.known * ONE_IN < self.tried {
            return self.keep(text);
        }
        self.tried += 1;
        let hash = self.hash(text);
        let (bytes, ends) = (&self.bytes, &self.ends);
        match self
            .index
            .find(hash, |place| kept(bytes, ends, place) == text)
        {
            Ok(place) => {
                self.known += 1;
                place
            }
            Err(free) => {
                let place = self.keep(text);
                self.index.keep(free, hash, place);
                place
            }
        }
    }

    fn keep(&mut self, text: &[u8]) -> u32 {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one")]
    fn hash(&self, text: &[u8]) -> u32 {
        let mut hasher = self.hashing.build_hasher();
        hasher.write(text);
        hasher.finish() as u32
    }

    /// Writes the column, of whose streams one or none says who has a text.
    pub(super) fn write(&self, to: &mut Vec<u8>, present: &[u8]) {
        let streams = |count: u64| count + u64::from(!present.is_empty());
        let each_its_own = self.codes.len() == self.ends.len();
        let starts = std::iter::once(&0).chain(&self.ends);
        let lengths = starts.zip(&self.ends);
        let lengths = lengths.map(|(start, end)| i64::try_from(end - start).unwrap_or(i64::MAX));
        let codes = self.codes.iter().map(|code| i64::from(*code));
        let places = |to: &mut Vec<u8>| {
            integers(to, kind::PLACES_IN_DICTIONARY, Words::Short, codes.clone());
        };
        let count = self.ends.len();
        if let Some((symbols, coded)) = self.coded() {
            varint(to, streams(5));
            to.extend_from_slice(present);
            let of_symbols = symbols.lengths.iter().map(|length| i64::from(*length));
            integers(to, kind::LENGTHS_OF_SYMBOLS, Words::Length, of_symbols);
            stream::bytes(to, kind::SYMBOLS, symbols.lengths.len(), &symbols.bytes);
            integers(to, kind::LENGTHS_IN_DICTIONARY, Words::Length, lengths);
            stream::bytes(to, kind::DICTIONARY, count, &coded);
            places(to);
        } else if each_its_own {
            varint(to, streams(2));
            to.extend_from_slice(present);
            integers(to, kind::LENGTHS_OF_TEXTS, Words::Length, lengths);
            stream::bytes(to, kind::DATA, count, &self.bytes);
        } else {
            varint(to, streams(3));
            to.extend_from_slice(present);
            integers(to, kind::LENGTHS_IN_DICTIONARY, Words::Length, lengths);
            places(to);
            stream::bytes(to, kind::DICTIONARY, count, &self.bytes);
        }
    }

    /// The texts in symbols, where they take less room so.
    fn coded(&self) -> Option<(Symbols, Vec<u8>)> {
        if self.bytes.len() < LEAST_FOR_SYMBOLS {
            return None;
        }
        let symbols = Symbols::of(&self.bytes, &self.ends);
        let coded = symbols.code(&self.bytes);
        let length = coded.len() + symbols.bytes.len() + symbols.lengths.len();
        (length < self.bytes.len()).then_some((symbols, coded))
    }
}

/// The text of a place.
fn kept<'a>(bytes: &'a [u8], ends: &[usize], place: u32) -> &'a [u8] {
    let at = place as usize - 1;
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start..ends[at]]
}
