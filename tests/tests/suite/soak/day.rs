//! A day in a city: its clock is set on, step by step, and what its feeds have to say by then is posted. Nothing depends on
//! how long a step takes: the next one begins when all of it is acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use atalaya_tests::{City, ClockFace, Visitor, collection};
use futures_util::future::join_all;
use serde_json::Value;

use super::chance::Chance;
use super::model::{Model, Told};
use super::traffic::Traffic;
use super::world::{LAYERS, config};

/// What threads leave behind in arenas of their own is no leak, and would hide one.
const FEW_ARENAS: (&str, &str) = ("MALLOC_ARENA_MAX", "1");

/// A city whose time the test makes.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) city: City,
    pub(super) clock: ClockFace,
    pub(super) model: Model,
    /// Seconds since 1970, by the city's clock.
    pub(super) now: i64,
    /// Events acknowledged so far.
    pub(super) events: f64,
    traffic: Traffic,
    feeds: BTreeMap<&'static str, Visitor>,
    /// The last position of the log that was acknowledged.
    seq: u64,
}

impl Day {
    /// Starts a city with nothing in it.
    ///
    /// # Errors
    /// Why its clock cannot be set.
    pub(super) async fn begin(second: i64, chance: Chance) -> Result<Self, String> {
        let mut city = City::with_config(&config()).await;
        let clock = ClockFace::new(city.scratch(), second)?;
        let environment = clock.environment();
        let [library, face] = environment
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        city.configure(&config(), &[library, face, FEW_ARENAS])
            .await;
        let feeds = LAYERS.map(|layer| (layer.name, city.bearer(&city.key(layer.name))));
        Ok(Self {
            city,
            clock,
            model: Model::new(),
            now: second,
            events: 0.0,
            traffic: Traffic::new(chance),
            feeds: feeds.into(),
            seq: 0,
        })
    }

    /// Lets time pass up to an instant, in steps of so many seconds, each of which takes at least so long.
    pub(super) async fn pass(&mut self, until: i64, step_s: i64, at_least: Duration) {
        let mut beats = tokio::time::interval(at_least.max(Duration::from_millis(1)));
        while self.now < until {
            beats.tick().await;
            let from = self.now;
            self.now = (from + step_s).min(until);
            self.clock.show(self.now);
            let told = self.traffic.between(from, self.now);
            self.post(told).await;
        }
        self.model.prune(self.now);
    }

    /// Says something that everybody can notice; the answer is its place in the log.
    pub(super) async fn beacon(&mut self) -> u64 {
        let told = self.traffic.beacon(self.now);
        self.post(vec![told]).await;
        self.seq
    }

    async fn post(&mut self, told: Vec<Told>) {
        let mut by_layer: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for told in told {
            self.model.hear(&told, self.now);
            by_layer.entry(told.layer).or_default().push(told.json());
        }
        let posts = by_layer.into_iter().map(async |(layer, features)| {
            let path = format!("/feeds/{layer}");
            let posted = self.feeds[layer].post(&path, &collection(&features)).await;
            let receipt = posted.expect(200).json();
            assert_eq!(receipt["rejected"], Value::Array(Vec::new()), "{receipt}");
            receipt
        });
        for receipt in join_all(posts).await {
            let seq = receipt["seq"].as_u64().expect("a position");
            self.seq = self.seq.max(seq);
            self.events += receipt["accepted"].as_f64().expect("a number");
        }
    }
}
