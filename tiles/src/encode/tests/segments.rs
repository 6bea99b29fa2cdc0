//! Sightings whose values stand in the dictionaries of several segments: each feature has its own.

use super::*;

const LAYER: &str = r#"[{"name": "reads", "kind": "sighting", "geometry": ["point"], "fields": {
    "kind": "text", "lane": "integer", "label": "text", "plate": {"type": "text", "clearance": "cji"}}}]"#;

/// The kind of a read: some from the first segment on, others later, and later in another order.
fn kind(at: u64) -> String {
    format!("kind {}", (at * 7 + at / 64) % (2 + at / 64))
}

fn reads(here: TileCoord) -> Picture {
    let catalog = Arc::new(Catalog::new(serde_json::from_str(LAYER).unwrap(), 6).unwrap());
    let limits = RingLimits {
        ticks: 16,
        changes: 1_000,
    };
    let layer = catalog.layer("reads").unwrap();
    let mut picture = Picture::new(Arc::clone(&catalog), limits);
    for at in 0..300_u64 {
        let units = |by: u64| f64::from(u32::try_from(at * by % 4_096).unwrap());
        let values = [
            ("kind", Some(Value::Text(kind(at).into()))),
            (
                "lane",
                (at % 3 > 0).then(|| Value::Integer((at % 5).cast_signed() - 2)),
            ),
            ("label", Some(Value::Text(format!("label {at}").into()))),
            ("plate", Some(Value::Text("secret".into()))),
        ];
        let spec = catalog.spec(layer);
        let pairs = values.into_iter();
        let pairs = pairs.filter_map(|(name, value)| Some((spec.field(name)?, value?)));
        let record = Record {
            seq: Seq(at + 1),
            received_at: second(at / 20),
            event: Event::Observed(Observation {
                layer,
                feature: at.to_string().into(),
                feed: "test".into(),
                observed_at: None,
                stale_at: None,
                expires_at: None,
                geometry: Some(point(here, units(977), units(613)).into()),
                properties: pairs.collect(),
            }),
        };
        picture.apply(&[record]);
    }
    picture
}

#[test]
fn every_feature_has_the_values_of_its_own_segment() {
    let here = tile(14, 3_140, 6_600);
    let view = reads(here).view();
    let layers = [view.catalog().layer("reads").unwrap()];
    let request = TileRequest {
        layers: &layers,
        tile: here,
        window: None,
        limits: TileLimits::default(),
    };
    let nobody = Viewer {
        clearances: crate::viewer::Clearances::NONE,
        ..Viewer::EVERYTHING
    };
    for viewer in [Viewer::EVERYTHING, nobody] {
        let bytes = encode_tile(&view, &viewer, &request).unwrap();
        let reference = encode_tile_by_reference(&view, &viewer, &request).unwrap();
        // The same but for the order in which the layer has its values.
        assert!(decode(&bytes) == decode(&reference));
        assert!(bytes.len() <= reference.len() * 21 / 20);
        let features = decode(&bytes).remove("reads").unwrap();
        assert_eq!(features.len(), 300);
        for (at, feature) in (0_u64..).zip(&features) {
            assert_eq!(feature.id, Some(at));
            assert_eq!(feature.text("kind"), kind(at));
            assert_eq!(feature.text("label"), format!("label {at}"));
            assert_eq!(feature.properties.contains_key("lane"), at % 3 > 0, "{at}");
            assert_eq!(
                feature.properties.contains_key("plate"),
                viewer == Viewer::EVERYTHING
            );
            let received_at = second(at / 20).as_millisecond();
            assert_eq!(feature.properties["observed_at"], Read::Int(received_at));
        }
    }
}
