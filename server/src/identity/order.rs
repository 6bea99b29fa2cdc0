//! Keys and links as somebody asks for them, in names: checked here, the same for a command that
//! works on the store and for one that asks a running server.

use super::{Authority, Grant, NewKey, NewLink, Role};
use atalaya_tiles::Catalog;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A key, in names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyOrder {
    /// The one feed that it may post to.
    pub feed: Option<String>,
    /// The role that it reads and acts as, where there is no feed.
    pub role: Option<String>,
    /// Clearances, joined by commas.
    pub clearance: String,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// A one-time sign-in link, in names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkOrder {
    /// Who signs in with it.
    pub role: String,
    /// Clearances of the session, joined by commas.
    pub clearance: String,
}

/// A name in an order that means nothing, in words for whoever gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownName(String);

impl KeyOrder {
    /// The key that is meant; `feeds` are those there are.
    pub fn check(&self, catalog: &Catalog, feeds: &[&str]) -> Result<NewKey, UnknownName> {
        let (authority, name) = match (&self.feed, &self.role) {
            (Some(feed), _) => {
                known_feed(feed, feeds)?;
                (Authority::Feed(feed.clone()), format!("feed {feed}"))
            }
            (None, Some(name)) => {
                let role = role(name)?;
                (Authority::Role(role), format!("{} by key", role.name()))
            }
            (None, None) => return Err(UnknownName("name a --feed or a --role".into())),
        };
        Ok(NewKey {
            name,
            authority,
            grants: grants(&self.clearance, self.expires, catalog)?,
            layers: None,
            ends_at: self.expires,
        })
    }
}

impl LinkOrder {
    /// The link that is meant.
    pub fn check(&self, catalog: &Catalog) -> Result<NewLink, UnknownName> {
        let role = role(&self.role)?;
        Ok(NewLink {
            name: format!("{} by link", role.name()),
            role,
            grants: grants(&self.clearance, None, catalog)?,
            layers: None,
        })
    }
}

fn known_feed(name: &str, feeds: &[&str]) -> Result<(), UnknownName> {
    if feeds.contains(&name) {
        return Ok(());
    }
    let mut known = feeds.to_vec();
    known.sort_unstable();
    Err(UnknownName(format!(
        "there is no feed \"{name}\"; there are {}",
        known.join(", ")
    )))
}

fn role(name: &str) -> Result<Role, UnknownName> {
    name.parse()
        .map_err(|unknown: super::UnknownRole| UnknownName(unknown.to_string()))
}

fn grants(
    names: &str,
    until: Option<Timestamp>,
    catalog: &Catalog,
) -> Result<Vec<Grant>, UnknownName> {
    Grant::list(names, until, catalog).map_err(|unknown| UnknownName(unknown.to_string()))
}
