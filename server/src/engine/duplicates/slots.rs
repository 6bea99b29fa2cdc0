//! Slots of equal size, in pages that know when they last changed, so that a checkpoint takes along what
//! changed and nothing else.

/// The most bytes of a page: with what the database adds, one of its pages.
const PAGE_BYTES: usize = 4_000;

/// Slots of so many bytes. They become more and never fewer.
#[derive(Debug)]
pub(super) struct Slots<const BYTES: usize> {
    all: Vec<[u8; BYTES]>,
    /// By page, the generation in which it last changed.
    changed: Vec<u64>,
    /// The generation that what changes now belongs to.
    generation: u64,
}

impl<const BYTES: usize> Slots<BYTES> {
    const A_PAGE: usize = PAGE_BYTES / BYTES;

    pub(super) fn new(generation: u64) -> Self {
        Self {
            all: Vec::new(),
            changed: Vec::new(),
            generation,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, at: u32) -> Option<&[u8; BYTES]> {
        self.all.get(at as usize)
    }

    /// Fills a slot that there is, or the next one.
    pub(super) fn set(&mut self, at: u32, slot: [u8; BYTES]) {
        let at = at as usize;
        match self.all.get_mut(at) {
            Some(held) => *held = slot,
            None => self.all.push(slot),
        }
        let page = at / Self::A_PAGE;
        match self.changed.get_mut(page) {
            Some(changed) => *changed = self.generation,
            None => self.changed.push(self.generation),
        }
    }

    /// The memory they take.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.all.capacity() * BYTES + self.changed.capacity() * size_of::<u64>()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8; BYTES]> {
        self.all.iter()
    }

    /// What changes from now on belongs to this generation.
    pub(super) fn begin(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// The pages that changed after a generation, by number.
    pub(super) fn changed_after(&self, generation: u64) -> impl Iterator<Item = (u32, Vec<u8>)> {
        let pages = self.all.chunks(Self::A_PAGE).zip(&self.changed);
        let changed = (0..).zip(pages).filter(move |(_, it)| *it.1 > generation);
        changed.map(|(number, (slots, _))| (number, slots.concat()))
    }

    /// The slots of pages that are all there, in order; `None` if they are not.
    pub(super) fn restored<'p>(
        pages: impl Iterator<Item = (u32, &'p [u8])>,
        generation: u64,
    ) -> Option<Self> {
        let mut restored = Self::new(generation);
        for (wanted, (number, bytes)) in (0..).zip(pages) {
            let (slots, rest) = bytes.as_chunks::<BYTES>();
            let whole_before = restored.all.len() == restored.changed.len() * Self::A_PAGE;
            let fits = (1..=Self::A_PAGE).contains(&slots.len()) && rest.is_empty();
            if number != wanted || !whole_before || !fits {
                return None;
            }
            restored.all.extend_from_slice(slots);
            // As of the generation that was written, so that a checkpoint that begins anew has them.
            restored.changed.push(generation.saturating_sub(1));
        }
        Some(restored)
    }
}
