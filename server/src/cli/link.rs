//! `atalaya link`: a one-time sign-in link, also while the server runs.

use super::{Failure, print, way};
use crate::config::Config;
use crate::identity::LinkOrder;
use clap::Args;
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
        let order = LinkOrder {
            role: self.role,
            clearance: self.clearance,
        };
        let token = actix_web::rt::System::new().block_on(way::issue_link(config, &order))?;
        let address = std::fs::read_to_string(address_file(&config.data));
        let address = address.unwrap_or_else(|_| config.listen.clone());
        print(&sign_in_url(address.trim(), &token));
        Ok(())
    }
}

/// The address that opens a session: the token stands in the fragment, which no server ever sees.
pub(super) fn sign_in_url(address: &str, token: &str) -> String {
    format!("http://{address}/sign-in#{token}")
}

/// Where a running server notes the address it listens on.
pub(super) fn address_file(data: &Path) -> PathBuf {
    data.join("address")
}
