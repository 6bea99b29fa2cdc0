//! The protocol without a socket: whatever happens, the client ends where a fresh snapshot is.

mod trial;

use super::*;
use crate::live::{Coding, Frames, Views, Wish};
use atalaya_tiles::{
    Bounds, Catalog, Event, FeedName, Observation, Picture, Properties, Record, RingLimits,
    TileCoord,
};
use geo_types::{Geometry, Point};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use trial::{Act, Trial, act};

const WEST: [f64; 4] = [-111.2, 32.0, -110.9, 32.4];
const EAST: [f64; 4] = [-110.95, 32.0, -110.6, 32.4];
const NOBODY: Viewer = Viewer {
    clearances: atalaya_tiles::Clearances::NONE,
    ..Viewer::EVERYTHING
};

fn catalog() -> Arc<Catalog> {
    Arc::new(crate::config::Config::default().catalog().unwrap())
}

impl Stream {
    /// A whole step at once.
    fn advance(
        &mut self,
        view: &Arc<View>,
        frames: &Frames,
        now: Timestamp,
        uptime: Duration,
    ) -> Vec<Message> {
        let mut messages = Vec::new();
        let _held = self.begin(view, frames);
        while let Some(part) = self.next(now, uptime) {
            match part {
                Part::Own(message) => messages.push(message),
                Part::Shared(frame) => {
                    let message = frames.encoded(&frame, Coding::Plain);
                    self.note(message.as_ref());
                    messages.extend(message);
                }
            }
        }
        messages
    }
}

fn frames() -> Frames {
    Frames::new(1, 1 << 20)
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// What a client holds: (layer, id) → (cell it came from, feature).
#[derive(Debug, Default, PartialEq)]
struct Client(BTreeMap<(String, String), (String, Value)>);

impl Client {
    fn take(&mut self, message: &Message) {
        let json: Value = serde_json::from_slice(&message.text).unwrap();
        let text = |member: &str| json[member].as_str().unwrap_or("").to_owned();
        let (layer, cell) = (text("layer"), text("cell"));
        let listed = |member: &str| json[member].as_array().cloned().unwrap_or_default();
        match message.kind {
            "snapshot" => self
                .0
                .retain(|(of, _), (from, _)| *of != layer || *from != cell),
            "delta" => {
                for id in listed("removes") {
                    let key = (layer.clone(), id.as_str().unwrap().to_owned());
                    if self.0.get(&key).is_some_and(|(from, _)| *from == cell) {
                        self.0.remove(&key);
                    }
                }
            }
            _ => return,
        }
        for feature in [listed("features"), listed("upserts")].concat() {
            let id = feature["id"].as_str().unwrap().to_owned();
            self.0.insert((layer.clone(), id), (cell.clone(), feature));
        }
    }

    /// After a change of subscription a client drops what is in none of its layers and cells.
    fn keep(&mut self, view: &View, subscription: &Subscription) {
        let pairs = subscription.pairs().map(|pair| {
            let (layer, topic) = subscription.at(pair);
            let layer = view.catalog().spec(layer).name.clone();
            (layer, crate::live::message::topic_name(topic))
        });
        let pairs: HashSet<(String, String)> = pairs.collect();
        self.0
            .retain(|(layer, _), (from, _)| pairs.contains(&(layer.clone(), from.clone())));
    }
}

fn subscription(view: &View, layers: &[&str], bbox: [f64; 4]) -> Subscription {
    let wish = Wish {
        layers: layers.iter().map(|layer| (*layer).to_owned()).collect(),
        tile_layers: Vec::new(),
        bounds: Bounds::new(bbox[0], bbox[1], bbox[2], bbox[3]).unwrap(),
        zoom: Some(10),
    };
    Subscription::new(view, &Viewer::EVERYTHING, &wish).unwrap()
}

/// A unit or an incident at a place, with a note where it is an incident; withdrawn in the far east.
fn record(catalog: &Catalog, seq: u64, (layer, id): (&str, u8), at: [f64; 2], note: u8) -> Record {
    let named = catalog.layer(layer).unwrap();
    let feature = format!("f{id}").as_str().into();
    let feed = FeedName::from(layer);
    let notes = catalog.spec(named).field("notes");
    let notes = notes.map(|field| (field, atalaya_tiles::Value::Text(note.to_string().into())));
    let event = if at[0] > -110.62 {
        Event::Withdrawn {
            layer: named,
            feature,
            feed,
            at: None,
        }
    } else {
        Event::Observed(Observation {
            layer: named,
            feature,
            feed,
            observed_at: None,
            stale_at: None,
            expires_at: None,
            geometry: Some(Geometry::Point(Point::new(at[0], at[1]))),
            properties: Properties::new(notes),
        })
    };
    Record {
        seq: Seq(seq),
        received_at: now() + SignedDuration::from_millis(i64::try_from(seq).unwrap()),
        event,
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_client_ends_where_a_fresh_snapshot_is(
        acts in prop::collection::vec(act(), 1..100),
        ring in 1_usize..8,
        cleared in any::<bool>(),
        most_owed in prop::sample::select(vec![0, 3, MOST_OWED]),
    ) {
        let mut trial = Trial::new(if cleared { Viewer::EVERYTHING } else { NOBODY }, ring);
        trial.stream.most_owed = most_owed;
        for (act, seq) in acts.into_iter().zip(1..) {
            trial.act(act, seq);
        }
        // The step under way, if there is one, and the one to the present.
        trial.take(usize::MAX);
        trial.take(usize::MAX);
        prop_assert_eq!(&trial.client, &trial.newcomer());
    }
}

#[test]
fn a_slow_step_lets_its_view_go_and_what_is_left_comes_from_a_newer_one() {
    let mut trial = Trial::new(Viewer::EVERYTHING, 8);
    let place = |id: u8| [-111.1 + f64::from(id) * 0.03, 32.2];
    for id in 0..4 {
        trial.act(Act::Move("units", id, place(id), 0), u64::from(id) + 1);
    }
    trial.act(Act::Tick, 0);
    trial.take(20);
    let step = trial.stream.step.as_ref();
    let old = Weak::clone(&step.expect("more than 20 parts").view);
    for id in 0..4 {
        trial.act(Act::Move("units", id, place(3 - id), 0), u64::from(id) + 5);
    }
    trial.act(Act::Tick, 0);
    trial.take(1);
    assert!(
        old.upgrade().is_some(),
        "the parts of a step are of one view"
    );
    trial.act(Act::Wait(6), 0);
    trial.take(1);
    assert!(
        old.upgrade().is_none(),
        "a view is not kept for a slow client"
    );
    assert_eq!(
        trial.last_id, None,
        "no tick before the client has everything"
    );
    trial.take(usize::MAX);
    assert!(
        trial
            .last_id
            .as_deref()
            .is_some_and(|id| id.starts_with("e:8:"))
    );
    assert_eq!(trial.client, trial.newcomer());
}

#[test]
fn a_stream_that_is_never_asked_again_keeps_no_view() {
    let mut trial = Trial::new(Viewer::EVERYTHING, 8);
    trial.act(Act::Tick, 0);
    trial.take(20);
    let step = trial.stream.step.as_ref();
    let old = Weak::clone(&step.expect("more than 20 parts").view);
    trial.act(Act::Move("units", 1, [-111.0, 32.2], 0), 1);
    trial.act(Act::Tick, 0);
    let newest = trial.picture.view();
    trial.views.keep(&newest, Duration::from_millis(4_999));
    assert!(
        old.upgrade().is_some(),
        "a slow client may go on for a while"
    );
    trial.views.keep(&newest, Duration::from_secs(5));
    assert!(old.upgrade().is_none());
}

#[test]
fn a_client_hears_something_within_three_seconds_whatever_the_wall_clock_does() {
    let mut trial = Trial::new(Viewer::EVERYTHING, 8);
    let hour = SignedDuration::from_hours(1);
    let hears = |trial: &mut Trial, now: Timestamp, uptime_ms| {
        let uptime = Duration::from_millis(uptime_ms);
        let due = trial.stream.tick_due_in(uptime).is_zero();
        let view = trial.picture.view();
        let messages = trial.stream.advance(&view, &trial.frames, now, uptime);
        assert!(!due || messages.iter().any(|message| message.kind == "tick"));
        messages.len()
    };
    assert!(hears(&mut trial, now(), 0) > 0);
    assert_eq!(hears(&mut trial, now() + hour, 500), 0);
    assert_eq!(hears(&mut trial, now() - hour, 1_999), 0);
    assert_eq!(hears(&mut trial, now() - hour, 2_500), 1);
    assert_eq!(hears(&mut trial, now() - hour, 3_000), 0);
    trial.act(Act::Move("units", 1, [-111.0, 32.2], 0), 1);
    assert!(hears(&mut trial, now() - hour, 3_001) > 1);
    assert_eq!(hears(&mut trial, now() - hour, 5_000), 0);
    let left = trial.stream.tick_due_in(Duration::from_secs(5));
    assert_eq!(left, Duration::from_millis(1));
    assert_eq!(hears(&mut trial, now() - hour, 5_001), 1);
}

#[test]
fn another_epoch_another_scope_and_the_far_past_are_resynchronised() {
    let picture = Picture::new(catalog(), RingLimits::default());
    let view = picture.view();
    let wanted = subscription(&view, &["units"], WEST);
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
        let messages = stream.advance(&view, &frames(), now(), Duration::ZERO);
        assert_eq!(
            messages.iter().any(|message| message.kind == "resync"),
            resynchronised,
            "{id}"
        );
    }
}

#[test]
fn a_hidden_change_names_no_tiles_for_those_who_may_not_know() {
    // The source's time is the same, so that the note is all that changes.
    let incident = |catalog: &Catalog, seq: u64, note: u8| {
        let mut record = record(catalog, seq, ("incidents", 1), [-110.97, 32.2], note);
        if let Event::Observed(observation) = &mut record.event {
            observation.observed_at = Some(now());
        }
        record
    };
    let catalog = catalog();
    let mut picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
    picture.apply(&[incident(&catalog, 1, 1)]);
    picture.tick();
    let before = picture.view();
    picture.apply(&[incident(&catalog, 2, 2)]);
    picture.tick();
    let after = picture.view();
    // A zoom with few tiles in the viewport, and one with more than are named.
    for (zoom, most) in [(9, true), (22, false)] {
        for (viewer, told) in [(NOBODY, 0), (Viewer::EVERYTHING, 1)] {
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
fn a_position_that_was_never_told_does_not_tell_how_far_the_log_is() {
    let catalog = catalog();
    let mut picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
    // The source's time is the same, so that the notes are all that changes.
    for seq in 1..5 {
        let note = u8::try_from(seq).unwrap();
        let mut record = record(&catalog, seq, ("incidents", 1), [-110.97, 32.2], note);
        if let Event::Observed(observation) = &mut record.event {
            observation.observed_at = Some(now());
        }
        picture.apply(&[record]);
        picture.tick();
    }
    let view = picture.view();
    assert_eq!((view.noticed_by(&NOBODY), view.seq()), (Seq(1), Seq(4)));
    let answers = [2, 4, 5, 9].map(|seq| {
        let resume = Resume::parse(&format!("e:{seq}"));
        let wanted = subscription(&view, &["incidents"], WEST);
        let mut stream = Stream::new(NOBODY, wanted, "e", &view, resume.as_ref());
        let told = stream.advance(&view, &frames(), now(), Duration::ZERO);
        told.into_iter().map(|it| it.text).collect::<Vec<_>>()
    });
    for (answer, seq) in answers.iter().zip([2, 4, 5, 9]) {
        assert_eq!(*answer, answers[3], "after=e:{seq}");
    }
}
