use super::*;
use crate::catalog::{Catalog, LayerKind};
use crate::city::reading::everything;
use crate::city::{self, catalog, folded, viewers};
use crate::view::RingLimits;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::{BTreeMap, HashMap};

/// A store of checkpoints, as a shell keeps one: rows that are written over and deleted.
#[derive(Debug, Default)]
struct Store {
    features: BTreeMap<(LayerIx, FeatureId), HotFeature>,
    tombstones: BTreeMap<(LayerIx, FeatureId), Tombstone>,
    marks: HashMap<(LayerIx, u64), Seq>,
    /// Segments as bytes, in order.
    sealed: Vec<(LayerIx, Timestamp, Vec<u8>)>,
    at: Option<(Seq, Timestamp)>,
}

impl Store {
    fn checkpoint(&mut self, picture: &mut Picture) {
        let view = picture.view();
        for gone in picture.take_removed() {
            self.features.remove(&gone);
        }
        let hot = view.hot(self.at.map(|(seq, _)| seq).unwrap_or_default());
        for feature in hot.features {
            let key = (
                feature.observation.layer,
                feature.observation.feature.clone(),
            );
            self.features.insert(key, feature);
        }
        let tombstones = hot.tombstones.into_iter();
        self.tombstones
            .extend(tombstones.map(|(layer, id, tombstone)| ((layer, id), tombstone)));
        let sealed = hot.sealed.iter().flatten();
        let sealed = sealed.map(|it| (it.layer(), it.received_from(), it.to_bytes()));
        self.sealed = sealed.collect();
        let marks = hot.marks.into_iter();
        self.marks
            .extend(marks.map(|(layer, key, seq)| ((layer, key.to_bits()), seq)));
        self.at = Some((view.seq(), view.clock()));
    }

    /// A picture from the store and the log, which has the sightings too, unless what was sealed is taken.
    fn restore(&self, catalog: &Arc<Catalog>, log: &[Record], sealed: bool) -> Picture {
        let mut picture = Picture::new(Arc::clone(catalog), RingLimits::default());
        let Some((seq, clock)) = self.at else {
            return picture;
        };
        let of_log = log.iter().take_while(|record| record.seq <= seq && !sealed);
        for record in of_log {
            let of_sightings = |layer: LayerIx| catalog.spec(layer).kind == LayerKind::Sighting;
            match &record.event {
                Event::Observed(seen) if of_sightings(seen.layer) => {
                    picture.restore_sighting(record.clone());
                }
                Event::Withdrawn { layer, .. } if of_sightings(*layer) => {
                    picture.apply(std::slice::from_ref(record));
                }
                Event::Clock => {
                    picture.apply(std::slice::from_ref(record));
                }
                Event::Observed(_) | Event::Withdrawn { .. } => {}
            }
        }
        for feature in self.features.values() {
            picture.restore_feature(feature.clone().revived(catalog));
        }
        for ((layer, id), tombstone) in &self.tombstones {
            picture.restore_tombstone(*layer, id, *tombstone);
        }
        for ((layer, key), seq) in &self.marks {
            picture.restore_mark(*layer, MarkKey::from_bits(*key), *seq);
        }
        if sealed {
            for (layer, received_from, bytes) in &self.sealed {
                let sealed = Sealed::from_bytes(catalog, *layer, *received_from, bytes);
                picture.restore_sealed(sealed.unwrap());
            }
        }
        picture.restored(seq, clock);
        picture
    }
}

/// Checkpoints at the cuts, then a restart at the last of them and the rest of the log.
fn check(log: &[Record], cuts: &[prop::sample::Index]) {
    let catalog = catalog();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(log.len() + 1)).collect();
    cuts.sort_unstable();
    let (mut straight, mut store, mut done) = (city::picture(&catalog), Store::default(), 0);
    for cut in cuts {
        straight.apply(&log[done..cut]);
        store.checkpoint(&mut straight);
        done = cut;
    }
    let compare = |straight: &Picture, restored: &Picture| {
        assert_eq!(straight.next_due(), restored.next_due());
        for (_, viewer) in viewers(&catalog) {
            let (was, is) = (straight.view(), restored.view());
            assert_eq!(everything(&was, &viewer), everything(&is, &viewer));
        }
    };
    for sealed in [false, true] {
        let mut straight = straight.clone();
        let mut restored = store.restore(&catalog, log, sealed);
        compare(&straight, &restored);
        straight.apply(&log[done..]);
        restored.apply(log);
        compare(&straight, &restored);
    }
}

proptest! {
    #![proptest_config(Config::with_cases(24))]

    #[test]
    fn a_restored_picture_equals_the_fold_of_the_whole_log(
        log in city::log(60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        check(&log, &cuts);
    }
}

#[test]
fn a_restored_view_gives_no_deltas_from_before() {
    let catalog = catalog();
    let log: Vec<Record> = (1..=3)
        .map(|seq| city::seen_at(&catalog, (seq, 0), "units", "u", (0.0, 0.0), None))
        .collect();
    let mut store = Store::default();
    store.checkpoint(&mut folded(&catalog, &log, 1));
    let view = store.restore(&catalog, &log, false).view();
    assert!(!view.reaches(Seq(2)));
    assert!(view.reaches(Seq(3)));
    assert!(
        !view.reaches(Seq(4)),
        "what is not yet known cannot be reached"
    );
}

#[test]
fn what_a_field_is_always_is_there_whoever_left_it_out() {
    use crate::catalog::FieldType;
    use crate::feature::Value;
    let mut specs = city::specs();
    for spec in specs
        .iter_mut()
        .filter(|spec| ["cameras", "coverage", "alpr_reads"].contains(&spec.name.as_str()))
    {
        let mut always = city::field(FieldType::Boolean, None);
        always.always = Some(true);
        spec.fields.insert("view_only".into(), always);
    }
    let catalog = Arc::new(Catalog::new(specs, 6).unwrap());
    let told = |layer, id: &str, fields| city::Told {
        layer,
        id: id.into(),
        geometry: Some(city::point(-110.97, 32.22)),
        observed_s: Some(0),
        fields,
    };
    let looking = ["heading_deg", "fov_deg", "range_m"].map(|name| (name, Value::Number(60.0)));
    let log: Vec<Record> = [
        told("cameras", "c", looking.to_vec()),
        told("alpr_reads", "r", Vec::new()),
        // As an old log may have it, from when the field could be otherwise.
        told("cameras", "old", vec![("view_only", Value::Boolean(false))]),
    ]
    .iter()
    .zip(1..)
    .map(|(told, seq)| city::record(seq, 1, told.event(&catalog)))
    .collect();
    let mut straight = folded(&catalog, &log, 1);
    let mut store = Store::default();
    store.checkpoint(&mut straight);
    for hot in store.features.values_mut() {
        // As an old checkpoint has it.
        hot.observation.properties = crate::feature::Properties::default();
    }
    for view in [
        straight.view(),
        store.restore(&catalog, &log, false).view(),
        store.restore(&catalog, &log, true).view(),
    ] {
        for (layer, id) in [("cameras", "c"), ("cameras", "old"), ("alpr_reads", "r")] {
            let open = view
                .open(&crate::viewer::Viewer::EVERYTHING, layer)
                .unwrap();
            let seen = open.get(&id.into()).unwrap();
            let field = open.spec().field("view_only").unwrap();
            let value = seen.properties().find(|(at, _)| *at == field);
            assert!(
                format!("{value:?}").contains("true"),
                "{layer} {id}: {value:?}"
            );
        }
    }
    let view = straight.view();
    let coverage = view
        .open(&crate::viewer::Viewer::EVERYTHING, "coverage")
        .unwrap();
    let sector = coverage.get(&"c".into()).unwrap();
    let field = coverage.spec().field("view_only").unwrap();
    assert!(sector.properties().any(|(at, _)| at == field));
}
