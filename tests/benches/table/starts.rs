//! Rows 15 and 16: how long a start takes with a full store, and what a feature takes in memory.

use crate::city::opened;
use crate::feed::{Feed, point, unit};
use crate::gauge::{median, now, processor_s, resident, settled};
use crate::sample::{EAST, NORTH, Observation, SOUTH, WEST, share};
use crate::table::{Aim, BESIDE, Row, Table, short};
use crate::{Effort, held};
use atalaya_tests::City;

const A_POST: u32 = 5_000;
pub(crate) const PER_STATE: f64 = 600.0;
pub(crate) const PER_SIGHTING: f64 = 120.0;

pub(crate) async fn ask(effort: Effort, table: &mut Table) {
    let kinds = [
        ("units", 100_000, PER_STATE),
        ("reads", 1_000_000, PER_SIGHTING),
    ];
    for (kind, count, most) in kinds {
        table.add(Row {
            number: 16,
            what: format!("memory of one of {count} {kind}, in the core alone"),
            ours: held::bytes_each(kind, count, effort.rounds),
            unit: "bytes",
            peer: None,
            aim: Aim::AtMost(most),
            beside: "each was told of once, with three fields; ring of changes included".to_owned(),
        });
    }
    state(effort, table).await;
    both(effort, table).await;
    without_checkpoint(effort, table).await;
}

/// As many state features as there are hot rows in the target.
async fn state(effort: Effort, table: &mut Table) {
    let count = effort.sightings;
    let mut city = open().await;
    let process = city.process_id().expect("the server runs");
    let empty = resident(process);
    units(&city, count).await;
    settled(process).await;
    memory(
        table,
        &format!("{count} units"),
        PER_STATE,
        (resident(process) - empty) / f64::from(count),
    );
    let what = format!("{count} state features");
    both_starts(&mut city, table, &what, (effort.rounds, 1.0)).await;
}

/// Sightings and state features together.
async fn both(effort: Effort, table: &mut Table) {
    let mut city = open().await;
    units(&city, effort.features).await;
    let process = city.process_id().expect("the server runs");
    settled(process).await;
    let before = resident(process);
    reads(&city, effort.sightings).await;
    settled(process).await;
    let each = (resident(process) - before) / f64::from(effort.sightings);
    memory(
        table,
        &format!("{} sightings", effort.sightings),
        PER_SIGHTING,
        each,
    );
    let what = format!(
        "{} sightings and {} units",
        effort.sightings, effort.features
    );
    both_starts(&mut city, table, &what, (effort.rounds, 5.0)).await;
}

/// A start that folds all of the log: with fewer, so that it ends before the harness gives it up on a busy machine.
async fn without_checkpoint(effort: Effort, table: &mut Table) {
    let mut city = open().await;
    let (features, sightings) = (effort.features, effort.sightings / 4);
    units(&city, features).await;
    reads(&city, sightings).await;
    city.kill9();
    for suffix in ["", "-wal", "-shm"] {
        let file = city.data().join(format!("picture.db{suffix}"));
        std::fs::remove_file(&file).ok();
    }
    let took = started(&mut city).await;
    let what = format!("start without a checkpoint, {sightings} sightings and {features} units");
    table.add(Row {
        number: BESIDE,
        what,
        ours: took.0,
        unit: "s",
        peer: None,
        aim: Aim::Nothing,
        beside: beside(took),
    });
}

async fn open() -> City {
    opened("").await
}

/// A row of what one feature takes.
pub(crate) fn memory(table: &mut Table, what: &str, most: f64, each: f64) {
    table.add(Row {
        number: 16,
        what: format!("memory of one of {what}, all that the process grew by"),
        ours: each,
        unit: "bytes",
        peer: None,
        aim: Aim::AtMost(most),
        beside: "what was freed and not given back included".to_owned(),
    });
}

/// A start after kill -9, and several from a checkpoint of everything.
async fn both_starts(city: &mut City, table: &mut Table, what: &str, (starts, most): (u32, f64)) {
    city.kill9();
    let killed = started(city).await;
    let asked = format!("start with {what}, after kill -9");
    started_row(table, 15, asked, killed, most);
    from_checkpoint(city, table, what, (starts, most)).await;
}

/// So many starts from a checkpoint of everything, of which the middle counts.
pub(crate) async fn from_checkpoint(
    city: &mut City,
    table: &mut Table,
    what: &str,
    (starts, most): (u32, f64),
) {
    let (mut took, mut spent) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        city.stop();
        let (seconds, processor) = started(city).await;
        took.push(seconds);
        spent.push(processor);
    }
    let middle = (median(took), median(spent));
    started_row(
        table,
        15,
        format!("start with {what}, from a checkpoint of all"),
        middle,
        most,
    );
}

fn started_row(table: &mut Table, number: u8, what: String, took: (f64, f64), most: f64) {
    table.add(Row {
        number,
        what,
        ours: took.0,
        unit: "s",
        peer: None,
        aim: Aim::AtMost(most),
        beside: beside(took),
    });
}

fn beside((_, spent): (f64, f64)) -> String {
    format!(
        "to the first answer that it is ready; {} s of processor time; warm",
        short(spent)
    )
}

/// Seconds until it is ready, and of processor time.
async fn started(city: &mut City) -> (f64, f64) {
    let began = now();
    city.restart().await;
    let took = now().duration_since(began).as_secs_f64();
    (
        took,
        processor_s(&[city.process_id().expect("the server runs")]),
    )
}

async fn units(city: &City, count: u32) {
    let place = |number| {
        let (east, north) = (share(number, 10), share(number, 11));
        (WEST + east * (EAST - WEST), SOUTH + north * (NORTH - SOUTH))
    };
    let feed = Feed::of(city, "units");
    feed.fill(0..count, A_POST, |text, number| {
        unit(text, number, place(number));
    })
    .await;
}

/// Reads of seven hundred cameras.
async fn reads(city: &City, count: u32) {
    let feed = Feed::of(city, "alpr_reads");
    feed.fill(0..count, A_POST, |text, number| {
        let Observation { lon, lat, .. } = Observation::of(number % 700);
        let properties = format_args!(
            r#""plate":"ABC{:04}","camera":"c{}","confidence":0.9"#,
            number % 9_999,
            number % 700
        );
        point(text, number, (lon, lat), properties);
    })
    .await;
}
