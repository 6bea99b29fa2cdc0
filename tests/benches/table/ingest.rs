//! Row 14: how many events become durable, in batches and one by one, while tiles are asked for and a wall listens.

use crate::Effort;
use crate::city::opened;
use crate::feed::{Feed, collection, point, unit};
use crate::gauge::{Waits, now, processor_s};
use crate::sample::{EAST, NORTH, SOUTH, WEST, mixed, share};
use crate::table::{Aim, BESIDE, Row, Table, short};
use crate::tiles::paths;
use atalaya_tests::{City, Visitor};
use futures_util::future::{join, join_all};
use std::fmt::Write as _;
use std::time::Duration;

const CONFIG: &str = r#"
[[feeds]]
name = "gates"
adaptor = "alpr-rekor"
layer = "alpr_reads"
"#;
/// Reads in one post, and posts that are under way at the same time.
const A_POST: u32 = 500;
const AT_ONCE: u32 = 4;
/// Producers that post one event at a time, each after the receipt for the last one.
const PRODUCERS: u32 = 256;
/// Between two tiles that are asked for.
const A_TILE: Duration = Duration::from_millis(20);
const CAMERAS: u32 = 700;

pub(crate) async fn ask(effort: Effort, table: &mut Table) {
    let city = opened(CONFIG).await;
    let count = effort.sightings;
    let reads = format!("durable plate reads of {} bytes", a_read(0, json).len());
    table.add(Row {
        what: format!("{reads}, posts of {A_POST}, {AT_ONCE} at a time; tiles and a wall"),
        aim: Aim::AtLeast(20_000.0),
        ..beside_readers(&city, count, batches(&city, count)).await
    });
    let each = count / 20 / PRODUCERS;
    let reads = format!("durable plate reads of {} bytes", a_read(0, rekor).len());
    table.add(Row {
        what: format!("{reads}, {PRODUCERS} that wait for each receipt; tiles and a wall"),
        aim: Aim::AtLeast(10_000.0),
        ..beside_readers(&city, PRODUCERS * each, singles(&city, PRODUCERS, each)).await
    });
    drop(city);
    alone(effort, table).await;
}

/// Without readers: one feed that waits for each receipt, and fewer producers.
async fn alone(effort: Effort, table: &mut Table) {
    let city = opened(CONFIG).await;
    let feed = Feed::of(&city, "units");
    let count = effort.features;
    let began = now();
    let mut waits = Waits::default();
    for from in (0..count).step_by(200) {
        let some = from..(from + 200).min(count);
        let body = collection(some, |text, number| {
            unit(text, number % 2_000, place(number));
        });
        let sent = now();
        feed.post(body).await;
        waits.since(sent);
    }
    let mut row = |count: u32, what: &str, began: std::time::Instant, waits: &Waits| {
        table.add(Row {
            number: BESIDE,
            what: what.to_owned(),
            ours: f64::from(count) / now().duration_since(began).as_secs_f64(),
            unit: "events/s",
            peer: None,
            aim: Aim::Nothing,
            beside: format!("a post: {}", waits.told()),
        });
    };
    let what = "durable units, posts of 200 one by one, nobody reads";
    row(count, what, began, &waits);
    let (producers, each) = (64, count / 10 / 64);
    let began = now();
    let waits = singles(&city, producers, each).await;
    let what = "durable plate reads, 64 that wait for each receipt, nobody reads";
    row(producers * each, what, began, &waits);
}

/// The rate and the price of some work, while tiles are asked for and a wall follows the units.
async fn beside_readers(city: &City, count: u32, work: impl Future<Output = Waits>) -> Row {
    let process = [city.process_id().expect("the server runs")];
    let operator = city.operator();
    let bbox = format!("{WEST},{SOUTH},{EAST},{NORTH}");
    let query = format!("layers=units&tile_layers=alpr_reads&zoom=10&bbox={bbox}");
    let mut wall = operator.texts(&query).await;
    let ticks = std::cell::Cell::new(0_u32);
    let listening = async {
        while let Some(text) = wall.next().await {
            ticks.set(ticks.get() + u32::from(text.starts_with(r#"{"type":"tick""#)));
        }
    };
    let mut tiles = Waits::default();
    let (began, spent) = (now(), processor_s(&process));
    let waits = tokio::select! {
        waits = work => waits,
        ((), ()) = join(listening, ask_for_tiles(&operator, &mut tiles)) => Waits::default(),
    };
    let took = now().duration_since(began).as_secs_f64();
    let spent = processor_s(&process) - spent;
    Row {
        number: 14,
        what: String::new(),
        ours: f64::from(count) / took,
        unit: "events/s",
        peer: None,
        aim: Aim::Nothing,
        beside: format!(
            "{} µs of the server's time each, reads included; a post: {}; {} tiles: {}; {} ticks in {} s",
            short(spent * 1e6 / f64::from(count)),
            waits.told(),
            tiles.count(),
            tiles.told(),
            ticks.get(),
            short(took)
        ),
    }
}

async fn ask_for_tiles(operator: &Visitor, waits: &mut Waits) {
    let near = paths("/tiles/alpr_reads,units", 14);
    let nearer = paths("/tiles/alpr_reads,units", 16);
    let mut beats = tokio::time::interval(A_TILE);
    for path in near
        .iter()
        .zip(&nearer)
        .flat_map(<[&String; 2]>::from)
        .cycle()
    {
        beats.tick().await;
        let asked = now();
        let status = operator.get(path).await.status;
        assert!([200, 204].contains(&status), "{path}: {status}");
        waits.since(asked);
    }
}

async fn batches(city: &City, count: u32) -> Waits {
    let feed = Feed::of(city, "alpr_reads");
    let posts = count / A_POST;
    let of = async |first: u32| {
        let mut waits = Waits::default();
        for post in (first..posts).step_by(AT_ONCE as usize) {
            let body = collection(post * A_POST..(post + 1) * A_POST, json);
            let sent = now();
            feed.post(body).await;
            waits.since(sent);
        }
        waits
    };
    together(join_all((0..AT_ONCE).map(of)).await)
}

/// Each posts one read at a time: they share commits.
async fn singles(city: &City, producers: u32, each: u32) -> Waits {
    let feed = Feed::of(city, "gates");
    let of = async |producer: u32| {
        let mut waits = Waits::default();
        for number in 0..each {
            let body = a_read(number * producers + producer, rekor);
            let sent = now();
            feed.post(body).await;
            waits.since(sent);
        }
        waits
    };
    together(join_all((0..producers).map(of)).await)
}

fn together(all: Vec<Waits>) -> Waits {
    let mut waits = Waits::default();
    for some in all {
        waits.extend(some);
    }
    waits
}

fn place(number: u32) -> (f64, f64) {
    (
        WEST + share(number, 80) * (EAST - WEST),
        SOUTH + share(number, 81) * (NORTH - SOUTH),
    )
}

fn a_read(number: u32, write: fn(&mut String, u32)) -> String {
    let mut text = String::new();
    write(&mut text, number);
    text
}

/// A read as GeoJSON; with what a vendor has to say besides, which no field of the layer takes.
fn json(text: &mut String, number: u32) {
    let camera = mixed(number, 82) % CAMERAS;
    let id = format_args!("7Q2HNMXEF9U245NFI66RGPUXTQEREKAJ-{camera}-{number:010}");
    let properties = format_args!(
        r#""plate":"{plate:06X}","region":"us-az","camera":"c{camera}","confidence":0.{confidence},"heading_deg":{heading},"vehicle":"white bmw x3 suv-crossover 2010-2014","agent_uid":"{agent:040}","agent_type":"alprd","agent_version":"4.1.1","country":"us","best_index":{index},"frame_start":{index},"frame_end":{agent}"#,
        plate = mixed(number, 83) % 0xFF_FFFF,
        confidence = 800 + mixed(number, 84) % 200,
        heading = mixed(number, 85) % 360,
        index = number % 1_000,
        agent = camera + 1_000,
    );
    point(text, id, place(camera), properties);
}

/// The same as the webhook of a vendor.
fn rekor(text: &mut String, number: u32) {
    let camera = mixed(number, 82) % CAMERAS;
    let (lon, lat) = place(camera);
    write!(
        text,
        r#"{{"data_type":"alpr_group","version":3,"epoch_start":{at},"camera_id":{camera},"gps_longitude":{lon:.6},"gps_latitude":{lat:.6},"best_uuid":"7Q2HNMXEF9U245NFI66RGPUX-{camera}-{number:010}","best_plate_number":"{plate:06X}","best_region":"us-az","best_confidence":{confidence}.5,"travel_direction":{heading}.5,"is_preview":false,"vehicle":{{"color":[{{"name":"white","confidence":99}}],"make":[{{"name":"bmw"}}],"make_model":[{{"name":"bmw_x3"}}],"body_type":[{{"name":"suv"}}],"year":[{{"name":"2010-2014"}}]}}}}"#,
        at = 1_767_225_600_000_u64 + u64::from(number),
        plate = mixed(number, 83) % 0xFF_FFFF,
        confidence = 80 + mixed(number, 84) % 20,
        heading = mixed(number, 85) % 360,
    )
    .ok();
}
