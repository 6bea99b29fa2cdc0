use super::*;
use crate::Cell;
use crate::city::{at, catalog};

const EVERYWHERE: Topic = Topic::Everywhere;

fn layer(name: &str) -> LayerIx {
    catalog().layer(name).unwrap()
}

fn push(ring: &mut Ring, seq: u64, ordinal: Ordinal, topic: Topic) {
    ring.push(Change {
        seq: Seq(seq),
        layer: layer("units"),
        topic,
        ordinal,
        notice: Notice::EVERYBODY,
    });
}

/// What changed in a topic after a seq, oldest first.
fn check(ring: &Ring, topic: Topic, since: u64, expected: &[Ordinal]) {
    let mut found = Vec::new();
    let of = (layer("units"), topic);
    ring.visit(of, Notice::EVERYBODY, Seq(since), |ordinal| {
        found.push(ordinal);
    });
    assert_eq!(found, expected);
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of a layer that cannot be opened there is nobody"
)]
fn everybody(_: LayerIx) -> Option<Notice> {
    Some(Notice::EVERYBODY)
}

fn limits(ticks: usize, changes: usize) -> RingLimits {
    RingLimits { ticks, changes }
}

#[test]
fn changes_after_a_seq_are_found_in_closed_and_growing_chunks() {
    let town = Topic::Cell(Cell::of(at(-110.97, 32.22), 6).unwrap());
    let mut ring = Ring::new(limits(10, 1_000), Seq(0));
    push(&mut ring, 1, 1, EVERYWHERE);
    push(&mut ring, 2, 2, EVERYWHERE);
    ring.seal();
    push(&mut ring, 3, 3, town);
    push(&mut ring, 4, 1, EVERYWHERE);
    check(&ring, EVERYWHERE, 0, &[1, 2, 1]);
    check(&ring, EVERYWHERE, 1, &[2, 1]);
    check(&ring, EVERYWHERE, 2, &[1]);
    check(&ring, town, 2, &[3]);
    check(&ring, EVERYWHERE, 4, &[]);
    let units = layer("units");
    assert_eq!(
        ring.dirty(Seq(2), everybody),
        [(units, EVERYWHERE), (units, town)]
    );
    assert_eq!(ring.dirty(Seq(3), everybody), [(units, EVERYWHERE)]);
    assert_eq!(ring.dirty(Seq(4), everybody), []);
    let mut found = 0;
    let areas = (layer("areas"), EVERYWHERE);
    ring.visit(areas, Notice::EVERYBODY, Seq(0), |_| found += 1);
    assert_eq!(found, 0);
}

#[test]
fn what_fell_out_is_no_longer_reached() {
    let mut ring = Ring::new(limits(2, 1_000), Seq(0));
    for seq in 1..=4 {
        push(&mut ring, seq, 1, EVERYWHERE);
        ring.seal();
        ring.seal();
    }
    assert!(!ring.reaches(Seq(1)) && ring.reaches(Seq(2)));
    check(&ring, EVERYWHERE, 2, &[1, 1]);
}

#[test]
fn the_ring_is_bounded_by_changes_even_without_ticks() {
    let mut ring = Ring::new(limits(1_000, 80), Seq(0));
    for seq in 1..=1_000 {
        push(&mut ring, seq, 1, EVERYWHERE);
        assert!(ring.count <= 80 + 80 / 8 + 1);
    }
    assert!(ring.reaches(Seq(1_000)) && ring.reaches(Seq(950)) && !ring.reaches(Seq(900)));
}

#[test]
fn a_snapshot_of_the_ring_keeps_what_it_had() {
    let mut ring = Ring::new(limits(2, 1_000), Seq(0));
    push(&mut ring, 1, 1, EVERYWHERE);
    let snapshot = ring.clone();
    for seq in 2..=9 {
        push(&mut ring, seq, 2, EVERYWHERE);
        ring.seal();
    }
    check(&snapshot, EVERYWHERE, 0, &[1]);
    assert!(snapshot.reaches(Seq(0)) && !ring.reaches(Seq(0)));
    ring.reset(Seq(9));
    assert!(ring.reaches(Seq(9)) && !ring.reaches(Seq(8)));
}

#[test]
fn what_one_clearance_notices_is_told_to_nobody_else() {
    let hidden = Notice::NOBODY.with_slot(2);
    let mut ring = Ring::new(limits(10, 1_000), Seq(0));
    let units = (layer("units"), EVERYWHERE);
    for (seq, notice) in [
        (1, hidden),
        (2, Notice::EVERYBODY),
        (3, hidden),
        (4, hidden),
    ] {
        let (ordinal, topic) = (u32::try_from(seq).unwrap(), EVERYWHERE);
        let (seq, layer) = (Seq(seq), units.0);
        ring.push(Change {
            seq,
            layer,
            topic,
            ordinal,
            notice,
        });
        if ordinal == 3 {
            ring.seal();
        }
    }
    let found = |noticing: Notice, since: u64| {
        let mut found = Vec::new();
        ring.visit(units, noticing, Seq(since), |ordinal| found.push(ordinal));
        found.sort_unstable();
        let dirty = ring.dirty(Seq(since), |_| Some(noticing));
        assert_eq!(
            dirty,
            if found.is_empty() {
                vec![]
            } else {
                vec![units]
            }
        );
        found
    };
    assert_eq!(found(Notice::EVERYBODY, 0), [2]);
    assert_eq!(found(Notice::EVERYBODY, 2), [0; 0]);
    assert_eq!(found(hidden, 1), [3, 4]);
    assert_eq!(found(hidden, 3), [4]);
    assert_eq!(found(Notice::EVERYBODY.or(hidden), 0), [1, 2, 3, 4]);
}
