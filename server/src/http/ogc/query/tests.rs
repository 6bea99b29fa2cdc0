//! Boxes and spans of time as clients write them, and pages.

use super::{Crs, PARAMETERS, Query, bounds, equals, filters, span};
use crate::config::Config;
use crate::http::params::Params;
use atalaya_tiles::{
    Bounds, Event, FeatureId, FeedName, Observation, Picture, Properties, Record, RingLimits, Seq,
    Value, ValueRef, Viewer,
};
use geo_types::{Geometry, LineString, Point};
use jiff::Timestamp;
use std::sync::Arc;

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
    assert!(equals(ValueRef::Text("active"), "active"));
    assert!(!equals(ValueRef::Text("active"), "Active"));
    assert!(equals(ValueRef::Integer(7), "7"));
    assert!(equals(ValueRef::Number(62.0), "62"));
    assert!(equals(ValueRef::Boolean(true), "true"));
    assert!(!equals(ValueRef::Number(62.0), "wide"));
}

fn blockages() -> Picture {
    let catalog = Arc::new(Config::default().catalog().unwrap());
    let limits = RingLimits {
        ticks: 4,
        changes: 64,
    };
    let mut picture = Picture::new(Arc::clone(&catalog), limits);
    let layer = catalog.layer("blockages").unwrap();
    let field = catalog.spec(layer).field("status").unwrap();
    // Every third has no geometry; the last is a diagonal whose box holds much that it does not touch.
    let line = LineString::from(vec![(0.0, 0.0), (10.0, 10.0)]);
    let place = |at: u32| match at {
        9 => Some(Geometry::LineString(line.clone())),
        at if at % 3 == 0 => None,
        at => Some(Geometry::Point(Point::new(f64::from(at), 0.0))),
    };
    for at in 0..10_u32 {
        let status = if at < 4 { "open" } else { "cleared" };
        let observation = Observation {
            layer,
            feature: FeatureId::from(format!("b{at}")),
            feed: FeedName::from("test"),
            observed_at: Some(Timestamp::from_second(1_000 + i64::from(at)).unwrap()),
            stale_at: None,
            expires_at: None,
            geometry: place(at),
            properties: Properties::new([(field, Value::Text(status.into()))]),
        };
        picture.apply(&[Record {
            seq: Seq(u64::from(at) + 1),
            received_at: Timestamp::from_second(2_000).unwrap(),
            event: Event::Observed(observation),
        }]);
    }
    picture
}

fn ask(query: &str) -> (Vec<String>, usize, bool) {
    let view = blockages().view();
    let open = view.open(&Viewer::EVERYTHING, "blockages").unwrap();
    let known: Vec<&str> = PARAMETERS.into_iter().chain(filters(&open)).collect();
    let params = Params::of_query(query, &known).unwrap();
    let page = Query::read(&params, &open, 1_000).unwrap().ask(&open);
    let ids = page.features.iter().map(|seen| seen.id().to_owned());
    (ids.collect(), page.matched, page.more)
}

#[test]
fn pages_hold_everything_once_whatever_the_question() {
    for (query, matched) in [
        ("", 10),
        ("status=cleared", 6),
        ("bbox=-1,-1,20,20", 7),
        ("datetime=1970-01-01T00:16:42Z/..", 8),
    ] {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let (ids, of_all, more) = ask(&format!("limit=3&{query}{after}"));
            assert_eq!(of_all, matched, "{query}");
            after = format!("&after={}", ids.last().unwrap());
            all.extend(ids);
            if !more {
                break;
            }
        }
        assert_eq!(all.len(), matched, "{query}");
        assert!(all.is_sorted_by(|a, b| a < b), "{query}: {all:?}");
        let (by_offset, _, more) = ask(&format!("offset=3&{query}"));
        assert_eq!((by_offset.as_slice(), more), (&all[3..], false), "{query}");
    }
}

#[test]
fn a_box_asks_for_the_geometry_itself() {
    // Within the box of the diagonal, and off it.
    assert_eq!(ask("bbox=7,1,9,3").0, Vec::<String>::new());
    assert_eq!(ask("bbox=5,5,6,6").0, ["b9"]);
    assert_eq!(ask("bbox=1.5,-1,4.5,0").0, ["b2", "b4"]);
}

#[test]
fn a_limit_above_the_most_is_the_most_and_restricted_fields_are_no_filters() {
    let catalog = Arc::new(Config::default().catalog().unwrap());
    let limits = RingLimits {
        ticks: 4,
        changes: 64,
    };
    let view = Picture::new(catalog, limits).view();
    let open = view.open(&Viewer::EVERYTHING, "alpr_hits").unwrap();
    assert!(!filters(&open).contains(&"plate"));
    let params = Params::of_query("limit=5000", &PARAMETERS).unwrap();
    assert_eq!(Query::read(&params, &open, 1_000).unwrap().limit, 1_000);
    let params = Params::of_query("limit=0", &PARAMETERS).unwrap();
    assert!(Query::read(&params, &open, 1_000).is_err());
}
