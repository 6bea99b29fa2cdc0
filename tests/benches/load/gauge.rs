//! Reading clocks and processes, and printing what they say.

use atalaya_tests::City;
use std::io::Write as _;
use std::time::{Duration, Instant};

#[expect(
    clippy::disallowed_methods,
    reason = "measuring time is what this is for"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn say(question: &str, answer: &str) {
    writeln!(std::io::stdout(), "{question:<58} {answer}").expect("stdout is open");
}

/// The middle, the ninety-ninth hundredth and the worst.
pub(crate) fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1)));
    let ms = |part: usize| at(part).map_or(0.0, |it| it.as_secs_f64() * 1e3);
    let (middle, high, worst) = (ms(50), ms(99), ms(100));
    format!("p50 {middle:.1} ms, p99 {high:.1} ms, worst {worst:.1} ms")
}

/// What a server has used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    at: Instant,
    /// Processor time in seconds.
    pub(crate) cpu_s: f64,
    /// Memory in use, in bytes.
    pub(crate) resident_bytes: f64,
}

impl Used {
    /// Reads `/proc`; ticks of processor time are hundredths of a second on Linux.
    pub(crate) fn by(city: &City) -> Self {
        let process = city.process_id().expect("the server runs");
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}"));
        let stat = read("stat").expect("Linux tells of processes");
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
        let status = read("status").expect("Linux tells of processes");
        let resident = status.lines().find(|line| line.starts_with("VmRSS:"));
        let resident = resident.and_then(|line| line.split_whitespace().nth(1));
        Self {
            at: now(),
            cpu_s: ticks / 100.0,
            resident_bytes: resident.map_or(0.0, |kib| kib.parse().unwrap_or(0.0)) * 1024.0,
        }
    }

    /// Processor time since, as a share of one core.
    pub(crate) fn cores_since(self, before: Self) -> f64 {
        let wall = self.at.duration_since(before.at).as_secs_f64();
        (self.cpu_s - before.cpu_s) / wall.max(1e-9)
    }
}
