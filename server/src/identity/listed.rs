//! Keys and sessions as they are listed: who holds them, with what, and whether they are in force.
//!
//! Promises that nothing in a list opens anything: of a key's token there is the public part, of a
//! session's nothing at all.

use super::Grant;
use super::policy::Role;
use super::records::Kept;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is listed and revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The keys of programs.
    Keys,
    /// The sessions that links opened.
    Sessions,
}

impl Kind {
    /// Many of them, as the control socket's paths say it.
    pub fn many(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Sessions => "sessions",
        }
    }

    /// One of them, as the commands say it.
    pub fn one(self) -> &'static str {
        match self {
            Self::Keys => "key",
            Self::Sessions => "session",
        }
    }
}

/// Whether it opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It does.
    InForce,
    /// Its time is over, or a session was not used for too long.
    Ended,
    /// Somebody took it back, or signed out.
    Revoked,
}

impl State {
    /// The state as lists show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
        }
    }
}

/// A key or a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its name for people; several may have the same.
    pub name: String,
    /// The public part of a key's token, after `atl_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The role, unless it is a feed's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The feed, if it is a feed's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// The clearances that it carries.
    pub clearances: Vec<Grant>,
    /// The layers that it is bound to; `None` is all that the role opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a session was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// When it ends for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Whether it opens anything.
    pub state: State,
}

impl Listed {
    /// What a row says, given whether it stands.
    pub(super) fn of(kept: Kept, stands: bool) -> Self {
        let found = kept.found;
        let state = match (found.revoked, stands) {
            (true, _) => State::Revoked,
            (false, true) => State::InForce,
            (false, false) => State::Ended,
        };
        let holder = &found.principal;
        Self {
            id: holder.id.clone(),
            name: holder.name.clone(),
            prefix: kept.prefix,
            role: holder.role(),
            feed: holder.feed().map(str::to_owned),
            clearances: holder.grants.clone(),
            layers: holder.layers.clone(),
            created_at: kept.created_at,
            seen_at: found.seen_at,
            ends_at: holder.ends_at,
            state,
        }
    }
}
