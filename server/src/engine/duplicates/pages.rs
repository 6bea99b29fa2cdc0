//! The memory as pages of a checkpoint, and back.

use super::latest::Latest;
use super::ring::{Known, Ring};
use super::slots::Slots;
use super::{Duplicates, REMEMBERED};
use crate::store::Page;

/// Which part of the memory a page belongs to: the upper half of its number.
const HEAD: u64 = 1;
const KNOWN: u64 = 2;
const TAKEN_BACK: u64 = 3;
const LATEST: u64 = 4;

/// Bytes of the head: how much was pushed into each ring, and how much of that it has.
const HEAD_BYTES: usize = 24;

impl Duplicates {
    /// The pages that changed after a generation, all after 0, and the generation that they bring a
    /// checkpoint to. What changes from now on belongs to the next one.
    pub(crate) fn changed_after(&mut self, generation: u64) -> (u64, Vec<Page>) {
        let mut pages = vec![Page {
            number: HEAD << 32,
            bytes: head(&self.known.ring, &self.taken_back),
        }];
        let mut add = |part: u64, number: u32, bytes: Vec<u8>| {
            let number = part << 32 | u64::from(number);
            pages.push(Page { number, bytes });
        };
        for (number, bytes) in self.known.ring.slots.changed_after(generation) {
            add(KNOWN, number, bytes);
        }
        for (number, bytes) in self.taken_back.slots.changed_after(generation) {
            add(TAKEN_BACK, number, bytes);
        }
        for (number, bytes) in self.latest.slots.changed_after(generation) {
            add(LATEST, number, bytes);
        }
        let reached = self.generation;
        self.generation += 1;
        self.known.ring.slots.begin(self.generation);
        self.taken_back.slots.begin(self.generation);
        self.latest.slots.begin(self.generation);
        (reached, pages)
    }

    /// The memory of a checkpoint out of all its pages, in order; `None` if they are not what was written.
    pub(crate) fn restored(generation: u64, pages: &[Page]) -> Option<Self> {
        Self::restored_with(REMEMBERED, generation, pages)
    }

    pub(super) fn restored_with(limit: u32, generation: u64, pages: &[Page]) -> Option<Self> {
        let next = generation.checked_add(1)?;
        let head = of(pages, HEAD).next()?.1;
        let head: &[u8; HEAD_BYTES] = head.try_into().ok()?;
        let ring = |part: u64, at: usize| {
            let slots = Slots::restored(of(pages, part), next)?;
            let pushed = head.get(at..)?.first_chunk()?;
            let len = head.get(at + 8..)?.first_chunk()?;
            Ring::restored(
                limit,
                slots,
                u64::from_le_bytes(*pushed),
                u32::from_le_bytes(*len),
            )
        };
        Some(Self {
            known: Known::of(ring(KNOWN, 0)?),
            taken_back: ring(TAKEN_BACK, 12)?,
            latest: Latest::of(Slots::restored(of(pages, LATEST), next)?)?,
            generation: next,
        })
    }
}

fn head(known: &Ring, taken_back: &Ring) -> Vec<u8> {
    let rings = [known, taken_back];
    let both = rings.map(|ring| [&ring.pushed.to_le_bytes()[..], &ring.len.to_le_bytes()].concat());
    both.concat()
}

/// The pages of a part, numbered from 0.
fn of(pages: &[Page], part: u64) -> impl Iterator<Item = (u32, &[u8])> {
    let of_part = pages.iter().filter(move |page| page.number >> 32 == part);
    of_part.map(|page| {
        let number = u32::try_from(page.number & u64::from(u32::MAX));
        (number.unwrap_or(u32::MAX), page.bytes.as_slice())
    })
}
