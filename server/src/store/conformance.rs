//! What every store does, whatever it is made of.
//!
//! A case gets a function that opens one and the same store anew; the former one is dropped first.

use super::tests::sample::{
    Dice, after, assert_no_older, assert_same, camera, catalog, catalog_with, catalog_without,
    clock, fold, observed, seen, start,
};
use super::{Reader, Store, StoreError};
use atalaya_tiles::{Catalog, Event, LayerIx, Picture, Record, RingLimits, Seq, Steps};
use jiff::{SignedDuration, Timestamp};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Opens the store of a case.
pub(crate) type Open<'o> = &'o dyn Fn() -> Store;
/// A case: panics if the store does not conform.
pub(crate) type Case = fn(Open<'_>);

/// All cases by name.
pub(crate) const CASES: &[(&str, Case)] = &[
    ("a new store is empty", new_is_empty),
    (
        "what was appended is there after a reopen",
        appended_is_there,
    ),
    ("a batch out of order is refused whole", order_is_kept),
    (
        "records are read by position, time and layer",
        records_are_chosen,
    ),
    ("what was received is counted by time", received_are_counted),
    ("the newest of what was told is found", recent_are_found),
    ("a load is the fold of the log", load_is_fold),
    (
        "a load without a checkpoint is the fold of the log",
        load_needs_no_checkpoint,
    ),
    ("a failed checkpoint is made up for", removals_are_kept),
    ("the epoch stays over a reopen", epoch_stays),
    (
        "what the catalog does not know is left out",
        unknown_is_left_out,
    ),
    (
        "appends go on behind records that the catalog does not know",
        unknown_tail_is_passed,
    ),
    ("a layer that comes back is whole", layer_comes_back),
    (
        "a layer that comes back after a checkpoint without it is whole",
        layer_comes_back_late,
    ),
    ("a changed layer is folded anew", changed_is_folded_anew),
];

/// All records of a reader that these arguments choose.
pub(crate) fn read(
    reader: &mut Reader,
    after: Seq,
    until: Option<Timestamp>,
    layers: Option<&[LayerIx]>,
) -> Vec<Record> {
    let mut records = Vec::new();
    let visited = reader.records(after, until, layers, &mut |record| {
        records.push(record);
        ControlFlow::Continue(())
    });
    visited.unwrap();
    records
}

/// All records of a store.
pub(crate) fn read_all(store: &Store, catalog: &Arc<Catalog>) -> Vec<Record> {
    let mut reader = store.reader(Arc::clone(catalog)).unwrap();
    read(&mut reader, Seq(0), None, None)
}

thread_local! {
    /// Spans of how many seconds move into archives after every append; none if there are none.
    pub(crate) static ARCHIVED_BY_S: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Appends in batches of uneven size.
pub(crate) fn append(store: &Store, catalog: &Arc<Catalog>, log: &[Record]) {
    let mut writer = store.writer(Arc::clone(catalog)).unwrap();
    for batch in log.chunks(37) {
        writer.append(batch).unwrap();
    }
    drop(writer);
    if let Some(span_s) = ARCHIVED_BY_S.get() {
        super::tests::archive::archive_all(store, catalog, span_s);
    }
}

fn load(store: &Store, catalog: &Arc<Catalog>) -> Picture {
    store.load(catalog, RingLimits::default()).unwrap().picture
}

/// Brings the checkpoint to a picture.
pub(crate) fn checkpoint(store: &Store, picture: &mut Picture) {
    let view = picture.view();
    let mut checkpointer = store.checkpointer(Arc::clone(view.catalog())).unwrap();
    let removed = picture.take_removed();
    checkpointer.checkpoint(&view, &removed, None).unwrap();
}

fn new_is_empty(open: Open<'_>) {
    let (store, catalog) = (open(), catalog());
    assert_eq!(store.last_seq().unwrap(), Seq(0));
    assert_eq!(store.last_received_at().unwrap(), None);
    assert_eq!(read_all(&store, &catalog), []);
    assert_same(&load(&store, &catalog), &fold(&catalog, &[]));
}

fn appended_is_there(open: Open<'_>) {
    let catalog = catalog();
    let log = Dice(1).log(&catalog, 300, 60);
    let store = open();
    append(&store, &catalog, &log);
    assert_eq!(read_all(&store, &catalog), log);
    drop(store);
    let store = open();
    assert_eq!(read_all(&store, &catalog), log);
    let last = log.last().unwrap();
    assert_eq!(store.last_seq().unwrap(), last.seq);
    assert_eq!(store.last_received_at().unwrap(), Some(last.received_at));
}

fn order_is_kept(open: Open<'_>) {
    let (store, catalog) = (open(), catalog());
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    let record = |seq, seconds| camera(&catalog, seq, "a", after(seconds));
    writer.append(&[record(5, 100)]).unwrap();
    for batch in [
        [record(6, 100), record(6, 100)],
        [record(5, 100), record(7, 100)],
        [record(6, 100), record(7, 99)],
    ] {
        let refused = writer.append(&batch).unwrap_err();
        assert!(
            matches!(refused, StoreError::OutOfOrder { .. }),
            "{refused}"
        );
    }
    writer.append(&[record(6, 100), record(8, 101)]).unwrap();
    assert_eq!(writer.last_seq(), Seq(8));
    drop(writer);
    let seqs: Vec<u64> = read_all(&store, &catalog).iter().map(|r| r.seq.0).collect();
    assert_eq!(seqs, [5, 6, 8]);
}

fn records_are_chosen(open: Open<'_>) {
    let (store, catalog) = (open(), catalog());
    let log = Dice(2).log(&catalog, 5_000, 3);
    append(&store, &catalog, &log);
    let mut reader = store.reader(Arc::clone(&catalog)).unwrap();
    let layer = |name: &str| catalog.layer(name).unwrap();
    let middle = log[2_500].clone();
    let all: Vec<LayerIx> = catalog.layers().map(|(layer, _)| layer).collect();
    for layers in [
        vec![],
        vec![layer("reads")],
        vec![layer("hits"), layer("cameras")],
        all,
    ] {
        let wanted = log.iter().filter(|record| {
            let concerns = match &record.event {
                Event::Observed(observation) => layers.contains(&observation.layer),
                Event::Withdrawn { layer, .. } => layers.contains(layer),
                Event::Clock => true,
            };
            concerns && record.seq > Seq(99) && record.received_at <= middle.received_at
        });
        let wanted: Vec<Record> = wanted.cloned().collect();
        let until = Some(middle.received_at);
        assert_eq!(read(&mut reader, Seq(99), until, Some(&layers)), wanted);
    }
    assert_eq!(read(&mut reader, Seq(0), None, None), log);
    let mut visits = 0;
    let stopped = reader.records(Seq(0), None, None, &mut |_| {
        visits += 1;
        ControlFlow::Break(())
    });
    stopped.unwrap();
    assert_eq!(visits, 1);
    assert_eq!(
        reader.oldest_received(&[layer("hits")]).unwrap(),
        Some(log[0].received_at)
    );
}

/// The counts are those of a scan, wherever steps begin and however long they are.
fn received_are_counted(open: Open<'_>) {
    let (store, catalog) = (open(), catalog());
    let mut dice = Dice(9);
    let log = dice.log(&catalog, 3_000, 40);
    let mut reader = store.reader(Arc::clone(&catalog)).unwrap();
    let layers: Vec<LayerIx> = catalog.layers().map(|(layer, _)| layer).collect();
    let steps = |from, step_s, count| {
        Steps::new(after(from), SignedDuration::from_secs(step_s), count).unwrap()
    };
    let nothing = reader.received(&layers, &steps(0, 60, 10)).unwrap();
    assert_eq!(nothing, vec![vec![0; 10]; layers.len()]);
    append(&store, &catalog, &log);
    for steps in [
        steps(0, 60, 1_440),
        steps(-500, 7, 900),
        steps(20_000, 1, 1_440),
        steps(59_000, 86_400, 3),
        steps(9_000_000, 60, 5),
    ] {
        let mut wanted = vec![vec![0; steps.count()]; layers.len()];
        for record in &log {
            let layer = match &record.event {
                Event::Observed(observation) => observation.layer,
                Event::Withdrawn { layer, .. } => *layer,
                Event::Clock => continue,
            };
            let held = |at: &usize| {
                steps.start(*at) <= record.received_at && record.received_at < steps.start(at + 1)
            };
            if let Some(at) = (0..steps.count()).find(held) {
                wanted[layers.iter().position(|it| *it == layer).unwrap()][at] += 1;
            }
        }
        assert_eq!(reader.received(&layers, &steps).unwrap(), wanted);
    }
}

fn recent(reader: &mut Reader, limit: usize) -> Vec<Record> {
    let mut told = Vec::new();
    let visited = reader.recent_told(limit, &mut |record| told.push(record));
    visited.unwrap();
    told
}

fn recent_are_found(open: Open<'_>) {
    let (store, catalog) = (open(), catalog());
    let log = Dice(3).log(&catalog, 4_000, 3);
    append(&store, &catalog, &log);
    let told = log.iter().filter(|record| record.event != Event::Clock);
    let told: Vec<Record> = told.cloned().collect();
    let mut reader = store.reader(Arc::clone(&catalog)).unwrap();
    for limit in [0, 1, 100, 3_000, 10_000] {
        let from = told.len().saturating_sub(limit);
        assert_eq!(recent(&mut reader, limit), told[from..]);
    }
    // What the catalog does not know takes nobody's place.
    let less = catalog_without("hits");
    let mut reader = store.reader(Arc::clone(&less)).unwrap();
    let known = recent(&mut reader, 10_000);
    assert!(known.len() < told.len());
    for limit in [1, 100, 2_000] {
        let from = known.len() - limit;
        assert_eq!(recent(&mut reader, limit), known[from..]);
    }
}

/// Checkpoints and starts wherever the dice say, with strides from seconds to hours.
fn load_is_fold(open: Open<'_>) {
    let catalog = catalog();
    let mut dice = Dice(4);
    let mut log = dice.log(&catalog, 1_200, 300);
    let mut tail = dice.log(&catalog, 400, 9_000);
    let (seq, at) = log.last().map(|last| (last.seq, last.received_at)).unwrap();
    for record in &mut tail {
        record.seq = Seq(record.seq.0 + seq.0);
        record.received_at += at.duration_since(start());
    }
    log.append(&mut tail);
    let mut live = fold(&catalog, &[]);
    let mut done = 0;
    while done < log.len() {
        let store = open();
        let until = (done + 1 + usize::try_from(dice.roll(200)).unwrap()).min(log.len());
        append(&store, &catalog, &log[done..until]);
        let split = done + usize::try_from(dice.roll(200)).unwrap();
        live.apply(&log[done..split.clamp(done, until)]);
        if dice.roll(3) > 0 {
            checkpoint(&store, &mut live);
        }
        live.apply(&log[done..until]);
        done = until;
        drop(store);
        let loaded = load(&open(), &catalog);
        assert_same(&loaded, &fold(&catalog, &log[..done]));
        if dice.roll(2) == 0 {
            live = loaded;
        }
    }
}

fn load_needs_no_checkpoint(open: Open<'_>) {
    let (store, catalog) = (open(), catalog());
    let log = Dice(5).log(&catalog, 500, 600);
    append(&store, &catalog, &log);
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    assert_eq!((loaded.checkpoint, loaded.folded), (Seq(0), 500));
    assert_same(&loaded.picture, &fold(&catalog, &log));
}

/// A feature that left is taken out of the checkpoint, also if it came back in between.
fn removals_are_kept(open: Open<'_>) {
    let (store, catalog) = (open(), catalog());
    let layer = catalog.layer("cameras").unwrap();
    let withdrawn = |seq, id: &str| Record {
        seq: Seq(seq),
        received_at: after(2),
        event: Event::Withdrawn {
            layer,
            feature: id.into(),
            feed: "test".into(),
            at: None,
        },
    };
    let log = [
        camera(&catalog, 1, "a", after(1)),
        camera(&catalog, 2, "b", after(1)),
        withdrawn(3, "a"),
        withdrawn(4, "b"),
        camera(&catalog, 5, "b", after(3)),
        clock(6, after(4)),
    ];
    append(&store, &catalog, &log);
    let mut picture = fold(&catalog, &log[..2]);
    checkpoint(&store, &mut picture);
    picture.apply(&log);
    checkpoint(&store, &mut picture);
    let loaded = store.load(&catalog, RingLimits::default()).unwrap();
    assert_eq!(loaded.checkpoint, Seq(6));
    assert_same(&loaded.picture, &picture);
}

fn epoch_stays(open: Open<'_>) {
    let epoch = open().epoch().to_owned();
    assert!(epoch.len() >= 8 && !epoch.contains(':'));
    assert_eq!(open().epoch(), epoch);
}

fn unknown_is_left_out(open: Open<'_>) {
    let (store, whole, less) = (open(), catalog(), catalog_without("hits"));
    let log = [
        camera(&whole, 1, "a", after(1)),
        observed(&whole, "hits", 2, "h", after(1)),
        camera(&whole, 3, "b", after(1)),
    ];
    append(&store, &whole, &log);
    for kept in [false, true] {
        if kept {
            checkpoint(&store, &mut fold(&whole, &log));
        }
        let loaded = store.load(&less, RingLimits::default()).unwrap();
        assert_eq!(loaded.unknown.rows, 1);
        assert_eq!(loaded.picture.view().hot(Seq(0)).features.len(), 2);
    }
}

/// The picture stands where the log does, so that what comes next is behind it.
fn unknown_tail_is_passed(open: Open<'_>) {
    let (store, whole, less) = (open(), catalog(), catalog_without("hits"));
    let log = [
        camera(&whole, 1, "a", after(1)),
        observed(&whole, "hits", 7, "h", after(9)),
    ];
    append(&store, &whole, &log);
    for kept in [false, true] {
        if kept {
            checkpoint(&store, &mut fold(&less, &log[..1]));
        }
        let view = load(&store, &less).view();
        assert_eq!((view.seq(), view.clock()), (Seq(7), after(9)));
    }
    let mut writer = store.writer(Arc::clone(&less)).unwrap();
    let next = camera(&less, 8, "b", after(9));
    writer.append(std::slice::from_ref(&next)).unwrap();
    let loaded = load(&store, &less);
    assert_eq!(seen(&loaded.view(), "cameras").len(), 2);
}

/// A checkpoint under a catalog without a layer does not lose what the log has of it.
fn layer_comes_back(open: Open<'_>) {
    let (store, whole, less) = (open(), catalog(), catalog_without("hits"));
    let log = Dice(6).log(&whole, 200, 5);
    append(&store, &whole, &log);
    let mut picture = load(&store, &less);
    checkpoint(&store, &mut picture);
    let mut back = load(&store, &whole);
    let hits = |picture: &Picture| seen(&picture.view(), "hits");
    assert_eq!(hits(&back), hits(&fold(&whole, &log)));
    checkpoint(&store, &mut back);
    assert_eq!(hits(&load(&store, &whole)), hits(&back));
}

/// What was told of a layer between its last checkpoint and one without it is not forgotten.
fn layer_comes_back_late(open: Open<'_>) {
    let (store, whole, less) = (open(), catalog(), catalog_without("hits"));
    let log = Dice(8).log(&whole, 400, 5);
    append(&store, &whole, &log);
    checkpoint(&store, &mut fold(&whole, &log[..200]));
    checkpoint(&store, &mut load(&store, &less));
    let back = load(&store, &whole);
    assert_no_older(&back, &fold(&whole, &log));
}

/// Deadlines, fields and marks of a checkpoint are those of the catalog it was made under.
fn changed_is_folded_anew(open: Open<'_>) {
    let (store, before) = (open(), catalog());
    let log = Dice(9).log(&before, 600, 60);
    append(&store, &before, &log);
    let changed = [
        catalog_with("hits", |spec| spec.expire_after_s = 600),
        catalog_with("hits", |spec| spec.stale_after_s = 60),
        catalog_with("units", |spec| spec.stale_after_s = 60),
        catalog_with("units", |spec| spec.track = false),
        catalog_with("cameras", |spec| {
            spec.fields.remove("heading_deg");
        }),
        catalog_with("things", |spec| {
            if let Some(note) = spec.fields.get_mut("note") {
                note.clearance = None;
            }
        }),
        catalog_with("reads", |spec| spec.counted_resolution = 7),
    ];
    for after in changed {
        checkpoint(&store, &mut load(&store, &before));
        let loaded = load(&store, &after);
        assert_no_older(&loaded, &fold(&after, &read_all(&store, &after)));
        // There and back again.
        checkpoint(&store, &mut load(&store, &after));
        assert_no_older(&load(&store, &before), &fold(&before, &log));
    }
}
