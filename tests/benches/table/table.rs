//! The table: what was asked, what it costs here, what it costs the peer, and whether that is what we aim at.

use crate::Effort;
use std::fmt::Write as _;
use std::fs::read_to_string;
use std::io::Write as _;

/// What a row aims at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    /// Nothing: it is told to be known.
    Nothing,
    /// At most this share of the peer's cost.
    Share(f64),
    /// At least this share of the ceiling's rate.
    OfCeiling(f64),
    /// A figure of ours that is no larger than this.
    AtMost(f64),
    /// A figure of ours that is no smaller than this.
    AtLeast(f64),
}

/// The number of a row that no target is about.
pub(crate) const BESIDE: u8 = u8::MAX;

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The number of the question, as the target list counts; [`BESIDE`] stands last.
    pub(crate) number: u8,
    pub(crate) what: String,
    /// Ours in the row's unit.
    pub(crate) ours: f64,
    pub(crate) unit: &'static str,
    /// The peer's name and its figure in the same unit; a name alone was not run.
    pub(crate) peer: Option<(&'static str, Option<f64>)>,
    pub(crate) aim: Aim,
    /// What else is worth knowing: rates, sizes.
    pub(crate) beside: String,
}

impl Row {
    /// The same of ours beside another peer.
    pub(crate) fn beside(&self, peer: &'static str, cost: Option<f64>, beside: &str) -> Self {
        Self {
            peer: Some((peer, cost)),
            beside: beside.to_owned(),
            ..self.clone()
        }
    }

    /// Ours by the peer's.
    fn ratio(&self) -> Option<f64> {
        let (_, peer) = self.peer?;
        peer.map(|peer| self.ours / peer)
    }

    fn met(&self) -> Option<bool> {
        match self.aim {
            Aim::Nothing => None,
            Aim::Share(most) => self.ratio().map(|ratio| ratio <= most),
            Aim::OfCeiling(least) => self.ratio().map(|ratio| ratio >= least),
            Aim::AtMost(most) => Some(self.ours <= most),
            Aim::AtLeast(least) => Some(self.ours >= least),
        }
    }
}

/// All rows of a run.
#[derive(Debug)]
pub(crate) struct Table {
    effort: Effort,
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn of(effort: Effort) -> Self {
        Self {
            effort,
            rows: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, row: Row) {
        // As it goes: a run takes a quarter of an hour.
        let line = format!("{}\n", cells(&row).join(" | "));
        std::io::stderr().write_all(line.as_bytes()).ok();
        self.rows.push(row);
    }

    /// Prints the table as Markdown, with the machine and the load it ran under.
    pub(crate) fn print(&mut self) {
        self.rows.sort_by_key(|row| row.number);
        let mut text = format!("\n{}\n\n", machine(self.effort));
        text.push_str("| # | what | ours | peer | ours by peer | aim | beside |\n");
        text.push_str("|---|---|---|---|---|---|---|\n");
        for row in &self.rows {
            writeln!(text, "| {} |", cells(row).join(" | ")).ok();
        }
        std::io::stdout()
            .write_all(text.as_bytes())
            .expect("stdout is open");
    }
}

fn cells(row: &Row) -> [String; 7] {
    let figure = |figure: f64| format!("{} {}", short(figure), row.unit);
    let peer = row.peer.map(|(name, cost)| match cost {
        Some(cost) => format!("{name}: {}", figure(cost)),
        None => format!("{name}: not run"),
    });
    let ratio = row.ratio().map(|ratio| {
        if ratio < 0.5 {
            format!("1/{}", short(1.0 / ratio))
        } else {
            short(ratio)
        }
    });
    let aim = match row.aim {
        Aim::Nothing => None,
        Aim::Share(most) if most >= 1.0 => Some(format!("≤ {}", short(most))),
        Aim::Share(most) => Some(format!("≤ 1/{}", short(1.0 / most))),
        Aim::OfCeiling(least) => Some(format!("≥ {}", short(least))),
        Aim::AtMost(most) => Some(format!("≤ {}", figure(most))),
        Aim::AtLeast(least) => Some(format!("≥ {}", figure(least))),
    };
    let met = match row.met() {
        Some(true) => "met",
        Some(false) => "missed",
        None => "open",
    };
    [
        if row.number == BESIDE {
            "–".to_owned()
        } else {
            row.number.to_string()
        },
        row.what.clone(),
        figure(row.ours),
        peer.unwrap_or_default(),
        ratio.unwrap_or_default(),
        aim.map_or(String::new(), |aim| format!("{aim}: {met}")),
        row.beside.clone(),
    ]
}

/// Three digits that count.
pub(crate) fn short(figure: f64) -> String {
    match figure.abs() {
        0.0..0.1 => format!("{figure:.3}"),
        0.1..10.0 => format!("{figure:.2}"),
        10.0..100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

fn machine(effort: Effort) -> String {
    let told = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split(": ").nth(1))
        .unwrap_or("an unnamed processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().nth(1).unwrap_or("?").to_owned();
    format!(
        "{} sightings, {} state features; medians of {} rounds (rows 8 and 12 to 14, starts after kill -9, the forgetting of row 17 and what a process grew by: one run each); {cores} cores of {model}, shared by server, peer and load; load average {load}\n\
         servers and ceiling have {cores} workers; Martin 2, with 8 connections to its database; rows 1 to 6 over 16 connections, 7 over 1, 17 over 4; \
         Redis and PostGIS over 1 that is never waited for",
        effort.sightings, effort.features, effort.rounds
    )
}
