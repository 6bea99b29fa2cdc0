//! The newest version of each feature of a layer, by number.
//!
//! A feature has a number (its slot) for as long as it is in the layer. Versions stand on a shelf, in the
//! order in which they came, and a list of plain numbers says where on it the newest version of each slot
//! stands. A snapshot shares the shelf and that list, so that a change copies some numbers and no version,
//! and touches no feature but the one that changed. What was superseded stays until all is put on a new
//! shelf, see [`Versions::packed`].

use crate::feature::Feature;
use crate::view::paged::Paged;
use std::hint::black_box;
use std::sync::Arc;

/// The number of a feature in its layer.
pub(crate) type Slot = u32;
/// A place on the shelf.
pub(crate) type Position = u32;

/// Versions of a board.
const BOARD: usize = 256;
/// A board that a snapshot shares is copied while it has fewer than this, and else another one begun.
const FEW: usize = 16;
/// Features whose counts are fetched together.
const TOGETHER: usize = 64;
/// Where a version stands, one further, so that 0 is nowhere.
type Standing = u32;

/// A version of a feature: whose, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) slot: Slot,
    pub(crate) position: Position,
}

/// What stands on the shelf from the last packing, and whose it is.
#[derive(Debug, Default)]
struct Packed {
    features: Vec<Arc<Feature>>,
    slots: Box<[Slot]>,
}

impl Drop for Packed {
    fn drop(&mut self) {
        while !self.features.is_empty() {
            let left = self.features.len().saturating_sub(TOGETHER);
            fetch(self.features[left..].iter());
            self.features.truncate(left);
        }
    }
}

/// Reads how often each is shared. That number is about to change, feature by feature, and each change waits
/// for memory alone, where plain reads wait together.
fn fetch<'f>(features: impl Iterator<Item = &'f Arc<Feature>>) {
    black_box(features.map(Arc::strong_count).sum::<usize>());
}

/// Versions of features.
#[derive(Debug, Clone, Default)]
pub(crate) struct Versions {
    packed: Arc<Packed>,
    /// What came since, on boards of [`BOARD`] places, of which the last ones may be empty.
    boards: Arc<Vec<Arc<Vec<Arc<Feature>>>>>,
    newest: Paged<Standing>,
    /// Versions that came since.
    came: usize,
}

impl Versions {
    /// These on a new shelf, the newest of each slot, in this order.
    pub(crate) fn packed(&self, slots: &[Slot]) -> Self {
        let mut features = Vec::with_capacity(slots.len());
        let mut newest = Paged::default();
        for (slots, at) in slots.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
            let block: Vec<_> = slots.iter().filter_map(|slot| self.get(*slot)).collect();
            fetch(block.iter().copied());
            features.extend(block.into_iter().cloned());
            for (slot, standing) in slots.iter().zip(at + 1..) {
                newest.set(*slot as usize, standing);
            }
        }
        Self {
            packed: Arc::new(Packed {
                features,
                slots: slots.into(),
            }),
            boards: Arc::default(),
            newest,
            came: 0,
        }
    }

    /// How many stand there from the last packing.
    pub(crate) fn packed_len(&self) -> usize {
        self.packed.features.len()
    }

    /// How many came since.
    pub(crate) fn came(&self) -> usize {
        self.came
    }

    /// The newest version in a slot.
    pub(crate) fn get(&self, slot: Slot) -> Option<&Arc<Feature>> {
        let standing = self.newest.get(slot as usize);
        self.at(standing.checked_sub(1)?)
    }

    /// A version, unless it was superseded.
    pub(crate) fn current(&self, version: Version) -> Option<&Arc<Feature>> {
        self.is_current(version)
            .then(|| self.at(version.position))
            .flatten()
    }

    /// Whether a version was not superseded.
    pub(crate) fn is_current(&self, version: Version) -> bool {
        self.newest.get(version.slot as usize) == version.position + 1
    }

    /// A version from the last packing, unless it was superseded.
    pub(crate) fn packed_at(&self, position: Position) -> Option<&Arc<Feature>> {
        let slot = *self.packed.slots.get(position as usize)?;
        self.is_current(Version { slot, position })
            .then(|| &self.packed.features[position as usize])
    }

    fn at(&self, position: Position) -> Option<&Arc<Feature>> {
        let at = position as usize;
        match at.checked_sub(self.packed.features.len()) {
            None => self.packed.features.get(at),
            Some(at) => self.boards.get(at / BOARD)?.get(at % BOARD),
        }
    }

    /// Puts the newest version of a slot on the shelf.
    pub(crate) fn put(&mut self, slot: Slot, feature: Arc<Feature>) -> Version {
        let boards = Arc::make_mut(&mut self.boards);
        let room = boards.last_mut().is_some_and(|last| {
            last.len() < FEW || last.len() < BOARD && Arc::get_mut(last).is_some()
        });
        if !room {
            boards.push(Arc::default());
        }
        let last = boards.len().saturating_sub(1);
        let mut place = last * BOARD;
        if let Some(board) = boards.last_mut() {
            let board = Arc::make_mut(board);
            place += board.len();
            board.push(feature);
        }
        let position = Position::try_from(self.packed.features.len() + place);
        let position = position.unwrap_or(Position::MAX - 1);
        self.came += 1;
        self.newest.set(slot as usize, position + 1);
        Version { slot, position }
    }

    /// Makes a slot empty.
    pub(crate) fn clear(&mut self, slot: Slot) {
        self.newest.set(slot as usize, 0);
        self.came += 1;
    }
}
