//! What is said of the keys of tiles against what a decoder finds in them.

use super::*;
use crate::viewer::{Clearances, LayerSet};
use std::collections::BTreeSet;

/// Some features in each layer that takes any, with all of its fields, and stale where that can be.
fn full_city() -> City {
    let here = tile(14, 3_000, 6_000);
    let fields = [
        ("name", Value::Text("Congress".into())),
        ("id", Value::Integer(7)),
        ("lamps", Value::List([Value::Text("a".into())].into())),
        ("lit", Value::Boolean(true)),
        ("watts", Value::Number(0.5)),
        ("fixed_at", Value::Time(second(1))),
        ("plate", Value::Text("ABC 123".into())),
        ("observed_at", Value::Text("noon".into())),
    ];
    let mut city = City::new();
    let names = ["spots", "areas", "sites", "reads", "pings", "hidden"];
    for (seq, name) in (1..).zip(names.into_iter().cycle().take(9 * names.len())) {
        let layer = city.catalog.layer(name).unwrap();
        let spec = city.catalog.spec(layer);
        let pairs = fields
            .iter()
            .filter_map(|(key, value)| Some((spec.field(key)?, value.clone())));
        let geometry = if name == "areas" {
            polygon(here, &[&[(9.0, 9.0), (900.0, 9.0), (900.0, 900.0)]]).into()
        } else {
            point(here, 90.0, 90.0).into()
        };
        let event = Event::Observed(Observation {
            layer,
            feature: seq.to_string().as_str().into(),
            feed: "test".into(),
            observed_at: Some(second(0)),
            stale_at: Some(second(0)),
            expires_at: None,
            geometry: Some(geometry),
            properties: Properties::new(pairs),
        });
        let (seq, received_at) = (Seq(seq), second(seq));
        city.picture.apply(&[Record {
            seq,
            received_at,
            event,
        }]);
    }
    city
}

/// The keys in the tiles of a layer, features and counts, by source-layer.
fn found(city: &City, viewer: &Viewer, layer: &str) -> BTreeMap<String, BTreeSet<String>> {
    let here = tile(14, 3_000, 6_000);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let view = city.view();
    // Where there is no room for features, counts take their place.
    for max_bytes in (100..500).step_by(10).chain([500_000]) {
        let limits = TileLimits {
            max_bytes,
            ..TileLimits::default()
        };
        let layers = city.layers(&[layer]);
        let request = TileRequest {
            layers: &layers,
            tile: here,
            window: None,
            limits,
        };
        // Where even counts are too large, there are none to be found.
        let bytes = encode_tile(&view, viewer, &request).unwrap_or_default();
        for (name, features) in decode(&bytes) {
            let keys = features
                .into_iter()
                .flat_map(|feature| feature.properties.into_keys());
            found.entry(name).or_default().extend(keys);
        }
    }
    found
}

#[test]
fn tiles_carry_the_keys_that_are_said_of_them_and_no_others() {
    let city = full_city();
    let nobody = Viewer {
        clearances: Clearances::NONE,
        layers: LayerSet::ALL,
    };
    for viewer in [Viewer::EVERYTHING, nobody] {
        let view = city.view();
        for open in view.open_all(&viewer) {
            let said: BTreeMap<String, BTreeSet<String>> = tile_layers(&open)
                .into_iter()
                .map(|layer| {
                    (
                        layer.name,
                        layer.keys.into_iter().map(|(key, _)| key).collect(),
                    )
                })
                .collect();
            assert_eq!(
                found(&city, &viewer, &open.spec().name),
                said,
                "{}",
                open.spec().name
            );
        }
    }
}
