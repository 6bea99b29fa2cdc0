use super::*;
use crate::city::{self, at, catalog, seen_at};
use crate::event::{Event, Record, Seq};
use crate::picture::Picture;
use crate::view::RingLimits;
use crate::viewer::Viewer;
use jiff::SignedDuration;

fn ids(rows: &[Arc<Feature>]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

/// Rows `first..last`, one a second, ids in an order of their own.
fn rows(first: u32, last: u32) -> Vec<Arc<Feature>> {
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
        .map(|seen| seen.feature)
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

#[test]
fn a_segment_knows_whether_all_or_nothing_of_it_passes() {
    let segment = Segment::of(rows(0, 100));
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
    assert_eq!(
        Segment::of(Vec::new()).verdict(filter(None, 0)),
        Verdict::Nothing
    );
}

#[test]
fn a_segment_finds_its_rows_by_id_and_pages_through_them() {
    let rows = rows(0, 300);
    let segment = Segment::of(rows.clone());
    let mut sorted: Vec<&str> = ids(&rows);
    sorted.sort_unstable();
    for row in &rows {
        assert!(
            segment
                .get(&row.id)
                .is_some_and(|found| Arc::ptr_eq(found, row))
        );
    }
    assert!(segment.get(&"none".into()).is_none());
    let all: Vec<&str> = segment.after(None).map(|row| row.id.as_str()).collect();
    assert_eq!(all, sorted);
    let rest = segment.after(Some(&rows[17].id)).map(|row| row.id.as_str());
    let expected: Vec<&str> = sorted
        .into_iter()
        .filter(|id| *id > rows[17].id.as_str())
        .collect();
    assert_eq!(rest.collect::<Vec<_>>(), expected);
}

#[test]
fn eight_neighbours_of_a_size_merge_without_what_is_gone() {
    let all = rows(0, 160);
    let mut sealed = Vec::new();
    for part in all.chunks(10) {
        sealed.push(Arc::new(Segment::of(part.to_vec())));
        merge(&mut sealed, city::after(-1));
    }
    let sizes = |sealed: &[Arc<Segment>]| sealed.iter().map(|s| s.rows.len()).collect::<Vec<_>>();
    assert_eq!(sizes(&sealed), [80, 80]);
    let kept: Vec<&str> = sealed
        .iter()
        .flat_map(|segment| ids(&segment.rows))
        .collect();
    assert_eq!(kept, ids(&all));

    let mut sealed: Vec<_> = all
        .chunks(20)
        .map(|part| Arc::new(Segment::of(part.to_vec())))
        .collect();
    merge(&mut sealed, city::after(55));
    assert_eq!(sizes(&sealed), [105]);
    // Neighbours that differ in size stay apart.
    let mut sealed: Vec<_> = all
        .chunks(20)
        .map(|part| Arc::new(Segment::of(part.to_vec())))
        .collect();
    sealed[3] = Arc::new(Segment::of(rows(0, 3)));
    merge(&mut sealed, city::after(-1));
    assert_eq!(sealed.len(), 8);
}

/// A stream of reads, 40,000 over half a minute a thousand, compared with sums done by hand.
#[test]
fn forty_thousand_reads_across_seals_and_merges_are_all_there() {
    const READS: i64 = 40_000;
    let catalog = catalog();
    let reads = catalog.layer("alpr_reads").unwrap();
    let first = seen_at(&catalog, (1, 0), "alpr_reads", "r", (0.0, 0.0), None);
    let Event::Observed(observation) = first.event else {
        unreachable!("a read is observed")
    };
    let mut picture = Picture::new(catalog, RingLimits::default());
    for n in 0..READS {
        let mut observation = observation.clone();
        observation.feature = format!("r{n:05}").into();
        let lon = -110.97 + f64::from((n % 100) as i32) * 1e-3;
        observation.geometry = city::point(lon, 32.22);
        let received_at = city::after(n * 2);
        let event = Event::Observed(observation);
        picture.apply(&[Record {
            seq: Seq(n as u64 + 1),
            received_at,
            event,
        }]);
    }
    let view = picture.view();
    let open = view.open_at(&Viewer::EVERYTHING, reads).unwrap();
    assert_eq!(open.count(), 40_000);
    let west = Bounds::new(-110.9705, 32.0, -110.9605, 32.5).unwrap();
    assert_eq!(open.count_within(west, None), 4_000);
    let total = |window| {
        open.cells(Bounds::WORLD, 7, window)
            .iter()
            .map(|(_, n)| *n)
            .sum::<u32>()
    };
    assert_eq!(total(None), 40_000);
    let window = |from: i64, to: i64| {
        Some(Window {
            from: city::after(from),
            to: city::after(to),
        })
    };
    assert_eq!(total(window(1_000, 61_000)), 30_000);
    assert_eq!(open.count_within(west, window(1_000, 61_000)), 3_000);
    for n in [0, 4_095, 4_096, 32_767, 32_768, 39_999] {
        assert!(open.get(&format!("r{n:05}").into()).is_some(), "r{n:05}");
    }
    let page = open.page(Some(&"r32766".into()), 3);
    let ids: Vec<&str> = page.iter().map(|seen| seen.id().as_str()).collect();
    assert_eq!(ids, ["r32767", "r32768", "r32769"]);

    // Withdrawn from the largest segment, a smaller one and the open one; then half a day's worth go.
    let layers = view.catalog();
    for (seq, id) in (50_000..).zip(["r00007", "r33000", "r39998"]) {
        let event = city::withdrawn(layers, "alpr_reads", id, None);
        assert_eq!(
            picture.apply(&[city::record(seq, 80_000, event)]).ignored,
            0
        );
    }
    let later = 86_400 + 40_000;
    picture.apply(&[city::record(60_000, later, Event::Clock)]);
    let view = picture.view();
    let open = view.open_at(&Viewer::EVERYTHING, reads).unwrap();
    // 40,000 s after the first begins the minute before which all is gone.
    let gone = (0..READS)
        .filter(|n| city::after(n * 2) < minute_after(40_000))
        .count();
    assert_eq!(
        open.count(),
        40_000 - gone - 2,
        "r00007 was among those gone"
    );
    let cells = open.cells(Bounds::WORLD, 7, None);
    assert_eq!(
        cells.iter().map(|(_, n)| *n as usize).sum::<usize>(),
        open.count()
    );
    assert!(open.get(&"r33000".into()).is_none() && open.get(&"r33001".into()).is_some());
    assert_eq!(
        open.within(Bounds::of_point(at(-110.97, 32.22)), None)
            .len(),
        (40_000 - gone) / 100
    );
}

/// The first whole minute after an instant.
fn minute_after(seconds: i64) -> Timestamp {
    let second = city::after(seconds).as_second();
    Timestamp::from_second(second - second % 60).unwrap() + SignedDuration::from_secs(60)
}
