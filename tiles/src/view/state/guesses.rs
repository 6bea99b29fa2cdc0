//! Which ordinal an id has, as a guess that is looked at before the order of ids is asked.
//!
//! An update of a feature begins with its id, and to find one among a hundred thousand in order takes some seventeen
//! comparisons, most of which wait for memory. A guess by the hash of the id takes one. Promises nothing but
//! speed: whoever takes a guess compares the id, and where none is right the order of ids has the answer. So
//! ids that are made to collide cost no more than [`NEAR`] comparisons more than they would without.

use super::versions::{Ordinal, Versions};
use crate::feature::FeatureId;
use crate::view::paged::Paged;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// A guess stands at the place of its hash or near behind it: as many as a line of memory has.
const NEAR: usize = 16;
/// When they are made anew, there is room for half as many more.
const ROOM: (usize, usize) = (3, 2);
/// Bits of an ordinal, one further, so that 0 is nobody's. Above it are as many of the hash as are left.
const OWN: u32 = 24;

/// Ordinals by the hash of the id.
#[derive(Debug, Clone, Default)]
pub(super) struct Guesses {
    guesses: Paged<u32>,
    /// How many places there are: a power of two, or none.
    room: usize,
}

/// Where the guess at an id may stand, and what it has of its hash.
struct Near {
    first: usize,
    room: usize,
    sign: u32,
}

impl Near {
    fn places(&self) -> impl Iterator<Item = usize> {
        let places = self.first..self.first + NEAR.min(self.room);
        places.map(|place| place & (self.room - 1))
    }

    /// The guess at an ordinal, unless that is too large for one.
    fn guess(&self, ordinal: Ordinal) -> Option<u32> {
        let own = ordinal.checked_add(1).filter(|own| own >> OWN == 0)?;
        Some(self.sign << OWN | own)
    }
}

impl Guesses {
    /// Whether there is room enough where there are so many ids.
    pub(super) fn suffice(&self, ids: usize) -> bool {
        self.room > ids
    }

    /// Guesses at these.
    pub(super) fn of<'i>(ids: impl ExactSizeIterator<Item = (&'i FeatureId, Ordinal)>) -> Self {
        let mut guesses = Self {
            guesses: Paged::default(),
            room: (ids.len() * ROOM.0 / ROOM.1).next_power_of_two(),
        };
        ids.for_each(|(id, ordinal)| guesses.put(id, ordinal));
        guesses
    }

    fn near(&self, id: &FeatureId) -> Near {
        let hash = FixedState::default().hash_one(id.as_str());
        let [sign, _, _, _, low @ ..] = hash.to_be_bytes();
        Near {
            first: usize::try_from(u32::from_be_bytes(low)).unwrap_or_default(),
            room: self.room,
            sign: sign.into(),
        }
    }

    /// The ordinal of an id, if it is guessed.
    pub(super) fn find(&self, id: &FeatureId, versions: &Versions) -> Option<Ordinal> {
        let near = self.near(id);
        let guesses = near.places().map(|place| self.guesses.get(place));
        let meant = guesses.filter(|guess| guess >> OWN == near.sign);
        let mut ordinals = meant.filter_map(|guess| (guess & ((1 << OWN) - 1)).checked_sub(1));
        ordinals.find(|ordinal| versions.get(*ordinal).is_some_and(|known| known.id == *id))
    }

    /// Notes the ordinal of an id that came, if there is a place for it.
    pub(super) fn put(&mut self, id: &FeatureId, ordinal: Ordinal) {
        let near = self.near(id);
        let free = near.places().find(|place| self.guesses.get(*place) == 0);
        if let Some((free, guess)) = free.zip(near.guess(ordinal)) {
            self.guesses.set(free, guess);
        }
    }

    /// Frees the place of an id that goes, if it has one.
    pub(super) fn clear(&mut self, id: &FeatureId, ordinal: Ordinal) {
        let near = self.near(id);
        let own = near.guess(ordinal);
        let own = own.and_then(|own| near.places().find(|at| self.guesses.get(*at) == own));
        if let Some(own) = own {
            self.guesses.set(own, 0);
        }
    }
}

#[cfg(test)]
mod tests;
