//! TileJSON against the tiles it describes, as a decoder reads them.

use std::collections::{BTreeMap, BTreeSet};

use atalaya_tests::{City, DOWNTOWN, Visitor, collection, incident, point, tile_at};
use mvt_reader::feature::Value as Tag;
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
/// A layer with fields by the names that the core uses itself, of which two are drawn one by one.
const LAMPS: &str = "[[layers]]\nname = \"lamps\"\nkind = \"state\"\ngeometry = [\"point\"]\ncap = 2\n\
    fields = { id = \"integer\", id_ = \"text\", owner = { type = \"text\", clearance = \"cji\" } }\n\
    [[layers]]\nname = \"notes\"\nkind = \"state\"\ngeometry = [\"none\"]\n\
    [tilesets]\nnight = [\"lamps\", \"incidents\", \"cells\"]\n";

type Keys = BTreeMap<String, BTreeSet<String>>;

/// The layers and fields that TileJSON names.
async fn described(visitor: &Visitor, tileset: &str) -> Keys {
    let document = visitor.json(&format!("/tiles/{tileset}")).await;
    let layers = document["vector_layers"].as_array().expect("layers");
    let fields = |layer: &Value| {
        layer["fields"]
            .as_object()
            .expect("fields")
            .keys()
            .cloned()
            .collect()
    };
    layers
        .iter()
        .map(|layer| {
            (
                layer["id"].as_str().expect("a name").to_owned(),
                fields(layer),
            )
        })
        .collect()
}

/// The layers and keys in the tiles over downtown, from the world to the street.
async fn carried(visitor: &Visitor, tileset: &str) -> Keys {
    let mut keys = Keys::new();
    for z in [0, 10, 14, 20] {
        let (x, y) = tile_at(LON, LAT, z);
        for (layer, features) in visitor.tile(tileset, z, x, y).await.layers {
            let found = features
                .into_iter()
                .flat_map(|it| it.properties.into_keys());
            keys.entry(layer).or_default().extend(found);
        }
    }
    keys
}

async fn full_city() -> City {
    let city = City::with_config(LAMPS).await;
    let lamp = |id: &str, east: f64| {
        let properties = json!({ "id": 7, "id_": "old", "owner": "TEP" });
        let mut lamp = point(id, LON + east, LAT, &properties);
        lamp["stale_at"] = json!("2020-01-01T00:00:00Z");
        lamp
    };
    city.post(
        "lamps",
        &collection(&[lamp("a", 0.0), lamp("b", 0.05), lamp("c", 0.1)]),
    )
    .await;
    city.post(
        "notes",
        &json!({ "type": "Feature", "id": "n", "geometry": null, "properties": {} }),
    )
    .await;
    city.post("incidents", &incident("i", LON, LAT)).await;
    city
}

#[tokio::test]
async fn tilejson_names_what_tiles_carry_and_nothing_else() {
    let city = full_city().await;
    for clearances in [&[][..], &["cji"]] {
        let visitor = city.program("operator", clearances);
        for tileset in ["lamps", "cells", "notes", "lamps,cells"] {
            let (described, carried) = (
                described(&visitor, tileset).await,
                carried(&visitor, tileset).await,
            );
            assert_eq!(described, carried, "{tileset} with {clearances:?}");
        }
        // What nobody told and what did not become too much are not in these tiles, though they might be.
        for tileset in ["incidents", "night"] {
            let described = described(&visitor, tileset).await;
            for (layer, keys) in carried(&visitor, tileset).await {
                assert!(
                    described[&layer].is_superset(&keys),
                    "{layer} of {tileset}: {keys:?}"
                );
            }
        }
    }
    let lamps = described(&city.operator(), "lamps").await;
    let plain: Vec<&str> = lamps["lamps"].iter().map(String::as_str).collect();
    assert_eq!(plain, ["id", "id_", "id__", "observed_at", "stale"]);
}

/// A layer with a field of each type.
const ALL_TYPES: &str = "[[layers]]\nname = \"lamps\"\nkind = \"state\"\ngeometry = [\"point\"]\n\
    fields = { lamp = \"text\", watts = \"number\", posts = \"integer\", lit = \"boolean\", \
    fixed_at = \"time\", tags = \"list\" }\n";

#[tokio::test]
async fn each_field_is_of_the_type_that_tilejson_says_and_the_catalog_keeps_its_words() {
    let city = City::with_config(ALL_TYPES).await;
    let properties = json!({
        "lamp": "LED", "watts": 40.5, "posts": 2, "lit": true,
        "fixed_at": "2026-03-01T12:00:00Z", "tags": ["tall", "old"],
    });
    let mut lamp = point("a", LON, LAT, &properties);
    lamp["observed_at"] = json!("2026-03-01T12:00:00Z");
    city.post("lamps", &lamp).await;
    let operator = city.operator();
    let document = operator.json("/tiles/lamps").await;
    let layers = document["vector_layers"].as_array().expect("layers");
    let (x, y) = tile_at(LON, LAT, 14);
    let tile = operator.tile("lamps", 14, x, y).await;
    let feature = &tile.layers["lamps"][0];
    assert!(feature.properties.len() >= 8, "{:?}", feature.properties);
    for (key, value) in &feature.properties {
        let carried = match value {
            Tag::String(_) => "String",
            Tag::Bool(_) => "Boolean",
            Tag::Null => "none",
            Tag::Float(_) | Tag::Double(_) | Tag::Int(_) | Tag::UInt(_) | Tag::SInt(_) => "Number",
        };
        assert_eq!(layers[0]["fields"][key], carried, "{key}: {value:?}");
    }
    let tags = Tag::String("[\"tall\",\"old\"]".into());
    assert_eq!(feature.properties["tags"], tags);
    let counts = json!({ "cell": "String", "count": "Number", "resolution": "Number" });
    assert_eq!(layers[1]["fields"], counts);
    assert_eq!(layers[0]["description"], "lamps", "it has no title");
    assert_eq!(layers[1]["description"], "lamps: counts by H3 cell");

    let catalog = operator.json("/catalog").await;
    let listed = catalog["layers"].as_array().expect("layers").iter();
    let lamps = listed.clone().find(|layer| layer["name"] == "lamps");
    let fields = &lamps.expect("the layer")["fields"];
    for (field, kind) in [("fixed_at", "time"), ("tags", "list"), ("lamp", "text")] {
        assert_eq!(fields[field]["type"], kind, "{fields}");
    }
}

#[tokio::test]
async fn whoever_has_counts_alone_is_told_of_counts_alone() {
    let city = City::start().await;
    let layers = |keys: Keys| keys.into_keys().collect::<Vec<_>>();
    let (cleared, uncleared) = (
        city.program("analyst", &["cji"]),
        city.program("analyst", &[]),
    );
    assert_eq!(
        layers(described(&uncleared, "alpr_reads").await),
        ["alpr_reads_cells"]
    );
    assert_eq!(
        layers(described(&cleared, "alpr_reads").await),
        ["alpr_reads_cells"]
    );
    assert_eq!(
        layers(described(&cleared, "cameras").await),
        ["cameras", "cameras_cells"]
    );
}
