//! The newest version of each feature of a layer, by number.
//!
//! A feature has a number (its ordinal) for as long as it is in the layer. Versions stand on a shelf, in the
//! order in which they came, and a list of plain numbers says where on it the newest version of each ordinal
//! stands. A snapshot shares the shelf and that list, so that a change copies some numbers and no version,
//! and touches no feature but the one that changed. What was superseded stays until all is put on a new
//! shelf, see [`Versions::packed`].

use crate::feature::Feature;
use crate::view::paged::Paged;
use std::hint::black_box;
use std::sync::Arc;

/// The number of a feature in its layer.
pub(crate) type Ordinal = u32;
/// A place on the shelf.
pub(crate) type Position = u32;

/// Versions of a board.
const BOARD: usize = 256;
/// A board that a snapshot shares is copied while it has fewer than this, and else another one begun.
const FEW: usize = 16;
/// Features whose counts are fetched together.
const TOGETHER: usize = 64;
/// Where a version stands, one further, so that 0 is nowhere.
type OneFurther = u32;

/// A version of a feature: whose, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) ordinal: Ordinal,
    pub(crate) position: Position,
}

/// What stands on the shelf from the last packing, and whose it is.
#[derive(Debug, Default)]
struct Packed {
    features: Vec<Arc<Feature>>,
    ordinals: Box<[Ordinal]>,
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
    newest: Paged<OneFurther>,
    /// Versions that came since.
    came: usize,
}

impl Versions {
    /// These on a new shelf, the newest of each ordinal, in this order.
    pub(crate) fn packed(&self, ordinals: &[Ordinal]) -> Self {
        let mut features = Vec::with_capacity(ordinals.len());
        let most = ordinals.iter().max().map_or(0, |most| *most as usize + 1);
        let mut newest = vec![OneFurther::default(); most];
        for (ordinals, at) in ordinals.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
            let block: Vec<_> = ordinals
                .iter()
                .filter_map(|ordinal| self.get(*ordinal))
                .collect();
            fetch(block.iter().copied());
            features.extend(block.into_iter().cloned());
            for (ordinal, standing) in ordinals.iter().zip(at + 1..) {
                newest[*ordinal as usize] = standing;
            }
        }
        Self {
            packed: Arc::new(Packed {
                features,
                ordinals: ordinals.into(),
            }),
            boards: Arc::default(),
            newest: Paged::of(&newest),
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

    /// The newest version of an ordinal.
    pub(crate) fn get(&self, ordinal: Ordinal) -> Option<&Arc<Feature>> {
        let standing = self.newest.get(ordinal as usize);
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
        self.newest.get(version.ordinal as usize) == version.position + 1
    }

    /// A version from the last packing, unless it was superseded.
    pub(crate) fn packed_at(&self, position: Position) -> Option<&Arc<Feature>> {
        let ordinal = *self.packed.ordinals.get(position as usize)?;
        self.is_current(Version { ordinal, position })
            .then(|| &self.packed.features[position as usize])
    }

    fn at(&self, position: Position) -> Option<&Arc<Feature>> {
        let at = position as usize;
        match at.checked_sub(self.packed.features.len()) {
            None => self.packed.features.get(at),
            Some(at) => self.boards.get(at / BOARD)?.get(at % BOARD),
        }
    }

    /// Puts the newest version of an ordinal on the shelf.
    pub(crate) fn put(&mut self, ordinal: Ordinal, feature: Arc<Feature>) -> Version {
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
        self.newest.set(ordinal as usize, position + 1);
        Version { ordinal, position }
    }

    /// Leaves an ordinal to nobody.
    pub(crate) fn clear(&mut self, ordinal: Ordinal) {
        self.newest.set(ordinal as usize, 0);
        self.came += 1;
    }
}
