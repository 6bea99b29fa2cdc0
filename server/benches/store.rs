//! How many events a second become durable, and how long a start takes.
//!
//! `ATALAYA_BENCH_RECORDS` sets how long the log is that a start reads; 100,000 without it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark may fail loudly, and criterion's macros write no docs"
)]

use atalaya::store::{Embedded, Store, StoreOptions};
use atalaya_tiles::{Catalog, Event, LayerSpec, Observation, Properties, Record, Seq, Value};
use atalaya_tiles::{Picture, RingLimits};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use geo_types::point;
use jiff::{SignedDuration, Timestamp};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

#[derive(serde::Deserialize)]
struct Layers {
    layers: Vec<LayerSpec>,
}

fn catalog() -> Arc<Catalog> {
    let layers = include_str!("../src/config/layers.toml");
    let layers = toml::from_str::<Layers>(layers).unwrap().layers;
    Arc::new(Catalog::new(layers, 6).unwrap())
}

fn open(dir: &Path) -> Store {
    let options = StoreOptions {
        reserve_bytes: 0,
        ..StoreOptions::default()
    };
    Store::Embedded(Embedded::open(dir, options).unwrap())
}

/// A city's mix: seven plate reads, two fixes of units and one incident in ten.
fn record(catalog: &Catalog, seq: u64) -> Record {
    let mixed = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let share = |bits: u64| f64::from(u16::try_from(bits & 0xffff).unwrap()) / 65_536.0;
    let (layer, id) = match seq % 10 {
        0 => ("incidents", format!("P{:08}", seq % 50_000)),
        1 | 2 => ("units", format!("unit-{}", mixed % 2_000)),
        _ => ("alpr_reads", format!("read-{seq:012}")),
    };
    let layer = catalog.layer(layer).unwrap();
    let spec = catalog.spec(layer);
    let text = |name: &str, text: String| Some((spec.field(name)?, Value::Text(text.into())));
    let pairs = [
        text("plate", format!("ABC{}", mixed % 10_000)),
        text("camera", format!("camera-{}", mixed % 400)),
        text("call_sign", format!("2A{}", mixed % 90)),
        text("status", "on scene".to_owned()),
        text("type", "traffic hazard".to_owned()),
        text("address", format!("{} E Speedway Blvd", mixed % 9_000)),
        text("notes", "caller says that two lanes are blocked ".repeat(5)),
    ];
    let received_at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 20_000);
    let received_at = received_at + SignedDuration::from_millis(seq.cast_signed());
    Record {
        seq: Seq(seq),
        received_at,
        event: Event::Observed(Observation {
            layer,
            feature: id.into(),
            feed: "bench".into(),
            observed_at: Some(received_at - SignedDuration::from_millis(1_250)),
            stale_at: None,
            expires_at: None,
            geometry: Some(
                point!(x: -111.1 + share(mixed) / 2.0, y: 32.0 + share(mixed >> 16) / 2.0).into(),
            ),
            properties: Properties::new(pairs.into_iter().flatten()),
        }),
    }
}

fn batch(catalog: &Catalog, after: Seq, size: u64) -> Vec<Record> {
    (after.0 + 1..=after.0 + size)
        .map(|seq| record(catalog, seq))
        .collect()
}

fn append(c: &mut Criterion) {
    let catalog = catalog();
    let mut group = c.benchmark_group("how_fast_do_events_become_durable");
    group.sample_size(20);
    for size in [1, 64, 256, 1_024] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
        let mut tidy = store.checkpointer(Arc::clone(&catalog)).unwrap();
        let (mut made, mut tidied) = (Seq(0), Seq(0));
        group.throughput(Throughput::Elements(size));
        group.bench_function(format!("in_batches_of_{size}"), |b| {
            b.iter_batched(
                || {
                    if made.0 - tidied.0 > 50_000 {
                        tidy.tidy_wal().unwrap();
                        tidied = made;
                    }
                    let batch = batch(&catalog, made, size);
                    made = Seq(made.0 + size);
                    batch
                },
                |batch| writer.append(&batch).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn start(c: &mut Criterion) {
    let catalog = catalog();
    let count = std::env::var("ATALAYA_BENCH_RECORDS");
    let count: u64 = count.map_or(100_000, |count| count.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut writer = store.writer(Arc::clone(&catalog)).unwrap();
    while writer.last_seq().0 < count {
        let size = (count - writer.last_seq().0).min(4_096);
        writer
            .append(&batch(&catalog, writer.last_seq(), size))
            .unwrap();
    }
    drop(writer);
    let mut group = c.benchmark_group("how_long_does_a_start_take");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(count));
    group.bench_function("reading_the_log_alone", |b| {
        let mut reader = store.reader(Arc::clone(&catalog)).unwrap();
        b.iter(|| {
            let visit = &mut |_| ControlFlow::Continue(());
            reader.records(Seq(0), None, None, visit).unwrap();
        });
    });
    let load = || store.load(&catalog, RingLimits::default()).unwrap().picture;
    group.bench_function("without_a_checkpoint", |b| b.iter(load));
    checkpoint(&store, &mut load());
    group.bench_function("with_a_checkpoint", |b| b.iter(load));
    group.finish();
}

fn checkpoint(store: &Store, picture: &mut Picture) {
    let view = picture.view();
    let mut checkpointer = store.checkpointer(Arc::clone(view.catalog())).unwrap();
    let removed = picture.take_removed();
    checkpointer.checkpoint(&view, &removed, None).unwrap();
}

criterion_group!(benches, append, start);
criterion_main!(benches);
