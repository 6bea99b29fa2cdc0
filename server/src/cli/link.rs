//! `atalaya link`: a one-time sign-in link, also while the server runs.

use super::{Failure, credentials, print};
use crate::config::Config;
use crate::http::site::Site;
use crate::identity::{LinkOrder, role_names};
use clap::Args;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Print a one-time sign-in link.
#[derive(Debug, Args)]
pub(super) struct Link {
    #[arg(long, default_value = "wall", help = format!("Who signs in with it: {}", role_names()))]
    role: String,
    /// Clearances of the session for restricted fields, such as cji or medical, joined by commas.
    #[arg(
        long,
        value_name = "NAME,…",
        default_value = "",
        hide_default_value = true
    )]
    clearance: String,
    /// The layers that the session is bound to, joined by commas; all that the role opens by default.
    #[arg(long, value_name = "LAYER,…")]
    layers: Option<String>,
    /// The name of the session in lists.
    #[arg(long)]
    name: Option<String>,
}

impl Link {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let order = LinkOrder {
            name: self.name,
            role: self.role,
            clearance: self.clearance,
            layers: self.layers,
        };
        let token = credentials::issue_link(config, &order);
        let token = actix_web::rt::System::new().block_on(token)?;
        let base = std::fs::read_to_string(address_file(&config.data));
        let base = base.unwrap_or_else(|_| base_url(config, &config.listen));
        print(&sign_in_url(reached_at(config, base.trim()), &token));
        Ok(())
    }
}

/// The address that opens a session: the token stands in the fragment, which no server ever sees.
pub(super) fn sign_in_url(base: &str, token: &str) -> String {
    format!("{base}/sign-in#{token}")
}

/// How addresses begin under which browsers reach a server that listens at an address.
pub(super) fn reached_at<'c>(config: &'c Config, address: &'c str) -> &'c str {
    config.site.origins.first().map_or(address, String::as_str)
}

/// How addresses of a server begin that listens here, without a slash at the end.
pub(super) fn base_url(config: &Config, address: impl Display) -> String {
    format!("{}://{address}", Site::of(config).scheme())
}

/// Where a running server notes how its addresses begin.
pub(super) fn address_file(data: &Path) -> PathBuf {
    data.join("address")
}
