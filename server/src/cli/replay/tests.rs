use super::*;

const POINT: &str = r#"{"type":"Point","coordinates":[-110.9,32.2]}"#;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn recordings_come_as_features_and_as_decoded_events() {
    let feature = format!(
        r#"{{"type":"Feature","id":"1","observed_at":"2026-01-01T00:00:00Z","geometry":{POINT},"properties":{{}}}}"#
    );
    let event = format!(
        r#"{{"index":0,"event":"observed","layer":"units","feed":"avl","id":"avl/1","observed_at":"2026-01-01T00:00:05Z","geometry":{POINT},"properties":{{"status":"busy"}}}}"#
    );
    let gone = r#"{"index":1,"event":"withdrawn","layer":"units","feed":"avl","id":"avl/1","observed_at":"2026-01-01T00:00:06Z"}"#;
    let (heard, left_out) = read(
        &format!("{event}\n{gone}\n{{\"event\":\"clock\",\"layer\":\"units\"}}"),
        None,
    )
    .unwrap();
    assert_eq!((heard.len(), left_out), (2, 1));
    assert_eq!(
        (heard[0].layer.as_str(), heard[0].at),
        ("units", at("2026-01-01T00:00:05Z"))
    );
    assert_eq!(heard[0].feature["id"], "avl/1");
    assert_eq!(heard[1].feature["properties"], json!({ "withdrawn": true }));
    for text in [
        feature.clone(),
        format!("\u{1e}{feature}\n"),
        format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#),
    ] {
        let (heard, _) = read(&text, Some("incidents")).unwrap();
        assert_eq!((heard.len(), heard[0].layer.as_str()), (1, "incidents"));
        assert!(read(&text, None).unwrap_err().contains("--layer"));
    }
}

#[test]
fn speed_shortens_the_gaps() {
    let (now, first, last) = (
        at("2026-06-01T00:00:00Z"),
        at("2026-01-01T00:00:00Z"),
        at("2026-01-01T00:10:00Z"),
    );
    let pace = Pace::new(10.0, now, first, last);
    assert_eq!(pace.told_at(first), now);
    assert_eq!(pace.told_at(last), at("2026-06-01T00:01:00Z"));
    let at_once = Pace::new(0.0, now, first, last);
    assert_eq!(at_once.told_at(last), now);
    assert_eq!(at_once.told_at(first), at("2026-05-31T23:50:00Z"));
}

#[test]
fn all_instants_of_a_record_move_together() {
    let catalog = Config::default().catalog().unwrap();
    let spec = catalog.spec(catalog.layer("incidents").unwrap());
    let mut feature = json!({
        "observed_at": "2026-01-01T00:00:00Z", "stale_at": "2026-01-01T00:05:00Z",
        "properties": { "opened_at": "2025-12-31T23:59:00Z", "type": "2026-01-01T00:00:00Z" },
    });
    shift(&mut feature, spec, SignedDuration::from_hours(1));
    assert_eq!(
        feature,
        json!({
            "observed_at": "2026-01-01T01:00:00Z", "stale_at": "2026-01-01T01:05:00Z",
            "properties": { "opened_at": "2026-01-01T00:59:00Z", "type": "2026-01-01T00:00:00Z" },
        })
    );
}
