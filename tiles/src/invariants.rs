//! The invariants of the architecture that the core can hold by itself, each under its number. That it does no I/O is seen from
//! outside, by the suite's `tidy`.

use crate::catalog::{LayerKind, LayerSpec};
use crate::city::client::{Client, Subject};
use crate::city::reading::{self, deltas, everything};
use crate::city::{self, catalog, folded, folded_and_packed, names, viewers};
use crate::event::{Event, Record, Seq};
use crate::feature::{FeatureId, Properties, Topic};
use crate::picture::Picture;
use crate::tile::TileCoord;
use crate::view::RingLimits;
use crate::viewer::Viewer;
use crate::{Catalog, Cell, View};
use geo_types::{Geometry, Point};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A log of everything, or of many reads.
fn log() -> impl Strategy<Value = Vec<Record>> {
    prop_oneof![3 => city::log(60), 1 => city::log_of_reads(60)]
}

/// A log cut in pieces at random places, each piece a batch and a tick, and packed then.
fn folded_in_pieces(
    catalog: &Arc<Catalog>,
    log: &[Record],
    cuts: &[prop::sample::Index],
) -> Picture {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(log.len() + 1)).collect();
    cuts.extend([0, log.len()]);
    cuts.sort_unstable();
    let mut picture = city::picture(catalog);
    for piece in cuts.windows(2) {
        picture.apply(&log[piece[0]..piece[1]]);
        picture.view();
        picture.pack();
        picture.tick();
    }
    picture
}

proptest! {
    #![proptest_config(Config::with_cases(24))]

    #[test]
    fn invariant_2_replaying_the_log_gives_the_same_view(
        log in log(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        since in any::<prop::sample::Index>(),
    ) {
        let catalog = catalog();
        let live = folded(&catalog, &log, 1);
        let since = log[since.index(log.len())].seq;
        let mut again = folded_in_pieces(&catalog, &log, &cuts);
        // What is delivered twice changes nothing.
        again.apply(&log);
        for replayed in [folded(&catalog, &log, log.len()), again] {
            prop_assert_eq!(live.next_due(), replayed.next_due());
            for (_, viewer) in viewers(&catalog) {
                let (was, is) = (live.view(), replayed.view());
                prop_assert_eq!(everything(&was, &viewer), everything(&is, &viewer));
                prop_assert_eq!(deltas(&was, &viewer, since), deltas(&is, &viewer, since));
            }
        }
    }

    #[test]
    fn invariant_4_a_view_never_changes_while_the_picture_does(
        log in log(), cut in any::<prop::sample::Index>(),
    ) {
        let catalog = catalog();
        let (before, after) = log.split_at(cut.index(log.len()));
        let mut picture = folded(&catalog, before, 7);
        let view = picture.view();
        let was = everything(&view, &Viewer::EVERYTHING);
        picture.apply(after);
        // What a shell does besides: of all that, a view must know nothing.
        picture.pack();
        picture.tick();
        picture.take_removed();
        prop_assert_eq!(was, everything(&view, &Viewer::EVERYTHING));
    }
}

/// One moment of a client: where in the log it ticks, and what it then changes.
#[derive(Debug, Clone)]
struct Moment {
    cut: prop::sample::Index,
    backwards: bool,
    subscribes: Option<u64>,
    packs: bool,
}

fn moment() -> impl Strategy<Value = Moment> {
    let subscribes = prop::option::weighted(0.3, any::<u64>());
    let moment = (any::<prop::sample::Index>(), any::<bool>(), subscribes);
    (moment, any::<bool>()).prop_map(|((cut, backwards, subscribes), packs)| Moment {
        cut,
        backwards,
        subscribes,
        packs,
    })
}

/// Every topic that any record names, in every layer.
fn subjects(catalog: &Catalog, log: &[Record]) -> Vec<Subject> {
    let mut topics = BTreeSet::from([Topic::Everywhere]);
    for record in log {
        if let Event::Observed(observation) = &record.event
            && let Some(Geometry::Point(point)) = &observation.geometry
        {
            let at = city::at(point.x(), point.y());
            topics.insert(Topic::Cell(
                Cell::of(at, catalog.topic_resolution()).unwrap(),
            ));
        }
    }
    let layers = catalog.layers().map(|(layer, _)| layer);
    layers
        .flat_map(|layer| topics.iter().map(move |topic| (layer, *topic)))
        .collect()
}

/// A part of them: bit by bit, as a number says.
fn part(all: &[Subject], pick: u64) -> BTreeSet<Subject> {
    let picked = all.iter().zip(0_u32..);
    picked
        .filter(|(_, at)| (pick.rotate_left(at * 7 % 64) ^ u64::from(*at)) & 1 == 1)
        .map(|(subject, _)| *subject)
        .collect()
}

fn check_client(log: &[Record], moments: &[Moment], limits: RingLimits, viewer: Viewer) {
    let catalog = catalog();
    let all = subjects(&catalog, log);
    let mut moments: Vec<(usize, &Moment)> = moments
        .iter()
        .map(|moment| (moment.cut.index(log.len() + 1), moment))
        .collect();
    moments.sort_by_key(|(cut, _)| *cut);
    let mut picture = Picture::new(Arc::clone(&catalog), limits);
    let mut client = Client::new(viewer);
    let mut subscribed = part(&all, 0x5555_AAAA_5555_3333);
    client.subscribe(&picture.view(), &subscribed);
    let mut done = 0;
    for (cut, moment) in moments {
        picture.apply(&log[done..cut]);
        if moment.packs {
            picture.pack();
        }
        picture.tick();
        done = cut;
        client.tick(&picture.view(), moment.backwards);
        if let Some(pick) = moment.subscribes {
            subscribed = part(&all, pick);
            client.subscribe(&picture.view(), &subscribed);
        }
        let fresh = Client::fresh(&picture.view(), viewer, &subscribed);
        assert_eq!(client.held(), &fresh, "at {:?}", names(&catalog));
    }
}

proptest! {
    #![proptest_config(Config::with_cases(40))]

    #[test]
    fn invariant_7_snapshot_and_deltas_equal_a_fresh_snapshot(
        log in city::log(60),
        moments in prop::collection::vec(moment(), 1..8),
        ring in prop::sample::select(vec![(480, 500_000), (2, 500_000), (480, 20), (3, 9)]),
    ) {
        let limits = RingLimits { ticks: ring.0, changes: ring.1 };
        for (_, viewer) in viewers(&catalog()) {
            check_client(&log, &moments, limits, viewer);
        }
    }
}

/// The log as it would be if what a viewer may not see had never been: no values of hidden fields,
/// nothing of hidden layers, and of what is only counted nothing but the cell.
fn without_the_hidden(catalog: &Catalog, log: &[Record], held: &[&str]) -> Vec<Record> {
    let nothing = || Event::Withdrawn {
        layer: catalog.layer("areas").unwrap(),
        feature: FeatureId::from("nothing"),
        feed: "areas".into(),
        at: Some(Timestamp::UNIX_EPOCH),
    };
    let strip = |event: &Event| {
        let layer = match event {
            Event::Observed(observation) => observation.layer,
            Event::Withdrawn { layer, .. } => *layer,
            Event::Clock => return Event::Clock,
        };
        let spec = catalog.spec(layer);
        if !reading::may(held, spec.clearance.as_ref()) {
            return nothing();
        }
        let Event::Observed(observation) = event else {
            return event.clone();
        };
        let mut open = observation.clone();
        if !reading::may(held, spec.single_clearance.as_ref()) {
            open.properties = Properties::default();
            let anchor = observation
                .geometry
                .as_ref()
                .and_then(crate::anchor::anchor);
            open.geometry = anchor.map(|anchor| {
                let center = Cell::of(anchor, spec.counted_resolution).unwrap().center();
                Geometry::Point(Point::new(center.lon(), center.lat()))
            });
        }
        let fields = open.properties.iter().filter(|(field, _)| {
            let needed = &spec.field_at(*field).unwrap().1.clearance;
            reading::may(held, needed.as_ref())
        });
        open.properties = Properties::new(fields);
        Event::Observed(open)
    };
    let records = log.iter().map(|record| Record {
        event: strip(&record.event),
        ..record.clone()
    });
    records.collect()
}

proptest! {
    #![proptest_config(Config::with_cases(16))]

    #[test]
    fn invariant_9_what_is_hidden_leaves_no_trace(
        log in log(), since in any::<prop::sample::Index>(),
    ) {
        let catalog = catalog();
        let view = folded(&catalog, &log, 5).view();
        let since = log[since.index(log.len())].seq;
        for (held, viewer) in viewers(&catalog) {
            let open = without_the_hidden(&catalog, &log, &held);
            let never = folded_and_packed(&catalog, &open, 5).view();
            prop_assert_eq!(everything(&view, &viewer), everything(&never, &viewer));
            prop_assert_eq!(deltas(&view, &viewer, since), deltas(&never, &viewer, since));
            let dirty = |view: &View| view.dirty_topics(&viewer, since);
            prop_assert_eq!(dirty(&view), dirty(&never));
        }
    }
}

/// After each record, what its layer's last change is to a viewer.
fn noticed(catalog: &Arc<Catalog>, log: &[Record], viewer: &Viewer) -> Vec<Seq> {
    let mut picture = city::picture(catalog);
    let layers: Vec<_> = catalog.layers().map(|(layer, _)| layer).collect();
    let noticed = log.iter().flat_map(|record| {
        picture.apply(std::slice::from_ref(record));
        let picture = &picture;
        let layers = layers.iter();
        layers
            .map(move |layer| picture.last_change(viewer, *layer))
            .collect::<Vec<_>>()
    });
    noticed.collect()
}

proptest! {
    #![proptest_config(Config::with_cases(16))]

    #[test]
    fn invariant_9_when_something_hidden_changed_is_not_told(log in city::log(60)) {
        let catalog = catalog();
        for (held, viewer) in viewers(&catalog) {
            let open = without_the_hidden(&catalog, &log, &held);
            prop_assert_eq!(noticed(&catalog, &log, &viewer), noticed(&catalog, &open, &viewer));
        }
    }
}

/// Whether a record can change what is read of a layer at all.
fn concerns(catalog: &Catalog, record: &Record, spec: &LayerSpec) -> bool {
    let layer = match &record.event {
        Event::Observed(observation) => observation.layer,
        Event::Withdrawn { layer, .. } => *layer,
        Event::Clock => return true,
    };
    let retained = spec.kind == LayerKind::Sighting;
    let name = &catalog.spec(layer).name;
    retained || spec.kind == LayerKind::Derived || spec.name == *name
}

/// Applies records one by one and compares each tile before and after.
fn check_tiles(log: &[Record], tiles: &[TileCoord]) {
    let catalog = catalog();
    let mut viewers = viewers(&catalog);
    viewers.retain(|(held, _)| held.len() != 1);
    let mut picture = city::picture(&catalog);
    let mut before = picture.view();
    for record in log {
        picture.apply(std::slice::from_ref(record));
        let after = picture.view();
        // What was packed shows the same, though a tile may have its values in another order.
        picture.pack();
        let packed = picture.view();
        for (held, viewer) in &viewers {
            for (was, is) in after.open_all(viewer).iter().zip(packed.open_all(viewer)) {
                for at in tiles {
                    assert_eq!(was.tile_seq(*at), is.tile_seq(*at));
                    assert_eq!(reading::tile(was, *at), reading::tile(&is, *at));
                }
            }
            let opened = before
                .open_all(viewer)
                .into_iter()
                .zip(after.open_all(viewer));
            for (was, is) in opened.filter(|(was, _)| concerns(&catalog, record, was.spec())) {
                for tile in tiles {
                    let (old, new) = (was.tile_seq(*tile), is.tile_seq(*tile));
                    assert!(old <= new && new <= after.seq());
                    let same = || {
                        reading::tile(&was, *tile) == reading::tile(&is, *tile)
                            && reading::encoded(&was, &before, viewer, *tile)
                                == reading::encoded(&is, &after, viewer, *tile)
                    };
                    assert!(
                        new > before.seq() || same(),
                        "{} of {tile} changed for {held:?} by {record:?}, which left {old}",
                        is.spec().name,
                    );
                }
            }
        }
        before = packed;
    }
}

proptest! {
    #![proptest_config(Config::with_cases(24))]

    #[test]
    fn a_tile_is_never_newer_than_its_seq(
        log in city::log(25), tiles in prop::collection::vec(city::tile(), 4),
    ) {
        check_tiles(&log, &tiles);
    }
}

/// Tiles of every zoom around a place, where something then happens.
#[test]
fn a_tile_is_never_newer_than_its_seq_wherever_a_read_falls() {
    let catalog = catalog();
    for (spot, n) in city::spots().into_iter().zip(0..) {
        let (lon, lat) = (spot.lon(), spot.lat());
        let log: Vec<Record> = ["alpr_reads", "units"]
            .into_iter()
            .zip(1..)
            .map(|(layer, seq)| {
                let id = format!("{n}");
                city::seen_at(&catalog, (seq, 0), layer, &id, (lon, lat), None)
            })
            .collect();
        let around = [0, 2, 5, 7, 9, 12, 14, 15, 16, 18, 22]
            .into_iter()
            .flat_map(|z| {
                let x = i64::from(crate::tile::column(crate::tile::world_x(lon), z));
                let y = i64::from(crate::tile::column(crate::tile::world_y(lat), z));
                let near = [
                    (0, 0),
                    (1, 0),
                    (-1, 0),
                    (0, 1),
                    (0, -1),
                    (2, 1),
                    (-2, -1),
                    (3, 0),
                    (0, 3),
                ];
                near.into_iter().filter_map(move |(right, down)| {
                    let x = (x + right).rem_euclid(1_i64 << z);
                    let y = u32::try_from(y + down).ok()?;
                    TileCoord::new(z, u32::try_from(x).ok()?, y).ok()
                })
            });
        check_tiles(&log, &around.collect::<Vec<_>>());
    }
}

#[test]
fn a_hidden_change_alone_leaves_the_seq_of_a_tile_for_those_who_may_not_know() {
    let catalog = catalog();
    let told = |seq: u64, notes: &str| {
        let told = city::Told {
            layer: "incidents",
            id: "i".into(),
            geometry: Some(city::point(-110.97, 32.22)),
            observed_s: Some(0),
            fields: vec![("notes", crate::Value::Text(notes.into()))],
        };
        city::record(seq, 0, told.event(&catalog))
    };
    let view = folded(&catalog, &[told(1, "asthma"), told(2, "allergy")], 1).view();
    let root = TileCoord::new(0, 0, 0).unwrap();
    for (held, viewer) in viewers(&catalog) {
        let open = view.open(&viewer, "incidents").unwrap();
        let seq = Seq(if held.contains(&"medical") { 2 } else { 1 });
        assert_eq!(open.tile_seq(root), seq);
        assert_eq!(open.last_change(), seq);
        assert_eq!(open.get(&"i".into()).unwrap().seq(), seq);
        let delta = open.topic_delta(
            Topic::Cell(Cell::of(city::at(-110.97, 32.22), 6).unwrap()),
            Seq(1),
        );
        assert_eq!(delta.upserts.len(), usize::from(seq == Seq(2)));
    }
}
