//! Columns as bytes, and whether what was read is a column of so many rows.

use super::{Column, Given, Plain, Stored, Texts};
use crate::view::kept::Kept;

impl Column {
    /// Whether every one of so many rows can be asked for.
    pub(in crate::view::sightings) fn fits(&self, rows: usize) -> bool {
        let (values, given) = match &self.stored {
            Stored::Coded { values, codes } => {
                return codes.len() == rows && codes.most() as usize <= values.len();
            }
            Stored::Texts { texts, given } => (texts.ends.len(), given),
            Stored::Integers(plain) | Stored::Times(plain) => (plain.values.len(), &plain.given),
            Stored::Numbers(plain) => (plain.values.len(), &plain.given),
            Stored::NearTimes { values, given, .. } => (values.len(), given),
        };
        values == rows
            && match given {
                Given::All => true,
                Given::Some(words) => words.len() == rows.div_ceil(64),
            }
    }
}

impl Kept for Column {
    fn put(&self, out: &mut Vec<u8>) {
        self.differ.put(out);
        self.stored.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(Self {
            differ: Kept::take(from)?,
            stored: Kept::take(from)?,
        })
    }
}

impl Kept for Stored {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Coded { values, codes } => {
                0_u8.put(out);
                values.put(out);
                codes.put(out);
            }
            Self::Texts { texts, given } => {
                1_u8.put(out);
                texts.all.put(out);
                texts.ends.put(out);
                given.put(out);
            }
            Self::Integers(plain) => {
                2_u8.put(out);
                plain.put(out);
            }
            Self::Numbers(plain) => {
                3_u8.put(out);
                plain.put(out);
            }
            Self::Times(plain) => {
                4_u8.put(out);
                plain.put(out);
            }
            Self::NearTimes {
                first,
                values,
                given,
            } => {
                5_u8.put(out);
                first.put(out);
                values.put(out);
                given.put(out);
            }
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(match u8::take(from)? {
            0 => Self::Coded {
                values: Kept::take(from)?,
                codes: Kept::take(from)?,
            },
            1 => Self::Texts {
                texts: Texts {
                    all: Kept::take(from)?,
                    ends: Kept::take(from)?,
                },
                given: Kept::take(from)?,
            },
            2 => Self::Integers(Kept::take(from)?),
            3 => Self::Numbers(Kept::take(from)?),
            4 => Self::Times(Kept::take(from)?),
            5 => Self::NearTimes {
                first: Kept::take(from)?,
                values: Kept::take(from)?,
                given: Kept::take(from)?,
            },
            _ => return None,
        })
    }
}

impl<T: Kept> Kept for Plain<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.values.put(out);
        self.given.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(Self {
            values: Kept::take(from)?,
            given: Kept::take(from)?,
        })
    }
}

impl Kept for Given {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::All => 0_u8.put(out),
            Self::Some(words) => {
                1_u8.put(out);
                words.put(out);
            }
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        match u8::take(from)? {
            0 => Some(Self::All),
            1 => Kept::take(from).map(Self::Some),
            _ => None,
        }
    }
}
