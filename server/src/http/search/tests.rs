//! What is searched, and what never is.

use super::{Found, best};
use crate::config::Config;
use crate::words::Words;
use atalaya_tiles::{
    Event, FeatureId, FeedName, Observation, Picture, Properties, Record, RingLimits, Seq, Value,
    Viewer,
};
use std::sync::Arc;

const PLATE: &str = "SIM1234";

fn city() -> Picture {
    filled(&[
        ("cameras", "cam-7", "name", "Speedway & Campbell"),
        ("cameras", "cam-8", "name", "Broadway & Kino"),
        ("units", "u1", "call_sign", "4A11"),
        ("incidents", "i1", "address", "400 E Speedway Blvd"),
        ("alpr_hits", "h1", "plate", PLATE),
    ])
}

/// A picture of features: layer, id, and a field with its text.
fn filled(features: &[(&str, &str, &str, &str)]) -> Picture {
    filled_in(&Config::default(), features)
}

fn filled_in(config: &Config, features: &[(&str, &str, &str, &str)]) -> Picture {
    let catalog = Arc::new(config.catalog().unwrap());
    let limits = RingLimits {
        ticks: 4,
        changes: 64,
    };
    let mut picture = Picture::new(Arc::clone(&catalog), limits);
    for (seq, (layer, id, field, text)) in (1..).zip(features.iter().copied()) {
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
    let found = best(&view, &Viewer::EVERYTHING, &[], &Words::of(asked), 100);
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
    let searched: Vec<&str> = catalog
        .layers()
        .filter(|(_, spec)| spec.search.is_some())
        .map(|(_, spec)| spec.name.as_str())
        .collect();
    let known = [
        "cameras",
        "incidents",
        "blockages",
        "units",
        "sites",
        "closures",
    ];
    assert_eq!(searched, known);
}

#[test]
fn a_layer_of_ones_own_is_found_as_its_configuration_says() {
    let config = r#"
        [[layers]]
        name = "street_lights"
        title = "Street lights"
        kind = "state"
        geometry = ["point"]
        fields = { lamp = "text", make = "text" }
        search = { fields = ["lamp"], title = "lamp", subtitle = ["make"] }
    "#;
    let config: Config = toml::from_str(config).unwrap();
    let lamps = [
        ("street_lights", "l1", "lamp", "Sixth & Stone 12"),
        ("street_lights", "l2", "make", "Stone Brothers"),
    ];
    let view = filled_in(&config, &lamps).view();
    let asked = Words::of("stone");
    let found = best(&view, &Viewer::EVERYTHING, &[], &asked, 100);
    let [lamp] = &found[..] else {
        panic!("{} found", found.len());
    };
    assert_eq!((&*lamp.id, &*lamp.title), ("l1", "Sixth & Stone 12"));
    assert_eq!(lamp.kind, "Street lights", "as its layer is called");
    assert_eq!(lamp.layer.as_deref(), Some("street_lights"));
    let asked = Words::of("l2");
    assert!(best(&view, &Viewer::EVERYTHING, &[], &asked, 100).is_empty());
}

#[test]
fn who_may_open_nothing_finds_nothing() {
    let asked = Words::of("speedway");
    assert!(best(&city().view(), &Viewer::NOBODY, &[], &asked, 100).is_empty());
}

#[test]
fn a_result_is_a_feature() {
    let found = Found {
        id: "places/1".into(),
        title: "\"A\"".into(),
        subtitle: String::new(),
        kind: "Place".into(),
        layer: None,
        geometry: None,
    };
    let feature: serde_json::Value = serde_json::from_slice(&found.feature()).unwrap();
    assert_eq!(feature["properties"]["title"], "\"A\"");
    assert_eq!(feature["properties"]["layer"], serde_json::Value::Null);
}

#[test]
fn the_best_of_many_are_the_best_of_all() {
    let ids: Vec<String> = (0..60).map(|n| format!("c{:02}", n * 37 % 60)).collect();
    let text = |n: usize| ["Stone", "Stone & 6th", "Limestone"][n % 3];
    let cameras = ids.iter().enumerate();
    let cameras: Vec<_> = cameras
        .map(|(n, id)| ("cameras", &**id, "name", text(n)))
        .collect();
    let view = filled(&cameras).view();
    let asked = Words::of("stone");
    let first = |most| -> Vec<String> {
        let found = best(&view, &Viewer::EVERYTHING, &[], &asked, most);
        found.into_iter().map(|found| found.id).collect()
    };
    let all = first(100);
    assert_eq!(all.len(), 60);
    let mut wanted: Vec<_> = (0..60).map(|n| (n % 3, ids[n].clone())).collect();
    wanted.sort();
    let wanted: Vec<String> = wanted.into_iter().map(|(_, id)| id).collect();
    assert_eq!(all, wanted);
    for most in [1, 2, 7, 20, 59] {
        assert_eq!(first(most), wanted[..most], "{most}");
    }
}
