//! Words of 32 bits, packed by block (`FastPFOR`: Lemire and Boytsov, 2013), as Java's library writes them:
//! big-endian, in blocks of 256, and what fills no block as bytes.
//!
//! ```text
//! packed = words in blocks, page*, the rest
//! page   = length of the blocks, blocks, length of the widths, (width, 0) by block, 0
//! ```
//!
//! A block takes the width of its widest word; exceptions, which the format allows, are not made: what is
//! drawn from a range needs none. Promises: what [`Room`] says is what is written. Refuses nothing.

/// Words in a block, and blocks in a page.
const BLOCK: usize = 256;
const PAGE: usize = 256;

/// How much room words take when packed.
#[derive(Default)]
pub(super) struct Room {
    count: usize,
    /// The bits that any word of the block at hand has.
    bits: u32,
    /// The widths of whole blocks, added up.
    widths: usize,
    /// What the words of the block at hand take as bytes.
    rest: usize,
}

impl Room {
    /// Takes account of a word, which takes so many bytes as a varint.
    pub(super) fn add(&mut self, word: u32, bytes: usize) {
        self.bits |= word;
        self.rest += bytes;
        self.count += 1;
        if self.count.is_multiple_of(BLOCK) {
            self.widths += width(self.bits);
            (self.bits, self.rest) = (0, 0);
        }
    }

    /// All bytes.
    pub(super) fn bytes(&self) -> usize {
        let blocks = self.count / BLOCK;
        let widths = 2 * (blocks % PAGE);
        let pages =
            blocks / PAGE * (3 + PAGE / 2) + usize::from(widths > 0) * 3 + widths.div_ceil(4);
        let packed = self.widths * BLOCK / 32;
        4 * (1 + pages + packed + self.rest.div_ceil(4))
    }
}

/// How many bits the widest of some words has, by those that any of them has.
fn width(bits: u32) -> usize {
    (u32::BITS - bits.leading_zeros()) as usize
}

/// Writes words.
pub(super) fn write(to: &mut Vec<u8>, words: &[u32]) {
    let (blocks, rest) = words.as_chunks::<BLOCK>();
    push(to, words.len() - rest.len());
    for page in blocks.chunks(PAGE) {
        let widths = page
            .iter()
            .map(|block| width(block.iter().fold(0, |bits, word| bits | word)));
        push(to, 1 + widths.clone().sum::<usize>() * BLOCK / 32);
        for (block, width) in page.iter().zip(widths.clone()) {
            pack(to, block, width);
        }
        push(to, 2 * page.len());
        let heads = widths.flat_map(|width| [u8::try_from(width).unwrap_or(0), 0]);
        reversed(to, &heads.collect::<Vec<_>>());
        push(to, 0);
    }
    let mut bytes = Vec::with_capacity(rest.len() * 2);
    for word in rest {
        seven_bits(&mut bytes, *word);
    }
    reversed(to, &bytes);
}

fn push(to: &mut Vec<u8>, word: usize) {
    to.extend(u32::try_from(word).unwrap_or(u32::MAX).to_be_bytes());
}

/// Bytes as words that begin with their last.
fn reversed(to: &mut Vec<u8>, bytes: &[u8]) {
    for four in bytes.chunks(4) {
        let mut word = [0; 4];
        word[..four.len()].copy_from_slice(four);
        word.reverse();
        to.extend(word);
    }
}

/// The block, each word in so many bits, from the least bit of the first word on.
#[expect(clippy::cast_possible_truncation, reason = "32 bits at a time")]
fn pack(to: &mut Vec<u8>, block: &[u32; BLOCK], width: usize) {
    let (mut waiting, mut bits) = (0_u64, 0);
    for word in block {
        waiting |= u64::from(*word) << bits;
        bits += width;
        if bits >= 32 {
            to.extend((waiting as u32).to_be_bytes());
            waiting >>= 32;
            bits -= 32;
        }
    }
}

/// Seven bits a byte, the least first; the high bit says that it is the last.
#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn seven_bits(to: &mut Vec<u8>, mut word: u32) {
    while word >= 0x80 {
        to.push(word as u8 & 0x7F);
        word >>= 7;
    }
    to.push(word as u8 | 0x80);
}
