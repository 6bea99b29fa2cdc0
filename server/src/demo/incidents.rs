//! The feed `incidents`: every call from open to closed, and those that the seed layer has open when the scenario starts.

use serde_json::{Value, json};

use super::calls::Call;
use super::crews::UnitKind;
use super::dispatch::Answer;
use super::place::point;
use super::script::{Shown, Step};

/// A closed incident stays on the picture this long.
const CLOSED_SHOWN_MS: u32 = 15_000;

/// Open incidents of the seed layer (`sim-inc-seed-1`, …) and when each is closed, milliseconds.
const SEEDED_CLOSED_MS: [u32; 7] = [
    1_250_000, 150_000, 240_000, 420_000, 610_000, 1_700_000, 900_000,
];

pub(super) fn steps(calls: &[Call], answers: &[Answer]) -> Vec<Step> {
    let numbered = (1_u32..).zip(calls.iter().zip(answers));
    numbered
        .flat_map(|(serial, (call, answer))| told(serial, call, answer))
        .collect()
}

/// Closes what the seed layer opened; told in the first cycle only.
pub(super) fn seeded() -> Vec<Step> {
    let numbered = (1..).zip(SEEDED_CLOSED_MS);
    numbered
        .map(|(n, at_ms): (u32, u32)| {
            Step::withdrawn(at_ms, "incidents", &format!("sim-inc-seed-{n}")).lasting()
        })
        .collect()
}

fn told(serial: u32, call: &Call, answer: &Answer) -> Vec<Step> {
    let id = format!("sim-inc-{serial:03}");
    let shown = |at_ms: u32, status: &str| {
        Step::shown(at_ms, "incidents", &id, state(serial, call, status))
    };
    let on_scene_ms = answer.on_scene.filter(|at_ms| *at_ms < answer.closed);
    let mut steps = vec![shown(call.opened_ms, "open")];
    steps.extend(answer.enroute.map(|at_ms| shown(at_ms, "enroute")));
    steps.extend(on_scene_ms.map(|at_ms| shown(at_ms, "on_scene")));
    steps.push(shown(answer.closed, "closed"));
    steps.push(Step::withdrawn(
        answer.closed + CLOSED_SHOWN_MS,
        "incidents",
        &id,
    ));
    steps
}

fn state(serial: u32, call: &Call, status: &str) -> Shown {
    let kind = call.kind;
    let properties = json!({
        "agency": agency(kind.discipline),
        "discipline": kind.discipline,
        "type": kind.title,
        "priority": kind.priority,
        "status": status,
        "address": call.address,
    });
    Shown::new(point(call.place), properties)
        .time("opened_at", call.opened_ms)
        .cad(serial)
}

/// What an incident of one discipline carries besides its place; for actors that report without a call.
pub(super) fn unanswered(
    discipline: &str,
    title: &str,
    priority: u8,
    status: &str,
    address: &str,
) -> Value {
    json!({
        "agency": agency(discipline),
        "discipline": discipline,
        "type": title,
        "priority": priority,
        "status": status,
        "address": address,
    })
}

fn agency(discipline: &str) -> &'static str {
    match discipline {
        "fire" | "medical" => UnitKind::Engine.agency(),
        "alternative" => UnitKind::Alternative.agency(),
        _ => UnitKind::Patrol.agency(),
    }
}
