//! `atalaya session`: the browsers that are signed in, also while the server runs.

use super::Failure;
use super::listing::{List, Revoke};
use crate::config::Config;
use crate::identity::Kind;
use clap::Subcommand;

/// List and revoke the sessions that sign-in links opened.
#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// List the sessions in force, without their secrets.
    List(List),
    /// Sign a browser or a wall out: its live streams end.
    Revoke(Revoke),
}

impl Session {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(config, Kind::Sessions),
            Self::Revoke(revoke) => revoke.run(config, Kind::Sessions),
        }
    }
}
