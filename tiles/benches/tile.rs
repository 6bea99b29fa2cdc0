//! How long does a tile take over a full city? 100,000 features that move and 1,000,000 sightings,
//! the same every time. Of each zoom far out, the dearest and the largest tile are printed.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use atalaya_tiles::{
    Bounds, Catalog, Event, LayerIx, Observation, Picture, Properties, Record, RingLimits, Seq,
    TileCoord, TileFormat::Mlt, TileLimits, TileRequest, Value, View, Viewer, encode_tile,
    encode_tile_as, encode_tile_by_reference, tile,
};
use criterion::{Criterion, criterion_group, criterion_main};
use geo_types::Point;
use jiff::Timestamp;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LAYERS: &str = r#"[
    {"name": "units", "kind": "state", "geometry": ["point"],
        "fields": {"call_sign": "text", "speed_mps": "number", "fixed_at": "time"}},
    {"name": "reads", "kind": "sighting", "geometry": ["point"], "fields": {
        "kind": "text", "ts": "integer", "severity": "integer", "heading": "integer", "label": "text"
    }}
]"#;

const WEST: f64 = -111.15;
const SOUTH: f64 = 32.05;
const EAST: f64 = -110.70;
const NORTH: f64 = 32.40;

/// A linear congruential generator (Knuth's MMIX constants): shares from 0 to 1.
struct Shares(u64);

impl Iterator for Shares {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32)
            .ok()
            .map(|high| f64::from(high) / f64::from(u32::MAX))
    }
}

/// What units and reads have; a layer takes those that are its own.
fn values(id: i64, share: f64) -> [(&'static str, Value); 7] {
    let kinds = ["camera", "alpr_hit", "blockage", "incident", "protest"];
    let mixed = id.wrapping_mul(0x9E37_79B9) & 0xFFFF_FFFF;
    let kind = usize::try_from(mixed % 5).map(|at| kinds[at]);
    [
        (
            "call_sign",
            Value::Text(format!("unit {}", id % 500).into()),
        ),
        ("speed_mps", Value::Number((share * 300.0).round() / 10.0)),
        ("kind", Value::Text(kind.unwrap_or_default().into())),
        ("ts", Value::Integer(1_767_225_600_000 + mixed * 6)),
        ("severity", Value::Integer(1 + mixed % 7)),
        ("heading", Value::Integer(mixed % 360)),
        ("label", Value::Text(format!("obs-{mixed:08x}").into())),
    ]
}

fn city() -> Arc<View> {
    let specs = serde_json::from_str(LAYERS).expect("the layers are written above");
    let catalog = Arc::new(Catalog::new(specs, 6).expect("the layers are valid"));
    let mut picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
    let mut shares = Shares(1);
    let mut share = || shares.next().unwrap_or_default();
    let mut seq = 0;
    for (layer, count) in [("units", 100_000), ("reads", 1_000_000)] {
        let layer = catalog.layer(layer).expect("a layer above");
        let spec = catalog.spec(layer);
        for batch in 0..count / 10_000 {
            let mut records = Vec::with_capacity(10_000);
            for at in 0..10_000 {
                seq += 1;
                let id = batch * 10_000 + at;
                let pairs = values(id, share()).into_iter();
                let place = Point::new(
                    WEST + share() * (EAST - WEST),
                    SOUTH + share() * (NORTH - SOUTH),
                );
                records.push(Record {
                    seq: Seq(seq),
                    received_at: Timestamp::UNIX_EPOCH,
                    event: Event::Observed(Observation {
                        layer,
                        feature: id.to_string().into(),
                        feed: "bench".into(),
                        observed_at: None,
                        stale_at: None,
                        expires_at: None,
                        geometry: Some(place.into()),
                        properties: Properties::new(
                            pairs.filter_map(|(name, value)| Some((spec.field(name)?, value))),
                        ),
                    }),
                });
            }
            picture.apply(&records);
        }
    }
    picture.view()
}

fn tile_of_downtown(z: u8) -> TileCoord {
    let x = tile::column(tile::world_x(-110.97), z);
    let y = tile::column(tile::world_y(32.22), z);
    TileCoord::new(z, x, y).expect("a column and a row of the zoom")
}

/// Every tile of a zoom that the city touches, or forty of them.
fn tiles_of_the_city(z: u8) -> Vec<TileCoord> {
    let bounds = Bounds::new(WEST, SOUTH, EAST, NORTH).expect("a box on the globe");
    let (columns, (top, bottom)) = tile::tiles_of(bounds, z);
    let columns = columns.into_iter().flat_map(|(west, east)| west..=east);
    let all = columns.flat_map(|x| (top..=bottom).map(move |y| TileCoord::new(z, x, y)));
    let all: Vec<_> = all.flatten().collect();
    let every = all.len().div_ceil(40);
    all.into_iter().step_by(every).collect()
}

/// Tiles far out: the dearest, each at the best of three, and the largest.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn far_out(view: &View, layers: &[LayerIx]) {
    println!("zoom  dearest     largest, of both layers");
    for z in 0..=12 {
        let (mut dearest, mut largest) = (Duration::ZERO, 0);
        for tile in tiles_of_the_city(z) {
            let request = TileRequest {
                layers,
                tile,
                window: None,
                limits: TileLimits::default(),
            };
            let best = (0..3).map(|_| {
                let began = Instant::now();
                let bytes = encode_tile(view, &Viewer::EVERYTHING, black_box(&request));
                largest = largest.max(bytes.expect("a tile that fits").len());
                began.elapsed()
            });
            dearest = dearest.max(best.min().unwrap_or_default());
        }
        let ms = dearest.as_secs_f64() * 1e3;
        println!("{z:>4}  {ms:>7.2} ms  {largest:>7} bytes");
    }
}

fn tiles(criterion: &mut Criterion) {
    let view = city();
    let layers: Vec<_> = view.catalog().layers().map(|(layer, _)| layer).collect();
    far_out(&view, &layers);
    let mut group = criterion.benchmark_group("how_long_does_a_tile_take");
    group.sample_size(20);
    for (name, asked) in [
        ("units", &layers[..1]),
        ("reads", &layers[1..2]),
        ("units_and_reads", &layers[..2]),
    ] {
        for z in [10, 12, 14, 16] {
            let request = TileRequest {
                layers: asked,
                tile: tile_of_downtown(z),
                window: None,
                limits: TileLimits::default(),
            };
            group.bench_function(format!("{name}_z{z}"), |bencher| {
                bencher.iter(|| encode_tile(&view, &Viewer::EVERYTHING, black_box(&request)));
            });
            group.bench_function(format!("{name}_z{z}_as_mlt"), |bencher| {
                let request = black_box(&request);
                bencher.iter(|| encode_tile_as(Mlt, &view, &Viewer::EVERYTHING, request));
            });
            group.bench_function(format!("{name}_z{z}_by_reference"), |bencher| {
                let request = black_box(&request);
                bencher.iter(|| encode_tile_by_reference(&view, &Viewer::EVERYTHING, request));
            });
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("how_long_does_within_take");
    group.sample_size(20);
    for name in ["units", "reads"] {
        let open = view.open(&Viewer::EVERYTHING, name).expect("a layer above");
        for z in [12, 14, 16] {
            let bounds: Bounds = tile_of_downtown(z).bounds();
            group.bench_function(format!("{name}_z{z}"), |bencher| {
                bencher.iter(|| open.within(black_box(bounds), None).len());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, tiles);
criterion_main!(benches);
