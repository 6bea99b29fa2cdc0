//! What does it cost that a unit moves? 100,000 units of the layer as the product has it, each with a trail and a time at which
//! it goes stale, beside 1,000,000 reads of number plates; 8,000 of the units move every second, some 150 metres each time.
//!
//! A commit has 80 updates, after each of which a view is published, and every 25th ends a tick, as the
//! writer does it at that rate. The figures are processor time of this thread, which folds and frees, and
//! of nothing else: the records are made beforehand. A reader that holds a view for a tick is there too.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use atalaya_tiles::{
    Catalog, Event, LayerIx, Observation, Picture, Properties, Record, RingLimits, Seq, Value, View,
};
use geo_types::Point;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;

const LAYERS: &str = r#"[
    {"name": "units", "kind": "state", "geometry": ["point"], "track": true, "stale_after_s": 60,
        "expire_after_s": 3600, "retain_days": 7,
        "fields": {"call_sign": "text", "agency": "text", "unit_kind": "text", "status": "text",
            "speed_mps": "number", "heading_deg": "number", "incident": "text"}},
    {"name": "reads", "kind": "sighting", "geometry": ["point"],
        "fields": {"plate": "text", "camera": "text", "confidence": "number"}}
]"#;

const UNITS: usize = 100_000;
const READS: usize = 1_000_000;
/// Updates between two views, and views between two ticks.
const A_COMMIT: usize = 80;
const A_TICK: usize = 25;
/// Updates of one measurement: ten seconds' worth.
const MEASURED: usize = 80_000;
/// How often it is measured.
const ROUNDS: usize = 5;

/// A linear congruential generator (Knuth's MMIX constants): shares from 0 to 1.
struct Shares(u64);

impl Shares {
    fn draw(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32).map_or(0.0, |high| f64::from(high) / f64::from(u32::MAX))
    }
}

/// Processor time of this process, which has one thread.
fn used() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let spent = stat.split(' ').next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(spent.unwrap_or_default())
}

/// Bytes in use by this process.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1);
    pages
        .and_then(|pages| pages.parse::<usize>().ok())
        .unwrap_or_default()
        * 4_096
}

struct City {
    picture: Picture,
    catalog: Arc<Catalog>,
    shares: Shares,
    places: Vec<Point<f64>>,
    /// What readers have: the newest view, and an older one.
    published: Arc<View>,
    held: Arc<View>,
    seq: u64,
    commits: usize,
}

impl City {
    fn new() -> Self {
        let specs = serde_json::from_str(LAYERS).expect("the layers are written above");
        let catalog = Arc::new(Catalog::new(specs, 6).expect("the layers are valid"));
        let picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
        let mut shares = Shares(1);
        let mut place =
            |_| Point::new(-111.15 + shares.draw() * 0.45, 32.05 + shares.draw() * 0.35);
        let places = (0..UNITS).map(&mut place).collect();
        Self {
            published: picture.view(),
            held: picture.view(),
            picture,
            catalog,
            shares,
            places,
            seq: 0,
            commits: 0,
        }
    }

    fn layer(&self, name: &str) -> LayerIx {
        self.catalog.layer(name).expect("a layer above")
    }

    fn record(
        &mut self,
        layer: LayerIx,
        id: &str,
        place: Point<f64>,
        values: &[(&str, Value)],
    ) -> Record {
        self.seq += 1;
        let spec = self.catalog.spec(layer);
        let pairs = values.iter().cloned();
        // 8,000 a second; a commit has one time.
        let commit = self.seq / A_COMMIT as u64 * 10;
        let after = SignedDuration::from_millis(i64::try_from(commit).unwrap_or(i64::MAX));
        Record {
            seq: Seq(self.seq),
            received_at: Timestamp::UNIX_EPOCH + after,
            event: Event::Observed(Observation {
                layer,
                feature: id.into(),
                feed: "a-feed".into(),
                observed_at: None,
                stale_at: None,
                expires_at: None,
                geometry: Some(place.into()),
                properties: pairs
                    .filter_map(|(name, value)| Some((spec.field(name)?, value)))
                    .collect::<Properties>(),
            }),
        }
    }

    /// A unit that drives on: most stay within sight of where they were.
    fn unit(&mut self, id: usize) -> Record {
        let (east, north) = (self.shares.draw() - 0.5, self.shares.draw() - 0.5);
        let (speed, heading) = (self.shares.draw() * 30.0, self.shares.draw() * 360.0);
        let from = self.places[id];
        self.places[id] = Point::new(from.x() + east * 0.004, from.y() + north * 0.003);
        let text = |text: String| Value::Text(text.into());
        let kind = ["patrol", "engine", "medic"][id % 3];
        let status = ["available", "en route", "on scene"][id % 7 % 3];
        let values = [
            ("call_sign", text(format!("unit {id}"))),
            ("agency", text("police".into())),
            ("unit_kind", text(kind.into())),
            ("status", text(status.into())),
            ("speed_mps", Value::Number((speed * 10.0).round() / 10.0)),
            ("heading_deg", Value::Number(heading.round())),
        ];
        let layer = self.layer("units");
        self.record(layer, &format!("unit-{id:07}"), self.places[id], &values)
    }

    fn read(&mut self, id: usize) -> Record {
        let camera = id * 7 % 700;
        let text = |text: String| Value::Text(text.into());
        let values = [
            ("plate", text(format!("PL{:05}", id * 7_919 % 300_000))),
            ("camera", text(format!("camera-{camera}"))),
            ("confidence", Value::Number(self.shares.draw())),
        ];
        let layer = self.layer("reads");
        self.record(
            layer,
            &format!("read-{id:07}"),
            self.places[camera],
            &values,
        )
    }

    /// Folds and publishes, as the writer does.
    fn commit(&mut self, records: &[Record]) {
        self.picture.apply(records);
        self.published = self.picture.view();
        self.commits += 1;
        if self.commits.is_multiple_of(A_TICK) {
            self.picture.tick();
            self.held = std::mem::replace(&mut self.published, self.picture.view());
        }
    }

    fn fill(&mut self) {
        for first in (0..READS).step_by(1_000) {
            let records: Vec<Record> = (first..first + 1_000).map(|id| self.read(id)).collect();
            self.commit(&records);
            while let Some(merge) = self.picture.next_merge() {
                self.picture.accept_merge(merge.run());
            }
        }
    }

    /// Units move in an order that is none; returns the processor time of each move.
    fn drive(&mut self, first: usize, count: usize) -> Duration {
        let mut spent = Duration::ZERO;
        for first in (first..first + count).step_by(A_COMMIT * A_TICK) {
            // Coprime to their number, so that each has its turn.
            let ids = (first..first + A_COMMIT * A_TICK).map(|at| at * 61_803 % UNITS);
            let records: Vec<Record> = ids.map(|id| self.unit(id)).collect();
            let before = used();
            for commit in records.chunks(A_COMMIT) {
                self.commit(commit);
            }
            spent += used().saturating_sub(before);
        }
        spent / u32::try_from(count).unwrap_or(u32::MAX)
    }
}

fn main() {
    let mut city = City::new();
    let before = resident();
    if std::env::args().all(|word| word != "alone") {
        city.fill();
    }
    println!(
        "{:>6} bytes a read",
        resident().saturating_sub(before) / READS
    );
    let before = resident();
    for first in (0..UNITS).step_by(10_000) {
        city.drive(first, 10_000);
    }
    println!(
        "{:>6} bytes a unit that came",
        resident().saturating_sub(before) / UNITS
    );
    let mut driven = UNITS;
    for _ in 0..ROUNDS {
        let spent = city.drive(driven, MEASURED);
        driven += MEASURED;
        println!(
            "{:>6} ns a move; {} bytes a unit",
            spent.as_nanos(),
            resident().saturating_sub(before) / UNITS
        );
    }
}
