//! The newest digests in order of arrival, up to a limit, and the same so that one is found.

use super::digest::Digest;
use super::slots::Slots;
use hashbrown::HashTable;

/// The newest digests: 16 bytes each.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) slots: Slots<16>,
    limit: u32,
    /// How many were ever pushed and not taken back; each lies at its number modulo the limit.
    pub(super) pushed: u64,
    pub(super) len: u32,
}

impl Ring {
    pub(super) fn new(limit: u32, generation: u64) -> Self {
        Self {
            slots: Slots::new(generation),
            limit: limit.max(1),
            pushed: 0,
            len: 0,
        }
    }

    /// A ring as it was; `None` if nothing like it can have been.
    pub(super) fn restored(limit: u32, slots: Slots<16>, pushed: u64, len: u32) -> Option<Self> {
        let limit = limit.max(1);
        let filled = pushed.min(u64::from(limit));
        let is_whole = u64::from(len) <= filled
            && u64::try_from(slots.len()).is_ok_and(|slots| slots >= filled)
            && slots.len() <= limit as usize;
        is_whole.then_some(Self {
            slots,
            limit,
            pushed,
            len,
        })
    }

    fn at(&self, number: u64) -> u32 {
        // Less than the limit, which is 32 bits wide.
        u32::try_from(number % u64::from(self.limit)).unwrap_or(0)
    }

    /// Its digests and their slots, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Digest, u32)> {
        let oldest = self.pushed.saturating_sub(u64::from(self.len));
        let slots = (oldest..self.pushed).map(|number| self.at(number));
        slots.filter_map(|at| Some((*self.slots.get(at)?, at)))
    }

    /// The slot that the next push fills.
    fn next(&self) -> u32 {
        self.at(self.pushed)
    }

    /// What the next push forgets.
    fn oldest_if_full(&self) -> Option<Digest> {
        let full = self.len == self.limit;
        self.slots.get(self.next()).filter(|_| full).copied()
    }

    /// Adds a digest; returns the one that is forgotten for it.
    pub(super) fn push(&mut self, digest: Digest) -> Option<Digest> {
        let forgotten = self.oldest_if_full();
        self.slots.set(self.next(), digest);
        self.pushed += 1;
        self.len += u32::from(forgotten.is_none());
        forgotten
    }

    /// Undoes the last push, which forgot this.
    pub(super) fn unpush(&mut self, forgotten: Option<Digest>) {
        self.pushed = self.pushed.saturating_sub(1);
        match forgotten {
            Some(forgotten) => self.slots.set(self.next(), forgotten),
            None => self.len = self.len.saturating_sub(1),
        }
    }
}

/// A ring in which a digest is found.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) ring: Ring,
    /// The slots of all that are in the ring, by their digest.
    index: HashTable<u32>,
}

impl Known {
    pub(super) fn of(ring: Ring) -> Self {
        let mut known = Self {
            index: HashTable::with_capacity(ring.len as usize),
            ring,
        };
        let Self { ring, index } = &mut known;
        for (digest, at) in ring.iter() {
            enter(index, &ring.slots, &digest, at);
        }
        known
    }

    /// The memory it takes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.index.allocation_size() + self.ring.slots.bytes()
    }

    pub(super) fn contains(&self, digest: &Digest) -> bool {
        let slots = &self.ring.slots;
        let found = self
            .index
            .find(hash(digest), |at| slots.get(*at) == Some(digest));
        found.is_some()
    }

    /// Adds a digest that it does not contain; returns the one that is forgotten for it.
    pub(super) fn push(&mut self, digest: &Digest) -> Option<Digest> {
        let at = self.ring.next();
        if let Some(oldest) = self.ring.oldest_if_full() {
            self.leave(&oldest, at);
        }
        let forgotten = self.ring.push(*digest);
        self.enter(digest, at);
        forgotten
    }

    /// Undoes the last push, which added the one and forgot the other.
    pub(super) fn unpush(&mut self, digest: &Digest, forgotten: Option<Digest>) {
        let at = self.ring.at(self.ring.pushed.saturating_sub(1));
        self.leave(digest, at);
        self.ring.unpush(forgotten);
        if let Some(forgotten) = forgotten {
            self.enter(&forgotten, at);
        }
    }

    fn enter(&mut self, digest: &Digest, at: u32) {
        enter(&mut self.index, &self.ring.slots, digest, at);
    }

    fn leave(&mut self, digest: &Digest, at: u32) {
        if let Ok(entry) = self.index.find_entry(hash(digest), |held| *held == at) {
            entry.remove();
        }
    }
}

fn enter(index: &mut HashTable<u32>, slots: &Slots<16>, digest: &Digest, at: u32) {
    let hasher = |at: &u32| slots.get(*at).map_or(0, hash);
    index.insert_unique(hash(digest), at, hasher);
}

/// A digest is as good as random already.
pub(super) fn hash(digest: &Digest) -> u64 {
    digest
        .first_chunk()
        .map_or(0, |half| u64::from_le_bytes(*half))
}
