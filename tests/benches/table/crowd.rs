//! Rows 12 and 13: a thousand walls that look at twenty cells each while a fleet moves, some of them stalled; and many
//! walls where nothing moves.

use crate::Effort;
use crate::audience::Audience;
use crate::city::opened;
use crate::feed::{Feed, collection, point, unit};
use crate::fleet::{self, Costs, UPDATES};
use crate::gauge::{Waits, now, pass, processor_s, resident};
use crate::sample::share;
use crate::table::{Aim, Row, Table, short};
use atalaya_tests::{City, DOWNTOWN, Texts, Visitor, run};
use atalaya_tiles::{Bounds, Cell};
use futures_util::future::join_all;
use std::cell::{self, RefCell};
use std::ops::Range;
use std::process::Command;
use std::time::{Duration, Instant};

const CLIENTS: u32 = 1_000;
/// How many of them read what they get, to time it.
const READING: u32 = 20;
/// Topic cells that a client looks at, at least, and the resolution of topics.
const CELLS: usize = 20;
const RESOLUTION: u8 = 6;
/// Between two posts that are timed.
const A_PROBE: Duration = Duration::from_millis(170);
const STALLED: u32 = 10;
/// Stalled walls whose memory is measured: of a few it would be lost in what a server takes anyhow.
const PILED_UP: u32 = 200;

pub(crate) async fn ask(effort: Effort, table: &mut Table) {
    let city = opened(fleet::FEEDS).await;
    fleet::arrive(&city).await;
    let walls = Walls::of(&city, effort);
    let process = city.process_id().expect("the server runs");
    let alone = walls.measured(&mut []).await;
    let before = resident(process);
    // What all walls share is there with the first.
    let mut readers = walls.readers().await;
    walls.measured(&mut readers).await;
    let shared = resident(process);
    let audience = Audience::open(&city, (READING..CLIENTS).map(query).collect()).await;
    let sent = audience.bytes();
    let crowded = walls.measured(&mut readers).await;
    let sent = audience.bytes() - sent;
    assert_eq!(audience.lost(), 0, "every stream goes on");
    add_fan_out(table, &alone, &crowded, sent);
    table.add(Row {
        number: 12,
        what: format!(
            "memory of one of {CLIENTS} walls: what the process grew by from {READING} to that many"
        ),
        ours: (resident(process) - shared) / f64::from(CLIENTS - READING) / 1e3,
        unit: "KB",
        peer: None,
        aim: Aim::AtMost(20.0),
        beside: format!(
            "the first {READING}, and what all share, took {} MB",
            short((shared - before) / 1e6)
        ),
    });
    stalled(&walls, &mut readers, &crowded.waits, table).await;
    piled_up(&walls, &mut readers, table).await;
    drop((readers, audience, city));
    quiet(effort, table).await;
}

fn add_fan_out(table: &mut Table, alone: &Measured, crowded: &Measured, sent: u64) {
    let (without, with) = (&alone.costs, &crowded.costs);
    let percent = |share: f64| short(share * 100.0);
    let fan_out = with.all - without.all - (with.shown() - without.shown());
    let megabytes = f64::from(u32::try_from(sent / 1_000).unwrap_or(u32::MAX)) / 1e3;
    table.add(Row {
        number: 12,
        what: format!("{CLIENTS} walls of {CELLS} cells, {UPDATES} updates/s, ticks of 250 ms: apply, publish, fan-out"),
        ours: (fan_out + with.shown()) * 100.0,
        unit: "% of a core",
        peer: None,
        aim: Aim::AtMost(15.0),
        beside: format!(
            "apply {} and publish {} by the server's metrics, less the writer's waits for a core; fan-out {}: its time with walls less without; \
            ingest and append {}; {} updates/s; {} MB/s to the walls",
            percent(with.apply),
            percent(with.publish),
            percent(fan_out),
            percent(without.all - without.shown()),
            short(crowded.rate),
            short(megabytes / crowded.seconds)
        ),
    });
    table.add(Row {
        number: 12,
        what: "the same: a post sent to a wall that has it, p99".to_owned(),
        ours: crowded.waits.ms(99),
        unit: "ms",
        peer: None,
        aim: Aim::AtMost(300.0),
        beside: format!("{} times: {}", crowded.waits.count(), crowded.waits.told()),
    });
}

/// What a thousand walls get while one and then ten others take nothing.
async fn stalled(walls: &Walls<'_>, readers: &mut [Texts], without: &Waits, table: &mut Table) {
    let mut deaf = Vec::new();
    for (count, word) in [(1, "one wall"), (STALLED, "ten walls")] {
        while deaf.len() < count as usize {
            deaf.push(walls.operator.deaf(&query(count), true).await);
        }
        let with = walls.measured(readers).await.waits;
        table.add(Row {
            number: 13,
            what: format!("p99 of the others while {word} among {CLIENTS} take nothing"),
            ours: with.ms(99),
            unit: "ms",
            peer: Some(("without", Some(without.ms(99)))),
            aim: Aim::Share(1.15),
            beside: with.told(),
        });
    }
}

/// What the server keeps of walls that take nothing.
async fn piled_up(walls: &Walls<'_>, readers: &mut [Texts], table: &mut Table) {
    let process = walls.city.process_id().expect("the server runs");
    let before = resident(process);
    walls.measured(readers).await;
    let without = resident(process);
    let mut deaf = Vec::new();
    for number in 0..PILED_UP {
        deaf.push(walls.operator.deaf(&query(number), true).await);
    }
    walls.measured(readers).await;
    let (anyhow, grown) = (without - before, resident(process) - without);
    table.add(Row {
        number: 13,
        what: format!("memory of one of {PILED_UP} stalled walls, what the process grew by"),
        ours: (grown - anyhow) / f64::from(PILED_UP) / 1e3,
        unit: "KB",
        peer: None,
        aim: Aim::AtMost(256.0),
        beside: format!(
            "{} MB, less the {} MB of as long without them",
            short(grown / 1e6),
            short(anyhow / 1e6)
        ),
    });
}

/// Walls that are connected and see nothing move.
async fn quiet(effort: Effort, table: &mut Table) {
    let count = effort.quiet;
    let city = opened("live_clients_each = 20000\n").await;
    let process = city.process_id().expect("the server runs");
    let what = format!("memory of one of {count} walls where nothing moves");
    let row = Row {
        number: 12,
        what,
        ours: f64::NAN,
        unit: "KB",
        peer: None,
        aim: Aim::Nothing,
        beside: String::new(),
    };
    if let Err(why) = may_open(count + 1_000, &[std::process::id(), process]) {
        let beside = format!("not run: {why}");
        table.add(Row { beside, ..row });
        return;
    }
    Feed::of(&city, "units")
        .post(collection(0..2_000, |text, number| {
            unit(text, number, fleet::home(number));
        }))
        .await;
    let before = resident(process);
    let audience = Audience::open(&city, (0..count).map(query).collect()).await;
    pass(Duration::from_secs(4)).await;
    let (began, spent) = (now(), processor_s(&[process]));
    pass(effort.load * 3).await;
    let spent = processor_s(&[process]) - spent;
    let cores = spent / now().duration_since(began).as_secs_f64();
    assert_eq!(audience.lost(), 0, "every stream goes on");
    table.add(Row {
        ours: (resident(process) - before) / f64::from(count) / 1e3,
        aim: Aim::AtMost(20.0),
        beside: format!("{} % of a core for all of them", short(cores * 100.0)),
        ..row
    });
}

/// Sees to it that processes may have so many files open.
fn may_open(files: u32, processes: &[u32]) -> Result<(), String> {
    for process in processes {
        if open_files(*process).is_some_and(|most| most >= files) {
            continue;
        }
        let mut prlimit = Command::new("prlimit");
        prlimit.arg(format!("--pid={process}"));
        let ran = run(prlimit.arg(format!("--nofile={files}:")));
        if ran.code != 0 {
            return Err(format!(
                "{files} open files are not to be had: {}",
                ran.stderr.trim()
            ));
        }
    }
    Ok(())
}

/// How many a process may have open now.
fn open_files(process: u32) -> Option<u32> {
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What the client of this number asks for: a box that touches [`CELLS`] topic cells.
fn query(number: u32) -> String {
    let inset = |salt, from: f64, to: f64| from + share(number, salt) * (to - from);
    let (lon, lat) = (
        inset(100, fleet::WEST + 0.12, fleet::EAST - 0.12),
        inset(101, fleet::SOUTH + 0.1, fleet::NORTH - 0.1),
    );
    around(lon, lat)
}

fn around(lon: f64, lat: f64) -> String {
    let mut half = 0.04;
    loop {
        let (west, south, east, north) = (lon - half, lat - half, lon + half, lat + half);
        let bounds = Bounds::new(west, south, east, north).expect("a box");
        let cells = Cell::covering(bounds, RESOLUTION, 1_024).expect("a resolution");
        if cells.is_none_or(|cells| cells.len() >= CELLS) {
            return format!("layers=units&bbox={west},{south},{east},{north}");
        }
        half += 0.002;
    }
}

/// What a stretch of time came to.
struct Measured {
    costs: Costs,
    waits: Waits,
    rate: f64,
    seconds: f64,
}

/// Who moves, and who looks.
struct Walls<'c> {
    city: &'c City,
    operator: Visitor,
    seconds: u32,
    /// When each probe was sent.
    sent: RefCell<Vec<Instant>>,
}

impl<'c> Walls<'c> {
    fn of(city: &'c City, effort: Effort) -> Self {
        Self {
            city,
            operator: city.operator(),
            seconds: effort.rounds * 2,
            sent: RefCell::default(),
        }
    }

    /// Clients that see the probe.
    async fn readers(&self) -> Vec<Texts> {
        let open = (0..READING).map(async |number| {
            let (lon, lat) = DOWNTOWN;
            let aside = |salt| (share(number, salt) - 0.5) * 0.05;
            let query = around(lon + aside(102), lat + aside(103));
            self.operator.texts(&format!("{query}&batch=1")).await
        });
        join_all(open).await
    }

    /// Lets the fleet move for a while.
    async fn measured(&self, readers: &mut [Texts]) -> Measured {
        let (sent, waits) = (&self.sent, RefCell::default());
        let first = sent.borrow().len();
        let probe = Feed::of(self.city, "units");
        let (before, began) = (Costs::so_far(self.city).await, now());
        let nobody = readers.is_empty();
        let nexts = vec![cell::Cell::new(first); readers.len()];
        let listening = readers
            .iter_mut()
            .zip(&nexts)
            .map(|(reader, next)| listen(reader, next, sent, &waits));
        let updates = tokio::select! {
            updates = fleet::moves(self.city, self.seconds) => updates,
            _ = join_all(listening), if !nobody => 0,
            () = probes(&probe, sent) => 0,
        };
        for next in &nexts {
            // What it has not seen took at least until now; the latest may be on its way.
            let sent = sent.borrow();
            let seen = sent.len().saturating_sub(2).max(next.get());
            note(&mut waits.borrow_mut(), &sent, next.get()..seen);
        }
        let seconds = now().duration_since(began).as_secs_f64();
        let after = Costs::so_far(self.city).await;
        Measured {
            costs: after.since(&before, seconds),
            waits: waits.into_inner(),
            rate: f64::from(updates) / seconds,
            seconds,
        }
    }
}

/// Posts a unit that says how often it was posted.
async fn probes(feed: &Feed, sent: &RefCell<Vec<Instant>>) {
    let mut beats = tokio::time::interval(A_PROBE);
    loop {
        beats.tick().await;
        let number = sent.borrow().len();
        let mut text = String::new();
        let properties = format_args!(r#""call_sign":"probe-{number}.","unit_kind":"patrol""#);
        point(&mut text, "probe", DOWNTOWN, properties);
        sent.borrow_mut().push(now());
        feed.post(text).await;
    }
}

/// Takes everything in, and times the probes from the next one on.
async fn listen(
    reader: &mut Texts,
    next: &cell::Cell<usize>,
    sent: &RefCell<Vec<Instant>>,
    waits: &RefCell<Waits>,
) {
    while let Some(text) = reader.next().await {
        let number = text.split("probe-").nth(1).and_then(|rest| {
            let digits = rest.split('.').next()?;
            digits.parse::<usize>().ok()
        });
        // One from before may be told again; one that a later one replaced was not there until now.
        if let Some(number) = number.filter(|number| *number >= next.get()) {
            let seen = next.replace(number + 1)..number + 1;
            note(&mut waits.borrow_mut(), &sent.borrow(), seen);
        }
    }
}

/// Notes how long these probes took until now.
fn note(waits: &mut Waits, sent: &[Instant], seen: Range<usize>) {
    let sent = sent.get(seen).unwrap_or_default();
    for at in sent {
        waits.since(*at);
    }
}
