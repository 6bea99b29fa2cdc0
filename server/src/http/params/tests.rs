use super::*;
use actix_web::ResponseError;
use proptest::prelude::*;

const KNOWN: &[&str] = &[
    "at", "bbox", "lat", "layers", "limit", "lon", "q", "radius_m", "window",
];

fn params(query: &str) -> Params {
    Params::of_query(query, KNOWN).unwrap()
}

fn refused<T: std::fmt::Debug>(found: Result<T, Problem>, slug: &str, detail: &str) {
    let problem = found.unwrap_err();
    assert_eq!(problem.row().slug, slug);
    assert_eq!(problem.status_code(), 400);
    assert_eq!(problem.detail(), detail);
}

#[test]
fn unknown_and_repeated_keys_are_refused() {
    let check = |query: &str, slug: &str, detail: &str| {
        refused(Params::of_query(query, &["bbox", "limit"]), slug, detail);
    };
    check(
        "bbbox=1",
        "unknown-parameter",
        "bbbox is no parameter of this path; it takes bbox, limit.",
    );
    check(
        "limit=1&=2",
        "unknown-parameter",
        " is no parameter of this path; it takes bbox, limit.",
    );
    check(
        "Limit=1",
        "unknown-parameter",
        "Limit is no parameter of this path; it takes bbox, limit.",
    );
    check(
        "limit=1&bbox=1&limit=1",
        "repeated-parameter",
        "limit is given more than once; it is taken once.",
    );
    check(
        "limit=1&%6cimit=2",
        "repeated-parameter",
        "limit is given more than once; it is taken once.",
    );
    refused(
        Params::of_query("a", &[]),
        "unknown-parameter",
        "a is no parameter of this path; it takes none.",
    );
    assert_eq!(params(""), Params(Vec::new()));
    assert_eq!(params("q=a%20b+c").raw("q"), Some("a b c"));
}

#[test]
fn numbers_are_within_their_range() {
    let given = params("limit=4&radius_m=1e3");
    assert_eq!(given.usize("limit", 1..=100).unwrap(), Some(4));
    assert_eq!(given.f64("radius_m", 0.0..=5e4).unwrap(), Some(1000.0));
    assert_eq!(params("").usize("limit", 1..=100).unwrap(), None);
    for value in ["0", "101", "-1", "4.0", "", "many", "99999999999999999999"] {
        refused(
            params(&format!("limit={value}")).usize("limit", 1..=100),
            "bad-parameter",
            &format!("limit={value}: expected a whole number from 1 to 100."),
        );
    }
    for value in ["nan", "inf", "-inf", "-0.1", "50000.1", "x"] {
        refused(
            params(&format!("radius_m={value}")).f64("radius_m", 0.0..=5e4),
            "bad-parameter",
            &format!("radius_m={value}: expected a number from 0 to 50000."),
        );
    }
}

#[test]
fn boxes_are_on_the_globe_and_not_turned_over() {
    let bounds = |query: &str| params(query).bbox("bbox");
    let tucson = bounds("bbox=-111,32,-110.5,32.5").unwrap().unwrap();
    assert_eq!(tucson.north(), 32.5);
    let pacific = bounds("bbox=170,-10,-170,10").unwrap().unwrap();
    assert_eq!((pacific.west(), pacific.east()), (170.0, -170.0));
    for value in [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "0,10,0,-10",
        "0,0,0,91",
        "-181,0,0,0",
        "a,b,c,d",
        "nan,0,0,0",
    ] {
        let problem = bounds(&format!("bbox={value}")).unwrap_err();
        assert_eq!(problem.row().slug, "bad-bbox", "{value}");
        assert!(problem.detail().starts_with(&format!("bbox={value} is no")));
    }
}

#[test]
fn positions_are_on_the_globe() {
    let place = params("lon=-110.97&lat=32.22").lon_lat().unwrap();
    assert_eq!((place.lon(), place.lat()), (-110.97, 32.22));
    refused(
        params("lon=1").lon_lat(),
        "missing-parameter",
        "lat is missing: expected degrees, WGS 84.",
    );
    for (lon, lat) in [("181", "0"), ("0", "-90.1"), ("east", "0"), ("nan", "0")] {
        refused(
            params(&format!("lon={lon}&lat={lat}")).lon_lat(),
            "bad-coordinates",
            &format!(
                "{lon},{lat} is no longitude,latitude: longitudes are -180 to 180, latitudes -90 to 90."
            ),
        );
    }
}

#[test]
fn instants_carry_an_offset() {
    let noon: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    for value in [
        "2026-03-01T12:00:00Z",
        "2026-03-01T14:00:00%2B02:00",
        "2026-03-01T14:00:00+02:00",
        "2026-03-01T05:00:00-07:00",
    ] {
        let given = params(&format!("at={value}"));
        assert_eq!(given.instant("at").unwrap(), Some(noon), "{value}");
    }
    for value in ["", "now", "2026-03-01", "2026-03-01T12:00:00", "1772366400"] {
        refused(
            params(&format!("at={value}")).instant("at"),
            "bad-instant",
            &format!("at={value}: expected {}.", crate::instant::FORM),
        );
    }
}

#[test]
fn windows_are_whole_and_bounded() {
    let day = SignedDuration::from_hours(24);
    let window = |value: &str| params(&format!("window={value}")).window("window", day);
    for (value, seconds) in [("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86_400)] {
        assert_eq!(
            window(value).unwrap(),
            Some(SignedDuration::from_secs(seconds))
        );
    }
    for value in [
        "",
        "s",
        "0s",
        "-5m",
        "1.5h",
        "15",
        "15x",
        "25h",
        "9223372036854775807d",
        "5é",
    ] {
        refused(
            window(value),
            "bad-window",
            &format!(
                "window={value} is no whole number followed by s, m, h or d, such as 15m, from 1s to 1d."
            ),
        );
    }
    assert_eq!(shown(SignedDuration::from_secs(5400)), "90m");
    assert_eq!(shown(SignedDuration::from_secs(61)), "61s");
}

#[test]
fn texts_and_lists_are_bounded() {
    let given = params("q=ab&layers=a,b");
    assert_eq!(given.text("q", 2).unwrap(), Some("ab"));
    assert_eq!(given.list("layers", 2).unwrap(), Some(vec!["a", "b"]));
    refused(
        given.text("q", 1),
        "bad-parameter",
        "q=ab: expected a text of 1 to 1 characters.",
    );
    refused(
        given.list("layers", 1),
        "bad-parameter",
        "layers=a,b: expected 1 to 1 names joined by commas.",
    );
    refused(
        params("layers=a,,b").list("layers", 8),
        "bad-parameter",
        "layers=a,,b: expected 1 to 8 names joined by commas.",
    );
    assert_eq!(given.one_of("q", &["cd", "ab"]).unwrap(), Some(1));
    refused(
        given.one_of("q", &["x", "y"]),
        "bad-parameter",
        "q=ab: expected one of x, y.",
    );
}

proptest! {
    #[test]
    fn no_query_is_too_strange(query in ".{0,200}", value in ".{0,60}") {
        let read = Params::of_query(&query, KNOWN);
        prop_assert!(read.is_ok() || !query.is_empty());
        let given = Params(vec![("at".into(), value.clone())]);
        for refused in [
            given.instant("at").err(),
            given.bbox("at").err(),
            given.window("at", SignedDuration::from_hours(1)).err(),
            given.f64("at", -1.0..=1.0).err(),
            given.usize("at", 0..=9).err(),
            given.text("at", 30).err(),
            given.list("at", 3).err(),
            given.one_of("at", &["a"]).err(),
        ].into_iter().flatten() {
            prop_assert!(refused.detail().starts_with("at="));
            prop_assert!(refused.detail().chars().count() < 300);
        }
    }
}
