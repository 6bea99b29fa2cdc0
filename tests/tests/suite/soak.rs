//! A day of simulated traffic, compressed, with viewers who come, look elsewhere, stall and vanish: it leaves no stale tile,
//! no ghost and no leak of memory.
//!
//! The test makes the city's time: it sets the clock on by a step, posts what the feeds have to say by then, and goes
//! on when that is acknowledged. So a day takes about as long as is wanted (`ATALAYA_SOAK_S`, in seconds), a slow machine
//! only makes it longer, and the log never sees a leap of the clock. A day before, without viewers and at a gallop,
//! fills what fills: so that the retention of a day has something to forget from the first hour on.
//!
//! Every second hour the clock stands still, and all is compared: what is shown with a model that knows only what
//! was posted, what each viewer holds with what a newcomer gets, each tile that they kept with the same fetched anew.

mod audience;
mod chance;
mod day;
mod gauge;
mod link;
mod look;
mod model;
mod picture;
mod traffic;
mod viewer;
mod world;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use atalaya_tests::{eventually, in_time, skipped};
use audience::{Audience, VIEWERS};
use chance::Chance;
use day::Day;
use gauge::Taken;
use picture::Inspector;
use world::CLASSES;

/// 2026-01-14T18:00:00Z, when the day before begins.
const BEGIN: i64 = 1_768_413_600;
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
/// Steps of the day before; the server believes no leap of five minutes.
const GALLOP_S: i64 = 240;
/// Hours between two comparisons.
const COMPARED_EVERY: i64 = 2;
/// Seconds that the steps of a day take together where nothing else is said; comparisons come on top.
const USUALLY_S: u32 = 45;

/// All that is watched.
#[derive(Debug)]
struct Watch {
    audience: Audience,
    day: Day,
    inspectors: Vec<Inspector>,
    taken: Vec<Taken>,
    wrong: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

impl Watch {
    /// Compares everything with everything while the clock stands still.
    async fn compare(&mut self, hour: i64) {
        let mut wrong = Vec::new();
        for inspector in &self.inspectors {
            let agreed = inspector.agree(&self.day.model, self.day.now).await;
            wrong.extend(agreed.err());
        }
        let seq = self.day.beacon().await;
        let compared = self.audience.compare(seq);
        let (of_viewers, counts) = in_time("all viewers", compared).await;
        wrong.extend(of_viewers);
        self.counts = counts;
        // Newcomers are gone, and who vanished before is no ghost.
        eventually("those who left to be let go", async || {
            (metric(&self.day, "atalaya_live_streams").await == VIEWERS.to_string()).then_some(())
        })
        .await;
        let Day {
            city,
            clock,
            events,
            ..
        } = &self.day;
        let taken = Taken::now(city, clock, hour, *events).await;
        say(&taken.told());
        self.taken.push(taken);
        let named = wrong.into_iter();
        self.wrong
            .extend(named.map(|it| format!("hour {hour}: {it}")));
        self.audience.roam();
    }

    /// Insists that nothing was wrong so far.
    fn insist(&mut self, seed: u64) {
        let many = self.wrong.len();
        self.wrong.truncate(20);
        let wrong = self.wrong.join("\n");
        assert!(
            many == 0,
            "seed {seed}: {many} are wrong, among them\n{wrong}"
        );
    }

    /// Insists that nothing was wrong, and that there was something to be wrong about.
    async fn end(mut self, seed: u64) {
        let deleted = metric(&self.day, "atalaya_retention_deleted_total").await;
        let deleted: f64 = deleted.parse().expect("a number");
        say(&format!("{:?}; {deleted} records deleted", self.counts));
        let passed = self.day.now - BEGIN;
        assert_eq!(
            passed,
            2 * DAY_S,
            "two days have passed on the city's clock"
        );
        self.wrong.extend(gauge::grown(&self.taken));
        // Half of the records of the day before: how late it comes to the others is up to the machine.
        let enough = self.day.events / 4.0;
        if deleted < enough {
            let amiss = format!("{deleted} records deleted by retention, not {enough}");
            self.wrong.push(amiss);
        }
        self.insist(seed);
        for what in [
            "connected",
            "looked elsewhere",
            "fetched ahead",
            "stalled",
            "vanished",
            "passed by",
            "resynced",
            "tiles not modified",
            "tiles fetched",
        ] {
            assert!(self.counts.contains_key(what), "seed {seed}: nobody {what}");
        }
    }
}

/// One number of the server's metrics, as it is written.
async fn metric(day: &Day, name: &str) -> String {
    let told = day.city.admin().get("/metrics").await.expect(200).text();
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    line.map(|number| number.trim().to_owned())
        .unwrap_or_default()
}

/// Says something that is worth knowing of a run that went well.
fn say(what: &str) {
    writeln!(std::io::stdout(), "{what}").expect("stdout is open");
}

/// A number from the environment.
fn told<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_leaves_no_stale_tile_no_ghost_and_no_leak() {
    let seed = told("ATALAYA_SOAK_SEED").unwrap_or(20_260_114);
    let seconds = told("ATALAYA_SOAK_S").unwrap_or(USUALLY_S);
    say(&format!("seed {seed}, {seconds} s"));
    let mut chance = Chance::new(seed);
    let begun = Day::begin(BEGIN, chance.branch()).await;
    let mut day = match begun {
        Ok(day) => day,
        Err(why) => return skipped(&why),
    };
    day.pass(BEGIN + DAY_S, GALLOP_S, Duration::ZERO).await;
    let inspector = |class: &world::Class| Inspector {
        class: *class,
        visitor: day.city.program("analyst", class.clearances),
    };
    let inspectors = [&CLASSES[0], &CLASSES[3]].map(inspector).into();
    let mut watch = Watch {
        audience: Audience::gather(&day, &mut chance),
        inspectors,
        day,
        taken: Vec::new(),
        wrong: Vec::new(),
        counts: BTreeMap::new(),
    };
    // With more time there are more steps, so that what happens by the second happens at more hours.
    let step_s: i64 = if seconds < 400 { 60 } else { 10 };
    let many = u32::try_from(DAY_S / step_s).expect("few");
    let at_least = Duration::from_secs(seconds.into()) / many;
    for hour in (COMPARED_EVERY..=24).step_by(2) {
        let until = BEGIN + DAY_S + hour * HOUR_S;
        watch.day.pass(until, step_s, at_least).await;
        watch.compare(hour).await;
        watch.insist(seed);
    }
    watch.audience.go().await;
    watch.end(seed).await;
}
