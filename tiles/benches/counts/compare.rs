//! The counts that are kept, those that were taken, and what has changed between them.
//!
//! Text in, text out: nothing here runs or reads anything. What cannot be read is named by its line.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

/// Instructions by path.
pub(crate) type Counts = BTreeMap<String, u64>;

/// By how much a path may grow, in percent; and shrink, before the new count is worth keeping.
pub(crate) const LIMIT_PCT: u64 = 10;

/// Less than this, in percent, is no change worth a line of a diff: two runs differ by as much.
const NOISE_PCT: u64 = 1;

/// What every function begins with whose instructions are counted.
const PATH: &str = "path_";

/// What stands above the kept counts.
const ABOUT: &str = "\
# Instructions of one operation on each hot path, as `make counts` takes them. `make counts-keep` keeps new ones.
";

/// A line that is not what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: \"{text}\" {why}")]
pub(crate) struct Unreadable {
    line: usize,
    text: String,
    why: &'static str,
}

impl Unreadable {
    fn at(index: usize, text: &str, why: &'static str) -> Self {
        Self {
            line: index + 1,
            text: text.chars().take(80).collect(),
            why,
        }
    }
}

/// Reads kept counts: a path and its instructions a line; empty lines and those with `#` say nothing.
pub(crate) fn read(text: &str) -> Result<Counts, Unreadable> {
    let mut counts = Counts::new();
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        let unreadable = |why| Unreadable::at(index, line, why);
        let Some(path) = words.next().filter(|word| !word.starts_with('#')) else {
            continue;
        };
        let (Some(count), None) = (words.next(), words.next()) else {
            return Err(unreadable("is not a path and its instructions"));
        };
        let count = count.replace(',', "").parse().ok();
        let Some(count) = count.filter(|count| *count > 0) else {
            return Err(unreadable("has no number of instructions above 0"));
        };
        if counts.insert(path.to_owned(), count).is_some() {
            return Err(unreadable("names a path for the second time"));
        }
    }
    Ok(counts)
}

/// Writes counts as [`read`] reads them, a line each, in order of path.
pub(crate) fn write(counts: &Counts) -> String {
    let lines = counts.iter();
    let lines = lines.map(|(path, count)| format!("{path:<16} {:>14}\n", grouped(*count)));
    std::iter::once(ABOUT.to_owned()).chain(lines).collect()
}

/// Reads what callgrind wrote without compressing it: the instructions of each path function with all
/// that it called. The name in the answer is without what all of them begin with.
pub(crate) fn read_profile(text: &str) -> Result<Counts, Unreadable> {
    let mut counts = Counts::new();
    let mut path = None;
    for (index, line) in text.lines().enumerate() {
        if let Some(function) = line.strip_prefix("fn=") {
            path = path_named(function);
        } else if line.starts_with("events:") && line != "events: Ir" {
            let why = "does not count instructions alone";
            return Err(Unreadable::at(index, line, why));
        } else if let Some(path) = path
            && line.starts_with(|first: char| first.is_ascii_digit())
        {
            // A place and a cost, its own or that of a call; what cost nothing may be left out.
            let cost = line.split(' ').nth(1).map_or(Ok(0), str::parse::<u64>);
            let cost = cost.map_err(|_| Unreadable::at(index, line, "has a cost that is none"))?;
            *counts.entry(path.to_owned()).or_default() += cost;
        }
    }
    Ok(counts)
}

/// `tile` of `counts::paths::path_tile`, whatever the compiler has put behind it; `None` for any other
/// function, the closures of a path among them.
fn path_named(function: &str) -> Option<&str> {
    let last = function.rsplit("::").next()?;
    let named = last.strip_prefix(PATH)?;
    named
        .split(|it: char| !it.is_alphanumeric() && it != '_')
        .next()
}

/// What is to be kept from now on: what was counted, but for paths that have hardly changed, which stay as they are.
pub(crate) fn renew(kept: &Counts, now: &Counts) -> Counts {
    let renewed = |(path, now): (&String, &u64)| {
        let same = kept.get(path).filter(|kept| {
            u128::from(now.abs_diff(**kept)) * 100 < u128::from(**kept) * u128::from(NOISE_PCT)
        });
        (path.clone(), *same.unwrap_or(now))
    };
    now.iter().map(renewed).collect()
}

/// A path with the count that is kept of it and the one that was taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    path: String,
    kept: Option<u64>,
    now: Option<u64>,
}

/// All paths of either, in order.
pub(crate) fn compare(kept: &Counts, now: &Counts) -> Vec<Row> {
    let paths: BTreeSet<&String> = kept.keys().chain(now.keys()).collect();
    let row = |path: &String| Row {
        path: path.clone(),
        kept: kept.get(path).copied(),
        now: now.get(path).copied(),
    };
    paths.into_iter().map(row).collect()
}

impl Row {
    /// What is wrong with the path, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        let path = &self.path;
        match (self.kept, self.now) {
            (Some(kept), Some(now)) => exceeds(now, kept).then(|| {
                let (kept, now) = (grouped(kept), grouped(now));
                format!("{path} grew from {kept} to {now}: the limit is {LIMIT_PCT} % more")
            }),
            (Some(kept), None) => {
                let kept = grouped(kept);
                Some(format!("{path} is missing: {kept} are kept of it"))
            }
            (None, now) => {
                let now = grouped(now.unwrap_or_default());
                Some(format!("{path} is new: nothing is kept of its {now}"))
            }
        }
    }

    /// What is worth doing about the path although nothing is wrong with it.
    pub(crate) fn advice(&self) -> Option<String> {
        let (kept, now) = self.kept.zip(self.now)?;
        let path = &self.path;
        shrank(now, kept).then(|| {
            let (kept, now) = (grouped(kept), grouped(now));
            format!("{path} shrank from {kept} to {now}: keep the new count")
        })
    }

    /// By how much it changed, in percent.
    fn change(&self) -> Option<String> {
        let (kept, now) = self.kept.zip(self.now)?;
        let grown = i128::from(now) - i128::from(kept);
        let tenths = grown * 1_000 / i128::from(kept);
        let sign = match tenths.cmp(&0) {
            Ordering::Less => "-",
            Ordering::Equal => "",
            Ordering::Greater => "+",
        };
        let size = tenths.unsigned_abs();
        Some(format!("{sign}{}.{} %", size / 10, size % 10))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), grouped);
        let (kept, now) = (shown(self.kept), shown(self.now));
        let change = self.change().unwrap_or_default();
        let line = format!("{:<16} {kept:>14} {now:>14} {change:>9}", self.path);
        f.write_str(line.trim_end())
    }
}

/// The rows as a table, with a line for each that needs attention.
pub(crate) fn report(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<16} {:>14} {:>14} {:>9}\n",
        "path", "kept", "now", "change"
    );
    let faults = rows.iter().filter_map(Row::fault);
    let advice = rows.iter().filter_map(Row::advice);
    let lines = rows.iter().map(ToString::to_string);
    for line in lines.chain(advice).chain(faults) {
        // A string takes whatever is written.
        let _taken = writeln!(text, "{line}");
    }
    text
}

fn exceeds(now: u64, kept: u64) -> bool {
    u128::from(now) * 100 > u128::from(kept) * u128::from(100 + LIMIT_PCT)
}

fn shrank(now: u64, kept: u64) -> bool {
    u128::from(now) * 100 < u128::from(kept) * u128::from(100 - LIMIT_PCT)
}

/// A number in groups of three digits.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
