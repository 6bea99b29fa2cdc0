//! A small catalog and records for it, out of dice.

use atalaya_tiles::{
    Bounds, Catalog, Event, FeatureId, FeedName, Hot, LayerSpec, Observation, Picture, Properties,
    Record, RingLimits, Seq, TileCoord, Value, View, Viewer,
};
use geo_types::{Geometry, LineString, Point, Polygon, point};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

const LAYERS: &str = r#"
    [[layers]]
    name = "cameras"
    kind = "state"
    geometry = ["point"]
    fields = { name = "text", heading_deg = "number", fov_deg = "number", range_m = "number" }
    [[layers]]
    name = "coverage"
    kind = "derived"
    derived_from = "cameras"
    geometry = ["polygon"]
    fields = { name = "text" }
    [[layers]]
    name = "hits"
    kind = "state"
    geometry = ["point"]
    stale_after_s = 900
    expire_after_s = 3600
    retain_days = 2
    fields = { plate = { type = "text", clearance = "cji" }, score = "number" }
    [[layers]]
    name = "units"
    kind = "state"
    track = true
    geometry = ["point"]
    retain_days = 30
    [[layers]]
    name = "things"
    kind = "state"
    geometry = ["point", "line", "polygon", "none"]
    [layers.fields]
    text = "text"
    whole = "integer"
    number = "number"
    yes = "boolean"
    at = "time"
    list = "list"
    note = { type = "text", clearance = "medical" }
    [[layers]]
    name = "reads"
    kind = "sighting"
    geometry = ["point"]
    retain_days = 2
    fields = { plate = { type = "text", clearance = "cji" } }
"#;

#[derive(serde::Deserialize)]
struct Layers {
    layers: Vec<LayerSpec>,
}

pub(crate) fn catalog() -> Arc<Catalog> {
    catalog_without("")
}

pub(crate) fn catalog_without(name: &str) -> Arc<Catalog> {
    let mut layers = toml::from_str::<Layers>(LAYERS).unwrap().layers;
    layers.retain(|spec| spec.name != name);
    Arc::new(Catalog::new(layers, 6).unwrap())
}

/// The catalog with a change to one layer.
pub(crate) fn catalog_with(name: &str, change: impl Fn(&mut LayerSpec)) -> Arc<Catalog> {
    let mut layers = toml::from_str::<Layers>(LAYERS).unwrap().layers;
    layers
        .iter_mut()
        .filter(|spec| spec.name == name)
        .for_each(change);
    Arc::new(Catalog::new(layers, 6).unwrap())
}

/// When the logs of the tests begin.
pub(crate) fn start() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

/// So many seconds later.
pub(crate) fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

/// Dice that always fall the same way (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `sides - 1`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.roll(1 << 32)).unwrap()) / f64::from(u32::MAX)
    }

    fn point(&mut self) -> Point<f64> {
        point!(x: -110.9 + self.share(), y: 32.1 + self.share())
    }

    fn geometry(&mut self, layer: &str) -> Option<Geometry<f64>> {
        if layer != "things" {
            return Some(self.point().into());
        }
        let (a, b, c) = (self.point(), self.point(), self.point());
        match self.roll(4) {
            0 => None,
            1 => Some(a.into()),
            2 => Some(LineString::from(vec![a, b, c]).into()),
            _ => Some(Polygon::new(LineString::from(vec![a, b, c]), vec![]).into()),
        }
    }

    fn properties(&mut self, catalog: &Catalog, layer: &str) -> Properties {
        let spec = catalog.spec(catalog.layer(layer).unwrap());
        let mut pairs = Vec::new();
        for name in spec.fields.keys() {
            use atalaya_tiles::catalog::FieldType as Kind;
            let field = spec.field(name).unwrap();
            let n = i64::try_from(self.roll(360)).unwrap();
            let value = match spec.fields[name].kind {
                Kind::Text => Value::Text(format!("\"{n}\"\n\\ü").into()),
                Kind::Integer => Value::Integer(n),
                Kind::Number => Value::Number(self.share() * 360.0),
                Kind::Boolean => Value::Boolean(n > 180),
                Kind::Time => Value::Time(after(n)),
                Kind::List => Value::List(Box::new([Value::Integer(n), Value::Time(after(n))])),
            };
            if self.roll(4) > 0 {
                pairs.push((field, value));
            }
        }
        Properties::new(pairs)
    }

    fn event(&mut self, catalog: &Catalog, received_at: Timestamp) -> Event {
        let layers = ["cameras", "hits", "units", "things", "reads", "reads"];
        let name = layers[usize::try_from(self.roll(6)).unwrap()];
        let layer = catalog.layer(name).unwrap();
        let feature = FeatureId::from(format!("{name}-{}", self.roll(9)));
        let feed = FeedName::from(format!("feed-{}", self.roll(3)));
        let told = received_at
            + SignedDuration::from_millis(500_000 - 1_000 * self.roll(1_000).cast_signed());
        // A fix that comes late changes the trail of a feature but not its seq, so that no
        // checkpoint after it can know: fixes come in order here.
        let told = (name != "units" && self.roll(3) > 0).then_some(told);
        match self.roll(12) {
            0 => Event::Clock,
            1 => Event::Withdrawn {
                layer,
                feature,
                feed,
                at: told,
            },
            _ => Event::Observed(Observation {
                layer,
                feature,
                feed,
                observed_at: told,
                stale_at: (self.roll(8) == 0).then_some(received_at),
                expires_at: (self.roll(8) == 0)
                    .then_some(received_at + SignedDuration::from_hours(1)),
                geometry: self.geometry(name),
                properties: self.properties(catalog, name),
            }),
        }
    }

    /// The start of a log. Time goes on by up to `stride_s` between two records.
    pub(crate) fn log(&mut self, catalog: &Catalog, count: u64, stride_s: u64) -> Vec<Record> {
        let (mut seq, mut seconds) = (0, 0);
        (0..count)
            .map(|_| {
                seq += 1 + self.roll(2);
                seconds += self.roll(stride_s).cast_signed();
                Record {
                    seq: Seq(seq),
                    received_at: after(seconds),
                    event: self.event(catalog, after(seconds)),
                }
            })
            .collect()
    }
}

/// A camera seen at a place of its own.
pub(crate) fn camera(catalog: &Catalog, seq: u64, id: &str, received_at: Timestamp) -> Record {
    observed(catalog, "cameras", seq, id, received_at)
}

pub(crate) fn observed(
    catalog: &Catalog,
    layer: &str,
    seq: u64,
    id: &str,
    received_at: Timestamp,
) -> Record {
    let mut dice = Dice(seq);
    Record {
        seq: Seq(seq),
        received_at,
        event: Event::Observed(Observation {
            layer: catalog.layer(layer).unwrap(),
            feature: id.into(),
            feed: "test".into(),
            observed_at: None,
            stale_at: None,
            expires_at: None,
            geometry: Some(dice.point().into()),
            properties: dice.properties(catalog, layer),
        }),
    }
}

pub(crate) fn clock(seq: u64, received_at: Timestamp) -> Record {
    Record {
        seq: Seq(seq),
        received_at,
        event: Event::Clock,
    }
}

/// The picture that a log folds to.
pub(crate) fn fold(catalog: &Arc<Catalog>, log: &[Record]) -> Picture {
    let mut picture = Picture::new(Arc::clone(catalog), RingLimits::default());
    picture.apply(log);
    picture
}

/// Tiles of the town, from the globe to a few streets.
const TILES: [(u8, u32, u32); 5] = [
    (0, 0, 0),
    (6, 12, 26),
    (9, 98, 207),
    (10, 197, 414),
    (12, 790, 1657),
];

/// Checks that two pictures are the same to everybody and to the next checkpoint.
pub(crate) fn assert_same(one: &Picture, other: &Picture) {
    assert_eq!(one.next_due(), other.next_due());
    let (one, other) = (one.view(), other.view());
    assert_eq!((one.seq(), one.clock()), (other.seq(), other.clock()));
    assert_eq!(sorted(&one.hot(Seq(0))), sorted(&other.hot(Seq(0))));
    for (layer, spec) in one.catalog().layers() {
        assert_eq!(seen(&one, &spec.name), seen(&other, &spec.name));
        let open = |view: &View, z, x, y| {
            let open = view.open_at(&Viewer::EVERYTHING, layer).unwrap();
            open.tile_seq(TileCoord::new(z, x, y).unwrap())
        };
        for (z, x, y) in TILES {
            assert_eq!(
                open(&one, z, x, y),
                open(&other, z, x, y),
                "{} {z}",
                spec.name
            );
        }
    }
}

/// Checks that a picture shows the same as another, and that no version of a tile is older.
pub(crate) fn assert_no_older(one: &Picture, than: &Picture) {
    assert_eq!(one.next_due(), than.next_due());
    let (one, than) = (one.view(), than.view());
    assert_eq!((one.seq(), one.clock()), (than.seq(), than.clock()));
    for (layer, spec) in one.catalog().layers() {
        assert_eq!(seen(&one, &spec.name), seen(&than, &spec.name));
        for (z, x, y) in TILES {
            let tile = TileCoord::new(z, x, y).unwrap();
            let seq = |view: &View| {
                view.open_at(&Viewer::EVERYTHING, layer)
                    .unwrap()
                    .tile_seq(tile)
            };
            assert!(seq(&one) >= seq(&than), "{} {tile}", spec.name);
        }
    }
}

fn sorted(hot: &Hot) -> (Vec<String>, Vec<String>, Vec<String>) {
    let text = |lines: &mut Vec<String>| {
        lines.sort();
        std::mem::take(lines)
    };
    let mut features = hot.features.iter().map(|f| format!("{f:?}")).collect();
    let mut tombs = hot.tombstones.iter().map(|t| format!("{t:?}")).collect();
    let mut marks = hot.marks.iter().map(|m| format!("{m:?}")).collect();
    (text(&mut features), text(&mut tombs), text(&mut marks))
}

/// The features of a layer as text.
pub(crate) fn seen(view: &View, layer: &str) -> Vec<String> {
    let open = view.open(&Viewer::EVERYTHING, layer).unwrap();
    let all = open.within(Bounds::WORLD, None);
    let line = |seen: &atalaya_tiles::Seen| {
        format!(
            "{} {} {:?} {} {:?} {} {:?} {} {:?}",
            seen.id(),
            seen.feed(),
            seen.geometry(),
            seen.observed_at(),
            seen.stale_at(),
            seen.is_stale(),
            seen.trail(),
            seen.seq(),
            seen.properties().collect::<Vec<_>>(),
        )
    };
    all.iter().map(line).collect()
}
