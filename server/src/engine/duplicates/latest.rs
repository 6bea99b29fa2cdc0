//! What was last told of each feature, by digests: 33 bytes a feature and a place in the index.

use super::digest::Digest;
use super::ring::hash;
use super::slots::Slots;
use hashbrown::HashTable;

/// The digests of key and content, and which of the states below.
type Slot = [u8; 33];

const FREE: u8 = 0;
const OBSERVED: u8 = 1;
const WITHDRAWN: u8 = 2;

/// What was last told of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) content: Digest,
    pub(super) withdrawn: bool,
}

/// What was last told, by the digest of a feature's key.
#[derive(Debug)]
pub(super) struct Latest {
    pub(super) slots: Slots<33>,
    index: HashTable<u32>,
    free: Vec<u32>,
}

impl Latest {
    pub(super) fn new(generation: u64) -> Self {
        Self {
            slots: Slots::new(generation),
            index: HashTable::new(),
            free: Vec::new(),
        }
    }

    /// From slots as they were; `None` if one holds what no slot can.
    pub(super) fn of(slots: Slots<33>) -> Option<Self> {
        let mut latest = Self {
            index: HashTable::with_capacity(slots.len()),
            free: Vec::new(),
            slots,
        };
        for at in 0..u32::try_from(latest.slots.len()).ok()? {
            let (key, _, state) = parts(latest.slots.get(at)?);
            match state {
                FREE => latest.free.push(at),
                OBSERVED | WITHDRAWN => latest.enter(key, at),
                _ => return None,
            }
        }
        Some(latest)
    }

    fn find(&self, key: &Digest) -> Option<u32> {
        let is_it = |at: &u32| {
            self.slots
                .get(*at)
                .is_some_and(|slot| parts(slot).0 == *key)
        };
        self.index.find(hash(key), is_it).copied()
    }

    pub(super) fn get(&self, key: &Digest) -> Option<Told> {
        let (_, content, state) = parts(self.slots.get(self.find(key)?)?);
        Some(Told {
            content,
            withdrawn: state == WITHDRAWN,
        })
    }

    /// Puts what was told in the place of what was told before, which is returned.
    pub(super) fn insert(&mut self, key: Digest, told: Told) -> Option<Told> {
        let before = self.get(&key);
        let state = [OBSERVED, WITHDRAWN][usize::from(told.withdrawn)];
        let held = self.find(&key);
        let at = held.or_else(|| self.free.pop());
        let Some(at) = at.or_else(|| u32::try_from(self.slots.len()).ok()) else {
            return before;
        };
        self.slots.set(at, slot(key, told.content, state));
        if held.is_none() {
            self.enter(key, at);
        }
        before
    }

    pub(super) fn remove(&mut self, key: &Digest) {
        let Some(at) = self.find(key) else { return };
        if let Ok(entry) = self.index.find_entry(hash(key), |held| *held == at) {
            entry.remove();
        }
        self.slots.set(at, slot([0; 16], [0; 16], FREE));
        self.free.push(at);
    }

    /// All that is held.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (Digest, Told)> {
        let held = self.slots.iter().map(parts);
        held.filter_map(|(key, _, state)| Some((key, self.get(&key)?)).filter(|_| state != FREE))
    }

    /// Forgets what is observed of features that are not among these.
    pub(super) fn keep(&mut self, there: &mut dyn Iterator<Item = Digest>) {
        let mut kept = vec![false; self.slots.len()];
        for key in there {
            if let Some(kept) = self.find(&key).and_then(|at| kept.get_mut(at as usize)) {
                *kept = true;
            }
        }
        let slots = (self.slots.iter().map(parts)).zip(kept);
        let gone = slots.filter(|((_, _, state), kept)| *state == OBSERVED && !kept);
        let gone: Vec<Digest> = gone.map(|((key, ..), _)| key).collect();
        for key in &gone {
            self.remove(key);
        }
    }

    fn enter(&mut self, key: Digest, at: u32) {
        let slots = &self.slots;
        self.index.insert_unique(hash(&key), at, |at| {
            slots.get(*at).map_or(0, |slot| hash(&parts(slot).0))
        });
    }
}

fn slot(key: Digest, content: Digest, state: u8) -> Slot {
    let mut slot = [state; 33];
    slot[..16].copy_from_slice(&key);
    slot[16..32].copy_from_slice(&content);
    slot
}

fn parts(slot: &Slot) -> (Digest, Digest, u8) {
    let (mut key, mut content) = ([0; 16], [0; 16]);
    key.copy_from_slice(&slot[..16]);
    content.copy_from_slice(&slot[16..32]);
    (key, content, slot[32])
}
