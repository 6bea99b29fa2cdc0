//! `atalaya demo`: the seed city on a throw-away store, with a simulated Friday night.

mod encoder;
mod scene;

use super::link::{reached_at, sign_in_url};
use super::logging::logging;
use super::serve::{self, Addresses, City};
use super::{Failure, print};
use crate::config::{Config, listen_address};
use crate::demo::{Scenario, Streets, shifted};
use crate::engine::Engine;
use crate::identity::{Authority, LinkOrder, NewKey};
use crate::ingest::{Body, ingest};
use crate::{basemap, task};
use clap::Args;
use encoder::Encoder;
use jiff::{SignedDuration, Timestamp};
use rust_embed::RustEmbed;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;

/// The seed city.
#[derive(RustEmbed)]
#[folder = "../seed-data"]
struct Seed;

/// The number that the whole night follows from.
const NIGHT: u64 = 20_261_122;
/// How often the scenario reports.
const STEP: Duration = Duration::from_millis(500);

/// Run the server on a throw-away store with the seed city and a live scenario.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Address and port to serve on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", value_parser = listen_address)]
    listen: Option<String>,
    /// How much faster than real time the night passes, 1 to 60.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Refused: it stands here so that the help of a demo does not list what other commands take.
    #[arg(long, hide = true)]
    data: Option<PathBuf>,
}

/// A speed, as an argument.
fn speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.parse().ok();
    let speed = speed.filter(|speed| (1.0..=60.0).contains(speed));
    speed.ok_or("expected a number from 1 to 60")
}

impl Demo {
    pub(super) fn run(self, mut config: Config) -> Result<(), Failure> {
        if self.data.is_some() {
            return Err(Failure::NotThere(
                "a demo makes a throw-away directory of its own: --data goes with serve".into(),
            ));
        }
        // What it prints is to be read: the link and the `curl` line.
        logging("warn");
        if let Some(listen) = self.listen.clone() {
            config.listen = listen;
        }
        let addresses = serve::take(&config)?;
        config.data = throw_away()?;
        config.site.demo = true;
        config.site.banner = Some("Simulated demo — not real events".into());
        if config.scenes.is_empty() {
            config.scenes = scenes()?;
        }
        fill_basemap(&config.data)?;
        let cameras = seed_json("layers/cameras.geojson")?;
        let encoders = encoder::configure(&mut config, scene::scenes(&cameras));
        let system = actix_web::rt::System::new();
        system.block_on(self.serve(config, encoders, addresses))
    }

    async fn serve(
        self,
        config: Config,
        encoders: Vec<Encoder>,
        addresses: Addresses,
    ) -> Result<(), Failure> {
        let data = config.data.clone();
        let city = City::open(config)?;
        let app = city.app.clone();
        let engine = Arc::clone(&app.engine);
        encoder::start(encoders);
        let link = LinkOrder {
            role: "operator".into(),
            clearance: "cji,medical".into(),
            ..LinkOrder::default()
        };
        let link = link.check(engine.catalog())?;
        let start = engine.clock().now();
        let layers = seed_layers(start)?;
        for (layer, collection) in &layers {
            post(&engine, layer, collection).await;
        }
        let night = night(layers.get("cameras"))?;
        task::spawn(
            "scenario",
            live(Arc::clone(&engine), night, start, self.speed),
        );
        let now = engine.clock().now();
        let token = city.identity.issue_link(&link, now)?;
        let key = NewKey {
            name: "demo incidents".into(),
            authority: Authority::Feed("incidents".into()),
            grants: Vec::new(),
            layers: None,
            ends_at: None,
        };
        let key = city.identity.create_key(&key, now)?;
        city.serve(addresses, |base| {
            print(&format!("listening on {base}"));
            print("");
            print("  The wall, signed in once (within 15 minutes):");
            let wall = sign_in_url(reached_at(&app.config, base), token.expose());
            print(&format!("    {wall}"));
            print("");
            print("  An incident of your own, downtown; post it again elsewhere and it moves:");
            print(&curl(base, key.expose()));
            print("");
            print(&format!(
                "  The store, thrown away by the system in time: {}",
                data.display()
            ));
        })
        .await
    }
}

fn curl(base: &str, key: &str) -> String {
    let feature = json!({
        "type": "Feature",
        "id": "mine-1",
        "geometry": { "type": "Point", "coordinates": [-110.9716, 32.2217] },
        "properties": { "type": "Test call", "priority": 1, "discipline": "police", "address": "Congress & Stone" }
    });
    format!(
        "    curl -H 'Authorization: Bearer {key}' -H 'Content-Type: application/geo+json' \\\n      -d '{feature}' {base}/feeds/incidents"
    )
}

fn throw_away() -> Result<PathBuf, Failure> {
    let name = format!("atalaya-demo-{}", uuid::Uuid::new_v4().simple());
    let data = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&data).map_err(Failure::system(data.display().to_string()))?;
    Ok(data)
}

fn seed_text(path: &str) -> Result<String, Failure> {
    let file =
        Seed::get(path).ok_or_else(|| Failure::Other(format!("the seed city has no {path}")))?;
    String::from_utf8(file.data.into_owned())
        .map_err(|cause| Failure::Other(format!("{path}: {cause}")))
}

fn seed_json(path: &str) -> Result<Value, Failure> {
    serde_json::from_str(&seed_text(path)?)
        .map_err(|cause| Failure::Other(format!("{path}: {cause}")))
}

fn scenes() -> Result<Vec<crate::config::Scene>, Failure> {
    let mut document = seed_json("scenes.json")?;
    serde_json::from_value(document["scenes"].take())
        .map_err(|cause| Failure::Other(format!("scenes.json: {cause}")))
}

fn fill_basemap(data: &Path) -> Result<(), Failure> {
    for layer in basemap::SOURCE_LAYERS {
        if let Ok(text) = seed_text(&format!("basemap/{layer}.geojson")) {
            basemap::import(data, layer, &text)
                .map_err(|cause| Failure::Other(format!("{layer}: {cause}")))?;
        }
    }
    Ok(())
}

/// What is there when the night begins, by layer.
fn seed_layers(start: Timestamp) -> Result<BTreeMap<String, Value>, Failure> {
    let mut layers = BTreeMap::new();
    for path in Seed::iter().filter(|path| path.starts_with("layers/")) {
        let name = path
            .trim_start_matches("layers/")
            .trim_end_matches(".geojson");
        layers.insert(name.to_owned(), shifted(seed_json(&path)?, start));
    }
    Ok(layers)
}

fn night(cameras: Option<&Value>) -> Result<Scenario, Failure> {
    let streets = Streets::parse(&seed_text("basemap/roads.geojson")?);
    let streets = streets.map_err(|cause| Failure::Other(format!("roads.geojson: {cause}")))?;
    let scenario = Scenario::new(NIGHT, &streets);
    Ok(match cameras {
        Some(cameras) => scenario.with_cameras(cameras),
        None => scenario,
    })
}

/// Reports what happens, as it happens.
async fn live(engine: Arc<Engine>, night: Scenario, start: Timestamp, speed: f64) {
    let mut told_s = 0.0;
    let mut steps = tokio::time::interval(STEP);
    loop {
        steps.tick().await;
        let elapsed_s = engine.clock().now().duration_since(start).as_secs_f64() * speed;
        let mut by_feed: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for report in night.between(start, told_s, elapsed_s) {
            by_feed.entry(report.feed).or_default().push(in_real_time(
                report.feature,
                start,
                speed,
            ));
        }
        told_s = elapsed_s;
        for (feed, features) in by_feed {
            post(
                &engine,
                feed,
                &json!({ "type": "FeatureCollection", "features": features }),
            )
            .await;
        }
    }
}

/// A night that passes faster happened at the real instants at which it is told.
fn in_real_time(mut feature: Value, start: Timestamp, speed: f64) -> Value {
    if speed > 1.0
        && let Some(at) = feature["observed_at"]
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok())
    {
        let since = SignedDuration::from_secs_f64(at.duration_since(start).as_secs_f64() / speed);
        if let Ok(told) = start.checked_add(since) {
            feature["observed_at"] = told.to_string().into();
        }
    }
    feature
}

async fn post(engine: &Engine, feed: &str, collection: &Value) {
    // Perimeters have no feed of their own: planners draw them. The demo's march is drawn already.
    let described = match engine.feed(feed) {
        Some((_, feed)) => feed.clone(),
        None => match engine.catalog().layer(feed) {
            Some(layer) => crate::adaptor::Feed::new(feed, layer, crate::adaptor::Adaptor::Geojson),
            None => return warn!(feed, "the demo has no layer {feed}"),
        },
    };
    let body = collection.to_string().into();
    match ingest(engine, &described, Body::whole(body, None)).await {
        Ok(receipt) if receipt.rejected.is_empty() => {}
        Ok(receipt) => {
            let first = receipt
                .rejected
                .first()
                .map(|refusal| refusal.reason.as_str());
            warn!(
                feed,
                rejects = receipt.rejected.len(),
                first,
                "the demo told feed {feed} something it refuses"
            );
        }
        Err(cause) => warn!(feed, %cause, "the demo cannot tell feed {feed}"),
    }
}
