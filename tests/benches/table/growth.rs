//! Row 17: what a tile costs while everything around it grows, and what a request notices of records that are forgotten.

use crate::Effort;
use crate::city::{LIMITS, QUIET, observations, opened};
use crate::feed::{Feed, point};
use crate::gauge::{median, resident, settled};
use crate::retention::{Back, Retention};
use crate::sample::{EAST, NORTH, Observation, SOUTH, WEST, share};
use crate::starts::{PER_SIGHTING, from_checkpoint, memory};
use crate::table::{Aim, Row, Table};
use crate::wrk::Asked;
use atalaya_tests::{City, tile_at};

const A_POST: u32 = 5_000;
/// Sightings at first, all within the inner box.
const FIRST: u32 = 100_000;
/// As many sightings as the city of the sample holds: what there is grows outwards at this density.
const A_CITY: f64 = 1e6;
fn config(cached: bool) -> String {
    observations(LIMITS, cached, 1)
}

pub(crate) async fn ask(effort: Effort, table: &mut Table) {
    let many = effort.many;
    let mut city = opened("").await;
    let back = Back::compiled(&city);
    match &back {
        Ok(back) => back.long_ago(&mut city, &config(false)).await,
        Err(_) => city.configure(&config(false), &[QUIET]).await,
    }
    let process = city.process_id().expect("the server runs");
    let empty = resident(process);
    let token = city.role_key("operator", &[]);
    let write = |text: &mut String, number: u32| observation(text, number, many);
    let feed = Feed::of(&city, "observations");
    feed.fill(0..FIRST, A_POST, write).await;
    settled(process).await;
    let zooms = [14, 16];
    let small = zooms.map(|z| cold(&city, &token, z, effort));
    // A connection of its own: the server ended one that was quiet while the loads ran.
    let feed = Feed::of(&city, "observations");
    feed.fill(FIRST..many, A_POST, write).await;
    settled(process).await;
    let kind = format!("{many} sightings of five fields");
    let each = (resident(process) - empty) / f64::from(many);
    memory(table, &kind, PER_SIGHTING, each);
    for (z, small) in zooms.into_iter().zip(small) {
        table.add(Row {
            number: 17,
            what: format!("the same z{z} tiles, nothing kept, with {many} sightings for {FIRST}"),
            ours: cold(&city, &token, z, effort),
            unit: "ms",
            peer: Some(("ours with few", Some(small))),
            aim: Aim::Share(1.3),
            beside: "processor time; grown around them at the same density".to_owned(),
        });
    }
    from_checkpoint(&mut city, table, &kind, (effort.rounds, 5.0)).await;
    let old = many;
    let until_log = effort.patient;
    let retention = Retention {
        city,
        back,
        old,
        until_log,
    };
    retention.ask(&config(true), table).await;
}

/// The half width and half height of a box of the sample's shape that holds so many sightings.
fn half(count: u32) -> (f64, f64) {
    let scale = (f64::from(count) / A_CITY).sqrt() / 2.0;
    ((EAST - WEST) * scale, (NORTH - SOUTH) * scale)
}

const MIDDLE: (f64, f64) = (f64::midpoint(WEST, EAST), f64::midpoint(SOUTH, NORTH));

/// The first ones in the inner box, all others around it.
fn observation(text: &mut String, number: u32, many: u32) {
    let (inner, outer) = (half(FIRST), half(many));
    let first = number < FIRST;
    let (east, north) = (0..)
        .step_by(2)
        .map(|salt| {
            (
                share(number, 200 + salt) - 0.5,
                share(number, 201 + salt) - 0.5,
            )
        })
        .map(|(east, north)| {
            let (wide, high) = if first { inner } else { outer };
            (east * 2.0 * wide, north * 2.0 * high)
        })
        .find(|(east, north)| first || east.abs() > inner.0 || north.abs() > inner.1)
        .expect("most of the outer box is outside of the inner one");
    let told = Observation::of(number);
    let properties = format_args!(
        r#""kind":"{}","ts":{},"severity":{},"heading":{},"label":"{}""#,
        told.kind, told.ts_ms, told.severity, told.heading, told.label
    );
    point(
        text,
        number,
        (MIDDLE.0 + east, MIDDLE.1 + north),
        properties,
    );
}

/// What a tile within the inner box costs, in milliseconds of processor time.
fn cold(city: &City, token: &str, z: u8, effort: Effort) -> f64 {
    let (wide, high) = half(FIRST);
    let (left, top) = tile_at(MIDDLE.0 - wide, MIDDLE.1 + high, z);
    let (right, bottom) = tile_at(MIDDLE.0 + wide, MIDDLE.1 - high, z);
    let rows = top + 1..bottom;
    let tiles = (left + 1..right).flat_map(|x| rows.clone().map(move |y| (x, y)));
    let asked = Asked {
        base: city.base().to_owned(),
        paths: tiles
            .map(|(x, y)| format!("/tiles/observations/{z}/{x}/{y}"))
            .collect(),
        headers: vec![
            ("Authorization".to_owned(), format!("Bearer {token}")),
            ("Accept-Encoding".to_owned(), "identity".to_owned()),
        ],
        processes: city.process_id().into_iter().collect(),
        connections: 4,
    };
    let rounds = (0..effort.rounds).map(|_| asked.load(effort.load).cpu_us / 1e3);
    median(rounds.collect())
}
