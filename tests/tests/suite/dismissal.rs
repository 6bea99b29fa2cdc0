//! What is open ends soon after the right to see it does.

use atalaya_tests::{City, DOWNTOWN, Live, eventually, incident};
use reqwest::Method;

const QUERY: &str = "layers=incidents&bbox=-111.1,32.1,-110.8,32.4";
const SOON: &str = "admin_listen = \"127.0.0.1:0\"\n[live]\nrecheck_s = 1\n";

#[tokio::test]
async fn a_session_that_ends_takes_its_open_streams_along() {
    let city = City::with_config(SOON).await;
    let (leaves, stays) = (city.sign_in("operator").await, city.sign_in("wall").await);
    let mut socket = leaves.live(QUERY).await;
    let mut events = leaves.events(QUERY).await;
    let mut other = stays.live(QUERY).await;
    for live in [&mut socket, &mut events, &mut other] {
        live.until_tick().await;
    }
    let out = leaves.request(Method::POST, "/sign-out");
    let out = out.header("origin", city.base());
    leaves.send(out).await.expect(204);
    let (said, code) = socket.ended().await;
    assert_eq!((said["type"].as_str(), code), (Some("error"), Some(1008)));
    let detail = said["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("no longer holds"), "{said}");
    let (said_too, _) = events.ended().await;
    assert_eq!(said_too, said, "the messages are the same");
    leaves.get(&format!("/live?{QUERY}")).await.expect(401);

    city.post("incidents", &incident("a", DOWNTOWN.0, DOWNTOWN.1))
        .await;
    other
        .until("what happened since", |held| held.ids("incidents") == ["a"])
        .await;
    let counted = eventually("one stream to be left", async || {
        let text = city.admin().get("/metrics").await.text();
        text.contains("atalaya_live_streams 1\n").then_some(text)
    })
    .await;
    let dismissed = "atalaya_live_ended_total{outcome=\"dismissed\"} 2\n";
    assert!(counted.contains(dismissed), "{counted}");
}

/// Insists that a stream is told why it ends.
async fn is_dismissed(live: Live) {
    let (said, code) = live.ended().await;
    assert_eq!((said["type"].as_str(), code), (Some("error"), Some(1008)));
}

#[tokio::test]
async fn a_key_or_a_session_that_is_revoked_takes_its_open_streams_along() {
    let city = City::with_config(SOON).await;
    let named = ["key", "create", "--role", "operator", "--name", "planner"];
    let program = city.bearer(city.command(&named).ok());
    let wall = city.sign_in("wall").await;
    let (mut by_key, mut by_session) = (program.live(QUERY).await, wall.live(QUERY).await);
    by_key.until_tick().await;
    by_session.until_tick().await;
    city.command(&["key", "revoke", "planner"]).ok();
    is_dismissed(by_key).await;
    by_session.until_tick().await;
    let listed = city.command(&["session", "list", "--json"]).ok().to_owned();
    let session: serde_json::Value = serde_json::from_str(&listed).expect("one session");
    let id = session["id"].as_str().expect("an id");
    city.command(&["session", "revoke", id]).ok();
    is_dismissed(by_session).await;
    wall.get("/catalog").await.expect(401);
}
