//! Row 17 as well: requests while records past their time are forgotten. The records are old because the server had another
//! clock when they came; the day of their retention ends while it is watched.

use crate::city::QUIET;
use crate::feed::{Feed, collection, unit};
use crate::gauge::{Waits, now, pass, unix_s};
use crate::sample::{EAST, NORTH, SOUTH, WEST, share};
use crate::table::{Aim, Row, Table};
use atalaya_tests::{City, clock_library, tile_at};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const A_DAY: i64 = 86_400;
const UNITS: u32 = 2_000;
/// Seconds from the start of a server to the end of the day that its records are kept for.
const LEAD_S: u32 = 20;
/// Seconds from the start within which the log has begun to lose its records.
const AT_MOST_S: u64 = 100;
/// Seconds that it is watched after that day has ended, where the log is not waited for.
const WATCHED_S: u64 = 12;
/// Between two requests.
const A_REQUEST: Duration = Duration::from_millis(10);

/// A clock that can be set back for a whole server.
#[derive(Debug)]
pub(crate) struct Back {
    library: PathBuf,
    /// The minute of the clock set back in which a server starts, in seconds since 1970.
    minute: i64,
    /// How far it is set back then.
    seconds: i64,
}

impl Back {
    /// Makes one.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn compiled(city: &City) -> Result<Self, String> {
        let library = clock_library(city.scratch())?;
        // A server that is started now stands at the first second of a minute.
        let seconds = 2 * A_DAY + unix_s() % 60;
        Ok(Self {
            library,
            minute: unix_s() - seconds,
            seconds,
        })
    }

    /// Starts a server again that takes what comes as of two days ago.
    pub(crate) async fn long_ago(&self, city: &mut City, config: &str) {
        self.restart(city, config, self.seconds).await;
    }

    /// Starts it again so that a day after that minute ends soon.
    async fn a_day_later(&self, city: &mut City, config: &str) {
        let since = unix_s() - self.minute;
        let seconds = since - A_DAY + i64::from(LEAD_S);
        self.restart(city, config, seconds).await;
    }

    async fn restart(&self, city: &mut City, config: &str, seconds: i64) {
        let (library, seconds) = (self.library.to_string_lossy(), seconds.to_string());
        let variables = [QUIET, ("LD_PRELOAD", &*library), ("CLOCK_BACK_S", &seconds)];
        city.configure(config, &variables).await;
    }
}

/// A city with old records.
#[derive(Debug)]
pub(crate) struct Retention {
    pub(crate) city: City,
    pub(crate) back: Result<Back, String>,
    pub(crate) old: u32,
    /// Whether to watch until the log loses records too, which is not before a minute has passed.
    pub(crate) until_log: bool,
}

impl Retention {
    pub(crate) async fn ask(mut self, config: &str, table: &mut Table) {
        let row = |what: &str| Row {
            number: 17,
            what: format!("{what} while {} old sightings are forgotten: p99", self.old),
            ours: f64::NAN,
            unit: "ms",
            peer: None,
            aim: Aim::Nothing,
            beside: String::new(),
        };
        let names = [
            "a hot tile of other features",
            "a durable post of one event",
        ];
        let rows = names.map(row);
        let back = match self.back {
            Ok(back) => back,
            Err(why) => {
                for row in rows {
                    let beside = format!("not run: {why}");
                    table.add(Row { beside, ..row });
                }
                return;
            }
        };
        let due = now() + Duration::from_secs(u64::from(LEAD_S));
        back.a_day_later(&mut self.city, config).await;
        let seen = watched(&self.city, due, self.until_log).await;
        for (row, [before, during]) in rows.into_iter().zip(seen.waits) {
            table.add(Row {
                ours: during.ms(99),
                peer: Some(("ours before", Some(before.ms(99)))),
                aim: Aim::Share(1.3),
                beside: format!(
                    "{}; before, {}; {} left the picture, {} records the log by then",
                    during.told(),
                    before.told(),
                    seen.hidden,
                    seen.deleted
                ),
                ..row
            });
        }
    }
}

/// What was seen of a server.
#[derive(Debug, Default)]
struct Seen {
    /// Of tiles and of posts: before records were due, and from then on.
    waits: [[Waits; 2]; 2],
    /// How many sightings left the picture, and how many records the log.
    hidden: f64,
    deleted: f64,
}

/// Asks for a tile and posts a unit a hundred times a second, for a while after records are due.
async fn watched(city: &City, due: Instant, until_log: bool) -> Seen {
    let feed = Feed::of(city, "units");
    feed.post(collection(0..UNITS, move_to(0))).await;
    let held = held(city).await;
    let mut seen = Seen::default();
    let [tiles, posts] = &mut seen.waits;
    seen.deleted = tokio::select! {
        deleted = deleted(city), if until_log => deleted,
        () = pass(due.duration_since(now()) + Duration::from_secs(WATCHED_S)), if !until_log => 0.0,
        () = ask_for_a_tile(city, due, tiles) => 0.0,
        () = post_units(&feed, due, posts) => 0.0,
    };
    seen.hidden = held - self::held(city).await;
    seen
}

async fn metric(city: &City, name: &str) -> f64 {
    let told = city.admin().get("/metrics").await.expect(200).text();
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().parse().ok())
        .unwrap_or_default()
}

async fn held(city: &City) -> f64 {
    metric(city, "atalaya_layer_features{layer=\"observations\"}").await
}

/// Waits until records were deleted and a little longer; the answer is how many.
async fn deleted(city: &City) -> f64 {
    let began = now();
    let mut beats = tokio::time::interval(Duration::from_secs(1));
    loop {
        beats.tick().await;
        let deleted = metric(city, "atalaya_retention_deleted_total").await;
        if deleted > 0.0 || now().duration_since(began).as_secs() > AT_MOST_S {
            // What it does besides is over soon.
            pass(Duration::from_secs(3)).await;
            return deleted;
        }
    }
}

fn move_to(round: u32) -> impl Fn(&mut String, u32) {
    move |text, number| {
        let (east, north) = (share(number, 130), share(number, 131 + round % 2));
        let place = (WEST + east * (EAST - WEST), SOUTH + north * (NORTH - SOUTH));
        unit(text, number, place);
    }
}

/// Notes a wait where it belongs.
fn note([before, during]: &mut [Waits; 2], due: Instant, asked: Instant) {
    let waits = if asked < due { before } else { during };
    waits.since(asked);
}

async fn ask_for_a_tile(city: &City, due: Instant, waits: &mut [Waits; 2]) {
    let operator = city.operator();
    let (x, y) = tile_at(f64::midpoint(WEST, EAST), f64::midpoint(SOUTH, NORTH), 12);
    let path = format!("/tiles/units/12/{x}/{y}");
    let mut beats = tokio::time::interval(A_REQUEST);
    loop {
        beats.tick().await;
        let asked = now();
        operator.get(&path).await.expect(200);
        note(waits, due, asked);
    }
}

async fn post_units(feed: &Feed, due: Instant, waits: &mut [Waits; 2]) {
    let mut beats = tokio::time::interval(A_REQUEST);
    for number in 0.. {
        beats.tick().await;
        let body = collection(0..1, |text, _| move_to(number)(text, number % UNITS));
        let asked = now();
        feed.post(body).await;
        note(waits, due, asked);
    }
}
