//! What a running server takes and how long it makes one wait: units that report, a map that follows, walls that listen.
//! Prints one line a question. The figures are of this machine; compare them with themselves.

use std::io::Write as _;
use std::time::{Duration, Instant};

use atalaya_tests::{City, DOWNTOWN, collection, point, tile_at};
use serde_json::{Value, json};

const UNITS: u32 = 2_000;
const A_POST: u32 = 200;
const ROUNDS: u32 = 20;
const READS: u32 = 300;

#[expect(
    clippy::disallowed_methods,
    reason = "measuring time is what this is for"
)]
fn now() -> Instant {
    Instant::now()
}

/// The middle, the ninety-ninth hundredth and the worst, in milliseconds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1)));
    let ms = |part: usize| at(part).map_or(0.0, |it| it.as_secs_f64() * 1e3);
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
        ms(50),
        ms(99),
        ms(100)
    )
}

fn say(question: &str, answer: &str) {
    writeln!(std::io::stdout(), "{question:<44} {answer}").expect("stdout is open");
}

/// Units `from` and on, after so many rounds of moving.
fn units(from: u32, round: u32) -> Value {
    let unit = |number: u32| {
        let (east, north) = (
            f64::from(number % 50) * 0.002,
            f64::from(number / 50) * 0.002,
        );
        let moved = f64::from(round) * 1e-4;
        let properties = json!({ "call_sign": format!("U{number}"), "unit_kind": "patrol" });
        point(
            &format!("u{number}"),
            DOWNTOWN.0 + east + moved,
            DOWNTOWN.1 - north,
            &properties,
        )
    };
    collection(&(from..from + A_POST).map(unit).collect::<Vec<_>>())
}

async fn ingest(city: &City) {
    let feed = city.bearer(&city.key("units"));
    let (began, mut waits) = (now(), Vec::new());
    for round in 0..ROUNDS {
        for from in (0..UNITS).step_by(A_POST as usize) {
            let sent = now();
            feed.post("/feeds/units", &units(from, round))
                .await
                .expect(200);
            waits.push(sent.elapsed());
        }
    }
    let rate = f64::from(UNITS * ROUNDS) / began.elapsed().as_secs_f64();
    say(
        "events made durable, one feed at a time",
        &format!("{rate:.0}/s"),
    );
    say(
        &format!("wait for the receipt of {A_POST} events"),
        &spread(waits),
    );
}

async fn reads(city: &City) {
    let operator = city.operator();
    for (question, path) in [
        ("a tile of 2,000 units, encoded once", tile_path(10)),
        (
            "the units nearest to a place",
            format!("/near?lon={}&lat={}&layer=units", DOWNTOWN.0, DOWNTOWN.1),
        ),
        (
            "counts by cell of a city",
            "/cells?layers=units&resolution=9".to_owned(),
        ),
    ] {
        let mut waits = Vec::new();
        for _ in 0..READS {
            let asked = now();
            operator.get(&path).await.expect(200);
            waits.push(asked.elapsed());
        }
        say(question, &spread(waits));
    }
    let feed = city.bearer(&city.key("units"));
    let mut waits = Vec::new();
    for round in 0..50 {
        feed.post("/feeds/units", &units(0, ROUNDS + round))
            .await
            .expect(200);
        let asked = now();
        operator.get(&tile_path(10)).await.expect(200);
        waits.push(asked.elapsed());
    }
    say("a tile of 2,000 units, changed each time", &spread(waits));
}

fn tile_path(z: u8) -> String {
    let (x, y) = tile_at(DOWNTOWN.0 + 0.01, DOWNTOWN.1 - 0.01, z);
    format!("/tiles/units/{z}/{x}/{y}")
}

async fn lag(city: &City) {
    let operator = city.operator();
    let mut live = operator
        .live("layers=incidents&bbox=-111.1,32.1,-110.8,32.4")
        .await;
    live.until_tick().await;
    let feed = city.bearer(&city.key("incidents"));
    let mut waits = Vec::new();
    for number in 0..50 {
        let id = format!("i{number}");
        let sent = now();
        feed.post(
            "/feeds/incidents",
            &atalaya_tests::incident(&id, DOWNTOWN.0, DOWNTOWN.1),
        )
        .await
        .expect(200);
        live.until("the incident", |held| {
            held.feature("incidents", &id).is_some()
        })
        .await;
        waits.push(sent.elapsed());
    }
    say("from the post of an event to a wall", &spread(waits));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let city = City::with_config("[limits]\nfeed_kib_per_s = 1048576\n").await;
    ingest(&city).await;
    reads(&city).await;
    lag(&city).await;
}
