//! The story as a function: a span of scenario time in, reports out.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::alpr::{self, Reader};
use super::calls;
use super::chance::Chance;
use super::crews::{Crew, ROSTER, UnitKind};
use super::dispatch;
use super::drone;
use super::incidents;
use super::legs::{Leg, Status, fix_at};
use super::march;
use super::outages;
use super::place::point;
use super::roadworks;
use super::script::{Step, feature, instant};
use super::streets::Streets;
use super::takeover;

/// The story repeats after this many seconds.
pub const CYCLE_S: u32 = 45 * 60;
const CYCLE_MS: u32 = CYCLE_S * 1000;

/// Each unit reports this often; 34 units make 22 reports a second.
const UNIT_EVERY_MS: u32 = 1_500;

/// When the seed layers' times are written for: a Friday, 19:00 in Tucson.
const WRITTEN_FOR: &str = "2026-10-17T02:00:00Z";

/// What one step of the scenario tells one feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The feed's name: `units`, `incidents`, `alpr_hits`, `alpr_reads`, `blockages`, `closures` or `cameras`.
    pub feed: &'static str,
    /// A `GeoJSON` Feature in the `geojson` adaptor's format, `observed_at` included.
    pub feature: Value,
}

/// One evening in the seed city, which repeats.
#[derive(Debug, Clone)]
pub struct Scenario {
    seed: u64,
    /// By time; told in every cycle.
    script: Vec<Step>,
    /// By time; told in the first cycle only.
    opening: Vec<Step>,
    units: Vec<Unit>,
    readers: Vec<Reader>,
}

/// One unit with its evening.
#[derive(Debug, Clone)]
struct Unit {
    id: String,
    call_sign: &'static str,
    kind: UnitKind,
    phase_ms: u32,
    legs: Vec<Leg>,
}

impl Scenario {
    /// Writes the evening. Actors whose streets are missing stay away.
    pub fn new(seed: u64, streets: &Streets) -> Self {
        let mut chance = Chance::new(seed);
        let hops = takeover::hops(streets);
        let mut all_calls = calls::of_a_cycle(streets, &mut chance);
        all_calls.extend(takeover::calls(streets, &hops));
        all_calls.extend(march::calls(streets));
        all_calls.sort_by_key(|call| call.opened_ms);
        let mut crews = crews(seed, streets, &mut chance);
        let answers = dispatch::play(streets, &all_calls, &mut crews, &mut chance);
        let readers = alpr::readers(streets);
        let flight = drone::legs(&hops, CYCLE_MS);
        let mut script = incidents::steps(&all_calls, &answers);
        script.extend(takeover::steps(&hops));
        script.extend(march::steps(streets));
        script.extend(roadworks::steps(streets));
        script.extend(alpr::hits(&readers, &mut chance));
        script.extend(drone::camera_steps(&flight, &hops));
        script.sort_by_key(|step| step.at_ms);
        let mut opening = incidents::seeded();
        opening.sort_by_key(|step| step.at_ms);
        Self {
            seed,
            script,
            opening,
            units: units(streets, crews, flight),
            readers,
        }
    }

    /// Adds outages among the cameras of the seed layer, a `FeatureCollection`; anything else adds none.
    #[must_use]
    pub fn with_cameras(mut self, cameras: &Value) -> Self {
        let features = cameras.get("features").and_then(Value::as_array);
        let mut chance = Chance::fork(self.seed, 0xCA, 0);
        self.script.extend(outages::steps(
            features.map_or(&[], Vec::as_slice),
            &mut chance,
        ));
        self.script.sort_by_key(|step| step.at_ms);
        self
    }

    /// Everything that is reported in `(from_s, to_s]` of scenario time, by time; scenario second 0 is `start`.
    pub fn between(&self, start: Timestamp, from_s: f64, to_s: f64) -> Vec<Report> {
        let (after_ms, until_ms) = (whole_ms(from_s), whole_ms(to_s));
        if until_ms <= after_ms {
            return Vec::new();
        }
        let mut timed = self.scripted(start, after_ms, until_ms);
        timed.extend(self.fixes(start, after_ms, until_ms));
        let reads = alpr::reads(self.seed, &self.readers, start, after_ms, until_ms);
        timed.extend(reads.into_iter().map(|(at_ms, feature)| {
            (
                at_ms,
                Report {
                    feed: "alpr_reads",
                    feature,
                },
            )
        }));
        timed.sort_by_key(|(at_ms, _)| *at_ms);
        timed.into_iter().map(|(_, report)| report).collect()
    }

    fn scripted(&self, start: Timestamp, after_ms: u64, until_ms: u64) -> Vec<(u64, Report)> {
        let length_ms = u64::from(CYCLE_MS);
        let mut timed = Vec::new();
        for cycle in (after_ms / length_ms)..=(until_ms / length_ms) {
            let cycle_ms = cycle * length_ms;
            let cycle_start = instant(start, cycle_ms);
            let only_once = if cycle == 0 {
                self.opening.as_slice()
            } else {
                &[]
            };
            for step in due(&self.script, cycle_ms, after_ms, until_ms)
                .chain(due(only_once, cycle_ms, after_ms, until_ms))
            {
                let report = Report {
                    feed: step.feed,
                    feature: step.feature(cycle, cycle_start),
                };
                timed.push((cycle_ms + u64::from(step.at_ms), report));
            }
        }
        timed
    }

    fn fixes(&self, start: Timestamp, after_ms: u64, until_ms: u64) -> Vec<(u64, Report)> {
        let every_ms = u64::from(UNIT_EVERY_MS);
        let mut timed = Vec::new();
        for unit in &self.units {
            let phase_ms = u64::from(unit.phase_ms);
            let first = (after_ms + every_ms - phase_ms) / every_ms;
            let mut at_ms = first * every_ms + phase_ms;
            while at_ms <= until_ms {
                if let Some(feature) = unit.feature(start, at_ms).filter(|_| at_ms > after_ms) {
                    timed.push((
                        at_ms,
                        Report {
                            feed: "units",
                            feature,
                        },
                    ));
                }
                at_ms += every_ms;
            }
        }
        timed
    }
}

impl Unit {
    fn feature(&self, start: Timestamp, at_ms: u64) -> Option<Value> {
        let local_ms = u32::try_from(at_ms % u64::from(CYCLE_MS)).ok()?;
        let fix = fix_at(&self.legs, local_ms)?;
        let fix = if matches!(self.kind, UnitKind::Drone | UnitKind::Tethered) {
            fix
        } else {
            fix.in_lane()
        };
        let properties = json!({
            "call_sign": self.call_sign,
            "agency": self.kind.agency(),
            "unit_kind": self.kind.text(),
            "status": fix.status.text(),
            "speed_mps": (fix.speed_mps * 10.0).round() / 10.0,
            "heading_deg": fix.heading_deg.round().rem_euclid(360.0),
        });
        Some(feature(
            &self.id,
            point(fix.place),
            properties,
            instant(start, at_ms),
        ))
    }
}

/// The steps of one cycle in `(after_ms, until_ms]` of scenario time.
fn due(
    script: &[Step],
    cycle_ms: u64,
    after_ms: u64,
    until_ms: u64,
) -> impl Iterator<Item = &Step> {
    let from = script.partition_point(|step| cycle_ms + u64::from(step.at_ms) <= after_ms);
    let to = script.partition_point(|step| cycle_ms + u64::from(step.at_ms) <= until_ms);
    script.get(from..to).unwrap_or_default().iter()
}

fn crews(seed: u64, streets: &Streets, chance: &mut Chance) -> Vec<Crew> {
    (0_u64..)
        .zip(ROSTER)
        .map(|(index, (call_sign, kind, one, other))| {
            let home = streets.crossing_or_any(one, other, chance);
            Crew::new(
                call_sign,
                kind,
                home,
                CYCLE_MS,
                Chance::fork(seed, 0xC4E3, index),
            )
        })
        .collect()
}

/// The crews, the drone and the mast, under the ids of the seed layer `units`.
fn units(streets: &Streets, crews: Vec<Crew>, flight: Vec<Leg>) -> Vec<Unit> {
    let driven = ROSTER
        .iter()
        .zip(crews)
        .map(|((call_sign, kind, _, _), crew)| (*call_sign, *kind, crew.legs));
    let mast = vec![Leg::stay(
        0,
        CYCLE_MS,
        drone::mast(streets),
        Status::OnScene,
    )];
    let flown = [
        ("UAV 1", UnitKind::Drone, flight),
        ("MAST 1", UnitKind::Tethered, mast),
    ];
    let count = u32::try_from(ROSTER.len() + flown.len()).unwrap_or(1);
    (0_u32..)
        .zip(driven.chain(flown))
        .map(|(index, (call_sign, kind, legs))| Unit {
            id: format!("sim-unit-{:02}", index + 1),
            call_sign,
            kind,
            phase_ms: index * UNIT_EVERY_MS / count,
            legs,
        })
        .collect()
}

/// Whole milliseconds of scenario time, rounded down; nothing is before second 0.
fn whole_ms(seconds: f64) -> u64 {
    let span = SignedDuration::try_from_secs_f64(seconds.max(0.0));
    span.ok()
        .and_then(|span| u64::try_from(span.as_millis()).ok())
        .unwrap_or(0)
}

/// A seed layer with every time in its properties moved from the evening it was written for to one that begins at `start`.
///
/// Texts that are not RFC 3339 instants stay as they are.
#[must_use]
pub fn shifted(mut layer: Value, start: Timestamp) -> Value {
    let Ok(written_for) = WRITTEN_FOR.parse::<Timestamp>() else {
        return layer;
    };
    let move_by = start.duration_since(written_for);
    let features = layer.get_mut("features").and_then(Value::as_array_mut);
    for properties in features
        .into_iter()
        .flatten()
        .filter_map(|feature| feature.get_mut("properties"))
    {
        for value in properties
            .as_object_mut()
            .into_iter()
            .flat_map(|fields| fields.values_mut())
        {
            let moved = value
                .as_str()
                .and_then(|text| text.parse::<Timestamp>().ok()?.checked_add(move_by).ok());
            if let Some(moved) = moved {
                *value = json!(super::script::written(moved));
            }
        }
    }
    layer
}
