//! Row 8: how soon after a write another connection is told which tiles are dirty; and how soon a wall has an incident.

use crate::Effort;
use crate::city::opened;
use crate::feed::{Feed, unit};
use crate::gauge::{Waits, now};
use crate::table::{Aim, BESIDE, Row, Table};
use atalaya_tests::{City, DOWNTOWN, Live, Texts, incident, tile_at};
use futures_util::future::join_all;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

const ZOOM: u8 = 16;
/// Tiles across the viewport, and down: as many as are named one by one.
const SIDE: u32 = 16;
/// Writers, each of which posts one unit every [`WRITERS`] milliseconds: a thousand writes a second.
const WRITERS: u32 = 16;
/// Between two writes whose message is waited for.
const A_PROBE: Duration = Duration::from_millis(20);
const TICK_MS: f64 = 250.0;

pub(crate) async fn ask(effort: Effort, table: &mut Table) {
    let city = opened("").await;
    to_tiles(effort, &city, table).await;
    to_wall(effort, &city, table).await;
}

/// The place in the middle of a tile of the viewport.
fn middle(column: u32, row: u32) -> (f64, f64) {
    corner(f64::from(column) + 0.5, f64::from(row) + 0.5)
}

/// The place so many tiles from the north-western corner of the viewport.
fn corner(columns: f64, rows: f64) -> (f64, f64) {
    let (x, y) = tile_at(DOWNTOWN.0, DOWNTOWN.1, ZOOM);
    let side = f64::from(1_u32 << ZOOM);
    let (x, y) = (
        (f64::from(x) + columns) / side,
        (f64::from(y) + rows) / side,
    );
    let north = (std::f64::consts::PI * (1.0 - 2.0 * y)).sinh().atan();
    (x * 360.0 - 180.0, north.to_degrees())
}

/// Writes that are waited for: when each was answered, if it was; by the tile that is theirs alone meanwhile.
type Open = HashMap<(u64, u64), Option<Instant>>;

async fn to_tiles(effort: Effort, city: &City, table: &mut Table) {
    let feed = Feed::of(city, "units");
    let ((west, north), (east, south)) = (corner(0.1, 0.1), corner(15.9, 15.9));
    let bbox = format!("{west},{south},{east},{north}");
    let operator = city.operator();
    let query = format!("tile_layers=units&zoom={ZOOM}&bbox={bbox}");
    let mut texts = operator.texts(&query).await;
    let (open, waits) = (RefCell::new(Open::new()), RefCell::new(Waits::default()));
    let written = Cell::new(0_u32);
    let writing = join_all((0..WRITERS).map(|writer| write(&feed, writer, &written)));
    let probing = probe(&feed, &open, effort.rounds * 100);
    let began = now();
    tokio::select! {
        () = probing => {}
        _ = writing => {}
        () = listen(&mut texts, &open, &waits) => {}
    }
    let rate = f64::from(written.get()) / now().duration_since(began).as_secs_f64();
    let waits = waits.into_inner();
    table.add(Row {
        number: 8,
        what: "a write answered to the message that names its tile, at 1,000 writes/s: p99".to_owned(),
        ours: waits.ms(99),
        unit: "ms",
        peer: None,
        aim: Aim::AtMost(TICK_MS + 50.0),
        beside: format!(
            "ticks of {TICK_MS} ms; {} of {} writes, {}; {rate:.0} other writes/s of one event each",
            waits.count(),
            effort.rounds * 100,
            waits.told()
        ),
    });
}

/// Moves units about in the eastern half of the viewport.
async fn write(feed: &Feed, writer: u32, written: &Cell<u32>) {
    let mut beats = tokio::time::interval(Duration::from_millis(u64::from(WRITERS)));
    for round in 0_u32.. {
        beats.tick().await;
        let mut text = String::new();
        let number = writer + WRITERS * (round % 100);
        unit(&mut text, number, middle(9 + round % 7, writer));
        feed.post(text).await;
        written.set(written.get() + 1);
    }
}

/// Puts units into tiles of the western half, each its own for two seconds and more.
async fn probe(feed: &Feed, open: &RefCell<Open>, count: u32) {
    let mut beats = tokio::time::interval(A_PROBE);
    let origin = tile_at(DOWNTOWN.0, DOWNTOWN.1, ZOOM);
    for number in 0..count {
        beats.tick().await;
        let (column, row) = (number % 7, number / 7 % SIDE);
        let tile = (u64::from(origin.0 + column), u64::from(origin.1 + row));
        let mut text = String::new();
        unit(&mut text, 1_000_000 + number, middle(column, row));
        open.borrow_mut().insert(tile, None);
        feed.post(text).await;
        // Told before it was answered, it is not there any more.
        if let Some(answered) = open.borrow_mut().get_mut(&tile) {
            *answered = Some(now());
        }
    }
    let mut beats = tokio::time::interval(A_PROBE);
    while !open.borrow().is_empty() {
        beats.tick().await;
    }
}

async fn listen(texts: &mut Texts, open: &RefCell<Open>, waits: &RefCell<Waits>) {
    while let Some(text) = texts.next().await {
        if !text.starts_with(r#"{"type":"tiles""#) {
            continue;
        }
        let came = now();
        let message: Value = serde_json::from_str(&text).expect("messages are JSON");
        let tiles = message["tiles"].as_array().expect("tiles are named");
        for tile in tiles {
            let tile = tile[1].as_u64().zip(tile[2].as_u64());
            if let Some(answered) = tile.and_then(|tile| open.borrow_mut().remove(&tile)) {
                let wait = answered.map_or(Duration::ZERO, |at| came.duration_since(at));
                waits.borrow_mut().note(wait);
            }
        }
    }
}

/// How long after its post an incident is on a wall, while a thousand other events come every second.
async fn to_wall(effort: Effort, city: &City, table: &mut Table) {
    let operator = city.operator();
    let bbox = "bbox=-111.1,32.1,-110.8,32.4";
    let mut live = operator
        .live(&format!("layers=incidents,units&{bbox}"))
        .await;
    live.until_tick().await;
    let (units, incidents) = (Feed::of(city, "units"), Feed::of(city, "incidents"));
    let written = Cell::new(0);
    let writing = join_all((0..WRITERS).map(|writer| write(&units, writer, &written)));
    let waits = tokio::select! {
        waits = incidents_seen(&incidents, &mut live, effort.rounds * 8) => waits,
        _ = writing => Waits::default(),
    };
    table.add(Row {
        number: BESIDE,
        what: "an incident posted to a wall that has it, at 1,000 writes/s; each right after a tick: p50".to_owned(),
        ours: waits.ms(50),
        unit: "ms",
        peer: None,
        aim: Aim::Nothing,
        beside: format!("ticks of {TICK_MS} ms; {}", waits.told()),
    });
}

async fn incidents_seen(feed: &Feed, live: &mut Live, count: u32) -> Waits {
    let mut waits = Waits::default();
    for number in 0..count {
        let id = format!("i{number}");
        let body = incident(&id, DOWNTOWN.0, DOWNTOWN.1).to_string();
        let sent = now();
        feed.post(body).await;
        live.until("the incident", |held| {
            held.feature("incidents", &id).is_some()
        })
        .await;
        waits.since(sent);
    }
    waits
}
