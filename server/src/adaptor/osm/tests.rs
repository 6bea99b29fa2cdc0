use super::{heading, owner_kind};
use crate::adaptor::Adaptor;
use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{Trial, catalog, observed, only, real, reasons, text_of, value};
use atalaya_tiles::Value;
use geo_types::Geometry;

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "alpr-locations/osm_alpr_arizona_2025-10-04.geojson",
    events: 769,
    rejects: 0,
    fit: |_, _| {},
};

const MAPPED: Trial = Trial {
    feed: "osm",
    layer: "cameras",
    adaptor: Adaptor::OsmSurveillance,
};

fn node(tags: &str) -> String {
    format!(
        r#"{{"elements": [{{"type": "node", "id": 17, "lat": 32.22, "lon": -110.97, "timestamp": "2025-01-02T03:04:05Z",
            "tags": {{"man_made": "surveillance", {tags}}}}}]}}"#
    )
}

#[test]
fn a_node_is_the_same_camera_in_either_format() {
    let catalog = catalog();
    let tags = r#""surveillance:type": "ALPR", "direction": "90", "operator": "Flagstaff PD""#;
    let overpass = MAPPED.check(node(tags));
    let camera = only(&overpass);
    assert_eq!(camera.feature.as_str(), "osm/17");
    assert_eq!(
        camera.observed_at.unwrap().to_string(),
        "2025-01-02T03:04:05Z"
    );
    assert_eq!(
        camera.geometry,
        Some(Geometry::Point((-110.97, 32.22).into()))
    );
    let text = |field| text_of(&catalog, camera, field).unwrap();
    assert_eq!(text("camera_kind"), "alpr");
    assert_eq!(text("owner_kind"), "partner");
    assert_eq!(text("status"), "community-mapped");
    assert_eq!(
        text("attribution"),
        "© OpenStreetMap contributors, ODbL 1.0"
    );
    assert_eq!(
        value(&catalog, camera, "heading_deg"),
        Some(Value::Number(90.0))
    );
    assert_eq!(
        value(&catalog, camera, "fov_deg"),
        Some(Value::Number(30.0))
    );
    assert_eq!(
        value(&catalog, camera, "view_only"),
        Some(Value::Boolean(true))
    );
    for (id, nested) in [("\"node/17\"", false), ("17", true)] {
        let tags = format!(r#""man_made": "surveillance", {tags}"#);
        let properties = if nested {
            format!(r#""tags": {{{tags}}}"#)
        } else {
            tags
        };
        let decoded = MAPPED.check(format!(
            r#"{{"type": "FeatureCollection", "features": [{{"type": "Feature", "id": {id},
                "geometry": {{"type": "Point", "coordinates": [-110.97, 32.22]}},
                "properties": {{"@timestamp": "2025-01-02T03:04:05Z", {properties}}}}}]}}"#
        ));
        assert_eq!(only(&decoded), camera, "{id}");
    }
}

#[test]
fn directions_are_degrees_points_of_the_compass_lists_and_ranges() {
    assert_eq!(heading("35"), Some((35.0, None)));
    assert_eq!(heading(" 360 "), Some((0.0, None)));
    assert_eq!(heading("45°"), Some((45.0, None)));
    assert_eq!(heading("nnw"), Some((337.5, None)));
    assert_eq!(heading("350-10"), Some((0.0, Some(20.0))));
    assert_eq!(heading("N-E"), Some((45.0, Some(90.0))));
    assert_eq!(heading("up"), None);
    assert_eq!(heading("-5"), None);
    let catalog = catalog();
    let decoded = MAPPED.check(node(r#""camera:direction": "30;NE;?", "direction": "200""#));
    let camera = only(&decoded);
    assert_eq!(
        value(&catalog, camera, "heading_deg"),
        Some(Value::Number(30.0))
    );
    let headings = [30.0, 45.0].map(Value::Number);
    assert_eq!(
        value(&catalog, camera, "headings_deg"),
        Some(Value::List(headings.into()))
    );
}

#[test]
fn kinds_follow_the_tags_and_homes_are_not_shown() {
    let catalog = catalog();
    let kind = |tags: &str| {
        let decoded = MAPPED.check(node(tags));
        match decoded.events.first() {
            Some(accepted) => text_of(&catalog, observed(&accepted.event), "camera_kind").unwrap(),
            None => decoded.rejects[0].reason.clone(),
        }
    };
    assert_eq!(kind(r#""camera:type": "panning""#), "ptz");
    assert_eq!(
        kind(r#""camera:type": "dome", "surveillance:type": "camera""#),
        "panoramic"
    );
    assert_eq!(kind(r#""name": "x""#), "fixed");
    assert_eq!(
        kind(r#""camera:type": "doorbell""#),
        "a doorbell is not shown"
    );
    assert_eq!(
        kind(r#""surveillance:type": "guard""#),
        "surveillance:type=guard is no camera"
    );
    let other =
        MAPPED.check(r#"{"elements": [{"type": "node", "id": 1, "tags": {}}, {"type": "node"}]}"#);
    assert_eq!(
        reasons(&other.rejects),
        ["not man_made=surveillance", "there is no id"]
    );
}

#[test]
fn owners_are_told_by_name_and_never_the_city() {
    assert_eq!(owner_kind("City of Buckeye"), Some("partner"));
    assert_eq!(
        owner_kind("Coconino County Sheriff's Office"),
        Some("partner")
    );
    assert_eq!(owner_kind("Tucson Electric Power"), Some("utility"));
    assert_eq!(owner_kind("KGUN 9 News"), Some("news"));
    assert_eq!(owner_kind("The Home Depot"), None);
}

#[test]
fn the_real_arizona_readers_have_their_headings() {
    let Some(body) = real("alpr-locations/osm_alpr_arizona_2025-10-04.geojson") else {
        return;
    };
    let catalog = catalog();
    let decoded = MAPPED.check(body);
    assert_eq!(decoded.rejects, []);
    assert_eq!(decoded.events.len(), 769);
    let cameras: Vec<_> = decoded
        .events
        .iter()
        .map(|accepted| observed(&accepted.event))
        .collect();
    let with = |field| {
        cameras
            .iter()
            .filter(|camera| value(&catalog, camera, field).is_some())
            .count()
    };
    assert_eq!(with("headings_deg"), 3);
    assert_eq!(
        with("heading_deg"),
        766,
        "765 by direction, 1 by camera:direction alone"
    );
    assert_eq!(with("operator"), 95);
    assert!(
        cameras
            .iter()
            .all(|camera| text_of(&catalog, camera, "camera_kind").as_deref() == Some("alpr"))
    );
}
