//! Boxes and spans of time as clients write them.

use super::{Crs, bounds, equals, span};
use atalaya_tiles::{Bounds, Value};

#[test]
fn a_box_has_four_numbers_or_six() {
    let four = bounds("-111,32,-110,33", Crs::Crs84).unwrap();
    assert_eq!(four, Bounds::new(-111.0, 32.0, -110.0, 33.0).unwrap());
    assert_eq!(bounds("-111,32,0,-110,33,9", Crs::Crs84).unwrap(), four);
    assert_eq!(bounds("32,-111,33,-110", Crs::LatLon).unwrap(), four);
    // As GDAL writes them.
    assert!(bounds("-110.97160000000001,3.2e1, -110.9,33", Crs::Crs84).is_ok());
    for bad in [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "1,2,3,4,5,6,7",
        "a,b,c,d",
        "0,5,1,-5",
        "0,0,nan,1",
        "32,-111,33,-110",
    ] {
        assert!(bounds(bad, Crs::Crs84).is_err(), "{bad}");
    }
}

#[test]
fn a_datetime_is_an_instant_or_an_interval() {
    let check = |text: &str, from: &str, to: &str| {
        let span = span(text).unwrap();
        assert_eq!(
            (span.from.to_string(), span.to.to_string()),
            (from.into(), to.into()),
            "{text}"
        );
    };
    let noon = "2026-03-01T12:00:00Z";
    check(noon, noon, noon);
    check("2026-03-01T05:00:00-07:00", noon, noon);
    check("2026-03-01T14:00:00 02:00", noon, noon);
    check(
        &format!("{noon}/2026-03-02T00:00:00Z"),
        noon,
        "2026-03-02T00:00:00Z",
    );
    check(
        "2026-03-01",
        "2026-03-01T00:00:00Z",
        "2026-03-01T23:59:59.999999999Z",
    );
    assert_eq!(
        span(&format!("{noon}/..")).unwrap(),
        span(&format!("{noon}/")).unwrap()
    );
    assert_eq!(
        span(&format!("../{noon}")).unwrap(),
        span(&format!("/{noon}")).unwrap()
    );
    for bad in [
        "",
        "..",
        "../..",
        "/",
        "yesterday",
        "2026-03-02T00:00:00Z/2026-03-01T00:00:00Z",
        "2026-13-01",
    ] {
        assert!(span(bad).is_err(), "{bad}");
    }
}

#[test]
fn values_equal_their_text() {
    assert!(equals(&Value::Text("active".into()), "active"));
    assert!(!equals(&Value::Text("active".into()), "Active"));
    assert!(equals(&Value::Integer(7), "7"));
    assert!(equals(&Value::Number(62.0), "62"));
    assert!(equals(&Value::Boolean(true), "true"));
    assert!(!equals(&Value::Number(62.0), "wide"));
}
