//! A picture taken further is the fold from the beginning: for every step, layer and viewer.

use super::*;
use crate::engine::fold as fold_from_nothing;
use crate::store::conformance::{append, checkpoint};
use crate::store::tests::sample::{self, Dice, after, catalog, observed};
use crate::store::{Embedded, StoreOptions};
use atalaya_tiles::{
    Bounds, Clearances, Event, FeatureId, Seen, Steps, TileCoord, Topic, TopicDelta, Viewer,
};
use std::collections::BTreeMap;
use std::path::Path;

/// Pictures kept.
const PICTURES: usize = 3;

fn open(dir: &Path) -> Store {
    let options = StoreOptions {
        reserve_bytes: 0,
        ..StoreOptions::default()
    };
    Store::Embedded(Embedded::open(dir, options).unwrap())
}

/// A store with a log of some hours, and a clock long after.
pub(super) struct Past {
    store: Store,
    pub(super) catalog: Arc<Catalog>,
    clock: Clock,
    pub(super) history: History,
    records: Vec<Record>,
    _dir: tempfile::TempDir,
}

impl Past {
    pub(super) fn of(records: Vec<Record>, catalog: Arc<Catalog>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        append(&store, &catalog, &records);
        let last = records.last().unwrap().received_at;
        Self {
            store,
            catalog,
            clock: Clock::fixed(last + SignedDuration::from_mins(10)),
            history: History::new(PICTURES),
            records,
            _dir: dir,
        }
    }

    fn random(seed: u64) -> Self {
        let catalog = catalog();
        let records = Dice(seed).log(&catalog, 1_000, 45);
        Self::of(records, catalog)
    }

    pub(super) fn log(&self) -> Log<'_> {
        Log {
            store: &self.store,
            catalog: &self.catalog,
            clock: &self.clock,
        }
    }

    fn layers(&self) -> Vec<LayerIx> {
        let layers: Vec<LayerIx> = self.catalog.layers().map(|(layer, _)| layer).collect();
        sources(&self.catalog, &layers)
    }

    fn view_at(&self, at: Timestamp, layers: &[LayerIx]) -> Arc<View> {
        self.history.view_at(&self.log(), at, layers).unwrap()
    }

    fn afresh(&self, at: Timestamp, layers: &[LayerIx]) -> Arc<View> {
        let mut reader = self.store.reader(Arc::clone(&self.catalog)).unwrap();
        fold_from_nothing(&mut reader, &self.catalog, at, layers).unwrap()
    }
}

/// With every clearance, and with none.
pub(super) fn viewers() -> [Viewer; 2] {
    let uncleared = Viewer {
        clearances: Clearances::NONE,
        ..Viewer::EVERYTHING
    };
    [Viewer::EVERYTHING, uncleared]
}

fn line(seen: &Seen) -> String {
    format!(
        "{} {:?} {:?} {} {:?} {:?}",
        seen.id(),
        seen.geometry(),
        seen.observed_at(),
        seen.is_stale(),
        seen.trail(),
        seen.properties().collect::<Vec<_>>()
    )
}

/// All that a viewer can read of a view.
fn read(view: &View, viewer: &Viewer, layers: &[LayerIx]) -> Vec<String> {
    let mut lines = vec![format!("{} {}", view.seq(), view.clock())];
    for layer in layers {
        let Some(open) = view.open_at(viewer, *layer) else {
            continue;
        };
        let name = &open.spec().name;
        lines.extend(open.page(None, 10_000).iter().map(line));
        lines.push(format!("{name} {}", open.last_change()));
        lines.push(format!("{:?}", open.cells(Bounds::WORLD, 5, None)));
        for (z, x, y) in [(0, 0, 0), (6, 12, 26), (12, 790, 1_657)] {
            let tile = TileCoord::new(z, x, y).unwrap();
            lines.push(format!("{name} {z} {}", open.tile_seq(tile)));
        }
    }
    lines
}

#[test]
fn a_picture_taken_further_is_the_fold_from_the_beginning() {
    for seed in 1..3 {
        let past = Past::random(seed);
        let layers = past.layers();
        let mut dice = Dice(seed + 100);
        let span = i64::try_from(past.records.len()).unwrap() * 22;
        let mut at = 600;
        while at < span {
            let then = after(at);
            let (taken, afresh) = (past.view_at(then, &layers), past.afresh(then, &layers));
            for viewer in viewers() {
                let wanted = read(&afresh, &viewer, &layers);
                assert_eq!(
                    read(&taken, &viewer, &layers),
                    wanted,
                    "seed {seed} at {at}"
                );
            }
            // Mostly a step on; now and then far away, forwards or back.
            at = match dice.roll(12) {
                0 => 1 + dice.roll(u64::try_from(span).unwrap()).cast_signed(),
                1 => at + 7_200,
                _ => at + 1 + dice.roll(400).cast_signed(),
            };
            if dice.roll(90) == 0 {
                break;
            }
        }
    }
}

/// What a client holds that applies the differences from step to step, as `/past` gives them.
#[test]
fn differences_between_instants_lead_from_one_to_the_other_whatever_is_kept() {
    let past = Past::random(7);
    let layers = past.layers();
    for viewer in viewers() {
        let mut held: BTreeMap<(LayerIx, FeatureId), String> = BTreeMap::new();
        let mut before: Option<Arc<View>> = None;
        for at in (600..18_000).step_by(600) {
            let view = past.view_at(after(at), &layers);
            let afresh = past.afresh(after(at), &layers);
            let mut wanted = BTreeMap::new();
            for open in layers
                .iter()
                .filter_map(|layer| view.open_at(&viewer, *layer))
            {
                if open.spec().kind == LayerKind::Sighting {
                    continue;
                }
                let page = open.page(None, 10_000);
                wanted.extend(page.iter().map(|seen| (key(&open, seen), line(seen))));
                let Some(before) = &before else { continue };
                let was = before.open_at(&viewer, open.layer()).unwrap();
                let difference = open.difference(&was);
                let afresh = afresh.open_at(&viewer, open.layer()).unwrap();
                assert_eq!(told(&difference), told(&afresh.difference(&was)), "at {at}");
                for (topic, delta) in difference {
                    step(&mut held, &open, topic, delta);
                }
            }
            if before.replace(view).is_none() {
                held.clone_from(&wanted);
            }
            assert_eq!(held, wanted, "at {at}");
        }
    }
}

fn told(difference: &BTreeMap<Topic, TopicDelta>) -> Vec<String> {
    let told = difference.iter().map(|(topic, delta)| {
        let upserts: Vec<String> = delta.upserts.iter().map(line).collect();
        format!("{topic:?} {:?} {upserts:?}", delta.removes)
    });
    told.collect()
}

fn key(open: &atalaya_tiles::Open<'_>, seen: &Seen) -> (LayerIx, FeatureId) {
    (open.layer(), seen.feature_id())
}

/// Removals of all topics would have to come first; a feature that moved is in another topic now.
fn step(
    held: &mut BTreeMap<(LayerIx, FeatureId), String>,
    open: &atalaya_tiles::Open<'_>,
    topic: Topic,
    delta: TopicDelta,
) {
    for id in delta.removes {
        let moved = open.get(&id).is_some();
        assert!(
            moved || held.contains_key(&(open.layer(), id.clone())),
            "{topic:?}"
        );
        if !moved {
            held.remove(&(open.layer(), id));
        }
    }
    held.extend(
        delta
            .upserts
            .iter()
            .map(|seen| (key(open, seen), line(seen))),
    );
}

#[test]
fn going_on_costs_the_records_in_between_and_going_back_an_hour_at_most() {
    let past = Past::random(11);
    let layers = past.layers();
    let pictures = || lock(&past.history.kept).len();
    past.view_at(after(15_000), &layers);
    assert_eq!(pictures(), 2, "the one asked for and an anchor before it");
    for at in 0..40 {
        past.view_at(after(15_001 + at * 30), &layers);
    }
    assert_eq!(pictures(), 2, "what is taken further stays one picture");
    let anchor = |kept: &Kept| kept.anchor && kept.at == after(15_000) - NEAR;
    past.view_at(after(13_000), &layers);
    assert!(lock(&past.history.kept).iter().any(anchor), "anchors stay");
    for at in 0..40 {
        past.view_at(after(21_000 - at * 500), &layers);
    }
    assert!(pictures() <= PICTURES);
    let views = lock(&past.history.kept)
        .iter()
        .all(|kept| kept.views.len() <= 2 * PICTURES);
    assert!(views, "the views of a picture are bounded");
}

#[test]
fn fewer_layers_are_read_from_the_picture_of_more() {
    let past = Past::random(3);
    let layers = past.layers();
    let then = after(9_000);
    let all = past.view_at(then, &layers);
    let units = past.catalog.layer("units").unwrap();
    let ready = past.history.ready(&past.log(), then, &[units]).unwrap();
    assert!(Arc::ptr_eq(&ready.unwrap(), &all));
}

#[test]
fn what_is_not_settled_is_not_kept() {
    let past = Past::random(5);
    let layers = past.layers();
    let now = past.clock.now();
    past.view_at(now, &layers);
    assert!(
        past.history
            .ready(&past.log(), now, &layers)
            .unwrap()
            .is_none()
    );
    let catalog = Arc::clone(&past.catalog);
    let seq = past.records.last().unwrap().seq.0 + 1;
    append(
        &past.store,
        &catalog,
        &[observed(&catalog, "cameras", seq, "late", now)],
    );
    let view = past.view_at(now, &layers);
    let open = view.open(&Viewer::EVERYTHING, "cameras").unwrap();
    assert!(open.get(&"late".into()).is_some());
}

/// Days that have moved into archives, or are on the way, have the past that they had in the log.
#[test]
fn an_archived_day_is_the_same_past() {
    let catalog = catalog();
    let records = Dice(19).log(&catalog, 2_400, 300);
    let past = Past::of(records, catalog);
    let layers = past.layers();
    let steps = |step_s, count| Steps::new(after(-700), SignedDuration::from_secs(step_s), count);
    let steps = [steps(600, 700), steps(86_400, 6)].map(Option::unwrap);
    let told = || {
        let history = History::new(PICTURES);
        let mut lines = Vec::new();
        for at in (3_000..350_000).step_by(23_000) {
            let view = history.view_at(&past.log(), after(at), &layers).unwrap();
            for viewer in viewers() {
                lines.extend(read(&view, &viewer, &layers));
            }
        }
        let received =
            |steps| history.reading(&past.log(), |reader| Ok(reader.received(&layers, steps)?));
        let received = steps.each_ref().map(|steps| received(steps).unwrap());
        let kept = |layer: &LayerIx| {
            history
                .reading(&past.log(), |reader| Ok(reader.oldest_received(&[*layer])?))
                .unwrap()
        };
        let kept: Vec<_> = layers.iter().map(kept).collect();
        (lines, received, kept)
    };
    let [_, uncleared] = viewers();
    // Long, since it folds the log record by record.
    let noticed = || History::new(PICTURES).noticed(&past.log(), &uncleared, &layers, &steps[1]);
    let (before, counted) = (told(), noticed().unwrap());
    let archiver = past.store.archiver(Arc::clone(&past.catalog)).unwrap();
    let mut archiver = archiver.paced(9, 86_400).unchecked().hurried();
    let mut moved = 0;
    loop {
        let batch = archiver.archive(Timestamp::MAX).unwrap();
        moved += batch.moved;
        assert!(told() == before, "after {moved} have moved");
        if moved % 45 == 0 || !batch.more {
            assert_eq!(noticed().unwrap(), counted, "after {moved} have moved");
        }
        if !batch.more {
            break;
        }
    }
    assert!(moved > 1_000, "only {moved} have moved");
}

/// A picture from before the horizon would keep what retention has since deleted the withdrawal of.
#[test]
fn what_retention_overtook_is_neither_served_nor_taken_further() {
    let past = Past::random(13);
    let layers = past.layers();
    past.view_at(after(4_000), &layers);
    // Hits and reads are kept for two days.
    let now = after(6_000) + SignedDuration::from_hours(48);
    checkpoint(&past.store, &mut sample::fold(&past.catalog, &past.records));
    let mut retainer = past.store.retainer(Arc::clone(&past.catalog)).unwrap();
    while retainer.retain(now).unwrap().more {}
    let gone = past.history.ready(&past.log(), after(4_000), &layers);
    assert!(matches!(gone, Err(NoHistory::Outside { .. })), "{gone:?}");
    let later = past.records.last().unwrap().received_at;
    let (taken, afresh) = (past.view_at(later, &layers), past.afresh(later, &layers));
    for viewer in viewers() {
        assert_eq!(
            read(&taken, &viewer, &layers),
            read(&afresh, &viewer, &layers)
        );
    }
    let all_later = lock(&past.history.kept)
        .iter()
        .all(|kept| kept.at > after(4_000));
    assert!(all_later, "the picture from before is dropped");
}

#[test]
fn many_who_ask_at_once_get_the_same() {
    let past = Past::random(17);
    let layers = past.layers();
    std::thread::scope(|scope| {
        for wall in 0..6 {
            let (past, layers) = (&past, &layers);
            scope.spawn(move || {
                for at in 0..12 {
                    let then = after(8_000 + at * 60 + wall % 3);
                    let (taken, afresh) = (past.view_at(then, layers), past.afresh(then, layers));
                    let everything = Viewer::EVERYTHING;
                    assert_eq!(
                        read(&taken, &everything, layers),
                        read(&afresh, &everything, layers)
                    );
                }
            });
        }
    });
}

#[test]
fn a_clock_record_counts_as_the_last_one_too() {
    let catalog = catalog();
    let camera = observed(&catalog, "cameras", 1, "a", after(1));
    let clock = Record {
        seq: Seq(2),
        received_at: after(100),
        event: Event::Clock,
    };
    let past = Past::of(vec![camera, clock], catalog);
    let layers = past.layers();
    assert_eq!(past.view_at(after(99), &layers).seq(), Seq(1));
    assert_eq!(past.view_at(after(100), &layers).seq(), Seq(2));
}

#[test]
fn no_more_pictures_are_kept_than_the_configuration_says() {
    for pictures in [1, 2] {
        let mut past = Past::random(11);
        past.history = History::new(pictures);
        let layers = past.layers();
        for at in [4_000, 9_000, 14_000, 19_000] {
            past.view_at(after(at), &layers);
            assert!(lock(&past.history.kept).len() <= pictures);
        }
        assert_eq!(lock(&past.history.kept).len(), pictures);
        for at in 0..10 {
            past.view_at(after(19_001 + at), &layers);
        }
        let most = lock(&past.history.kept)
            .iter()
            .map(|kept| kept.views.len())
            .max();
        assert_eq!(most, Some(2 * pictures), "and twice as many views of each");
    }
}
