//! The bytes of protocol buffers, as far as MVT has them. Refuses nothing.

/// Wire types.
pub(super) const VARINT: u32 = 0;
pub(super) const LENGTH: u32 = 2;

/// A field's number and wire type. All of MVT's numbers are below 16, so this is one byte.
pub(super) fn head(to: &mut Vec<u8>, field: u32, wire_type: u32) {
    varint(to, u64::from(field << 3 | wire_type));
}

pub(super) fn bytes(to: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    head(to, field, LENGTH);
    varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// Seven bits a byte, the least first; the high bit says that more follow.
#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub(in crate::encode) fn varint(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

pub(in crate::encode) fn varint_length(number: u64) -> usize {
    // A seventh of the bits, rounded up: exact for as many as there are.
    let bits = 64 - (number | 1).leading_zeros();
    ((bits * 9 + 64) >> 6) as usize
}
