//! Clients of the live stream that do not read, say too much, or ask too often: each costs next to
//! nothing, and nobody else notices.

use atalaya_tests::{City, DOWNTOWN, Deaf, collection, eventually, in_time, point};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::f64::consts::TAU;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
const HERE: &str = "bbox=-111.1,32.1,-110.8,32.4";
const DEAF: usize = 40;
const ADMIN: &str = "admin_listen = \"127.0.0.1:0\"\n";
/// What the program promises to keep: frames that all share, here 64 MiB of them, and for each client a piece of a message in
/// each layer below, a quarter of a MiB in all. Twice that, since an allocator gives back late.
const SHARED_MIB: usize = 64;
const PROMISED_MIB: usize = 2 * (SHARED_MIB + DEAF / 4);
/// Sites of [`post_many_sites`].
const SITES: u32 = 4_000;
/// What may be on its way on a connection whose client does not read.
const UNDER_WAY: usize = 4 << 20;

/// A polygon of many corners, so that few of them make a long snapshot.
fn site(id: &str, lon: f64) -> Value {
    let corner = |at: u32| {
        let angle = TAU * f64::from(at % 90) / 90.0;
        [lon + 1e-3 * angle.cos(), LAT + 1e-3 * angle.sin()]
    };
    let ring: Vec<[f64; 2]> = (0..=90).map(corner).collect();
    json!({
        "type": "Feature",
        "id": id,
        "geometry": { "type": "Polygon", "coordinates": [ring] },
        "properties": { "name": id },
    })
}

fn unit(lon: f64) -> Value {
    let properties = json!({ "call_sign": "u", "unit_kind": "patrol", "status": "available" });
    point("u", lon, LAT, &properties)
}

/// Sites whose snapshot is longer than all that a connection may keep between its two ends.
async fn post_many_sites(city: &City) {
    for round in 0..SITES / 1_000 {
        let sites = (0..1_000).map(|at| {
            let lon = LON + f64::from(at) * 1e-4;
            site(&format!("s{round}-{at}"), lon)
        });
        city.post("sites", &collection(&sites.collect::<Vec<_>>()))
            .await;
    }
}

/// What the server's process holds in memory.
fn resident_mib(city: &City) -> usize {
    let id = city.process_id().expect("the server runs");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kib.expect("a number of KiB") / 1_024
}

#[tokio::test]
async fn clients_that_never_read_cost_little_delay_nobody_and_are_let_go() {
    let limit = DEAF + 1;
    let shared = SHARED_MIB << 20;
    let limits = format!("live_clients = {limit}\nlive_frame_bytes = {shared}\n");
    let config = format!("{ADMIN}[live]\nstall_s = 2\n[limits]\n{limits}");
    let city = City::with_config(&config).await;
    post_many_sites(&city).await;
    let operator = city.operator();
    let mut lively = operator.live(&format!("layers=units&{HERE}")).await;
    lively.until_tick().await;
    let before = resident_mib(&city);

    let mut deaf = Vec::new();
    for at in 0..DEAF {
        let query = format!("layers=sites&{HERE}");
        deaf.push(operator.deaf(&query, at % 2 == 0).await);
    }
    let path = format!("/live?layers=units&{HERE}");
    let refused = operator.get(&path).await.expect(503);
    assert!(
        refused.text().contains("live streams"),
        "{}",
        refused.text()
    );
    let mut most = 0;
    for round in 1..=20_u32 {
        let lon = LON + f64::from(round) * 1e-3;
        city.post("units", &unit(lon)).await;
        let there = |held: &atalaya_tests::Held| {
            let unit = held.feature("units", "u");
            let at = unit.and_then(|it| it["geometry"]["coordinates"][0].as_f64());
            at.is_some_and(|at| (at - lon).abs() < 1e-6)
        };
        lively.until("the unit where it is now", there).await;
        most = most.max(resident_mib(&city));
    }
    assert!(
        most < before + PROMISED_MIB,
        "{before} MiB before, {most} MiB with {DEAF} of them"
    );
    let snapshot = site("s", LON).to_string().len() * SITES as usize;
    assert!(
        DEAF * (snapshot >> 20) > 2 * PROMISED_MIB,
        "a snapshot of {snapshot} bytes for each would be seen"
    );

    // A place is free again once its connection is gone, though the client never said a word.
    let mut held = Vec::new();
    for _ in 0..DEAF {
        let free = eventually("a place to be free", async || {
            let request = operator.request(Method::GET, &path);
            let answer = request.send().await.expect("the server answers");
            (answer.status().as_u16() == 200).then_some(answer)
        });
        held.push(free.await);
    }
    for client in deaf {
        let rest = client.until_the_end().await;
        assert!(
            rest.len() < UNDER_WAY,
            "{} bytes were kept for it",
            rest.len()
        );
    }
    lively.until_tick().await;
    let counted = city.admin().get("/metrics").await.expect(200).text();
    let stalled = format!("atalaya_live_ended_total{{outcome=\"stalled\"}} {DEAF}\n");
    assert!(counted.contains(&stalled), "{counted}");
}

#[tokio::test]
async fn what_was_not_taken_before_the_session_ended_is_never_sent() {
    let city = City::with_config("[live]\nrecheck_s = 1\n").await;
    post_many_sites(&city).await;
    let wall = city.sign_in("wall").await;
    let query = format!("layers=sites&{HERE}");
    let deaf = [
        wall.deaf(&query, true).await,
        wall.deaf(&format!("{query}&batch=1"), true).await,
        wall.deaf(&query, false).await,
    ];
    let mut lively = wall.live(&format!("layers=units&{HERE}")).await;
    lively.until_tick().await;
    let out = wall.request(Method::POST, "/sign-out");
    wall.send(out.header("origin", city.base()))
        .await
        .expect(204);
    lively.ended().await;
    let rests = join_all(deaf.map(Deaf::until_the_end)).await;
    for (rest, closes) in rests.into_iter().zip([true, true, false]) {
        assert!(rest.len() < UNDER_WAY, "{} bytes came", rest.len());
        // A close frame with the code 1008, a policy is violated, and why.
        let close = [0x88, 52, 0x03, 0xf0];
        let why = b"The session or key of this stream no longer holds.";
        let close = [&close[..], why].concat();
        assert_eq!(rest.ends_with(&close), closes, "{} bytes", rest.len());
    }
}

#[tokio::test]
async fn one_caller_cannot_take_all_places() {
    let city = City::with_config("[limits]\nlive_clients_each = 2\n").await;
    let (one, other) = (city.operator(), city.operator());
    let query = format!("layers=units&{HERE}");
    let mut open = vec![one.live(&query).await, one.events(&query).await];
    let refused = one.get(&format!("/live?{query}")).await.expect(503);
    assert!(
        refused.text().contains("of one caller"),
        "{}",
        refused.text()
    );
    assert!(!refused.header("retry-after").is_empty());
    open.push(other.live(&query).await);
    for live in &mut open {
        live.until_tick().await;
    }
}

#[tokio::test]
async fn a_frame_without_end_is_refused_by_its_header() {
    let city = City::start().await;
    let query = format!("layers=units&{HERE}");
    let mut client = city.operator().deaf(&query, true).await;
    let length = (1_u64 << 62).to_be_bytes();
    client
        .say(&[&[0x81, 0xff], &length[..], &[0; 4]].concat())
        .await;
    let rest = client.until_the_end().await;
    // A close frame with the code 1009, message too big.
    assert!(
        rest.ends_with(&[0x88, 2, 0x03, 0xf1]),
        "{} bytes",
        rest.len()
    );
}

#[tokio::test]
async fn of_many_changes_at_once_the_last_counts() {
    let city = City::start().await;
    city.post("units", &unit(LON)).await;
    let mut live = city.operator().live(&format!("layers=units&{HERE}")).await;
    live.until_tick().await;
    for at in 0..200_u32 {
        let west = 10.0 + f64::from(at) * 0.01;
        live.subscribe(&["units"], [west, 50.0, west + 0.01, 50.01])
            .await;
    }
    live.subscribe(&["units"], [LON - 0.1, LAT - 0.1, LON + 0.1, LAT + 0.1])
        .await;
    let mut hellos = 0;
    in_time("the last of them to be made", async {
        loop {
            let message = live.next().await;
            hellos += u32::from(message["type"] == "hello");
            if message["type"] == "snapshot" && message["features"] != json!([]) {
                return;
            }
        }
    })
    .await;
    assert!((1..100).contains(&hellos), "{hellos} changes were made");
}

#[tokio::test]
async fn a_change_names_as_many_layers_as_the_query_may() {
    let city = City::start().await;
    let operator = city.operator();
    let mut live = operator.live(&format!("layers=units&{HERE}")).await;
    let hello = live.next().await;
    let path = format!("/live/{}", hello["stream"].as_str().expect("a name"));
    let bbox = [LON, LAT, LON + 0.1, LAT + 0.1];
    let body = json!({ "layers": vec!["units"; 65], "bbox": bbox });
    let request = operator.request(Method::PATCH, &path).json(&body);
    let refused = operator.send(request).await.expect(422);
    assert!(refused.text().contains("64"), "{}", refused.text());
    live.subscribe(&["units"; 65], bbox).await;
    let refused = in_time("the refusal", async {
        loop {
            let message = live.next().await;
            if message["type"] == "error" {
                return message;
            }
        }
    });
    let refused = refused.await;
    assert!(refused.to_string().contains("64"), "{refused}");
}

#[tokio::test]
async fn of_a_change_that_is_none_only_so_much_is_repeated() {
    let city = City::start().await;
    let operator = city.operator();
    let mut live = operator.live(&format!("layers=units&{HERE}")).await;
    let hello = live.next().await;
    let path = format!("/live/{}", hello["stream"].as_str().expect("a name"));
    let mut body = json!({ "layers": ["units"], "bbox": [LON, LAT, LON + 0.1, LAT + 0.1] });
    body["x".repeat(3_000)] = json!(1);
    let request = operator.request(Method::PATCH, &path).json(&body);
    let refused = operator.send(request).await.expect(400).text();
    assert!(refused.contains("unknown field"), "{refused}");
    assert!(refused.len() < 1_000, "{} bytes", refused.len());
}
