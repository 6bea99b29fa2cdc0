use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{Trial, catalog, feed, only, read, real, reasons, text_of, value};
use crate::adaptor::{Adaptor, Decoded, Input, decode};
use atalaya_tiles::Value;
use geo_types::Geometry;

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "alpr-webhooks/hikvision_anpr.xml",
    events: 1,
    rejects: 0,
    fit: |_, _| {},
};

const ALERT: &str = "<EventNotificationAlert xmlns=\"http://www.hikvision.com/ver20/XMLSchema\">\
    <macAddress>aa:bb</macAddress><channelID>1</channelID><dateTime>2026-01-01T08:00:00+08:00</dateTime>\
    <eventType>ANPR</eventType><ANPR><licensePlate>ab 123</licensePlate><confidenceLevel>97</confidenceLevel>\
    <vehicleType>vehicle</vehicleType><vehicleInfo><color>white</color></vehicleInfo>\
    <vehicleListName>otherList</vehicleListName></ANPR><UUID>u-1</UUID>\
    <isDataRetransmission>true</isDataRetransmission><DeviceGPSInfo><longitudeType>W</longitudeType>\
    <latitudeType>N</latitudeType><Longitude><degree>110</degree><minute>58</minute><sec>12.0</sec></Longitude>\
    <Latitude><degree>32</degree><minute>13</minute><sec>12</sec></Latitude></DeviceGPSInfo>\
    <countryAbbreviation>NON</countryAbbreviation></EventNotificationAlert>";

const READS: Trial = Trial {
    feed: "gates",
    layer: "alpr_reads",
    adaptor: Adaptor::AlprHikvision,
};
const HITS: Trial = Trial {
    layer: "alpr_hits",
    ..READS
};

#[test]
fn an_alert_becomes_a_read_even_when_it_comes_late() {
    let catalog = catalog();
    let decoded = READS.check(ALERT);
    let seen = only(&decoded);
    assert_eq!(seen.feature.as_str(), "gates/u-1");
    assert_eq!(
        seen.observed_at.unwrap().to_string(),
        "2026-01-01T00:00:00Z"
    );
    assert_eq!(text_of(&catalog, seen, "plate").as_deref(), Some("AB123"));
    assert_eq!(
        text_of(&catalog, seen, "camera").as_deref(),
        Some("aa:bb/1")
    );
    assert_eq!(text_of(&catalog, seen, "vehicle").as_deref(), Some("white"));
    assert_eq!(text_of(&catalog, seen, "region"), None);
}

#[test]
fn degrees_with_minutes_and_seconds_become_degrees_and_percent_a_share() {
    let catalog = catalog();
    let decoded = READS.check(ALERT);
    let seen = only(&decoded);
    let Some(Geometry::Point(at)) = &seen.geometry else {
        panic!("no point");
    };
    assert!(
        (at.x() + 110.97).abs() < 1e-9 && (at.y() - 32.22).abs() < 1e-9,
        "{at:?}"
    );
    assert_eq!(
        value(&catalog, seen, "confidence"),
        Some(Value::Number(0.97))
    );
}

#[test]
fn only_wanted_plates_are_hits() {
    let catalog = catalog();
    let ignored = |said: &str| Decoded {
        ignored: [said.to_owned()].into(),
        ..Decoded::default()
    };
    assert_eq!(
        HITS.check(ALERT),
        ignored("ANPR: a read, and the layer takes hits")
    );
    let decoded = HITS.check(ALERT.replace("otherList", "blockList"));
    assert_eq!(
        text_of(&catalog, only(&decoded), "list").as_deref(),
        Some("blockList")
    );
}

#[test]
fn other_events_make_nothing_and_other_xml_is_refused() {
    assert_eq!(
        READS.check(ALERT.replace("ANPR</eventType>", "videoloss</eventType>")),
        Decoded {
            ignored: ["eventType: not ANPR, so it says nothing of a plate".to_owned()].into(),
            ..Decoded::default()
        }
    );
    let catalog = catalog();
    let input = Input {
        body: b"<html/>",
        content_type: Some("text/xml"),
    };
    let feed = feed(&catalog, "gates", "alpr_reads", Adaptor::AlprHikvision);
    assert_eq!(
        decode(&feed, &catalog, &input).unwrap_err().to_string(),
        "\"html\" is no EventNotificationAlert"
    );
    let without_id = ALERT.replace("UUID>", "Other>");
    assert_eq!(
        reasons(&READS.check(&without_id).rejects),
        ["there is no UUID"]
    );
}

#[test]
fn a_form_carries_the_alert_beside_pictures() {
    let catalog = catalog();
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"anpr.xml\"\r\nContent-Type: text/xml\r\n\r\n{ALERT}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"p.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nJPEG\r\n--B--\r\n"
    );
    let input = Input {
        body: body.as_bytes(),
        content_type: Some("multipart/form-data; boundary=B"),
    };
    let feed = feed(&catalog, "gates", "alpr_reads", Adaptor::AlprHikvision);
    assert_eq!(decode(&feed, &catalog, &input), Ok(READS.check(ALERT)));
}

#[test]
fn the_real_alert_is_read() {
    let Some(body) = real("alpr-webhooks/hikvision_anpr.xml") else {
        return;
    };
    let catalog = catalog();
    let decoded = read(
        &catalog,
        &feed(&catalog, "hik", "alpr_reads", Adaptor::AlprHikvision),
        body,
    );
    assert_eq!(decoded.rejects, []);
    let seen = only(&decoded);
    assert_eq!(text_of(&catalog, seen, "plate").as_deref(), Some("PECT600"));
    assert_eq!(
        seen.geometry,
        Some(Geometry::Point((111.0, 22.0 / 60.0).into()))
    );
    assert_eq!(
        seen.observed_at.unwrap().to_string(),
        "2024-01-19T03:17:19Z"
    );
}
