//! Reading clocks and processes.

use std::fs::read_to_string;
use std::time::Instant;

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

/// The fields of `/proc/N/stat` from the third on; empty for a process that is gone.
fn fields(process: u32) -> Vec<String> {
    let stat = read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().map(str::to_owned).collect()
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
