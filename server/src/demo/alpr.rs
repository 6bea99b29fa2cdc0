//! Plate readers: background reads, four a second, and hits that an operator confirms or dismisses.
//!
//! Every plate is of the form `SIM 4821`, which no state issues.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::chance::Chance;
use super::place::{Place, point};
use super::script::{Shown, Step, feature, instant};
use super::streets::Streets;

/// One read in each interval of this length, at a moment of its own.
const READ_EVERY_MS: u64 = 250;
const ACTOR: u64 = 0xA1B8;
/// Hits end with the cycle, this long before it.
const LAST_HIT_MS: u32 = 40 * 60_000;
const HIT_SHOWN_MS: u32 = 240_000;

/// The readers of the seed layer, in the order of their ids `sim-alpr-01`, `-02`, …
pub(super) const READERS: [(&str, &str); 26] = [
    ("Speedway Blvd", "Campbell Ave"),
    ("Speedway Blvd", "Kolb Rd"),
    ("Speedway Blvd", "Houghton Rd"),
    ("Speedway Blvd", "Silverbell Rd"),
    ("Broadway Blvd", "Alvernon Way"),
    ("Broadway Blvd", "Wilmot Rd"),
    ("Broadway Blvd", "Houghton Rd"),
    ("22nd St", "Alvernon Way"),
    ("22nd St", "Craycroft Rd"),
    ("22nd St", "Kolb Rd"),
    ("Golf Links Rd", "Swan Rd"),
    ("Golf Links Rd", "Houghton Rd"),
    ("Grant Rd", "Oracle Rd"),
    ("Grant Rd", "Swan Rd"),
    ("Grant Rd", "Silverbell Rd"),
    ("Miracle Mile", "Flowing Wells Rd"),
    ("Prince Rd", "1st Ave"),
    ("River Rd", "Oracle Rd"),
    ("River Rd", "Campbell Ave"),
    ("Valencia Rd", "12th Ave"),
    ("Valencia Rd", "Kolb Rd"),
    ("Irvington Rd", "Alvernon Way"),
    ("Ajo Way", "Mission Rd"),
    ("Tanque Verde Rd", "Sabino Canyon Rd"),
    ("Ina Rd", "Thornydale Rd"),
    ("Ajo Way", "Kino Pkwy"),
];

/// Why a plate is on a list, and which list.
const REASONS: [(&str, &str); 6] = [
    ("stolen vehicle", "NCIC stolen"),
    ("stolen vehicle", "NCIC stolen"),
    ("stolen plate", "NCIC plates"),
    ("missing person at risk", "Missing persons"),
    ("wanted in a felony case", "State warrants"),
    ("vehicle of an open robbery case", "Local BOLO"),
];

/// A plate reader.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub(super) camera: String,
    pub(super) place: Place,
}

/// The readers whose crossings these streets have.
pub(super) fn readers(streets: &Streets) -> Vec<Reader> {
    (1..)
        .zip(READERS)
        .filter_map(|(number, (one, other)): (u32, _)| {
            let node = streets.crossing(one, other)?;
            Some(Reader {
                camera: format!("sim-alpr-{number:02}"),
                place: streets.place(node),
            })
        })
        .collect()
}

/// The hits of a cycle: the first within seconds, then one every two minutes or so.
pub(super) fn hits(readers: &[Reader], chance: &mut Chance) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at_ms = 5_600;
    let mut number = 0_u32;
    while at_ms < LAST_HIT_MS {
        let (Some(reader), Some(reason)) = (chance.pick(readers), chance.pick(&REASONS)) else {
            break;
        };
        steps.extend(hit(number, at_ms, reader, *reason, chance));
        number += 1;
        at_ms += if number == 1 {
            21_000
        } else {
            chance.within(70_000, 160_000)
        };
    }
    steps
}

fn hit(
    number: u32,
    at_ms: u32,
    reader: &Reader,
    reason: (&str, &str),
    chance: &mut Chance,
) -> [Step; 3] {
    let id = format!("sim-hit-{number:02}");
    let plate = plate(chance);
    let (why, list) = reason;
    let state = |status: &str| {
        let properties = json!({ "plate": plate, "reason": why, "list": list, "status": status, "camera": reader.camera });
        Shown::new(point(reader.place), properties)
    };
    let judged_ms = at_ms + chance.within(18_000, 60_000);
    let verdict = if chance.part() < 0.6 {
        "confirmed"
    } else {
        "dismissed"
    };
    let gone_ms = if verdict == "confirmed" {
        at_ms + HIT_SHOWN_MS
    } else {
        judged_ms + 30_000
    };
    [
        Step::shown(at_ms, "alpr_hits", &id, state("unverified")),
        Step::shown(judged_ms, "alpr_hits", &id, state(verdict)),
        Step::withdrawn(gone_ms, "alpr_hits", &id),
    ]
}

fn plate(chance: &mut Chance) -> String {
    format!("SIM {:04}", chance.below(10_000))
}

/// The reads in `(after_ms, until_ms]` of scenario time, with the time of each.
pub(super) fn reads(
    seed: u64,
    readers: &[Reader],
    start: Timestamp,
    after_ms: u64,
    until_ms: u64,
) -> Vec<(u64, Value)> {
    let first = after_ms / READ_EVERY_MS;
    let last = until_ms / READ_EVERY_MS;
    (first..=last)
        .filter_map(|number| {
            let mut chance = Chance::fork(seed, ACTOR, number);
            let within_ms = u32::try_from(READ_EVERY_MS).unwrap_or(1);
            let at_ms = number * READ_EVERY_MS + u64::from(chance.below(within_ms));
            if at_ms <= after_ms || at_ms > until_ms {
                return None;
            }
            // Two draws and the lower: some readers see more traffic than others.
            let busy = chance.part() * chance.part();
            let index = super::legs::millis(busy * f64::from(u32::try_from(readers.len()).unwrap_or(0)) / 1000.0);
            let reader = readers.get(usize::try_from(index).unwrap_or(0))?;
            let confidence = (chance.between(0.82, 0.995) * 1000.0).round() / 1000.0;
            let properties = json!({ "plate": plate(&mut chance), "camera": reader.camera, "confidence": confidence });
            let id = format!("sim-read-{number}");
            Some((at_ms, feature(&id, point(reader.place), properties, instant(start, at_ms))))
        })
        .collect()
}
