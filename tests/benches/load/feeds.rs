//! How many events become durable, in batches and one by one, and how soon a wall has them.

use crate::gauge::{now, say, spread};
use atalaya_tests::{City, DOWNTOWN, Live, Visitor, collection, incident, point};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

const UNITS: u32 = 2_000;
const A_POST: u32 = 200;
const ROUNDS: u32 = 50;
/// Feeds that post one event at a time.
const PRODUCERS: u32 = 64;
const EACH: u32 = 100;

/// Units `from` and on, after so many rounds of moving.
pub(crate) fn units(from: u32, count: u32, round: u32) -> Value {
    let unit = |number: u32| {
        let (east, north) = (
            f64::from(number % 50) * 0.002,
            f64::from(number / 50) * 0.002,
        );
        let moved = f64::from(round % 500) * 1e-4;
        let properties = json!({ "call_sign": format!("U{number}"), "unit_kind": "patrol" });
        point(
            &format!("u{number}"),
            DOWNTOWN.0 + east + moved,
            DOWNTOWN.1 - north,
            &properties,
        )
    };
    collection(&(from..from + count).map(unit).collect::<Vec<_>>())
}

pub(crate) async fn ask(city: &City) {
    batches(city).await;
    one_by_one(city).await;
    lag(city).await;
}

async fn batches(city: &City) {
    let feed = city.bearer(&city.key("units"));
    let (began, mut waits) = (now(), Vec::new());
    for round in 0..ROUNDS {
        for from in (0..UNITS).step_by(A_POST as usize) {
            let sent = now();
            let body = units(from, A_POST, round);
            feed.post("/feeds/units", &body).await.expect(200);
            waits.push(now().duration_since(sent));
        }
    }
    let rate = f64::from(UNITS * ROUNDS) / now().duration_since(began).as_secs_f64();
    let answer = format!("{rate:.0}/s; a post: {}", spread(waits));
    say(
        &format!("durable events, one feed, posts of {A_POST}"),
        &answer,
    );
}

/// Many feeds, each of which waits for its receipt before it posts the next event: they share commits.
async fn one_by_one(city: &City) {
    let feed = city.bearer(&city.key("incidents"));
    let produce = async |producer: u32| {
        let mut waits = Vec::new();
        for number in 0..EACH {
            let id = format!("p{producer}-{number}");
            let sent = now();
            let body = incident(&id, DOWNTOWN.0, DOWNTOWN.1);
            feed.post("/feeds/incidents", &body).await.expect(200);
            waits.push(now().duration_since(sent));
        }
        waits
    };
    let began = now();
    let waits = join_all((0..PRODUCERS).map(produce)).await.concat();
    let rate = f64::from(PRODUCERS * EACH) / now().duration_since(began).as_secs_f64();
    let answer = format!("{rate:.0}/s; a post: {}", spread(waits));
    say(
        &format!("durable events, {PRODUCERS} producers, one at a time"),
        &answer,
    );
}

/// Events for so long, a post of ten every ten milliseconds.
pub(crate) async fn thousand_a_second(feed: &Visitor, seconds: u32) {
    let mut every = tokio::time::interval(Duration::from_millis(10));
    for round in 0..seconds * 100 {
        every.tick().await;
        let body = units(round * 10 % UNITS, 10, round / (UNITS / 10));
        feed.post("/feeds/units", &body).await.expect(200);
    }
}

/// How long after its post an incident is on a wall, while a thousand other events come every second.
async fn lag(city: &City) {
    let operator = city.operator();
    let bbox = "bbox=-111.1,32.1,-110.8,32.4";
    let mut live = operator
        .live(&format!("layers=incidents,units&{bbox}"))
        .await;
    live.until_tick().await;
    let (units, incidents) = (
        city.bearer(&city.key("units")),
        city.bearer(&city.key("incidents")),
    );
    let probe = async |live: &mut Live| {
        let mut waits = Vec::new();
        for number in 0..100 {
            let id = format!("i{number}");
            let body = incident(&id, DOWNTOWN.0, DOWNTOWN.1);
            let sent = now();
            incidents.post("/feeds/incidents", &body).await.expect(200);
            live.until("the incident", |held| {
                held.feature("incidents", &id).is_some()
            })
            .await;
            waits.push(now().duration_since(sent));
        }
        waits
    };
    let waits = tokio::select! {
        waits = probe(&mut live) => waits,
        () = thousand_a_second(&units, 600) => Vec::new(),
    };
    say(
        "post to wall, at 1,000 events/s, ticks of 250 ms",
        &spread(waits),
    );
}
