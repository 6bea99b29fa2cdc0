//! `atalaya key`: bearer tokens for programs.

use super::link::{grants, identity, role};
use super::{Failure, print};
use crate::clock::Clock;
use crate::config::Config;
use crate::identity::{Authority, NewKey};
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
            role: as_role,
            clearance,
            expires,
        } = self;
        let authority = match (feed, as_role) {
            (Some(feed), _) => Authority::Feed(known_feed(config, feed)?),
            (None, Some(name)) => Authority::Role(role(&name)?),
            (None, None) => return Err(Failure::NotThere("name a --feed or a --role".into())),
        };
        let name = match &authority {
            Authority::Feed(feed) => format!("feed {feed}"),
            Authority::Role(role) => format!("{} by key", role.name()),
        };
        let key = NewKey {
            name,
            authority,
            grants: grants(config, &clearance, expires)?,
            layers: None,
            ends_at: expires,
        };
        let token = identity(config)?.create_key(&key, Clock::system().now())?;
        print(token.expose());
        Ok(())
    }
}

fn known_feed(config: &Config, name: String) -> Result<String, Failure> {
    let feeds = config.feeds(&config.catalog()?)?;
    if feeds.iter().any(|(feed, _)| feed.name == name) {
        return Ok(name);
    }
    let known: Vec<&str> = feeds.iter().map(|(feed, _)| feed.name.as_str()).collect();
    Err(Failure::NotThere(format!(
        "there is no feed \"{name}\"; there are {}",
        known.join(", ")
    )))
}
