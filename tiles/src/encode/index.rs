//! Where what was written stands, by its hash: open addressing beside the bytes, of which nothing is kept twice.

/// Slots to begin with; a power of two, as ever.
const LEAST: usize = 64;

/// An index of what is kept elsewhere, by positions from 1 on.
#[derive(Default)]
pub(super) struct Index {
    /// By hash, from there on to the next that is empty: the hash, and the position, 0 for an empty one.
    slots: Vec<(u32, u32)>,
    kept: usize,
}

/// Where something belongs that is not there yet.
pub(super) struct Free(usize);

impl Index {
    /// Makes room for so many, before the first.
    pub(super) fn expect(&mut self, count: usize) {
        if self.slots.is_empty() {
            self.slots = vec![(0, 0); (count * 2 + 1).next_power_of_two().max(LEAST)];
        }
    }

    /// The position that has this hash and is the one sought, or where it belongs until anything else is kept.
    #[inline]
    pub(super) fn find(&mut self, hash: u32, is: impl Fn(u32) -> bool) -> Result<u32, Free> {
        if self.slots.len() <= self.kept * 2 {
            self.grow();
        }
        let mut at = self.first(hash);
        loop {
            match self.slots[at] {
                (_, 0) => return Err(Free(at)),
                (known, position) if known == hash && is(position) => return Ok(position),
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Keeps a position where [`Index::find`] said.
    #[inline]
    pub(super) fn keep(&mut self, Free(at): Free, hash: u32, position: u32) {
        self.slots[at] = (hash, position);
        self.kept += 1;
    }

    /// Where a hash is looked for first.
    fn first(&self, hash: u32) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        let length = (self.slots.len() * 2).max(LEAST);
        let known = std::mem::replace(&mut self.slots, vec![(0, 0); length]);
        for (hash, position) in known.into_iter().filter(|(_, position)| *position > 0) {
            let mut at = self.first(hash);
            while self.slots[at].1 > 0 {
                at = (at + 1) & (length - 1);
            }
            self.slots[at] = (hash, position);
        }
    }
}
