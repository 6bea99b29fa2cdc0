//! Words of 32 bits, packed by block (`FastPFOR`: Lemire and Boytsov, 2013), as Java's library writes them:
//! big-endian, in blocks of 256, and what fills no block as bytes.
//!
//! ```text
//! packed = words in blocks, page*, the rest
//! page   = length of the blocks, blocks, length of the widths, (width, 0) by block, 0
//! ```
//!
//! A block takes the width of its widest word; exceptions, which the format allows, are not made: what is
//! drawn from a range needs none. Promises: what [`length`] says is what is written. Refuses nothing.

use crate::encode::mvt::wire::varint_length;

/// Words in a block, and blocks in a page.
const BLOCK: usize = 256;
const PAGE: usize = 256;

/// How many bytes words take when packed.
pub(super) fn length(words: &[u64]) -> usize {
    let (blocks, rest) = words.as_chunks::<BLOCK>();
    let page = |page: &[[u64; BLOCK]]| {
        let widths = page.iter().map(width).sum::<usize>();
        3 + (2 * page.len()).div_ceil(4) + widths * BLOCK / 32
    };
    let pages = blocks.chunks(PAGE).map(page).sum::<usize>();
    let rest = rest.iter().map(|word| varint_length(*word)).sum::<usize>();
    4 * (1 + pages + rest.div_ceil(4))
}

/// How many bits the widest word of a block has.
fn width(block: &[u64; BLOCK]) -> usize {
    let bits = block.iter().fold(0, |bits, word| bits | word);
    (u64::BITS - bits.leading_zeros()) as usize
}

/// Writes words of 32 bits.
pub(super) fn write(to: &mut Vec<u8>, words: &[u64]) {
    let (blocks, rest) = words.as_chunks::<BLOCK>();
    push(to, words.len() - rest.len());
    for page in blocks.chunks(PAGE) {
        let widths: Vec<usize> = page.iter().map(width).collect();
        push(to, 1 + widths.iter().sum::<usize>() * BLOCK / 32);
        for (block, width) in page.iter().zip(&widths) {
            pack(to, block, *width);
        }
        push(to, 2 * page.len());
        let heads = widths.iter();
        let heads = heads.flat_map(|width| [u8::try_from(*width).unwrap_or(0), 0]);
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
fn pack(to: &mut Vec<u8>, block: &[u64; BLOCK], width: usize) {
    let (mut waiting, mut bits) = (0_u64, 0);
    for word in block {
        waiting |= *word << bits;
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
fn seven_bits(to: &mut Vec<u8>, mut word: u64) {
    while word >= 0x80 {
        to.push(word as u8 & 0x7F);
        word >>= 7;
    }
    to.push(word as u8 | 0x80);
}
