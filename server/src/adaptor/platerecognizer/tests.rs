use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{catalog, feed, observed, only, read, real, reasons, text_of, value};
use crate::adaptor::{Adaptor, Feed, Input, Unreadable, decode};
use atalaya_tiles::{Catalog, Value};
use geo_types::Geometry;

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "alpr-webhooks/platerecognizer_stream.json",
    events: 1,
    rejects: 0,
    fit: |feed, _| {
        let cameras = &mut feed.columns.cameras;
        cameras.insert("camera-1".to_owned(), [-110.97, 32.22]);
    },
};

const FIRST: &str = r#"{"plate": "ab c-123", "score": 0.9, "region": {"code": "us-az", "score": 0.5},
    "color": [{"color": "red", "score": 0.7}], "model_make": [{"make": "Porsche", "model": "911"}],
    "vehicle": {"type": "Sedan"}, "direction": ""}"#;
const SECOND: &str = r#"{"plate": {"score": 0.8, "props": {"plate": [{"value": "xyz9", "score": 0.7}],
    "region": [{"value": "us-ca", "score": 0.6}]}}, "direction": 210,
    "vehicle": {"type": "SUV", "props": {"color": [{"value": "blue"}], "make_model": [{"make": "Ford", "model": "Edge"}]}}}"#;

fn message(results: &str) -> String {
    format!(
        r#"{{"hook": {{"event": "recognition", "id": "cam-1"}}, "data": {{"camera_id": "cam-1",
            "timestamp": "2026-01-01T00:00:00.25", "results": [{results}]}}}}"#
    )
}

fn gates(catalog: &Catalog) -> Feed {
    let mut feed = feed(catalog, "gates", "alpr_reads", Adaptor::AlprPlaterecognizer);
    feed.columns
        .cameras
        .insert("cam-1".to_owned(), [-110.97, 32.22]);
    feed
}

#[test]
fn both_forms_of_a_result_are_read() {
    let catalog = catalog();
    let decoded = read(
        &catalog,
        &gates(&catalog),
        message(&format!("{FIRST},{SECOND}")),
    );
    assert_eq!(decoded.rejects, []);
    let [first, second] = [0, 1].map(|at| observed(&decoded.events[at].event));
    assert_eq!(
        first.feature.as_str(),
        "gates/cam-1/2026-01-01T00:00:00.25Z/0"
    );
    assert_eq!(
        second.feature.as_str(),
        "gates/cam-1/2026-01-01T00:00:00.25Z/1"
    );
    assert_eq!(
        first.geometry,
        Some(Geometry::Point((-110.97, 32.22).into()))
    );
    let text = |read, field| text_of(&catalog, read, field).unwrap();
    assert_eq!(
        (text(first, "plate"), text(second, "plate")),
        ("ABC123".into(), "XYZ9".into())
    );
    assert_eq!(
        (text(first, "region"), text(second, "region")),
        ("us-az".into(), "us-ca".into())
    );
    assert_eq!(text(first, "vehicle"), "red Porsche 911 Sedan");
    assert_eq!(text(second, "vehicle"), "blue Ford Edge SUV");
    assert_eq!(
        value(&catalog, first, "confidence"),
        Some(Value::Number(0.9))
    );
    assert_eq!(value(&catalog, first, "heading_deg"), None);
    assert_eq!(
        value(&catalog, second, "heading_deg"),
        Some(Value::Number(210.0))
    );
}

#[test]
fn a_form_carries_the_message_beside_a_picture() {
    let catalog = catalog();
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a.jpg\"\r\n\r\nJPEG\r\n\
         --B\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{}\r\n--B--\r\n",
        message(FIRST)
    );
    let input = |body| Input {
        body,
        content_type: Some("multipart/form-data; boundary=B"),
    };
    let decoded = decode(&gates(&catalog), &catalog, &input(body.as_bytes())).unwrap();
    assert_eq!(
        only(&decoded),
        observed(&read(&catalog, &gates(&catalog), message(FIRST)).events[0].event)
    );
    let without = decode(
        &gates(&catalog),
        &catalog,
        &input(b"--B\r\na: b\r\n\r\nx\r\n--B--"),
    );
    assert_eq!(
        without,
        Err(Unreadable::Multipart("there is no part named json"))
    );
}

#[test]
fn an_unknown_camera_and_a_missing_time_are_named_and_no_plate_is() {
    let catalog = catalog();
    let feed = feed(
        &catalog,
        "gates",
        "alpr_reads",
        Adaptor::AlprPlaterecognizer,
    );
    let decoded = read(&catalog, &feed, message(FIRST));
    assert_eq!(
        reasons(&decoded.rejects),
        ["no position was sent and the feed knows no camera \"cam-1\""]
    );
    let timeless = message(FIRST).replace("\"timestamp\"", "\"t\"");
    assert_eq!(
        reasons(&read(&catalog, &gates(&catalog), timeless).rejects),
        ["there is no timestamp"]
    );
    assert!(
        read(&catalog, &gates(&catalog), message(""))
            .events
            .is_empty()
    );
}

#[test]
fn the_real_payload_is_read() {
    let Some(body) = real("alpr-webhooks/platerecognizer_stream.json") else {
        return;
    };
    let catalog = catalog();
    let mut feed = gates(&catalog);
    feed.columns
        .cameras
        .insert("camera-1".to_owned(), [-110.97, 32.22]);
    let decoded = read(&catalog, &feed, body);
    assert_eq!(decoded.rejects, []);
    let seen = only(&decoded);
    assert_eq!(text_of(&catalog, seen, "plate").as_deref(), Some("PL8REC"));
    assert_eq!(
        value(&catalog, seen, "heading_deg"),
        Some(Value::Number(210.0))
    );
    assert_eq!(
        seen.observed_at.unwrap().to_string(),
        "2025-08-11T16:42:58.740143Z"
    );
}
