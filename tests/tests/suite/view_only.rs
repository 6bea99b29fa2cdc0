//! Every camera is there to be looked at and nothing else, whether or not its source says so.

use std::fs;

use atalaya_tests::{City, DOWNTOWN, Tile, eventually, point, tile_at};
use mvt_reader::feature::Value as Tag;
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

/// What the features of an answer say, by id.
fn said(answer: &Value) -> Vec<(&str, &Value)> {
    let features = answer["features"].as_array().expect("features");
    let mut said: Vec<_> = features
        .iter()
        .map(|it| {
            (
                it["id"].as_str().expect("an id"),
                &it["properties"]["view_only"],
            )
        })
        .collect();
    said.sort_by_key(|(id, _)| *id);
    said
}

async fn is_everywhere(city: &City) {
    let operator = city.operator();
    let both = [
        ("imported", &Value::Bool(true)),
        ("posted", &Value::Bool(true)),
    ];
    for path in [
        "/ogc/collections/cameras/items".to_owned(),
        format!("/near?lon={LON}&lat={LAT}&layer=cameras"),
        format!("/seeing?lon={}&lat={LAT}", LON + 0.0005),
    ] {
        let answer = operator.json(&path).await;
        assert_eq!(said(&answer), both, "{path}");
    }
    let (x, y) = tile_at(LON, LAT, 14);
    let tile: Tile = city.tile("cameras", 14, x, y).await;
    assert_eq!(tile.ids("cameras"), ["imported", "posted"]);
    for camera in tile.layer("cameras") {
        assert_eq!(
            camera.properties.get("view_only"),
            Some(&Tag::Bool(true)),
            "{camera:?}"
        );
    }
    let mut live = operator.live("layers=cameras&bbox=-112,32,-110,33").await;
    live.until_tick().await;
    for id in ["imported", "posted"] {
        let camera = live.held().feature("cameras", id).expect("in the snapshot");
        assert_eq!(camera["properties"]["view_only"], true, "{camera}");
    }
    let ran = city.command(&["export", "cameras", "--format", "csv"]);
    let mut lines = ran.ok().lines();
    let columns: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let at = columns
        .iter()
        .position(|it| *it == "view_only")
        .expect("a column");
    let values: Vec<_> = lines.map(|line| line.split(',').nth(at)).collect();
    assert_eq!(values, [Some("true"); 2], "{}", ran.stdout);
}

#[tokio::test]
async fn a_camera_that_does_not_say_so_is_view_only_all_the_same() {
    let mut city = City::start().await;
    let looking = json!({ "heading_deg": 90, "fov_deg": 60, "range_m": 300 });
    let posted = point("posted", LON, LAT, &looking);
    city.post("cameras", &posted).await;
    let file = city.scratch().join("cameras.csv");
    let rows = format!("id,lon,lat,heading_deg,fov_deg,range_m\nimported,{LON},{LAT},90,60,300\n");
    fs::write(&file, rows).expect("written");
    city.command(&["import", "cameras", file.to_str().expect("a plain name")])
        .ok();
    eventually("the imported camera", async || {
        let path = format!("/near?lon={LON}&lat={LAT}&layer=cameras");
        let answer = city.operator().json(&path).await;
        (said(&answer).len() == 2).then_some(())
    })
    .await;
    is_everywhere(&city).await;

    city.restart().await;
    is_everywhere(&city).await;
    let again = city.post("cameras", &posted).await;
    assert_eq!(again["duplicates"], 1, "{again}");
}
