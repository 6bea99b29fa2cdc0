use crate::adaptor::testing::{catalog, read, real};
use crate::adaptor::{Adaptor, Decoded, Feed, Input, MAX_ID_BYTES, Unreadable, decode};
use atalaya_tiles::Shape;
use atalaya_tiles::{Bounds, Catalog, Event, Value};
use geo::{Area, Validation};
use geo_types::Coord;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// A feed of the layer that the adaptor is for.
fn feed_of(catalog: &Catalog, adaptor: Adaptor) -> Feed {
    let layer = catalog.layer(adaptor.usual_layer()).unwrap();
    let mut feed = Feed::new("fuzz", layer, adaptor);
    feed.time_zone = Some(TimeZone::posix("MST7").unwrap());
    feed.columns.cameras.insert("c".to_owned(), [-110.9, 32.2]);
    feed
}

/// Reads a body by every adaptor and checks what every event has to hold.
fn read_by_all(body: &[u8], content_type: Option<&str>) {
    let catalog = catalog();
    for adaptor in Adaptor::ALL.iter().copied() {
        let feed = feed_of(&catalog, adaptor);
        if let Ok(decoded) = decode(&feed, &catalog, &Input { body, content_type }) {
            check_admissible(&catalog, &feed, &decoded);
        }
    }
}

fn check_admissible(catalog: &Catalog, feed: &Feed, decoded: &Decoded) {
    let spec = catalog.spec(feed.layer);
    for accepted in &decoded.events {
        let (feature, from) = match &accepted.event {
            Event::Observed(seen) => {
                for (field, value) in seen.properties.iter() {
                    let (_, field) = spec.field_at(field).unwrap();
                    let value = Value::from(value);
                    assert_eq!(field.admit(value.clone()).as_ref(), Ok(&value));
                    assert!(!matches!(value, Value::Number(x) if !x.is_finite()));
                }
                if let Some(bounds) = seen.geometry.as_ref().map(Bounds::of_geometry) {
                    let bounds = bounds.expect("a geometry has positions");
                    assert!(bounds.west() >= -180.0 && bounds.north() <= 90.0);
                }
                (&seen.feature, &seen.feed)
            }
            Event::Withdrawn { feature, feed, .. } => (feature, feed),
            Event::Clock => panic!("an adaptor has no clock"),
        };
        assert_eq!(from, &feed.name);
        let sent = feature
            .as_str()
            .strip_prefix("fuzz/")
            .expect("the feed is in the id");
        assert!((1..=MAX_ID_BYTES).contains(&sent.len()));
    }
}

#[test]
fn names_are_those_of_the_contract() {
    for adaptor in Adaptor::ALL.iter().copied() {
        assert_eq!(adaptor.name().parse(), Ok(adaptor));
        let quoted = format!("\"{adaptor}\"");
        assert_eq!(serde_json::to_string(&adaptor).unwrap(), quoted);
        assert_eq!(serde_json::from_str::<Adaptor>(&quoted).unwrap(), adaptor);
    }
    let unknown = "gtfs".parse::<Adaptor>().unwrap_err().to_string();
    let first = "there is no adaptor \"gtfs\"; there are geojson, csv, alpr-rekor, ";
    assert!(unknown.starts_with(first), "{unknown}");
}

#[test]
fn every_adaptor_reads_a_real_file_and_counts_what_it_rejects() {
    let catalog = catalog();
    for adaptor in Adaptor::ALL.iter().copied() {
        let recorded = adaptor.recorded();
        let Some(body) = real(recorded.path) else {
            continue;
        };
        let mut feed = feed_of(&catalog, adaptor);
        (recorded.fit)(&mut feed, &catalog);
        let decoded = read(&catalog, &feed, body);
        assert_eq!(
            (decoded.events.len(), decoded.rejects.len()),
            (recorded.events, recorded.rejects),
            "{}: {:?}",
            recorded.path,
            decoded.rejects.first()
        );
        check_admissible(&catalog, &feed, &decoded);
    }
}

/// The tests of an adaptor stand beside it, on small bodies written by hand too.
#[test]
fn every_adaptor_is_tried_on_small_bodies_of_which_some_is_rejected() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adaptor");
    let mut tried = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let decodes = text.contains("pub(super) fn decode(target: &Target<'_>");
        if !decodes || path.ends_with("tests.rs") {
            continue;
        }
        let tests = std::fs::read_to_string(path.with_extension("").join("tests.rs")).unwrap();
        let mut own = tests.split("#[test]").skip(1);
        assert!(
            own.any(|test| !test.contains("real") && test.contains("rejects")),
            "{}: no test on a small body counts rejects",
            path.display()
        );
        tried += 1;
    }
    assert_eq!(tried, Adaptor::ALL.len());
}

#[test]
fn every_adaptor_refuses_a_foreign_media_type() {
    let catalog = catalog();
    for adaptor in Adaptor::ALL.iter().copied() {
        for foreign in ["image/png", "application/x-www-form-urlencoded", ""] {
            let input = Input {
                body: b"{}",
                content_type: Some(foreign),
            };
            let refused = decode(&feed_of(&catalog, adaptor), &catalog, &input).unwrap_err();
            assert!(refused.media_types().is_some(), "{adaptor}: {refused}");
        }
    }
}

#[test]
fn every_adaptor_says_where_bytes_are_no_text() {
    let catalog = catalog();
    for adaptor in Adaptor::ALL.iter().copied() {
        let input = Input {
            body: b"ab\xff",
            content_type: None,
        };
        let refused = decode(&feed_of(&catalog, adaptor), &catalog, &input).unwrap_err();
        assert_eq!(refused, Unreadable::NotUtf8(2), "{adaptor}");
    }
}

#[test]
fn names_that_no_field_is_for_are_bounded() {
    let many = (0..500)
        .map(|n| format!("\"p{n}\": {n}"))
        .collect::<Vec<_>>()
        .join(",");
    let body =
        format!(r#"{{"type": "Feature", "id": 1, "geometry": null, "properties": {{{many}}}}}"#);
    let catalog = catalog();
    let feed = feed_of(&catalog, Adaptor::Geojson);
    let input = Input {
        body: body.as_bytes(),
        content_type: None,
    };
    assert_eq!(decode(&feed, &catalog, &input).unwrap().ignored.len(), 64);
}

/// Values that mean something to an adaptor.
const WORDS: &str = "Feature FeatureCollection Point Polygon MultiPolygon GeometryCollection Actual Update \
    alpr_group alpr_alert surveillance N-S work-zone 2026-01-01T00:00:00Z c";
/// Members that mean something to an adaptor.
const NAMES: &str = "type id geometry geometries coordinates properties features elements tags direction \
    man_made surveillance:type core_details event_type feed_info update_date start_date \
    end_date status messageType references identifier sent expires geocode UGC data_type \
    best_uuid epoch_start gps_latitude gps_longitude group vehicle data results camera_id \
    timestamp plate props observed_at lat lon priority opened_at";

/// JSON with the member names that the adaptors look for, and anything as their values.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        prop::sample::select(WORDS.split(' ').collect::<Vec<_>>()).prop_map(Into::into),
    ];
    let name = prop::sample::select(NAMES.split(' ').collect::<Vec<_>>());
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                serde_json::Value::Object(members.collect())
            }),
        ]
    })
}

/// Rings of few positions on a small grid: most of them cross, touch or double back.
fn rings() -> impl Strategy<Value = Vec<Vec<[f64; 2]>>> {
    let position = (1_u8..6, 1_u8..6).prop_map(|(x, y)| [f64::from(x), f64::from(y)]);
    let ring = prop::collection::vec(position, 1..9).prop_map(|mut ring| {
        ring.extend(ring.first().copied());
        ring
    });
    prop::collection::vec(ring, 1..4)
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        read_by_all(&body, None);
        read_by_all(&body, Some("multipart/form-data; boundary=b"));
    }

    #[test]
    fn no_text_is_a_panic(body in "[<>/a-z&;#0-9\\[\\]{}\":, \r\n-]{0,200}") {
        read_by_all(body.as_bytes(), None);
        let form = format!("--b\r\nContent-Disposition: form-data; name=json\r\n\r\n{body}\r\n--b--");
        read_by_all(form.as_bytes(), Some("multipart/form-data; boundary=b"));
    }

    #[test]
    fn no_json_is_a_panic(json in json()) {
        read_by_all(json.to_string().as_bytes(), None);
        let feature = format!(r#"{{"type": "Feature", "id": 1, "geometry": {json}, "properties": {json}}}"#);
        read_by_all(feature.as_bytes(), None);
        read_by_all(format!(r#"{{"type": "FeatureCollection", "features": [{feature}]}}"#).as_bytes(), None);
    }

    #[test]
    fn no_alert_is_a_panic(polygon in "[0-9,. -]{0,60}", circle in "[0-9,. -]{0,20}", time in "[0-9TZ:+-]{0,30}") {
        let body = format!(
            "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>i</identifier><sender>s</sender>\
             <sent>2026-01-01T00:00:00-07:00</sent><status>Actual</status><msgType>Update</msgType><scope>Public</scope>\
             <references>s,i,{time} {time},,</references><info><expires>{time}</expires><area>\
             <polygon>{polygon}</polygon><circle>{circle}</circle></area></info></alert>"
        );
        read_by_all(body.as_bytes(), None);
    }

    #[test]
    fn no_rings_are_a_panic_and_geo_agrees_that_what_is_valid_is(rings in rings()) {
        let coordinates = serde_json::to_string(&rings).unwrap();
        let json = format!(r#"{{"type": "Polygon", "coordinates": {coordinates}}}"#);
        let shape = super::geometry::read(&json).unwrap().unwrap();
        if let Ok(geometry) = shape.into_geometry() {
            prop_assert!(geometry.is_valid(), "{geometry:?}");
            prop_assert!(geometry.unsigned_area() > 0.0, "{geometry:?}");
        }
    }

    #[test]
    fn a_ring_around_a_middle_is_always_valid(radii in prop::collection::vec(0.1_f64..9.0, 3..200)) {
        let count = f64::from(u32::try_from(radii.len()).unwrap());
        let corners = (0_u32..).zip(&radii).map(|(at, radius)| {
            let angle = f64::from(at) / count * std::f64::consts::TAU;
            Coord { x: 20.0 + radius * angle.cos(), y: 20.0 + radius * angle.sin() }
        });
        let mut ring: Vec<_> = corners.collect();
        ring.extend(ring.first().copied());
        let geometry = Shape::Polygons(vec![vec![ring]]).into_geometry();
        prop_assert!(geometry.is_ok(), "{geometry:?}");
    }
}
