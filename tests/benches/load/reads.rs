//! How long a reader waits, one at a time over one connection.

use crate::feeds::units;
use crate::gauge::{now, say, spread};
use atalaya_tests::{City, DOWNTOWN, tile_at};
use reqwest::Method;

const READS: u32 = 500;

fn tile_path(z: u8) -> String {
    let (x, y) = tile_at(DOWNTOWN.0 + 0.01, DOWNTOWN.1 - 0.01, z);
    format!("/tiles/units/{z}/{x}/{y}")
}

pub(crate) async fn ask(city: &City) {
    let operator = city.operator();
    let (lon, lat) = DOWNTOWN;
    let hot = [10, 12, 14, 16].map(|z| {
        let question = format!("a hot tile of 2,000 units, z{z}");
        (question, tile_path(z))
    });
    let others = [
        (
            "the units nearest to a place".to_owned(),
            format!("/near?lon={lon}&lat={lat}&layer=units"),
        ),
        (
            "counts by cell of a city".to_owned(),
            "/cells?layers=units&resolution=9".to_owned(),
        ),
    ];
    for (question, path) in hot.into_iter().chain(others) {
        // Hot from the first one that is counted.
        let first = operator.get(&path).await;
        assert!([200, 204].contains(&first.status), "{}", first.text());
        let mut waits = Vec::new();
        for _ in 0..READS {
            let asked = now();
            operator.get(&path).await.expect(first.status);
            waits.push(now().duration_since(asked));
        }
        say(&question, &spread(waits));
    }
    let etag = operator.get(&tile_path(10)).await.header("etag").to_owned();
    let mut waits = Vec::new();
    for _ in 0..READS {
        let request = operator.request(Method::GET, &tile_path(10));
        let asked = now();
        let reply = operator.send(request.header("if-none-match", &etag)).await;
        reply.expect(304);
        waits.push(now().duration_since(asked));
    }
    say("the same tile, not modified", &spread(waits));
    let feed = city.bearer(&city.key("units"));
    let mut waits = Vec::new();
    for round in 0..50 {
        feed.post("/feeds/units", &units(0, 200, 900 + round))
            .await
            .expect(200);
        let asked = now();
        operator.get(&tile_path(10)).await.expect(200);
        waits.push(now().duration_since(asked));
    }
    say("the same tile, changed each time", &spread(waits));
}
