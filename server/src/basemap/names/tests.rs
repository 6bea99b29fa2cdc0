//! Crossings of a few roads, and of the seed city.

use super::super::SourceLayer;
use super::{Name, crossings, places};

fn roads(text: &str) -> Vec<Name> {
    let (layer, _) = SourceLayer::read("roads", text).unwrap();
    crossings(layer.tree.iter())
}

fn road(name: &str, line: &str) -> String {
    format!(
        r#"{{"type":"Feature","properties":{{"kind":"major_road","name":"{name}"}},"geometry":{{"type":"LineString","coordinates":{line}}}}}"#
    )
}

#[test]
fn roads_that_share_a_vertex_cross() {
    let features = [
        road("Stone Ave", "[[1,0],[1,1],[1,2],[1,3]]"),
        road("Congress St", "[[0,1],[1,1],[2,1]]"),
        road("Congress St", "[[2,1],[1,3]]"),
        road("Flyover", "[[0,1.5],[2,1.5]]"),
    ];
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{}]}}"#,
        features.join(",")
    );
    let found = roads(&text);
    let found: Vec<_> = found
        .iter()
        .map(|name| (name.text.as_str(), name.at.lon(), name.at.lat()))
        .collect();
    assert_eq!(found, [("Congress St & Stone Ave", 1.0, 1.0)]);
}

#[test]
fn the_seed_city_has_its_crossings_and_places() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../seed-data/basemap");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}.geojson")).unwrap();
    let found = roads(&read("roads"));
    assert!(
        found
            .iter()
            .any(|name| name.text == "Campbell Ave & Speedway Blvd"),
        "{}",
        found.len()
    );
    let (layer, _) = SourceLayer::read("places", &read("places")).unwrap();
    let found = places(layer.tree.iter());
    assert_eq!(
        found
            .first()
            .map(|name| (name.id.as_str(), name.text.as_str())),
        Some(("places/1", "Tucson"))
    );
}
