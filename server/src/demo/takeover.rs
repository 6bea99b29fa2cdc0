//! A street takeover that hops along 22nd Street: three junctions, then back to the first.
//!
//! What is reported is the junction: that nothing gets through, how sure that is, and why. Nothing about people or plates.

use serde_json::json;

use super::calls::{Call, Clear, TAKEOVER, at_node};
use super::incidents::unanswered;
use super::place::{Place, line, point};
use super::script::{Shown, Step};
use super::streets::{NodeIndex, Streets};

/// How far each blocked leg of the junction is drawn.
const LEG_M: f64 = 85.0;

/// First CAD number within the cycle for noise reports, past those of the calls.
const NOISE_SERIAL: u32 = 150;

/// The junctions, in the order in which the crowd reaches them.
const JUNCTIONS: [(&str, &str); 3] = [
    ("22nd St", "Alvernon Way"),
    ("22nd St", "Craycroft Rd"),
    ("22nd St", "Kolb Rd"),
];

/// Which junction, from when, until when, milliseconds.
const HOPS: [(usize, u32, u32); 4] = [
    (0, 12_000, 330_000),
    (1, 372_000, 720_000),
    (2, 775_000, 1_140_000),
    (0, 1_620_000, 1_960_000),
];

/// How the junction comes to be believed blocked: after how long, how sure, and on what evidence.
const SIGNS: [(u32, f64, &str); 6] = [
    (
        0,
        0.4,
        "signal controller: no vehicle left two approaches for 40 s",
    ),
    (9_000, 0.5, "camera: junction occupied, no through traffic"),
    (21_000, 0.6, "3 noise reports within 300 m"),
    (
        38_000,
        0.7,
        "ALPR cameras beyond the junction: reads fell by 80 %",
    ),
    (70_000, 0.8, "bus detour requested on 22nd St"),
    (105_000, 0.9, "first unit: junction blocked, all approaches"),
];

/// Where people call from: east and north of the junction in metres, seconds after the start, house number.
const NOISE: [(f64, f64, u32); 3] = [
    (160.0, 90.0, 6_000),
    (-120.0, -140.0, 14_000),
    (60.0, -210.0, 27_000),
];

/// One stay of the takeover at a junction.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) node: NodeIndex,
    pub(super) place: Place,
    pub(super) title: String,
    pub(super) from_ms: u32,
    pub(super) to_ms: u32,
}

/// The hops whose junctions these streets have.
pub(super) fn hops(streets: &Streets) -> Vec<Hop> {
    HOPS.iter()
        .filter_map(|(junction, from_ms, to_ms)| {
            let (one, other) = JUNCTIONS.get(*junction)?;
            let node = streets.crossing(one, other)?;
            Some(Hop {
                node,
                place: streets.place(node),
                title: streets.title(node),
                from_ms: *from_ms,
                to_ms: *to_ms,
            })
        })
        .collect()
}

/// The call that patrols answer at each junction.
pub(super) fn calls(streets: &Streets, hops: &[Hop]) -> Vec<Call> {
    hops.iter()
        .map(|hop| {
            at_node(
                streets,
                hop.from_ms + 18_000,
                &TAKEOVER,
                hop.node,
                Clear::At(hop.to_ms),
            )
        })
        .collect()
}

pub(super) fn steps(hops: &[Hop]) -> Vec<Step> {
    (0_u32..)
        .zip(hops)
        .flat_map(|(number, hop)| {
            [junction(number, hop), legs(number, hop), noise(number, hop)].concat()
        })
        .collect()
}

fn blockage(hop: &Hop, signs: usize, geometry: serde_json::Value) -> Shown {
    let seen = SIGNS.get(..signs).unwrap_or(&SIGNS);
    let evidence: Vec<&str> = seen.iter().map(|(_, _, text)| *text).collect();
    let confidence = seen.last().map_or(0.4, |(_, sure, _)| *sure);
    let properties = json!({ "cause": "takeover", "confidence": confidence, "evidence": evidence, "intersection": hop.title });
    Shown::new(geometry, properties).time("started_at", hop.from_ms)
}

fn junction(number: u32, hop: &Hop) -> Vec<Step> {
    let id = format!("sim-takeover-{number}");
    let mut steps: Vec<Step> = (1_usize..)
        .zip(SIGNS)
        .map(|(count, (after_ms, _, _))| {
            Step::shown(
                hop.from_ms + after_ms,
                "blockages",
                &id,
                blockage(hop, count, point(hop.place)),
            )
        })
        .collect();
    steps.push(Step::withdrawn(hop.to_ms, "blockages", &id));
    steps
}

/// The blocked legs as lines: first along 22nd Street, a while later across it.
fn legs(number: u32, hop: &Hop) -> Vec<Step> {
    [("along", 90.0, 21_000, 3), ("across", 0.0, 70_000, 5)]
        .into_iter()
        .flat_map(|(name, heading_deg, after_ms, signs)| {
            let id = format!("sim-takeover-{number}-{name}");
            let ends = [
                hop.place.toward(heading_deg + 180.0, LEG_M),
                hop.place,
                hop.place.toward(heading_deg, LEG_M),
            ];
            let shown = Step::shown(
                hop.from_ms + after_ms,
                "blockages",
                &id,
                blockage(hop, signs, line(&ends)),
            );
            [shown, Step::withdrawn(hop.to_ms, "blockages", &id)]
        })
        .collect()
}

fn noise(number: u32, hop: &Hop) -> Vec<Step> {
    (0_u32..)
        .zip(NOISE)
        .flat_map(|(caller, (east_m, north_m, after_ms))| {
            let id = format!("sim-inc-noise-{number}-{caller}");
            let at_ms = hop.from_ms + after_ms;
            let address = format!("near {}", hop.title);
            let state = |status: &str| {
                let properties =
                    unanswered("police", "Noise: engines and tyres", 5, status, &address);
                let place = hop.place.moved(east_m, north_m);
                Shown::new(point(place), properties)
                    .time("opened_at", at_ms)
                    .cad(NOISE_SERIAL + number * 3 + caller)
            };
            [
                Step::shown(at_ms, "incidents", &id, state("open")),
                Step::shown(hop.to_ms + 5_000, "incidents", &id, state("closed")),
                Step::withdrawn(hop.to_ms + 20_000, "incidents", &id),
            ]
        })
        .collect()
}
