//! A small city for tests: a catalog with every kind of layer, and random logs of what happens there.
//!
//! Logs are made to be nasty: few ids, so that records meet; positions at cell borders, at the
//! antimeridian and at the poles; observations late, twice, out of order and from the future.

pub(crate) mod client;
pub(crate) mod model;
pub(crate) mod reading;

use crate::catalog::{
    Catalog, FieldSpec, FieldType, GeometryKind, LayerIx, LayerKind, LayerSpec, ShownAs,
};
use crate::cell::Cell;
use crate::event::{Event, Observation, Record, Seq};
use crate::feature::{FeatureId, Properties, Value};
use crate::picture::Picture;
use crate::place::{Bounds, LonLat};
use crate::tile::{TileCoord, column, world_x, world_y};
use crate::view::RingLimits;
use crate::viewer::{Clearances, LayerSet, Viewer};
use geo_types::{Geometry, LineString, Point, Polygon};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The layers that take events, by the positions that logs name.
pub(crate) const LAYERS: [&str; 9] = [
    "cameras",
    "units",
    "incidents",
    "alpr_hits",
    "alpr_reads",
    "areas",
    "closures",
    "tips",
    "informants",
];

pub(crate) fn field(kind: FieldType, clearance: Option<&str>) -> FieldSpec {
    FieldSpec {
        kind,
        clearance: clearance.map(Into::into),
        one_of: Vec::new(),
        range: None,
        always: None,
    }
}

pub(crate) fn layer(
    name: &str,
    kind: LayerKind,
    geometry: &[GeometryKind],
    fields: &[(&str, FieldType, Option<&str>)],
) -> LayerSpec {
    LayerSpec {
        name: name.into(),
        title: String::new(),
        kind,
        derived_from: None,
        track: false,
        geometry: geometry.to_vec(),
        shown_as: ShownAs::Points,
        zooms: [0, 22],
        fields: fields
            .iter()
            .map(|(name, kind, clearance)| ((*name).into(), field(*kind, *clearance)))
            .collect(),
        clearance: None,
        single_clearance: None,
        counted_resolution: 9,
        stale_after_s: 0,
        expire_after_s: 0,
        retain_days: 0,
        cap: 5_000,
        wall: None,
        search: None,
    }
}

/// The layers of the small city.
pub(crate) fn specs() -> Vec<LayerSpec> {
    use FieldType::{Integer, Number, Text};
    use GeometryKind::{Line, None as Nowhere, Point, Polygon};
    use LayerKind::{Derived, Sighting, State};
    let (cji, medical) = (Some("cji"), Some("medical"));
    let camera = [
        ("name", Text, None),
        ("heading_deg", Number, None),
        ("fov_deg", Number, None),
        ("range_m", Number, None),
        ("owner", Text, cji),
    ];
    let sector = [("name", Text, None), ("owner", Text, cji)];
    let of_cameras = |name: &str| LayerSpec {
        derived_from: Some("cameras".into()),
        ..layer(name, Derived, &[Polygon], &sector)
    };
    let plate = [("plate", Text, cji), ("count", Integer, None)];
    let notes = [("kind", Text, None), ("notes", Text, medical)];
    let name = [("name", Text, None)];
    vec![
        layer("cameras", State, &[Point], &camera),
        of_cameras("coverage"),
        LayerSpec {
            track: true,
            stale_after_s: 60,
            expire_after_s: 3_600,
            retain_days: 1,
            ..layer("units", State, &[Point], &name)
        },
        layer("incidents", State, &[Point, Nowhere], &notes),
        LayerSpec {
            expire_after_s: 7_200,
            ..layer("alpr_hits", State, &[Point], &plate)
        },
        LayerSpec {
            single_clearance: Some("cji".into()),
            retain_days: 1,
            shown_as: ShownAs::Cells,
            ..layer("alpr_reads", Sighting, &[Point], &plate)
        },
        layer("areas", State, &[Polygon, Line], &name),
        LayerSpec {
            retain_days: 1,
            track: true,
            ..layer("closures", State, &[Line, Point], &name)
        },
        LayerSpec {
            single_clearance: Some("cji".into()),
            ..layer("tips", State, &[Point, Polygon], &notes)
        },
        LayerSpec {
            clearance: Some("cji".into()),
            ..layer("informants", State, &[Point, Nowhere], &name)
        },
        layer("cells", Derived, &[Polygon], &[]),
    ]
}

pub(crate) fn catalog() -> Arc<Catalog> {
    Arc::new(Catalog::new(specs(), 6).unwrap())
}

/// A viewer of all layers with these clearances.
pub(crate) fn viewer(catalog: &Catalog, held: &[&str]) -> Viewer {
    Viewer {
        clearances: held.iter().fold(Clearances::NONE, |set, name| {
            set.with(catalog.clearance(name).unwrap())
        }),
        layers: LayerSet::ALL,
    }
}

/// One viewer of each kind, with the names of the clearances they hold.
pub(crate) fn viewers(catalog: &Catalog) -> Vec<(Vec<&'static str>, Viewer)> {
    let held = [vec![], vec!["cji"], vec!["medical"], vec!["cji", "medical"]];
    held.into_iter()
        .map(|names| (names.clone(), viewer(catalog, &names)))
        .collect()
}

pub(crate) fn at(lon: f64, lat: f64) -> LonLat {
    LonLat::new(lon, lat).unwrap()
}

/// The first instant of every log.
pub(crate) fn dawn() -> Timestamp {
    "2026-03-01T11:59:58.5Z".parse().unwrap()
}

pub(crate) fn after(seconds: i64) -> Timestamp {
    dawn() + SignedDuration::from_secs(seconds)
}

pub(crate) fn picture(catalog: &Arc<Catalog>) -> Picture {
    Picture::new(Arc::clone(catalog), RingLimits::default())
}

/// The picture of a log, folded in batches of a size, a tick after each.
pub(crate) fn folded(catalog: &Arc<Catalog>, log: &[Record], batch: usize) -> Picture {
    let mut picture = picture(catalog);
    for records in log.chunks(batch.max(1)) {
        picture.apply(records);
        picture.tick();
    }
    picture
}

/// The same, and packed after each batch: a log of a test is too short to come to that by itself.
pub(crate) fn folded_and_packed(catalog: &Arc<Catalog>, log: &[Record], batch: usize) -> Picture {
    let mut picture = picture(catalog);
    for records in log.chunks(batch.max(1)) {
        picture.apply(records);
        picture.pack();
        picture.tick();
    }
    picture
}

/// What a test tells about one observation.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) layer: &'static str,
    pub(crate) id: String,
    pub(crate) geometry: Option<Geometry<f64>>,
    /// Seconds after [`dawn`].
    pub(crate) observed_s: Option<i64>,
    pub(crate) fields: Vec<(&'static str, Value)>,
}

impl Told {
    pub(crate) fn event(&self, catalog: &Catalog) -> Event {
        let layer = catalog.layer(self.layer).unwrap();
        let spec = catalog.spec(layer);
        let pairs = self.fields.iter().cloned();
        Event::Observed(Observation {
            layer,
            feature: self.id.as_str().into(),
            feed: self.layer.into(),
            observed_at: self.observed_s.map(after),
            stale_at: None,
            expires_at: None,
            geometry: self.geometry.clone(),
            properties: Properties::new(
                pairs.filter_map(|(name, value)| Some((spec.field(name)?, value))),
            ),
        })
    }
}

pub(crate) fn point(lon: f64, lat: f64) -> Geometry<f64> {
    Geometry::Point(Point::new(lon, lat))
}

/// A record of a point feature, for tests by hand.
pub(crate) fn seen_at(
    catalog: &Catalog,
    (seq, received_s): (u64, i64),
    layer: &'static str,
    id: &str,
    (lon, lat): (f64, f64),
    observed_s: Option<i64>,
) -> Record {
    let told = Told {
        layer,
        id: id.into(),
        geometry: Some(point(lon, lat)),
        observed_s,
        fields: Vec::new(),
    };
    record(seq, received_s, told.event(catalog))
}

pub(crate) fn record(seq: u64, received_s: i64, event: Event) -> Record {
    Record {
        seq: Seq(seq),
        received_at: after(received_s),
        event,
    }
}

pub(crate) fn withdrawn(catalog: &Catalog, layer: &str, id: &str, at_s: Option<i64>) -> Event {
    Event::Withdrawn {
        layer: catalog.layer(layer).unwrap(),
        feature: id.into(),
        feed: layer.into(),
        at: at_s.map(after),
    }
}

/// Where things happen: in town, at the corner of a topic cell and of a tile, and where maps tear.
pub(crate) fn spots() -> Vec<LonLat> {
    let town = at(-110.97, 32.22);
    let mut spots = vec![
        town,
        at(-110.96, 32.23),
        at(0.0, 0.0),
        at(180.0, -17.0),
        at(-180.0, -17.0),
        at(179.999, -17.0),
        at(-112.5, 31.952_162_238_024_97),
        at(12.0, 90.0),
        at(-77.0, 89.95),
        at(40.0, -90.0),
        at(30.0, 85.051_2),
        at(25.0, -83.9),
    ];
    let (topic, counted) = (Cell::of(town, 6).unwrap(), Cell::of(town, 9).unwrap());
    spots.extend(topic.corners().into_iter().take(2));
    spots.extend(counted.corners().into_iter().take(2));
    spots
}

const OFFSETS: [f64; 8] = [0.0, 0.0, 1e-5, -2e-4, 1.5e-3, -4e-3, 2e-2, 0.4];

/// A position near one of the [`spots`].
pub(crate) fn place() -> impl Strategy<Value = LonLat> {
    let offset = || prop::sample::select(OFFSETS.to_vec());
    (prop::sample::select(spots()), offset(), offset()).prop_map(|(spot, lon, lat)| {
        let lon = spot.lon() + lon;
        let wrapped = if lon > 180.0 { lon - 360.0 } else { lon };
        at(
            wrapped.clamp(-180.0, 180.0),
            (spot.lat() + lat).clamp(-90.0, 90.0),
        )
    })
}

/// A box around a place: from a point to the globe, some over the antimeridian.
pub(crate) fn box_of_places() -> impl Strategy<Value = Bounds> {
    let size = || prop::sample::select(vec![0.0, 1e-4, 2e-3, 0.05, 1.0, 30.0, 200.0]);
    (place(), size(), size()).prop_map(|(place, lon, lat)| Bounds::of_point(place).grown(lon, lat))
}

/// A tile that shows a place, or one of its neighbours.
pub(crate) fn tile() -> impl Strategy<Value = TileCoord> {
    (place(), 0_u8..=22, 0_u32..3, 0_u32..3).prop_map(|(place, z, right, down)| {
        let last = (1_u32 << z) - 1;
        let near = |world: f64, step: u32| (column(world, z) + step).saturating_sub(1).min(last);
        let (x, y) = (world_x(place.lon()), world_y(place.lat()));
        TileCoord::new(z, near(x, right), near(y, down)).unwrap()
    })
}

/// A geometry of one of the kinds that a layer takes.
fn geometry(
    kinds: &[GeometryKind],
    place: LonLat,
    pick: usize,
    size: f64,
) -> Option<Geometry<f64>> {
    let here = (place.lon(), place.lat());
    let there = (
        (here.0 + size).clamp(-180.0, 180.0),
        (here.1 + size * 0.7).clamp(-90.0, 90.0),
    );
    match kinds[pick % kinds.len()] {
        GeometryKind::Point => Some(point(here.0, here.1)),
        GeometryKind::Line => Some(LineString::from(vec![here, there]).into()),
        GeometryKind::Polygon => {
            let ring = LineString::from(vec![here, (there.0, here.1), there, (here.0, there.1)]);
            Some(Polygon::new(ring, Vec::new()).into())
        }
        GeometryKind::None => None,
    }
}

/// Few values for every field, so that equal ones meet.
fn properties(spec: &LayerSpec, pick: u8) -> Properties {
    let pairs = spec.fields.iter().enumerate().map(|(at, (name, field))| {
        let pick = (pick >> (at % 4 * 2)) & 3;
        let value = match (name.as_str(), field.kind) {
            ("fov_deg", _) => Value::Number([60.0, 360.0, 0.0, 90.0][usize::from(pick)]),
            ("range_m", _) => Value::Number([50.0, 300.0, 300.0, 4_000.0][usize::from(pick)]),
            (_, FieldType::Number) => Value::Number(f64::from(pick) * 85.0),
            (_, FieldType::Integer) => Value::Integer(i64::from(pick)),
            _ => Value::Text(format!("v{pick}").into()),
        };
        (spec.field(name).unwrap(), value)
    });
    Properties::new(pairs)
}

/// One step of a random log, before it has a time and a seq.
#[derive(Debug, Clone)]
struct Step {
    gap_s: i64,
    layer: &'static str,
    id: u8,
    place: LonLat,
    size: f64,
    pick: (usize, u8),
    /// Seconds before it was received.
    age_s: Option<i64>,
    what: u8,
    lives_s: Option<i64>,
}

/// A step in one of these layers, with a feature of so many.
fn step(layers: &[&'static str], features: u8) -> impl Strategy<Value = Step> {
    let gap = prop::sample::select(vec![0, 0, 1, 5, 5, 30, 61, 900, 4_000, 30_000, 90_000]);
    let age = prop::sample::select(vec![0, 0, 0, 1, 1, 5, 40, 700, 50_000, -20, -5_000]);
    let size = prop::sample::select(vec![0.0, 1e-4, 1e-3, 0.02, 3.0, 70.0]);
    let lives = prop::option::weighted(0.15, prop::sample::select(vec![-5_i64, 0, 20, 2_000]));
    (
        (
            gap,
            prop::sample::select(layers.to_vec()),
            0..features,
            place(),
            size,
        ),
        (any::<usize>(), any::<u8>()),
        prop::option::weighted(0.8, age),
        0_u8..10,
        lives,
    )
        .prop_map(
            |((gap_s, layer, id, place, size), pick, age_s, what, lives_s)| Step {
                gap_s,
                layer,
                id,
                place,
                size,
                pick,
                age_s,
                what,
                lives_s,
            },
        )
}

impl Step {
    fn event(&self, catalog: &Catalog, now: Timestamp) -> Event {
        let layer = catalog.layer(self.layer).unwrap();
        let spec = catalog.spec(layer);
        let feature = FeatureId::from(format!("{}-{}", self.layer, self.id));
        let at = self.age_s.map(|age| now - SignedDuration::from_secs(age));
        match self.what {
            0 => Event::Clock,
            1 => Event::Withdrawn {
                layer,
                feature,
                feed: self.layer.into(),
                at,
            },
            _ => Event::Observed(Observation {
                layer,
                feature,
                feed: self.layer.into(),
                observed_at: at,
                stale_at: None,
                expires_at: self
                    .lives_s
                    .map(|lives| now + SignedDuration::from_secs(lives)),
                geometry: geometry(&spec.geometry, self.place, self.pick.0, self.size),
                properties: properties(spec, self.pick.1),
            }),
        }
    }
}

/// A random log of up to so many records.
pub(crate) fn log(most: usize) -> impl Strategy<Value = Vec<Record>> {
    log_of(step(&LAYERS, 4), most)
}

/// One of reads alone, of which there are many at a time.
pub(crate) fn log_of_reads(most: usize) -> impl Strategy<Value = Vec<Record>> {
    log_of(step(&["alpr_reads"], 64), most)
}

fn log_of(step: impl Strategy<Value = Step>, most: usize) -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(step, 1..most).prop_map(|steps| {
        let catalog = catalog();
        let mut now = dawn();
        let mut log: Vec<Record> = Vec::new();
        for (seq, step) in (1..).zip(&steps) {
            now += SignedDuration::from_secs(step.gap_s);
            // Some come word for word a second time.
            let event = match log.last() {
                Some(last) if step.what == 9 => last.event.clone(),
                _ => step.event(&catalog, now),
            };
            log.push(Record {
                seq: Seq(seq * 2),
                received_at: now,
                event,
            });
        }
        log
    })
}

/// Layers by name, for failure messages.
pub(crate) fn names(catalog: &Catalog) -> BTreeMap<LayerIx, &str> {
    catalog
        .layers()
        .map(|(layer, spec)| (layer, spec.name.as_str()))
        .collect()
}
