//! What a client saw, or was told is accepted, outlives the process.

use atalaya_tests::{City, DOWNTOWN, collection, incident, point, tile_at};
use serde_json::json;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

#[tokio::test]
async fn an_accepted_event_survives_a_kill_and_so_does_its_tag() {
    let mut city = City::start().await;
    let operator = city.operator();
    city.post(
        "incidents",
        &collection(&[incident("a", LON, LAT), incident("b", LON + 0.001, LAT)]),
    )
    .await;
    city.post(
        "units",
        &point("u", LON, LAT, &json!({ "call_sign": "2A14" })),
    )
    .await;
    let (x, y) = tile_at(LON, LAT, 13);
    let path = format!("/tiles/incidents,units/13/{x}/{y}");
    let before = operator.get(&path).await.expect(200);

    city.restart().await;
    let after = operator.get(&path).await.expect(200);
    assert_eq!(
        after.header("etag"),
        before.header("etag"),
        "the tag is a function of the log alone"
    );
    assert!(
        after.body == before.body,
        "the same log gives the same bytes"
    );
    let repeated = city.post("incidents", &incident("a", LON, LAT)).await;
    assert_eq!(
        repeated["duplicates"], 1,
        "a duplicate is known after a restart: {repeated}"
    );
}

#[tokio::test]
async fn the_log_goes_on_where_it_stood() {
    let mut city = City::start().await;
    let first = city.post("incidents", &incident("a", LON, LAT)).await;
    let epoch = city.operator().epoch().await;
    city.restart().await;
    let second = city.post("incidents", &incident("b", LON, LAT)).await;
    assert!(
        second["seq"].as_u64() > first["seq"].as_u64(),
        "{first} {second}"
    );
    assert_eq!(
        city.operator().epoch().await,
        epoch,
        "a restart is not a restore"
    );
}

#[tokio::test]
async fn a_polite_stop_ends_with_success() {
    let mut city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    assert_eq!(city.stop(), Some(0));
}

#[tokio::test]
async fn two_servers_never_share_a_store() {
    let city = City::start().await;
    let second = city.command(&["serve", "--listen", "127.0.0.1:0"]);
    assert_ne!(second.code, 0, "{}", second.stdout);
    assert!(
        second.stderr.contains("data") || second.stderr.contains("store"),
        "it says why: {}",
        second.stderr
    );
}
