//! Reading clocks and processes.

use crate::table::short;
use std::fs::read_to_string;
use std::time::{Duration, Instant};

#[expect(
    clippy::disallowed_methods,
    reason = "measuring time is what this is for"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The processor time of processes so far, in seconds; that of a child counts, also after it has ended.
///
/// # Panics
/// Where there is no such process.
pub(crate) fn processor_s(processes: &[u32]) -> f64 {
    processes.iter().map(|process| of_tree(*process)).sum()
}

fn of_tree(process: u32) -> f64 {
    let children = read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace();
    let children = children.filter_map(|child| child.parse().ok()).map(of_tree);
    // Children that ended are in the last two of these four; one may end in between and be in neither.
    let fields = fields(process);
    let own = fields.iter().skip(11).take(4);
    let ticks: u32 = own.filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    // Ticks are hundredths of a second on Linux.
    f64::from(ticks) / 100.0 + children.sum::<f64>()
}

/// How long a thread of a process has run and has waited to run, in seconds.
pub(crate) fn of_thread(process: u32, name: &str) -> (f64, f64) {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let told = threads.map(|thread| thread.path()).find_map(|thread| {
        let called = read_to_string(thread.join("comm")).ok()?;
        (called.trim() == name).then(|| read_to_string(thread.join("schedstat")).ok())?
    });
    let told = told.expect("there is such a thread");
    let mut seconds = told
        .split_whitespace()
        .filter_map(|ns| ns.parse::<f64>().ok())
        .map(|ns| ns / 1e9);
    let mut next = || seconds.next().unwrap_or_default();
    (next(), next())
}

/// The fields of `/proc/N/stat` from the third on; empty for a process that is gone.
fn fields(process: u32) -> Vec<String> {
    let stat = read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().map(str::to_owned).collect()
}

/// What a process holds in memory, in bytes.
///
/// # Panics
/// Where there is no such process.
pub(crate) fn resident(process: u32) -> f64 {
    let status = read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.expect("Linux tells of processes") * 1024.0
}

/// Whole seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "measuring time is what this is for"
)]
pub(crate) fn unix_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Waits until a process has done what it does by itself after a load.
pub(crate) async fn settled(process: u32) {
    let mut spent = processor_s(&[process]);
    // So many seconds at most: then it is measured as it is.
    for _ in 0..60 {
        pass(Duration::from_secs(1)).await;
        let now = processor_s(&[process]);
        if now - spent < 0.03 {
            return;
        }
        spent = now;
    }
}

/// Lets a time pass that something is measured for.
pub(crate) async fn pass(time: Duration) {
    let mut beats = tokio::time::interval(time);
    beats.tick().await;
    beats.tick().await;
}

/// How long things took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    pub(crate) fn note(&mut self, wait: Duration) {
        self.0.push(wait);
    }

    pub(crate) fn since(&mut self, began: Instant) {
        self.note(now().duration_since(began));
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The middle, the ninety-ninth hundredth and the worst.
    pub(crate) fn told(&self) -> String {
        let [middle, high, worst] = [50, 99, 100].map(|part| short(self.ms(part)));
        format!("p50 {middle} ms, p99 {high} ms, worst {worst} ms")
    }

    /// The wait, in milliseconds, that so many hundredths do not exceed; not a number without any.
    pub(crate) fn ms(&self, hundredths: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(f64::NAN, |it| it.as_secs_f64() * 1e3)
    }
}

/// The processor time of this thread for something done `times` over, each, in microseconds.
pub(crate) fn microseconds_each(times: u32, mut work: impl FnMut(u32)) -> f64 {
    let before = own_us();
    (0..times).for_each(&mut work);
    (own_us() - before) / f64::from(times)
}

/// The processor time of this thread so far.
fn own_us() -> f64 {
    let told = read_to_string("/proc/thread-self/schedstat").expect("Linux tells of threads");
    let nanoseconds = told
        .split_whitespace()
        .next()
        .and_then(|first| first.parse().ok());
    nanoseconds.map_or(f64::NAN, |it: f64| it / 1e3)
}

/// The middle of several figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
