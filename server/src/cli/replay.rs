//! `atalaya replay`: recorded events, fed as if they happened now.
//!
//! It reads GeoJSON, a GeoJSON text sequence, or what `atalaya decode` printed, and sends each record
//! when it is due: the first at once, the others as far behind it as they were, divided by the speed.
//! All instants of a record move by as much as its `observed_at`. A record without one is left out.

use super::way::Way;
use super::{Failure, count_of, layer, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::geojson::collection;
use atalaya_tiles::catalog::FieldType;
use atalaya_tiles::{Catalog, LayerSpec};
use clap::Args;
use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How often is looked for what is due.
const STEP: Duration = Duration::from_millis(100);
/// The most features sent at once.
const BATCH: usize = 1_000;
/// Refusals that are said one by one.
const SAID: usize = 10;

/// What the file is. No comment of the field, where names would have to stand in code marks.
const FILE: &str = "The recording: GeoJSON features with observed_at, or what decode printed";

/// Feed recorded events as if they happened now.
#[derive(Debug, Args)]
pub(super) struct Replay {
    #[arg(help = FILE)]
    file: PathBuf,
    /// How much faster than it happened, 1 to 1000; 0 is as fast as possible.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// The layer, where the recording does not say.
    #[arg(long)]
    layer: Option<String>,
    /// The feed that it is to come from; the layer's own by default.
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
}

/// A speed, as an argument.
fn speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.parse().ok();
    let speed = speed.filter(|speed| *speed == 0.0 || (1.0..=1_000.0).contains(speed));
    speed.ok_or("expected 0 or a number from 1 to 1000")
}

/// A record of the recording.
#[derive(Debug, Clone, PartialEq)]
struct Heard {
    layer: String,
    at: Timestamp,
    feature: Json,
}

impl Replay {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if let Some(feed) = self.feed.as_deref().filter(|feed| !feed.chars().all(plain)) {
            return Err(Failure::NotThere(format!(
                "feed \"{feed}\": lower case letters, digits, - and _ only"
            )));
        }
        let catalog = config.catalog()?;
        let text = std::fs::read_to_string(&self.file)
            .map_err(|cause| Failure::NotThere(format!("{}: {cause}", self.file.display())))?;
        let (mut heard, left_out) =
            read(&text, self.layer.as_deref()).map_err(Failure::NotThere)?;
        for heard in &heard {
            layer::taking(&catalog, &heard.layer)?;
        }
        if left_out > 0 {
            say(&format!(
                "{} without observed_at left out",
                count_of(left_out, "record")
            ));
        }
        heard.sort_by_key(|heard| heard.at);
        let system = actix_web::rt::System::new();
        system.block_on(self.play(config, &catalog, heard))
    }

    async fn play(
        &self,
        config: &Config,
        catalog: &Catalog,
        heard: Vec<Heard>,
    ) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (heard.first(), heard.last()) else {
            say("nothing to replay");
            return Ok(());
        };
        let clock = Clock::system();
        let way = Way::open(config).await?;
        let pace = Pace::new(self.speed, clock.now(), first.at, last.at);
        let bar = ProgressBar::new(heard.len() as u64);
        let mut rest = heard.into_iter().peekable();
        let (mut accepted, mut rejected) = (0, 0);
        while rest.peek().is_some() {
            let now = clock.now();
            let mut due: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
            let mut count = 0;
            while count < BATCH
                && let Some(mut heard) =
                    rest.next_if(|heard| self.speed == 0.0 || pace.told_at(heard.at) <= now)
            {
                if let Some(layer) = catalog.layer(&heard.layer) {
                    let by = pace.told_at(heard.at).duration_since(heard.at);
                    shift(&mut heard.feature, catalog.spec(layer), by);
                }
                due.entry(heard.layer)
                    .or_default()
                    .push(heard.feature.to_string().into_bytes());
                count += 1;
            }
            for (layer, features) in due {
                let feed = self.feed.as_deref().unwrap_or(&layer);
                let told = way
                    .ingest(&layer, feed, collection(features).into())
                    .await?;
                accepted += told.accepted;
                for refusal in told.rejected.iter().take(SAID.saturating_sub(rejected)) {
                    say(&format!("reject: {}", refusal.reason));
                }
                rejected += told.rejected.len();
            }
            bar.inc(count as u64);
            if count == 0 {
                tokio::time::sleep(STEP).await;
            }
        }
        bar.finish_and_clear();
        way.checkpoint().await?;
        say(&format!("{accepted} told, {rejected} rejected"));
        Ok(())
    }
}

/// When what was recorded is told.
#[derive(Debug, Clone, Copy)]
struct Pace {
    speed: f64,
    /// The recorded instant that falls on `start`.
    from: Timestamp,
    start: Timestamp,
}

impl Pace {
    /// As fast as possible, the last record is of now; otherwise the first is.
    fn new(speed: f64, now: Timestamp, first: Timestamp, last: Timestamp) -> Self {
        let (speed, from) = if speed == 0.0 {
            (1.0, last)
        } else {
            (speed, first)
        };
        Self {
            speed,
            from,
            start: now,
        }
    }

    fn told_at(self, at: Timestamp) -> Timestamp {
        let behind = at.duration_since(self.from).as_secs_f64() / self.speed;
        let told = self
            .start
            .checked_add(SignedDuration::from_secs_f64(behind));
        told.unwrap_or(self.start)
    }
}

/// The records of a recording, and how many have no instant.
fn read(text: &str, layer: Option<&str>) -> Result<(Vec<Heard>, usize), String> {
    let mut heard = Vec::new();
    let mut left_out = 0;
    let mut take = |record: Json| -> Result<(), String> {
        let feature = feature(&record);
        let name = layer.or_else(|| record.get("layer").and_then(Json::as_str));
        let name =
            name.ok_or("the recording does not say of which layer it is: name it with --layer")?;
        match feature
            .get("observed_at")
            .and_then(Json::as_str)
            .and_then(|at| at.parse().ok())
        {
            Some(at) => heard.push(Heard {
                layer: name.to_owned(),
                at,
                feature,
            }),
            None => left_out += 1,
        }
        Ok(())
    };
    if let Ok(mut whole) = serde_json::from_str::<Json>(text) {
        match whole.get_mut("features").map(Json::take) {
            Some(Json::Array(features)) => features.into_iter().try_for_each(&mut take)?,
            _ => take(whole)?,
        }
        return Ok((heard, left_out));
    }
    let texts = text
        .split(['\u{1e}', '\n'])
        .map(str::trim)
        .filter(|text| !text.is_empty());
    for (at, text) in texts.enumerate() {
        let record = serde_json::from_str(text).map_err(|cause| format!("record {at}: {cause}"))?;
        take(record)?;
    }
    Ok((heard, left_out))
}

/// A feature as it is, or made of an event that `decode` printed.
fn feature(record: &Json) -> Json {
    let Some(event) = record.get("event").and_then(Json::as_str) else {
        return record.clone();
    };
    let mut feature =
        json!({ "type": "Feature", "id": record["id"], "geometry": record["geometry"] });
    for name in ["observed_at", "stale_at", "expires_at"] {
        if let Some(at) = record.get(name) {
            feature[name] = at.clone();
        }
    }
    feature["properties"] = match event {
        "withdrawn" => json!({ "withdrawn": true }),
        _ => record["properties"].clone(),
    };
    feature
}

/// Moves all instants of a feature.
fn shift(feature: &mut Json, spec: &LayerSpec, by: SignedDuration) {
    let shift = |value: Option<&mut Json>| {
        if let Some(value) = value
            && let Some(at) = value
                .as_str()
                .and_then(|text| text.parse::<Timestamp>().ok())
            && let Ok(moved) = at.checked_add(by)
        {
            *value = moved.to_string().into();
        }
    };
    for name in ["observed_at", "stale_at", "expires_at"] {
        shift(feature.get_mut(name));
    }
    for (name, field) in &spec.fields {
        if field.kind == FieldType::Time {
            shift(
                feature
                    .get_mut("properties")
                    .and_then(|properties| properties.get_mut(name)),
            );
        }
    }
}

#[cfg(test)]
mod tests;
