use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{catalog, feed, observed, only, read, real, reasons, text_of, value};
use crate::adaptor::{Adaptor, Columns, Decoded, Feed, Input, Reject, Unreadable, decode};
use atalaya_tiles::{Bounds, Catalog, Value};
use jiff::tz::TimeZone;

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "calls-for-service/cincinnati_burglary_2016-2018.csv",
    events: 8_723,
    rejects: 0,
    fit: |feed, _| {
        let columns = &mut feed.columns;
        columns.id = Some("incident_no".to_owned());
        columns.lon = "longitude".to_owned();
        columns.lat = "latitude".to_owned();
        columns.observed_at = Some("offense_date".to_owned());
        columns.zone_is_false = true;
    },
};

fn calls(catalog: &Catalog) -> Feed {
    let mut feed = feed(catalog, "incidents", "incidents", Adaptor::Csv);
    feed.columns.lon = "longitude".to_owned();
    feed.columns.lat = "latitude".to_owned();
    feed.columns.observed_at = Some("time".to_owned());
    for (field, column) in [
        ("type", "nature"),
        ("address", "location"),
        ("opened_at", "time"),
    ] {
        feed.columns
            .fields
            .insert(field.to_owned(), column.to_owned());
    }
    feed.time_zone = Some(TimeZone::posix("CST6CDT,M3.2.0,M11.1.0").unwrap());
    feed
}

fn check(body: &str) -> Decoded {
    let catalog = catalog();
    read(&catalog, &calls(&catalog), body)
}

const HEADER: &str = "id,time,location,latitude,longitude,nature,status,priority,ward\n";

#[test]
fn a_row_becomes_an_observation() {
    let catalog = catalog();
    let decoded = check(&format!(
        "{HEADER}7,2026-07-01 09:00:00,\"Main St, 1XX\",32.22,-110.97,FIRE,open,2,5\n"
    ));
    let call = only(&decoded);
    assert_eq!(call.feature.as_str(), "7");
    assert_eq!(
        call.observed_at,
        Some("2026-07-01T14:00:00Z".parse().unwrap())
    );
    assert_eq!(
        text_of(&catalog, call, "address").as_deref(),
        Some("Main St, 1XX")
    );
    assert_eq!(text_of(&catalog, call, "status").as_deref(), Some("open"));
    assert_eq!(value(&catalog, call, "priority"), Some(Value::Integer(2)));
    assert_eq!(decoded.ignored.iter().collect::<Vec<_>>(), ["ward"]);
}

#[test]
fn a_bad_row_costs_only_itself() {
    let decoded = check(&format!(
        "{HEADER}\
         1,2026-07-01 09:00:00,,32.22,-110.97,FIRE,open,,\n\
         ,2026-07-01 09:00:00,,32.22,-110.97,FIRE,open,,\n\
         3,noon,,32.22,-110.97,FIRE,open,,\n\
         4,,,32.22,,FIRE,open,,\n\
         5,,,0.0,0.0,FIRE,open,,\n\
         6,,,-110.97,32.22,FIRE,open,,\n\
         7,,,,,FIRE,open,2.5,\n\
         8,2026\n\
         9,,,,,FIRE,open,,\n"
    ));
    let kept: Vec<_> = decoded
        .events
        .iter()
        .map(|accepted| accepted.index)
        .collect();
    assert_eq!(kept, [0, 8]);
    let pointers: Vec<_> = decoded
        .rejects
        .iter()
        .map(|r| (r.index, r.pointer.as_str()))
        .collect();
    assert_eq!(
        pointers,
        [
            (1, "/id"),
            (2, "/time"),
            (3, "/longitude"),
            (4, ""),
            (5, ""),
            (6, "/priority"),
            (7, "")
        ]
    );
    let reasons = reasons(&decoded.rejects);
    assert!(reasons[4].ends_with("the two look swapped"));
    for (at, said) in [
        (
            2,
            "line 5, column longitude: no coordinate, though the row has the other one",
        ),
        (6, "line 9: 2 columns where the header has 9"),
    ] {
        assert_eq!(reasons[at], said);
    }
    for (reason, line) in reasons.iter().zip(3..) {
        assert!(reason.starts_with(&format!("line {line}")), "{reason}");
    }
}

#[test]
fn times_with_a_false_zone_are_local() {
    let catalog = catalog();
    let mut feed = calls(&catalog);
    let body = format!("{HEADER}1,2026-07-01T09:00:00Z,,,,,,,\n");
    let at = |feed: &Feed| {
        only(&read(&catalog, feed, &body))
            .observed_at
            .unwrap()
            .to_string()
    };
    assert_eq!(at(&feed), "2026-07-01T09:00:00Z");
    feed.columns.zone_is_false = true;
    assert_eq!(at(&feed), "2026-07-01T14:00:00Z");
}

#[test]
fn a_time_without_zone_needs_one_configured() {
    let catalog = catalog();
    let mut feed = calls(&catalog);
    feed.time_zone = None;
    let decoded = read(
        &catalog,
        &feed,
        format!("{HEADER}1,2026-07-01 09:00:00,,,,,,,\n"),
    );
    assert_eq!(
        reasons(&decoded.rejects),
        [
            "line 2, column time: \"2026-07-01 09:00:00\" has no zone, and the feed has no timezone configured"
        ]
    );
}

#[test]
fn a_missing_column_is_the_fault_of_the_whole_body() {
    let catalog = catalog();
    let unreadable = |body: &str| {
        let input = Input {
            body: body.as_bytes(),
            content_type: None,
        };
        decode(&calls(&catalog), &catalog, &input).unwrap_err()
    };
    let expected = Unreadable::Csv {
        line: 1,
        reason: "there is no column \"time\"; there are id, latitude, longitude, nature, location"
            .to_owned(),
    };
    assert_eq!(
        unreadable("id,latitude,longitude,nature,location\n"),
        expected
    );
    assert!(matches!(unreadable(""), Unreadable::Csv { .. }));
    assert!(matches!(
        unreadable("id,longitude\n"),
        Unreadable::Csv { .. }
    ));
}

#[test]
fn columns_are_configured_in_toml() {
    let columns: Columns = toml::from_str(
        "id = \"key\"\ndelimiter = \"\\t\"\nzone_is_false = true\nbounds = [-111.1, 32.0, -110.7, 32.4]\n[fields]\nname = \"NAME\"\n",
    )
    .unwrap();
    assert_eq!(columns.delimiter, '\t');
    assert_eq!(columns.bounds.unwrap().west(), -111.1);
    assert!(toml::from_str::<Columns>("bounds = [0, 5, 1, 4]").is_err());
    assert!(toml::from_str::<Columns>("colour = 1").is_err());
}

#[test]
fn lists_and_truths_are_read_from_text() {
    let catalog = catalog();
    let mut cameras = feed(&catalog, "cameras", "cameras", Adaptor::Csv);
    cameras.columns.delimiter = ';';
    let decoded = read(
        &catalog,
        &cameras,
        "id;lon;lat;headings_deg;view_only\na;-110.9;32.2;\"90;270\";yes\nb;-110.9;32.2;;no\n",
    );
    let camera = observed(&decoded.events[0].event);
    let headings = ["90", "270"].map(|text| Value::Text(text.into()));
    assert_eq!(
        value(&catalog, camera, "headings_deg"),
        Some(Value::List(headings.into()))
    );
    assert_eq!(
        value(&catalog, camera, "view_only"),
        Some(Value::Boolean(true))
    );
    assert_eq!(
        reasons(&decoded.rejects),
        ["line 3, column view_only: false is not allowed: the field is always true"]
    );
}

#[test]
fn the_real_milwaukee_calls_lose_only_bad_geocodes() {
    let Some(body) = real("calls-for-service/milwaukee_police_calls_2018-05-01_to_21.csv") else {
        return;
    };
    let catalog = catalog();
    let mut feed = calls(&catalog);
    feed.columns.bounds = Some(Bounds::new(-88.3, 42.8, -87.6, 43.3).unwrap());
    let decoded = read(&catalog, &feed, &body);
    assert_eq!(decoded.events.len(), 33_968 - 462);
    assert_eq!(decoded.rejects.len(), 462);
    let outside = |reject: &Reject| reject.reason.ends_with("outside the bounds of the feed");
    assert!(decoded.rejects.iter().all(outside));
    let unplaced = decoded
        .events
        .iter()
        .filter(|a| observed(&a.event).geometry.is_none());
    assert_eq!(
        unplaced.count(),
        11,
        "without coordinates: listed, not drawn"
    );
    let first = observed(&decoded.events[0].event);
    assert_eq!(
        first.observed_at.unwrap().to_string(),
        "2018-05-01T05:10:28Z"
    );
}

#[test]
fn the_real_cincinnati_times_wear_a_false_zone() {
    let Some(body) = real("calls-for-service/cincinnati_burglary_2016-2018.csv") else {
        return;
    };
    let catalog = catalog();
    let mut feed = feed(&catalog, "burglaries", "incidents", Adaptor::Csv);
    feed.columns = Columns {
        id: Some("incident_no".to_owned()),
        lon: "longitude".to_owned(),
        lat: "latitude".to_owned(),
        observed_at: Some("offense_date".to_owned()),
        zone_is_false: true,
        ..Columns::default()
    };
    feed.time_zone = Some(TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap());
    let decoded = read(&catalog, &feed, body);
    assert_eq!(decoded.rejects.first(), None);
    assert_eq!(decoded.events.len(), 8_723);
    let unplaced = decoded
        .events
        .iter()
        .filter(|a| observed(&a.event).geometry.is_none());
    assert_eq!(unplaced.count(), 426, "NA, NA");
    let first = observed(&decoded.events[0].event);
    assert_eq!(
        first.observed_at.unwrap().to_string(),
        "2017-05-25T04:00:00Z"
    );
}

#[test]
fn the_real_camera_list_has_its_coordinates_as_text() {
    let Some(body) = real("camera-lists/nyc_dot_cameras.json") else {
        return;
    };
    let list: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let rows = list["markers"].as_array().unwrap().iter().map(|marker| {
        let text = |name: &str| marker[name].as_str().unwrap();
        let name = text("content").replace('"', "\"\"");
        let (lon, lat) = (text("longitude"), text("latitude"));
        format!("{},{lon},{lat},\"{name}\"\n", text("id"))
    });
    let rows: Vec<String> = rows.collect();
    let catalog = catalog();
    let cameras = feed(&catalog, "cameras", "cameras", Adaptor::Csv);
    let decoded = read(
        &catalog,
        &cameras,
        format!("id,lon,lat,name\n{}", rows.concat()),
    );
    assert_eq!((decoded.events.len(), decoded.rejects.len()), (723, 0));
    let first = observed(&decoded.events[0].event);
    assert_eq!(
        text_of(&catalog, first, "name").as_deref(),
        Some("1 Ave @ 110 St")
    );
    let Some(geo_types::Geometry::Point(at)) = first.geometry else {
        panic!("no point");
    };
    assert!((at.x() + 73.938_074).abs() < 1e-6 && (at.y() - 40.791_427).abs() < 1e-6);
}
