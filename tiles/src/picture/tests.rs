use super::*;
use crate::city::{self, Told, after, catalog, folded, record, seen_at, withdrawn};
use crate::feature::Value;
use crate::place::LonLat;
use crate::viewer::Viewer;

const A: (f64, f64) = (-110.97, 32.22);
const B: (f64, f64) = (-110.96, 32.22);
const C: (f64, f64) = (-110.95, 32.22);

type Place = (f64, f64);

/// Where unit `u` is after a log and its trail; `None` if it is nowhere.
fn check(log: &[Record], expected: Option<(Place, &[Place])>) {
    let catalog = catalog();
    for batch in [1, 2, log.len()] {
        let view = folded(&catalog, log, batch).view();
        let open = view.open(&Viewer::EVERYTHING, "units").unwrap();
        let seen = open.get(&"u".into());
        let place = |at: LonLat| (at.lon(), at.lat());
        let found = seen.map(|seen| {
            let trail: Vec<_> = seen.trail().iter().map(|fix| place(fix.at)).collect();
            (place(seen.anchor().unwrap()), trail)
        });
        let expected = expected.map(|(at, trail)| (at, trail.to_vec()));
        assert_eq!(found, expected);
    }
}

fn fix(seq: u64, received_s: i64, at: (f64, f64), observed_s: i64) -> Record {
    seen_at(
        &catalog(),
        (seq, received_s),
        "units",
        "u",
        at,
        Some(observed_s),
    )
}

fn gone(seq: u64, received_s: i64, at_s: Option<i64>) -> Record {
    record(seq, received_s, withdrawn(&catalog(), "units", "u", at_s))
}

#[test]
fn a_newer_fix_moves_a_unit_and_an_older_one_only_its_trail() {
    check(&[fix(1, 0, A, 0), fix(2, 5, B, 5)], Some((B, &[A, B])));
    let late = [fix(1, 0, A, 0), fix(2, 9, C, 9), fix(3, 10, B, 5)];
    check(&late, Some((C, &[A, B, C])));
}

#[test]
fn a_fix_that_comes_twice_counts_once_and_a_correction_replaces() {
    check(&[fix(1, 0, A, 0), fix(2, 1, A, 0)], Some((A, &[A])));
    check(&[fix(1, 0, A, 0), fix(2, 1, B, 0)], Some((B, &[B])));
}

#[test]
fn a_fix_from_the_future_does_not_pin_a_unit() {
    let log = [fix(1, 0, A, 90_000), fix(2, 5, B, 5)];
    check(&log, Some((B, &[A, B])));
    // What the source said is told as it was said.
    let view = folded(&catalog(), &log[..1], 1).view();
    let open = view.open(&Viewer::EVERYTHING, "units").unwrap();
    assert_eq!(open.get(&"u".into()).unwrap().observed_at(), after(90_000));
}

#[test]
fn a_late_fix_resurrects_nothing_and_a_newer_one_does() {
    check(&[fix(1, 0, A, 0), gone(2, 10, None)], None);
    check(
        &[fix(1, 0, A, 0), gone(2, 10, None), fix(3, 11, B, 9)],
        None,
    );
    check(
        &[fix(1, 0, A, 0), gone(2, 10, None), fix(3, 11, B, 10)],
        None,
    );
    let newer = [fix(1, 0, A, 0), gone(2, 10, None), fix(3, 11, B, 11)];
    check(&newer, Some((B, &[B])));
    // What was withdrawn does not come back as a trail either.
    let mut log = newer.to_vec();
    log.push(fix(4, 12, C, 8));
    check(&log, Some((B, &[B])));
}

#[test]
fn a_withdrawal_before_its_unit_or_out_of_order_holds() {
    check(&[gone(1, 0, Some(0)), fix(2, 1, A, -1)], None);
    check(&[fix(1, 5, A, 5), gone(2, 6, Some(4))], Some((A, &[A])));
    // An older withdrawal does not shorten a newer one.
    let log = [
        gone(1, 10, Some(10)),
        gone(2, 11, Some(3)),
        fix(3, 12, A, 7),
    ];
    check(&log, None);
    // A withdrawal from the future counts from when it came.
    check(
        &[gone(1, 0, Some(90_000)), fix(2, 5, A, 5)],
        Some((A, &[A])),
    );
}

#[test]
fn a_trail_is_bounded_and_keeps_the_newest() {
    let log: Vec<Record> = (0..200_u16)
        .map(|n| {
            let lon = f64::from(n) / 100.0;
            fix(u64::from(n) + 1, i64::from(n), (lon, 1.0), i64::from(n))
        })
        .collect();
    let newest: Vec<(f64, f64)> = (136..200_u16)
        .map(|n| (f64::from(n) / 100.0, 1.0))
        .collect();
    assert_eq!(newest.len(), TRAIL);
    check(&log, Some(((1.99, 1.0), &newest)));
}

#[test]
fn what_changes_nothing_is_counted_as_ignored() {
    let catalog = catalog();
    let log = [
        fix(1, 10, A, 10),
        fix(2, 11, B, 5),
        gone(3, 12, Some(2)),
        record(4, 12, Event::Clock),
        record(5, 12, withdrawn(&catalog, "units", "nobody", None)),
        seen_at(&catalog, (6, 12), "coverage", "c", A, None),
        seen_at(&catalog, (7, 12), "alpr_reads", "r", A, None),
        seen_at(&catalog, (8, 12), "alpr_reads", "r", B, None),
    ];
    let mut picture = city::picture(&catalog);
    let applied = picture.apply(&log);
    assert_eq!((applied.seq, applied.ignored), (Seq(8), 6));
    // Records that it contains already are passed over.
    assert_eq!(picture.apply(&log).ignored, 0);
}

#[test]
fn what_is_not_on_the_globe_is_ignored() {
    let catalog = catalog();
    for (lon, lat) in [
        (f64::NAN, 0.0),
        (0.0, f64::INFINITY),
        (181.0, 0.0),
        (0.0, -90.1),
    ] {
        for layer in ["units", "alpr_reads", "tips"] {
            let log = [seen_at(&catalog, (1, 0), layer, "x", (lon, lat), None)];
            let mut picture = city::picture(&catalog);
            assert_eq!(picture.apply(&log).ignored, 1);
            assert_eq!(
                picture
                    .view()
                    .open(&Viewer::EVERYTHING, layer)
                    .unwrap()
                    .count(),
                0
            );
        }
    }
}

fn camera(seq: u64, heading_deg: f64, at: (f64, f64)) -> Record {
    let told = Told {
        layer: "cameras",
        id: "c".into(),
        geometry: Some(city::point(at.0, at.1)),
        observed_s: None,
        fields: vec![
            ("name", Value::Text("north".into())),
            ("heading_deg", Value::Number(heading_deg)),
            ("fov_deg", Value::Number(60.0)),
            ("range_m", Value::Number(200.0)),
        ],
    };
    record(seq, i64::try_from(seq).unwrap(), told.event(&catalog()))
}

#[test]
fn the_coverage_of_a_camera_comes_turns_and_goes_with_it() {
    let catalog = catalog();
    let mut picture = city::picture(&catalog);
    let area = |picture: &Picture| {
        let view = picture.view();
        let open = view.open(&Viewer::EVERYTHING, "coverage").unwrap();
        open.get(&"c".into())
            .and_then(|seen| Some(seen.geometry()?.into_owned()))
    };
    picture.apply(&[camera(1, 0.0, A)]);
    let north = area(&picture).unwrap();
    picture.apply(&[camera(2, 90.0, A)]);
    let east = area(&picture).unwrap();
    assert_ne!(north, east);
    let east_of = LonLat::new(A.0 + 0.001, A.1).unwrap();
    let view = picture.view();
    let cameras = view.open(&Viewer::EVERYTHING, "cameras").unwrap();
    assert_eq!(cameras.seeing(east_of).len(), 1);
    assert_eq!(
        cameras.seeing(LonLat::new(A.0, A.1 + 0.001).unwrap()).len(),
        0
    );
    picture.apply(&[record(3, 3, withdrawn(&catalog, "cameras", "c", None))]);
    assert_eq!(area(&picture), None);
}

#[test]
fn nobody_sees_what_is_derived_from_a_layer_that_they_cannot_open() {
    let catalog = catalog();
    let view = folded(&catalog, &[camera(1, 0.0, A)], 1).view();
    let coverage = [catalog.layer("coverage").unwrap()].into_iter().collect();
    let viewer = Viewer {
        layers: coverage,
        ..Viewer::EVERYTHING
    };
    assert!(view.open(&viewer, "coverage").is_err());
}
