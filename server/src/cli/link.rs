//! `atalaya link`: a one-time sign-in link, also while the server runs.

use super::{Failure, print};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::site::Site;
use crate::identity::{Grant, Identity, Lasting, NewLink, Role};
use clap::Args;
use jiff::Timestamp;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Print a one-time sign-in link.
#[derive(Debug, Args)]
pub(super) struct Link {
    /// Who signs in with it: wall, operator, dispatcher, planner, responder, analyst, oversight or
    /// admin.
    #[arg(long, default_value = "wall")]
    role: String,
    /// Clearances of the session, joined by commas.
    #[arg(long, default_value = "")]
    clearance: String,
}

impl Link {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let identity = identity(config)?;
        let link = new_link(config, &self.role, &self.clearance)?;
        let token = identity.issue_link(&link, Clock::system().now())?;
        let base = std::fs::read_to_string(address_file(&config.data));
        let base = base.unwrap_or_else(|_| base_url(config, &config.listen));
        print(&sign_in_url(base.trim(), token.expose()));
        Ok(())
    }
}

/// The address that opens a session: the token stands in the fragment, which no server ever sees.
pub(super) fn sign_in_url(base: &str, token: &str) -> String {
    format!("{base}/sign-in#{token}")
}

/// How addresses of a server begin that listens here, without a slash at the end.
pub(super) fn base_url(config: &Config, address: impl Display) -> String {
    format!("{}://{address}", Site::of(config).scheme())
}

/// Where a running server notes how its addresses begin.
pub(super) fn address_file(data: &Path) -> PathBuf {
    data.join("address")
}

/// Keys, links and sessions of an existing store.
pub(super) fn identity(config: &Config) -> Result<Identity, Failure> {
    let store = config.data.join("main.db");
    if !store.exists() {
        return Err(Failure::NotThere(format!(
            "there is no store in {}: start the server once, or name its directory with --data",
            config.data.display()
        )));
    }
    Ok(Identity::open(&store, Lasting::default())?)
}

/// A link for a role, with clearances of the catalog.
pub(super) fn new_link(config: &Config, role: &str, clearance: &str) -> Result<NewLink, Failure> {
    let role = self::role(role)?;
    Ok(NewLink {
        name: format!("{} by link", role.name()),
        role,
        grants: grants(config, clearance, None)?,
        layers: None,
    })
}

/// A role by name.
pub(super) fn role(name: &str) -> Result<Role, Failure> {
    name.parse()
        .map_err(|unknown: crate::identity::UnknownRole| Failure::NotThere(unknown.to_string()))
}

/// Clearances by name, joined by commas.
pub(super) fn grants(
    config: &Config,
    names: &str,
    until: Option<Timestamp>,
) -> Result<Vec<Grant>, Failure> {
    let catalog = config.catalog()?;
    Grant::list(names, until, &catalog).map_err(|unknown| Failure::NotThere(unknown.to_string()))
}
