//! The past: the picture of an instant, what changed between two, and how much happened when.

use atalaya_tests::{
    City, DOWNTOWN, Held, Visitor, collection, eventually, incident, point, withdrawn,
};
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
const HERE: &str = "bbox=-112,32,-110,33";

/// The second that the server's clock shows.
async fn server_second(visitor: &Visitor) -> String {
    let feeds = visitor.json("/feeds").await;
    let now = feeds["server_time"].as_str().expect("a time");
    now.chars().take("2026-03-01T12:00:00".len()).collect()
}

/// A whole second that all told so far came before.
pub(super) async fn second_after(visitor: &Visitor) -> String {
    let told = server_second(visitor).await;
    let later = eventually("the next second", async || {
        let now = server_second(visitor).await;
        (now != told).then_some(now)
    });
    later.await + "Z"
}

/// An answer of `/past`: what it adds up to, the types of its messages, and where it stands.
struct Past {
    held: Held,
    types: Vec<String>,
    id: String,
}

async fn past(visitor: &Visitor, query: &str, before: Held) -> Past {
    let messages = visitor.json(&format!("/past?{HERE}&{query}")).await;
    let mut past = Past {
        held: before,
        types: Vec::new(),
        id: String::new(),
    };
    for message in messages.as_array().expect("an array of messages") {
        past.held.apply(message);
        let kind = message["type"].as_str().expect("a type").to_owned();
        past.types.push(kind);
        if let Some(id) = message["id"].as_str() {
            id.clone_into(&mut past.id);
        }
    }
    past
}

fn east(held: &Held, id: &str) -> f64 {
    let feature = held.feature("incidents", id).expect("it is there");
    let lon = feature["geometry"]["coordinates"][0].as_f64();
    lon.expect("a longitude") - LON
}

#[tokio::test]
async fn what_was_there_is_there_then_and_moves_on_by_changes() {
    let city = City::start().await;
    let operator = city.operator();
    let both = [incident("moved", LON, LAT), incident("gone", LON, LAT)];
    city.post("incidents", &collection(&both)).await;
    let then = second_after(&operator).await;
    city.post("incidents", &incident("moved", LON + 0.01, LAT))
        .await;
    city.post("incidents", &withdrawn("gone")).await;
    let later = second_after(&operator).await;

    let query = format!("layers=incidents,units&at={then}");
    let first = past(&operator, &query, Held::default()).await;
    assert_eq!(first.held.ids("incidents"), ["gone", "moved"]);
    assert!(east(&first.held, "moved").abs() < 1e-6);
    assert_eq!(first.types[0], "hello");

    let query = format!("layers=incidents,units&at={later}&after={}", first.id);
    let next = past(&operator, &query, first.held.clone()).await;
    assert_eq!(next.types, ["hello", "delta", "tick"], "only what changed");
    assert_eq!(next.held.ids("incidents"), ["moved"]);
    assert!((east(&next.held, "moved") - 0.01).abs() < 1e-6);
    let query = format!("layers=incidents,units&at={later}");
    let afresh = past(&operator, &query, Held::default()).await;
    assert_eq!(
        next.held, afresh.held,
        "the changes lead to the picture of then"
    );

    let query = format!("layers=incidents,units&at={then}&after={}", next.id);
    let back = past(&operator, &query, Held::default()).await;
    assert_eq!(
        back.types[1], "resync",
        "there are no changes into the past"
    );
    assert_eq!(back.held, first.held);
}

#[tokio::test]
async fn tiles_that_follow_from_others_have_a_past_too() {
    let city = City::start().await;
    let operator = city.operator();
    let view = json!({ "heading_deg": 90, "fov_deg": 70, "range_m": 400 });
    city.post("cameras", &point("c", LON, LAT, &view)).await;
    let then = second_after(&operator).await;
    city.post("cameras", &withdrawn("c")).await;
    let (x, y) = atalaya_tests::tile_at(LON, LAT, 15);
    for layer in ["cameras", "coverage"] {
        let path = format!("/tiles/{layer}/15/{x}/{y}");
        operator.get(&path).await.expect(204);
        let was = operator.get(&format!("{path}?at={then}")).await.expect(200);
        let tile = atalaya_tests::Tile::decode(&was.body);
        assert_eq!(tile.ids(layer), ["c"], "{layer} as of {then}");
    }
}

#[tokio::test]
async fn the_past_shows_nobody_more_than_the_present_does() {
    let city = City::start().await;
    let operator = city.operator();
    let hit = json!({ "plate": "ZQX4711", "reason": "stolen vehicle", "status": "unverified" });
    city.post("alpr_hits", &point("hit", LON, LAT, &hit)).await;
    let read = json!({ "plate": "ZQX4712" });
    city.post("alpr_reads", &point("read", LON, LAT, &read))
        .await;
    let then = second_after(&operator).await;
    let layers = "layers=alpr_hits,alpr_reads,incidents";
    let path = format!("/past?{HERE}&{layers}&at={then}");
    let cleared = city.program("analyst", &["cji"]);
    assert!(
        cleared
            .get(&path)
            .await
            .expect(200)
            .text()
            .contains("ZQX4711")
    );
    let uncleared = operator.get(&path).await.expect(200);
    assert!(!uncleared.text().contains("ZQX"), "{}", uncleared.text());
    assert!(
        uncleared.text().contains("\"hit\""),
        "the hit itself is seen"
    );
    city.anybody().get(&path).await.expect(401);
    city.anybody()
        .get(&format!("/timeline?{layers}"))
        .await
        .expect(401);
}

/// An incident of long ago, as told with these notes, which need a clearance.
async fn tell_notes(city: &City, notes: &str) {
    let mut told = point("i", LON, LAT, &json!({ "type": "medical", "notes": notes }));
    told["observed_at"] = json!("2026-03-01T12:00:00Z");
    city.post("incidents", &told).await;
}

/// Where an answer stands and what it says, with the instant it is of left out.
async fn said(visitor: &Visitor, at: &str, after: &str) -> (String, String) {
    let query = format!("layers=incidents&tile_layers=units&zoom=14&at={at}&after={after}");
    let reply = visitor
        .get(&format!("/past?{HERE}&{query}"))
        .await
        .expect(200);
    let id = reply.json().as_array().and_then(|all| all.last().cloned());
    let id = id.and_then(|tick| tick["id"].as_str().map(str::to_owned));
    let id = id.expect("it ends with a tick");
    let (position, second) = id.split_once('@').expect("the second of the picture");
    let text = reply.text().replace(second, "then").replace(at, "then");
    (
        format!("{} {position} {text}", reply.header("atalaya-seq")),
        id,
    )
}

#[tokio::test]
async fn invariant_9_the_past_tells_of_no_hidden_change_and_not_who_asked_before() {
    let city = City::start().await;
    let (operator, cleared) = (city.operator(), city.program("operator", &["medical"]));
    tell_notes(&city, "asthma").await;
    let first = second_after(&operator).await;
    tell_notes(&city, "allergy").await;
    // Of a layer that the question is not about.
    let unit = json!({ "call_sign": "A1" });
    city.post("blockages", &point("b", LON, LAT, &unit)).await;
    let second = second_after(&operator).await;

    let (was, id) = said(&operator, &first, "").await;
    let (is, _) = said(&operator, &second, "").await;
    assert_eq!(was, is, "a hidden change alters nothing");
    let (known, known_id) = said(&cleared, &first, "").await;
    assert_ne!(known, said(&cleared, &second, "").await.0);
    let (quiet, _) = said(&operator, &second, &id).await;
    assert!(
        !quiet.contains("delta") && !quiet.contains("\"tiles\""),
        "{quiet}"
    );
    let (told, _) = said(&cleared, &second, &known_id).await;
    assert!(told.contains("delta") && told.contains("allergy"), "{told}");

    // Others ask for more layers, later and earlier instants, and the timeline.
    for at in [&second, &first] {
        let more = format!("/past?{HERE}&layers=incidents,blockages,units,cameras&at={at}");
        cleared.get(&more).await.expect(200);
        operator.get(&more).await.expect(200);
    }
    operator
        .get("/timeline?layers=incidents,blockages&step_s=60")
        .await
        .expect(200);
    assert_eq!(said(&operator, &first, "").await.0, was);
    assert_eq!(said(&operator, &second, "").await.0, is);
    assert_eq!(said(&operator, &second, &id).await.0, quiet);

    let timeline = "/timeline?layers=incidents&step_s=60";
    let counted = total(&operator.json(timeline).await, "incidents");
    assert_eq!(counted, Some(1), "the change of the notes is not counted");
    let counted = total(&cleared.json(timeline).await, "incidents");
    assert_eq!(counted, Some(2));
}

fn total(timeline: &Value, layer: &str) -> Option<u64> {
    let rows = timeline["layers"].as_array().expect("layers");
    let row = rows
        .iter()
        .find(|row| row["layer"] == layer)
        .expect("the layer");
    let counts = row["counts"].as_array()?;
    Some(counts.iter().filter_map(Value::as_u64).sum())
}

/// Single tips need a clearance; whoever lacks it has counts of them.
const TIPS: &str = r#"
[[layers]]
name = "tips"
kind = "state"
geometry = ["point"]
single_clearance = "cji"
fields = { note = "text" }
[[feeds]]
name = "tips"
adaptor = "geojson"
layer = "tips"
"#;

#[tokio::test]
async fn the_timeline_counts_what_came_and_no_more_than_cells_tell() {
    let city = City::with_config(TIPS).await;
    let (operator, cleared) = (city.operator(), city.program("analyst", &["cji"]));
    for at in 0..3_u8 {
        let place = LON + f64::from(at) / 100.0;
        city.post("incidents", &incident("i", place, LAT)).await;
        let tip = json!({ "note": format!("changed {at}") });
        city.post("tips", &point("t", LON, LAT, &tip)).await;
    }
    city.post("incidents", &withdrawn("i")).await;
    let reads = (0..7).map(|at| point(&format!("r{at}"), LON, LAT, &json!({ "plate": "P" })));
    city.post("alpr_reads", &collection(&reads.collect::<Vec<_>>()))
        .await;
    city.post("alpr_reads", &withdrawn("r0")).await;
    let to = second_after(&operator).await;

    let path =
        format!("/timeline?layers=incidents,alpr_reads,tips,coverage,units&to={to}&step_s=60");
    let timeline = operator.json(&path).await;
    assert_eq!(total(&timeline, "incidents"), Some(4), "{timeline}");
    assert_eq!(total(&timeline, "units"), Some(0));
    assert_eq!(
        total(&timeline, "coverage"),
        None,
        "it has no events of its own"
    );
    assert_eq!(
        total(&timeline, "tips"),
        None,
        "cells do not tell of changes"
    );
    assert_eq!(
        total(&timeline, "alpr_reads"),
        Some(6),
        "as /cells counts them"
    );
    assert_eq!(
        timeline["layers"][0]["counts"].as_array().map(Vec::len),
        Some(1_440)
    );
    assert_eq!(timeline["to"], to);
    assert!(timeline["kept_from"].is_string(), "{timeline}");

    let timeline = cleared.json(&path).await;
    assert_eq!(total(&timeline, "tips"), Some(3));
    assert_eq!(total(&timeline, "alpr_reads"), Some(6));

    let ended = "/timeline?layers=incidents&from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z";
    assert_eq!(total(&operator.json(ended).await, "incidents"), Some(0));
}

#[tokio::test]
async fn what_cannot_be_answered_says_why() {
    let city = City::start().await;
    let operator = city.operator();
    city.post("incidents", &incident("i", LON, LAT)).await;
    let now = second_after(&operator).await;
    let cases = [
        (format!("/past?{HERE}&layers=incidents"), 400, "at"),
        (format!("/past?layers=incidents&at={now}"), 400, "bbox"),
        (format!("/past?{HERE}&at={now}"), 400, "layers"),
        (
            format!("/past?{HERE}&layers=nothing&at={now}"),
            404,
            "nothing",
        ),
        (
            format!("/past?{HERE}&layers=incidents&at={now}&after=x"),
            400,
            "after",
        ),
        (
            format!("/past?{HERE}&layers=incidents&at=yesterday"),
            400,
            "yesterday",
        ),
        (
            format!("/past?{HERE}&layers=incidents&at=2001-01-01T00:00:00Z"),
            404,
            "no-history",
        ),
        (
            format!("/past?{HERE}&layers=incidents&at=2999-01-01T00:00:00Z"),
            404,
            "no-history",
        ),
        ("/timeline".into(), 400, "layers"),
        ("/timeline?layers=nothing".into(), 404, "nothing"),
        ("/timeline?layers=incidents&step_s=0".into(), 400, "86400"),
        ("/timeline?layers=incidents&step_s=59".into(), 400, "1440"),
        (
            format!("/timeline?layers=incidents&from={now}&to=2001-01-01T00:00:00Z"),
            400,
            "from",
        ),
        ("/timeline?layers=incidents&steps=5".into(), 400, "step_s"),
    ];
    for (path, status, part) in cases {
        let reply = operator.get(&path).await.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert!(reply.text().contains(part), "{path}: {}", reply.text());
    }
}
