//! The live stream: one picture, whatever the transport and whenever one joins.

use atalaya_tests::{City, DOWNTOWN, collection, incident, point, withdrawn};
use reqwest::Method;
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
/// A box around downtown; the topics of downtown and more are in it.
const HERE: &str = "bbox=-111.1,32.1,-110.8,32.4";
const HERE_BOX: [f64; 4] = [-111.1, 32.1, -110.8, 32.4];

fn unit(id: &str, lon: f64, lat: f64) -> Value {
    point(
        id,
        lon,
        lat,
        &json!({ "call_sign": id, "unit_kind": "patrol", "status": "available" }),
    )
}

fn kinds(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .filter_map(|it| it["type"].as_str())
        .collect()
}

#[tokio::test]
async fn a_stream_opens_with_hello_then_snapshots_then_a_tick() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let mut live = city
        .operator()
        .live(&format!("layers=incidents,units&{HERE}"))
        .await;
    let messages = live.until_tick().await;
    let kinds = kinds(&messages);
    assert_eq!(
        (kinds.first(), kinds.last()),
        (Some(&"hello"), Some(&"tick")),
        "{kinds:?}"
    );
    let hello = &messages[0];
    for member in ["stream", "epoch", "catalog_version", "tick_ms", "cells"] {
        assert!(!hello[member].is_null(), "hello has {member}: {hello}");
    }
    let cells = hello["cells"].as_array().expect("a list").len();
    let snapshots = kinds.iter().filter(|kind| **kind == "snapshot").count();
    assert_eq!(
        snapshots,
        2 * (cells + 1),
        "one per layer and topic, empty ones too: {hello}"
    );
    assert_eq!(live.held().ids("incidents"), ["a"]);
    let tick = messages.last().expect("the tick");
    assert!(
        tick["id"]
            .as_str()
            .is_some_and(|it| it.split(':').count() == 3),
        "{tick}"
    );
    assert!(
        tick["server_time"].is_string() && tick["seq"].is_u64(),
        "{tick}"
    );
}

#[tokio::test]
async fn a_change_arrives_as_a_delta_over_both_transports_alike() {
    let city = City::start().await;
    let operator = city.operator();
    let query = format!("layers=incidents,units&{HERE}");
    let mut socket = operator.live(&query).await;
    let mut events = operator.events(&query).await;
    socket.until_tick().await;
    events.until_tick().await;

    city.post(
        "incidents",
        &collection(&[incident("a", LON, LAT), incident("b", LON, LAT)]),
    )
    .await;
    city.post("units", &unit("u", LON, LAT)).await;
    city.post("incidents", &withdrawn("b")).await;
    let done =
        |held: &atalaya_tests::Held| held.ids("incidents") == ["a"] && held.ids("units") == ["u"];
    socket.until("both transports to hold a and u", done).await;
    events.until("both transports to hold a and u", done).await;
    assert_eq!(socket.held(), events.held(), "the messages are the same");
    let properties = &socket.held().feature("incidents", "a").expect("held")["properties"];
    assert_eq!(properties["priority"], 3, "{properties}");
}

#[tokio::test]
async fn a_unit_that_moves_between_cells_is_never_lost() {
    let city = City::start().await;
    let mut live = city.operator().live(&format!("layers=units&{HERE}")).await;
    live.until_tick().await;
    for step in 0..12_u32 {
        let lon = -111.08 + f64::from(step) * 0.02;
        city.post("units", &unit("u", lon, LAT)).await;
        let there = |held: &atalaya_tests::Held| {
            let at = held
                .feature("units", "u")
                .and_then(|it| it["geometry"]["coordinates"][0].as_f64());
            at.is_some_and(|at| (at - lon).abs() < 1e-6)
        };
        live.until("the unit at its new place", there).await;
    }
    city.post("units", &unit("u", LON + 3.0, LAT)).await;
    live.until("the unit to leave the viewport", |held| {
        held.ids("units").is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_resumed_stream_gets_what_it_missed_and_no_snapshot() {
    let city = City::start().await;
    let operator = city.operator();
    let query = format!("layers=incidents&{HERE}");
    let mut live = operator.live(&query).await;
    live.until_tick().await;
    city.post("incidents", &incident("before", LON, LAT)).await;
    live.until("the first incident", |held| {
        held.ids("incidents") == ["before"]
    })
    .await;
    let after = live.last_id().to_owned();
    drop(live);

    city.post("incidents", &incident("meanwhile", LON, LAT))
        .await;
    city.post("incidents", &withdrawn("before")).await;
    for mut resumed in [
        operator.live(&format!("{query}&after={after}")).await,
        operator.events(&format!("{query}&after={after}")).await,
    ] {
        let messages = resumed.until_tick().await;
        let kinds = kinds(&messages);
        assert!(
            !kinds.contains(&"snapshot") && !kinds.contains(&"resync"),
            "{kinds:?}"
        );
        let removes = messages
            .iter()
            .flat_map(|it| it["removes"].as_array().cloned().unwrap_or_default());
        assert_eq!(removes.collect::<Vec<_>>(), [json!("before")]);
        assert_eq!(resumed.held().ids("incidents"), ["meanwhile"]);
    }

    let mut other = operator
        .live(&format!("layers=units&{HERE}&after={after}"))
        .await;
    let messages = other.until_tick().await;
    assert!(
        kinds(&messages).contains(&"snapshot"),
        "another scope starts anew"
    );
}

#[tokio::test]
async fn a_stream_resumes_across_a_restart() {
    let mut city = City::start().await;
    let operator = city.operator();
    let query = format!("layers=incidents&{HERE}");
    let mut live = operator.live(&query).await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    live.until("the incident", |held| held.ids("incidents") == ["a"])
        .await;
    let after = live.last_id().to_owned();
    city.restart().await;
    city.post("incidents", &incident("b", LON, LAT)).await;
    let mut resumed = operator.live(&format!("{query}&after={after}")).await;
    resumed
        .until("what came after the restart", |held| {
            held.ids("incidents").contains(&"b")
        })
        .await;
}

#[tokio::test]
async fn the_viewport_changes_by_message_and_by_patch() {
    let city = City::start().await;
    city.post(
        "incidents",
        &collection(&[incident("here", LON, LAT), incident("far", LON + 3.0, LAT)]),
    )
    .await;
    let operator = city.operator();
    let mut socket = operator.live(&format!("layers=incidents&{HERE}")).await;
    socket
        .until("what is here", |held| held.ids("incidents") == ["here"])
        .await;
    let far = [LON + 2.9, LAT - 0.1, LON + 3.1, LAT + 0.1];
    socket.subscribe(&["incidents"], far).await;
    socket
        .until("what is there", |held| {
            held.ids("incidents").contains(&"far")
        })
        .await;

    let mut events = operator.events(&format!("layers=incidents&{HERE}")).await;
    let hello = events.next().await;
    let stream = hello["stream"]
        .as_str()
        .expect("hello names the stream")
        .to_owned();
    events
        .until("what is here", |held| held.ids("incidents") == ["here"])
        .await;
    let body = json!({ "layers": ["incidents"], "bbox": far });
    let path = format!("/live/{stream}");
    let patched = operator
        .send(operator.request(Method::PATCH, &path).json(&body))
        .await;
    assert!(
        [200, 202, 204].contains(&patched.status),
        "{}",
        patched.text()
    );
    events
        .until("what is there", |held| {
            held.ids("incidents").contains(&"far")
        })
        .await;

    let silent = operator
        .request(Method::PATCH, &path)
        .body(body.to_string());
    let refused = operator.send(silent).await.expect(415);
    assert!(refused.text().contains("application/json"), "what is read");

    let stranger = city.operator();
    let refused = stranger
        .send(stranger.request(Method::PATCH, &path).json(&body))
        .await;
    assert_eq!(
        refused.status,
        404,
        "a stream obeys only its own viewer: {}",
        refused.text()
    );
}

#[tokio::test]
async fn a_subscription_that_makes_no_sense_is_refused_and_the_old_one_stays() {
    let city = City::start().await;
    let mut live = city
        .operator()
        .live(&format!("layers=incidents&{HERE}"))
        .await;
    live.until_tick().await;
    live.subscribe(&["nonesuch"], HERE_BOX).await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    live.until("the old subscription to go on", |held| {
        held.ids("incidents") == ["a"]
    })
    .await;
}

#[tokio::test]
async fn dirty_tiles_are_named_where_a_zoom_is_given() {
    let city = City::start().await;
    let mut live = city
        .operator()
        .live(&format!("layers=incidents&{HERE}&zoom=12"))
        .await;
    live.until_tick().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let (x, y) = atalaya_tests::tile_at(LON, LAT, 12);
    let dirty = atalaya_tests::in_time("dirty tiles", async {
        loop {
            let message = live.next().await;
            if message["type"] == "tiles" && !message["tiles"].as_array().is_none_or(Vec::is_empty)
            {
                return message;
            }
        }
    });
    let dirty = dirty.await;
    assert!(
        dirty["tiles"]
            .as_array()
            .is_some_and(|it| it.contains(&json!([12, x, y]))),
        "{dirty}"
    );
}

#[tokio::test]
async fn over_a_thousand_cells_only_the_common_topic_flows() {
    let city = City::start().await;
    let mut live = city
        .operator()
        .live("layers=incidents&bbox=-179,-80,179,80&zoom=2")
        .await;
    let messages = live.until_tick().await;
    assert_eq!(messages[0]["cells"], json!([]), "{}", messages[0]);
    city.post("incidents", &incident("a", LON, LAT)).await;
    city.post(
        "incidents",
        &json!({ "type": "Feature", "id": "placeless", "geometry": null, "properties": {} }),
    )
    .await;
    live.until("the one without a place", |held| {
        held.ids("incidents") == ["placeless"]
    })
    .await;
}

#[tokio::test]
async fn a_client_that_pauses_catches_up() {
    let city = City::start().await;
    let operator = city.operator();
    let query = format!("layers=units&{HERE}");
    let mut paused = operator.live(&query).await;
    let mut lively = operator.live(&query).await;
    paused.until_tick().await;
    for round in 0..40_u32 {
        let units = (0..100).map(|at| {
            unit(
                &format!("u{at}"),
                LON + f64::from(round) * 1e-4,
                LAT + f64::from(at) * 1e-4,
            )
        });
        city.post("units", &collection(&units.collect::<Vec<_>>()))
            .await;
    }
    let newest = LON + 39.0 * 1e-4;
    let settled = |held: &atalaya_tests::Held| {
        (0..100).all(|at| {
            let unit = held.feature("units", &format!("u{at}"));
            unit.and_then(|it| it["geometry"]["coordinates"][0].as_f64())
                .is_some_and(|lon| (lon - newest).abs() < 1e-6)
        })
    };
    lively.until("the newest state", settled).await;
    paused.until("the newest state", settled).await;
}

#[tokio::test]
async fn any_client_ends_with_the_picture_that_a_newcomer_gets() {
    let city = City::start().await;
    let operator = city.operator();
    let query = format!("layers=units,incidents&{HERE}");
    let mut early = operator.live(&query).await;
    for round in 0..15_u32 {
        let lon = LON + f64::from(round % 5) * 0.05;
        city.post("units", &unit(&format!("u{}", round % 4), lon, LAT))
            .await;
        city.post("incidents", &incident(&format!("i{round}"), lon, LAT))
            .await;
        if round % 3 == 2 {
            city.post("incidents", &withdrawn(&format!("i{}", round - 1)))
                .await;
        }
    }
    let mut late = operator.live(&query).await;
    late.until_tick().await;
    let expected = late.held().clone();
    early
        .until("what a newcomer holds", |held| *held == expected)
        .await;
}

#[tokio::test]
async fn a_step_comes_in_few_arrays_where_that_is_asked_for() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let operator = city.operator();
    let query = format!("layers=incidents,units&{HERE}");
    let one_by_one = operator.live(&query).await.until_tick().await;
    let mut texts = operator.texts(&format!("{query}&batch=1")).await;
    let (mut messages, mut arrays) = (Vec::<Value>::new(), 0);
    while messages.last().is_none_or(|last| last["type"] != "tick") {
        let text = atalaya_tests::in_time("a text", texts.next()).await;
        let array = serde_json::from_str::<Vec<Value>>(&text.expect("the stream goes on"));
        messages.extend(array.expect("an array"));
        arrays += 1;
    }
    assert!(arrays < 5, "{arrays} arrays of {} messages", messages.len());
    assert_eq!(kinds(&messages), kinds(&one_by_one));
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let city = City::start().await;
    let operator = city.sign_in("operator").await;
    let upgrade = operator
        .request(Method::GET, &format!("/live?layers=incidents&{HERE}"))
        .header("origin", "https://elsewhere.example")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
    operator.send(upgrade).await.expect(403);
}

/// The writer's own ticks are as rare as they may be: a stream that hears nothing for two seconds ticks by itself. On a busy
/// machine any one of them may be late, so the shortest wait is what counts.
#[tokio::test]
async fn a_quiet_stream_ticks_more_often_than_the_writer_over_both_transports() {
    let city = City::with_config("[live]\ntick_ms = 3000\n").await;
    let query = format!("layers=incidents&{HERE}");
    let operator = city.operator();
    let streams = [operator.live(&query).await, operator.events(&query).await];
    let told = streams.map(async |mut live| {
        let mut told = Vec::new();
        for _ in 0..4 {
            let messages = live.until_tick().await;
            let tick = messages.last().expect("the tick");
            let time = tick["server_time"].as_str().expect("an instant");
            told.push(time.parse::<jiff::Timestamp>().expect("an instant"));
        }
        told
    });
    for told in futures_util::future::join_all(told).await {
        let gaps = told.windows(2).map(|two| two[1].duration_since(two[0]));
        let shortest = gaps.min().expect("several ticks");
        let by_itself = jiff::SignedDuration::from_millis(2_500);
        assert!(shortest < by_itself, "{told:?}");
    }
}

#[tokio::test]
async fn an_event_stream_is_not_for_a_page_of_another_origin() {
    let city = City::start().await;
    let path = format!("/live?layers=incidents&{HERE}");
    let (session, program) = (city.sign_in("operator").await, city.operator());
    let ask = async |who: &atalaya_tests::Visitor, named: &[(&'static str, &str)]| {
        let mut request = who.request(Method::GET, &path);
        for (name, value) in named {
            request = request.header(*name, *value);
        }
        let answer = atalaya_tests::in_time("an answer", request.send()).await;
        answer.expect("an answer").status().as_u16()
    };
    let foreign = ("origin", "https://elsewhere.example");
    let own = ("origin", city.base());
    let from = |site: &'static str| ("sec-fetch-site", site);
    for (named, status) in [
        (&[foreign][..], 403),
        (&[from("cross-site")], 403),
        (&[from("same-site")], 403),
        (&[], 403),
        (&[own], 200),
        (&[from("same-origin")], 200),
    ] {
        assert_eq!(
            ask(&session, named).await,
            status,
            "a session with {named:?}"
        );
    }
    assert_eq!(ask(&program, &[]).await, 200);
    assert_eq!(ask(&program, &[from("cross-site")]).await, 403);
}
