//! Feeds that are fetched: what they bring is seen, what they leave out is gone, and one that fails
//! harms neither the map nor the others.

use std::io::Write as _;

use atalaya_tests::{Answer, City, DOWNTOWN, Upstream, collection, eventually, point, tile_at};
use futures_util::future::join_all;
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

/// A feed of closures that is fetched every second.
fn fetched(name: &str, url: &str) -> String {
    format!(
        "[[feeds]]\nname = \"{name}\"\nadaptor = \"wzdx\"\nlayer = \"closures\"\nurl = \"{url}\"\nevery_s = 1\n"
    )
}

/// A `WZDx` feed with a road closed under each id.
fn roads(ids: &[&str]) -> Answer {
    let features: Vec<Value> = ids.iter().map(|id| road(id)).collect();
    let feed = json!({
        "type": "FeatureCollection",
        "feed_info": { "publisher": "Town", "update_date": "2026-03-01T12:00:00Z" },
        "features": features,
    });
    Answer::new(200, feed.to_string()).with("content-type", "application/geo+json")
}

fn road(id: &str) -> Value {
    json!({
        "type": "Feature", "id": id,
        "geometry": { "type": "LineString", "coordinates": [[LON, LAT], [LON + 0.001, LAT]] },
        "properties": {
            "core_details": {
                "event_type": "work-zone", "road_names": ["Stone Ave"], "update_date": "2026-03-01T11:00:00Z",
            },
            "vehicle_impact": "all-lanes-closed",
        },
    })
}

/// The ids of all closures, sorted.
async fn closures(city: &City) -> Vec<String> {
    let page = city
        .operator()
        .json("/ogc/collections/closures/items?limit=1000")
        .await;
    let features = page["features"].as_array().expect("features").iter();
    let mut ids: Vec<String> = features
        .map(|it| it["id"].as_str().expect("ids are strings").to_owned())
        .collect();
    ids.sort();
    ids
}

async fn report(city: &City, name: &str) -> Value {
    let feeds = city.operator().json("/feeds").await;
    let feeds = feeds["feeds"].as_array().expect("a list").iter();
    let mut named = feeds.filter(|feed| feed["name"] == name);
    named.next().expect("the feed is listed").clone()
}

/// Waits until the feed does as it should, or fails for a reason that says this.
async fn until(city: &City, feed: &str, status: &str, reason: &str) -> Value {
    eventually(&format!("feed {feed} to be {status}"), async || {
        let report = report(city, feed).await;
        let said = report["last_failure"].as_str().unwrap_or_default();
        (report["status"] == status && said.contains(reason)).then_some(report)
    })
    .await
}

#[tokio::test]
async fn what_is_fetched_is_seen_and_what_it_leaves_out_is_gone() {
    let upstream = Upstream::answering(roads(&["1", "2"]).with("etag", "\"one\"")).await;
    let city = City::with_config(&fetched("state", &upstream.base())).await;
    city.post("closures", &own_closure()).await;
    let bbox = format!(
        "layers=closures&bbox={},{},{},{}",
        LON - 0.1,
        LAT - 0.1,
        LON + 0.1,
        LAT + 0.1
    );
    let mut live = city.operator().live(&bbox).await;
    let all = ["mine", "state/1", "state/2"];
    live.until("both roads", |held| held.ids("closures") == all)
        .await;
    assert_eq!(closures(&city).await, all);

    let seq = city.operator().get("/near?lon=0&lat=0").await;
    upstream.asked_again(2).await;
    let asked = upstream.asked();
    let last = asked.last().expect("it was asked");
    assert_eq!(last.header("if-none-match"), "\"one\"");
    assert!(last.header("user-agent").starts_with("atalaya/"));
    let after = city.operator().get("/near?lon=0&lat=0").await;
    assert_eq!(
        seq.header("atalaya-seq"),
        after.header("atalaya-seq"),
        "what has not changed adds nothing to the log"
    );
    let state = report(&city, "state").await;
    assert_eq!(state["status"], "live", "304 is a sign of life: {state}");
    assert!(
        state["last_changed_at"].as_str() < state["last_received_at"].as_str(),
        "{state}"
    );

    upstream.answer(roads(&["2"]));
    let left = ["mine", "state/2"];
    live.until("the road to be gone", |held| held.ids("closures") == left)
        .await;
    assert_eq!(closures(&city).await, left);
    let (x, y) = tile_at(LON, LAT, 14);
    let tile = city.tile("closures", 14, x, y).await;
    assert_eq!(tile.ids("closures"), left);

    upstream.answer(roads(&["1", "2"]));
    live.until("the road to be back", |held| held.ids("closures") == all)
        .await;
}

fn own_closure() -> Value {
    point("mine", LON, LAT, &json!({ "name": "Street fair" }))
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).expect("memory takes all");
    gzip.finish().expect("memory takes all")
}

/// What an upstream may answer instead of its feed: a name, the answer, and what `/feeds` says of it.
fn no_feeds() -> Vec<(&'static str, Answer, &'static str)> {
    let html = "<!doctype html><p>Down for maintenance: token s3cret";
    let json = "application/json";
    let bomb = compressed(&vec![b' '; 200_000]);
    vec![
        ("empty", Answer::new(200, ""), "no body"),
        (
            "blank",
            Answer::new(200, " \n").with("content-type", json),
            "no body",
        ),
        (
            "page",
            Answer::new(200, html).with("content-type", "text/html"),
            "text/html is not read here",
        ),
        (
            "disguised",
            Answer::new(200, html).with("content-type", json),
            "no JSON object",
        ),
        (
            "broken",
            Answer::new(200, "{\"features\": [").with("content-type", json),
            "not JSON at line 1",
        ),
        ("cut", roads(&["1"]).cut_short(), "the request failed"),
        (
            "missing",
            Answer::new(404, "{\"features\": []}"),
            "the answer is 404",
        ),
        ("down", Answer::new(500, ""), "the answer is 500"),
        (
            "large",
            Answer::new(200, bomb).with("content-encoding", "gzip"),
            "larger than 100000 bytes",
        ),
        (
            "odd",
            Answer::new(200, "{\"features\": [{}]}"),
            "records without a readable id (1)",
        ),
        (
            "paged",
            Answer::new(200, "{\"features\": [], \"links\": [{\"rel\": \"next\"}]}"),
            "one page of several",
        ),
        ("untold", Answer::new(304, ""), "the answer is 304"),
    ]
}

#[tokio::test]
async fn what_is_no_feed_withdraws_nothing_and_the_feed_says_why() {
    let cases = no_feeds();
    let upstreams = cases
        .iter()
        .map(|_| Upstream::answering(roads(&["1", "2"])));
    let upstreams = join_all(upstreams).await;
    let named = cases.iter().zip(&upstreams);
    let config: Vec<String> = named
        .map(|((name, ..), upstream)| fetched(name, &upstream.base()))
        .collect();
    let toml = format!("[limits]\nbody_bytes = 100000\n{}", config.concat());
    let city = City::with_config(&toml).await;
    city.expect_log("cannot be fetched");
    city.expect_log("may not be whole");
    let all = 2 * cases.len();
    eventually("all to be fetched", async || {
        (closures(&city).await.len() == all).then_some(())
    })
    .await;
    for ((_, answer, _), upstream) in cases.iter().zip(&upstreams) {
        upstream.answer(answer.clone());
    }
    for (name, _, reason) in &cases {
        let report = until(&city, name, "failing", reason).await;
        assert!(report["failing_since"].is_string(), "{report}");
        assert!(report["last_failure_at"].is_string(), "{report}");
        assert!(!report.to_string().contains("s3cret"), "{report}");
    }
    assert_eq!(closures(&city).await.len(), all, "nothing is withdrawn");
    assert!(!city.log().contains("s3cret"), "{}", city.log());
    for upstream in &upstreams {
        upstream.answer(roads(&["2"]));
    }
    for (name, ..) in &cases {
        until(&city, name, "live", "").await;
    }
    assert_eq!(closures(&city).await.len(), cases.len());
}

#[tokio::test]
async fn one_bad_body_does_not_wipe_the_map() {
    let ids: Vec<String> = (10..30).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (few, half) = (&ids[..9], &ids[..10]);
    let upstream = Upstream::answering(roads(&ids).with("etag", "\"all\"")).await;
    let city = City::with_config(&fetched("state", &upstream.base())).await;
    city.expect_log("may not be whole");
    eventually("the roads", async || {
        (closures(&city).await.len() == 20).then_some(())
    })
    .await;
    upstream.answer(roads(few).with("etag", "\"few\""));
    let reason = "the body leaves out 11 of 20 features, more than withdraw_at_most = 0.5 allows: all are kept";
    until(&city, "state", "failing", reason).await;
    upstream.asked_again(2).await;
    let asked = upstream.asked();
    let last = asked.last().expect("it was asked");
    assert_eq!(
        last.header("if-none-match"),
        "",
        "what was not believed is asked for again as a whole"
    );
    until(&city, "state", "failing", reason).await;
    assert_eq!(closures(&city).await.len(), 20);
    upstream.answer(roads(half));
    until(&city, "state", "live", "").await;
    eventually("the roads that are left", async || {
        (closures(&city).await.len() == 10).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_upstream_that_fails_is_asked_less_often_and_a_silent_one_delays_nobody() {
    let well = Upstream::answering(roads(&["1"])).await;
    let down = Upstream::answering(Answer::new(500, "")).await;
    let busy = Upstream::answering(Answer::new(503, "").with("retry-after", "3600")).await;
    let silent = Upstream::answering(Answer::silence()).await;
    let config = [
        fetched("well", &well.base()),
        fetched("down", &down.base()),
        fetched("busy", &busy.base()),
        fetched("silent", &silent.base()),
    ];
    let city = City::with_config(&config.concat()).await;
    city.expect_log("cannot be fetched");
    well.asked_again(9).await;
    // One second, two, four, eight: whoever is asked every second is asked thrice as often by then.
    let asked = [&down, &busy, &silent].map(|upstream| upstream.asked().len());
    assert!((2..=4).contains(&asked[0]), "{asked:?}");
    assert_eq!(
        asked[1..],
        [1, 1],
        "one fetch at a time, and no sooner than asked for"
    );
    assert_eq!(report(&city, "well").await["status"], "live");
    assert_eq!(report(&city, "silent").await["status"], "never");
}

#[tokio::test]
async fn the_key_in_an_address_is_nowhere() {
    let elsewhere = Upstream::answering(roads(&["1"])).await;
    let target = format!("{}/moved", elsewhere.base());
    let moved = Upstream::answering(Answer::new(302, "").with("location", &target)).await;
    let down = Upstream::answering(Answer::new(500, "")).await;
    let closed = Upstream::answering(Answer::silence()).await.base();
    let loops =
        Upstream::answering(Answer::new(302, "").with("location", "/again?key=s3cret")).await;
    let feeds = [
        ("moved", moved.base()),
        ("down", down.base()),
        ("closed", closed),
        ("loops", loops.base()),
        ("wrong", "nonsense".to_owned()),
    ];
    let toml: Vec<String> = feeds
        .iter()
        .map(|(name, _)| fetched(name, &format!("env:URL_{name}")))
        .collect();
    let toml = format!("{}{}", toml.concat(), fetched("unset", "env:URL_unset"));
    let addresses: Vec<(String, String)> = feeds
        .iter()
        .map(|(name, base)| (format!("URL_{name}"), format!("{base}/roads?key=s3cret")))
        .collect();
    let environment: Vec<(&str, &str)> = addresses
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut city = City::start().await;
    city.configure(&toml, &environment).await;
    city.expect_log("cannot be fetched");
    for (name, reason) in [
        ("down", "the answer is 500"),
        ("closed", "the request failed"),
        ("loops", "more than 5 redirects"),
        ("wrong", "the request failed"),
        ("unset", "the environment has no URL_unset"),
    ] {
        until(&city, name, "failing", reason).await;
    }
    until(&city, "moved", "live", "").await;
    assert_eq!(closures(&city).await, ["moved/1"]);
    assert_eq!(moved.asked()[0].target, "/roads?key=s3cret");
    let redirected = elsewhere.asked().remove(0);
    assert_eq!(redirected.target, "/moved");
    assert_eq!(redirected.header("referer"), "");
    let feeds = city.operator().get("/feeds").await.text();
    let checked = city.command(&["check"]);
    for (place, text) in [
        ("/feeds", &feeds),
        ("the log", &city.log()),
        ("atalaya check", &checked.stdout),
        ("atalaya check", &checked.stderr),
    ] {
        assert!(!text.contains("s3cret"), "{place}: {text}");
    }
    assert!(feeds.contains("URL_unset") && city.log().contains("URL_unset"));
}

#[tokio::test]
async fn what_is_posted_is_all_there_is_only_where_the_feed_is_configured_so() {
    let feed = |name: &str, more: &str| {
        format!("[[feeds]]\nname = \"{name}\"\nadaptor = \"geojson\"\nlayer = \"sites\"\n{more}\n")
    };
    let toml = [feed("list", "snapshot = true"), feed("news", "")].concat();
    let city = City::with_config(&toml).await;
    let site = |id: &str| point(id, LON, LAT, &json!({}));
    for name in ["list", "news"] {
        city.post(name, &collection(&[site("a"), site("b")])).await;
    }
    let told = city
        .post("list", &collection(&[site("b"), site("c")]))
        .await;
    assert_eq!(
        (&told["accepted"], &told["duplicates"], &told["withdrawn"]),
        (&json!(1), &json!(1), &json!(1)),
        "{told}"
    );
    assert_eq!(told["kept"], Value::Null, "{told}");
    let told = city.post("list", &site("d")).await;
    assert_eq!(told["withdrawn"], 0, "{told}");
    let kept = told["kept"].as_str().expect("a reason");
    assert!(kept.contains("one feature, not a list"), "{told}");
    let told = city.post("news", &collection(&[site("b")])).await;
    assert_eq!(told.get("withdrawn"), None, "{told}");
    let near = city
        .operator()
        .json(&format!("/near?lon={LON}&lat={LAT}&layer=sites&limit=9"))
        .await;
    let features = near["features"].as_array().expect("features").iter();
    let mut ids: Vec<&str> = features.filter_map(|it| it["id"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["list/b", "list/c", "list/d", "news/a", "news/b"]);
}
