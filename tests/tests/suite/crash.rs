//! Kill −9, again and again, while a feed posts: every acknowledged id is there afterwards.

use std::collections::BTreeSet;

use atalaya_tests::{City, DOWNTOWN, Visitor, collection, in_time, incident, tile_at};
use reqwest::Method;
use tokio::sync::watch;
use tokio::task::JoinSet;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
/// Kills in one run; each is a start, some posts and a kill.
const ROUNDS: usize = 100;
/// Features in one post.
const AT_ONCE: usize = 2;

/// What a feed knows of its posts when the server is gone.
#[derive(Debug, Default)]
struct Told {
    acknowledged: BTreeSet<String>,
    /// The post that was under way: it may be kept or lost, and nobody was told.
    under_way: BTreeSet<String>,
}

/// Posts one after the other without a pause, until the server is gone.
async fn post_on(feed: Visitor, round: usize, posts: watch::Sender<usize>) -> Told {
    let mut told = Told::default();
    loop {
        let post = *posts.borrow();
        let ids = (0..AT_ONCE).map(|at| format!("r{round:03}-{post}-{at}"));
        let ids: BTreeSet<String> = ids.collect();
        let features: Vec<_> = ids.iter().map(|id| incident(id, LON, LAT)).collect();
        let request = feed.request(Method::POST, "/feeds/incidents");
        let Ok(reply) = Visitor::try_send(request.json(&collection(&features))).await else {
            told.under_way = ids;
            return told;
        };
        assert_eq!(reply.status, 200, "{}", reply.text());
        told.acknowledged.extend(ids);
        posts.send_replace(post + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_event_survives_a_hundred_kills() {
    let mut city = City::start().await;
    let key = city.key("incidents");
    let (mut acknowledged, mut under_way) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let (posts, mut posted) = watch::channel(0);
        let mut feed = JoinSet::new();
        feed.spawn(post_on(city.bearer(&key), round, posts));
        let enough = posted.wait_for(|posts| *posts > round % 4);
        in_time("posts to be acknowledged", enough)
            .await
            .expect("the feed posts on until the kill");
        // The feed has the next post under way by now, or is about to.
        city.kill9();
        for told in feed.join_all().await {
            acknowledged.extend(told.acknowledged);
            under_way.extend(told.under_way);
        }
        city.restart().await;
    }
    assert_eq!(under_way.len(), ROUNDS * AT_ONCE, "each kill cut a post");
    let (x, y) = tile_at(LON, LAT, 16);
    let tile = city.tile("incidents", 16, x, y).await;
    let there: BTreeSet<String> = tile.ids("incidents").into_iter().map(Into::into).collect();
    let missing: Vec<&String> = acknowledged.difference(&there).collect();
    assert!(
        missing.is_empty(),
        "{} of {} acknowledged ids are gone: {missing:?}",
        missing.len(),
        acknowledged.len()
    );
    let sent: BTreeSet<String> = acknowledged.union(&under_way).cloned().collect();
    let strangers: Vec<&String> = there.difference(&sent).collect();
    assert!(strangers.is_empty(), "never sent: {strangers:?}");
    // A post is kept whole or not at all.
    let kept = under_way.intersection(&there).count();
    assert_eq!(kept % AT_ONCE, 0, "half a post is there");
}
