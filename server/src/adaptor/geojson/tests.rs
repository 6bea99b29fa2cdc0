use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{
    Trial, catalog, feed, observed, only, read, real, reasons, text_of, value,
};
use crate::adaptor::{Adaptor, Decoded, Feed, Input, Unreadable, decode};
use atalaya_tiles::{Catalog, Event, Value};
use geo_types::Geometry;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "tucson/neighborhoods.geojson",
    events: 461,
    rejects: 1,
    fit: |feed, catalog| {
        feed.layer = catalog.layer("sites").unwrap();
        feed.columns.id = Some("OBJECTID".to_owned());
    },
};

const CALL: &str = r#"{"type": "Feature", "id": "T26-104", "observed_at": "2026-04-01T09:00:00-07:00",
    "geometry": {"type": "Point", "coordinates": [-110.97, 32.22, 728]},
    "properties": {"agency": "Fire", "priority": 2, "opened_at": "2026-04-01T15:59:00Z", "notes": null, "mood": 3}}"#;

fn incidents(catalog: &Catalog) -> Feed {
    feed(catalog, "incidents", "incidents", Adaptor::Geojson)
}

const CALLS: Trial = Trial {
    feed: "incidents",
    layer: "incidents",
    adaptor: Adaptor::Geojson,
};

fn unreadable(body: &[u8], content_type: Option<&str>) -> Unreadable {
    let catalog = catalog();
    decode(
        &incidents(&catalog),
        &catalog,
        &Input { body, content_type },
    )
    .unwrap_err()
}

#[test]
fn a_feature_becomes_an_observation_of_the_layers_fields() {
    let catalog = catalog();
    let decoded = CALLS.check(CALL);
    let call = only(&decoded);
    assert_eq!(call.feature.as_str(), "T26-104");
    assert_eq!(
        call.observed_at,
        Some("2026-04-01T16:00:00Z".parse().unwrap())
    );
    assert_eq!(
        call.geometry,
        Some(Geometry::Point((-110.97, 32.22).into()))
    );
    assert_eq!(text_of(&catalog, call, "agency").as_deref(), Some("Fire"));
    assert_eq!(value(&catalog, call, "priority"), Some(Value::Integer(2)));
    assert_eq!(
        value(&catalog, call, "opened_at"),
        Some(Value::Time("2026-04-01T15:59:00Z".parse().unwrap()))
    );
    assert_eq!(value(&catalog, call, "notes"), None);
    assert_eq!(decoded.ignored.iter().collect::<Vec<_>>(), ["mood"]);
}

#[test]
fn a_bad_record_never_loses_its_neighbours() {
    let good = CALL.replace('\n', " ");
    let bad = [
        r#"{"type": "Feature", "geometry": null, "properties": {}}"#,
        r#"{"type": "Feature", "id": 7, "geometry": null, "properties": {"priority": 12}}"#,
        r#"{"type": "Feature", "id": 8, "geometry": {"type": "Point", "coordinates": [0, 0]}}"#,
        r#"{"type": "Feature", "id": 9, "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}"#,
        r#"{"type": "Feature", "id": 10, "observed_at": "yesterday", "geometry": null}"#,
        r#"{"type": "Feature", "id": true}"#,
        "17",
    ];
    let features = bad.map(|bad| format!("{good},{bad}")).join(",");
    let decoded = CALLS.check(format!(
        r#"{{"type": "FeatureCollection", "features": [{features},{good}]}}"#
    ));
    let kept: Vec<_> = decoded
        .events
        .iter()
        .map(|accepted| accepted.index)
        .collect();
    assert_eq!(kept, [0, 2, 4, 6, 8, 10, 12, 14]);
    let pointers: Vec<_> = decoded
        .rejects
        .iter()
        .map(|r| (r.index, r.pointer.as_str()))
        .collect();
    assert_eq!(
        pointers,
        [
            (1, "/features/1/id"),
            (3, "/features/3/properties/priority"),
            (5, "/features/5/geometry"),
            (7, "/features/7/geometry"),
            (9, "/features/9/observed_at"),
            (11, "/features/11/id"),
            (13, "/features/13"),
        ]
    );
    assert_eq!(
        reasons(&decoded.rejects),
        [
            "there is no id: a feature needs one that stays the same",
            "12 is not within 1 and 9",
            "[0, 0] is a placeholder, not a place",
            "layer incidents takes points, no geometry, not lines",
            "\"yesterday\" is no RFC 3339 time such as 2026-03-01T12:00:00Z",
            "the id is neither text nor a number",
            "this is no JSON object",
        ]
    );
}

#[test]
fn texts_come_in_sequence_by_separator_or_by_line() {
    let one = CALL.replace('\n', " ");
    let lines = format!("{one}\n{one}\r\n\n{one}\n");
    assert_eq!(CALLS.check(&lines).events.len(), 3, "a text a line");
    let sequence = format!("\u{1e}{CALL}\n\u{1e}{{\"type\": \"Fea\n\u{1e}{CALL}\n");
    let decoded = CALLS.check(&sequence);
    let kept: Vec<_> = decoded
        .events
        .iter()
        .map(|accepted| accepted.index)
        .collect();
    assert_eq!(kept, [0, 2]);
    assert_eq!(
        decoded.rejects[0].index, 1,
        "a truncated text costs only itself"
    );
}

#[test]
fn withdrawing_needs_no_geometry() {
    let decoded = CALLS.check(
        r#"{"type": "Feature", "id": "a", "observed_at": "2026-04-01T16:00:00Z",
        "geometry": null, "properties": {"withdrawn": true}}"#,
    );
    let Event::Withdrawn { feature, at, .. } = &decoded.events[0].event else {
        panic!("not withdrawn");
    };
    assert_eq!(feature.as_str(), "a");
    assert_eq!(*at, Some("2026-04-01T16:00:00Z".parse().unwrap()));
}

#[test]
fn a_withdrawal_is_true_or_false_and_nothing_else() {
    let read = |withdrawn: &str| {
        let properties = format!(r#"{{"withdrawn": {withdrawn}}}"#);
        let feature = r#"{"type": "Feature", "id": "a", "geometry": null, "properties": "#;
        CALLS.check([feature, &properties, "}"].concat())
    };
    for open in ["false", "null"] {
        assert!(
            matches!(read(open).events[0].event, Event::Observed(_)),
            "{open}"
        );
    }
    for bad in [r#""true""#, "1", "0", "[]", r#""no""#] {
        let decoded = read(bad);
        assert!(decoded.events.is_empty(), "{bad}");
        let reject = &decoded.rejects[0];
        assert_eq!(reject.pointer, "/properties/withdrawn");
        assert!(reject.reason.contains(bad), "{}", reject.reason);
    }
}

#[test]
fn ids_are_as_sent_on_the_layers_own_feed_and_prefixed_on_others() {
    let catalog = catalog();
    let id_on = |name: &str, id: &str| {
        let feed = feed(&catalog, name, "incidents", Adaptor::Geojson);
        let body =
            format!(r#"{{"type": "Feature", "id": {id}, "geometry": null, "properties": null}}"#);
        let decoded = read(&catalog, &feed, &body);
        match decoded.events.first() {
            Some(accepted) => observed(&accepted.event).feature.to_string(),
            None => decoded.rejects[0].reason.clone(),
        }
    };
    assert_eq!(id_on("incidents", "\"a/b\""), "a/b");
    assert_eq!(id_on("county-cad", "\"a/b\""), "county-cad/a/b");
    assert_eq!(id_on("incidents", "17"), "17");
    assert_eq!(id_on("incidents", "1e3"), "1000");
    assert_eq!(id_on("incidents", "-2.50"), "-2.5");
    assert_eq!(
        id_on("incidents", "18446744073709551615"),
        "18446744073709551615"
    );
    assert_eq!(id_on("incidents", "\" \""), "the id is empty");
    assert_eq!(
        id_on("incidents", "\"a\\u0000b\""),
        "the id has control characters"
    );
    let long = format!("\"{}\"", "x".repeat(257));
    assert_eq!(
        id_on("incidents", &long),
        "an id of 257 bytes where 256 is the most"
    );
}

#[test]
fn what_is_unreadable_as_a_whole_says_where() {
    let cut = unreadable(
        b"{\"type\": \"FeatureCollection\",\n\"features\": [{]}",
        None,
    );
    assert!(matches!(cut, Unreadable::Json { line: 2, .. }), "{cut}");
    assert_eq!(
        unreadable(b"{\"type\": \"\xff\"}", None),
        Unreadable::NotUtf8(10)
    );
    assert!(matches!(unreadable(b"", None), Unreadable::Shape(_)));
    assert!(matches!(unreadable(b"[1, 2]", None), Unreadable::Shape(_)));
    assert!(matches!(unreadable(b"NaN", None), Unreadable::Json { .. }));
    let xml = unreadable(CALL.as_bytes(), Some("text/xml; charset=utf-8"));
    assert!(xml.media_types().is_some());
    let feet = br#"{"type": "FeatureCollection", "features": [],
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2223"}}}"#;
    assert!(unreadable(feet, None).to_string().contains("EPSG::2223"));
}

#[test]
fn media_types_are_read_without_parameters_and_case() {
    let catalog = catalog();
    for sent in [
        "application/geo+json",
        "Application/JSON; charset=utf-8",
        " application/geo+json ",
    ] {
        let input = Input {
            body: CALL.as_bytes(),
            content_type: Some(sent),
        };
        assert_eq!(
            decode(&incidents(&catalog), &catalog, &input)
                .unwrap()
                .events
                .len(),
            1
        );
    }
}

#[test]
fn deep_json_is_refused_without_harm() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let body = format!(
        r#"{{"type": "Feature", "id": 1, "geometry": null, "properties": {{"agency": {deep}}}}}"#
    );
    let decoded = CALLS.check(&body);
    assert_eq!(decoded.rejects.len(), 1);
    let body = format!(
        r#"{{"type": "Feature", "id": 1, "geometry": {{"type": "Polygon", "coordinates": {deep}}}}}"#
    );
    assert_eq!(CALLS.check(&body).rejects.len(), 1);
}

#[test]
fn columns_rename_properties_and_tell_where_the_id_is() {
    let catalog = catalog();
    let mut stops = feed(&catalog, "stops", "sites", Adaptor::Geojson);
    stops.columns.id = Some("KEY".to_owned());
    stops.columns.observed_at = Some("SEEN".to_owned());
    stops
        .columns
        .fields
        .insert("name".to_owned(), "NAME".to_owned());
    stops.columns.zone_is_false = true;
    stops.time_zone = Some(TimeZone::posix("MST7").unwrap());
    let decoded = read(
        &catalog,
        &stops,
        r#"{"type": "Feature", "properties":
        {"KEY": 12132, "NAME": "10th Av", "SEEN": "2026-04-01T09:00:00Z"},
        "geometry": {"type": "Point", "coordinates": [-110.97, 32.22]}}"#,
    );
    let stop = only(&decoded);
    assert_eq!(stop.feature.as_str(), "stops/12132");
    assert_eq!(
        stop.observed_at,
        Some("2026-04-01T16:00:00Z".parse().unwrap())
    );
    assert_eq!(text_of(&catalog, stop, "name").as_deref(), Some("10th Av"));
    assert!(decoded.ignored.is_empty());
}

/// Features, rejects and the reasons of a real file read by the names of its own properties.
fn read_real(path: &str, layer: &str, id: &str) -> Option<Decoded> {
    let catalog = catalog();
    let mut feed = feed(&catalog, "city", layer, Adaptor::Geojson);
    feed.columns.id = Some(id.to_owned());
    feed.columns
        .fields
        .insert("name".to_owned(), "NAME".to_owned());
    real(path).map(|body| read(&catalog, &feed, body))
}

#[test]
fn the_real_neighborhoods_have_one_invalid_polygon() {
    let Some(decoded) = read_real("tucson/neighborhoods.geojson", "sites", "OBJECTID") else {
        return;
    };
    assert_eq!(decoded.events.len(), 461);
    assert_eq!(decoded.rejects.len(), 1, "{:?}", decoded.rejects);
    assert!(
        decoded.rejects[0]
            .reason
            .starts_with("a ring crosses or touches itself at [-1")
    );
}

#[test]
fn the_real_wards_and_limits_are_all_valid() {
    for (path, id, count) in [
        ("tucson/wards.geojson", "OBJECTID", 6),
        ("tucson/jurisdictions_pima_county.geojson", "OBJECTID", 11),
        ("tucson/fire_stations.geojson", "OBJECTID", 83),
    ] {
        let Some(decoded) = read_real(path, "sites", id) else {
            return;
        };
        assert_eq!(decoded.rejects, [], "{path}");
        assert_eq!(decoded.events.len(), count, "{path}");
    }
}

#[test]
fn a_layers_own_feed_takes_no_ids_of_another_feed() {
    let catalog = catalog();
    let own = Feed {
        others: vec!["dispatch".into()],
        ..incidents(&catalog)
    };
    let taken = |id: &str| {
        let body = format!(r#"{{"type":"Feature","id":"{id}","geometry":null,"properties":{{}}}}"#);
        read(&catalog, &own, &body)
    };
    let refused = taken("dispatch/7");
    assert!(refused.events.is_empty());
    assert_eq!(
        reasons(&refused.rejects),
        ["ids that begin with dispatch/ are those of the feed dispatch"]
    );
    assert_eq!(taken("dispatcher/7").events.len(), 1);
    assert_eq!(taken("7").events.len(), 1);
}

#[test]
fn the_real_bus_stops_have_one_without_a_place() {
    let Some(decoded) = read_real("tucson/bus_stops.geojson", "sites", "OBJECTID") else {
        return;
    };
    assert_eq!(decoded.events.len(), 2_286);
    assert_eq!(
        reasons(&decoded.rejects),
        ["layer sites takes points, polygons, not no geometry"]
    );
    assert!(
        decoded.ignored.contains("Lon"),
        "micro-degrees are not read"
    );
}

proptest! {
    #[test]
    fn neighbours_of_anything_survive(garbage in any::<String>(), at in 0_usize..3) {
        let mut texts = vec![CALL.replace('\n', " "); 2];
        texts.insert(at, garbage.replace(['\n', '\r', '\u{1e}'], " "));
        let body = format!("\u{1e}{}\n", texts.join("\n\u{1e}"));
        let kept = CALLS.check(&body).events.iter().filter(|accepted| match &accepted.event {
            Event::Observed(seen) => seen.feature.as_str() == "T26-104",
            Event::Withdrawn { .. } | Event::Clock => false,
        }).count();
        prop_assert_eq!(kept, 2);
    }
}
