use crate::adaptor::Adaptor;
use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{Trial, catalog, observed, only, real, reasons, text_of, value};
use atalaya_tiles::Value;
use geo_types::Geometry;
use std::collections::BTreeMap;

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "wzdx/cdot_production_2025-08-08.geojson",
    events: 282,
    rejects: 0,
    fit: |_, _| {},
};

fn work(geometry: &str, properties: &str) -> String {
    format!(
        r#"{{"type": "FeatureCollection", "feed_info": {{"publisher": "Town", "update_date": "2026-03-01T12:00:00Z",
            "data_sources": [{{"data_source_id": "s1", "organization_name": "Streets"}}]}},
          "features": [{{"id": "w-1", "type": "Feature", "geometry": {geometry}, "properties": {{
            "core_details": {{"event_type": "work-zone", "data_source_id": "s1", "name": "Broadway", "road_names":
            ["E Broadway Blvd", "US-89"], "direction": "eastbound", "update_date": "2026-03-01T11:00:00Z"}}, {properties}}}}}]}}"#
    )
}

const LINE: &str = r#"{"type": "LineString", "coordinates": [[-110.97, 32.22], [-110.95, 32.22]]}"#;

const ROADS: Trial = Trial {
    feed: "closures-state",
    layer: "closures",
    adaptor: Adaptor::Wzdx,
};

#[test]
fn a_work_zone_becomes_a_closure() {
    let catalog = catalog();
    let decoded = ROADS.check(work(
        LINE,
        r#""vehicle_impact": "all-lanes-closed",
        "start_date": "2026-02-01T00:00:00Z", "end_date": "2026-04-01T00:00:00Z", "is_end_date_verified": false"#,
    ));
    let closure = only(&decoded);
    assert_eq!(closure.feature.as_str(), "closures-state/w-1");
    assert_eq!(
        closure.observed_at.unwrap().to_string(),
        "2026-03-01T11:00:00Z"
    );
    let text = |field| text_of(&catalog, closure, field).unwrap();
    assert_eq!(text("road"), "E Broadway Blvd, US-89");
    assert_eq!(text("impact"), "all-lanes-closed");
    assert_eq!(text("status"), "active");
    assert_eq!(text("source"), "Streets");
    assert_eq!(text("direction"), "eastbound");
    let end = "2026-04-01T00:00:00Z".parse().unwrap();
    assert_eq!(value(&catalog, closure, "ends_at"), Some(Value::Time(end)));
    assert_eq!((closure.stale_at, closure.expires_at), (Some(end), None));
}

#[test]
fn a_road_event_without_a_time_of_its_own_has_that_of_its_source_or_of_the_feed() {
    let catalog = catalog();
    let own = r#", "update_date": "2026-03-01T11:00:00Z""#;
    let with_source = work(LINE, r#""lanes": []"#).replace(own, "").replace(
        r#""organization_name": "Streets""#,
        r#""organization_name": "Streets", "update_date": "2026-03-01T11:30:00Z""#,
    );
    let told = |body: &str| {
        let decoded = ROADS.check(body);
        let closure = only(&decoded);
        let source = text_of(&catalog, closure, "source").unwrap();
        (closure.observed_at.unwrap().to_string(), source)
    };
    let expected = |at: &str, source: &str| (at.to_owned(), source.to_owned());
    assert_eq!(
        told(&with_source),
        expected("2026-03-01T11:30:00Z", "Streets")
    );
    let unknown = with_source.replace(r#"{"data_source_id": "s1""#, r#"{"data_source_id": "s2""#);
    assert_eq!(told(&unknown), expected("2026-03-01T12:00:00Z", "Town"));
    let feed_at = ROADS.check(&unknown).as_of.unwrap().to_string();
    assert_eq!(feed_at, "2026-03-01T12:00:00Z");
}

#[test]
fn an_end_that_nobody_verified_is_doubted_not_believed() {
    let catalog = catalog();
    let status = |properties: &str| {
        let decoded = ROADS.check(work(LINE, properties));
        let closure = only(&decoded);
        (
            text_of(&catalog, closure, "status").unwrap(),
            closure.expires_at.is_some(),
        )
    };
    let past = r#""start_date": "2026-01-01T00:00:00Z", "end_date": "2026-02-01T00:00:00Z""#;
    assert_eq!(status(past), ("ended? unverified".to_owned(), false));
    let verified = format!(r#"{past}, "is_end_date_verified": true"#);
    assert_eq!(status(&verified), ("ended".to_owned(), true));
    assert_eq!(
        status(r#""start_date": "2026-05-01T00:00:00Z""#),
        ("planned".to_owned(), false)
    );
}

#[test]
fn points_and_lines_without_length_are_points() {
    let ends = r#"{"type": "MultiPoint", "coordinates": [[-110.97, 32.22], [-110.95, 32.22]]}"#;
    assert!(matches!(
        only(&ROADS.check(work(ends, r#""lanes": []"#))).geometry,
        Some(Geometry::MultiPoint(_))
    ));
    let spot = r#"{"type": "LineString", "coordinates": [[-110.97, 32.22], [-110.97, 32.22]]}"#;
    assert_eq!(
        only(&ROADS.check(work(spot, r#""lanes": []"#))).geometry,
        Some(Geometry::Point((-110.97, 32.22).into()))
    );
}

#[test]
fn what_is_no_road_event_is_rejected_by_itself() {
    let device = work(LINE, r#""lanes": []"#)
        .replace("event_type\": \"work-zone", "device_type\": \"camera");
    let decoded = ROADS.check(device);
    assert_eq!(
        reasons(&decoded.rejects),
        ["a field device, not a road event"]
    );
    assert_eq!(
        decoded.rejects[0].pointer,
        "/features/0/properties/core_details/device_type"
    );
    let late = work(LINE, r#""end_date": "later""#);
    assert_eq!(
        ROADS.check(late).rejects[0].pointer,
        "/features/0/properties/end_date"
    );
    let nowhere = ROADS.check(work("null", r#""lanes": []"#));
    assert_eq!(nowhere.rejects[0].pointer, "/features/0/geometry");
}

#[test]
fn the_real_feed_is_read_whole() {
    let Some(body) = real("wzdx/cdot_production_2025-08-08.geojson") else {
        return;
    };
    let catalog = catalog();
    let decoded = ROADS.check(body);
    assert_eq!(decoded.rejects, []);
    assert_eq!(decoded.events.len(), 282);
    let mut impacts = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    for accepted in &decoded.events {
        let closure = observed(&accepted.event);
        *impacts
            .entry(text_of(&catalog, closure, "impact").unwrap())
            .or_insert(0) += 1;
        let kind = match closure.geometry {
            Some(Geometry::LineString(_)) => "line",
            Some(Geometry::MultiPoint(_)) => "points",
            Some(Geometry::Point(_)) => "point",
            _ => "something else",
        };
        *kinds.entry(kind).or_insert(0) += 1;
    }
    assert_eq!(impacts["all-lanes-closed"], 33);
    assert_eq!(kinds, [("line", 267), ("points", 10), ("point", 5)].into());
}

#[test]
fn the_real_examples_of_the_specification_are_read() {
    let mut count = 0;
    for path in [
        "scenario1_simple_linestring",
        "scenario1_simple_multipoint",
        "scenario2_laneshift_linestring",
        "scenario3_shoulder_bidirectional_linestring",
        "scenario4_detour_linestring",
        "scenario5_recurring_linestring",
        "scenario6_multi_lane_closure_linestring",
        "scenario7_mobileoperation_linestring",
        "scenario8_local_access_only_bidirectional_linestring",
    ] {
        let Some(body) = real(&format!(
            "wzdx/usdot_v4.2_WorkZoneFeed_{path}_example.geojson"
        )) else {
            return;
        };
        let decoded = ROADS.check(body);
        assert_eq!(decoded.rejects, [], "{path}");
        count += decoded.events.len();
    }
    let devices = ["arrow_board_ok", "camera_error"].map(|name| {
        let body = real(&format!(
            "wzdx/usdot_v4.2_DeviceFeed_{name}_example.geojson"
        ))
        .unwrap();
        ROADS.check(body).rejects.len()
    });
    assert_eq!((count, devices), (26, [1, 1]));
}
