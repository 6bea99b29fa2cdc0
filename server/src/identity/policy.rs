//! Who may do and see what, in one table.
//!
//! A role opens layers and permits actions; it never carries a clearance. Clearances come only as
//! grants to one holder, may end, and are looked at each time they are used. A feed's key reads
//! nothing and feeds that feed only.

use super::grant::Principal;
use atalaya_tiles::{Catalog, Clearances, LayerSet, Viewer};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What somebody is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Anybody; sees nothing of the operational picture.
    Public,
    /// A screen on a wall: a device, not a person.
    Wall,
    /// Runs the picture.
    Operator,
    /// Takes calls and sends units.
    Dispatcher,
    /// Prepares events and draws perimeters.
    Planner,
    /// Works in the field.
    Responder,
    /// Looks for patterns.
    Analyst,
    /// Checks what the others did.
    Oversight,
    /// Runs the server and hands out keys.
    Admin,
}

/// What can be permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read layers: tiles, features, live changes, search.
    Read,
    /// Write to any feed and import files.
    Import,
    /// Take whole layers out as files.
    Export,
    /// Draw perimeters and write rules.
    Draw,
    /// Acknowledge, assign and close alerts.
    Attend,
    /// Search plates; what is found still needs the clearance.
    SearchPlates,
    /// Read the audit log.
    Audit,
    /// See the server's own metrics.
    SeeMetrics,
    /// Issue and revoke keys and links, back up and restore.
    Administer,
}

/// What a caller is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// Something that roles permit.
    Do(Permission),
    /// Write to one feed.
    Ingest(&'a str),
}

/// Which layers a role opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layers {
    Nothing,
    All,
}

struct Rule {
    role: Role,
    name: &'static str,
    layers: Layers,
    permissions: &'static [Permission],
}

/// The policy. A role that is not named by a rule could do nothing; a test holds that all are.
const POLICY: [Rule; 9] = {
    use Permission::{
        Administer, Attend, Audit, Draw, Export, Import, Read, SearchPlates, SeeMetrics,
    };
    const fn rule(
        role: Role,
        name: &'static str,
        layers: Layers,
        permissions: &'static [Permission],
    ) -> Rule {
        Rule {
            role,
            name,
            layers,
            permissions,
        }
    }
    const ALL: Layers = Layers::All;
    [
        rule(Role::Public, "public", Layers::Nothing, &[]),
        rule(Role::Wall, "wall", ALL, &[Read]),
        rule(
            Role::Operator,
            "operator",
            ALL,
            &[Read, Import, Export, Draw, Attend, SearchPlates],
        ),
        rule(
            Role::Dispatcher,
            "dispatcher",
            ALL,
            &[Read, Draw, Attend, SearchPlates],
        ),
        rule(Role::Planner, "planner", ALL, &[Read, Export, Draw]),
        rule(Role::Responder, "responder", ALL, &[Read, Attend]),
        rule(Role::Analyst, "analyst", ALL, &[Read, Export, SearchPlates]),
        rule(Role::Oversight, "oversight", ALL, &[Read, Audit]),
        rule(
            Role::Admin,
            "admin",
            ALL,
            &[
                Read, Import, Export, Draw, Attend, Audit, SeeMetrics, Administer,
            ],
        ),
    ]
};

impl Role {
    /// All roles, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        POLICY.iter().map(|rule| rule.role)
    }

    /// The name as it is written everywhere.
    pub fn name(self) -> &'static str {
        self.rule().map_or("", |rule| rule.name)
    }

    /// Whether the role permits something.
    pub fn permits(self, permission: Permission) -> bool {
        self.rule()
            .is_some_and(|rule| rule.permissions.contains(&permission))
    }

    fn rule(self) -> Option<&'static Rule> {
        POLICY.iter().find(|rule| rule.role == self)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A role that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role \"{found}\"; roles are {}", role_names())]
pub struct UnknownRole {
    /// What was given.
    pub found: String,
}

/// All roles by name, joined by commas.
pub(crate) fn role_names() -> String {
    Role::all().map(Role::name).collect::<Vec<_>>().join(", ")
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::all()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole { found: text.into() })
    }
}

impl Permission {
    /// What is permitted, as the end of "the caller may not …".
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Read => "read layers",
            Self::Import => "import",
            Self::Export => "export",
            Self::Draw => "draw perimeters or write rules",
            Self::Attend => "attend to alerts",
            Self::SearchPlates => "search plates",
            Self::Audit => "read the audit log",
            Self::SeeMetrics => "see metrics",
            Self::Administer => "administer the server",
        }
    }
}

impl Action<'_> {
    /// What is about to be done, as the end of "the caller may not …".
    pub fn phrase(self) -> String {
        match self {
            Self::Do(permission) => permission.phrase().into(),
            Self::Ingest(feed) => format!("write to feed {feed}"),
        }
    }
}

/// Whether a principal may do something.
pub fn may(principal: &Principal, action: Action<'_>) -> bool {
    match (principal.role(), action) {
        (Some(role), Action::Do(permission)) => role.permits(permission),
        (Some(role), Action::Ingest(_)) => role.permits(Permission::Import),
        (None, Action::Ingest(feed)) => principal.feed() == Some(feed),
        (None, Action::Do(_)) => false,
    }
}

/// What a principal may see at an instant.
pub fn viewer(principal: &Principal, catalog: &Catalog, now: Timestamp) -> Viewer {
    let layers = match principal.role().and_then(Role::rule) {
        Some(rule) if rule.layers == Layers::All => opened(principal, catalog),
        _ => return Viewer::NOBODY,
    };
    // A clearance that this catalog does not name protects nothing in it.
    let clearances = principal
        .grants_at(now)
        .filter_map(|grant| catalog.clearance(&grant.clearance))
        .fold(Clearances::NONE, Clearances::with);
    Viewer { clearances, layers }
}

fn opened(principal: &Principal, catalog: &Catalog) -> LayerSet {
    let Some(bound) = principal.layers() else {
        return catalog.layers().map(|(layer, _)| layer).collect();
    };
    bound
        .iter()
        .filter_map(|name| catalog.layer(name))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
