//! Keeps what is counted, and prints it in the text exposition format of Prometheus, version 0.0.4.

use super::{BUILD, Kind, PROBLEMS, ROWS, Row, START_TIME, register};
use crate::problem;
use crate::task;
use ::metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use jiff::Timestamp;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;

/// Bounds of the buckets of times, from a fifth of a millisecond to ten seconds.
const SECONDS: &[f64] = &[
    0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// Bounds of the buckets of sizes: to half a megabyte, the most a tile has.
const BYTES: &[f64] = &[
    256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0, 131_072.0, 262_144.0, 500_000.0,
];
/// Bounds of the buckets of counts.
const COUNTS: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];
/// How often samples are folded into their buckets, so that they do not pile up between two scrapes.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// Where everything that is counted ends up.
#[derive(Debug, Clone)]
pub struct Recorder(PrometheusHandle);

impl Recorder {
    /// Starts recording for the whole process. Handles that were used before stay without effect, so
    /// this comes first; it fails the second time.
    pub fn install(started_at: Timestamp) -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for row in ROWS.iter().filter(|row| row.kind == Kind::Histogram) {
            let buckets = buckets(row);
            builder = builder.set_buckets_for_metric(Matcher::Full(row.name.into()), buckets)?;
        }
        let recorder = Self(builder.install_recorder()?);
        ROWS.iter().for_each(describe);
        register();
        for row in problem::ROWS {
            counter!(PROBLEMS, "problem" => row.slug).absolute(0);
        }
        gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        START_TIME.set(started_at.as_duration().as_secs_f64());
        Ok(recorder)
    }

    /// Folds samples into their buckets from now on. Needs a runtime.
    pub fn keep_up(&self) {
        let handle = self.0.clone();
        task::spawn("metrics", async move {
            let mut often = tokio::time::interval(FOLD_EVERY);
            loop {
                often.tick().await;
                handle.run_upkeep();
            }
        });
    }

    /// Everything that was counted so far.
    pub fn print(&self) -> String {
        self.0.render()
    }
}

fn buckets(row: &Row) -> &'static [f64] {
    let unit = row.unit();
    if unit == Unit::Seconds {
        SECONDS
    } else if unit == Unit::Bytes {
        BYTES
    } else {
        COUNTS
    }
}

fn describe(row: &Row) {
    match row.kind {
        Kind::Counter => describe_counter!(row.name, row.unit(), row.help),
        Kind::Gauge => describe_gauge!(row.name, row.unit(), row.help),
        Kind::Histogram => describe_histogram!(row.name, row.unit(), row.help),
    }
}
