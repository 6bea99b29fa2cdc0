//! How much memory does the picture take? 1,000,000 reads of number plates by 700 cameras, and 100,000
//! units of which each moved three times.
//!
//! Each line is what the process of its own grew by, as the kernel counts it: what is left out of a
//! line, and only that, is missing from its figure, so that the difference of two lines is the price
//! of a part. What was freed and not given back counts too.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use atalaya_tiles::{
    Catalog, Event, LayerIx, Observation, Picture, Properties, Record, RingLimits, Seq, Value,
};
use geo_types::Point;
use jiff::{SignedDuration, Timestamp};
use std::process::Command;
use std::sync::Arc;

const LAYERS: &str = r#"[
    {"name": "units", "kind": "state", "geometry": ["point"],
        "fields": {"call_sign": "text", "unit_kind": "text", "status": "text"}},
    {"name": "due_units", "kind": "state", "geometry": ["point"], "stale_after_s": 600, "track": true,
        "fields": {"call_sign": "text", "unit_kind": "text", "status": "text"}},
    {"name": "reads", "kind": "sighting", "geometry": ["point"],
        "fields": {"plate": "text", "camera": "text", "confidence": "number"}}
]"#;

/// What is measured: the layer, what its features have, and how many changes the ring keeps.
const CASES: [(&str, &str, bool, bool, usize); 9] = [
    ("reads", "reads", true, true, 500_000),
    ("reads without fields", "reads", true, false, 500_000),
    (
        "reads without place and fields",
        "reads",
        false,
        false,
        500_000,
    ),
    ("units that moved three times", "units", true, true, 500_000),
    ("units without ring", "units", true, true, 8),
    ("units without ring and fields", "units", true, false, 8),
    (
        "units without ring, place and fields",
        "units",
        false,
        false,
        8,
    ),
    (
        "units with trail and staleness",
        "due_units",
        true,
        true,
        500_000,
    ),
    ("the same without ring", "due_units", true, true, 8),
];

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

    fn place(&mut self) -> Point<f64> {
        Point::new(-111.15 + self.draw() * 0.45, 32.05 + self.draw() * 0.35)
    }
}

/// Bytes in use by this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4_096
}

struct City {
    picture: Picture,
    catalog: Arc<Catalog>,
    layer: LayerIx,
    shares: Shares,
    cameras: Vec<Point<f64>>,
    placed: bool,
    told: bool,
    seq: u64,
}

impl City {
    fn new(layer: &str, (placed, told): (bool, bool), changes: usize) -> Self {
        let specs = serde_json::from_str(LAYERS).expect("the layers are written above");
        let catalog = Arc::new(Catalog::new(specs, 6).expect("the layers are valid"));
        let limits = RingLimits {
            changes,
            ..RingLimits::default()
        };
        let mut shares = Shares(1);
        Self {
            picture: Picture::new(Arc::clone(&catalog), limits),
            layer: catalog.layer(layer).expect("a layer above"),
            catalog,
            cameras: (0..700).map(|_| shares.place()).collect(),
            shares,
            placed,
            told,
            seq: 0,
        }
    }

    fn record(&mut self, id: usize, texts: [(&str, String); 3]) -> Record {
        self.seq += 1;
        let spec = self.catalog.spec(self.layer);
        let of_camera = spec.field("camera").map(|_| self.cameras[id * 7 % 700]);
        let place = of_camera.unwrap_or_else(|| self.shares.place());
        let pairs = texts.into_iter().filter_map(|(name, text)| {
            let number = text.parse().ok().map(Value::Number);
            Some((
                spec.field(name)?,
                number.unwrap_or_else(|| Value::Text(text.into())),
            ))
        });
        let after = SignedDuration::from_millis(i64::try_from(self.seq).unwrap_or(i64::MAX));
        Record {
            seq: Seq(self.seq),
            received_at: Timestamp::UNIX_EPOCH + after,
            event: Event::Observed(Observation {
                layer: self.layer,
                feature: format!("feature-{id:07}").into(),
                feed: "a-feed".into(),
                observed_at: None,
                stale_at: None,
                expires_at: None,
                geometry: self.placed.then(|| place.into()),
                properties: Properties::new(pairs.filter(|_| self.told)),
            }),
        }
    }

    fn read(&mut self, id: usize) -> Record {
        let confidence = (self.shares.draw() * 100.0).round() / 100.0;
        self.record(
            id,
            [
                ("plate", format!("PL{:05}", id * 7_919 % 300_000)),
                ("camera", format!("camera-{}", id * 7 % 700)),
                ("confidence", confidence.to_string()),
            ],
        )
    }

    fn unit(&mut self, id: usize) -> Record {
        self.record(
            id,
            [
                ("call_sign", format!("unit {id}")),
                (
                    "unit_kind",
                    ["patrol", "ambulance", "engine"][id % 3].into(),
                ),
                (
                    "status",
                    ["available", "en route", "on scene"][id % 7 % 3].into(),
                ),
            ],
        )
    }

    fn apply(&mut self, ids: impl Iterator<Item = usize>, record: fn(&mut Self, usize) -> Record) {
        let records: Vec<Record> = ids.map(|id| record(self, id)).collect();
        self.picture.apply(&records);
        self.picture.tick();
        while let Some(merge) = self.picture.next_merge() {
            self.picture.accept_merge(merge.run());
        }
    }
}

/// Measures one case, alone in its process.
fn measure((name, layer, placed, told, changes): (&str, &str, bool, bool, usize)) {
    let mut city = City::new(layer, (placed, told), changes);
    let before = resident();
    let count = if layer == "reads" {
        for batch in 0..1_000 {
            city.apply(batch * 1_000..(batch + 1) * 1_000, City::read);
        }
        1_000_000
    } else {
        for batch in 0..400 {
            let first = batch * 1_000 % 100_000;
            city.apply(first..first + 1_000, City::unit);
        }
        100_000
    };
    let grown = resident().saturating_sub(before);
    println!("{:>6} bytes each: {name}", grown / count);
    drop(city);
}

fn main() {
    let own = std::env::args().find_map(|arg| arg.strip_prefix("case=")?.parse::<usize>().ok());
    if let Some(case) = own {
        measure(CASES[case]);
        return;
    }
    let program = std::env::current_exe().expect("a program that runs has a path");
    for case in 0..CASES.len() {
        let status = Command::new(&program).arg(format!("case={case}")).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "case {case} ends well"
        );
    }
}
