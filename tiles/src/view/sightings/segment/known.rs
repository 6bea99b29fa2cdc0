//! Which ids a segment surely does not have, told without a look at the ids.
//!
//! A Bloom filter whose bits of one id stand in one word (Putze, Sanders and Singler, "Cache-, Hash- and
//! Space-Efficient Bloom Filters", 2009): asking costs one look at memory, where finding that an id is not
//! there costs as many as there are steps in a search. Every new sighting asks every segment.
//!
//! Promises: an id that is there is never missed. One in a hundred that is not seems to be.

use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// How many bits of the filter an id takes, and how many of its word it sets.
const BITS_OF_EACH: usize = 12;
const BITS_SET: u32 = 5;

/// What may be among some ids.
#[derive(Debug)]
pub(super) struct Known {
    words: Box<[u64]>,
}

impl Known {
    pub(super) fn of<'i>(count: usize, ids: impl Iterator<Item = &'i str>) -> Self {
        let mut words = vec![0; (count * BITS_OF_EACH).div_ceil(64)].into_boxed_slice();
        for id in ids {
            let (at, bits) = place(id, words.len());
            if let Some(word) = words.get_mut(at) {
                *word |= bits;
            }
        }
        Self { words }
    }

    /// Whether an id may be among them.
    pub(super) fn may_hold(&self, id: &str) -> bool {
        let (at, bits) = place(id, self.words.len());
        self.words.get(at).is_some_and(|word| word & bits == bits)
    }
}

/// The word of an id among so many, and its bits there.
fn place(id: &str, words: usize) -> (usize, u64) {
    let hash = FixedState::default().hash_one(id);
    // The upper half names the word, six bits each of the lower half a bit.
    let upper = ((hash >> 32) * words as u64) >> 32;
    let bits = (0..BITS_SET).map(|nth| 1 << (hash >> (6 * nth) & 63));
    let bits = bits.fold(0, |all: u64, bit: u64| all | bit);
    (usize::try_from(upper).unwrap_or(usize::MAX), bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_that_is_there_is_never_missed(ids in prop::collection::vec(".{0,12}", 0..200)) {
            let known = Known::of(ids.len(), ids.iter().map(String::as_str));
            prop_assert!(ids.iter().all(|id| known.may_hold(id)));
        }
    }

    #[test]
    fn hardly_any_that_is_not_there_seems_to_be() {
        let ids: Vec<String> = (0..20_000).map(|n| format!("read-{n}")).collect();
        let known = Known::of(10_000, ids[..10_000].iter().map(String::as_str));
        let seem = ids[10_000..].iter().filter(|id| known.may_hold(id)).count();
        assert!(seem < 300, "{seem} of 10000");
        assert!(!Known::of(0, std::iter::empty()).may_hold("any"));
    }
}
