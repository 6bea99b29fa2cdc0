//! `atalaya import`: a file into a layer, or into the static basemap.
//!
//! It promises that the same file twice changes nothing the second time; that an import which was cut
//! off goes on where it stopped; and that a bad record costs only itself: it goes to
//! `FILE.rejects.jsonl` with its position and the reason. A layer of the basemap is replaced whole, and it
//! is said what went. It refuses a layer or a column that is not there before anything is written.

mod ledger;

use super::way::{Way, reload_basemap};
use super::{Failure, count_of, layer, say};
use crate::adaptor::cell;
use crate::basemap::{self, ImportError, SOURCE_LAYERS};
use crate::config::Config;
use crate::geojson::collection;
use crate::import::{BadFile, Crs, Mapping, Positions, Source, Unread, open, source_layer};
use atalaya_tiles::LayerSpec;
use clap::Args;
use indicatif::{DecimalBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger::{Ledger, Rejects};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most features of a batch.
const BATCH: usize = 1_000;
/// The most bytes of a batch, but for one feature that is larger by itself.
const BATCH_BYTES: usize = 4 << 20;
/// Rejects that are said one by one; all of them stand in the file of rejects.
const SAID: u64 = 3;
/// What stands before the name of a source-layer of the basemap.
const BASEMAP: &str = "basemap:";

/// What `--map` is for. No comment of the field, where names of columns would have to stand in code marks.
const MAP: &str = "Which column or property a field is read from, such as name=TITLE; also for lon, lat, \
     observed_at, stale_at and expires_at. What is not mapped is read from the column of its own or a usual name";

/// Bring a file into a layer: GeoJSON, GeoJSONSeq, CSV, Shapefile or FlatGeobuf.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The layer, such as cameras, which the file adds to; or basemap:roads and its like: the file then takes
    /// the place of all that this layer of the static basemap holds.
    layer: String,
    /// The file; its ending says the format: .geojson, .json, .geojsonl, .geojsons, .ndjson, .csv, .tsv,
    /// .shp or .fgb.
    file: PathBuf,
    /// The coordinate system of the file, whatever it says itself: EPSG:n.
    #[arg(long, value_name = "EPSG:n")]
    crs: Option<String>,
    #[arg(long, value_name = "field=column", num_args = 1.., help = MAP)]
    map: Vec<String>,
    /// The column or property of the id; without one it is the file's own, else a usual one, else made of the
    /// file's name and the position in it.
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
}

/// What became of the records of a file.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    skipped: u64,
    accepted: u64,
    duplicates: u64,
    rejected: u64,
}

impl Import {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let system = actix_web::rt::System::new();
        system.block_on(async {
            if let Some(name) = self.layer.strip_prefix(BASEMAP) {
                return self.basemap(config, name).await;
            }
            let tally = self.layer(config).await?;
            let Tally {
                skipped,
                accepted,
                duplicates,
                rejected,
            } = tally;
            let before = if skipped > 0 {
                format!(", {skipped} done before")
            } else {
                String::new()
            };
            say(&format!(
                "{accepted} new, {duplicates} known already, {rejected} rejected{before}"
            ));
            if rejected > 0 {
                say(&format!("rejects: {}", Rejects::path(&self.file).display()));
            }
            if rejected > 0 && accepted + duplicates + skipped == 0 {
                let file = self.file.display();
                return Err(Failure::Other(format!("nothing of {file} could be taken")));
            }
            Ok(())
        })
    }

    fn crs(&self) -> Result<Option<Crs>, Failure> {
        let crs = self.crs.as_deref().map(Crs::parse).transpose();
        crs.map_err(|bad| Failure::NotThere(bad.to_string()))
    }

    async fn basemap(&self, config: &Config, name: &str) -> Result<(), Failure> {
        if !SOURCE_LAYERS.contains(&name) {
            let there = SOURCE_LAYERS
                .map(|name| format!("{BASEMAP}{name}"))
                .join(", ");
            return Err(Failure::NotThere(format!(
                "there is no {}; there are {there}",
                self.layer
            )));
        }
        let source =
            open(&self.file, self.crs()?, Positions::default()).map_err(|bad| bad_file(&bad))?;
        let (text, rejected) = source_layer(name, source)
            .map_err(|cause| Failure::NotThere(format!("{}: {cause}", self.file.display())))?;
        let mut rejects = Rejects::new(&self.file, false);
        for (index, reason) in &rejected {
            rejects.note(*index, reason, "");
        }
        rejects.finish();
        let put = basemap::import(&config.data, name, &text).map_err(|cause| match cause {
            ImportError::Layer(bad) => Failure::NotThere(format!("{}: {bad}", self.file.display())),
            ImportError::Write(_) => Failure::Other(cause.to_string()),
        })?;
        let before = put.before.map(|before| format!(", in place of {before}"));
        say(&format!(
            "{} in {}{}",
            count_of(put.features, "feature"),
            self.layer,
            before.unwrap_or_default()
        ));
        if !rejected.is_empty() {
            say(&format!(
                "{} rejected: {}",
                count_of(rejected.len(), "record"),
                Rejects::path(&self.file).display()
            ));
        }
        if reload_basemap(config).await? {
            say("the running server shows them now");
        }
        Ok(())
    }

    async fn layer(&self, config: &Config) -> Result<Tally, Failure> {
        let catalog = config.catalog()?;
        let (_, spec) = layer::taking(&catalog, &self.layer)?;
        let (source, mapping) = self.source(spec)?;
        let way = Way::open(config).await?;
        let ledger = Ledger::open(
            &config.data,
            &self.layer,
            &self.file,
            &format!("{:?} {:?} {:?}", self.crs, self.map, self.id),
        );
        let mut pouring = Pouring::new(&way, &self.layer, &self.file, mapping, ledger);
        pouring.bar = bar(source.count);
        let outcome = pouring.pour(source).await;
        pouring.bar.finish_and_clear();
        let tally = outcome?;
        let ignored: Vec<&str> = pouring.mapping.ignored().collect();
        if !ignored.is_empty() {
            say(&format!(
                "not imported, since no field is for them: {}",
                ignored.join(", ")
            ));
        }
        way.checkpoint().await?;
        Ok(tally)
    }

    fn source<'l>(&self, spec: &'l LayerSpec) -> Result<(Source, Mapping<'l>), Failure> {
        let mut mapping = Mapping::new(spec, &self.map, self.id.as_deref(), &self.file)
            .map_err(Failure::NotThere)?;
        let positions = Positions {
            lon: mapping.column("lon"),
            lat: mapping.column("lat"),
        };
        let mut source = open(&self.file, self.crs()?, positions).map_err(|bad| bad_file(&bad))?;
        mapping
            .settle(&self.file, &mut source)
            .map_err(|bad| bad_file(&bad))?;
        for line in mapping.said() {
            say(&line);
        }
        say(&format!(
            "{}: positions in {}",
            self.file.display(),
            source.crs.name()
        ));
        Ok((source, mapping))
    }
}

fn bad_file(bad: &BadFile) -> Failure {
    Failure::NotThere(bad.to_string())
}

/// Progress on stderr, where somebody looks.
fn bar(count: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(count, ProgressDrawTarget::stderr());
    let template = match count {
        Some(_) => "{bar:40} {pos}/{len} records, {per_sec}, {msg}, {eta} left",
        None => "{spinner} {pos} records, {per_sec}, {msg}",
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar
            .with_style(style)
            .with_message(stored(0, Duration::ZERO)),
        Err(_) => bar,
    }
}

/// How much was stored, and how fast.
fn stored(bytes: u64, within: Duration) -> String {
    let thousandths = u64::try_from(within.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = bytes.saturating_mul(1_000) / thousandths;
    format!("{} stored, {}/s", DecimalBytes(bytes), DecimalBytes(rate))
}

/// Where in the file a record stands.
#[derive(Debug, Default, Clone, Copy)]
struct Stands {
    index: u64,
    line: Option<u64>,
}

/// An import under way.
struct Pouring<'w> {
    way: &'w Way,
    layer: &'w str,
    mapping: Mapping<'w>,
    ledger: Ledger,
    rejects: Rejects,
    bar: ProgressBar,
    tally: Tally,
    /// Features that wait to be sent, with their positions in the file.
    batch: Vec<(Stands, Vec<u8>)>,
    /// The bytes of these, as they are sent.
    bytes: usize,
    /// The bytes of all features that were sent.
    stored: u64,
}

impl<'w> Pouring<'w> {
    fn new(
        way: &'w Way,
        layer: &'w str,
        file: &Path,
        mapping: Mapping<'w>,
        ledger: Ledger,
    ) -> Self {
        Self {
            way,
            layer,
            mapping,
            rejects: Rejects::new(file, ledger.next() > 0),
            ledger,
            bar: ProgressBar::hidden(),
            tally: Tally::default(),
            batch: Vec::new(),
            bytes: 0,
            stored: 0,
        }
    }

    async fn pour(&mut self, source: Source) -> Result<Tally, Failure> {
        let start = self.ledger.next();
        for (index, record) in (0_u64..).zip(source.records) {
            self.bar.inc(1);
            if index < start {
                self.tally.skipped += 1;
                continue;
            }
            let feature = match record {
                Ok(draft) => {
                    let at = Stands {
                        index,
                        line: draft.line,
                    };
                    let feature = self.mapping.feature(index, draft, &source.crs);
                    feature
                        .map(|feature| (at, feature))
                        .map_err(|reason| self.in_cell(at, reason, "/geometry"))
                }
                Err(Unread::Record(reason)) => Err(reason),
                Err(Unread::Rest(reason)) => {
                    self.send(index).await?;
                    return Err(Failure::Other(format!(
                        "record {index}: {reason}; what stands before it is imported"
                    )));
                }
            };
            match feature {
                Ok((at, feature)) => self.push(at, &feature),
                Err(reason) => self.reject(index, &reason, ""),
            }
            if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES {
                self.send(index + 1).await?;
            }
        }
        self.send(start).await?;
        self.rejects.finish();
        self.ledger.close();
        Ok(self.tally)
    }

    fn push(&mut self, at: Stands, feature: &Json) {
        let text = feature.to_string().into_bytes();
        self.bytes += text.len();
        self.batch.push((at, text));
    }

    /// A reason, with the line and the column that a pointer is about, where the file has such.
    fn in_cell(&self, at: Stands, reason: String, pointer: &str) -> String {
        match at.line {
            Some(line) => cell::at(line, self.mapping.column_at(pointer), &reason),
            None => reason,
        }
    }

    fn reject(&mut self, index: u64, reason: &str, pointer: &str) {
        self.tally.rejected += 1;
        if self.tally.rejected <= SAID {
            self.bar
                .suspend(|| say(&format!("reject {index}: {reason}")));
        }
        self.rejects.note(index, reason, pointer);
    }

    /// Makes what waits durable; `next` is where the file is then to be read on from.
    async fn send(&mut self, next: u64) -> Result<(), Failure> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let bytes = std::mem::take(&mut self.bytes);
        let (places, texts): (Vec<Stands>, Vec<Vec<u8>>) = batch.into_iter().unzip();
        let body = collection(texts);
        let told = self.way.ingest(self.layer, self.layer, body.into()).await?;
        self.tally.accepted += told.accepted as u64;
        self.tally.duplicates += told.duplicates as u64;
        for refusal in &told.rejected {
            let at = places.get(refusal.index).copied().unwrap_or_default();
            let pointer = within(&refusal.pointer);
            let reason = self.in_cell(at, refusal.reason.clone(), pointer);
            self.reject(at.index, &reason, pointer);
        }
        self.stored += bytes as u64;
        self.bar
            .set_message(stored(self.stored, self.bar.elapsed()));
        self.rejects.flush();
        self.ledger.advance(next);
        Ok(())
    }
}

/// A pointer into the feature from one into the batch.
fn within(pointer: &str) -> &str {
    let rest = pointer
        .strip_prefix("/features/")
        .and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)));
    rest.unwrap_or(if pointer.starts_with("/features/") {
        ""
    } else {
        pointer
    })
}

#[cfg(test)]
mod tests;
