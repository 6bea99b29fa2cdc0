//! Features: what the picture is made of, and the typed properties they carry.
//!
//! A feature's properties are private to this crate. They are read through a [`Seen`], which the
//! gate hands out and which leaves out every field that its viewer has no clearance for.

mod placed;
mod properties;
mod seen;
mod shared;

pub(crate) use placed::Placed;
pub use properties::Properties;
pub use seen::Seen;
pub(crate) use shared::{FeatureRef, SharedFeature};

use crate::catalog::LayerIx;
use crate::cell::Cell;
use crate::event::Seq;
use crate::place::LonLat;
use crate::view::marks::{Notice, Slot};
use geo_types::Geometry;
use jiff::Timestamp;
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name!(
    /// The id of a feature within its layer: natural (the upstream key) and stable across restarts.
    FeatureId
);
name!(
    /// The name of the upstream stream that a feature came from.
    FeedName
);

/// One value of a property.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text in UTF-8.
    Text(Box<str>),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// An instant.
    Time(Timestamp),
    /// Several values; never a list in a list.
    List(Box<[Value]>),
}

/// One value of a property, where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'v> {
    /// Text in UTF-8.
    Text(&'v str),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// An instant.
    Time(Timestamp),
    /// Several values; never a list in a list.
    List(&'v [Value]),
}

impl<'v> From<&'v Value> for ValueRef<'v> {
    fn from(value: &'v Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            Value::Integer(n) => Self::Integer(*n),
            Value::Number(x) => Self::Number(*x),
            Value::Boolean(b) => Self::Boolean(*b),
            Value::Time(at) => Self::Time(*at),
            Value::List(list) => Self::List(list),
        }
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Text(text) => Self::Text(text.into()),
            ValueRef::Integer(n) => Self::Integer(n),
            ValueRef::Number(x) => Self::Number(x),
            ValueRef::Boolean(b) => Self::Boolean(b),
            ValueRef::Time(at) => Self::Time(at),
            ValueRef::List(list) => Self::List(list.into()),
        }
    }
}

/// One earlier position of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// Where.
    pub at: LonLat,
    /// When it was observed, as far as our clock allows (see [`Observation`](crate::event::Observation)).
    pub observed_at: Timestamp,
}

/// The part of a feature that decides which live topic carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Lines, polygons and features without geometry: every subscription holds it.
    Everywhere,
    /// Points: the H3 cell at the catalog's topic resolution.
    Cell(Cell),
}

/// A feature as the picture holds it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Feature {
    pub(crate) id: FeatureId,
    pub(crate) layer: LayerIx,
    pub(crate) feed: FeedName,
    pub(crate) placed: Placed,
    pub(crate) properties: Properties,
    pub(crate) observed_at: Timestamp,
    pub(crate) received_at: Timestamp,
    pub(crate) stale_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) stale: bool,
    pub(crate) seq: Seq,
    /// Who noticed which change, where not everybody noticed that of `seq`.
    pub(crate) noticed: Box<[(Slot, Seq)]>,
    pub(crate) trail: Arc<[Fix]>,
}

impl Feature {
    /// Notes who notices that this version replaces another.
    pub(crate) fn note(&mut self, prev: Option<&Self>, notice: Notice) {
        self.noticed = Box::default();
        let Some(prev) = prev.filter(|_| !notice.reaches(Notice::EVERYBODY)) else {
            return;
        };
        let mut noticed = match &*prev.noticed {
            [] => vec![(Notice::EVERYBODY_SLOT, prev.seq)],
            known => known.to_vec(),
        };
        for slot in notice.slots() {
            noticed.retain(|(known, _)| *known != slot);
            noticed.push((slot, self.seq));
        }
        self.noticed = noticed.into();
    }

    /// The last change of it that somebody with these slots may know of.
    pub(crate) fn noticed_by(&self, slots: Notice) -> Seq {
        let noticed = self.noticed.iter().filter(|(slot, _)| slots.holds(*slot));
        match &*self.noticed {
            [] => self.seq,
            _ => noticed.map(|(_, seq)| *seq).max().unwrap_or_default(),
        }
    }

    /// The instant that orders observations: the source's, but never after we received it, so that
    /// a clock that runs ahead cannot pin a feature.
    pub(crate) fn effective_at(&self) -> Timestamp {
        self.observed_at.min(self.received_at)
    }
}

/// Whether every position of a geometry is finite and on the globe.
pub(crate) fn is_on_globe(geometry: &Geometry<f64>) -> bool {
    use geo::CoordsIter;
    let mut positions = geometry.coords_iter();
    positions.all(|position| LonLat::new(position.x, position.y).is_ok())
}
