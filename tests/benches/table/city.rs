//! Our side: a server with the sample as a sighting layer and with units that have moved.

use crate::sample::{Observation, share};
use crate::wrk::Asked;
use crate::{Effort, sample};
use atalaya_tests::{City, collection, point};
use serde_json::{Value, json};

const A_POST: u32 = 5_000;
/// The layer of the sample, by configuration alone; how long it is kept follows.
const LAYER: &str = r#"
[[layers]]
name = "observations"
title = "Observations"
kind = "sighting"
geometry = ["point"]
fields = { kind = "text", ts = "integer", severity = "integer", heading = "integer", label = "text" }
retain_days = "#;

/// A configuration with that layer after some limits; what is not `cached` makes every tile anew.
pub(crate) fn observations(limits: &str, cached: bool, retain_days: u32) -> String {
    let cache = if cached { "" } else { "tile_cache_bytes = 0\n" };
    format!("{limits}{cache}{LAYER}{retain_days}\n")
}

/// The configuration without metrics, which nobody reads here.
fn config(cached: bool) -> String {
    observations("[limits]\nfeed_kib_per_s = 1048576\n", cached, 30)
}

/// What is set for every server that is measured: it logs no request, as its peers do not.
pub(crate) const QUIET: (&str, &str) = ("RUST_LOG", "warn");

/// A server with this configuration besides what every load needs.
pub(crate) async fn opened(config: &str) -> City {
    let config = format!("{LIMITS}{config}");
    let mut city = City::with_config(&config).await;
    city.configure(&config, &[QUIET]).await;
    city
}

/// Where metrics are to be read, and a feed that may send what it can.
pub(crate) const LIMITS: &str =
    "admin_listen = \"127.0.0.1:0\"\n[limits]\nfeed_kib_per_s = 1048576\n";

/// Our server and who asks it.
#[derive(Debug)]
pub(crate) struct Ours {
    city: City,
    token: String,
}

impl Ours {
    /// Starts it again with or without kept tiles.
    pub(crate) async fn with_cache(&mut self, cached: bool) {
        self.city.configure(&config(cached), &[QUIET]).await;
    }

    pub(crate) fn city(&self) -> &City {
        &self.city
    }

    /// A load of these paths over sixteen connections.
    pub(crate) fn asked(&self, paths: Vec<String>, headers: &[(&str, &str)]) -> Asked {
        let own = [("Authorization", format!("Bearer {}", self.token))];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let given = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Asked {
            base: self.city.base().to_owned(),
            paths,
            headers: own.into_iter().chain(given).collect(),
            processes: self.city.process_id().into_iter().collect(),
            connections: 16,
        }
    }
}

/// Starts a server and fills it.
pub(crate) async fn filled(effort: Effort) -> Ours {
    let city = City::with_config(&config(false)).await;
    let token = city.role_key("operator", &[]);
    let unit = |number: u32| {
        let properties =
            json!({ "call_sign": format!("U{number}"), "unit_kind": "patrol", "status": "free" });
        let lon = sample::WEST + share(number, 10) * (sample::EAST - sample::WEST);
        let lat = sample::SOUTH + share(number, 11) * (sample::NORTH - sample::SOUTH);
        point(&format!("u{number}"), lon, lat, &properties)
    };
    post(&city, "units", effort.features, unit).await;
    let observation = |number: u32| Observation::of(number).feature();
    post(&city, "observations", effort.sightings, observation).await;
    Ours { city, token }
}

async fn post(city: &City, layer: &str, count: u32, feature: impl Fn(u32) -> Value) {
    let feed = city.bearer(&city.key(layer));
    for from in (0..count).step_by(A_POST as usize) {
        let features = (from..(from + A_POST).min(count)).map(&feature);
        let body = collection(&features.collect::<Vec<_>>());
        feed.post(&format!("/feeds/{layer}"), &body)
            .await
            .expect(200);
    }
}
