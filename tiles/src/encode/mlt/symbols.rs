//! Symbols: texts written as numbers of what often stands in them (FSST: Boncz, Neumann and Leis, 2020).
//!
//! The table is made in one pass over a sample: of what texts begin with in common, of pairs of bytes
//! and of bytes. That is less than the paper's five rounds find in prose, and all there is to find in
//! what a layer has of its own for every feature, which is numbers and digests. Texts are coded as the
//! one text that they are in a row, since that is how they are read back.
//!
//! Promises: the same table for the same texts; the texts, when read back. Refuses nothing.

use std::cmp::Reverse;

/// What says that the next byte stands for itself.
const ESCAPE: u8 = 255;
/// The last symbol that there may be.
const LAST_SYMBOL: u8 = ESCAPE - 1;
/// How many bytes are looked at to find symbols.
const SAMPLE: usize = 4_096;
/// The longest symbol.
const LONGEST: usize = 8;

/// A table of symbols.
pub(super) struct Symbols {
    /// All, one behind the other.
    pub(super) bytes: Vec<u8>,
    pub(super) lengths: Vec<u8>,
    /// What many texts begin with; symbol 0, if there is any.
    start: Vec<u8>,
    alphabet: Alphabet,
    /// By two letters: the symbol, or [`ESCAPE`].
    pairs: Vec<u8>,
    /// By byte.
    singles: [u8; 256],
}

/// The bytes that the sample has, numbered from 0 on.
struct Alphabet {
    letters: Vec<u8>,
    /// The number of a byte; the number of letters for one that is none.
    numbers: [u16; 256],
}

impl Alphabet {
    fn of(sample: &[&[u8]]) -> Self {
        let mut known = [false; 256];
        for byte in sample.iter().copied().flatten() {
            known[usize::from(*byte)] = true;
        }
        let letters = (0..=u8::MAX).filter(|byte| known[usize::from(*byte)]);
        let letters: Vec<u8> = letters.collect();
        let none = u16::try_from(letters.len()).unwrap_or(u16::MAX);
        let mut numbers = [none; 256];
        for (number, letter) in (0_u16..).zip(&letters) {
            numbers[usize::from(*letter)] = number;
        }
        Self { letters, numbers }
    }

    /// How many places a table by pairs has: a row and a column more, for what is no letter.
    fn places(&self) -> usize {
        (self.letters.len() + 1) * (self.letters.len() + 1)
    }

    fn place(&self, [first, second]: [u8; 2]) -> usize {
        let [first, second] =
            [first, second].map(|byte| usize::from(self.numbers[usize::from(byte)]));
        first * (self.letters.len() + 1) + second
    }
}

impl Symbols {
    /// Finds the symbols of texts, of which each ends where said.
    pub(super) fn of(texts: &[u8], ends: &[usize]) -> Self {
        let sample = sample(texts, ends);
        let start = common_start(&sample);
        let alphabet = Alphabet::of(&sample);
        let mut counts = vec![0_u32; alphabet.places()];
        for text in &sample {
            let rest = text.strip_prefix(start).unwrap_or(text);
            for pair in rest.chunks_exact(2) {
                counts[alphabet.place([pair[0], pair[1]])] += 1;
            }
        }
        let letters = alphabet.letters.iter();
        let all = letters.flat_map(|first| alphabet.letters.iter().map(|second| [*first, *second]));
        let found = all.map(|pair| (counts[alphabet.place(pair)], pair));
        let mut found: Vec<_> = found.filter(|(count, _)| *count > 0).collect();
        found.sort_unstable_by_key(|(count, pair)| (Reverse(*count), *pair));
        let room = usize::from(ESCAPE) - usize::from(!start.is_empty());
        let with_singles = takes_singles(&found, room, alphabet.letters.len());
        let mut symbols = Self {
            bytes: Vec::new(),
            lengths: Vec::new(),
            start: start.to_vec(),
            pairs: vec![ESCAPE; alphabet.places()],
            singles: [ESCAPE; 256],
            alphabet,
        };
        if !symbols.start.is_empty() {
            let start = symbols.start.clone();
            symbols.add(&start);
        }
        if with_singles {
            for letter in symbols.alphabet.letters.clone() {
                symbols.singles[usize::from(letter)] = symbols.add(&[letter]);
            }
        }
        let left = usize::from(ESCAPE) - symbols.lengths.len();
        for (_, pair) in found.into_iter().take(left) {
            let place = symbols.alphabet.place(pair);
            symbols.pairs[place] = symbols.add(&pair);
        }
        symbols
    }

    /// Adds a symbol; there is room for it.
    fn add(&mut self, symbol: &[u8]) -> u8 {
        let number = u8::try_from(self.lengths.len()).unwrap_or(ESCAPE);
        self.bytes.extend_from_slice(symbol);
        self.lengths.push(u8::try_from(symbol.len()).unwrap_or(0));
        number
    }

    /// The texts as symbols.
    pub(super) fn code(&self, texts: &[u8]) -> Vec<u8> {
        let mut coded = Vec::with_capacity(texts.len() / 2 + 16);
        let mut rest = texts;
        while let [first, behind @ ..] = rest {
            if !self.start.is_empty()
                && *first == self.start[0]
                && let Some(behind) = rest.strip_prefix(self.start.as_slice())
            {
                coded.push(0);
                rest = behind;
                continue;
            }
            if let [second, behind @ ..] = behind
                && let symbol @ 0..=LAST_SYMBOL = self.pairs[self.alphabet.place([*first, *second])]
            {
                coded.push(symbol);
                rest = behind;
                continue;
            }
            match self.singles[usize::from(*first)] {
                ESCAPE => coded.extend([ESCAPE, *first]),
                symbol => coded.push(symbol),
            }
            rest = behind;
        }
        coded
    }
}

/// Texts from all over, as many as there is to look at.
fn sample<'t>(texts: &'t [u8], ends: &[usize]) -> Vec<&'t [u8]> {
    let every = texts.len().div_ceil(SAMPLE).max(1);
    let at = (0..ends.len()).step_by(every);
    let text = at.filter_map(|at| {
        let start = at.checked_sub(1).map_or(0, |before| ends[before]);
        texts.get(start..ends[at])
    });
    text.collect()
}

/// What all of the sample begins with.
fn common_start<'t>(sample: &[&'t [u8]]) -> &'t [u8] {
    let Some((first, rest)) = sample.split_first() else {
        return &[];
    };
    let shared = |text: &&[u8]| first.iter().zip(*text).take_while(|(a, b)| a == b).count();
    let length = rest.iter().map(shared).min().unwrap_or(0).min(LONGEST);
    // A pair is a symbol anyway.
    if length > 2 { &first[..length] } else { &[] }
}

/// Whether it takes less room to have symbols for single bytes, in the place of the rarest pairs: a pair
/// without a symbol takes two bytes with them and four without.
fn takes_singles(pairs: &[(u32, [u8; 2])], room: usize, letters: usize) -> bool {
    if pairs.len() + letters <= room {
        return true;
    }
    let total = |pairs: &[(u32, [u8; 2])]| pairs.iter().map(|(count, _)| u64::from(*count)).sum();
    let all: u64 = total(pairs);
    let cost = |kept: usize, each: u64| {
        let covered: u64 = total(&pairs[..kept.min(pairs.len())]);
        covered + (all - covered) * each
    };
    letters < room && cost(room - letters, 2) < cost(room, 4)
}
