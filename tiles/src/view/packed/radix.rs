//! Sorting by numbers of 32 bits in three passes over their digits (LSD radix sort: Knuth, The Art of Computer
//! Programming, volume 3, section 5.2.5). A packing sorts a hundred thousand places; comparing them takes three times as long.

/// Bits of a digit: three of them make the number.
const DIGIT: u32 = 11;
const DIGITS: usize = 1 << DIGIT;
/// Fewer are sorted by comparison: the counts of the digits alone take as long.
const FEW: usize = 2_048;

/// Sorts pairs by the first number; of equal ones those that stood first come first.
pub(super) fn sort_by_first(pairs: &mut Vec<(u32, u32)>) {
    if pairs.len() < FEW {
        pairs.sort_by_key(|(key, _)| *key);
        return;
    }
    let mut sorted = vec![(0, 0); pairs.len()];
    for shift in [0, DIGIT, 2 * DIGIT] {
        let digit = |key: u32| (key >> shift) as usize % DIGITS;
        let mut places = [0; DIGITS];
        for (key, _) in &*pairs {
            places[digit(*key)] += 1;
        }
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for pair in &*pairs {
            let place = &mut places[digit(pair.0)];
            sorted[*place] = *pair;
            *place += 1;
        }
        std::mem::swap(pairs, &mut sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_a_stable_sort(
            keys in prop::collection::vec(prop_oneof![any::<u32>(), 0_u32..50], 0..3 * FEW),
        ) {
            let mut pairs: Vec<(u32, u32)> = keys.into_iter().zip(0..).collect();
            let mut expected = pairs.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by_first(&mut pairs);
            prop_assert_eq!(pairs, expected);
        }
    }
}
