//! What is searched, and what never is.

use super::words::Words;
use super::{Fit, Found, SOURCES, live};
use crate::config::Config;
use atalaya_tiles::{
    Event, FeatureId, FeedName, Observation, Picture, Properties, Record, RingLimits, Seq, Value,
    Viewer,
};
use std::sync::Arc;

const PLATE: &str = "SIM1234";

fn city() -> Picture {
    let catalog = Arc::new(Config::default().catalog().unwrap());
    let limits = RingLimits {
        ticks: 4,
        changes: 64,
    };
    let mut picture = Picture::new(Arc::clone(&catalog), limits);
    let features = [
        ("cameras", "cam-7", "name", "Speedway & Campbell"),
        ("cameras", "cam-8", "name", "Broadway & Kino"),
        ("units", "u1", "call_sign", "4A11"),
        ("incidents", "i1", "address", "400 E Speedway Blvd"),
        ("alpr_hits", "h1", "plate", PLATE),
    ];
    for (seq, (layer, id, field, text)) in (1..).zip(features) {
        let layer = catalog.layer(layer).unwrap();
        let field = catalog.spec(layer).field(field).unwrap();
        let observation = Observation {
            layer,
            feature: FeatureId::from(id),
            feed: FeedName::from("test"),
            observed_at: None,
            stale_at: None,
            expires_at: None,
            geometry: None,
            properties: Properties::new([(field, Value::Text(text.into()))]),
        };
        picture.apply(&[Record {
            seq: Seq(seq),
            received_at: "2026-03-01T12:00:00Z".parse().unwrap(),
            event: Event::Observed(observation),
        }]);
    }
    picture
}

fn ask(asked: &str) -> Vec<String> {
    let view = city().view();
    let mut found = live(&view, &Viewer::EVERYTHING, &Words::of(asked));
    found.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
    found.into_iter().map(|found| found.id).collect()
}

#[test]
fn names_addresses_call_signs_and_camera_ids_are_found() {
    assert_eq!(ask("speedway"), ["cam-7", "i1"]);
    assert_eq!(ask("4a1"), ["u1"]);
    assert_eq!(ask("cam-8"), ["cam-8"]);
    assert_eq!(ask("way"), ["cam-7", "cam-8", "i1"]);
    assert!(ask("nothing like it").is_empty());
}

#[test]
fn plates_are_found_by_nobody() {
    assert!(ask(PLATE).is_empty());
    let catalog = Config::default().catalog().unwrap();
    for source in &SOURCES {
        let spec = catalog.spec(catalog.layer(source.layer).unwrap());
        assert!(!spec.fields.contains_key("plate"), "{}", source.layer);
        for name in source
            .searched
            .iter()
            .chain(source.subtitle)
            .chain([&source.title])
        {
            assert!(
                spec.fields[*name].clearance.is_none(),
                "{}.{name}",
                source.layer
            );
        }
    }
}

#[test]
fn who_may_open_nothing_finds_nothing() {
    assert!(live(&city().view(), &Viewer::NOBODY, &Words::of("speedway")).is_empty());
}

#[test]
fn a_result_is_a_feature() {
    let found = Found {
        fit: Fit::Whole,
        of_basemap: true,
        id: "places/1".into(),
        title: "\"A\"".into(),
        subtitle: String::new(),
        kind: "Place",
        layer: None,
        geometry: None,
    };
    let feature: serde_json::Value = serde_json::from_slice(&found.feature()).unwrap();
    assert_eq!(feature["properties"]["title"], "\"A\"");
    assert_eq!(feature["properties"]["layer"], serde_json::Value::Null);
}
