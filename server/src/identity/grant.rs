//! What somebody holds: an authority, clearances that may end, and the layers they are bound to.

use super::policy::Role;
use atalaya_tiles::Catalog;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A clearance, held until an instant or for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The clearance, as the catalog names it.
    pub clearance: String,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A clearance that no layer or field of the catalog asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no clearance \"{found}\"; the catalog's are {known}")]
pub struct UnknownClearance {
    /// What was given.
    pub found: String,
    /// Those there are.
    pub known: String,
}

impl Grant {
    /// Checks names joined by commas against the catalog; all grants end at the same instant.
    pub fn list(
        names: &str,
        until: Option<Timestamp>,
        catalog: &Catalog,
    ) -> Result<Vec<Self>, UnknownClearance> {
        names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| match catalog.clearance(name) {
                Some(_) => Ok(Self {
                    clearance: name.into(),
                    until,
                }),
                None => Err(UnknownClearance {
                    found: name.into(),
                    known: catalog
                        .clearances()
                        .map(|(_, known)| known)
                        .collect::<Vec<_>>()
                        .join(", "),
                }),
            })
            .collect()
    }

    /// Whether the grant holds at an instant.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// On whose behalf a key acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// As a role.
    Role(Role),
    /// As one feed.
    Feed(String),
}

/// Somebody whose credential was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The id of their key or session, for revocation and the audit log.
    pub id: String,
    /// Their name for people.
    pub name: String,
    pub(super) authority: Authority,
    pub(super) grants: Vec<Grant>,
    pub(super) layers: Option<Vec<String>>,
    /// When the key or the session ends for good.
    pub(super) ends_at: Option<Timestamp>,
}

impl Principal {
    /// The role, unless it is a feed's key.
    pub fn role(&self) -> Option<Role> {
        match self.authority {
            Authority::Role(role) => Some(role),
            Authority::Feed(_) => None,
        }
    }

    /// The feed, if it is a feed's key.
    pub fn feed(&self) -> Option<&str> {
        match &self.authority {
            Authority::Feed(feed) => Some(feed),
            Authority::Role(_) => None,
        }
    }

    /// The grants that hold at an instant.
    pub fn grants_at(&self, now: Timestamp) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.holds(now))
    }

    /// The layers they are bound to; `None` is all that the role opens.
    pub fn layers(&self) -> Option<&[String]> {
        self.layers.as_deref()
    }
}
