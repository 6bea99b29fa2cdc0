//! What a server takes of the machine, at one moment, and how that may grow.

use std::fs;
use std::path::Path;
use std::time::Duration;

use atalaya_tests::{City, ClockFace};

/// So often the allocator is asked, four times a second.
const LOOKS: u32 = 10;
const MIB: f64 = 1_048_576.0;
/// What the server remembers of each event, up to a million of them, so that it knows what comes twice: 28 bytes, in
/// pages that are filled one by one.
const REMEMBERED_BYTES: f64 = 40.0;
/// What its allocator's bytes differ by from one quarter to another though nothing grows: views, frames, pages that the store
/// keeps at hand. Without a leak it was 0.4 to 1.6 MiB more, with one of 200 bytes an event 6.5 MiB.
const HEAP_SLACK: f64 = 3.0 * MIB;
/// The same of what the system has given it.
const RESIDENT_SLACK: f64 = 12.0 * MIB;
/// Files that are open now and then.
const FILES_SLACK: f64 = 12.0;

/// What was taken at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    /// Hours since the watch began.
    pub(super) hour: i64,
    /// Events acknowledged by then.
    pub(super) events: f64,
    heap: f64,
    resident: f64,
    files: f64,
    stored: f64,
}

impl Taken {
    pub(super) async fn now(city: &City, clock: &ClockFace, hour: i64, events: f64) -> Self {
        let process = city.process_id().expect("the server runs");
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|line| line.split_whitespace().next()?.parse().ok());
        let kib: f64 = resident.expect("Linux tells of processes");
        let files = fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
        Self {
            hour,
            events,
            heap: real(at_rest(clock).await),
            resident: kib * 1024.0,
            files: real(files as u64),
            stored: real(bytes_below(&city.data())),
        }
    }

    /// As a line of a table.
    pub(super) fn told(&self) -> String {
        format!(
            "{:3} h {:7} events: {:6.2} MiB of the allocator's, {:6.1} resident, {:4} files, {:5.1} MiB stored",
            self.hour,
            self.events,
            self.heap / MIB,
            self.resident / MIB,
            self.files,
            self.stored / MIB
        )
    }
}

/// The bytes of the allocator's when what was just done is done with.
async fn at_rest(clock: &ClockFace) -> u64 {
    let mut often = tokio::time::interval(Duration::from_millis(250));
    let mut least = u64::MAX;
    for _ in 0..LOOKS {
        often.tick().await;
        least = least.min(clock.held_bytes().await);
    }
    least
}

/// What something is called, how much of it was taken, and by how much that may grow.
type Bound = (&'static str, fn(&Taken) -> f64, f64);

/// What grew from the second quarter of a watch to its last, that should not.
pub(super) fn grown(taken: &[Taken]) -> Vec<String> {
    let quarter = |from: i64| -> Vec<&Taken> {
        let within = taken.iter();
        within
            .filter(|it| it.hour > from && it.hour <= from + 6)
            .collect()
    };
    let (before, after) = (quarter(6), quarter(18));
    let mean = |of: &[&Taken], what: fn(&Taken) -> f64| {
        of.iter().map(|it| what(it)).sum::<f64>() / real(of.len() as u64)
    };
    let events = mean(&after, |it| it.events) - mean(&before, |it| it.events);
    let held: [Bound; 4] = [
        (
            "bytes of the allocator's",
            |it| it.heap,
            events * REMEMBERED_BYTES + HEAP_SLACK,
        ),
        ("bytes resident", |it| it.resident, RESIDENT_SLACK),
        ("open files", |it| it.files, FILES_SLACK),
        // A day is kept, and as much of the one before as is not a file of its own yet.
        (
            "bytes stored",
            |it| it.stored,
            mean(&before, |it| it.stored) / 2.0,
        ),
    ];
    let grew = held.into_iter().filter_map(|(what, of, most)| {
        let (was, is) = (mean(&before, of), mean(&after, of));
        (is - was > most).then(|| {
            format!("{what}: {was:.0} in the second quarter, {is:.0} in the last, over {events:.0} events; at most {most:.0} more")
        })
    });
    grew.collect()
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(it) if it.is_dir() => bytes_below(&entry.path()),
        // A file may be gone by now.
        it => it.map_or(0, |it| it.len()),
    });
    sizes.sum()
}

fn real(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
