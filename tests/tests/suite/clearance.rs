//! Who sees what: without a clearance a field is nowhere, and single reads are counts.

use atalaya_tests::{City, DOWNTOWN, Reply, Visitor, collection, eventually, point, tile_at};
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
const PLATE: &str = "ZQX4711";

async fn city_with_plates() -> City {
    let city = City::start().await;
    let hit = json!({ "plate": PLATE, "region": "AZ", "reason": "stolen vehicle", "list": "local", "status": "unverified" });
    city.post("alpr_hits", &point("hit", LON, LAT, &hit)).await;
    let reads = (0..30).map(|at| {
        let read = json!({ "plate": format!("{PLATE}{at}"), "camera": "c1", "confidence": 0.9 });
        point(
            &format!("read-{at}"),
            LON + f64::from(at) * 1e-4,
            LAT,
            &read,
        )
    });
    city.post("alpr_reads", &collection(&reads.collect::<Vec<_>>()))
        .await;
    city
}

/// Every route that could show a plate.
fn routes() -> Vec<String> {
    let near = |layer: &str| format!("/near?lon={LON}&lat={LAT}&layer={layer}&limit=100");
    let mut routes = vec![
        near("alpr_hits"),
        near("alpr_reads"),
        "/catalog".into(),
        "/feeds".into(),
        "/cells?layers=alpr_reads&resolution=9".into(),
        format!("/search?q={PLATE}"),
        "/ogc/collections".into(),
        "/ogc/collections/alpr_hits/items".into(),
        "/ogc/collections/alpr_hits/items?f=json&limit=1000".into(),
        "/ogc/collections/alpr_hits/items/hit".into(),
        "/ogc/collections/alpr_reads/items".into(),
        "/ogc/collections/alpr_hits/queryables".into(),
    ];
    for z in [0, 9, 14, 18, 22] {
        let (x, y) = tile_at(LON, LAT, z);
        routes.push(format!("/tiles/alpr_hits,alpr_reads/{z}/{x}/{y}"));
    }
    routes
}

#[tokio::test]
async fn without_clearance_no_route_gives_a_plate() {
    let city = city_with_plates().await;
    let uncleared = [
        city.program("operator", &[]),
        city.program("analyst", &["medical"]),
        city.sign_in("operator").await,
    ];
    for visitor in &uncleared {
        for route in routes() {
            let reply = visitor.get(&route).await;
            assert!(reply.status < 500, "{route}: {}", reply.text());
            assert!(
                !reply.text().contains(PLATE) || route.contains(PLATE),
                "{route} gives the plate"
            );
        }
        for mut live in [
            visitor
                .live("layers=alpr_hits,alpr_reads&bbox=-112,32,-110,33&zoom=14")
                .await,
            visitor
                .events("layers=alpr_hits,alpr_reads&bbox=-112,32,-110,33")
                .await,
        ] {
            let messages = live.until_tick().await;
            assert_eq!(
                live.held().ids("alpr_hits"),
                ["hit"],
                "the hit itself is seen"
            );
            assert!(
                !Value::from(messages).to_string().contains(PLATE),
                "the live stream gives the plate"
            );
        }
    }
}

#[tokio::test]
async fn with_clearance_the_plate_is_there() {
    let city = city_with_plates().await;
    let cleared = city.program("analyst", &["cji"]);
    let near = cleared
        .json(&format!("/near?lon={LON}&lat={LAT}&layer=alpr_hits"))
        .await;
    assert_eq!(near["features"][0]["properties"]["plate"], PLATE, "{near}");
    let (x, y) = tile_at(LON, LAT, 14);
    let tile = cleared.tile("alpr_hits", 14, x, y).await;
    assert_eq!(tile.layer("alpr_hits")[0].text("plate"), Some(PLATE));
    let mut live = cleared.live("layers=alpr_hits&bbox=-112,32,-110,33").await;
    live.until("the plate", |held| {
        held.feature("alpr_hits", "hit")
            .is_some_and(|it| it["properties"]["plate"] == PLATE)
    })
    .await;
}

#[tokio::test]
async fn single_reads_and_fine_cells_need_the_clearance() {
    let city = city_with_plates().await;
    let (operator, cleared) = (city.operator(), city.program("analyst", &["cji"]));

    assert!(
        singles(&operator).await.is_empty(),
        "near gives no single reads"
    );
    assert!(
        !singles(&cleared).await.is_empty(),
        "to the cleared it does"
    );
    for z in [12, 16, 20] {
        let (x, y) = tile_at(LON, LAT, z);
        let tile = operator.tile("alpr_reads", z, x, y).await;
        assert!(
            tile.layer("alpr_reads").is_empty(),
            "no single reads at z {z}"
        );
        let resolutions = tile
            .layer("alpr_reads_cells")
            .iter()
            .filter_map(|it| it.integer("resolution"));
        let finest = resolutions.max();
        assert!(
            finest.is_some_and(|it| it <= 9),
            "cells at z {z}: {finest:?}"
        );
    }
    operator
        .get("/cells?layers=alpr_reads&resolution=9")
        .await
        .expect(200);
    let refused = operator.get("/cells?layers=alpr_reads&resolution=10").await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    cleared
        .get("/cells?layers=alpr_reads&resolution=10")
        .await
        .expect(200);
}

async fn singles(visitor: &Visitor) -> Vec<Value> {
    let reply = visitor
        .get(&format!(
            "/near?lon={LON}&lat={LAT}&layer=alpr_reads&limit=5"
        ))
        .await;
    if reply.status != 200 {
        return Vec::new();
    }
    reply.json()["features"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_cached_tile_of_one_viewer_never_answers_another() {
    let city = city_with_plates().await;
    let (x, y) = tile_at(LON, LAT, 14);
    let path = format!("/tiles/alpr_hits/14/{x}/{y}");
    let cleared = city
        .program("analyst", &["cji"])
        .get(&path)
        .await
        .expect(200);
    let uncleared = city.operator().get(&path).await.expect(200);
    assert!(cleared.text().contains(PLATE) && !uncleared.text().contains(PLATE));
    assert_ne!(
        cleared.header("etag"),
        uncleared.header("etag"),
        "the viewer class is in the tag"
    );
}

#[tokio::test]
async fn a_plate_never_reaches_the_log() {
    let city = city_with_plates().await;
    city.operator()
        .get(&format!("/near?lon={LON}&lat={LAT}&layer={PLATE}"))
        .await
        .expect(404);
    city.send(
        "alpr_hits",
        &point(PLATE, 999.0, LAT, &json!({ "plate": PLATE })),
    )
    .await
    .expect(200);
    city.operator().get(&format!("/search?q={PLATE}")).await;
    let vendor = city.bearer(&city.key("units"));
    let elsewhere = format!("/feeds/{PLATE}");
    vendor.post(&elsewhere, &json!({})).await.expect(403);
    eventually("the refusal in the log", async || {
        let said = "\"action\":\"write to a feed\"";
        city.log().contains(said).then_some(())
    })
    .await;
    assert!(!city.log().contains(PLATE), "the log holds a plate");
}

#[tokio::test]
async fn how_a_feed_does_tells_nothing_of_hidden_changes() {
    let city = city_with_plates().await;
    let report = async |visitor: &Visitor| {
        let feeds = visitor.json("/feeds").await;
        let feeds = feeds["feeds"].as_array().cloned().unwrap_or_default();
        let hits = feeds.into_iter().find(|feed| feed["name"] == "alpr_hits");
        hits.expect("the feed is listed")
    };
    let cleared = report(&city.program("operator", &["cji"])).await;
    assert_eq!(cleared["accepted_total"], 1);
    let uncleared = report(&city.program("operator", &[])).await;
    assert!(uncleared["last_received_at"].is_string());
    for member in ["accepted_total", "last_changed_at", "last_observed_at"] {
        assert!(cleared.get(member).is_some(), "{member}");
        assert!(uncleared.get(member).is_none(), "{member}");
    }
}

/// An answer but for what tells the time: status, headers and body.
async fn timeless(visitor: &Visitor, route: &str) -> String {
    let reply = visitor.get(route).await;
    let of_each = |name: &str| ["date", "x-request-id", "content-length"].contains(&name);
    let headers = reply.headers.iter();
    let headers: Vec<_> = headers
        .filter(|(name, _)| !of_each(name.as_str()))
        .collect();
    let mut body = reply.text();
    for member in ["timeStamp", "server_time", "instance"] {
        if let Some((before, after)) = body.split_once(&format!("\"{member}\":\"")) {
            let (_, after) = after.split_once('"').expect("a text ends");
            body = format!("{before}{after}");
        }
    }
    format!("{} {headers:?} {body}", reply.status)
}

/// What only some may know of: the plate of a hit and the notes of an incident, else as it was.
async fn tell_what_is_hidden(city: &City, told: &str) {
    let mut hit = point(
        "hit",
        LON,
        LAT,
        &json!({ "plate": told, "reason": "stolen vehicle" }),
    );
    let mut incident = point("i", LON, LAT, &json!({ "type": "medical", "notes": told }));
    for feature in [&mut hit, &mut incident] {
        feature["observed_at"] = json!("2026-03-01T12:00:00Z");
    }
    city.post("alpr_hits", &hit).await;
    city.post("incidents", &incident).await;
}

/// The hits without an expiry, so that an instant of long ago can be told again.
const LASTING: &str = r#"
[[layers]]
name = "alpr_hits"
kind = "state"
geometry = ["point"]
[layers.fields]
plate = { type = "text", clearance = "cji" }
region = { type = "text", clearance = "cji" }
reason = "text"
"#;

#[tokio::test]
async fn invariant_9_a_hidden_change_alters_no_answer_to_those_who_may_not_know() {
    let city = City::with_config(LASTING).await;
    tell_what_is_hidden(&city, "asthma").await;
    let (uncleared, cleared) = (
        city.program("operator", &[]),
        city.program("operator", &["cji", "medical"]),
    );
    let feeds = uncleared.json("/feeds").await;
    let now = feeds["server_time"].as_str().expect("a time");
    let now: jiff::Timestamp = now.parse().expect("an instant");
    let hour = jiff::SignedDuration::from_hours(1);
    let span = format!("from={}&to={}", now - hour, now + hour);
    let layers = "alpr_hits,incidents,units";
    let mut routes = routes();
    routes.retain(|route| route != "/feeds");
    routes.extend([
        "/health/ready".into(),
        "/tiles/alpr_hits,incidents".into(),
        "/ogc".into(),
        "/scenes".into(),
        "/streams".into(),
        "/near?lon=0&lat=0&layer=units".into(),
        format!(
            "/near?lon=0&lat=0&min_seq={}:99999",
            uncleared.epoch().await
        ),
        format!("/cells?layers={layers}&resolution=9"),
        format!("/seeing?lon={LON}&lat={LAT}"),
        format!("/timeline?layers={layers}&{span}"),
        "/ogc/collections/incidents/items/i".into(),
    ]);
    let (was, known) = (
        asked(&uncleared, &routes).await,
        asked(&cleared, &routes).await,
    );
    let (mut live, since) = {
        let mut live = uncleared
            .live("layers=alpr_hits,incidents&bbox=-112,32,-110,33&zoom=14")
            .await;
        let messages = live.until_tick().await;
        let tick = messages.last().cloned().expect("a tick");
        (live, tick)
    };
    tell_what_is_hidden(&city, "allergy").await;
    let is = asked(&uncleared, &routes).await;
    for (route, (was, is)) in routes.iter().zip(was.iter().zip(is)) {
        assert_eq!(*was, is, "{route}");
    }
    let quiet = live.until_tick().await;
    assert_eq!(
        quiet.len(),
        1,
        "nothing but the tick that always comes: {quiet:?}"
    );
    for member in ["id", "seq"] {
        assert_eq!(quiet[0][member], since[member], "{member} of a tick");
    }
    let told = asked(&cleared, &routes).await;
    let altered = known.iter().zip(&told).filter(|(was, is)| was != is);
    assert!(altered.count() > 12, "whoever is cleared is told");
}

#[tokio::test]
async fn invariant_9_asking_for_a_position_does_not_tell_when_hidden_things_change() {
    let city = City::with_config(LASTING).await;
    tell_what_is_hidden(&city, "asthma").await;
    let (analyst, cleared) = (
        city.program("analyst", &[]),
        city.program("analyst", &["cji", "medical"]),
    );
    let reached = async |visitor: &Visitor| {
        let position = visitor.get("/near?lon=0&lat=0").await.expect(200);
        position.header("atalaya-seq").to_owned()
    };
    let known = reached(&cleared).await;
    let (epoch, seq) = known.split_once(':').expect("epoch:seq");
    let next = seq.parse::<u64>().expect("a number") + 1;
    let path = format!("/near?lon=0&lat=0&min_seq={epoch}:{next}");
    let told = async || {
        let behind = analyst.get(&path).await.expect_problem(503);
        behind.json()["detail"].clone()
    };
    let before = told().await;
    tell_what_is_hidden(&city, "allergy").await;
    cleared.get(&path).await.expect(200);
    assert_eq!(told().await, before);
    // Whoever may write learns positions from receipts, and is not kept waiting for what they cannot see.
    city.operator().get(&path).await.expect(200);
    let own = reached(&analyst).await;
    let own = format!("/near?lon=0&lat=0&min_seq={own}");
    analyst.get(&own).await.expect(200);
    let seen = city
        .post("incidents", &atalaya_tests::incident("other", LON, LAT))
        .await;
    assert!(seen["seq"].as_u64() > Some(next));
    analyst.get(&path).await.expect(200);
}

async fn asked(visitor: &Visitor, routes: &[String]) -> Vec<String> {
    let mut answers = Vec::new();
    for route in routes {
        answers.push(timeless(visitor, route).await);
    }
    answers
}

#[tokio::test]
async fn what_a_viewer_cannot_open_is_in_no_tileset_and_no_scene() {
    let city = City::with_config(
        r#"
        [[layers]]
        name = "informants"
        kind = "state"
        geometry = ["point"]
        clearance = "cji"

        [tilesets]
        operations = ["incidents", "informants"]
        covert = ["informants"]

        [[scenes]]
        name = "night"
        title = "Night"
        center = [-110.97, 32.22]
        zoom = 12
        layers = ["incidents", "informants"]
        "#,
    )
    .await;
    city.post("informants", &point("i", LON, LAT, &json!({})))
        .await;
    let (x, y) = tile_at(LON, LAT, 14);
    let (cleared, uncleared) = (
        city.program("operator", &["cji"]),
        city.program("operator", &[]),
    );
    for route in ["/catalog", "/scenes", "/tiles/operations"] {
        let text = uncleared.get(route).await.expect(200).text();
        assert!(!text.contains("informants"), "{route}: {text}");
        assert!(!text.contains("covert"), "{route}: {text}");
        let text = cleared.get(route).await.expect(200).text();
        assert!(text.contains("informants"), "{route}: {text}");
    }
    let tile = format!("/tiles/operations/14/{x}/{y}");
    uncleared.get(&tile).await.expect(204);
    cleared.get(&tile).await.expect(200);
    let refused = uncleared.get("/tiles/covert").await.expect(404);
    assert_eq!(refused.json()["type"], "/problems/no-such-layer");
    assert!(!refused.text().contains("informants"));
}

#[tokio::test]
async fn a_tile_that_is_asked_for_again_and_again_is_of_its_viewer_alone() {
    let city = city_with_plates().await;
    let (x, y) = tile_at(LON, LAT, 14);
    let path = format!("/tiles/alpr_hits/14/{x}/{y}");
    // Several connections of each, so that workers have both.
    let several = |name: &str, clearance: &[&str]| {
        let key = ["key", "create", "--role", "operator", "--name", name];
        let token = city.command(&[&key, clearance].concat()).ok().to_owned();
        let visitors = (0..4).map(|_| city.bearer(&token));
        visitors.collect::<Vec<Visitor>>()
    };
    let seeing = several("cleared", &["--clearance", "cji"]);
    let others = several("uncleared", &[]);
    let shows = |reply: &Reply, text: &str| {
        let mut parts = reply.body.windows(text.len());
        parts.any(|bytes| bytes == text.as_bytes())
    };
    let asked = async |visitors: &[Visitor], plate: &str, seen: bool| {
        let first = visitors[0].get(&path).await.expect(200);
        for visitor in visitors.iter().chain(visitors) {
            let reply = visitor.get(&path).await.expect(200);
            assert_eq!(shows(&reply, plate), seen, "{plate}");
            assert_eq!(reply.body, first.body);
            for header in ["etag", "atalaya-seq", "content-security-policy", "vary"] {
                assert_eq!(reply.header(header), first.header(header), "{header}");
            }
            assert_ne!(reply.header("x-request-id"), first.header("x-request-id"));
        }
    };
    asked(&seeing, PLATE, true).await;
    asked(&others, PLATE, false).await;
    let other = json!({ "plate": "NEW0001", "region": "AZ", "reason": "stolen vehicle", "list": "local", "status": "confirmed" });
    city.post("alpr_hits", &point("hit", LON, LAT, &other))
        .await;
    asked(&seeing, "NEW0001", true).await;
    asked(&others, "NEW0001", false).await;
    city.command(&["key", "revoke", "cleared"]).ok();
    for visitor in &seeing {
        visitor.get(&path).await.expect(401);
    }
    asked(&others, "NEW0001", false).await;
}
