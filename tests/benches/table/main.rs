//! What Atalaya costs beside its peers and beside what the machine allows: one table, a row a question.
//!
//! Both sides of a row hold the same data, answer the same questions and give the same content, in turns,
//! in one run. What is compared is processor time per operation, read from `/proc` for the server and, where
//! there is one, its database; rates and waits on a machine whose cores the load shares say less. A figure is
//! the median of its rounds; of what takes minutes to come about (walls, durable ingest, a start after a kill, what a
//! process grew by) there is one run, and waits are hundredths of all that were seen in it. A peer that is not
//! installed is "not run", and its row has no ratio.
//!
//! `cargo bench --bench table -- tiles` asks one group alone, of [`GROUPS`]. `quick` among the words makes the data
//! ten times smaller and the rounds fewer.

mod audience;
mod city;
mod crowd;
mod feed;
mod fleet;
mod gauge;
mod growth;
mod held;
mod hot;
mod ingest;
mod lag;
mod near;
mod peers;
mod reads;
mod retention;
mod sample;
mod starts;
mod table;
mod tiles;
mod wrk;

use std::time::Duration;
use table::Table;

/// How much is asked.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// Sightings in the layer that tiles are made of.
    sightings: u32,
    /// State features of a built-in layer.
    features: u32,
    /// Sightings where there are to be many.
    many: u32,
    /// Walls where nothing moves.
    quiet: u32,
    /// Whether what comes late is waited for.
    patient: bool,
    /// How often each side of a row is asked.
    rounds: u32,
    /// How long one load lasts.
    load: Duration,
}

const WHOLE: Effort = Effort {
    sightings: 1_000_000,
    features: 100_000,
    many: 10_000_000,
    quiet: 10_000,
    patient: true,
    rounds: 5,
    load: Duration::from_secs(3),
};
const QUICK: Effort = Effort {
    sightings: 100_000,
    features: 10_000,
    many: 1_000_000,
    quiet: 1_000,
    patient: false,
    rounds: 3,
    load: Duration::from_secs(1),
};

/// What can be asked alone.
const GROUPS: [&str; 8] = [
    "near", "tiles", "hot", "ingest", "reads", "live", "starts", "growth",
];

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [peers::CEILING, port, answers] => return peers::ceiling(port, answers),
        [held::NAME, layer, count] => return held::hold(layer, count),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(ask(&words));
}

async fn ask(words: &[String]) {
    let effort = if words.iter().any(|word| word == "quick") {
        QUICK
    } else {
        WHOLE
    };
    let groups: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "quick")
        .collect();
    for group in &groups {
        assert!(GROUPS.contains(group), "{group} is none of {GROUPS:?}");
    }
    let asked = |group: &str| groups.is_empty() || groups.contains(&group);
    let mut table = Table::of(effort);
    if asked("near") {
        near::ask(effort, &mut table).await;
    }
    if asked("tiles") || asked("hot") {
        let mut city = city::filled(effort).await;
        let peers = peers::MapServer::filled(effort).await;
        if asked("tiles") {
            tiles::ask(effort, &mut city, peers.as_ref(), &mut table).await;
        }
        if asked("hot") {
            hot::ask(effort, &mut city, peers.as_ref(), &mut table).await;
        }
    }
    if asked("ingest") {
        ingest::ask(effort, &mut table).await;
    }
    if asked("reads") {
        reads::ask(effort, &mut table).await;
    }
    if asked("live") {
        lag::ask(effort, &mut table).await;
        crowd::ask(effort, &mut table).await;
    }
    if asked("starts") {
        starts::ask(effort, &mut table).await;
    }
    if asked("growth") {
        growth::ask(effort, &mut table).await;
    }
    table.print();
}
