use super::*;
use crate::place::LonLat;
use crate::view::cells::{CellCounts, SealedCounts};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn brute(points: &[(f64, f64)], bounds: Bounds, resolution: u8) -> BTreeMap<u64, u32> {
    let mut counts = BTreeMap::new();
    for (lon, lat) in points {
        let cell = Cell::of(LonLat::new(*lon, *lat).unwrap(), resolution).unwrap();
        if cell.bounds().intersects(bounds) {
            *counts.entry(u64::from(cell)).or_default() += 1;
        }
    }
    counts
}

fn collect(counted: &impl CountedCells, bounds: Bounds, resolution: u8) -> BTreeMap<u64, u32> {
    let mut tally = Tally::new(bounds, resolution);
    tally.add(counted);
    let counts = tally.finish();
    assert!(counts.is_sorted_by(|a, b| a.0 < b.0));
    counts
        .into_iter()
        .map(|(cell, count)| (u64::from(cell), count))
        .collect()
}

proptest! {
    #[test]
    fn live_and_sealed_counts_equal_a_linear_count(
        points in prop::collection::vec((-180.0..180.0_f64, -90.0..90.0_f64), 0..60),
        near in prop::collection::vec((-111.2..-110.6_f64, 32.0..32.4_f64), 0..60),
        moved in 0_usize..60,
        west in -112.0..-110.0_f64, south in 31.8..32.4_f64, size in 0.0..0.5_f64,
        resolution in 0_u8..=12,
    ) {
        let all: Vec<_> = points.into_iter().chain(near).collect();
        let cell = |p: &(f64, f64)| Cell::finest(LonLat::new(p.0, p.1).unwrap());
        let mut live = CellCounts::default();
        for point in &all {
            live.set(None, Some(cell(point)));
        }
        let kept = &all[moved.min(all.len())..];
        for point in &all[..moved.min(all.len())] {
            live.set(Some(cell(point)), None);
        }
        let bounds = Bounds::clamped(west, south, west + size, south + size);
        let expected = brute(kept, bounds, resolution);
        prop_assert_eq!(collect(&live, bounds, resolution), expected.clone());
        let sealed = SealedCounts::of(kept.iter().map(cell));
        prop_assert_eq!(collect(&sealed, bounds, resolution), expected);
        prop_assert_eq!(collect(&sealed, Bounds::WORLD, resolution), brute(kept, Bounds::WORLD, resolution));
        // One by one, and twice over.
        let mut tally = Tally::new(bounds, resolution);
        tally.add(&live);
        for point in kept {
            tally.add_one(cell(point));
        }
        let twice: BTreeMap<u64, u32> = brute(kept, bounds, resolution).into_iter().map(|(cell, count)| (cell, 2 * count)).collect();
        let tallied: BTreeMap<u64, u32> = tally.finish().into_iter().map(|(cell, count)| (u64::from(cell), count)).collect();
        prop_assert_eq!(tallied, twice);
    }
}
