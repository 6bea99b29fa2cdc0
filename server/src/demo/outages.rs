//! Cameras that fail and come back.

use serde_json::{Value, json};

use super::chance::Chance;
use super::script::{Shown, Step};

/// No outage begins later in a cycle, so that each ends in it.
const LAST_MS: u32 = 36 * 60_000;

/// Outages of a cycle among the features of the seed layer `cameras`; each feature is reported whole, since a report replaces.
pub(super) fn steps(cameras: &[Value], chance: &mut Chance) -> Vec<Step> {
    let fixed: Vec<&Value> = cameras.iter().filter(|camera| stands(camera)).collect();
    let mut steps = Vec::new();
    let mut at_ms = 18_000;
    while at_ms < LAST_MS {
        let Some(camera) = chance.pick(&fixed) else {
            break;
        };
        let back_ms = at_ms + chance.within(70_000, 220_000);
        let status = if chance.part() < 0.7 {
            "offline"
        } else {
            "degraded"
        };
        steps.extend(with_status(camera, at_ms, status));
        steps.extend(with_status(camera, back_ms, "online"));
        at_ms += chance.within(130_000, 260_000);
    }
    steps
}

/// Online, and neither on the drone nor on the mast, which have stories of their own.
fn stands(camera: &Value) -> bool {
    let field = |name: &str| {
        camera
            .pointer(&format!("/properties/{name}"))
            .and_then(Value::as_str)
    };
    field("status") == Some("online") && !matches!(field("camera_kind"), Some("drone" | "tethered"))
}

fn with_status(camera: &Value, at_ms: u32, status: &str) -> Option<Step> {
    let id = camera.get("id")?.as_str()?;
    let mut properties = camera.get("properties")?.clone();
    properties
        .as_object_mut()?
        .insert(String::from("status"), json!(status));
    let shown = Shown::new(camera.get("geometry")?.clone(), properties);
    Some(Step::shown(at_ms, "cameras", id, shown).lasting())
}
