//! Kill −9, again and again, while feeds post and checkpoints are written: every acknowledged id is there afterwards, no post
//! is there by half, and the checkpoint and the log make the picture that the log makes alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use atalaya_tests::{
    City, DOWNTOWN, Visitor, collection, eventually, in_time, incident, point, tile_at, withdrawn,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
/// Kills in one run; each is a start, some posts and a kill.
const ROUNDS: u32 = 100;
/// Features in one post.
const AT_ONCE: usize = 5;
/// After how many kills the picture is held against one that is folded from the log alone.
const COMPARED_EVERY: u32 = 10;
/// A checkpoint at every tick, as often as a server takes them.
const CHECKPOINTS: &str = "[live]\ntick_ms = 50\n[store]\ncheckpoint_every_s = 0\n";

/// The ids of one post.
type Post = BTreeSet<String>;

/// What a feed knows of its posts when the server is gone.
#[derive(Debug, Default)]
struct Told {
    acknowledged: Vec<Post>,
    /// The one that was under way: it may be kept or lost, and nobody was told.
    under_way: Vec<Post>,
}

/// Posts one after the other without a pause, until the server is gone.
async fn post_on(feed: Visitor, round: u32, posts: watch::Sender<u32>) -> Told {
    let mut told = Told::default();
    loop {
        let post = *posts.borrow();
        let ids = (0..AT_ONCE).map(|at| format!("r{round:03}-{post}-{at}"));
        let ids: Post = ids.collect();
        let features: Vec<_> = ids.iter().map(|id| incident(id, LON, LAT)).collect();
        let request = feed.request(Method::POST, "/feeds/incidents");
        let Ok(reply) = Visitor::try_send(request.json(&collection(&features))).await else {
            told.under_way.push(ids);
            return told;
        };
        assert_eq!(reply.status, 200, "{}", reply.text());
        told.acknowledged.push(ids);
        posts.send_replace(post + 1);
    }
}

/// Units that move, leave and come back without a pause, until the server is gone: what a checkpoint writes over.
async fn move_on(feed: Visitor, round: u32) -> Told {
    for step in 0_u32.. {
        let id = format!("u{}", step % 7);
        let lon = LON + f64::from(step % 50) * 1e-5;
        let unit = if step % 5 == 4 {
            withdrawn(&id)
        } else {
            point(
                &id,
                lon,
                LAT,
                &json!({ "call_sign": format!("{round}/{step}") }),
            )
        };
        let request = feed.request(Method::POST, "/feeds/units").json(&unit);
        let Ok(reply) = Visitor::try_send(request).await else {
            break;
        };
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    Told::default()
}

/// Waits until a checkpoint is being written: the server writes it ahead before it is whole.
async fn checkpoint_begins(city: &City) {
    let ahead = city.data().join("picture.db-wal");
    let written = || {
        let file = fs::metadata(&ahead).ok()?;
        Some((file.len(), file.modified().ok()?))
    };
    let before = written();
    let mut often = tokio::time::interval(Duration::from_millis(1));
    in_time("a checkpoint to begin", async {
        while written() == before {
            often.tick().await;
        }
    })
    .await;
}

/// Waits until one more checkpoint is written.
async fn checkpoint_ends(city: &City) {
    let written = || city.log().matches("checkpoint at").count();
    let before = written();
    eventually("a checkpoint to be written", async || {
        (written() > before).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_event_survives_a_hundred_kills() {
    let mut city = City::with_config(CHECKPOINTS).await;
    let token = city.role_key("operator", &["cji"]);
    let (incidents, units) = (city.key("incidents"), city.key("units"));
    let mut told = Told::default();
    for round in 0..ROUNDS {
        let (posts, mut posted) = watch::channel(0);
        let mut feeds = JoinSet::new();
        feeds.spawn(post_on(city.bearer(&incidents), round, posts));
        feeds.spawn(move_on(city.bearer(&units), round));
        let enough = posted.wait_for(|posts| *posts > round % 4);
        in_time("posts to be acknowledged", enough)
            .await
            .expect("the feed posts on until the kill");
        match round % 4 {
            1 => checkpoint_begins(&city).await,
            3 => checkpoint_ends(&city).await,
            _ => {}
        }
        // The feeds have their next posts under way by now, or are about to.
        city.kill9();
        for more in feeds.join_all().await {
            told.acknowledged.extend(more.acknowledged);
            told.under_way.extend(more.under_way);
        }
        let compared = round % COMPARED_EVERY == COMPARED_EVERY - 1;
        let fresh = if compared {
            Some(folded_anew(&city).await)
        } else {
            None
        };
        city.restart().await;
        if let Some(fresh) = fresh {
            alike(&city, &fresh, &token, &["incidents", "units"], round).await;
        }
    }
    assert_eq!(
        u32::try_from(told.under_way.len()),
        Ok(ROUNDS),
        "each kill cut a post"
    );
    all_or_nothing(&told, &exported_ids(&city, "incidents"));
}

/// Of what was acknowledged all is there, of what was under way whole posts are, and nothing else is.
fn all_or_nothing(told: &Told, there: &Post) {
    let missing: Vec<&Post> = told
        .acknowledged
        .iter()
        .filter(|post| !post.is_subset(there))
        .collect();
    assert!(
        missing.is_empty(),
        "{} of {} acknowledged posts are not all there: {missing:?}",
        missing.len(),
        told.acknowledged.len()
    );
    let halves: Vec<&Post> = told
        .under_way
        .iter()
        .filter(|post| !post.is_subset(there) && !post.is_disjoint(there))
        .collect();
    assert!(halves.is_empty(), "there by half: {halves:?}");
    let sent: Post = told
        .acknowledged
        .iter()
        .chain(&told.under_way)
        .flatten()
        .cloned()
        .collect();
    let strangers: Vec<&String> = there.difference(&sent).collect();
    assert!(strangers.is_empty(), "never sent: {strangers:?}");
}

fn exported_ids(city: &City, layer: &str) -> Post {
    let exported = city.command(&["export", layer, "--format", "geojson"]);
    let features: Value = serde_json::from_str(exported.ok()).expect("GeoJSON");
    let features = features["features"].as_array().expect("a collection");
    let ids = features.iter().map(|it| it["id"].as_str().expect("an id"));
    ids.map(str::to_owned).collect()
}

/// Whether a server that started after a kill shows and exports what one does that folded the log anew.
async fn alike(city: &City, fresh: &City, token: &str, layers: &[&str], round: u32) {
    let (replayed, anew) = (
        seen(&city.bearer(token)).await,
        seen(&fresh.bearer(token)).await,
    );
    for (replayed, anew) in replayed.iter().zip(&anew) {
        assert!(
            replayed == anew,
            "{} differs after kill {round}",
            replayed.0
        );
    }
    for layer in layers {
        let export = ["export", layer, "--format", "geojson"];
        let (one, other) = (city.command(&export), fresh.command(&export));
        assert!(one.ok() == other.ok(), "{layer} after kill {round}");
    }
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

fn copied(from: &Path, to: &Path) {
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
        alike(&city, &fresh, &token, &LAYERS, round).await;
    }
}
