use super::super::{LEVELS, Notice};
use super::*;
use crate::place::{Bounds, LonLat};
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;

const HIDDEN: Slot = 2;

fn marks(most: usize) -> Marks {
    Marks {
        most,
        ..Marks::default()
    }
}

/// A place on a grid, so that some come again.
fn place(column: u8, row: u8) -> Bounds {
    let (lon, lat) = (
        f64::from(column) * 0.03 - 110.0,
        f64::from(row) * 0.02 + 32.0,
    );
    Bounds::of_point(LonLat::new(lon, lat).unwrap())
}

fn tiles() -> Vec<TileCoord> {
    let zooms = LEVELS.into_iter().chain([13, 15, 18]);
    let around = |z: u8| {
        (0..6_u8).map(move |at| {
            let bounds = place(at * 7, at * 11);
            let x = crate::tile::column(crate::tile::world_x(bounds.west()), z);
            let y = crate::tile::column(crate::tile::world_y(bounds.south()), z);
            TileCoord::new(z, x, y).unwrap()
        })
    };
    zooms.flat_map(around).collect()
}

fn lasts(marks: &Marks, slots: Notice) -> Vec<Seq> {
    tiles()
        .into_iter()
        .map(|tile| marks.last(tile, slots))
        .collect()
}

fn by_key(marks: &Marks) -> BTreeMap<MarkKey, Seq> {
    marks.iter().collect()
}

proptest! {
    #![proptest_config(Config::with_cases(32))]

    #[test]
    fn folded_marks_are_few_never_older_the_same_after_a_restart_and_blind_to_the_hidden(
        touches in prop::collection::vec((0_u8..60, 0_u8..60, any::<bool>(), any::<bool>()), 1..120),
        most in 4_usize..60,
    ) {
        let (mut live, mut all, mut open) = (marks(most), marks(usize::MAX), marks(most));
        let mut again = marks(most);
        // Rows of a store, by key: written over, never deleted.
        let (mut rows, mut since) = (BTreeMap::new(), Seq(0));
        let hidden_slot = Notice::NOBODY.with_slot(HIDDEN);
        let cleared = Notice::EVERYBODY.or(hidden_slot);
        for ((column, row, hidden, checkpoint), seq) in touches.into_iter().zip(1..) {
            let seq = Seq(seq);
            let notice = if hidden { hidden_slot } else { Notice::EVERYBODY };
            for marks in [&mut live, &mut all, &mut again] {
                marks.touch(place(column, row), notice, seq);
                marks.settle(seq);
            }
            if !hidden {
                open.touch(place(column, row), notice, seq);
                open.settle(seq);
            }
            for (is, least) in lasts(&live, cleared).into_iter().zip(lasts(&all, cleared)) {
                prop_assert!(least <= is && is <= seq);
            }
            prop_assert!(live.counts.iter().all(|(_, count)| *count <= most));
            let kept = live.iter().filter(|(key, _)| Tier::of(*key).is_some()).count();
            prop_assert_eq!(kept, live.counts.iter().map(|(_, count)| count).sum::<usize>());
            prop_assert_eq!(lasts(&live, Notice::EVERYBODY), lasts(&open, Notice::EVERYBODY));
            prop_assert_eq!(lasts(&live, cleared), lasts(&again, cleared));
            if checkpoint {
                rows.extend(live.after(since).map(|(key, at)| (key.to_bits(), at)));
                since = seq;
                let mut orders = [marks(most), marks(most)];
                for (bits, at) in &rows {
                    orders[0].restore(MarkKey::from_bits(*bits), *at);
                }
                for (bits, at) in rows.iter().rev() {
                    orders[1].restore(MarkKey::from_bits(*bits), *at);
                }
                for restored in orders {
                    prop_assert_eq!(by_key(&restored), by_key(&live));
                    again = restored;
                }
            }
        }
    }
}
