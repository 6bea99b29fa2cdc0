//! The protocol without a socket: whatever happens, the client ends where a fresh snapshot is.

use super::*;
use crate::live::Wish;
use atalaya_tiles::{
    Bounds, Catalog, Event, FeedName, Observation, Picture, Properties, Record, RingLimits,
};
use geo_types::{Geometry, Point};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

const WEST: [f64; 4] = [-111.2, 32.0, -110.9, 32.4];
const EAST: [f64; 4] = [-110.95, 32.0, -110.6, 32.4];

fn catalog() -> Arc<Catalog> {
    Arc::new(crate::config::Config::default().catalog().unwrap())
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// What a client holds: id → (cell it came from, feature).
#[derive(Debug, Default, PartialEq)]
struct Client(BTreeMap<String, (String, Value)>);

impl Client {
    fn take(&mut self, message: &Message) {
        let json: Value = serde_json::from_slice(&message.json).unwrap();
        let cell = json["cell"].as_str().unwrap_or("").to_owned();
        match message.kind {
            "snapshot" => {
                self.0.retain(|_, (from, _)| *from != cell);
                let mut upsert = |feature: &Value| {
                    let id = feature["id"].as_str().unwrap().to_owned();
                    self.0.insert(id, (cell.clone(), feature.clone()));
                };
                json["features"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .for_each(&mut upsert);
            }
            "delta" => {
                for id in json["removes"].as_array().unwrap() {
                    let id = id.as_str().unwrap();
                    if self.0.get(id).is_some_and(|(from, _)| *from == cell) {
                        self.0.remove(id);
                    }
                }
                for feature in json["upserts"].as_array().unwrap() {
                    let id = feature["id"].as_str().unwrap().to_owned();
                    self.0.insert(id, (cell.clone(), feature.clone()));
                }
            }
            _ => {}
        }
    }

    /// After a change of viewport a client drops what is in none of its cells.
    fn keep(&mut self, subscription: &Subscription) {
        let names: Vec<String> = subscription
            .topics()
            .iter()
            .map(|t| crate::live::message::topic_name(*t))
            .collect();
        self.0.retain(|_, (from, _)| names.contains(from));
    }
}

fn subscription(view: &View, bbox: [f64; 4]) -> Subscription {
    let wish = Wish {
        layers: vec!["units".into()],
        tile_layers: Vec::new(),
        bounds: Bounds::new(bbox[0], bbox[1], bbox[2], bbox[3]).unwrap(),
        zoom: Some(10),
    };
    Subscription::new(view, &Viewer::EVERYTHING, &wish).unwrap()
}

fn record(catalog: &Catalog, seq: u64, unit: u8, lon: f64) -> Record {
    let layer = catalog.layer("units").unwrap();
    let feature = format!("u{unit}").as_str().into();
    let feed = FeedName::from("units");
    let event = if lon > -110.62 {
        Event::Withdrawn {
            layer,
            feature,
            feed,
            at: None,
        }
    } else {
        Event::Observed(Observation {
            layer,
            feature,
            feed,
            observed_at: None,
            stale_at: None,
            expires_at: None,
            geometry: Some(Geometry::Point(Point::new(lon, 32.2))),
            properties: Properties::default(),
        })
    };
    Record {
        seq: Seq(seq),
        received_at: now() + jiff::SignedDuration::from_millis(i64::try_from(seq).unwrap()),
        event,
    }
}

#[derive(Debug, Clone)]
enum Act {
    Move(u8, f64),
    Tick,
    Step,
    Look(bool),
    Drop,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0_u8..6, -111.15..-110.6_f64).prop_map(|(unit, lon)| Act::Move(unit, lon)),
        2 => Just(Act::Tick),
        3 => Just(Act::Step),
        1 => any::<bool>().prop_map(Act::Look),
        1 => Just(Act::Drop),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_client_ends_where_a_fresh_snapshot_is(acts in prop::collection::vec(act(), 1..80), ring in 1_usize..8) {
        let catalog = catalog();
        let limits = RingLimits { ticks: ring, changes: 1_000 };
        let mut picture = Picture::new(Arc::clone(&catalog), limits);
        let frames = Frames::default();
        let mut client = Client::default();
        let view = picture.view();
        let mut stream = Stream::new(Viewer::EVERYTHING, subscription(&view, WEST), "e", &view, None);
        let (mut seq, mut last_id) = (0, None::<String>);
        let mut step = |stream: &mut Stream, client: &mut Client, picture: &Picture| {
            for message in stream.advance(&picture.view(), &frames, now(), Duration::ZERO) {
                client.take(&message);
                last_id = message.id.or(last_id.take());
            }
            last_id.clone()
        };
        for act in acts {
            match act {
                Act::Move(unit, lon) => {
                    seq += 1;
                    picture.apply(&[record(&catalog, seq, unit, lon)]);
                }
                Act::Tick => picture.tick(),
                Act::Step => { step(&mut stream, &mut client, &picture); }
                Act::Look(west) => {
                    let wanted = subscription(&picture.view(), if west { WEST } else { EAST });
                    client.keep(&wanted);
                    stream.change(wanted);
                }
                Act::Drop => {
                    // The link is cut; the client comes back with what it last had.
                    let wanted = stream.subscription().clone();
                    let resume = step(&mut stream, &mut client, &picture).and_then(|id| Resume::parse(&id));
                    stream = Stream::new(Viewer::EVERYTHING, wanted, "e", &picture.view(), resume.as_ref());
                }
            }
        }
        step(&mut stream, &mut client, &picture);
        let view = picture.view();
        let mut fresh = Stream::new(Viewer::EVERYTHING, stream.subscription().clone(), "e", &view, None);
        let mut expected = Client::default();
        for message in fresh.advance(&view, &frames, now(), Duration::ZERO) {
            expected.take(&message);
        }
        prop_assert_eq!(client, expected);
    }
}

#[test]
fn another_epoch_another_scope_and_the_far_past_are_resynchronised() {
    let picture = Picture::new(catalog(), RingLimits::default());
    let view = picture.view();
    let wanted = subscription(&view, WEST);
    let table = [
        (format!("other:0:{}", wanted.scope()), true),
        ("e:0:0123456789abcdef".into(), true),
        (format!("e:9:{}", wanted.scope()), true),
        (format!("e:0:{}", wanted.scope()), false),
        ("e:0".into(), false),
    ];
    for (id, resynchronised) in table {
        let resume = Resume::parse(&id);
        let mut stream = Stream::new(
            Viewer::EVERYTHING,
            wanted.clone(),
            "e",
            &view,
            resume.as_ref(),
        );
        let messages = stream.advance(&view, &Frames::default(), now(), Duration::ZERO);
        assert_eq!(
            messages.iter().any(|message| message.kind == "resync"),
            resynchronised,
            "{id}"
        );
    }
}

#[test]
fn a_hidden_change_names_no_tiles_for_those_who_may_not_know() {
    let incident = |catalog: &Catalog, seq: u64, notes: &str| {
        let layer = catalog.layer("incidents").unwrap();
        let field = catalog.spec(layer).field("notes").unwrap();
        let Event::Observed(seen) = record(catalog, seq, 1, -110.97).event else {
            unreachable!("a position in town is an observation")
        };
        Record {
            event: Event::Observed(Observation {
                layer,
                observed_at: Some(now()),
                properties: Properties::new([(field, atalaya_tiles::Value::Text(notes.into()))]),
                ..seen
            }),
            ..record(catalog, seq, 1, -110.97)
        }
    };
    let catalog = catalog();
    let mut picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
    picture.apply(&[incident(&catalog, 1, "asthma")]);
    picture.tick();
    let before = picture.view();
    picture.apply(&[incident(&catalog, 2, "allergy")]);
    picture.tick();
    let after = picture.view();
    let nobody = Viewer {
        clearances: atalaya_tiles::Clearances::NONE,
        ..Viewer::EVERYTHING
    };
    // A zoom with few tiles in the viewport, and one with more than are named.
    for (zoom, most) in [(9, true), (22, false)] {
        for (viewer, told) in [(nobody, 0), (Viewer::EVERYTHING, 1)] {
            let wish = Wish {
                layers: vec!["incidents".into()],
                tile_layers: Vec::new(),
                bounds: Bounds::new(WEST[0], WEST[1], WEST[2], WEST[3]).unwrap(),
                zoom: Some(zoom),
            };
            let subscription = Subscription::new(&before, &viewer, &wish).unwrap();
            let (names, tiles) = subscription.dirty_tiles(&after, &viewer, before.seq());
            assert_eq!(names.len(), told, "{zoom}");
            assert_eq!(tiles.is_some(), most || told == 0, "{zoom}");
        }
    }
}

#[test]
fn a_client_hears_something_within_three_seconds_whatever_the_wall_clock_does() {
    let mut picture = Picture::new(catalog(), RingLimits::default());
    let view = picture.view();
    let wanted = subscription(&view, WEST);
    let mut stream = Stream::new(Viewer::EVERYTHING, wanted, "e", &view, None);
    let frames = Frames::default();
    let mut hears = |view: &View, now: Timestamp, uptime_ms| {
        let uptime = Duration::from_millis(uptime_ms);
        let due = stream.is_due(uptime);
        let messages = stream.advance(view, &frames, now, uptime);
        assert!(!due || messages.iter().any(|message| message.kind == "tick"));
        messages.len()
    };
    let hour = jiff::SignedDuration::from_hours(1);
    assert!(hears(&view, now(), 0) > 0);
    assert_eq!(hears(&view, now() + hour, 500), 0);
    assert_eq!(hears(&view, now() - hour, 1_999), 0);
    assert_eq!(hears(&view, now() - hour, 2_500), 1);
    assert_eq!(hears(&view, now() - hour, 3_000), 0);
    picture.apply(&[record(&catalog(), 1, 1, -111.0)]);
    assert!(hears(&picture.view(), now() - hour, 3_001) > 1);
    assert_eq!(hears(&picture.view(), now() - hour, 5_000), 0);
    assert_eq!(hears(&picture.view(), now() - hour, 5_001), 1);
}
