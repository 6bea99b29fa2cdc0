//! What a running server takes and how long it makes one wait: feeds that report, a map that follows, walls that listen, a start
//! with a full store. Prints one line a question. The figures are of this machine; compare them with themselves.
//!
//! `cargo bench --bench load -- starts` asks one group alone: `feeds`, `crowd` or `starts`.
//! `ATALAYA_BENCH_CLIENTS` and `ATALAYA_BENCH_SIGHTINGS` make it smaller: 1,000 walls and 1,000,000 sightings without them.

mod crowd;
mod feeds;
mod gauge;
mod reads;
mod starts;

use atalaya_tests::City;

/// So many, unless the environment says otherwise.
fn count(variable: &str, usual: u32) -> u32 {
    let told = std::env::var(variable).ok();
    told.map_or(usual, |told| told.parse().expect("a whole number"))
}

/// Whether a group of questions is asked: all are, unless the command line names some.
fn asked(group: &str) -> bool {
    let mut named = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .peekable();
    named.peek().is_none() || named.any(|word| word == group)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let open = "[limits]\nfeed_kib_per_s = 1048576\n";
    if asked("feeds") {
        let city = City::with_config(open).await;
        feeds::ask(&city).await;
        reads::ask(&city).await;
    }
    if asked("crowd") {
        let city = City::with_config(open).await;
        crowd::ask(&city, count("ATALAYA_BENCH_CLIENTS", 1_000)).await;
    }
    if asked("starts") {
        let city = City::with_config(open).await;
        let sightings = count("ATALAYA_BENCH_SIGHTINGS", 1_000_000);
        starts::ask(city, sightings).await;
        let city = City::with_config(open).await;
        starts::ask_without_checkpoint(city, sightings / 4).await;
    }
}
