//! Streets that close during the evening: a burst water main, and a lane lost to a crash.

use serde_json::json;

use super::place::{Place, line, point};
use super::script::{Shown, Step};
use super::streets::Streets;

/// One closure between two crossings of a street.
struct Closing {
    id: &'static str,
    street: &'static str,
    between: (&'static str, &'static str),
    name: &'static str,
    description: &'static str,
    cause: &'static str,
    evidence: &'static [&'static str],
    from_ms: u32,
    to_ms: u32,
}

static CLOSINGS: [Closing; 3] = [
    Closing {
        id: "sim-watermain",
        street: "Grant Rd",
        between: ("Campbell Ave", "Tucson Blvd"),
        name: "Water main break",
        description: "All lanes closed, detour by Glenn St and Elm St",
        cause: "work",
        evidence: &[
            "water utility: main shut, road undermined",
            "camera Grant & Campbell: water on the road",
        ],
        from_ms: 45_000,
        to_ms: 1_950_000,
    },
    Closing {
        id: "sim-collision-closure",
        street: "Speedway Blvd",
        between: ("Country Club Rd", "Dodge Blvd"),
        name: "Collision",
        description: "Eastbound lanes closed",
        cause: "crash",
        evidence: &[
            "call: two cars, injuries",
            "signal controller: eastbound queue",
        ],
        from_ms: 26_000,
        to_ms: 540_000,
    },
    Closing {
        id: "sim-signal",
        street: "Broadway Blvd",
        between: ("Wilmot Rd", "Kolb Rd"),
        name: "Signal out",
        description: "Junction dark, treat as a four-way stop",
        cause: "unknown",
        evidence: &["signal controller: no answer for 120 s"],
        from_ms: 1_290_000,
        to_ms: 2_100_000,
    },
];

pub(super) fn steps(streets: &Streets) -> Vec<Step> {
    CLOSINGS
        .iter()
        .filter_map(|closing| told(closing, streets))
        .flatten()
        .collect()
}

fn told(closing: &Closing, streets: &Streets) -> Option<[Step; 4]> {
    let (one, other) = closing.between;
    let start = streets.crossing(closing.street, one)?;
    let ends: [Place; 2] = [
        streets.place(start),
        streets.place(streets.crossing(closing.street, other)?),
    ];
    let properties = json!({
        "name": closing.name,
        "road_name": closing.street,
        "description": closing.description,
        "status": "active",
    });
    let shown = Shown::new(line(&ends), properties)
        .time("starts_at", closing.from_ms)
        .time("ends_at", closing.to_ms);
    let blocked = json!({
        "cause": closing.cause,
        "confidence": 0.8,
        "evidence": closing.evidence,
        "intersection": streets.title(start),
    });
    Some([
        Step::shown(
            closing.from_ms,
            "blockages",
            closing.id,
            Shown::new(point(streets.place(start)), blocked),
        ),
        Step::shown(closing.from_ms + 8_000, "closures", closing.id, shown),
        Step::withdrawn(closing.to_ms, "closures", closing.id),
        Step::withdrawn(closing.to_ms, "blockages", closing.id),
    ])
}
