//! `atalaya key`: bearer tokens for programs, also while the server runs.

use super::{Failure, print, way};
use crate::config::Config;
use crate::identity::KeyOrder;
use clap::Subcommand;
use jiff::Timestamp;

/// Make bearer tokens for programs.
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Print a new token, alone, on stdout.
    Create {
        /// The one feed that the token may post to.
        #[arg(long, conflicts_with = "role", required_unless_present = "role")]
        feed: Option<String>,
        /// The role that the token reads and acts as.
        #[arg(long)]
        role: Option<String>,
        /// Clearances, joined by commas; with --role only.
        #[arg(long, default_value = "", conflicts_with = "feed")]
        clearance: String,
        /// When the token ends, as an RFC 3339 instant.
        #[arg(long, value_name = "INSTANT")]
        expires: Option<Timestamp>,
    },
}

impl Key {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let Self::Create {
            feed,
            role,
            clearance,
            expires,
        } = self;
        let order = KeyOrder {
            feed,
            role,
            clearance,
            expires,
        };
        let token = actix_web::rt::System::new().block_on(way::create_key(config, &order))?;
        print(&token);
        Ok(())
    }
}
