use super::*;
use crate::Cell;
use crate::city::{at, catalog};

const EVERYWHERE: Topic = Topic::Everywhere;

fn layer(name: &str) -> LayerIx {
    catalog().layer(name).unwrap()
}

fn push(ring: &mut Ring, seq: u64, id: &str, topic: Topic) {
    let change = Change {
        seq: Seq(seq),
        id: id.into(),
        notice: Notice::EVERYBODY,
    };
    ring.push(layer("units"), topic, change);
}

/// The ids that changed in a topic after a seq, oldest first.
fn check(ring: &Ring, topic: Topic, since: u64, expected: &[&str]) {
    let mut found = Vec::new();
    ring.visit(layer("units"), topic, Seq(since), |change| {
        found.push(change.id.to_string());
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
    push(&mut ring, 1, "a", EVERYWHERE);
    push(&mut ring, 2, "b", EVERYWHERE);
    ring.seal();
    push(&mut ring, 3, "c", town);
    push(&mut ring, 4, "a", EVERYWHERE);
    check(&ring, EVERYWHERE, 0, &["a", "b", "a"]);
    check(&ring, EVERYWHERE, 1, &["b", "a"]);
    check(&ring, EVERYWHERE, 2, &["a"]);
    check(&ring, town, 2, &["c"]);
    check(&ring, EVERYWHERE, 4, &[]);
    let units = layer("units");
    assert_eq!(
        ring.dirty(Seq(2), everybody),
        [(units, EVERYWHERE), (units, town)]
    );
    assert_eq!(ring.dirty(Seq(3), everybody), [(units, EVERYWHERE)]);
    assert_eq!(ring.dirty(Seq(4), everybody), []);
    let mut found = 0;
    ring.visit(layer("areas"), EVERYWHERE, Seq(0), |_| found += 1);
    assert_eq!(found, 0);
}

#[test]
fn what_fell_out_is_no_longer_reached() {
    let mut ring = Ring::new(limits(2, 1_000), Seq(0));
    for seq in 1..=4 {
        push(&mut ring, seq, "a", EVERYWHERE);
        ring.seal();
        ring.seal();
    }
    assert!(!ring.reaches(Seq(1)) && ring.reaches(Seq(2)));
    check(&ring, EVERYWHERE, 2, &["a", "a"]);
}

#[test]
fn the_ring_is_bounded_by_changes_even_without_ticks() {
    let mut ring = Ring::new(limits(1_000, 80), Seq(0));
    for seq in 1..=1_000 {
        push(&mut ring, seq, "a", EVERYWHERE);
        assert!(ring.count <= 80 + 80 / 8 + 1);
    }
    assert!(ring.reaches(Seq(1_000)) && ring.reaches(Seq(950)) && !ring.reaches(Seq(900)));
}

#[test]
fn a_snapshot_of_the_ring_keeps_what_it_had() {
    let mut ring = Ring::new(limits(2, 1_000), Seq(0));
    push(&mut ring, 1, "a", EVERYWHERE);
    let snapshot = ring.clone();
    for seq in 2..=9 {
        push(&mut ring, seq, "b", EVERYWHERE);
        ring.seal();
    }
    check(&snapshot, EVERYWHERE, 0, &["a"]);
    assert!(snapshot.reaches(Seq(0)) && !ring.reaches(Seq(0)));
    ring.reset(Seq(9));
    assert!(ring.reaches(Seq(9)) && !ring.reaches(Seq(8)));
}
