//! Places along a Hilbert curve of 65,536 by 65,536 cells.
//!
//! Sixteen halvings of a square, four at a time out of a table. In each quarter the curve is turned in one of
//! four ways: as it is or mirrored along a diagonal, and as it is or turned by a half.

/// Cells from one side to the other are numbered by so many bits.
const BITS: u32 = 16;
/// Halvings of one step, and the bits of a place along the curve that it gives.
const A_STEP: u32 = 4;
const GIVEN: u32 = 2 * A_STEP;
/// Ways in which the curve is turned, by bits.
const MIRRORED: u16 = 1;
const TURNED: u16 = 2;

/// By how the curve is turned, and by four bits of the column and of the row: how it is turned after that,
/// and eight bits of the place.
static STEPS: [u16; 4 << GIVEN] = steps();

const fn steps() -> [u16; 4 << GIVEN] {
    let mut steps = [0; 4 << GIVEN];
    let (mut at, mut way) = (0, 0);
    while way < 4 {
        let mut cell = 0;
        while cell < 1 << GIVEN {
            steps[at] = step(way, cell >> A_STEP, cell & ((1 << A_STEP) - 1));
            at += 1;
            cell += 1;
        }
        way += 1;
    }
    steps
}

/// Halving by halving.
const fn step(mut way: u16, column: u16, row: u16) -> u16 {
    let mut along = 0;
    let mut bit = A_STEP;
    while bit > 0 {
        bit -= 1;
        let turn = way >> 1;
        let (x, y) = ((column >> bit & 1) ^ turn, (row >> bit & 1) ^ turn);
        let (right, up) = if way & MIRRORED == 0 { (x, y) } else { (y, x) };
        along = along << 2 | ((right * 3) ^ up);
        if up == 0 {
            way ^= MIRRORED | if right == 1 { TURNED } else { 0 };
        }
    }
    way << GIVEN | along
}

/// How far along the curve a cell lies, by its column and row.
pub(super) fn along(column: u16, row: u16) -> u32 {
    let (column, row) = (usize::from(column), usize::from(row));
    let (mut way, mut along) = (0, 0);
    for shift in (0..BITS).step_by(A_STEP as usize).rev() {
        let four = |number: usize| number >> shift & ((1 << A_STEP) - 1);
        let step = STEPS[way << GIVEN | four(column) << A_STEP | four(row)];
        way = usize::from(step >> GIVEN);
        along = along << GIVEN | u32::from(step & ((1 << GIVEN) - 1));
    }
    along
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Halving by halving, as Wikipedia's `xy2d` does.
    fn slowly(column: u16, row: u16) -> u32 {
        let (mut x, mut y) = (u32::from(column), u32::from(row));
        let (mut along, mut side) = (0, 1 << 15);
        while side > 0 {
            let (right, up) = (x & side > 0, y & side > 0);
            along += side * side * ((u32::from(right) * 3) ^ u32::from(up));
            if !up {
                if right {
                    (x, y) = (0xFFFF - x, 0xFFFF - y);
                }
                (x, y) = (y, x);
            }
            side >>= 1;
        }
        along
    }

    #[test]
    fn corners_and_middles() {
        for column in [0, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF] {
            for row in [0, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF] {
                assert_eq!(along(column, row), slowly(column, row));
            }
        }
    }

    proptest! {
        #[test]
        fn steps_of_four_are_as_halving_by_halving(column: u16, row: u16) {
            prop_assert_eq!(along(column, row), slowly(column, row));
        }
    }
}
