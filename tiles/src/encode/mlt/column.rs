//! One key of a layer: who has it, and the values, a column for each kind that they have.
//!
//! A key has values of one kind; the catalog sees to that for layers of the picture. Where features
//! outside it have integers and other numbers by one key, all are numbers. Where they have texts beside
//! numbers, which no column can hold, there are several columns of the same name, and no feature is in
//! two of them; readers that go by features, as `MapLibre` does, see every value as it is.

use super::stream::{self, Words, booleans, integers, kind};
use super::texts::Texts;
use crate::encode::mvt::wire::varint;
use crate::encode::mvt::{Tag, Tagged};

/// Types of columns; an odd one has a stream that says which features have a value.
mod column_type {
    pub(super) const BOOLEAN: u8 = 10;
    pub(super) const INT_32: u8 = 16;
    pub(super) const UINT_32: u8 = 18;
    pub(super) const INT_64: u8 = 20;
    pub(super) const DOUBLE: u8 = 26;
    pub(super) const TEXT: u8 = 28;
}

/// The columns of a layer as they are written: what each is, and behind all of that what is in them.
#[derive(Default)]
pub(super) struct Written {
    pub(super) count: u64,
    pub(super) heads: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl Written {
    /// Begins a column of which so many of the features have a value; the stream that says which, if that is not all.
    fn begin(
        &mut self,
        column_type: u8,
        name: &str,
        present: &Present,
        features: usize,
    ) -> Vec<u8> {
        let mut stream = Vec::new();
        present.write(&mut stream, features);
        self.count += 1;
        self.heads.push(column_type | u8::from(!stream.is_empty()));
        varint(&mut self.heads, name.len() as u64);
        self.heads.extend_from_slice(name.as_bytes());
        stream
    }
}

/// Which features have a value.
#[derive(Default)]
pub(super) struct Present {
    /// How many have one.
    count: usize,
    /// By feature, eight a byte, as far as the last that has one; nothing as long as all have.
    bits: Vec<u8>,
}

impl Present {
    /// Notes that a feature has a value; false where that is known.
    pub(super) fn note(&mut self, feature: usize) -> bool {
        if self.bits.is_empty() && feature == self.count {
            self.count += 1;
            return true;
        }
        self.note_with_gaps(feature)
    }

    fn note_with_gaps(&mut self, feature: usize) -> bool {
        if self.bits.is_empty() {
            if feature < self.count {
                return false;
            }
            for before in 0..self.count {
                self.set(before);
            }
        }
        let new = self.set(feature);
        self.count += usize::from(new);
        new
    }

    fn set(&mut self, feature: usize) -> bool {
        let (at, bit) = (feature / 8, 1 << (feature % 8));
        if self.bits.len() <= at {
            self.bits.resize(at + 1, 0);
        }
        let new = self.bits[at] & bit == 0;
        self.bits[at] |= bit;
        new
    }

    fn has(&self, feature: usize) -> bool {
        if self.bits.is_empty() {
            return feature < self.count;
        }
        let byte = self.bits.get(feature / 8);
        byte.is_some_and(|byte| byte >> (feature % 8) & 1 == 1)
    }

    /// Writes the stream that says which features have a value; none where all have.
    pub(super) fn write(&self, to: &mut Vec<u8>, features: usize) {
        if self.count < features {
            let mut bits = self.bits.clone();
            if bits.is_empty() {
                bits = vec![u8::MAX; self.count / 8];
                bits.push((1 << (self.count % 8)) - 1);
            }
            bits.resize(features.div_ceil(8), 0);
            booleans(to, kind::PRESENT, &bits, features);
        }
    }
}

/// The values of one kind.
#[derive(Default)]
struct Values<T> {
    present: Present,
    values: T,
}

/// The values of one key.
#[derive(Default)]
pub(super) struct Column {
    any: Present,
    texts: Values<Texts>,
    integers: Values<Vec<i64>>,
    numbers: Values<Vec<f64>>,
    /// A byte each.
    booleans: Values<Vec<bool>>,
}

impl Column {
    /// Whether no feature has it.
    pub(super) fn is_empty(&self) -> bool {
        self.any.count == 0
    }

    pub(super) fn turn(&mut self) {
        self.texts.values.turn();
    }

    /// Adds the value of a feature, the first of each; whether a text was not known before, as far as is known.
    pub(super) fn push(&mut self, feature: usize, tagged: &Tagged<'_>) -> bool {
        if !self.any.note(feature) {
            return true;
        }
        match &tagged.tag {
            Tag::Text(text) => {
                self.texts.present.note(feature);
                return self.texts.values.push(text, tagged.number);
            }
            Tag::Integer(integer) => {
                self.integers.present.note(feature);
                self.integers.values.push(*integer);
            }
            Tag::Number(number) => {
                self.numbers.present.note(feature);
                self.numbers.values.push(*number);
            }
            Tag::Boolean(yes) => {
                self.booleans.present.note(feature);
                self.booleans.values.push(*yes);
            }
        }
        false
    }

    /// Writes what the column has, of so many features.
    pub(super) fn write(&self, to: &mut Written, name: &str, features: usize) {
        if self.texts.present.count > 0 {
            let present = to.begin(column_type::TEXT, name, &self.texts.present, features);
            self.texts.values.write(&mut to.data, &present);
        }
        self.write_numbers(to, name, features);
        let Values { present, values } = &self.booleans;
        if present.count > 0 {
            let present = to.begin(column_type::BOOLEAN, name, present, features);
            to.data.extend(present);
            let byte = |bits: &[bool]| {
                bits.iter()
                    .rev()
                    .fold(0, |byte, bit| byte << 1 | u8::from(*bit))
            };
            let bits: Vec<u8> = values.chunks(8).map(byte).collect();
            booleans(&mut to.data, kind::DATA, &bits, values.len());
        }
    }

    fn write_numbers(&self, to: &mut Written, name: &str, features: usize) {
        let (whole, numbers) = (&self.integers.values, &self.numbers.values);
        if !whole.is_empty() && !numbers.is_empty() && whole.iter().all(|n| is_exact(*n)) {
            let (present, numbers) = self.all_numbers(features);
            let present = to.begin(column_type::DOUBLE, name, &present, features);
            to.data.extend(present);
            stream::numbers(&mut to.data, &numbers);
            return;
        }
        if let Some((column_type, words)) = integer_type(whole) {
            let present = to.begin(column_type, name, &self.integers.present, features);
            to.data.extend(present);
            integers(&mut to.data, kind::DATA, words, whole.iter().copied());
        }
        if !numbers.is_empty() {
            let present = to.begin(column_type::DOUBLE, name, &self.numbers.present, features);
            to.data.extend(present);
            stream::numbers(&mut to.data, numbers);
        }
    }

    /// Integers and other numbers in the order of features.
    fn all_numbers(&self, features: usize) -> (Present, Vec<f64>) {
        let (mut present, mut all) = (Present::default(), Vec::new());
        let (mut whole, mut numbers) = (self.integers.values.iter(), self.numbers.values.iter());
        for feature in 0..features {
            let number = if self.integers.present.has(feature) {
                whole.next().map(|n| exactly(*n))
            } else if self.numbers.present.has(feature) {
                numbers.next().copied()
            } else {
                None
            };
            if let Some(number) = number {
                present.note(feature);
                all.push(number);
            }
        }
        (present, all)
    }
}

/// Whether a number holds an integer exactly.
fn is_exact(integer: i64) -> bool {
    integer.unsigned_abs() <= 1 << 53
}

#[expect(
    clippy::cast_precision_loss,
    reason = "of integers that are exact alone"
)]
fn exactly(integer: i64) -> f64 {
    integer as f64
}

/// The narrowest type for all integers; none for none.
fn integer_type(integers: &[i64]) -> Option<(u8, Words)> {
    let (least, most) = (integers.iter().min()?, integers.iter().max()?);
    let kind = if u32::try_from(*least).is_ok() && u32::try_from(*most).is_ok() {
        (column_type::UINT_32, Words::Short)
    } else if i32::try_from(*least).is_ok() && i32::try_from(*most).is_ok() {
        (column_type::INT_32, Words::SignedShort)
    } else {
        (column_type::INT_64, Words::SignedLong)
    };
    Some(kind)
}
