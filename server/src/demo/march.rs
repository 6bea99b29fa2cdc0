//! A permitted march downtown, told as traffic: which block is closed now.
//!
//! The assembly is one incident of low priority that names the block. It carries no number of people,
//! no organiser and no cause, and nothing here follows a person.

use serde_json::json;

use super::calls::{Call, Clear, MARCH_TRAFFIC, at_node};
use super::incidents::unanswered;
use super::place::{Place, line, point};
use super::script::{Shown, Step};
use super::streets::Streets;

const FROM_MS: u32 = 40_000;
/// Walking pace with stops, metres a second.
const PACE_MPS: f64 = 0.7;
/// A block is closed this long before the march comes, and opened this long after it has left.
const AHEAD_MS: u32 = 60_000;
const BEHIND_MS: u32 = 120_000;
/// CAD number within the cycle.
const SERIAL: u32 = 190;

/// The corners of the route, from Armory Park to El Presidio Park.
const CORNERS: [(&str, &str); 8] = [
    ("12th St", "6th Ave"),
    ("Broadway Blvd", "6th Ave"),
    ("Congress St", "6th Ave"),
    ("Congress St", "Scott Ave"),
    ("Congress St", "Stone Ave"),
    ("Congress St", "Church Ave"),
    ("Pennington St", "Church Ave"),
    ("Alameda St", "Church Ave"),
];

/// One block of the route and when the march is on it, milliseconds.
struct Block {
    road: String,
    title: String,
    ends: [Place; 2],
    from_ms: u32,
    to_ms: u32,
}

/// The two patrols that hold traffic, for as long as the march lasts.
pub(super) fn calls(streets: &Streets) -> Vec<Call> {
    let until_ms = blocks(streets).last().map_or(0, |block| block.to_ms);
    let post = streets
        .crossing("Congress St", "6th Ave")
        .filter(|_| until_ms > 0);
    post.map(|node| {
        at_node(
            streets,
            FROM_MS - 10_000,
            &MARCH_TRAFFIC,
            node,
            Clear::At(until_ms),
        )
    })
    .into_iter()
    .collect()
}

pub(super) fn steps(streets: &Streets) -> Vec<Step> {
    let blocks = blocks(streets);
    let mut steps = assembly(&blocks);
    for (number, block) in (0_u32..).zip(&blocks) {
        steps.extend(closure(number, block));
    }
    steps
}

/// The blocks between corners that these streets have.
fn blocks(streets: &Streets) -> Vec<Block> {
    let corners: Vec<usize> = CORNERS
        .iter()
        .filter_map(|(one, other)| streets.crossing(one, other))
        .collect();
    let mut from_ms = FROM_MS;
    let mut blocks = Vec::new();
    for pair in corners.windows(2) {
        let (Some(a), Some(b)) = (pair.first(), pair.last()) else {
            continue;
        };
        let ends = [streets.place(*a), streets.place(*b)];
        let [start, end] = ends;
        let road = streets.shared(*a, *b).unwrap_or("route").to_owned();
        let to_ms = from_ms + super::legs::millis(start.distance_m(end) / PACE_MPS);
        blocks.push(Block {
            title: streets.stretch(&road, *a, *b),
            road,
            ends,
            from_ms,
            to_ms,
        });
        from_ms = to_ms;
    }
    blocks
}

fn assembly(blocks: &[Block]) -> Vec<Step> {
    let id = "sim-inc-assembly";
    let mut steps: Vec<Step> = blocks
        .iter()
        .map(|block| {
            let [start, end] = block.ends;
            let properties = unanswered("police", "Assembly", 9, "on_scene", &block.title);
            let shown = Shown::new(point(start.mix(end, 0.5)), properties)
                .time("opened_at", FROM_MS)
                .cad(SERIAL);
            Step::shown(block.from_ms, "incidents", id, shown)
        })
        .collect();
    steps.extend(
        blocks
            .last()
            .map(|block| Step::withdrawn(block.to_ms, "incidents", id)),
    );
    steps
}

/// The block closed to traffic while the march is on it, and the same as a blockage with a harmless cause.
fn closure(number: u32, block: &Block) -> Vec<Step> {
    let id = format!("sim-march-{number}");
    let (from_ms, to_ms) = (
        block.from_ms - AHEAD_MS.min(block.from_ms - 1),
        block.to_ms + BEHIND_MS,
    );
    let closed = json!({
        "name": "Permitted march",
        "road_name": block.road,
        "description": "Closed to vehicles while the march passes; cross traffic is held",
        "status": "active",
    });
    let blocked = json!({
        "cause": "event",
        "confidence": 1.0,
        "evidence": ["permit: street closed in stages"],
        "intersection": block.title,
    });
    let shown = Shown::new(line(&block.ends), closed)
        .time("starts_at", from_ms)
        .time("ends_at", to_ms);
    vec![
        Step::shown(from_ms, "closures", &id, shown),
        Step::shown(
            block.from_ms,
            "blockages",
            &id,
            Shown::new(line(&block.ends), blocked),
        ),
        Step::withdrawn(block.to_ms, "blockages", &id),
        Step::withdrawn(to_ms, "closures", &id),
    ]
}
