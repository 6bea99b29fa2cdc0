//! The values of a feature's fields, in one piece of text.
//!
//! A hundred thousand features have some seven values each, and a text of its own for every value costs more
//! than what it says. So all of them are one text, which versions and records share, and which is read as it
//! stands:
//!
//! | what | characters |
//! |---|---|
//! | a whole number | six bits a character, the lowest first; 64 more says that another follows |
//! | one that may be negative | twice it, or twice what is missing to −1, and one |
//! | a field | its number times eight, and the kind of its value; then the value |
//! | a text | how long it is in UTF-8, and itself |
//! | a number | its bits from the last to the first, so that few are left of one with few digits |
//! | an instant | its second, and nanoseconds of it |
//!
//! Lists, which few features have, are kept beside it.

use super::{Value, ValueRef};
use crate::catalog::FieldIx;
use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;

const TEXT: u64 = 0;
const INTEGER: u64 = 1;
const NUMBER: u64 = 2;
const FALSE: u64 = 3;
const TRUE: u64 = 4;
const TIME: u64 = 5;
const LIST: u64 = 6;
/// Kinds of values, some of which there are none of.
const KINDS: u64 = 8;

/// The properties of a feature: pairs of field and value, in the order of the layer's fields.
#[derive(Clone, Default)]
pub struct Properties {
    written: Arc<str>,
    lists: Option<Arc<Vec<Box<[Value]>>>>,
}

impl Properties {
    /// Sorts the pairs by field; of two pairs for one field the later counts.
    pub fn new<V: Into<Value>>(pairs: impl IntoIterator<Item = (FieldIx, V)>) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(field, value)| (field, value.into()));
        let mut pairs: Vec<(FieldIx, Value)> = pairs.collect();
        pairs.reverse();
        pairs.sort_by_key(|(field, _)| *field);
        pairs.dedup_by_key(|(field, _)| *field);
        let (mut written, mut lists) = (String::new(), Vec::new());
        for (field, value) in pairs {
            write(&mut written, field, &value);
            if let Value::List(list) = value {
                lists.push(list);
            }
        }
        Self {
            written: written.into(),
            lists: (!lists.is_empty()).then(|| Arc::new(lists)),
        }
    }

    /// These and more; where both have a field, the later counts.
    pub(crate) fn with(self, more: impl IntoIterator<Item = (FieldIx, Value)>) -> Self {
        let mut more = more.into_iter().peekable();
        if more.peek().is_none() {
            return self;
        }
        let known = self.iter().map(|(field, value)| (field, value.into()));
        Self::new(known.chain(more))
    }

    /// All pairs, for the store. Whoever answers a viewer reads a [`Seen`](super::Seen) instead.
    pub fn iter(&self) -> impl Iterator<Item = (FieldIx, ValueRef<'_>)> {
        Pairs {
            left: &self.written,
            lists: self.lists.as_deref().map_or(&[], Vec::as_slice),
        }
    }

    /// The value of a field, for the core's own use.
    pub(crate) fn get(&self, field: FieldIx) -> Option<ValueRef<'_>> {
        let mut pairs = self.iter().skip_while(|(at, _)| *at < field);
        let (at, value) = pairs.next()?;
        (at == field).then_some(value)
    }

    /// The fields that are not the same in both.
    pub(crate) fn differing<'p>(&'p self, other: &'p Self) -> impl Iterator<Item = FieldIx> + 'p {
        let (mut these, mut others) = (self.iter().peekable(), other.iter().peekable());
        std::iter::from_fn(move || {
            loop {
                let (this, that) = (these.peek().copied(), others.peek().copied());
                let field = match (this, that) {
                    (Some((one, _)), Some((other, _))) => one.min(other),
                    (one, other) => one.or(other)?.0,
                };
                these.next_if(|(at, _)| *at == field);
                others.next_if(|(at, _)| *at == field);
                if this != that {
                    return Some(field);
                }
            }
        })
    }
}

impl PartialEq for Properties {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V: Into<Value>> FromIterator<(FieldIx, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (FieldIx, V)>>(pairs: I) -> Self {
        Self::new(pairs)
    }
}

fn write(out: &mut String, field: FieldIx, value: &Value) {
    let field = u64::from(field.index()) * KINDS;
    match value {
        Value::Text(text) => {
            write_number(out, field + TEXT);
            write_number(out, text.len() as u64);
            out.push_str(text);
        }
        Value::Integer(n) => {
            write_number(out, field + INTEGER);
            write_signed(out, *n);
        }
        Value::Number(x) => {
            write_number(out, field + NUMBER);
            write_number(out, x.to_bits().reverse_bits());
        }
        Value::Boolean(b) => write_number(out, field + if *b { TRUE } else { FALSE }),
        Value::Time(at) => {
            write_number(out, field + TIME);
            write_signed(out, at.as_second());
            write_signed(out, at.subsec_nanosecond().into());
        }
        Value::List(_) => write_number(out, field + LIST),
    }
}

fn write_number(out: &mut String, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 6;
        let more = if number > 0 { 64 } else { 0 };
        out.push(char::from(low & 63 | more));
        if number == 0 {
            break;
        }
    }
}

fn write_signed(out: &mut String, number: i64) {
    write_number(out, (number << 1 ^ number >> 63).cast_unsigned());
}

/// What is left to read.
#[derive(Clone)]
struct Pairs<'p> {
    left: &'p str,
    lists: &'p [Box<[Value]>],
}

impl<'p> Pairs<'p> {
    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        for (at, byte) in self.left.bytes().enumerate() {
            number |= u64::from(byte & 63) << shift;
            if byte < 64 {
                self.left = self.left.get(at + 1..)?;
                return Some(number);
            }
            shift += 6;
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn text(&mut self) -> Option<&'p str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, left) = self.left.split_at_checked(length)?;
        self.left = left;
        Some(text)
    }
}

impl<'p> Iterator for Pairs<'p> {
    type Item = (FieldIx, ValueRef<'p>);

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.number()?;
        let value = match head % KINDS {
            TEXT => ValueRef::Text(self.text()?),
            INTEGER => ValueRef::Integer(self.signed()?),
            NUMBER => ValueRef::Number(f64::from_bits(self.number()?.reverse_bits())),
            FALSE => ValueRef::Boolean(false),
            TRUE => ValueRef::Boolean(true),
            TIME => {
                let second = self.signed()?;
                let nanosecond = i32::try_from(self.signed()?).ok()?;
                ValueRef::Time(Timestamp::new(second, nanosecond).ok()?)
            }
            _ => {
                let (list, rest) = self.lists.split_first()?;
                self.lists = rest;
                ValueRef::List(list)
            }
        };
        Some((FieldIx(u16::try_from(head / KINDS).ok()?), value))
    }
}

#[cfg(test)]
mod tests;
