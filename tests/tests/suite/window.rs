//! `window=` ends at the last whole ten seconds, and the tag of a tile says which.

use atalaya_tests::{City, DOWNTOWN, Reply, Tile, Visitor, collection, eventually, point, tile_at};
use jiff::Timestamp;
use serde_json::json;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

/// The server's clock.
async fn server_time(visitor: &Visitor) -> Timestamp {
    let feeds = visitor.json("/feeds").await;
    let time = feeds["server_time"].as_str().expect("the server's time");
    time.parse().expect("an instant")
}

/// Which ten seconds the server is in.
async fn tenth(visitor: &Visitor) -> i64 {
    server_time(visitor).await.as_second().div_euclid(10)
}

fn counted(reply: &Reply) -> i64 {
    if reply.status == 204 {
        return 0;
    }
    let tile = Tile::decode(&reply.body);
    let cells = tile.layer("alpr_reads_cells").iter();
    cells.filter_map(|cell| cell.integer("count")).sum()
}

#[tokio::test]
async fn a_window_ends_at_the_last_whole_ten_seconds_and_so_does_its_tag() {
    let city = City::start().await;
    let operator = city.operator();
    let (x, y) = tile_at(LON, LAT, 12);
    let path = format!("/tiles/alpr_reads/12/{x}/{y}?window=15m");
    let mut round = 0;
    let (then, first) = eventually("all of it within ten seconds", async || {
        round += 1;
        let then = tenth(&operator).await;
        // The last whole ten seconds, a second before and a second after.
        let at = |second: i64| Timestamp::from_second(then * 10 + second).expect("an instant");
        let read = |second: i64| {
            let mut read = point(
                &format!("r{round}/{second}"),
                LON,
                LAT,
                &json!({ "confidence": 0.9 }),
            );
            read["observed_at"] = at(second).to_string().into();
            read
        };
        city.post("alpr_reads", &collection(&[read(-1), read(1)]))
            .await;
        let first = operator.get(&path).await;
        let second = operator.get(&path).await;
        if tenth(&operator).await != then {
            return None;
        }
        assert_eq!(first.header("etag"), second.header("etag"));
        Some((then, first))
    })
    .await;
    assert!(!first.header("etag").is_empty(), "{}", first.status);
    let before = counted(&first);
    let later = eventually("another tag", async || {
        let reply = operator.get(&path).await;
        (reply.header("etag") != first.header("etag")).then_some(reply)
    })
    .await;
    assert!(
        tenth(&operator).await > then,
        "the tag turned within ten seconds"
    );
    assert_eq!(counted(&later), before + 1, "the second read is within now");
}
