use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{Trial, catalog, feed, only, read, real, reasons, text_of, value};
use crate::adaptor::{Adaptor, Decoded};
use atalaya_tiles::Value;
use geo_types::Geometry;

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "alpr-webhooks/rekor_alpr_group.json",
    events: 1,
    rejects: 0,
    fit: |_, _| {},
};

const GROUP: &str = r#"{"data_type": "alpr_group", "version": 3, "epoch_start": 1767225600500,
    "camera_id": 42, "gps_longitude": -110.97, "gps_latitude": 32.22, "best_uuid": "u-1",
    "best_plate_number": "ab-c 123", "best_region": "us-az", "best_confidence": 91.5,
    "travel_direction": 370.5, "is_preview": false, "vehicle_crop_jpeg": "AAAA",
    "vehicle": {"color": [{"name": "white", "confidence": 99}], "make": [{"name": "bmw"}],
        "make_model": [{"name": "bmw_x3"}], "body_type": [{"name": "suv"}], "year": [{"name": "2010-2014"}]}}"#;

const READS: Trial = Trial {
    feed: "gates",
    layer: "alpr_reads",
    adaptor: Adaptor::AlprRekor,
};
const HITS: Trial = Trial {
    layer: "alpr_hits",
    ..READS
};

#[test]
fn a_group_becomes_a_read() {
    let catalog = catalog();
    let decoded = READS.check(GROUP);
    let seen = only(&decoded);
    assert_eq!(seen.feature.as_str(), "gates/u-1");
    assert_eq!(
        seen.observed_at.unwrap().to_string(),
        "2026-01-01T00:00:00.5Z"
    );
    assert_eq!(
        seen.geometry,
        Some(Geometry::Point((-110.97, 32.22).into()))
    );
    let text = |field| text_of(&catalog, seen, field).unwrap();
    assert_eq!(text("plate"), "ABC123");
    assert_eq!(text("region"), "us-az");
    assert_eq!(text("camera"), "42");
    assert_eq!(text("vehicle"), "white bmw x3 suv 2010-2014");
    assert_eq!(
        value(&catalog, seen, "confidence"),
        Some(Value::Number(0.915))
    );
    assert_eq!(
        value(&catalog, seen, "heading_deg"),
        Some(Value::Number(10.5))
    );
}

#[test]
fn frames_heartbeats_and_previews_make_no_event() {
    for (trial, body, said) in [
        (
            &READS,
            r#"{"data_type": "heartbeat", "video_streams": []}"#,
            "heartbeat: it says nothing of a plate",
        ),
        (
            &READS,
            r#"{"data_type": "alpr_results", "results": [{"plate": "ABC123"}]}"#,
            "alpr_results: frames; their alpr_group is what is read",
        ),
        (
            &READS,
            &GROUP.replace("\"is_preview\": false", "\"is_preview\": true"),
            "is_preview: the finished group follows",
        ),
        (&HITS, GROUP, "alpr_group: a read, and the layer takes hits"),
    ] {
        let ignored = Decoded {
            ignored: [said.to_owned()].into(),
            ..Decoded::default()
        };
        assert_eq!(trial.check(body), ignored);
    }
}

#[test]
fn an_alert_is_a_hit_on_a_layer_of_hits_and_a_read_elsewhere() {
    let catalog = catalog();
    let alert = format!(
        r#"{{"data_type": "alpr_alert", "alert_list": "stolen", "description": "stolen vehicle", "group": {GROUP}}}"#
    );
    let decoded = HITS.check(&alert);
    let hit = only(&decoded);
    assert_eq!(hit.feature.as_str(), "gates/u-1");
    assert_eq!(text_of(&catalog, hit, "list").as_deref(), Some("stolen"));
    assert_eq!(
        text_of(&catalog, hit, "reason").as_deref(),
        Some("stolen vehicle")
    );
    assert_eq!(
        text_of(&catalog, hit, "status").as_deref(),
        Some("unverified")
    );
    assert_eq!(only(&READS.check(&alert)).feature.as_str(), "gates/u-1");
}

#[test]
fn a_read_without_position_needs_a_known_camera() {
    let catalog = catalog();
    let nowhere = GROUP.replace("-110.97", "0").replace("32.22", "0.0");
    assert_eq!(
        reasons(&READS.check(&nowhere).rejects),
        ["no position was sent and the feed knows no camera \"42\""]
    );
    let mut gates = feed(&catalog, "gates", "alpr_reads", Adaptor::AlprRekor);
    gates
        .columns
        .cameras
        .insert("42".to_owned(), [-110.5, 32.5]);
    let decoded = read(&catalog, &gates, nowhere);
    assert_eq!(
        only(&decoded).geometry,
        Some(Geometry::Point((-110.5, 32.5).into()))
    );
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    let without_id = GROUP.replace("best_uuid", "other");
    assert_eq!(
        reasons(&READS.check(&without_id).rejects),
        ["there is no best_uuid"]
    );
    let odd = r#"{"data_type": "surprise"}"#;
    assert_eq!(
        reasons(&READS.check(odd).rejects),
        ["data_type \"surprise\" is not read"]
    );
}

#[test]
fn the_real_payloads_are_read_without_their_pictures() {
    let catalog = catalog();
    for (path, plate) in [
        ("alpr-webhooks/rekor_alpr_group.json", Some("19462SH")),
        ("alpr-webhooks/rekor_vehicle.json", None),
    ] {
        let Some(body) = real(path) else { return };
        let decoded = read(
            &catalog,
            &feed(&catalog, "rekor", "alpr_reads", Adaptor::AlprRekor),
            body,
        );
        assert_eq!(decoded.rejects, []);
        let seen = only(&decoded);
        assert_eq!(seen.feature.as_str().len(), "rekor/".len() + 61);
        assert_eq!(text_of(&catalog, seen, "plate").as_deref(), plate);
        assert_eq!(
            seen.geometry,
            Some(Geometry::Point((-78.7661, 39.6505).into()))
        );
        assert_eq!(
            text_of(&catalog, seen, "vehicle").unwrap(),
            "white bmw x3 suv-crossover 2010-2014"
        );
    }
}

#[test]
fn a_time_that_was_sent_and_cannot_be_read_is_a_reject() {
    let at = |sent: &str| READS.check(GROUP.replace("1767225600500", sent));
    for sent in ["1767225600500.0", "null, \"epoch_end\": 1767225600500"] {
        let decoded = at(sent);
        let time = only(&decoded).observed_at.unwrap();
        assert_eq!(time.to_string(), "2026-01-01T00:00:00.5Z", "{sent}");
    }
    assert_eq!(only(&at("null")).observed_at, None);
    for sent in [
        "9223372036854775808",
        "1e300",
        "\"noon\"",
        "true",
        "1e300, \"epoch_end\": 1767225600500",
    ] {
        let decoded = at(sent);
        let said = reasons(&decoded.rejects);
        assert!(decoded.events.is_empty(), "{sent}");
        assert!(said[0].contains("since 1970"), "{sent}: {said:?}");
    }
}
