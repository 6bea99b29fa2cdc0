//! Disks that are full, broken, unwritable or damaged: said in words that help, and nothing acknowledged is lost.

use std::collections::BTreeSet;
use std::fs;

use atalaya_tests::{
    City, DOWNTOWN, Disk, Ran, Reply, Visitor, atalaya_as, atalaya_within, collection, eventually,
    incident, point, skipped, tile_at,
};
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
const CONFIG: &str = "[store]\nreserve_bytes = 8388608\ncheckpoint_every_s = 1\n";
/// Posts in which a disk of 48 MiB must have become full.
const MOST_POSTS: u32 = 200;
/// A user of the system that owns nothing.
const NOBODY: u32 = 65_534;

/// Posts of half a megabyte each, and what was acknowledged.
struct Feed {
    visitor: Visitor,
    posts: u32,
    acknowledged: BTreeSet<String>,
}

impl Feed {
    fn of(city: &City) -> Self {
        let visitor = city.bearer(&city.key("incidents"));
        Self {
            visitor,
            posts: 0,
            acknowledged: BTreeSet::new(),
        }
    }

    /// Forgets connections to a server that is gone: a post is not sent twice of itself.
    fn reconnect(&mut self, city: &City) {
        self.visitor = Self::of(city).visitor;
    }

    async fn post(&mut self) -> Reply {
        self.posts += 1;
        let ids: Vec<String> = (0..200)
            .map(|at| format!("i{:04}-{at}", self.posts))
            .collect();
        let features: Vec<Value> = ids.iter().map(|id| bulky(id)).collect();
        let reply = self
            .visitor
            .post("/feeds/incidents", &collection(&features))
            .await;
        if reply.status == 200 {
            assert_eq!(reply.json()["accepted"], 200, "{}", reply.text());
            self.acknowledged.extend(ids);
        }
        reply
    }

    /// Posts until the store takes no more.
    async fn until_refused(&mut self) -> Reply {
        for _ in 0..MOST_POSTS {
            let reply = self.post().await;
            if reply.status != 200 {
                return reply;
            }
        }
        unreachable!("{MOST_POSTS} posts fill the disk")
    }

    /// Every acknowledged id is in the picture.
    async fn all_there(&self, reader: &Visitor) {
        let mut there = BTreeSet::new();
        let mut path = "/ogc/collections/incidents/items?f=json&limit=2000".to_owned();
        loop {
            let page = reader.json(&path).await;
            let features = page["features"].as_array().expect("features").iter();
            there.extend(features.filter_map(|it| it["id"].as_str().map(str::to_owned)));
            let links = page["links"].as_array().expect("links");
            let next = links.iter().find(|link| link["rel"] == "next");
            let Some(next) = next.and_then(|link| link["href"].as_str()) else {
                break;
            };
            path = next.trim_start_matches(reader.base()).to_owned();
        }
        let missing: Vec<_> = self.acknowledged.difference(&there).collect();
        assert!(
            missing.is_empty(),
            "{} acknowledged are gone",
            missing.len()
        );
    }
}

fn bulky(id: &str) -> Value {
    let mut feature = incident(id, LON, LAT);
    feature["properties"]["address"] = "Congress St & Stone Ave; ".repeat(100).into();
    feature
}

async fn ready(city: &City) -> Reply {
    city.anybody().get("/health/ready").await
}

/// The server says that it is not ready, for this reason, and nothing of its inside.
async fn unready(city: &City, reason: &str) {
    let reply = eventually("/health/ready to say 503", async || {
        Some(ready(city).await).filter(|reply| reply.status == 503)
    })
    .await;
    assert!(reply.text().contains(reason), "{}", reply.text());
    let folder = city.data().display().to_string();
    assert!(!reply.text().contains(&folder), "{}", reply.text());
}

fn refused(reply: &Reply, reason: &str) {
    assert_eq!(reply.status, 503, "{}", reply.text());
    let problem = reply.json();
    assert_eq!(problem["type"], "/problems/not-durable");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(reason), "{problem}");
    assert!(!detail.contains('/'), "no path: {problem}");
    assert!(!reply.header("retry-after").is_empty());
}

/// Tiles, features and the live stream answer.
async fn reads_go_on(reader: &Visitor) {
    let (x, y) = tile_at(LON, LAT, 14);
    assert!(!reader.tile("units", 14, x, y).await.ids("units").is_empty());
    let near = reader
        .json(&format!("/near?lon={LON}&lat={LAT}&layer=units&limit=4"))
        .await;
    assert_eq!(near["features"].as_array().map(Vec::len), Some(1), "{near}");
    let mut live = reader
        .live("layers=units&bbox=-111.1,32.1,-110.8,32.4")
        .await;
    live.until_tick().await;
    assert_eq!(live.held().ids("units"), ["u"]);
    live.until_tick().await;
}

/// What a server logs whose disk takes nothing any more.
const UNWRITABLE: [&str; 5] = [
    "cannot append",
    "cannot fold back",
    "cannot write a checkpoint",
    "cannot drop",
    "not-durable",
];

fn expect_log(city: &City, lines: &[&str]) {
    for line in lines {
        city.expect_log(line);
    }
}

async fn with_a_unit(city: &City) -> Visitor {
    let unit = point("u", LON, LAT, &json!({ "call_sign": "2A14" }));
    city.post("units", &unit).await;
    city.operator()
}

#[tokio::test]
async fn a_full_disk_refuses_events_serves_reads_and_takes_events_again() {
    let city = City::on_disk(CONFIG, |at| Disk::in_memory(at, 48)).await;
    let mut city = match city {
        Ok(city) => city,
        Err(why) => return skipped(&why),
    };
    expect_log(&city, &UNWRITABLE);
    expect_log(
        &city,
        &["the checkpoint is thrown away, and written anew when there is room"],
    );
    expect_log(&city, &["cannot note the address", "no control socket"]);
    let reader = with_a_unit(&city).await;
    let session = city.sign_in("operator").await;
    let ballast = city.data().join("ballast");
    fs::write(&ballast, vec![1; 12 << 20]).expect("room for it");
    let mut feed = Feed::of(&city);
    refused(&feed.until_refused().await, "the store's disk is full");
    unready(&city, "the store's disk is full").await;
    reads_go_on(&reader).await;
    session.get("/catalog").await.expect(200);
    feed.all_there(&reader).await;

    city.restart_unready();
    feed.reconnect(&city);
    // A start folds the log's last writes back, which may leave room for a few more.
    refused(&feed.until_refused().await, "the store's disk is full");
    unready(&city, "the store's disk is full").await;
    refused(&feed.post().await, "the store's disk is full");
    reads_go_on(&reader).await;
    feed.all_there(&reader).await;

    fs::remove_file(&ballast).expect("it was there");
    city.wait_ready().await;
    let before = feed.acknowledged.len();
    feed.post().await.expect(200);
    assert_eq!(feed.acknowledged.len(), before + 200);
    city.restart().await;
    feed.reconnect(&city);
    feed.all_there(&reader).await;
    feed.post().await.expect(200);
}

#[tokio::test]
async fn a_disk_that_breaks_under_the_server_is_said_and_loses_nothing() {
    let city = City::on_disk(CONFIG, Disk::breakable).await;
    let mut city = match city {
        Ok(city) => city,
        Err(why) => return skipped(&why),
    };
    expect_log(&city, &UNWRITABLE);
    let reader = with_a_unit(&city).await;
    let mut feed = Feed::of(&city);
    feed.post().await.expect(200);
    feed.all_there(&reader).await;
    city.disk().break_off();
    refused(
        &feed.until_refused().await,
        "a write to the store's disk failed",
    );
    unready(&city, "a write to the store's disk failed").await;
    reads_go_on(&reader).await;
    feed.all_there(&reader).await;

    city.kill9();
    city.disk().mend();
    city.restart().await;
    reads_go_on(&reader).await;
    feed.all_there(&reader).await;
    feed.post().await.expect(200);
}

/// Serves for half a minute at most.
fn serve(data: &str) -> Ran {
    atalaya_within(30, &["serve", "--listen", "127.0.0.1:0", "--data", data])
}

fn starts_not(ran: &Ran, parts: &[&str]) {
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    for part in parts {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[test]
fn a_directory_of_somebody_else_is_said_at_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("theirs");
    fs::create_dir(&data).expect("made");
    let path = data.to_str().expect("a plain name");
    // The folder can be entered, and not written.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).expect("set");
    match atalaya_as(
        NOBODY,
        &["serve", "--listen", "127.0.0.1:0", "--data", path],
    ) {
        Ok(ran) => starts_not(&ran, &[path, "cannot be written", "Permission denied"]),
        Err(why) => skipped(&why),
    }
    assert_eq!(fs::read_dir(&data).expect("there").count(), 0);
}

#[test]
fn a_disk_that_takes_no_writes_is_said_at_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let disk = match Disk::in_memory(&data, 16) {
        Ok(disk) => disk,
        Err(why) => return skipped(&why),
    };
    disk.read_only();
    let path = data.to_str().expect("a plain name");
    let ran = serve(path);
    starts_not(&ran, &[path, "cannot be written", "Read-only"]);
}

#[tokio::test]
async fn a_damaged_log_is_said_at_start_and_left_as_it_is() {
    let mut city = City::start().await;
    let mut feed = Feed::of(&city);
    for _ in 0..4 {
        feed.post().await.expect(200);
    }
    city.stop();
    // Whoever closes the log last moves all of it into its main file.
    city.command(&["check"]).ok();
    let log = city.data().join("main.db");
    let left = fs::metadata(city.data().join("main.db-wal"));
    assert_eq!(left.map_or(0, |file| file.len()), 0);
    let whole = fs::read(&log).expect("the log");
    let page = 4_096;
    let path = city.data().display().to_string();
    let damages: [(&str, Vec<u8>); 3] = [
        ("its first page", overwritten(&whole, 0, page)),
        (
            "its middle",
            overwritten(&whole, whole.len() / 2, 40 * page),
        ),
        ("its second half", whole[..whole.len() / 2].to_vec()),
    ];
    for (what, bytes) in damages {
        fs::write(&log, &bytes).expect("written");
        let ran = serve(&path);
        starts_not(&ran, &["main.db"]);
        let said = ["is damaged", "is not a store"];
        assert!(
            said.iter().any(|it| ran.stderr.contains(it)),
            "{what}: {}",
            ran.stderr
        );
        assert!(
            fs::read(&log).expect("the log") == bytes,
            "{what}: nothing is overwritten"
        );
    }
    fs::write(&log, whole).expect("written");
    city.restart().await;
    feed.all_there(&city.operator()).await;
}

fn overwritten(bytes: &[u8], from: usize, count: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[from..from + count].fill(0xa5);
    bytes
}
