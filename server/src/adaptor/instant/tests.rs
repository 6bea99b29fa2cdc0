use super::{Clock, from_millis, from_number};
use jiff::tz::TimeZone;

fn check(text: &str, zone: Option<&str>) -> String {
    let zone = zone.map(|zone| TimeZone::posix(zone).unwrap());
    let clock = Clock {
        zone: zone.as_ref(),
        zone_is_false: false,
    };
    match clock.read(text) {
        Ok(instant) => instant.to_string(),
        Err(bad) => bad.to_string(),
    }
}

#[test]
fn an_offset_is_obeyed_whatever_the_zone() {
    for text in [
        "2026-03-01T02:00:00+02:00",
        "2026-03-01T00:00:00Z",
        "2026-03-01t00:00:00z",
        "2026-03-01T00:00:00-00:00",
        " 2026-03-01 00:00:00Z ",
    ] {
        assert_eq!(check(text, Some("MST7")), "2026-03-01T00:00:00Z", "{text}");
    }
}

#[test]
fn without_an_offset_the_feeds_zone_counts() {
    let chicago = Some("CST6CDT,M3.2.0,M11.1.0");
    assert_eq!(
        check("2026-01-05 06:00:00", chicago),
        "2026-01-05T12:00:00Z"
    );
    assert_eq!(
        check("2026-07-05T06:00:00.5", chicago),
        "2026-07-05T11:00:00.5Z"
    );
    assert_eq!(check("2026-07-05", chicago), "2026-07-05T05:00:00Z");
    assert_eq!(
        check("2026-03-08T02:30:00", chicago),
        "2026-03-08T08:30:00Z",
        "skipped: later"
    );
    assert_eq!(
        check("2026-11-01T01:30:00", chicago),
        "2026-11-01T06:30:00Z",
        "twice: the first"
    );
}

#[test]
fn what_is_no_instant_is_named() {
    assert_eq!(
        check("noon", None),
        "\"noon\" is no RFC 3339 time such as 2026-03-01T12:00:00Z"
    );
    assert_eq!(
        check("", None),
        "\"\" is no RFC 3339 time such as 2026-03-01T12:00:00Z"
    );
    assert_eq!(
        check("2026-02-30T00:00:00Z", None),
        "\"2026-02-30T00:00:00Z\" is no RFC 3339 time such as 2026-03-01T12:00:00Z"
    );
    assert!(check("2026-02-03T00:00:00", None).ends_with("no timezone configured"));
    assert_eq!(
        from_millis(1_634_475_947_845).unwrap().to_string(),
        "2021-10-17T13:05:47.845Z"
    );
    assert_eq!(
        from_millis(i64::MAX).unwrap_err().to_string(),
        "9223372036854775807 ms since 1970 is no time"
    );
}

#[test]
fn milliseconds_are_read_however_the_number_is_written_and_else_named() {
    for (json, expected) in [
        ("1767225600500", Some("2026-01-01T00:00:00.5Z")),
        ("1767225600500.0", Some("2026-01-01T00:00:00.5Z")),
        ("1.7672256005e12", Some("2026-01-01T00:00:00.5Z")),
        ("1767225600500.75", Some("2026-01-01T00:00:00.5Z")),
        ("\"1767225600500\"", Some("2026-01-01T00:00:00.5Z")),
        ("-62167219200000.0", Some("0000-01-01T00:00:00Z")),
        ("0.0", Some("1970-01-01T00:00:00Z")),
        ("9223372036854775808", None),
        ("1e300", None),
        ("-1e18", None),
        ("9223372036854775807", None),
        ("\"noon\"", None),
        ("true", None),
        ("[1767225600500]", None),
    ] {
        let read = from_number(&serde_json::from_str(json).unwrap());
        if let Some(expected) = expected {
            assert_eq!(read.unwrap().to_string(), expected, "{json}");
        } else {
            let said = read.unwrap_err().to_string();
            assert!(said.contains("since 1970"), "{json}: {said}");
        }
    }
}
