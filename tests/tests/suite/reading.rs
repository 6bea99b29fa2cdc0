//! Questions about a place: near, seeing, cells; and reading what one has just written.

use atalaya_tests::{City, DOWNTOWN, collection, incident, point};
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

fn ids(answer: &Value) -> Vec<String> {
    let features = answer["features"].as_array().expect("a FeatureCollection");
    features
        .iter()
        .map(|it| it["id"].as_str().expect("ids are strings").to_owned())
        .collect()
}

#[tokio::test]
async fn near_is_nearest_first_with_distance_and_bearing() {
    let city = City::start().await;
    let camera = |id: &str, east: f64| point(id, LON + east, LAT, &json!({ "name": id }));
    city.post(
        "cameras",
        &collection(&[
            camera("far", 0.02),
            camera("near", 0.001),
            camera("middle", 0.01),
        ]),
    )
    .await;
    let answer = city
        .operator()
        .json(&format!("/near?lon={LON}&lat={LAT}&layer=cameras&limit=2"))
        .await;
    assert_eq!(ids(&answer), ["near", "middle"]);
    let properties = &answer["features"][0]["properties"];
    let (distance, bearing) = (
        properties["distance_m"].as_f64(),
        properties["bearing_deg"].as_f64(),
    );
    assert!(
        distance.is_some_and(|it| (it - 94.2).abs() < 1.0),
        "a thousandth of a degree east: {properties}"
    );
    assert!(
        bearing.is_some_and(|it| (it - 90.0).abs() < 0.2),
        "{properties}"
    );
}

#[tokio::test]
async fn seeing_names_the_cameras_whose_view_holds_the_point() {
    let city = City::start().await;
    let camera = |id: &str, heading: u16| {
        let view = json!({ "name": id, "heading_deg": heading, "fov_deg": 60, "range_m": 300 });
        point(id, LON - 0.001, LAT, &view)
    };
    city.post(
        "cameras",
        &collection(&[
            camera("east", 90),
            camera("aside", 110),
            camera("west", 270),
        ]),
    )
    .await;
    let answer = city
        .operator()
        .json(&format!("/seeing?lon={LON}&lat={LAT}"))
        .await;
    assert_eq!(ids(&answer), ["east", "aside"], "{answer}");
    assert!(
        answer["features"][0]["properties"]["why"]
            .as_str()
            .is_some_and(|why| !why.is_empty()),
        "{answer}"
    );
}

#[tokio::test]
async fn cells_count_every_feature_once() {
    let city = City::start().await;
    let spread = (0..60).map(|at| incident(&format!("i{at}"), LON + f64::from(at) * 0.002, LAT));
    city.post("incidents", &collection(&spread.collect::<Vec<_>>()))
        .await;
    let operator = city.operator();
    for resolution in [6, 8, 10] {
        let answer = operator
            .json(&format!("/cells?layers=incidents&resolution={resolution}"))
            .await;
        let counts = answer["features"].as_array().expect("cells").iter();
        let total: u64 = counts
            .filter_map(|it| it["properties"]["count"].as_u64())
            .sum();
        assert_eq!(total, 60, "at resolution {resolution}: {answer}");
    }
}

#[tokio::test]
async fn a_read_waits_for_what_was_just_written() {
    let city = City::start().await;
    let operator = city.operator();
    let feed = city.bearer(&city.key("incidents"));
    let epoch = operator.epoch().await;
    for at in 0..20_usize {
        // Past the harness, which would wait by itself.
        let incident = incident(&format!("i{at}"), LON, LAT);
        let receipt = feed
            .post("/feeds/incidents", &incident)
            .await
            .expect(200)
            .json();
        let near = format!("/near?lon={LON}&lat={LAT}&layer=incidents&limit=50");
        let answer = operator
            .json(&format!("{near}&min_seq={epoch}:{}", receipt["seq"]))
            .await;
        assert_eq!(ids(&answer).len(), at + 1, "after {receipt}");
    }
    let future = format!("/near?lon={LON}&lat={LAT}&min_seq={epoch}:999999999");
    let behind = operator.get(&future).await.expect(503);
    assert!(
        !behind.header("retry-after").is_empty(),
        "{}",
        behind.text()
    );
}

#[tokio::test]
async fn the_catalog_lists_the_built_in_layers() {
    let city = City::start().await;
    let catalog = city.operator().json("/catalog").await;
    let text = catalog.to_string();
    for layer in [
        "cameras",
        "coverage",
        "incidents",
        "alpr_hits",
        "alpr_reads",
        "blockages",
        "units",
        "perimeters",
        "sites",
        "closures",
        "warnings",
        "hazards",
    ] {
        assert!(
            text.contains(&format!("\"{layer}\"")),
            "{layer} is missing in {text}"
        );
    }
}

#[tokio::test]
async fn a_layer_of_counts_is_no_collection_and_that_is_what_is_said() {
    let city = City::start().await;
    let operator = city.operator();
    let catalog = operator.json("/catalog").await;
    let layers = catalog["layers"].as_array().expect("layers");
    assert!(layers.iter().any(|it| it["name"] == "cells"), "{catalog}");
    for path in ["/ogc/collections/cells", "/ogc/collections/cells/items"] {
        let refused = operator.get(path).await.expect(404);
        let problem = refused.json();
        assert_eq!(problem["type"], "/problems/no-such-collection", "{path}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(
            detail.contains("/cells") && !detail.contains("/catalog"),
            "{detail}"
        );
    }
    let unknown = operator.get("/ogc/collections/nonesuch").await.expect(404);
    assert_eq!(unknown.json()["type"], "/problems/no-such-layer");
}
