//! The bound on marks: where a layer has too many of the finer levels, they become one mark for each
//! subtree further up.
//!
//! ```text
//! levels 14 and 16, more than the most ──▶ subtrees at level 12
//! levels 10 and 12, more than the most ──▶ subtrees at level 8, of which there are few
//! ```
//!
//! A subtree's mark is the position of the fold, so that every tile below counts as changed then: newer
//! than need be, never older. Those that each clearance notices are folded by themselves, so that hidden
//! changes alter nothing for others. The position is kept as a mark too, so that a store, which keeps marks by
//! their keys and deletes none, may put back in any order what was folded since: it is passed over.

use super::{MarkKey, Marks, Slot};
use crate::event::Seq;
use crate::tile::TileCoord;
use crate::view::paged::Paged;

/// The most marks of a tier that those with one clearance notice in one layer: some 16 MB. A city has a few
/// thousand.
pub(super) const MOST: usize = 1 << 18;

/// Neighbouring levels that are folded together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tier(u8);

impl Tier {
    /// The finest first, since it is folded into the next.
    const ALL: [Self; 2] = [Self(0), Self(1)];

    fn of(key: MarkKey) -> Option<Self> {
        match key.tile()?.z() {
            14.. => Some(Self(0)),
            10.. => Some(Self(1)),
            _ => None,
        }
    }

    /// The level of the subtrees that it is folded into.
    fn into_level(self) -> u8 {
        [12, 8][usize::from(self.0)]
    }
}

impl MarkKey {
    const FOLD: u64 = 1 << 51;

    fn of_fold(slot: Slot, tier: Tier) -> Self {
        Self(u64::from(slot) << 56 | Self::FOLD | u64::from(tier.0))
    }

    /// Whether it says up to where marks were folded, and marks no place.
    pub fn is_fold(self) -> bool {
        self.0 & Self::FOLD != 0
    }

    fn slot(self) -> Slot {
        self.0.to_be_bytes()[0]
    }

    /// The tile, where it marks one.
    fn tile(self) -> Option<TileCoord> {
        let part = |shift: u32, bits: u32| u32::try_from(self.0 >> shift & ((1 << bits) - 1)).ok();
        let marks_tile = self.0 & (Self::FOLD | Self::LAYER) == 0;
        let zoom = u8::try_from(part(44, 5)?).ok()?;
        let tile = TileCoord::new(zoom, part(22, 22)?, part(0, 22)?).ok();
        tile.filter(|_| marks_tile)
    }

    /// The subtree that it is folded into.
    fn above(self, tier: Tier) -> Option<Self> {
        let tile = self.tile()?.ancestor(tier.into_level());
        Some(Self::new(self.slot(), true, tile))
    }
}

impl Marks {
    /// Counts a mark that was not there.
    pub(super) fn count(&mut self, key: MarkKey) {
        let Some(tier) = Tier::of(key) else { return };
        let counted = (key.slot(), tier);
        let place = self.counts.iter().position(|(of, _)| *of == counted);
        let place = place.unwrap_or_else(|| {
            self.counts.push((counted, 0));
            self.counts.len() - 1
        });
        self.counts[place].1 += 1;
        self.full |= self.counts[place].1 > self.most;
    }

    /// Folds what is too much, at the end of a record.
    pub(crate) fn settle(&mut self, seq: Seq) {
        if !std::mem::take(&mut self.full) {
            return;
        }
        for tier in Tier::ALL {
            let full = self.counts.iter();
            let full = full.filter(|((_, of), count)| *of == tier && *count > self.most);
            let slots: Vec<Slot> = full.map(|((slot, _), _)| *slot).collect();
            for slot in slots {
                self.fold(slot, tier, seq);
            }
        }
        self.full = false;
    }

    /// Folds the marks of a tier, all of which are from before the end of this record.
    fn fold(&mut self, slot: Slot, tier: Tier, seq: Seq) {
        for key in self.take(slot, tier, seq) {
            if let Some(above) = key.above(tier) {
                self.put(above, seq);
            }
        }
        self.put(MarkKey::of_fold(slot, tier), seq);
    }

    /// Takes out the marks of a tier up to a position.
    fn take(&mut self, slot: Slot, tier: Tier, until: Seq) -> Vec<MarkKey> {
        let is_meant = |(key, at): &(MarkKey, Seq)| {
            key.slot() == slot && Tier::of(*key) == Some(tier) && *at <= until
        };
        let (taken, kept): (Vec<_>, Vec<_>) = self.iter().partition(is_meant);
        if taken.is_empty() {
            return Vec::new();
        }
        self.places.clear();
        self.seqs = Paged::default();
        for ((key, at), place) in kept.into_iter().zip(0..) {
            self.places.insert(key, place);
            self.seqs.set(place as usize, at);
        }
        let mut counts = self.counts.iter_mut();
        if let Some((_, count)) = counts.find(|(of, _)| *of == (slot, tier)) {
            *count -= taken.len();
        }
        taken.into_iter().map(|(key, _)| key).collect()
    }

    /// Puts a mark back that a checkpoint kept; of two the newer counts. One that was folded since is
    /// passed over: what it was folded into is newer, and kept too.
    pub(crate) fn restore(&mut self, key: MarkKey, seq: Seq) {
        let folds = Tier::ALL.map(|tier| (tier, MarkKey::of_fold(key.slot(), tier)));
        for (tier, fold) in folds {
            if key == fold {
                self.take(key.slot(), tier, seq);
                break;
            }
            let folded = self.get(fold);
            if Tier::of(key) == Some(tier) && folded.is_some_and(|folded| folded >= seq) {
                return;
            }
        }
        self.put(key, seq);
    }
}

#[cfg(test)]
mod tests;
