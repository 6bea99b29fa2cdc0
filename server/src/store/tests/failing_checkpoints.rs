//! Checkpoints that fail for long: what they have to remember is bounded, and the next one is whole.

use super::super::conformance::append;
use super::open;
use super::sample::{Dice, assert_same, catalog, fold};
use atalaya_tiles::{FeatureId, LayerIx, RingLimits, Seq};
use rusqlite::Connection;
use std::sync::Arc;

#[test]
fn after_more_removals_than_are_remembered_a_checkpoint_is_written_whole() {
    let (dir, catalog) = (tempfile::tempdir().unwrap(), catalog());
    let store = open(dir.path());
    let log = Dice(4).log(&catalog, 400, 20);
    append(&store, &catalog, &log);
    let mut picture = fold(&catalog, &log[..200]);
    let mut checkpointer = store.checkpointer(Arc::clone(&catalog)).unwrap();
    let view = picture.view();
    checkpointer
        .checkpoint(&view, &picture.take_removed(), None)
        .unwrap();
    let sql = |sql: &str| {
        let beside = Connection::open(dir.path().join("picture.db")).unwrap();
        beside.execute_batch(sql).unwrap();
    };
    sql("CREATE TRIGGER fails BEFORE INSERT ON checkpoint BEGIN SELECT RAISE(ABORT, 'no'); END");
    picture.apply(&log[200..]);
    let view = picture.view();
    let mut fails = |removed: &[(LayerIx, FeatureId)]| {
        let failed = checkpointer.checkpoint(&view, removed, None);
        assert!(failed.is_err());
        checkpointer.since()
    };
    let continued = fails(&picture.take_removed());
    assert!(continued > Seq(0));
    let layer = catalog.layer("units").unwrap();
    let gone = |n: u32| (layer, FeatureId::from(format!("gone {n}")));
    let many: Vec<_> = (0..262_145).map(gone).collect();
    assert_eq!(fails(&many), Seq(0));
    sql("DROP TRIGGER fails");
    checkpointer.checkpoint(&view, &[], None).unwrap();
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    assert_eq!(loaded.checkpoint, view.seq());
    assert_same(&loaded.picture, &fold(&catalog, &log));
}
