//! Whatever a record holds comes back bit for bit.

use super::super::conformance::{append, read_all};
use super::open;
use super::sample::{catalog, start};
use crate::store::codec::{read_trail, wkb, write_trail};
use atalaya_tiles::{
    Event, FeatureId, FeedName, Fix, LonLat, Observation, Properties, Record, Seq, Value,
};
use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon,
    Point, Polygon,
};
use jiff::Timestamp;
use proptest::prelude::*;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        -180.0..180.0,
        Just(-0.0),
        Just(f64::MIN_POSITIVE),
        Just(1e22),
        Just(0.1 + 0.2)
    ]
}

fn finite() -> impl Strategy<Value = f64> {
    number().prop_filter("finite", |x| x.is_finite())
}

fn instant() -> impl Strategy<Value = Timestamp> {
    let range = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
    prop_oneof![
        range.prop_map(|n| Timestamp::from_nanosecond(n).unwrap()),
        any::<i64>().prop_map(|n| Timestamp::from_nanosecond(n.into()).unwrap()),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX)
    ]
}

fn value() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        any::<String>().prop_map(|t| ("text", Value::Text(t.into()))),
        any::<i64>().prop_map(|n| ("whole", Value::Integer(n))),
        number().prop_map(|x| ("number", Value::Number(x))),
        any::<bool>().prop_map(|b| ("yes", Value::Boolean(b))),
        instant().prop_map(|t| ("at", Value::Time(t))),
        prop::collection::vec(
            prop_oneof![
                any::<String>().prop_map(|t| Value::Text(t.into())),
                number().prop_map(Value::Number),
                any::<i64>().prop_map(Value::Integer),
                instant().prop_map(Value::Time)
            ],
            0..4
        )
        .prop_map(|list| ("list", Value::List(list.into()))),
        ".{0,40}".prop_map(|t| ("note", Value::Text(t.into()))),
    ]
}

fn coord() -> impl Strategy<Value = Coord<f64>> {
    (finite(), finite()).prop_map(|(x, y)| Coord { x, y })
}

fn line() -> impl Strategy<Value = LineString<f64>> {
    prop::collection::vec(coord(), 0..6).prop_map(LineString)
}

fn polygon() -> impl Strategy<Value = Polygon<f64>> {
    (line(), prop::collection::vec(line(), 0..3))
        .prop_map(|(outer, inner)| Polygon::new(outer, inner))
}

fn geometry() -> impl Strategy<Value = Geometry<f64>> {
    let leaf = prop_oneof![
        coord().prop_map(|c| Geometry::Point(Point(c))),
        line().prop_map(Geometry::LineString),
        polygon().prop_map(Geometry::Polygon),
        prop::collection::vec(coord().prop_map(Point), 0..4)
            .prop_map(|p| Geometry::MultiPoint(MultiPoint(p))),
        prop::collection::vec(line(), 0..3)
            .prop_map(|l| Geometry::MultiLineString(MultiLineString(l))),
        prop::collection::vec(polygon(), 0..3)
            .prop_map(|p| Geometry::MultiPolygon(MultiPolygon(p))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop::collection::vec(inner, 0..4)
            .prop_map(|g| Geometry::GeometryCollection(GeometryCollection(g)))
    })
}

fn event() -> impl Strategy<Value = Event> {
    let layer = catalog().layer("things").unwrap();
    let names = (any::<String>(), "[a-z]{1,3}");
    let times = (
        prop::option::of(instant()),
        prop::option::of(instant()),
        prop::option::of(instant()),
    );
    let observed = (
        names,
        times,
        prop::option::of(geometry()),
        prop::collection::vec(value(), 0..7),
    );
    let observed = observed.prop_map(move |((id, feed), times, geometry, values)| {
        let catalog = catalog();
        let spec = catalog.spec(layer);
        let pairs = values
            .into_iter()
            .map(|(name, v)| (spec.field(name).unwrap(), v));
        Event::Observed(Observation {
            layer,
            feature: FeatureId::from(id),
            feed: FeedName::from(feed),
            observed_at: times.0,
            stale_at: times.1,
            expires_at: times.2,
            geometry,
            properties: Properties::new(pairs),
        })
    });
    let withdrawn = (any::<String>(), "[a-z]{1,3}", prop::option::of(instant()));
    let withdrawn = withdrawn.prop_map(move |(id, feed, at)| Event::Withdrawn {
        layer,
        feature: id.into(),
        feed: feed.into(),
        at,
    });
    prop_oneof![6 => observed, 2 => withdrawn, 1 => Just(Event::Clock)]
}

/// Debug text tells -0.0 from 0.0 and is equal for equal NaN.
fn text(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| format!("{record:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn records_come_back(events in prop::collection::vec(event(), 1..40), nanosecond in 0_i64..1_000) {
        let catalog = catalog();
        let records: Vec<Record> = events
            .into_iter()
            .zip(1_u64..)
            .map(|(event, seq)| Record {
                seq: Seq(seq * 7),
                received_at: start() + jiff::SignedDuration::from_nanos(nanosecond * 1_001),
                event,
            })
            .collect();
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        append(&store, &catalog, &records);
        prop_assert_eq!(text(&read_all(&store, &catalog)), text(&records));
    }
}

proptest! {
    #[test]
    fn geometries_come_back(geometry in geometry()) {
        let mut bytes = Vec::new();
        wkb::write(&mut bytes, &geometry);
        prop_assert_eq!(format!("{:?}", wkb::read(&bytes)), format!("{:?}", Some(geometry)));
    }

    #[test]
    fn damaged_geometries_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        // Whatever it says: no panic, and no memory beyond what the bytes can fill.
        drop(wkb::read(&bytes));
    }

    #[test]
    fn trails_come_back(fixes in prop::collection::vec((-180.0..180.0, -90.0..90.0, instant()), 0..70)) {
        let trail: Vec<Fix> = fixes
            .into_iter()
            .map(|(lon, lat, observed_at)| Fix {
                at: LonLat::new(lon, lat).unwrap(),
                observed_at,
            })
            .collect();
        prop_assert_eq!(read_trail(&write_trail(&trail)), Some(trail));
    }
}
