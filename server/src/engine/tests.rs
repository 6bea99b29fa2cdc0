//! The engine from the outside: what is told is durable, visible and told once.

use super::*;
use crate::adaptor::{Input, decode};
use crate::store::{Embedded, StoreOptions};
use atalaya_tiles::{LonLat, Meters, Record, Viewer};
use jiff::{SignedDuration, Timestamp};
use std::path::Path;

const SMALL: StoreOptions = StoreOptions {
    reserve_bytes: 0,
    history_days: 30,
    archive_after_h: 24,
};

fn start(dir: &Path, clock: &Clock) -> Engine {
    start_with(dir, clock, &Config::default())
}

fn start_with(dir: &Path, clock: &Clock, config: &Config) -> Engine {
    let store = Store::Embedded(Embedded::open(dir, SMALL).unwrap());
    Engine::start(config, store, clock).unwrap()
}

fn clock() -> Clock {
    Clock::fixed("2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap())
}

fn events(engine: &Engine, feed: &str, json: &str) -> Vec<Event> {
    let (_, feed) = engine.feed(feed).unwrap();
    let input = Input {
        body: json.as_bytes(),
        content_type: None,
    };
    let decoded = decode(feed, engine.catalog(), &input).unwrap();
    assert!(decoded.rejects.is_empty(), "{:?}", decoded.rejects);
    decoded
        .events
        .into_iter()
        .map(|accepted| accepted.event)
        .collect()
}

fn unit(id: &str, lon: f64, status: &str) -> String {
    format!(
        r#"{{"type":"Feature","id":"{id}","geometry":{{"type":"Point","coordinates":[{lon},32.2]}},
        "properties":{{"call_sign":"{id}","status":"{status}"}}}}"#
    )
}

async fn try_tell(engine: &Engine, feed: &str, json: &str) -> Result<Appended, AppendError> {
    let admitted = engine.admit(&feed.into(), json.len())?;
    engine.append(events(engine, feed, json), admitted).await
}

async fn tell(engine: &Engine, feed: &str, json: &str) -> Appended {
    try_tell(engine, feed, json).await.unwrap()
}

/// Waits for ticks until something is so.
async fn eventually(engine: &Engine, what: impl Fn() -> bool) {
    let mut ticks = engine.ticks();
    let so = async {
        while !what() {
            ticks.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), so)
        .await
        .unwrap();
}

fn count(engine: &Engine, layer: &str) -> usize {
    engine
        .view()
        .open(&Viewer::EVERYTHING, layer)
        .unwrap()
        .count()
}

#[actix_web::test]
async fn what_is_acknowledged_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    let receipt = tell(&engine, "units", &unit("4A21", -110.9, "available")).await;
    assert_eq!((receipt.accepted, receipt.duplicates), (1, 0));
    assert!(
        engine
            .wait_until(|at| at >= receipt.seq, Duration::from_secs(5))
            .await
    );
    let epoch = engine.epoch().to_owned();
    drop(engine);
    let engine = start(dir.path(), &clock);
    assert_eq!(engine.epoch(), epoch);
    assert!(engine.view().seq() >= receipt.seq);
    assert_eq!(count(&engine, "units"), 1);
}

#[actix_web::test]
async fn the_same_thing_told_twice_counts_once_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    let told = unit("4A21", -110.9, "available");
    tell(&engine, "units", &told).await;
    assert_eq!(tell(&engine, "units", &told).await.duplicates, 1);
    drop(engine);
    let engine = start(dir.path(), &clock);
    assert_eq!(tell(&engine, "units", &told).await.duplicates, 1);
}

#[actix_web::test]
async fn free_busy_and_free_again_are_three_things() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path(), &clock());
    for status in ["available", "busy", "available"] {
        assert_eq!(
            tell(&engine, "units", &unit("4A21", -110.9, status))
                .await
                .accepted,
            1
        );
    }
}

#[actix_web::test]
async fn what_falls_due_leaves_by_a_record_of_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    let receipt = tell(&engine, "units", &unit("4A21", -110.9, "available")).await;
    clock.advance(SignedDuration::from_hours(2));
    assert!(
        engine
            .wait_until(|at| at >= Seq(receipt.seq.0 + 1), Duration::from_secs(20))
            .await
    );
    assert_eq!(count(&engine, "units"), 0);
}

#[actix_web::test]
async fn the_past_is_the_fold_of_what_was_received_by_then() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    tell(&engine, "units", &unit("4A21", -110.9, "available")).await;
    let then = clock.now();
    clock.advance(SignedDuration::from_secs(30));
    tell(&engine, "units", &unit("4A21", -110.8, "busy")).await;
    let units = engine.catalog().layer("units").unwrap();
    let past = engine.view_at(then, &[units]).unwrap();
    let open = past.open(&Viewer::EVERYTHING, "units").unwrap();
    let there = LonLat::new(-110.9, 32.2).unwrap();
    assert_eq!(open.nearest(there, Meters(10.0), 1).len(), 1);
    let before = then.checked_sub(SignedDuration::from_hours(1)).unwrap();
    assert!(matches!(
        engine.view_at(before, &[units]),
        Err(NoHistory::Outside { .. })
    ));
}

#[actix_web::test]
async fn many_producers_share_commits_and_each_gets_its_own_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path(), &clock());
    let stories: Vec<String> = (0..200)
        .map(|n| unit(&format!("u{n}"), -110.9, "busy"))
        .collect();
    let told = stories.iter().map(|story| tell(&engine, "units", story));
    let receipts = futures_util::future::join_all(told).await;
    assert!(receipts.iter().all(|receipt| receipt.accepted == 1));
    let last = receipts.iter().map(|receipt| receipt.seq).max().unwrap();
    assert!(
        engine
            .wait_until(|at| at >= last, Duration::from_secs(5))
            .await
    );
    assert_eq!(count(&engine, "units"), 200);
}

#[actix_web::test]
async fn what_follows_a_view_at_once_is_shown_before_the_next_tick() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    // Further away than this test waits.
    config.live.tick_ms = 600_000;
    let engine = start_with(dir.path(), &clock(), &config);
    for n in 0..20 {
        let told = tell(&engine, "units", &unit(&format!("u{n}"), -110.9, "free")).await;
        assert!(
            engine
                .wait_until(|at| at >= told.seq, Duration::from_secs(20))
                .await
        );
    }
}

fn incident(id: &str, more: &str) -> String {
    format!(
        r#"{{"type":"Feature","id":"{id}","geometry":{{"type":"Point","coordinates":[-110.9,32.2]}},
        "properties":{{"status":"open"{more}}}}}"#
    )
}

#[actix_web::test]
async fn what_was_withdrawn_may_be_told_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    let told = incident("i", "");
    tell(&engine, "incidents", &told).await;
    let taken_back = incident("i", r#","withdrawn":true"#);
    assert_eq!(tell(&engine, "incidents", &taken_back).await.accepted, 1);
    drop(engine);
    let engine = start(dir.path(), &clock);
    assert_eq!(tell(&engine, "incidents", &taken_back).await.duplicates, 1);
    // After the withdrawal, so that it is no late observation.
    clock.advance(SignedDuration::from_secs(1));
    let again = tell(&engine, "incidents", &told).await;
    assert_eq!((again.accepted, again.duplicates), (1, 0));
    assert!(
        engine
            .wait_until(|at| at >= again.seq, Duration::from_secs(5))
            .await
    );
    assert_eq!(count(&engine, "incidents"), 1);
}

#[actix_web::test]
async fn what_expired_may_be_told_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    let told = unit("4A21", -110.9, "available");
    let receipt = tell(&engine, "units", &told).await;
    clock.advance(SignedDuration::from_hours(2));
    let expired = Seq(receipt.seq.0 + 1);
    assert!(
        engine
            .wait_until(|at| at >= expired, Duration::from_secs(20))
            .await
    );
    drop(engine);
    let engine = start(dir.path(), &clock);
    assert_eq!(count(&engine, "units"), 0);
    let again = tell(&engine, "units", &told).await;
    assert_eq!((again.accepted, again.duplicates), (1, 0));
    assert!(
        engine
            .wait_until(|at| at >= again.seq, Duration::from_secs(5))
            .await
    );
    assert_eq!(count(&engine, "units"), 1);
}

#[actix_web::test]
async fn events_are_taken_behind_those_of_a_layer_that_is_no_longer_configured() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let with_lights: Config = toml::from_str(crate::config::EXAMPLE).unwrap();
    let engine = start_with(dir.path(), &clock, &with_lights);
    let last = tell(&engine, "units", &unit("4A21", -110.9, "available"))
        .await
        .seq;
    let lamp = r#"{"type":"Feature","id":"l","geometry":{"type":"Point","coordinates":[-110.9,32.2]},"properties":{}}"#;
    let lamp = events(&engine, "street_lights", lamp).remove(0);
    let catalog = Arc::clone(engine.catalog());
    drop(engine);
    // The process dies with it at the end of the log and in no checkpoint. It came later than the
    // clock will show: the log decides.
    let last = Seq(last.0 + 1);
    let store = Embedded::open(dir.path(), SMALL).unwrap();
    let told = Record {
        seq: last,
        received_at: clock.now() + SignedDuration::from_secs(5),
        event: lamp,
    };
    let mut writer = store.writer(catalog).unwrap();
    writer.append(std::slice::from_ref(&told)).unwrap();
    drop((writer, store));
    let engine = start(dir.path(), &clock);
    assert_eq!(engine.view().seq(), last);
    let told = unit("4A22", -110.9, "busy");
    let receipt = tell(&engine, "units", &told).await;
    assert_eq!((receipt.accepted, receipt.seq), (1, Seq(last.0 + 1)));
    // What is known already is at a position that is reached.
    let receipt = tell(&engine, "units", &told).await;
    assert!(
        engine
            .wait_until(|at| at >= receipt.seq, Duration::from_secs(5))
            .await
    );
    assert_eq!(count(&engine, "units"), 2);
}

#[actix_web::test]
async fn accepted_counts_from_the_start_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    tell(&engine, "units", &unit("4A21", -110.9, "available")).await;
    let report = |engine: &Engine| {
        let mut reports = engine.feed_reports(engine.clock().now());
        reports.retain(|report| report.name == "units");
        reports.remove(0)
    };
    assert_eq!(report(&engine).accepted_total, 1);
    drop(engine);
    let report = report(&start(dir.path(), &clock));
    assert_eq!(report.accepted_total, 0);
    assert_eq!(report.last_received_at, Some(clock.now()));
}

mod faults;

#[actix_web::test]
async fn what_was_received_is_counted_for_those_who_see_all_of_the_layer() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    let from = clock.now();
    tell(&engine, "units", &unit("4A21", -110.9, "available")).await;
    let view = engine.view();
    let uncleared = Viewer {
        clearances: atalaya_tiles::Clearances::NONE,
        ..Viewer::EVERYTHING
    };
    let open = |viewer, layer| view.open(viewer, layer).unwrap();
    let opened = [
        open(&Viewer::EVERYTHING, "incidents"),
        open(&uncleared, "incidents"),
        open(&uncleared, "units"),
    ];
    let steps = Steps::new(from, SignedDuration::from_mins(1), 1).unwrap();
    let received = engine.received(&opened, &steps).unwrap();
    assert_eq!(received, [Some(vec![0]), None, Some(vec![1])]);
}
