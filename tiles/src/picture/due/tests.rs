use super::*;
use crate::catalog::Catalog;
use crate::city::{self, after, catalog, record, seen_at, withdrawn};
use crate::event::{Event, Record};
use crate::view::Window;
use crate::viewer::Viewer;
use proptest::prelude::*;
use proptest::test_runner::Config;

const HERE: (f64, f64) = (-110.97, 32.22);
const DAY: i64 = 86_400;

/// The features of a layer after a log, each with `*` if it is stale.
fn check(layer: &str, log: &[Record], expected: &[&str]) -> Picture {
    let picture = city::folded(&catalog(), log, 1);
    let view = picture.view();
    let open = view.open(&Viewer::EVERYTHING, layer).unwrap();
    let found: Vec<String> = open
        .page(None, 100)
        .iter()
        .map(|seen| format!("{}{}", seen.id(), if seen.is_stale() { "*" } else { "" }))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(open.count(), expected.len());
    picture
}

fn clock(seq: u64, at_s: i64) -> Record {
    record(seq, at_s, Event::Clock)
}

#[test]
fn a_unit_that_falls_silent_becomes_stale_and_then_leaves() {
    let catalog = catalog();
    let fix = seen_at(&catalog, (1, 0), "units", "u", HERE, Some(-10));
    let picture = check("units", std::slice::from_ref(&fix), &["u"]);
    assert_eq!(picture.next_due(), Some(after(50)));
    check("units", &[fix.clone(), clock(2, 49)], &["u"]);
    let picture = check("units", &[fix.clone(), clock(2, 50)], &["u*"]);
    assert_eq!(picture.next_due(), Some(after(3_590)));
    check("units", &[fix.clone(), clock(2, 3_590)], &[]);
    let again = seen_at(&catalog, (3, 51), "units", "u", HERE, None);
    check("units", &[fix, clock(2, 50), again], &["u"]);
}

#[test]
fn time_alone_changes_nothing_before_the_log_says_so() {
    let catalog = catalog();
    let log = [
        seen_at(&catalog, (1, 0), "units", "u", HERE, None),
        seen_at(&catalog, (2, 5_000), "incidents", "i", HERE, None),
    ];
    check("units", &log, &["u"]);
}

#[test]
fn what_is_over_when_it_comes_never_appears() {
    let catalog = catalog();
    let late = |seq, at_s, observed_s| {
        seen_at(
            &catalog,
            (seq, at_s),
            "alpr_hits",
            "h",
            HERE,
            Some(observed_s),
        )
    };
    check("alpr_hits", &[late(1, 10_000, 2_800)], &[]);
    check("alpr_hits", &[late(1, 10_000, 2_801)], &["h"]);
    // A fix of a minute ago is stale at once, and does not flicker.
    check(
        "units",
        &[seen_at(&catalog, (1, 100), "units", "u", HERE, Some(40))],
        &["u*"],
    );
}

#[test]
fn a_late_observation_resurrects_nothing_that_expired() {
    let catalog = catalog();
    let seen = |seq, at_s, observed_s| {
        seen_at(
            &catalog,
            (seq, at_s),
            "incidents",
            "i",
            HERE,
            Some(observed_s),
        )
    };
    let until_20 = |mut record: Record| {
        if let Event::Observed(seen) = &mut record.event {
            seen.expires_at = Some(after(20));
        }
        record
    };
    let expired = [until_20(seen(1, 10, 10)), clock(2, 30)];
    let over_at_once = [until_20(seen(1, 25, 10))];
    let over_in_place = [seen(1, 0, 0), until_20(seen(2, 25, 10))];
    for log in [&expired[..], &over_at_once[..], &over_in_place[..]] {
        for (observed_s, expected) in [(5, &[][..]), (10, &["i"]), (11, &["i"])] {
            let mut log = log.to_vec();
            log.push(seen(3, 31, observed_s));
            check("incidents", &log, expected);
        }
    }
}

#[test]
fn retention_counts_from_when_it_was_received() {
    let catalog = catalog();
    let old = seen_at(&catalog, (1, 0), "closures", "c", HERE, Some(-5 * DAY));
    check("closures", &[old.clone(), clock(2, DAY - 1)], &["c"]);
    check("closures", &[old, clock(2, DAY)], &[]);
}

#[test]
fn retention_takes_fixes_out_of_a_trail_that_goes_on() {
    let catalog = catalog();
    let fix = |seq, at_s, lon| seen_at(&catalog, (seq, at_s), "closures", "c", (lon, 1.0), None);
    let log = [fix(1, 0, 1.0), fix(2, DAY - 10, 2.0), clock(3, DAY)];
    let picture = check("closures", &log[..2], &["c"]);
    assert_eq!(picture.next_due(), Some(after(DAY)));
    let view = check("closures", &log, &["c"]).view();
    let open = view.open(&Viewer::EVERYTHING, "closures").unwrap();
    let seen = open.get(&"c".into()).unwrap();
    assert_eq!(seen.trail().len(), 1);
    assert_eq!(seen.seq(), Seq(3));
}

#[test]
fn sightings_leave_by_the_minute_with_the_clock_or_the_next_of_their_layer() {
    let catalog = catalog();
    // The log begins 1.5 s before a minute does.
    let read = |seq, at_s, id| seen_at(&catalog, (seq, at_s), "alpr_reads", id, HERE, None);
    let log = [read(1, 1, "a"), read(2, 2, "b"), read(3, 62, "c")];
    let picture = check("alpr_reads", &log, &["a", "b", "c"]);
    let due = picture.next_due().unwrap();
    assert!(due > after(DAY - 59) && due < after(DAY - 58));
    let other = |at_s| seen_at(&catalog, (4, at_s), "incidents", "i", HERE, None);
    for (last, left) in [
        (clock(4, DAY - 59), vec!["a", "b", "c"]),
        (clock(4, DAY - 58), vec!["b", "c"]),
        (clock(4, DAY + 2), vec!["c"]),
        (read(4, DAY + 2, "d"), vec!["c", "d"]),
        (other(2 * DAY), vec!["a", "b", "c"]),
    ] {
        let mut log = log.to_vec();
        log.push(last);
        let view = check("alpr_reads", &log, &left).view();
        let open = view.open(&Viewer::EVERYTHING, "alpr_reads").unwrap();
        let cells = open.cells(crate::Bounds::WORLD, 5, None);
        assert_eq!(
            cells
                .iter()
                .map(|(_, count)| *count as usize)
                .sum::<usize>(),
            left.len()
        );
        let window = Window {
            from: after(2),
            to: after(100),
        };
        let in_window = left.iter().filter(|id| ["b", "c"].contains(id)).count();
        assert_eq!(
            open.within(crate::Bounds::WORLD, Some(window)).len(),
            in_window
        );
    }
}

/// A fold of the past holds what somebody asked for; that shows in no layer, and in no layer's position.
#[test]
fn what_a_layer_keeps_does_not_follow_from_the_records_of_others() {
    let catalog = catalog();
    let read = |seq, at_s, id| seen_at(&catalog, (seq, at_s), "alpr_reads", id, HERE, None);
    let other = |seq, at_s| seen_at(&catalog, (seq, at_s), "incidents", "i", HERE, None);
    let own = [
        read(1, 1, "a"),
        read(3, 62, "c"),
        clock(5, 2 * DAY),
        read(7, 4 * DAY, "d"),
    ];
    let mut all = own.to_vec();
    all.extend([other(2, 5), other(4, 2 * DAY - 9), other(6, 4 * DAY - 9)]);
    all.sort_by_key(|record| record.seq);
    for until in 1..=7 {
        let of = |log: &[Record]| {
            let log = &log[..log.partition_point(|record| record.seq.0 <= until)];
            let view = city::folded(&catalog, log, 1).view();
            let open = view.open(&Viewer::EVERYTHING, "alpr_reads").unwrap();
            let ids = open.page(None, 9);
            let ids: Vec<String> = ids.iter().map(|seen| seen.id().to_owned()).collect();
            (ids, open.last_change())
        };
        assert_eq!(of(&all), of(&own), "up to {until}");
    }
}

#[test]
fn an_id_may_come_again_after_its_sighting_is_gone() {
    let catalog = catalog();
    let read = |seq, at_s| seen_at(&catalog, (seq, at_s), "alpr_reads", "a", HERE, None);
    check("alpr_reads", &[read(1, 0), read(2, 3 * DAY)], &["a"]);
    // A withdrawn one does not, unless it was seen later.
    let taken = record(2, 5, withdrawn(&catalog, "alpr_reads", "a", None));
    let again = |observed_s| seen_at(&catalog, (3, 10), "alpr_reads", "a", HERE, Some(observed_s));
    check("alpr_reads", &[read(1, 0), taken.clone(), again(0)], &[]);
    check("alpr_reads", &[read(1, 0), taken, again(6)], &["a"]);
}

/// Where features are kept for ever, a withdrawal is remembered for the days of history.
#[test]
fn a_withdrawal_is_forgotten_in_time_where_features_never_are() {
    let catalog = Arc::new(Catalog::clone(&catalog()).with_history_days(2));
    let camera = |seq, at_s| seen_at(&catalog, (seq, at_s), "cameras", "c", HERE, Some(5));
    let gone = record(2, 10, withdrawn(&catalog, "cameras", "c", None));
    for (late_s, there) in [(2 * DAY + 9, 0), (2 * DAY + 10, 1)] {
        let picture = city::folded(
            &catalog,
            &[camera(1, 5), gone.clone(), camera(3, late_s)],
            1,
        );
        let hot = picture.view().hot(Seq(0));
        assert_eq!(
            (hot.features.len(), hot.tombstones.len()),
            (there, 1 - there)
        );
    }
    assert_eq!(
        Catalog::clone(&catalog).with_history_days(0),
        Catalog::clone(&catalog).with_history_days(1),
        "never shorter than a day"
    );
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn applying_the_clock_when_something_is_due_always_gets_on(log in city::log(40), every in 1_u64..9) {
        let catalog = catalog();
        let mut picture = city::picture(&catalog);
        let mut seq = 0;
        let mut apply = |picture: &mut Picture, received_at, event| {
            seq += 1;
            picture.apply(&[Record { seq: Seq(seq), received_at, event }]);
        };
        for record in &log {
            apply(&mut picture, record.received_at, record.event.clone());
            while let Some(due) = picture.next_due().filter(|_| record.seq.0.is_multiple_of(every)) {
                let now = picture.view().clock();
                if due > now {
                    break;
                }
                apply(&mut picture, now, Event::Clock);
                prop_assert!(picture.next_due().is_none_or(|next| next > now));
            }
        }
        let mut steps = 0;
        while let Some(due) = picture.next_due() {
            let at = due.max(picture.view().clock());
            apply(&mut picture, at, Event::Clock);
            prop_assert!(picture.next_due().is_none_or(|next| next > at));
            steps += 1;
            prop_assert!(steps < 10 * log.len(), "no end of it");
        }
        // In the end only what never expires is left.
        let view = picture.view();
        for name in ["units", "alpr_hits", "alpr_reads", "closures"] {
            prop_assert_eq!(view.open(&Viewer::EVERYTHING, name).unwrap().count(), 0, "{}", name);
        }
    }
}
