//! A fleet that moves: eight thousand units over two hundred topic cells, each a little further every second; and what the
//! server says that this costs.

use crate::feed::{Feed, collection, unit};
use crate::gauge::{of_thread, processor_s};
use crate::sample::share;
use atalaya_tests::City;
use futures_util::future::join_all;
use std::time::Duration;

pub(crate) const WEST: f64 = -111.42;
pub(crate) const SOUTH: f64 = 31.84;
pub(crate) const EAST: f64 = -110.52;
pub(crate) const NORTH: f64 = 32.61;

/// Feeds of which each has its own units.
pub(crate) const FEEDS: &str = r#"
[[feeds]]
name = "fleet-0"
adaptor = "geojson"
layer = "units"
[[feeds]]
name = "fleet-1"
adaptor = "geojson"
layer = "units"
[[feeds]]
name = "fleet-2"
adaptor = "geojson"
layer = "units"
[[feeds]]
name = "fleet-3"
adaptor = "geojson"
layer = "units"
"#;
const FLEETS: u32 = 4;
/// Units of one feed, those in one post, and the time between its posts: each moves once a second.
const UNITS: u32 = 2_000;
const A_POST: u32 = 100;
const EVERY: Duration = Duration::from_millis(50);
/// Movements a second, of all together.
pub(crate) const UPDATES: u32 = FLEETS * UNITS;
/// 30 m in degrees of latitude.
const STEP: f64 = 0.000_27;

/// Where a unit is at first.
pub(crate) fn home(number: u32) -> (f64, f64) {
    (
        WEST + share(number, 110) * (EAST - WEST),
        SOUTH + share(number, 111) * (NORTH - SOUTH),
    )
}

fn feed(city: &City, fleet: u32) -> Feed {
    Feed::of(city, &format!("fleet-{fleet}"))
}

fn body(fleet: u32, from: u32, count: u32, round: u32) -> String {
    collection(from..from + count, |text, number| {
        let number = fleet * UNITS + number;
        let (lon, lat) = home(number);
        unit(text, number, (lon, lat + STEP * f64::from(round % 20)));
    })
}

/// Puts every unit where it is at first.
pub(crate) async fn arrive(city: &City) {
    for fleet in 0..FLEETS {
        feed(city, fleet).post(body(fleet, 0, UNITS, 0)).await;
    }
}

/// Moves all of it for so long; the answer is how many movements there were.
pub(crate) async fn moves(city: &City, seconds: u32) -> u32 {
    let of = async |fleet: u32| {
        let feed = feed(city, fleet);
        let mut beats = tokio::time::interval(EVERY);
        let posts_a_second = UNITS / A_POST;
        for post in 0..seconds * posts_a_second {
            beats.tick().await;
            let (round, part) = (1 + post / posts_a_second, post % posts_a_second);
            feed.post(body(fleet, part * A_POST, A_POST, round)).await;
        }
    };
    join_all((0..FLEETS).map(of)).await;
    UPDATES * seconds
}

/// What a server has spent, in seconds; or, of a stretch of time, in cores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    /// Processor time of all that it did.
    pub(crate) all: f64,
    /// Folding records into the picture: by its own clock, and of a stretch of time less the share of it in which the
    /// writer had to wait for a core.
    pub(crate) apply: f64,
    /// Making views and publishing them, in the same way.
    pub(crate) publish: f64,
    /// What the writer's thread ran, and how long it waited to run.
    writer: (f64, f64),
}

impl Costs {
    pub(crate) async fn so_far(city: &City) -> Self {
        let told = city.admin().get("/metrics").await.expect(200).text();
        let sum = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name));
            let sum = line.and_then(|line| line.trim().parse().ok());
            sum.expect("the metric is there")
        };
        let process = city.process_id().expect("the server runs");
        Self {
            all: processor_s(&[process]),
            apply: sum("atalaya_apply_seconds_sum"),
            publish: sum("atalaya_publish_seconds_sum"),
            writer: of_thread(process, "writer"),
        }
    }

    pub(crate) fn since(&self, before: &Self, seconds: f64) -> Self {
        let ran = self.writer.0 - before.writer.0;
        let waited = self.writer.1 - before.writer.1;
        let share = ran / (ran + waited).max(1e-9);
        Self {
            all: (self.all - before.all) / seconds,
            apply: (self.apply - before.apply) * share / seconds,
            publish: (self.publish - before.publish) * share / seconds,
            writer: (ran / seconds, waited / seconds),
        }
    }

    /// Until it can be seen.
    pub(crate) fn shown(&self) -> f64 {
        self.apply + self.publish
    }
}
