//! One value, or none, for each row of a segment, in as little memory as its values allow.
//!
//! Where few values are different, each is kept once and a row keeps its number in one, two or four
//! bytes (dictionary encoding, as in Apache Parquet); else the values stand side by side. What was put
//! in comes out unchanged, to the last bit.

mod kept;

use crate::feature::{Value, ValueRef};
use crate::view::codes::Codes;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

/// A dictionary pays where every value comes this often.
const WORTH_A_DICTIONARY: usize = 4;

/// How many rows are looked at to tell whether values differ: in runs, since what is equal is often near.
const RUNS: usize = 16;
const RUN: usize = 64;

/// In nanoseconds.
const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;

/// Who is told the values of some rows, row by row.
pub(crate) trait Told {
    /// No value.
    fn none(&mut self);
    /// One of a dictionary, by its number there from 1 on.
    fn kept(&mut self, number: u32, values: &[Value]);
    fn text(&mut self, text: &str);
    /// A whole number, or an instant in milliseconds since 1970.
    fn integer(&mut self, number: i64);
    fn number(&mut self, number: f64);
}

/// The values of one field, or of one property of all rows.
#[derive(Debug)]
pub(crate) struct Column {
    stored: Stored,
    differ: bool,
}

#[derive(Debug)]
enum Stored {
    /// Each different value once, and for each row the number of its value from 1 on, 0 for none.
    Coded {
        values: Box<[Value]>,
        codes: Codes,
    },
    Texts {
        texts: Texts,
        given: Given,
    },
    Integers(Plain<i64>),
    Numbers(Plain<f64>),
    /// Nanoseconds since 1970.
    Times(Plain<i64>),
    /// Milliseconds after the first of them, which is in nanoseconds since 1970.
    NearTimes {
        first: i64,
        values: Codes,
        given: Given,
    },
}

impl Column {
    /// The column of these values; `None` where no row has one.
    pub(super) fn of(rows: &[Option<ValueRef<'_>>]) -> Option<Self> {
        let stored = Stored::of(rows)?;
        let differ = !matches!(stored, Stored::Coded { .. }) && differ(rows);
        Some(Self { stored, differ })
    }

    /// The value of a row.
    pub(super) fn get(&self, row: u32) -> Option<ValueRef<'_>> {
        self.stored.get(row)
    }

    /// The value of a row with its number in the dictionary, from 1 on; 0 where there is none.
    pub(super) fn numbered(&self, row: u32) -> Option<(ValueRef<'_>, u32)> {
        let number = match &self.stored {
            Stored::Coded { codes, .. } => codes.get(row as usize),
            Stored::Texts { .. }
            | Stored::Integers(_)
            | Stored::Numbers(_)
            | Stored::Times(_)
            | Stored::NearTimes { .. } => 0,
        };
        Some((self.get(row)?, number))
    }

    /// Tells the values of some rows.
    #[inline]
    pub(crate) fn tell(&self, rows: &[u32], to: &mut impl Told) {
        self.stored.tell(rows, to);
    }

    /// Whether its values stand in a dictionary.
    pub(crate) fn has_dictionary(&self) -> bool {
        matches!(self.stored, Stored::Coded { .. })
    }

    /// Whether hardly any value comes twice, so that looking for equal ones is worth nothing. A guess from
    /// some of the rows.
    pub(crate) fn differs(&self) -> bool {
        self.differ
    }

    /// The instant of a row.
    pub(super) fn time(&self, row: u32) -> Option<Timestamp> {
        match self.get(row) {
            Some(ValueRef::Time(at)) => Some(at),
            _ => None,
        }
    }
}

impl Stored {
    fn of(rows: &[Option<ValueRef<'_>>]) -> Option<Self> {
        let first = rows.iter().flatten().next()?;
        let most = rows.len() / WORTH_A_DICTIONARY + 1;
        let column = Self::coded(rows, most).or_else(|| match first {
            ValueRef::Text(_) => Self::texts(rows),
            ValueRef::Integer(_) => Self::integers(rows),
            ValueRef::Number(_) => Self::numbers(rows),
            ValueRef::Time(_) => Self::times(rows),
            ValueRef::Boolean(_) | ValueRef::List(_) => None,
        });
        // What fits nowhere else: values of several types, instants centuries away, lists.
        column.or_else(|| Self::coded(rows, usize::MAX))
    }

    /// With a dictionary, if no more values than so many are different.
    fn coded(rows: &[Option<ValueRef<'_>>], most: usize) -> Option<Self> {
        let mut known: HashMap<Key<'_>, u32> = HashMap::new();
        let mut codes = Vec::with_capacity(rows.len());
        for value in rows {
            let Some(value) = value else {
                codes.push(0);
                continue;
            };
            let next = u32::try_from(known.len()).ok()?.checked_add(1)?;
            codes.push(*known.entry(Key(*value)).or_insert(next));
            if known.len() > most {
                return None;
            }
        }
        let mut values: Vec<(u32, ValueRef<'_>)> =
            known.into_iter().map(|(key, code)| (code, key.0)).collect();
        values.sort_unstable_by_key(|(code, _)| *code);
        Some(Self::Coded {
            values: values.into_iter().map(|(_, value)| value.into()).collect(),
            codes: Codes::of(&codes),
        })
    }

    fn texts(rows: &[Option<ValueRef<'_>>]) -> Option<Self> {
        let texts = rows.iter().map(|value| match value {
            None => Some(""),
            Some(ValueRef::Text(text)) => Some(*text),
            Some(_) => None,
        });
        Some(Self::Texts {
            texts: Texts::of(texts)?,
            given: Given::of(rows),
        })
    }

    fn integers(rows: &[Option<ValueRef<'_>>]) -> Option<Self> {
        let integer = |value: ValueRef<'_>| {
            let ValueRef::Integer(n) = value else {
                return None;
            };
            Some(n)
        };
        Plain::of(rows, integer).map(Self::Integers)
    }

    fn numbers(rows: &[Option<ValueRef<'_>>]) -> Option<Self> {
        let number = |value: ValueRef<'_>| {
            let ValueRef::Number(x) = value else {
                return None;
            };
            Some(x)
        };
        Plain::of(rows, number).map(Self::Numbers)
    }

    fn times(rows: &[Option<ValueRef<'_>>]) -> Option<Self> {
        let nanoseconds = |value: ValueRef<'_>| {
            let ValueRef::Time(at) = value else {
                return None;
            };
            i64::try_from(at.as_nanosecond()).ok()
        };
        let times = Plain::of(rows, nanoseconds)?;
        Some(match near(&times) {
            Some((first, values)) => Self::NearTimes {
                first,
                values,
                given: times.given,
            },
            None => Self::Times(times),
        })
    }

    fn get(&self, row: u32) -> Option<ValueRef<'_>> {
        let at = row as usize;
        match self {
            Self::Coded { values, codes } => {
                let code = codes.get(at).checked_sub(1)?;
                Some(ValueRef::from(&values[code as usize]))
            }
            Self::Texts { texts, given } => given.holds(at).then(|| ValueRef::Text(texts.get(at))),
            Self::Integers(plain) => plain.get(at).map(ValueRef::Integer),
            Self::Numbers(plain) => plain.get(at).map(ValueRef::Number),
            Self::Times(plain) => plain.get(at).map(instant),
            Self::NearTimes {
                first,
                values,
                given,
            } => {
                let after = i64::from(values.get(at)) * MILLISECOND;
                let at = given.holds(at).then(|| first.saturating_add(after));
                at.map(instant)
            }
        }
    }

    #[inline]
    fn tell(&self, rows: &[u32], to: &mut impl Told) {
        let rows = rows.iter().map(|row| *row as usize);
        match self {
            Self::Coded { values, codes } => rows.for_each(|at| match codes.get(at) {
                0 => to.none(),
                code => to.kept(code, values),
            }),
            Self::Texts { texts, given } => rows.for_each(|at| {
                if given.holds(at) {
                    to.text(texts.get(at));
                } else {
                    to.none();
                }
            }),
            Self::Integers(plain) => rows.for_each(|at| match plain.get(at) {
                Some(n) => to.integer(n),
                None => to.none(),
            }),
            Self::Numbers(plain) => rows.for_each(|at| match plain.get(at) {
                Some(x) => to.number(x),
                None => to.none(),
            }),
            Self::Times(plain) => rows.for_each(|at| match plain.get(at) {
                // Without the rest, as `Timestamp::as_millisecond` has it.
                Some(at) => to.integer(at / MILLISECOND),
                None => to.none(),
            }),
            Self::NearTimes {
                first,
                values,
                given,
            } => rows.for_each(|at| {
                let after = i64::from(values.get(at)) * MILLISECOND;
                if given.holds(at) {
                    to.integer(first.saturating_add(after) / MILLISECOND);
                } else {
                    to.none();
                }
            }),
        }
    }
}

/// Whether hardly any of these values comes twice.
fn differ(rows: &[Option<ValueRef<'_>>]) -> bool {
    let apart = (rows.len() / RUNS).max(RUN);
    let looked_at = || (rows.chunks(apart)).flat_map(|part| part.iter().take(RUN).flatten());
    let different: HashSet<Key<'_>> = looked_at().map(|value| Key(*value)).collect();
    looked_at().count() * 15 <= different.len() * 16
}

/// Values of one type side by side.
#[derive(Debug)]
pub(crate) struct Plain<T> {
    values: Box<[T]>,
    given: Given,
}

impl<T: Copy + Default> Plain<T> {
    /// `None` where one is of another type.
    fn of<'v>(
        rows: &[Option<ValueRef<'v>>],
        take: impl Fn(ValueRef<'v>) -> Option<T>,
    ) -> Option<Self> {
        let values = rows.iter().map(|value| match value {
            None => Some(T::default()),
            Some(value) => take(*value),
        });
        Some(Self {
            values: values.collect::<Option<_>>()?,
            given: Given::of(rows),
        })
    }

    fn get(&self, at: usize) -> Option<T> {
        self.given.holds(at).then(|| self.values[at])
    }
}

fn instant(nanoseconds: i64) -> ValueRef<'static> {
    // In two parts: dividing 128 bits takes longer than all else here.
    let (seconds, rest) = (nanoseconds / SECOND, nanoseconds % SECOND);
    let at = Timestamp::new(seconds, i32::try_from(rest).unwrap_or_default());
    ValueRef::Time(at.unwrap_or_default())
}

/// The first of these instants, and how many milliseconds after it each is; `None` where one is not
/// whole milliseconds after it, or more than 49 days.
fn near(times: &Plain<i64>) -> Option<(i64, Codes)> {
    let all = || (0..times.values.len()).map(|at| times.get(at));
    let first = all().flatten().min()?;
    let after = all().map(|value| {
        let Some(value) = value else { return Some(0) };
        let after = value.checked_sub(first)?;
        (after % MILLISECOND == 0).then_some(())?;
        u32::try_from(after / MILLISECOND).ok()
    });
    let after: Option<Vec<u32>> = after.collect();
    Some((first, Codes::of(&after?)))
}

/// A value that can be looked up: numbers by their bits, as both zeros are equal and are not the same.
struct Key<'v>(ValueRef<'v>);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (ValueRef::Number(a), ValueRef::Number(b)) => a.to_bits() == b.to_bits(),
            (ValueRef::List(a), ValueRef::List(b)) => {
                let keys = |list| <[Value]>::iter(list).map(|value| Key(value.into()));
                keys(a).eq(keys(b))
            }
            (a, b) => a == b,
        }
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            ValueRef::Text(text) => text.hash(state),
            ValueRef::Integer(n) => n.hash(state),
            ValueRef::Number(x) => x.to_bits().hash(state),
            ValueRef::Boolean(b) => b.hash(state),
            ValueRef::Time(at) => at.hash(state),
            ValueRef::List(list) => list.len().hash(state),
        }
    }
}

/// Texts behind one another.
#[derive(Debug)]
pub(crate) struct Texts {
    all: Box<str>,
    /// Where each ends.
    ends: Box<[u32]>,
}

impl Texts {
    /// `None` where one is missing, or where they are 4 GiB or more together.
    fn of<'t>(texts: impl Iterator<Item = Option<&'t str>>) -> Option<Self> {
        let mut all = String::new();
        let mut ends = Vec::new();
        for text in texts {
            all.push_str(text?);
            ends.push(u32::try_from(all.len()).ok()?);
        }
        Some(Self {
            all: all.into(),
            ends: ends.into(),
        })
    }

    fn get(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        let text = self.all.get(start as usize..self.ends[at] as usize);
        text.unwrap_or_default()
    }
}

/// Which rows have a value.
#[derive(Debug)]
pub(crate) enum Given {
    All,
    /// A bit for each row.
    Some(Box<[u64]>),
}

impl Given {
    fn of(rows: &[Option<ValueRef<'_>>]) -> Self {
        if rows.iter().all(Option::is_some) {
            return Self::All;
        }
        let words = rows.chunks(64).map(|rows| {
            let bits = rows.iter().enumerate();
            bits.fold(0, |word, (at, value)| {
                word | u64::from(value.is_some()) << at
            })
        });
        Self::Some(words.collect())
    }

    fn holds(&self, at: usize) -> bool {
        match self {
            Self::All => true,
            Self::Some(words) => words[at / 64] >> (at % 64) & 1 == 1,
        }
    }
}

#[cfg(test)]
mod tests;
