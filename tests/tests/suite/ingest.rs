//! What a feed is told: accepted, duplicate, rejected, refused.

use atalaya_tests::{City, DOWNTOWN, collection, incident, point, withdrawn};
use reqwest::Method;
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

fn count(receipt: &Value, member: &str) -> u64 {
    receipt[member]
        .as_u64()
        .unwrap_or_else(|| unreachable!("{member} is a number in {receipt}"))
}

#[tokio::test]
async fn a_post_is_counted_record_by_record() {
    let city = City::start().await;
    let first = city
        .post(
            "incidents",
            &collection(&[incident("a", LON, LAT), incident("b", LON, LAT)]),
        )
        .await;
    assert_eq!(
        (count(&first, "accepted"), count(&first, "duplicates")),
        (2, 0),
        "{first}"
    );
    assert!(
        first["durable"] == "local" || first["durable"] == "replicated",
        "{first}"
    );

    let again = city
        .post(
            "incidents",
            &collection(&[incident("a", LON, LAT), incident("c", LON, LAT)]),
        )
        .await;
    assert_eq!(
        (count(&again, "accepted"), count(&again, "duplicates")),
        (1, 1),
        "{again}"
    );
    assert!(
        count(&again, "seq") > count(&first, "seq"),
        "the log grows: {first} {again}"
    );

    let same = city.post("incidents", &incident("a", LON, LAT)).await;
    assert_eq!(
        (count(&same, "accepted"), count(&same, "duplicates")),
        (0, 1),
        "{same}"
    );
}

#[tokio::test]
async fn one_bad_record_never_loses_its_neighbours() {
    let city = City::start().await;
    let nowhere = incident("nowhere", 999.0, LAT);
    let no_id = json!({ "type": "Feature", "geometry": null, "properties": {} });
    let body = collection(&[
        incident("a", LON, LAT),
        nowhere,
        no_id,
        incident("b", LON, LAT),
    ]);
    let receipt = city.send("incidents", &body).await.expect(200).json();
    assert_eq!(count(&receipt, "accepted"), 2, "{receipt}");
    let rejected = receipt["rejected"].as_array().expect("a list").clone();
    let places: Vec<u64> = rejected.iter().map(|it| count(it, "index")).collect();
    assert_eq!(places, [1, 2], "{receipt}");
    for reject in &rejected {
        assert!(
            reject["reason"].as_str().is_some_and(|it| !it.is_empty()),
            "{reject}"
        );
        assert!(
            reject["pointer"]
                .as_str()
                .is_some_and(|it| it.is_empty() || it.starts_with('/')),
            "{reject}"
        );
    }
    let ids = city.operator().json(&near("incidents")).await;
    assert_eq!(ids["features"].as_array().map(Vec::len), Some(2), "{ids}");
}

#[tokio::test]
async fn all_rejected_is_still_an_answer() {
    let city = City::start().await;
    let receipt = city
        .send("incidents", &incident("a", 0.0, 91.0))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            count(&receipt, "accepted"),
            receipt["rejected"].as_array().map(Vec::len)
        ),
        (0, Some(1)),
        "{receipt}"
    );
}

#[tokio::test]
async fn a_correction_at_the_same_time_is_accepted_and_an_older_observation_changes_nothing() {
    let city = City::start().await;
    let at = |time: &str, status: &str| {
        let mut feature = point("a", LON, LAT, &json!({ "status": status, "priority": 2 }));
        feature["observed_at"] = json!(time);
        feature
    };
    let status = async || {
        city.operator().json(&near("incidents")).await["features"][0]["properties"]["status"]
            .clone()
    };

    city.post("incidents", &at("2026-03-01T12:00:00Z", "open"))
        .await;
    let correction = city
        .post("incidents", &at("2026-03-01T12:00:00Z", "closed"))
        .await;
    assert_eq!(count(&correction, "accepted"), 1, "{correction}");
    assert_eq!(status().await, "closed");

    city.post("incidents", &at("2026-03-01T11:00:00Z", "early"))
        .await;
    assert_eq!(
        status().await,
        "closed",
        "an older observation never replaces a newer one"
    );
}

#[tokio::test]
async fn a_withdrawn_id_is_gone() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    city.post("incidents", &withdrawn("a")).await;
    let left = city.operator().json(&near("incidents")).await;
    assert_eq!(left["features"].as_array().map(Vec::len), Some(0), "{left}");
}

#[tokio::test]
async fn text_sequences_are_read() {
    let city = City::start().await;
    let lines = format!(
        "\u{1e}{}\n\u{1e}{}\n",
        incident("a", LON, LAT),
        incident("b", LON, LAT)
    );
    let feed = city.bearer(&city.key("incidents"));
    let request = feed
        .request(Method::POST, "/feeds/incidents")
        .header("content-type", "application/geo+json-seq");
    let receipt = feed.send(request.body(lines)).await.expect(200).json();
    assert_eq!(count(&receipt, "accepted"), 2, "{receipt}");
}

fn problem(reply: atalaya_tests::Reply, status: u16, slug: &str) {
    let reply = reply.expect_problem(status);
    assert!(
        reply.json()["type"]
            .as_str()
            .is_some_and(|it| it.ends_with(slug)),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn a_body_of_a_foreign_type_or_of_none_is_not_read() {
    let city = City::start().await;
    let feed = city.bearer(&city.key("incidents"));
    let post = |kind: &str, text: &'static str| {
        feed.request(Method::POST, "/feeds/incidents")
            .header("content-type", kind.to_owned())
            .body(text)
    };
    problem(
        feed.send(post("text/plain", "{}")).await,
        415,
        "unsupported-media-type",
    );
    // `curl -d` without a type names a form, and other programs name nothing.
    for unnamed in ["application/x-www-form-urlencoded", ""] {
        let refused = feed.send(post(unnamed, "{}")).await;
        assert!(
            refused.text().contains("application/geo+json"),
            "what is read"
        );
        problem(refused, 415, "unsupported-media-type");
    }
    let silent = feed.request(Method::POST, "/feeds/incidents").body("{}");
    problem(feed.send(silent).await, 415, "unsupported-media-type");
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_whole() {
    let city = City::with_config("[limits]\nbody_bytes = 4096\n").await;
    let key = city.key("incidents");
    let (feed, anybody, other) = (
        city.bearer(&key),
        city.anybody(),
        city.bearer(&city.key("units")),
    );
    let body = incident("a", LON, LAT);

    problem(
        anybody.post("/feeds/incidents", &body).await,
        401,
        "unauthorised",
    );
    problem(
        city.bearer("nonsense")
            .post("/feeds/incidents", &body)
            .await,
        401,
        "unauthorised",
    );
    let crossed = other.post("/feeds/incidents", &body).await;
    assert!(
        [401, 403].contains(&crossed.status),
        "another feed's key: {}",
        crossed.text()
    );
    problem(
        feed.post("/feeds/incidents", &json!({ "padding": "x".repeat(5000) }))
            .await,
        413,
        "body-too-large",
    );
    let unfinished = (feed.request(Method::POST, "/feeds/incidents"))
        .header("content-type", "application/geo+json")
        .body("{\"type\": ");
    problem(feed.send(unfinished).await, 400, "unreadable-body");

    let none = city.operator().json(&near("incidents")).await;
    assert_eq!(
        none["features"].as_array().map(Vec::len),
        Some(0),
        "nothing is half-stored: {none}"
    );
}

fn near(layer: &str) -> String {
    format!("/near?lon={LON}&lat={LAT}&layer={layer}&limit=50")
}

#[tokio::test]
async fn a_body_larger_than_the_rate_allows_at_once_passes_after_quiet() {
    let city = City::with_config("[limits]\nfeed_kib_per_s = 1\nbody_bytes = 61440\n").await;
    let feed = city.bearer(&city.key("incidents"));
    let incidents: Vec<Value> = (0..40)
        .map(|at| incident(&format!("i{at}"), LON, LAT))
        .collect();
    let body = collection(&incidents);
    assert!(body.to_string().len() > 8 << 10);
    feed.post("/feeds/incidents", &body).await.expect(200);
    let refused = feed
        .post("/feeds/incidents", &body)
        .await
        .expect_problem(429);
    let kib = body.to_string().len().div_ceil(1_024) as u64;
    let after_s: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!(
        (kib - 5..=kib).contains(&after_s),
        "{after_s} s for {kib} KiB"
    );
}
