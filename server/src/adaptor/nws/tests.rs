use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{Trial, catalog, observed, only, real, reasons, text_of, value};
use crate::adaptor::{Adaptor, Decoded};
use atalaya_tiles::{Event, Value};

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "nws-alerts/nws_active_alerts_2026-07-15T2000Z.geojson",
    events: 564,
    rejects: 0,
    fit: |_, _| {},
};

fn alert(geometry: &str, more: &str) -> String {
    format!(
        r#"{{"type": "Feature", "id": "https://example.org/urn:a.2", "geometry": {geometry}, "properties": {{
            "id": "urn:a.2", "areaDesc": "Pima, AZ", "geocode": {{"SAME": ["004019"], "UGC": ["AZZ501", "AZC019"]}},
            "references": [{{"identifier": "urn:a.1", "sender": "s", "sent": "2026-07-15T17:00:00Z"}}],
            "sent": "2026-07-15T18:00:00-07:00", "onset": "2026-07-15T18:30:00-07:00",
            "expires": "2026-07-15T19:00:00-07:00", "ends": "2026-07-15T22:00:00-07:00", "event": "Flood Watch",
            "severity": "Severe", "urgency": "Expected", "certainty": "Likely", "category": "Met",
            "senderName": "NWS Tucson AZ", "instruction": "Stay\nhigh.", {more}}}}}"#
    )
}

const ACTUAL: &str = r#""status": "Actual", "messageType": "Alert""#;

const WEATHER: Trial = Trial {
    feed: "nws",
    layer: "warnings",
    adaptor: Adaptor::Nws,
};

fn withdrawn(decoded: &Decoded) -> Vec<String> {
    let withdrawn = decoded
        .events
        .iter()
        .filter_map(|accepted| match &accepted.event {
            Event::Withdrawn { feature, at, .. } => Some(format!("{feature} {}", at.unwrap())),
            Event::Observed(_) | Event::Clock => None,
        });
    withdrawn.collect()
}

#[test]
fn an_alert_without_polygon_is_listed_with_its_zones() {
    let catalog = catalog();
    let decoded = WEATHER.check(alert("null", ACTUAL));
    let warning = only(&decoded);
    assert_eq!(warning.feature.as_str(), "nws/urn:a.2");
    assert_eq!(warning.geometry, None);
    assert_eq!(
        warning.observed_at.unwrap().to_string(),
        "2026-07-16T01:00:00Z"
    );
    assert_eq!(
        warning.stale_at.unwrap().to_string(),
        "2026-07-16T02:00:00Z"
    );
    assert_eq!(
        warning.expires_at.unwrap().to_string(),
        "2026-07-16T05:00:00Z"
    );
    let zones = ["AZZ501", "AZC019"].map(|zone| Value::Text(zone.into()));
    assert_eq!(
        value(&catalog, warning, "zones"),
        Some(Value::List(zones.into()))
    );
    assert_eq!(
        text_of(&catalog, warning, "sender").as_deref(),
        Some("NWS Tucson AZ")
    );
    assert_eq!(
        text_of(&catalog, warning, "instruction").as_deref(),
        Some("Stay\nhigh.")
    );
}

#[test]
fn an_update_withdraws_what_it_refers_to_and_a_cancel_does_only_that() {
    let update = WEATHER.check(alert(
        "null",
        r#""status": "Actual", "messageType": "Update""#,
    ));
    assert_eq!(withdrawn(&update), ["nws/urn:a.1 2026-07-16T01:00:00Z"]);
    assert_eq!(
        update.events.len(),
        2,
        "the old one goes before the new one comes"
    );
    assert_eq!(
        observed(&update.events[1].event).feature.as_str(),
        "nws/urn:a.2"
    );
    let cancel = WEATHER.check(alert(
        "null",
        r#""status": "Actual", "messageType": "Cancel""#,
    ));
    assert_eq!((withdrawn(&cancel).len(), cancel.events.len()), (1, 1));
}

#[test]
fn drills_stay_off_the_wall() {
    let test = WEATHER.check(alert("null", r#""status": "Test", "messageType": "Alert""#));
    assert_eq!(reasons(&test.rejects), ["status is Test: not shown"]);
    assert!(test.events.is_empty());
}

#[test]
fn a_bad_polygon_costs_the_polygon_not_the_warning() {
    let bow_tie = r#"{"type": "Polygon", "coordinates": [[[-111, 32], [-110, 33], [-110, 32], [-111, 33], [-111, 32]]]}"#;
    let decoded = WEATHER.check(alert(bow_tie, ACTUAL));
    assert_eq!(observed(&decoded.events[0].event).geometry, None);
    assert_eq!(
        reasons(&decoded.rejects),
        ["a ring crosses or touches itself at [-110.5, 32.5]"]
    );
}

#[test]
fn the_real_alerts_are_all_there() {
    let Some(body) = real("nws-alerts/nws_active_alerts_2026-07-15T2000Z.geojson") else {
        return;
    };
    let catalog = catalog();
    let decoded = WEATHER.check(body);
    assert_eq!(decoded.rejects, []);
    let warnings: Vec<_> = decoded
        .events
        .iter()
        .filter_map(|accepted| match &accepted.event {
            Event::Observed(warning) => Some(warning),
            Event::Withdrawn { .. } | Event::Clock => None,
        })
        .collect();
    assert_eq!(warnings.len(), 396);
    assert_eq!(warnings.iter().filter(|w| w.geometry.is_some()).count(), 71);
    let updates = warnings
        .iter()
        .filter(|w| text_of(&catalog, w, "message_type").as_deref() == Some("Update"));
    assert_eq!(updates.count(), 128);
    assert_eq!(withdrawn(&decoded).len(), 104 + 2 * 13 + 3 * 7 + 4 * 3 + 5);
    assert!(
        warnings
            .iter()
            .all(|w| value(&catalog, w, "zones").is_some()),
        "one by SAME only"
    );
    let tucson = |w: &&&atalaya_tiles::Observation| {
        text_of(&catalog, w, "sender").is_some_and(|s| s.contains("Tucson"))
    };
    assert_eq!(warnings.iter().filter(tucson).count(), 3);
}
