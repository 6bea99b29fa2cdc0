//! `atalaya key`: bearer tokens for programs, also while the server runs.

use super::listing::{List, Revoke};
use super::{Failure, credentials, print};
use crate::clock::Clock;
use crate::config::Config;
use crate::identity::{KeyOrder, Kind};
use crate::instant;
use clap::{Args, Subcommand};
use jiff::Timestamp;

/// Make, list and revoke bearer tokens for programs.
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Print a new token, alone, on stdout.
    Create(Create),
    /// List the keys in force, without their secrets.
    List(List),
    /// Take a key back: it opens nothing more, and its live streams end.
    Revoke(Revoke),
}

/// A key to be made.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// For a program that reports: the one feed that it may post to, such as incidents. It reads nothing.
    #[arg(long, conflicts_with = "role")]
    feed: Option<String>,
    /// For a program that reads or acts: what it does so as. wall reads; responder, dispatcher, planner,
    /// analyst and operator may do more, admin everything; oversight reads what others did, public nothing.
    #[arg(long)]
    role: Option<String>,
    /// Clearances for restricted fields, such as cji or medical, joined by commas; with --role only.
    #[arg(
        long,
        value_name = "NAME,…",
        default_value = "",
        hide_default_value = true,
        conflicts_with = "feed"
    )]
    clearance: String,
    /// The layers that the token is bound to, joined by commas; with --role only.
    #[arg(long, value_name = "LAYER,…", conflicts_with = "feed")]
    layers: Option<String>,
    /// When the token ends, such as 2026-12-31T00:00:00Z; never by default.
    #[arg(long, value_name = "INSTANT", value_parser = instant::argument)]
    expires: Option<Timestamp>,
    /// Its name in lists.
    #[arg(long)]
    name: Option<String>,
}

impl Key {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(config),
            Self::List(list) => list.run(config, Kind::Keys),
            Self::Revoke(revoke) => revoke.run(config, Kind::Keys),
        }
    }
}

impl Create {
    fn run(self, config: &Config) -> Result<(), Failure> {
        let now = Clock::system().now();
        if let Some(ended) = self.expires.filter(|expires| *expires <= now) {
            return Err(Failure::NotThere(format!(
                "--expires {ended} is past: it is {now}, and the key would open nothing"
            )));
        }
        let order = KeyOrder {
            name: self.name,
            feed: self.feed,
            role: self.role,
            clearance: self.clearance,
            layers: self.layers,
            expires: self.expires,
        };
        let token = credentials::create_key(config, &order);
        print(&actix_web::rt::System::new().block_on(token)?);
        Ok(())
    }
}
