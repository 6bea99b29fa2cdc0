//! What a full store costs: memory per feature, and a start.

use crate::gauge::{Used, now, say};
use atalaya_tests::{City, DOWNTOWN, collection, point};
use serde_json::json;

const STATE: u32 = 100_000;
const A_POST: u32 = 5_000;

pub(crate) async fn ask(mut city: City, sightings: u32) {
    let empty = Used::by(&city);
    fill(&city, "units", STATE, false).await;
    let with_state = Used::by(&city);
    fill(&city, "alpr_reads", sightings, true).await;
    let with_all = Used::by(&city);
    let each = |more: Used, less: Used, count: u32| {
        (more.resident_bytes - less.resident_bytes) / f64::from(count.max(1))
    };
    say(
        &format!("memory, {STATE} units: a feature"),
        &format!("{:.0} bytes", each(with_state, empty, STATE)),
    );
    say(
        &format!("memory, {sightings} reads: a sighting"),
        &format!("{:.0} bytes", each(with_all, with_state, sightings)),
    );
    city.kill9();
    started(&mut city, "after kill -9", sightings).await;
    city.stop();
    started(&mut city, "from a checkpoint of all", sightings).await;
    let fresh = Used::by(&city);
    say(
        "memory after that start, over an empty server",
        &format!(
            "{:.0} bytes a feature",
            each(fresh, empty, STATE + sightings)
        ),
    );
}

/// A start that folds all of the log: with fewer, so that it ends before the harness gives it up on a busy
/// machine.
pub(crate) async fn ask_without_checkpoint(mut city: City, sightings: u32) {
    fill(&city, "units", STATE, false).await;
    fill(&city, "alpr_reads", sightings, true).await;
    city.kill9();
    for suffix in ["", "-wal", "-shm"] {
        let file = city.data().join(format!("picture.db{suffix}"));
        std::fs::remove_file(&file).ok();
    }
    started(&mut city, "without a checkpoint", sightings).await;
}

async fn started(city: &mut City, from: &str, sightings: u32) {
    let began = now();
    city.restart().await;
    say(
        &format!("start {from}, with {STATE} units and {sightings} reads"),
        &format!(
            "{:.2} s, {:.2} s of processor time",
            now().duration_since(began).as_secs_f64(),
            Used::by(city).cpu_s
        ),
    );
}

/// Fills a layer: features all over the city, or reads of seven hundred cameras.
async fn fill(city: &City, layer: &str, count: u32, reads: bool) {
    let feed = city.bearer(&city.key(layer));
    let path = format!("/feeds/{layer}");
    for from in (0..count).step_by(A_POST as usize) {
        let features = (from..(from + A_POST).min(count)).map(|number| {
            let mixed = number.wrapping_mul(2_654_435_761);
            let (east, north) = (f64::from(mixed >> 16), f64::from(mixed & 0xFFFF));
            let lon = DOWNTOWN.0 + (east / 65_536.0 - 0.5) * 0.4;
            let lat = DOWNTOWN.1 + (north / 65_536.0 - 0.5) * 0.3;
            let properties = if reads {
                json!({ "plate": format!("ABC{:04}", mixed % 9_999), "camera": format!("c{}", mixed % 700), "confidence": 0.9 })
            } else {
                json!({ "call_sign": format!("U{number}"), "unit_kind": "patrol", "status": "free" })
            };
            point(&format!("{layer}-{number}"), lon, lat, &properties)
        });
        let body = collection(&features.collect::<Vec<_>>());
        feed.post(&path, &body).await.expect(200);
    }
}
