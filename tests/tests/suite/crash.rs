//! Kill −9, again and again, while a feed posts: every acknowledged id is there afterwards.

use std::collections::BTreeSet;

use atalaya_tests::{City, DOWNTOWN, Visitor, collection, incident, tile_at};
use reqwest::Method;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
/// Kills in one run; each is a start, some posts and a kill.
const ROUNDS: u32 = 100;

#[tokio::test]
async fn every_acknowledged_event_survives_a_hundred_kills() {
    let mut city = City::start().await;
    let key = city.key("incidents");
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let feed = city.bearer(&key);
        for batch in 0..=(round % 4) {
            let ids: Vec<String> = (0..3)
                .map(|at| format!("r{round:03}-{batch}-{at}"))
                .collect();
            let features: Vec<_> = ids.iter().map(|id| incident(id, LON, LAT)).collect();
            feed.post("/feeds/incidents", &collection(&features))
                .await
                .expect(200);
            acknowledged.extend(ids);
        }
        // One more is under way when the process dies: it may be kept or lost, and nobody was told.
        let request = feed
            .request(Method::POST, "/feeds/incidents")
            .json(&incident(&format!("r{round:03}-lost"), LON, LAT));
        let under_way = Visitor::try_send(request);
        tokio::select! {
            biased;
            _ = under_way => {}
            () = tokio::task::yield_now() => {}
        }
        city.kill9();
        city.restart().await;
    }
    let (x, y) = tile_at(LON, LAT, 16);
    let tile = city.tile("incidents", 16, x, y).await;
    let there: BTreeSet<&str> = tile.ids("incidents").into_iter().collect();
    let missing: Vec<&String> = acknowledged
        .iter()
        .filter(|id| !there.contains(id.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "{} of {} acknowledged ids are gone: {missing:?}",
        missing.len(),
        acknowledged.len()
    );
    let strangers = there
        .iter()
        .filter(|id| !acknowledged.contains(**id) && !id.ends_with("-lost"))
        .count();
    assert_eq!(strangers, 0, "nothing is there that was never sent");
}
