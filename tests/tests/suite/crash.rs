//! Kill −9, again and again, while a feed posts: every acknowledged id is there afterwards.

use std::collections::BTreeSet;
use std::fs;

use atalaya_tests::{
    City, DOWNTOWN, Visitor, collection, in_time, incident, point, tile_at, withdrawn,
};
use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
/// Kills in one run; each is a start, some posts and a kill.
const ROUNDS: usize = 100;
/// Features in one post.
const AT_ONCE: usize = 2;

/// What a feed knows of its posts when the server is gone.
#[derive(Debug, Default)]
struct Told {
    acknowledged: BTreeSet<String>,
    /// The post that was under way: it may be kept or lost, and nobody was told.
    under_way: BTreeSet<String>,
}

/// Posts one after the other without a pause, until the server is gone.
async fn post_on(feed: Visitor, round: usize, posts: watch::Sender<usize>) -> Told {
    let mut told = Told::default();
    loop {
        let post = *posts.borrow();
        let ids = (0..AT_ONCE).map(|at| format!("r{round:03}-{post}-{at}"));
        let ids: BTreeSet<String> = ids.collect();
        let features: Vec<_> = ids.iter().map(|id| incident(id, LON, LAT)).collect();
        let request = feed.request(Method::POST, "/feeds/incidents");
        let Ok(reply) = Visitor::try_send(request.json(&collection(&features))).await else {
            told.under_way = ids;
            return told;
        };
        assert_eq!(reply.status, 200, "{}", reply.text());
        told.acknowledged.extend(ids);
        posts.send_replace(post + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_event_survives_a_hundred_kills() {
    let mut city = City::start().await;
    let key = city.key("incidents");
    let (mut acknowledged, mut under_way) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let (posts, mut posted) = watch::channel(0);
        let mut feed = JoinSet::new();
        feed.spawn(post_on(city.bearer(&key), round, posts));
        let enough = posted.wait_for(|posts| *posts > round % 4);
        in_time("posts to be acknowledged", enough)
            .await
            .expect("the feed posts on until the kill");
        // The feed has the next post under way by now, or is about to.
        city.kill9();
        for told in feed.join_all().await {
            acknowledged.extend(told.acknowledged);
            under_way.extend(told.under_way);
        }
        city.restart().await;
    }
    assert_eq!(under_way.len(), ROUNDS * AT_ONCE, "each kill cut a post");
    let (x, y) = tile_at(LON, LAT, 16);
    let tile = city.tile("incidents", 16, x, y).await;
    let there: BTreeSet<String> = tile.ids("incidents").into_iter().map(Into::into).collect();
    let missing: Vec<&String> = acknowledged.difference(&there).collect();
    assert!(
        missing.is_empty(),
        "{} of {} acknowledged ids are gone: {missing:?}",
        missing.len(),
        acknowledged.len()
    );
    let sent: BTreeSet<String> = acknowledged.union(&under_way).cloned().collect();
    let strangers: Vec<&String> = there.difference(&sent).collect();
    assert!(strangers.is_empty(), "never sent: {strangers:?}");
    // A post is kept whole or not at all.
    let kept = under_way.intersection(&there).count();
    assert_eq!(kept % AT_ONCE, 0, "half a post is there");
}

const LAYERS: [&str; 4] = ["incidents", "units", "cameras", "alpr_reads"];

/// Changes of every sort: new ones, later states, older ones that come late, withdrawals.
async fn changes(city: &City, round: u32) {
    let lon = LON + f64::from(round) * 0.002;
    let unit = |at: u32| {
        let mut unit = point(
            &format!("u{at}"),
            lon,
            LAT,
            &json!({ "call_sign": format!("{at}A") }),
        );
        unit["observed_at"] = format!("2026-01-01T00:{:02}:00Z", (round * 7 + at) % 60).into();
        unit
    };
    city.post("units", &collection(&[unit(1), unit(2), unit(3)]))
        .await;
    let calls: Vec<_> = (0..20)
        .map(|at| incident(&format!("i{round}/{at}"), lon, LAT))
        .collect();
    city.post("incidents", &collection(&calls)).await;
    city.post("incidents", &withdrawn(&format!("i{round}/3")))
        .await;
    let looking =
        json!({ "name": "Congress", "heading_deg": round * 30, "fov_deg": 60, "range_m": 150 });
    city.post("cameras", &point("c", lon, LAT, &looking)).await;
    let read = point(
        &format!("r{round}"),
        lon,
        LAT,
        &json!({ "confidence": 0.5 }),
    );
    city.post("alpr_reads", &read).await;
}

/// What a reader gets to see of all layers, byte for byte, and the tags of it.
async fn seen(reader: &Visitor) -> Vec<(String, String, Vec<u8>)> {
    let (x, y) = tile_at(LON, LAT, 12);
    let near = LAYERS.map(|layer| format!("/near?lon={LON}&lat={LAT}&layer={layer}&limit=1000"));
    let tiles = format!("/tiles/{},coverage/12/{x}/{y}", LAYERS.join(","));
    let mut seen = Vec::new();
    for path in near.into_iter().chain([tiles]) {
        let reply = reader.get(&path).await.expect(200);
        let stands = format!("{} {}", reply.header("etag"), reply.header("atalaya-seq"));
        assert!(!reply.body.is_empty(), "{path}");
        seen.push((path, stands, reply.body));
    }
    seen
}

/// A server on a copy of a store that is at rest, without its checkpoint: all of it is folded anew.
async fn folded_anew(city: &City) -> City {
    let mut fresh = City::start().await;
    fresh.stop();
    fs::remove_dir_all(fresh.data()).expect("a folder");
    copied(&city.data(), &fresh.data());
    let checkpoint = fresh.data().join("picture.db");
    fs::remove_file(&checkpoint).expect("there was a checkpoint");
    for beside in ["picture.db-wal", "picture.db-shm"] {
        fs::remove_file(fresh.data().join(beside)).ok();
    }
    fresh.restart().await;
    fresh
}

fn copied(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let kind = entry.file_type().expect("a kind");
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copied(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[tokio::test]
async fn what_is_replayed_after_a_kill_equals_a_fresh_fold_of_the_log() {
    let mut city = City::start().await;
    let token = city.role_key("operator", &["cji"]);
    for round in 0..4 {
        changes(&city, 2 * round).await;
        // A checkpoint, and changes behind it that the kill leaves to the log.
        city.stop();
        city.restart().await;
        changes(&city, 2 * round + 1).await;
        city.kill9();
        let fresh = folded_anew(&city).await;
        city.restart().await;
        let (replayed, anew) = (
            seen(&city.bearer(&token)).await,
            seen(&fresh.bearer(&token)).await,
        );
        for (replayed, anew) in replayed.iter().zip(&anew) {
            assert!(
                replayed == anew,
                "{} differs after kill {round}",
                replayed.0
            );
        }
        for layer in LAYERS {
            let export = ["export", layer, "--format", "geojson"];
            let (one, other) = (city.command(&export), fresh.command(&export));
            assert!(one.ok() == other.ok(), "{layer} after kill {round}");
        }
    }
}
