use super::*;
use crate::city::spots;
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #[test]
    fn counts_of_what_moved_are_those_of_a_scan_and_snapshots_never_change(
        moves in prop::collection::vec((0_usize..24, prop::option::of(0_usize..64)), 1..120),
    ) {
        // Neighbouring finest cells around a few spots.
        let spots = spots();
        let cell = |pick: usize| {
            let spot = spots[pick % 4 % spots.len()];
            let near = crate::place::LonLat::new(spot.lon(), spot.lat() * 0.99 + pick as f64 * 1e-4);
            Cell::finest(near.unwrap())
        };
        let mut now: Vec<Option<Cell>> = (0..24).map(|at| (at % 3 > 0).then(|| cell(at))).collect();
        let mut counts = MovingCounts::of(now.iter().flatten().copied());
        let mut snapshots = Vec::new();
        for (who, to) in moves {
            let next = to.map(cell);
            counts.set(now[who], next);
            now[who] = next;
            snapshots.push((counts.clone(), now.clone()));
        }
        for (counts, now) in snapshots {
            for resolution in 0..=FINEST {
                let mut scan = BTreeMap::new();
                for cell in now.iter().flatten() {
                    *scan.entry(u64::from(cell.parent(resolution))).or_insert(0_u32) += 1;
                }
                let scan: Vec<(u64, u32)> = scan.into_iter().collect();
                let middle = scan.get(scan.len() / 2).map_or(0, |(index, _)| *index);
                for (first, last) in [(0, u64::MAX), (middle, u64::MAX), (0, middle), (middle, middle)] {
                    let mut found = Vec::new();
                    counts.range(resolution, first, last, &mut |index, count| found.push((index, count)));
                    let scan = scan.iter().filter(|(index, _)| (first..=last).contains(index));
                    prop_assert_eq!(found, scan.copied().collect::<Vec<_>>());
                }
                prop_assert!(counts.len(resolution) >= scan.len());
            }
        }
    }
}
