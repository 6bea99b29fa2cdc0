//! Disks that fail or stall, clocks that jump, threads that die.

use super::*;
use crate::store::fault::Fault;
use futures_util::future::{Either, select};

#[actix_web::test]
async fn what_cannot_be_stored_is_refused_and_never_visible() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    let before = tell(&engine, "units", &unit("4A21", -110.9, "busy")).await;
    engine.faults().set(Fault::Fails);
    let told = unit("4A22", -110.9, "busy");
    let refused = try_tell(&engine, "units", &told).await.unwrap_err();
    assert!(matches!(refused, AppendError::Store { .. }), "{refused}");
    assert!(engine.fault().is_some());
    let mut ticks = engine.ticks();
    ticks.changed().await.unwrap();
    ticks.changed().await.unwrap();
    assert_eq!(
        (engine.view().seq(), count(&engine, "units")),
        (before.seq, 1)
    );
    // Told again it is no duplicate, and it takes the place that the failure left.
    engine.faults().set(Fault::None);
    let receipt = tell(&engine, "units", &told).await;
    assert_eq!((receipt.accepted, receipt.seq), (1, Seq(before.seq.0 + 1)));
    assert!(engine.fault().is_none());
    assert!(
        engine
            .wait_until(|at| at >= receipt.seq, Duration::from_secs(5))
            .await
    );
    assert_eq!(count(&engine, "units"), 2);
}

#[actix_web::test]
async fn a_store_that_failed_is_tried_again_also_after_the_clock_was_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    engine.faults().set(Fault::Fails);
    let told = unit("4A21", -110.9, "busy");
    try_tell(&engine, "units", &told).await.unwrap_err();
    // One try at once, which fails; the next is due by the uptime.
    let mut ticks = engine.ticks();
    ticks.changed().await.unwrap();
    ticks.changed().await.unwrap();
    engine.faults().set(Fault::None);
    clock.jump(SignedDuration::from_hours(-1));
    clock.advance(SignedDuration::from_secs(3));
    eventually(&engine, || engine.fault().is_none()).await;
}

#[actix_web::test]
async fn nothing_is_visible_before_it_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path(), &clock());
    let faults = engine.faults();
    faults.set(Fault::Waits);
    let told = unit("4A21", -110.9, "busy");
    let telling = tell(&engine, "units", &told);
    let looking = async {
        let faults = engine.faults();
        let met = tokio::task::spawn_blocking(move || faults.wait_until_met());
        met.await.unwrap();
        // The append is under way, and whoever looks sees nothing of it.
        assert_eq!((engine.view().seq(), count(&engine, "units")), (Seq(0), 0));
        assert!(
            !engine
                .wait_until(|at| at >= Seq(1), Duration::from_millis(50))
                .await
        );
        faults_over(&engine);
    };
    let (receipt, ()) = futures_util::future::join(telling, looking).await;
    assert_eq!(receipt.accepted, 1);
    assert!(
        engine
            .wait_until(|at| at >= receipt.seq, Duration::from_secs(5))
            .await
    );
    assert_eq!(count(&engine, "units"), 1);
}

fn faults_over(engine: &Engine) {
    engine.faults().set(Fault::None);
}

#[actix_web::test]
async fn bytes_that_wait_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.limits.queue_bytes = 1_000;
    let engine = start_with(dir.path(), &clock(), &config);
    let admit = |feed: &str, bytes| engine.admit(&feed.into(), bytes);
    let first = admit("units", 600).unwrap();
    let refused = admit("units", 1).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("at most 1000 bytes may, and of one feed"),
        "{refused}"
    );
    let second = admit("incidents", 400).unwrap();
    assert!(admit("sites", 1).is_err());
    drop(first);
    assert!(
        admit("incidents", 300).is_err(),
        "it would hold more than it leaves"
    );
    let third = admit("units", 600).unwrap();
    drop((second, third));
    // One alone passes, and counts until the store has answered.
    let json = unit("4A21", -110.9, "busy");
    let large = admit("units", 5_000).unwrap();
    engine.faults().set(Fault::Waits);
    let telling = engine.append(events(&engine, "units", &json), large);
    let looking = async {
        let faults = engine.faults();
        let met = tokio::task::spawn_blocking(move || faults.wait_until_met());
        met.await.unwrap();
        assert!(admit("sites", 1).is_err());
        faults_over(&engine);
    };
    let (receipt, ()) = futures_util::future::join(telling, looking).await;
    receipt.unwrap();
    assert!(admit("units", 1_000).is_ok());
}

/// Units of a made-up body, so many of them.
fn body(from: usize, count: usize) -> String {
    let units = (from..from + count).map(|at| unit(&format!("u{at}"), -110.9, "free"));
    let units: Vec<String> = units.collect();
    format!(
        r#"{{"type":"FeatureCollection","features":[{}]}}"#,
        units.join(",")
    )
}

#[actix_web::test]
async fn a_feed_that_floods_delays_itself() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path(), &clock());
    engine.faults().set(Fault::Waits);
    let bodies: Vec<String> = (0..6).map(|at| body(at * 3_000, 3_000)).collect();
    let flood = futures_util::future::join_all(bodies.iter().map(|it| tell(&engine, "units", it)));
    let other = incident("i", "");
    let seldom = async {
        // The first of the flood is being written, and the rest waits before this comes.
        let faults = engine.faults();
        let met = tokio::task::spawn_blocking(move || faults.wait_until_met());
        met.await.unwrap();
        let told = std::pin::pin!(tell(&engine, "incidents", &other));
        let mut told = told;
        assert!(futures_util::poll!(&mut told).is_pending());
        faults_over(&engine);
        told.await
    };
    let (flood, seldom) = futures_util::future::join(flood, seldom).await;
    let before = flood.iter().filter(|body| body.seq < seldom.seq).count();
    // It waits for the group that is being written: as many bodies as fit in one, and no more.
    assert!(
        before <= 2,
        "{before} bodies went first: {flood:?}, {seldom:?}"
    );
    assert!(flood.is_sorted_by_key(|body| body.seq), "{flood:?}");
    assert_eq!(seldom.accepted, 1);
    assert!(flood.iter().all(|body| body.accepted == 3_000));
}

#[actix_web::test]
async fn a_clock_set_back_stops_neither_expiry_nor_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let engine = start(dir.path(), &clock);
    let receipt = tell(&engine, "units", &unit("4A21", -110.9, "busy")).await;
    clock.jump(SignedDuration::from_hours(-24));
    let told = unit("4A22", -110.9, "busy");
    tell(&engine, "units", &told).await;
    // Units leave after an hour, here at half speed.
    clock.advance(SignedDuration::from_mins(121));
    let expired = Seq(receipt.seq.0 + 2);
    assert!(
        engine
            .wait_until(|at| at >= expired, Duration::from_secs(20))
            .await
    );
    eventually(&engine, || count(&engine, "units") == 0).await;
    eventually(&engine, || {
        let file = std::fs::read(dir.path().join("picture.db-wal"));
        file.is_ok_and(|bytes| !bytes.is_empty())
    })
    .await;
}

#[actix_web::test]
async fn a_checkpoint_that_is_held_up_holds_up_no_tick() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path(), &clock());
    tell(&engine, "units", &unit("4A21", -110.9, "busy")).await;
    let held = rusqlite::Connection::open(dir.path().join("picture.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asking = futures_util::future::join_all((0..4).map(|_| engine.checkpoint()));
    let looking = async {
        let mut ticks = engine.ticks();
        for _ in 0..4 {
            ticks.changed().await.unwrap();
        }
    };
    // Which comes first, not when: nobody is answered before the lock is let go, or given up.
    let Either::Right(((), asking)) = select(asking, std::pin::pin!(looking)).await else {
        panic!("the ticks waited for the checkpoint");
    };
    held.execute_batch("ROLLBACK").unwrap();
    let asked = asking.await;
    assert!(asked.iter().all(Result::is_ok), "{asked:?}");
}

#[actix_web::test]
async fn a_writer_that_dies_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path(), &clock());
    engine.faults().set(Fault::Panics);
    let told = unit("4A21", -110.9, "busy");
    let refused = try_tell(&engine, "units", &told).await.unwrap_err();
    assert!(matches!(refused, AppendError::Stopped), "{refused}");
    let mut failed = engine.failed();
    let known = failed.wait_for(Option::is_some);
    let known = tokio::time::timeout(Duration::from_secs(5), known).await;
    assert_eq!(*known.unwrap().unwrap(), Some("writer"));
    assert!(try_tell(&engine, "units", &told).await.is_err());
    assert_eq!(count(&engine, "units"), 0);
}
