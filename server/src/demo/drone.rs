//! The drone: from its pad to the takeover, from junction to junction with it, and back; and its camera.
//!
//! It looks at junctions, never at the march.

use serde_json::json;

use super::legs::{Leg, Status, length_m};
use super::place::{Place, point};
use super::script::{Shown, Step};
use super::streets::Streets;
use super::takeover::Hop;

const SPEED_MPS: f64 = 15.0;
/// It launches this long after the first sign.
const LAUNCH_MS: u32 = 13_000;
/// It follows to the next junction this long after the crowd is there.
const FOLLOW_MS: u32 = 20_000;
/// A gap between hops longer than this is spent on the pad.
const WAIT_MS: u32 = 120_000;
/// It hovers beside the junction, not above it.
const STAND_OFF_M: (f64, f64) = (-70.0, 55.0);
const CAMERA_EVERY_MS: u32 = 5_000;

/// The drone's pad, by the fire station at 22nd and Swan.
pub(super) const PAD: Place = Place::new(-110.893_08, 32.207_34);

/// The legs of one cycle.
pub(super) fn legs(hops: &[Hop], end_ms: u32) -> Vec<Leg> {
    let mut legs = Vec::new();
    let mut now_ms = 0;
    let mut at = PAD;
    for (number, hop) in hops.iter().enumerate() {
        let due_ms = if at == PAD {
            hop.from_ms + LAUNCH_MS
        } else {
            hop.from_ms + FOLLOW_MS
        };
        let status = if at == PAD {
            Status::Available
        } else {
            Status::OnScene
        };
        let hover = hop.place.moved(STAND_OFF_M.0, STAND_OFF_M.1);
        legs.push(Leg::stay(now_ms, due_ms.max(now_ms), at, status));
        let flight = Leg::drive(
            due_ms.max(now_ms),
            vec![at, hover],
            SPEED_MPS,
            Status::Enroute,
        );
        now_ms = flight.to_ms;
        legs.push(flight);
        at = hover;
        let next_ms = hops.get(number + 1).map_or(u32::MAX, |next| next.from_ms);
        if next_ms > hop.to_ms + WAIT_MS {
            legs.push(Leg::stay(
                now_ms,
                hop.to_ms + FOLLOW_MS,
                at,
                Status::OnScene,
            ));
            let home = Leg::drive(
                (hop.to_ms + FOLLOW_MS).max(now_ms),
                vec![at, PAD],
                SPEED_MPS,
                Status::Busy,
            );
            now_ms = home.to_ms;
            legs.push(home);
            at = PAD;
        }
    }
    legs.push(Leg::stay(now_ms, end_ms, PAD, Status::Available));
    legs
}

/// The payload camera, which moves with the drone and looks at the junction.
pub(super) fn camera_steps(legs: &[Leg], hops: &[Hop]) -> Vec<Step> {
    let mut steps = Vec::new();
    for leg in legs {
        let flying = length_m(&leg.path) > 0.0 || leg.status == Status::OnScene;
        if !flying {
            steps.push(camera(leg.from_ms.max(1), PAD, 90.0, "offline"));
            continue;
        }
        let mut at_ms = leg.from_ms;
        while at_ms < leg.to_ms {
            let fix = super::legs::fix_at(std::slice::from_ref(leg), at_ms);
            let place = fix.map_or(PAD, |fix| fix.place);
            let ahead = hops
                .iter()
                .rev()
                .find(|hop| hop.from_ms <= at_ms)
                .or(hops.first());
            let heading_deg = ahead.map_or(0.0, |hop| place.heading_deg(hop.place).round());
            steps.push(camera(at_ms, place, heading_deg, "online"));
            at_ms += CAMERA_EVERY_MS;
        }
    }
    steps
}

fn camera(at_ms: u32, place: Place, heading_deg: f64, status: &str) -> Step {
    let properties = json!({
        "name": "UAV 1 payload",
        "owner_kind": "city",
        "camera_kind": "drone",
        "heading_deg": heading_deg,
        "fov_deg": 70,
        "range_m": 180,
        "status": status,
        "view_only": true,
    });
    Step::shown(
        at_ms,
        "cameras",
        "sim-drone-cam-1",
        Shown::new(point(place), properties),
    )
    .lasting()
}

/// Where the tethered mast stands for the whole evening: 6th Avenue, by Armory Park.
pub(super) fn mast(streets: &Streets) -> Place {
    let corner = streets
        .crossing("12th St", "6th Ave")
        .map(|node| streets.place(node));
    corner
        .unwrap_or(Place::new(-110.968_5, 32.219_2))
        .moved(18.0, -40.0)
}
