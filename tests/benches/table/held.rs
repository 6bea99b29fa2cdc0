//! What the core's own structures take, without a server around them: asked of this program in a process of its own, so
//! that nothing else is counted.

use crate::gauge::{median, resident};
use crate::sample::{EAST, NORTH, SOUTH, WEST, mixed, share};
use atalaya_tests::run;
use atalaya_tiles::{
    Catalog, Event, Observation, Picture, Properties, Record, RingLimits, Seq, Value,
};
use geo_types::Point;
use jiff::{SignedDuration, Timestamp};
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;

/// What this program is called with to hold features and say what they take.
pub(crate) const NAME: &str = "held";

const LAYERS: &str = r#"[
    {"name": "units", "kind": "state", "geometry": ["point"],
        "fields": {"call_sign": "text", "unit_kind": "text", "status": "text"}},
    {"name": "reads", "kind": "sighting", "geometry": ["point"],
        "fields": {"plate": "text", "camera": "text", "confidence": "number"}}
]"#;
const A_BATCH: u32 = 1_000;

/// Bytes that one of so many features of a layer takes: the median of as many processes, which the system gives memory in larger
/// pieces now and then.
///
/// # Panics
/// Where the process that holds them fails.
pub(crate) fn bytes_each(layer: &str, count: u32, rounds: u32) -> f64 {
    let own = std::env::current_exe().expect("a running program has a path");
    let each = (0..rounds).map(|_| {
        let ran = run(Command::new(&own).args([NAME, layer, &count.to_string()]));
        ran.ok().parse().expect("it says a number")
    });
    median(each.collect())
}

/// Holds them, and says what one takes.
pub(crate) fn hold(layer: &str, count: &str) {
    let count: u32 = count.parse().expect("a number of features");
    let specs = serde_json::from_str(LAYERS).expect("the layers are written above");
    let catalog = Arc::new(Catalog::new(specs, 6).expect("the layers are valid"));
    let mut picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
    let before = resident(std::process::id());
    for from in (0..count).step_by(A_BATCH as usize) {
        let some = from..(from + A_BATCH).min(count);
        let records: Vec<Record> = some.map(|number| record(&catalog, layer, number)).collect();
        picture.apply(&records);
        picture.tick();
        while let Some(merge) = picture.next_merge() {
            picture.accept_merge(merge.run());
        }
    }
    let each = (resident(std::process::id()) - before) / f64::from(count);
    let said = std::io::stdout().write_all(format!("{each}\n").as_bytes());
    said.expect("stdout is open");
    drop(picture);
}

fn record(catalog: &Catalog, layer: &str, number: u32) -> Record {
    let text = |text: String| Value::Text(text.into());
    let camera = mixed(number, 120) % 700;
    // A camera stands where it stands; a unit is anywhere.
    let placed = if layer == "reads" { camera } else { number };
    let place = Point::new(
        WEST + share(placed, 121) * (EAST - WEST),
        SOUTH + share(placed, 122) * (NORTH - SOUTH),
    );
    let layer = catalog.layer(layer).expect("a layer above");
    let spec = catalog.spec(layer);
    let pairs = [
        ("call_sign", text(format!("unit {number}"))),
        ("unit_kind", text("patrol".to_owned())),
        ("status", text("free".to_owned())),
        (
            "plate",
            text(format!("PL{:05}", mixed(number, 123) % 300_000)),
        ),
        ("camera", text(format!("camera-{camera}"))),
        (
            "confidence",
            Value::Number(f64::from(mixed(number, 124) % 100) / 100.0),
        ),
    ];
    let pairs = pairs.into_iter();
    let after = SignedDuration::from_millis(i64::from(number));
    Record {
        seq: Seq(u64::from(number) + 1),
        received_at: Timestamp::UNIX_EPOCH + after,
        event: Event::Observed(Observation {
            layer,
            feature: format!("feature-{number:07}").into(),
            feed: "a-feed".into(),
            observed_at: None,
            stale_at: None,
            expires_at: None,
            geometry: Some(place.into()),
            properties: Properties::new(
                pairs.filter_map(|(name, value)| Some((spec.field(name)?, value))),
            ),
        }),
    }
}
