//! Lists of keys and sessions: a table for people, or one JSON object a line for programs.

use super::{Failure, credentials, print, say};
use crate::config::Config;
use crate::identity::{Grant, Kind, Listed, State};
use clap::Args;
use jiff::Timestamp;

/// What a list shows.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Also what has ended or was revoked.
    #[arg(long)]
    all: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// What is taken back.
#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// Its name or its id, as a list shows them.
    #[arg(value_name = "NAME-OR-ID")]
    meant: String,
}

impl List {
    pub(super) fn run(&self, config: &Config, kind: Kind) -> Result<(), Failure> {
        let listed = credentials::listed(config, kind);
        let mut listed = actix_web::rt::System::new().block_on(listed)?;
        listed.retain(|one| self.all || one.state == State::InForce);
        if !self.json {
            for line in table(kind, &listed) {
                print(&line);
            }
            return Ok(());
        }
        for one in &listed {
            let line = serde_json::to_string(one);
            print(&line.map_err(|cause| Failure::Other(cause.to_string()))?);
        }
        Ok(())
    }
}

impl Revoke {
    pub(super) fn run(&self, config: &Config, kind: Kind) -> Result<(), Failure> {
        let revoked = credentials::revoke(config, kind, &self.meant);
        let revoked = actix_web::rt::System::new().block_on(revoked)?;
        say(&format!(
            "revoked the {} \"{}\", {}",
            kind.one(),
            revoked.name,
            revoked.id
        ));
        Ok(())
    }
}

/// A heading and a line for each, in columns.
fn table(kind: Kind, listed: &[Listed]) -> Vec<String> {
    let second = match kind {
        Kind::Keys => "TOKEN",
        Kind::Sessions => "SEEN",
    };
    let heading = [
        "ID",
        second,
        "NAME",
        "FOR",
        "CLEARANCES",
        "LAYERS",
        "MADE",
        "ENDS",
        "STATE",
    ];
    let heading = heading.map(str::to_owned);
    let rows: Vec<[String; 9]> = std::iter::once(heading)
        .chain(listed.iter().map(|one| row(kind, one)))
        .collect();
    let mut widths = [0; 9];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 9]| {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn row(kind: Kind, one: &Listed) -> [String; 9] {
    let holder = match (&one.feed, one.role) {
        (Some(feed), _) => format!("feed {feed}"),
        (None, role) => role.map_or("", crate::identity::Role::name).to_owned(),
    };
    let second = match kind {
        Kind::Keys => one.prefix.as_ref().map(|prefix| format!("atl_{prefix}")),
        Kind::Sessions => one.seen_at.map(to_the_second),
    };
    // A feed's key reads nothing.
    let layers = match (&one.layers, &one.feed) {
        (Some(layers), _) => layers.join(","),
        (None, Some(_)) => String::new(),
        (None, None) => "all".to_owned(),
    };
    let clearances: Vec<String> = one.clearances.iter().map(clearance).collect();
    let some = |text: String| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text
        }
    };
    [
        one.id.clone(),
        some(second.unwrap_or_default()),
        one.name.clone(),
        some(holder),
        some(clearances.join(",")),
        some(layers),
        to_the_second(one.created_at),
        one.ends_at.map_or("-".to_owned(), to_the_second),
        one.state.name().to_owned(),
    ]
}

fn clearance(grant: &Grant) -> String {
    let name = &grant.clearance;
    grant.until.map_or_else(
        || name.clone(),
        |until| format!("{name} until {}", to_the_second(until)),
    )
}

fn to_the_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
