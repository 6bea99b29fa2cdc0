use super::nearest::distance;
use super::*;
use crate::catalog::Catalog;
use crate::city::model::Model;
use crate::city::reading::{self, ids, known, may};
use crate::city::{self, catalog, folded, folded_and_packed, place, spots, viewers};
use crate::event::Record;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::HashMap;
use std::sync::Arc;

/// A random question.
#[derive(Debug, Clone)]
struct Question {
    bounds: Bounds,
    near: LonLat,
    within: Meters,
    limit: usize,
    resolution: u8,
    window: Option<Window>,
    after: Option<FeatureId>,
}

fn question() -> impl Strategy<Value = Question> {
    let radius = prop::sample::select(vec![0.0, 1.0, 90.0, 3_000.0, 1e6, f64::INFINITY]);
    let window = prop::option::of((
        0_i64..200_000,
        prop::sample::select(vec![0_i64, 90, 40_000]),
    ));
    let after = prop::option::of((prop::sample::select(city::LAYERS.to_vec()), 0_u8..4));
    (
        city::box_of_places(),
        place(),
        radius,
        0_usize..6,
        0_u8..=12,
        window,
        after,
    )
        .prop_map(
            |(bounds, near, radius, limit, resolution, window, after)| Question {
                bounds,
                near,
                within: Meters(radius),
                limit,
                resolution,
                window: window.map(|(from, long)| Window {
                    from: city::after(from),
                    to: city::after(from + long),
                }),
                after: after.map(|(layer, id)| FeatureId::from(format!("{layer}-{id}"))),
            },
        )
}

/// Counts over time are the sums of what a window of each step counts.
fn over_time(open: &Open<'_>, ask: &Question) {
    let (from, step) = ask.window.map_or((city::dawn(), 7_000), |window| {
        (
            window.from,
            1 + window.to.duration_since(window.from).as_secs(),
        )
    });
    let steps = Steps::new(from, SignedDuration::from_secs(step), 9).unwrap();
    let window = |at| Window {
        from: steps.start(at),
        to: steps.start(at + 1),
    };
    let sum = |at| -> u32 {
        let cells = open.cells(Bounds::WORLD, 0, Some(window(at)));
        cells.iter().map(|(_, count)| count).sum()
    };
    let sighting = open.spec().kind == LayerKind::Sighting;
    let expected = sighting.then(|| (0..9).map(sum).collect());
    assert_eq!(open.over_time(&steps), expected);
}

/// What is looked at where it stands is all that there is, and shows what a copy shows.
fn glanced(open: &Open<'_>, everything: &[String]) {
    let mut copies = Vec::new();
    for glance in open.glance() {
        let copy = glance.seen();
        assert_eq!((glance.id(), glance.bounds()), (copy.id(), copy.bounds()));
        assert_eq!(glance.observed_at(), copy.observed_at());
        for name in open.spec().fields.keys() {
            let value = glance.property(open.spec(), name);
            assert_eq!(value, copy.property(open.spec(), name), "{name}");
        }
        copies.push(copy);
    }
    if open.spec().kind == LayerKind::Sighting {
        copies.sort_unstable_by(|a, b| a.id().cmp(b.id()));
    }
    let copies: Vec<String> = copies
        .iter()
        .map(|copy| reading::features(open, copy))
        .collect();
    assert_eq!(copies, everything);
}

/// Compares what an open layer answers with a scan over the model.
fn check(open: &Open<'_>, held: &[&str], model: &Model, ask: &Question) {
    let spec = open.spec();
    let sighting = spec.kind == LayerKind::Sighting;
    let window = ask.window.filter(|_| sighting);
    let all: Vec<_> = model.layer(open.layer()).collect();
    let singles = may(held, spec.single_clearance.as_ref());
    assert_eq!(open.has_singles(), singles);
    let single: Vec<_> = all.iter().copied().filter(|_| singles).collect();
    let text = |seen: &Seen| reading::features(open, seen);
    let texts = |rows: &[Seen]| rows.iter().map(text).collect::<Vec<_>>();
    let tell = |(id, row): &(&FeatureId, &city::model::Known)| known(spec, held, id, row);

    let inside = |(_, row): &&(&FeatureId, &city::model::Known)| {
        row.bounds().is_some_and(|b| b.intersects(ask.bounds)) && row.is_in(window)
    };
    let expected: Vec<String> = single.iter().filter(inside).map(tell).collect();
    assert_eq!(texts(&open.within(ask.bounds, ask.window)), expected);
    let counts = [0, 3, 999].map(|most| open.count_within(ask.bounds, ask.window, most));
    assert_eq!(counts, [0, 3, 999].map(|most| expected.len().min(most)));
    assert_eq!(open.count(), single.len());
    glanced(open, &single.iter().map(tell).collect::<Vec<_>>());

    let paged = single
        .iter()
        .filter(|(id, _)| ask.after.as_ref().is_none_or(|a| *id > a));
    let paged: Vec<String> = paged.take(ask.limit).map(tell).collect();
    assert_eq!(texts(&open.page(ask.after.as_ref(), ask.limit)), paged);
    for id in (0..4).map(|n| FeatureId::from(format!("{}-{n}", spec.name))) {
        let expected = single.iter().find(|(known, _)| **known == id).map(tell);
        assert_eq!(open.get(&id).map(|s| reading::features(open, &s)), expected);
    }

    let mut near: Vec<(f64, &str)> = single
        .iter()
        .filter_map(|(id, row)| {
            Some((
                distance(ask.near, row.observation.geometry.as_ref()?)?.0,
                id.as_str(),
            ))
        })
        .filter(|(distance, _)| *distance <= ask.within.0)
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    near.truncate(ask.limit);
    let found = open.nearest(ask.near, ask.within, ask.limit);
    let found: Vec<_> = found
        .iter()
        .map(|(distance, seen)| (distance.0, seen.id()))
        .collect();
    assert_eq!(found, near);

    let resolution = ask.resolution.min(if singles { 12 } else { 9 });
    let mut counts = HashMap::<Cell, u32>::new();
    for (_, row) in all.iter().filter(|(_, row)| row.is_in(window)) {
        let cell = row.cell(resolution);
        if let Some(cell) = cell.filter(|cell| cell.bounds().intersects(ask.bounds)) {
            *counts.entry(cell).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    assert_eq!(open.cells(ask.bounds, ask.resolution, ask.window), counts);

    over_time(open, ask);

    let resolution = open.view.catalog().topic_resolution();
    for topic in single.iter().map(|(_, row)| row.topic(resolution)) {
        let of_topic = single
            .iter()
            .filter(|(_, row)| !sighting && row.topic(resolution) == topic);
        assert_eq!(
            texts(&open.topic(topic)),
            of_topic.map(tell).collect::<Vec<_>>()
        );
    }
}

fn check_log(log: &[Record], batch: usize, questions: &[Question]) {
    let catalog = catalog();
    for view in [folded, folded_and_packed].map(|fold| fold(&catalog, log, batch).view()) {
        check_view(&view, &catalog, log, questions);
    }
}

fn check_view(view: &View, catalog: &Arc<Catalog>, log: &[Record], questions: &[Question]) {
    let model = Model::of(catalog, log);
    for (held, viewer) in viewers(catalog) {
        for (layer, spec) in catalog
            .layers()
            .filter(|(_, spec)| spec.kind != LayerKind::Derived)
        {
            let open = view.open_at(&viewer, layer);
            assert_eq!(open.is_some(), may(&held, spec.clearance.as_ref()));
            for question in questions {
                if let Some(open) = &open {
                    check(open, &held, &model, question);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(48))]

    #[test]
    fn every_query_equals_a_linear_scan(
        log in city::log(50),
        batch in 1_usize..20,
        questions in prop::collection::vec(question(), 4),
    ) {
        check_log(&log, batch, &questions);
    }

    #[test]
    fn every_query_of_reads_equals_a_linear_scan(
        log in city::log_of_reads(120),
        batch in 1_usize..80,
        questions in prop::collection::vec(question(), 4),
    ) {
        check_log(&log, batch, &questions);
    }
}

#[test]
fn nothing_is_nearest_within_a_distance_that_is_none() {
    let catalog = catalog();
    let log = [city::seen_at(
        &catalog,
        (1, 0),
        "units",
        "u",
        (-110.97, 32.22),
        None,
    )];
    let view = folded(&catalog, &log, 1).view();
    let open = view.open(&Viewer::EVERYTHING, "units").unwrap();
    for within in [f64::NAN, -1.0, f64::NEG_INFINITY] {
        assert!(open.nearest(spots()[0], Meters(within), 5).is_empty());
    }
    let found = open.nearest(at_the_antipodes(), Meters(f64::INFINITY), 5);
    assert_eq!(
        ids(&found.into_iter().map(|(_, seen)| seen).collect::<Vec<_>>()),
        "u"
    );
}

fn at_the_antipodes() -> LonLat {
    city::at(69.03, -32.22)
}
