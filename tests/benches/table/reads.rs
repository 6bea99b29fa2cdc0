//! How long a reader waits, one question at a time over one connection: rows that no target is about.

use crate::Effort;
use crate::city::opened;
use crate::feed::{Feed, collection, unit};
use crate::gauge::{Waits, now};
use crate::sample::share;
use crate::table::{Aim, BESIDE, Row, Table};
use atalaya_tests::{DOWNTOWN, tile_at};
use reqwest::Method;

const READS: u32 = 500;
const UNITS: u32 = 2_000;

fn tile_path(z: u8) -> String {
    let (x, y) = tile_at(DOWNTOWN.0 + 0.01, DOWNTOWN.1 - 0.01, z);
    format!("/tiles/units/{z}/{x}/{y}")
}

/// Units `from` and on, after so many rounds of moving.
fn units(from: u32, count: u32, round: u32) -> String {
    collection(from..from + count, |text, number| {
        let moved = f64::from(round % 500) * 1e-4;
        let lon = DOWNTOWN.0 + share(number, 90) * 0.1 + moved;
        unit(text, number, (lon, DOWNTOWN.1 - share(number, 91) * 0.08));
    })
}

pub(crate) async fn ask(effort: Effort, table: &mut Table) {
    let city = opened("").await;
    let feed = Feed::of(&city, "units");
    feed.post(units(0, UNITS, 0)).await;
    let operator = city.operator();
    let mut row = |what: &str, waits: &Waits| {
        table.add(Row {
            number: BESIDE,
            what: what.to_owned(),
            ours: waits.ms(50),
            unit: "ms",
            peer: None,
            aim: Aim::Nothing,
            beside: waits.told(),
        });
    };
    let (lon, lat) = DOWNTOWN;
    let hot = [10, 12, 14, 16].map(|z| {
        let question = format!("a hot z{z} tile of {UNITS} units, over one connection");
        (question, tile_path(z))
    });
    let near = format!("/near?lon={lon}&lat={lat}&layer=units");
    let cells = "/cells?layers=units&resolution=9".to_owned();
    let others = [
        ("the units nearest to a place, by HTTP".to_owned(), near),
        ("counts by cell of a city, by HTTP".to_owned(), cells),
    ];
    for (what, path) in hot.into_iter().chain(others) {
        // Hot from the first one that is counted.
        let first = operator.get(&path).await;
        assert!([200, 204].contains(&first.status), "{}", first.text());
        let mut waits = Waits::default();
        for _ in 0..READS {
            let asked = now();
            operator.get(&path).await.expect(first.status);
            waits.since(asked);
        }
        row(&what, &waits);
    }
    let etag = operator.get(&tile_path(10)).await.header("etag").to_owned();
    let mut waits = Waits::default();
    for _ in 0..READS {
        let request = operator.request(Method::GET, &tile_path(10));
        let asked = now();
        let reply = operator.send(request.header("if-none-match", &etag)).await;
        reply.expect(304);
        waits.since(asked);
    }
    row("the z10 tile, not modified", &waits);
    let mut waits = Waits::default();
    for round in 1..=effort.rounds * 10 {
        feed.post(units(0, 200, round)).await;
        let asked = now();
        operator.get(&tile_path(10)).await.expect(200);
        waits.since(asked);
    }
    row("the z10 tile, changed each time", &waits);
}
