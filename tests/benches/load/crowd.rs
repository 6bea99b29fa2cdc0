//! What a crowd of walls costs: each looks at the whole city, a thousand units report every second.

use crate::feeds::thousand_a_second;
use crate::gauge::{Used, now, say, spread};
use atalaya_tests::{City, DOWNTOWN, Texts, point};
use futures_util::future::join_all;
use serde_json::json;
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// Walls that connect at the same time.
const AT_ONCE: usize = 50;
/// How long it is measured.
const SECONDS: u32 = 20;
/// One in so many looks for the probe in what it gets.
const SAMPLED: usize = 20;

pub(crate) async fn ask(city: &City, clients: u32) {
    let operator = city.operator();
    let alone = Used::by(city);
    let mut walls = Vec::new();
    let numbers: Vec<u32> = (0..clients).collect();
    for some in numbers.chunks(AT_ONCE) {
        let opened = some.iter().map(async |number| {
            let west = -111.10 + f64::from(number % 10) * 0.004;
            let query = format!("layers=units&bbox={west},32.1,{},32.34", west + 0.28);
            operator.texts(&query).await
        });
        walls.extend(join_all(opened).await);
    }
    let sent = RefCell::new(Vec::new());
    let waits = RefCell::new(Vec::new());
    let before = Used::by(city);
    let listening = join_all(walls.into_iter().enumerate().map(|(at, wall)| {
        let (sent, waits) = (&sent, &waits);
        listen(wall, (at % SAMPLED == 0).then_some((sent, waits)))
    }));
    let units = city.bearer(&city.key("units"));
    let probing = async {
        let mut every = tokio::time::interval(Duration::from_millis(170));
        loop {
            every.tick().await;
            let number = sent.borrow().len();
            sent.borrow_mut().push(now());
            let called = json!({ "call_sign": format!("probe-{number}."), "unit_kind": "patrol" });
            let body = point("probe", DOWNTOWN.0, DOWNTOWN.1, &called);
            units.post("/feeds/units", &body).await.expect(200);
        }
    };
    tokio::select! {
        () = thousand_a_second(&units, SECONDS) => {}
        () = probing => {}
        _ = listening => {}
    }
    let after = Used::by(city);
    let cores = after.cores_since(before) * 100.0;
    let each = (before.resident_bytes - alone.resident_bytes) / f64::from(clients.max(1)) / 1024.0;
    say(
        &format!("{clients} walls at 4 Hz, 1,000 events/s: the server"),
        &format!("{cores:.0} % of a core in all; {each:.1} KiB a wall"),
    );
    say(
        &format!("{clients} walls at 4 Hz, 1,000 events/s: post to wall"),
        &spread(waits.into_inner()),
    );
}

type Probes<'p> = (&'p RefCell<Vec<Instant>>, &'p RefCell<Vec<Duration>>);

/// Takes everything in, and looks for the probe where it is to be timed.
async fn listen(mut wall: Texts, probes: Option<Probes<'_>>) {
    let mut last = None;
    while let Some(text) = wall.next().await {
        let Some((sent, waits)) = probes else {
            continue;
        };
        let number = text.split("probe-").nth(1).and_then(|rest| {
            let digits = rest.split('.').next()?;
            digits.parse::<usize>().ok()
        });
        // A snapshot tells of one from before.
        if let Some(number) = number.filter(|number| Some(*number) > last) {
            last = Some(number);
            if let Some(at) = sent.borrow().get(number) {
                waits.borrow_mut().push(now().duration_since(*at));
            }
        }
    }
}
