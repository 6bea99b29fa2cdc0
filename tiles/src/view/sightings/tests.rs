use super::*;
use crate::catalog::LayerIx;
use crate::city::{self, catalog, seen_at};
use crate::event::{Event, Record, Seq};
use crate::feature::Placed;
use crate::picture::Picture;
use crate::view::RingLimits;
use crate::viewer::Viewer;
use jiff::SignedDuration;
use std::borrow::Cow;

pub(super) fn refs(rows: &[Arc<Feature>]) -> Vec<FeatureRef<'_>> {
    rows.iter().map(FeatureRef::Own).collect()
}

pub(super) fn segment(rows: &[Arc<Feature>]) -> Arc<Segment> {
    Arc::new(Segment::of(&refs(rows)))
}

pub(super) fn ids<'v>(rows: &[FeatureRef<'v>]) -> Vec<&'v str> {
    rows.iter().map(|row| row.id()).collect()
}

/// A row as it was told, wherever it lives now.
fn told(row: FeatureRef<'_>) -> Feature {
    let layer = LayerIx(0);
    let feature = Feature::clone(&row.own(layer));
    Feature {
        layer,
        placed: Placed::of(row.geometry().map(Cow::into_owned), None),
        ..feature
    }
}

/// Rows `first..last`, one a second, ids in an order of their own.
pub(super) fn rows(first: u32, last: u32) -> Vec<Arc<Feature>> {
    let catalog = catalog();
    let log: Vec<Record> = (first..last)
        .map(|n| {
            let id = format!("{:04}", n * 7_919 % 10_000);
            let place = (-110.97 + f64::from(n % 90) * 1e-3, 32.22);
            let n = i64::from(n);
            seen_at(&catalog, (1, n), "alpr_reads", &id, place, Some(n - n % 5))
        })
        .collect();
    let mut picture = Picture::new(catalog, RingLimits::default());
    for (record, seq) in log.into_iter().zip(1..) {
        let seq = Seq(seq);
        picture.apply(&[Record { seq, ..record }]);
    }
    let view = picture.view();
    let reads = view.open(&Viewer::EVERYTHING, "alpr_reads").unwrap();
    let mut rows: Vec<_> = reads
        .page(None, usize::MAX)
        .into_iter()
        .map(|seen| seen.feature.here().own(seen.layer()))
        .collect();
    rows.sort_unstable_by_key(|row| row.received_at);
    rows
}

fn filter(window: Option<(i64, i64)>, from: i64) -> Filter {
    Filter {
        window: window.map(|(from, to)| Window {
            from: city::after(from),
            to: city::after(to),
        }),
        received_from: city::after(from),
    }
}

/// What an index answers, in all.
pub(super) fn answers(index: &SightingIndex) -> Vec<String> {
    let box_ = Bounds::new(-110.95, 32.0, -110.90, 32.5).unwrap();
    let mut within = Vec::new();
    let all = index.visit(box_, None, &mut |row| {
        within.push(row.id().to_owned());
        ControlFlow::Continue(())
    });
    assert!(all.is_continue());
    within.sort_unstable();
    let mut tally = Tally::new(Bounds::WORLD, 9);
    index.count(&mut tally, None);
    let counts = tally.finish();
    let page = index.page(None, usize::MAX);
    vec![
        within.join(" "),
        format!("{counts:?}"),
        ids(&page).join(" "),
        format!("{} {:?}", index.len(), index.oldest_received()),
    ]
}

#[test]
fn an_index_that_was_loaded_answers_as_one_that_was_fed() {
    let sown = rows(0, 4_500);
    let (mut fed, mut loaded) = (SightingIndex::default(), SightingIndex::default());
    for (row, n) in sown.iter().zip(0..) {
        fed.push(row);
        loaded.load(Arc::clone(row));
        if n % 1_400 == 1_399 {
            // One from a sealed segment or from among the open rows is withdrawn; the oldest go.
            let id = &sown[n - 700].id;
            assert!(loaded.holds(id) && fed.remove(id).is_some());
            assert!(loaded.remove(id).is_some() && !loaded.holds(id));
            let from = sown[n / 3].received_at;
            assert_eq!(fed.retain_from(from), loaded.retain_from(from));
            let found = |index: &SightingIndex| index.get(&sown[n].id).map(told);
            assert_eq!(found(&fed), found(&loaded));
            assert!(!loaded.holds(&sown[0].id) && loaded.get(&sown[0].id).is_none());
        }
    }
    loaded.loaded();
    assert_eq!(answers(&fed), answers(&loaded));
    let more = rows(4_500, 4_700);
    for row in &more {
        fed.push(row);
        loaded.push(row);
    }
    assert_eq!(answers(&fed), answers(&loaded));
    let few = &sown[..9];
    let mut short = SightingIndex::default();
    few.iter().cloned().for_each(|row| short.load(row));
    short.loaded();
    assert_eq!(short.len(), 9);
    assert_eq!(
        short.get(&few[3].id).map(FeatureRef::id),
        Some(few[3].id.as_str())
    );
}

#[test]
fn a_segment_knows_whether_all_or_nothing_of_it_passes() {
    let segment = segment(&rows(0, 100));
    let check =
        |window, from, expected| assert_eq!(segment.verdict(filter(window, from)), expected);
    check(None, 0, Verdict::Everything);
    check(None, 1, Verdict::Partly);
    check(None, 99, Verdict::Partly);
    check(None, 100, Verdict::Nothing);
    check(Some((0, 96)), 0, Verdict::Everything);
    check(Some((0, 95)), 0, Verdict::Partly);
    check(Some((96, 200)), 0, Verdict::Nothing);
    check(Some((-50, 0)), 0, Verdict::Nothing);
    check(Some((0, 200)), 1, Verdict::Partly);
    assert_eq!(Segment::of(&[]).verdict(filter(None, 0)), Verdict::Nothing);
}

#[test]
fn a_segment_finds_its_rows_by_id_and_pages_through_them() {
    let rows = rows(0, 300);
    let segment = segment(&rows);
    let refs = refs(&rows);
    let mut sorted: Vec<&str> = ids(&refs);
    sorted.sort_unstable();
    for row in &rows {
        let found = found(&segment, &row.id).unwrap();
        assert_eq!(told(found), told(FeatureRef::Own(row)));
    }
    assert!(segment.find("none").is_none());
    let all: Vec<&str> = segment.after(None).map(|row| segment.id(row)).collect();
    assert_eq!(all, sorted);
    let rest = segment
        .after(Some(rows[17].id.as_str()))
        .map(|row| segment.id(row));
    let expected: Vec<&str> = sorted
        .into_iter()
        .filter(|id| *id > rows[17].id.as_str())
        .collect();
    assert_eq!(rest.collect::<Vec<_>>(), expected);
}

/// Where the `n`th read of the stream was.
fn lon(n: i64) -> f64 {
    -110.97 + (n % 100) as f64 * 1e-3
}

/// A stream of reads, one every 16 seconds, that is sealed and merged up to the largest size.
fn stream(count: i64) -> Picture {
    let catalog = catalog();
    let reads = (0..count).zip(1..).map(|(n, seq)| {
        let id = format!("r{n:05}");
        seen_at(
            &catalog,
            (seq, n * 16),
            "alpr_reads",
            &id,
            (lon(n), 32.22),
            None,
        )
    });
    let log: Vec<Record> = reads.collect();
    let mut picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
    picture.apply(&log);
    picture
}

/// Compares the reads that are left with `left`, in all, in the west and in a window.
fn check(picture: &Picture, left: &[i64]) {
    let view = picture.view();
    let open = view.open(&Viewer::EVERYTHING, "alpr_reads").unwrap();
    let total = |window| {
        let cells = open.cells(Bounds::WORLD, 7, window);
        cells
            .iter()
            .map(|(_, count)| *count as usize)
            .sum::<usize>()
    };
    let (from, to) = (20_000, 75_000);
    let window = Some(Window {
        from: city::after(from),
        to: city::after(to),
    });
    let in_window = left.iter().filter(|n| (from..to).contains(&(*n * 16)));
    let west = Bounds::new(-110.9705, 32.0, -110.9605, 32.5).unwrap();
    let in_west = left.iter().filter(|n| *n % 100 < 10);
    assert_eq!(open.count(), left.len());
    assert_eq!(total(None), left.len());
    assert_eq!(total(window), in_window.count());
    assert_eq!(open.count_within(west, None, usize::MAX), in_west.count());
    let ids: Vec<String> = open
        .page(None, usize::MAX)
        .iter()
        .map(|s| s.id().to_owned())
        .collect();
    assert_eq!(
        ids,
        left.iter().map(|n| format!("r{n:05}")).collect::<Vec<_>>()
    );
    let next: Vec<i64> = left.iter().copied().filter(|n| *n > 511).take(3).collect();
    let page = open.page(Some(&"r00511".into()), 3);
    assert_eq!(
        page.iter().map(|s| s.id().to_owned()).collect::<Vec<_>>(),
        next.iter().map(|n| format!("r{n:05}")).collect::<Vec<_>>()
    );
    for n in [0, 63, 64, 511, 512, 4_095, 4_096, 4_999] {
        let found = open.get(&format!("r{n:05}").into()).is_some();
        assert_eq!(found, left.contains(&n), "r{n:05}");
    }
}

#[test]
fn reads_across_seals_and_merges_are_all_there_until_they_go() {
    let mut picture = stream(5_000);
    let mut left: Vec<i64> = (0..5_000).collect();
    check(&picture, &left);
    // Withdrawn from the largest segment, a smaller one and the open one.
    let catalog = catalog();
    for (seq, n) in (10_000..).zip([7, 4_200, 4_999]) {
        let event = city::withdrawn(&catalog, "alpr_reads", &format!("r{n:05}"), None);
        let applied = picture.apply(&[city::record(seq, 80_000, event)]);
        assert_eq!(applied.ignored, 0);
        left.retain(|left| *left != n);
    }
    check(&picture, &left);
    // Within the largest segment, then past it, then within the open one, then past all.
    for (seq, gone_s) in (20_000..).zip([40_000, 4_100 * 16, 4_995 * 16, 90_000]) {
        picture.apply(&[city::record(seq, 86_400 + gone_s, Event::Clock)]);
        left.retain(|n| city::after(n * 16) >= minute_after(gone_s));
        check(&picture, &left);
    }
    assert!(left.is_empty() && picture.next_due().is_none());
}

/// The first whole minute after an instant.
fn minute_after(seconds: i64) -> Timestamp {
    let second = city::after(seconds).as_second();
    Timestamp::from_second(second - second % 60).unwrap() + SignedDuration::from_secs(60)
}

/// What is drawn of a box, against what lies in it.
fn check_stretches(index: &SightingIndex, bounds: Bounds, window: Option<Window>) {
    let mut within = Vec::new();
    let _all = index.visit(bounds, window, &mut |row| {
        within.push((row.seq(), row.id().to_owned()));
        ControlFlow::Continue(())
    });
    within.sort_unstable();
    within.dedup();
    let most = within.len();
    let stretches = index.stretches(bounds, window, most).unwrap();
    let drawn = stretches.iter().flat_map(Stretch::features);
    let drawn: Vec<_> = drawn.map(|row| (row.seq(), row.id().to_owned())).collect();
    assert_eq!(drawn, within);
    assert!(!index.surely_exceeds(bounds, window, most));
    if let Some(fewer) = most.checked_sub(1) {
        assert!(index.stretches(bounds, window, fewer).is_none());
    }
}

#[test]
fn stretches_are_what_lies_in_a_box_as_it_came() {
    let rows = rows(0, 700);
    let mut straight = SightingIndex::default();
    let mut loaded = SightingIndex::default();
    for row in &rows {
        straight.push(row);
    }
    // Segments whose rows did not come one after another.
    for odd in [1, 0] {
        let half = rows.iter().filter(|row| row.seq.0 % 2 == odd);
        let half: Vec<_> = half.cloned().collect();
        Arc::make_mut(&mut loaded.sealed).push(segment(&half));
    }
    for index in [&straight, &loaded] {
        for (west, east) in [
            (-110.97, -110.93),
            (-180.0, 180.0),
            (-110.9, -110.94),
            (0.0, 1.0),
        ] {
            let bounds = Bounds::new(west, 32.0, east, 32.5).unwrap();
            for window in [None, filter(Some((100, 300)), 0).window] {
                check_stretches(index, bounds, window);
            }
        }
    }
    let mut late = straight.clone();
    late.retain_from(city::after(333));
    check_stretches(&late, Bounds::WORLD, None);
    assert!(straight.surely_exceeds(Bounds::WORLD, None, 500));
    assert!(!late.surely_exceeds(Bounds::WORLD, None, 500));
}
