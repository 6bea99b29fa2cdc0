//! Bytes of what no longer changes, for a checkpoint, and back.
//!
//! | what | bytes, little endian |
//! |---|---|
//! | a number | as wide as its type |
//! | an instant | nanoseconds since 1970, 16 bytes |
//! | one of several shapes | a byte that says which, then its parts in order |
//! | what may be absent | 0, or 1 and what it is |
//! | a list, a text | how many in 4 bytes, then each; a text is its UTF-8 |
//!
//! Reading never panics and never takes memory that the bytes do not pay for: what is no such thing is
//! `None`. Whether the parts fit together is for their owner to see.

mod shapes;

use super::codes::Codes;
use crate::cell::Cell;
use crate::event::Seq;
use crate::feature::{FeedName, Value};
use jiff::Timestamp;

/// What can be kept as bytes.
pub(crate) trait Kept: Sized {
    /// Appends it.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes it from the front.
    fn take(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl Kept for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                let (head, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*head))
            }
        }
    )* };
}

numbers!(u8, u16, u32, u64, i64, i128, f64);

impl Kept for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(*self).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        match u8::take(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: Kept> Kept for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::take(from)? {
            Some(T::take(from)?)
        } else {
            None
        })
    }
}

impl<A: Kept, B: Kept> Kept for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

impl Kept for [f64; 2] {
    fn put(&self, out: &mut Vec<u8>) {
        (self[0], self[1]).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        <(f64, f64)>::take(from).map(|(x, y)| [x, y])
    }
}

/// Appends a list.
pub(crate) fn put_all<T: Kept>(values: &[T], out: &mut Vec<u8>) {
    // Longer ones are not read back: the rest is then no such list.
    u32::try_from(values.len()).unwrap_or(u32::MAX).put(out);
    for value in values {
        value.put(out);
    }
}

impl<T: Kept> Kept for Box<[T]> {
    fn put(&self, out: &mut Vec<u8>) {
        put_all(self, out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let count = usize::try_from(u32::take(from)?).ok()?;
        // Everything takes a byte at least.
        if count > from.len() {
            return None;
        }
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(T::take(from)?);
        }
        Some(values.into())
    }
}

impl Kept for Box<str> {
    fn put(&self, out: &mut Vec<u8>) {
        put_all(self.as_bytes(), out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let bytes = <Box<[u8]>>::take(from)?;
        String::from_utf8(bytes.into()).ok().map(Into::into)
    }
}

impl Kept for FeedName {
    fn put(&self, out: &mut Vec<u8>) {
        put_all(self.as_str().as_bytes(), out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        <Box<str>>::take(from).map(|name| Self::from(&*name))
    }
}

impl Kept for Timestamp {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_nanosecond().put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Self::from_nanosecond(i128::take(from)?).ok()
    }
}

impl Kept for Seq {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        u64::take(from).map(Self)
    }
}

impl Kept for Cell {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Self::try_from(u64::take(from)?).ok()
    }
}

impl Kept for Codes {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bytes(codes) => (0_u8.put(out), codes.put(out)),
            Self::Shorts(codes) => (1_u8.put(out), codes.put(out)),
            Self::Words(codes) => (2_u8.put(out), codes.put(out)),
        };
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        match u8::take(from)? {
            0 => Kept::take(from).map(Self::Bytes),
            1 => Kept::take(from).map(Self::Shorts),
            2 => Kept::take(from).map(Self::Words),
            _ => None,
        }
    }
}

impl Kept for Value {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => (0_u8.put(out), text.put(out)),
            Self::Integer(n) => (1_u8.put(out), n.put(out)),
            Self::Number(x) => (2_u8.put(out), x.put(out)),
            Self::Boolean(b) => (3_u8.put(out), b.put(out)),
            Self::Time(at) => (4_u8.put(out), at.put(out)),
            Self::List(list) => (5_u8.put(out), list.put(out)),
        };
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let kind = u8::take(from)?;
        if kind != 5 {
            return plain(kind, from);
        }
        // Never a list in a list.
        let count = u32::take(from)?;
        let mut list = Vec::new();
        for _ in 0..count {
            let kind = u8::take(from)?;
            list.push(plain(kind, from)?);
        }
        Some(Self::List(list.into()))
    }
}

/// A value that is no list.
fn plain(kind: u8, from: &mut &[u8]) -> Option<Value> {
    match kind {
        0 => Kept::take(from).map(Value::Text),
        1 => Kept::take(from).map(Value::Integer),
        2 => Kept::take(from).map(Value::Number),
        3 => Kept::take(from).map(Value::Boolean),
        4 => Kept::take(from).map(Value::Time),
        _ => None,
    }
}
