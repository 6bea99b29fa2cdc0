//! Keys and links as somebody asks for them, in names: checked here, the same for a command that
//! works on the store and for one that asks a running server.

use super::{Authority, Grant, NewKey, NewLink, Role};
use atalaya_tiles::Catalog;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest name of a key or a session, in characters.
const NAME_CHARS: usize = 80;

/// A key, in names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyOrder {
    /// Its name for people; by default what it is for.
    pub name: Option<String>,
    /// The one feed that it may post to.
    pub feed: Option<String>,
    /// The role that it reads and acts as, where there is no feed.
    pub role: Option<String>,
    /// Clearances, joined by commas.
    pub clearance: String,
    /// The layers that it is bound to, joined by commas; all that the role opens where there are none.
    pub layers: Option<String>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// A one-time sign-in link, in names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkOrder {
    /// The name of the session for people; by default its role.
    pub name: Option<String>,
    /// Who signs in with it.
    pub role: String,
    /// Clearances of the session, joined by commas.
    pub clearance: String,
    /// The layers that the session is bound to, joined by commas; all that the role opens where there are
    /// none.
    pub layers: Option<String>,
}

/// A name in an order that means nothing, in words for whoever gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownName(String);

impl KeyOrder {
    /// The key that is meant; `feeds` are those there are.
    pub fn check(&self, catalog: &Catalog, feeds: &[&str]) -> Result<NewKey, UnknownName> {
        let (authority, usual) = match (&self.feed, &self.role) {
            (Some(_), _) if self.layers.is_some() => {
                return Err(UnknownName(
                    "a feed's key reads nothing: --layers goes with --role".into(),
                ));
            }
            (Some(feed), _) => {
                known_feed(feed, feeds)?;
                (Authority::Feed(feed.clone()), format!("feed {feed}"))
            }
            (None, Some(name)) => {
                let role = role(name)?;
                (Authority::Role(role), format!("{} by key", role.name()))
            }
            (None, None) => return Err(neither(feeds)),
        };
        Ok(NewKey {
            name: named(self.name.as_deref(), usual)?,
            authority,
            grants: grants(&self.clearance, self.expires, catalog)?,
            layers: layers(self.layers.as_deref(), catalog)?,
            ends_at: self.expires,
        })
    }
}

impl LinkOrder {
    /// The link that is meant.
    pub fn check(&self, catalog: &Catalog) -> Result<NewLink, UnknownName> {
        let role = role(&self.role)?;
        Ok(NewLink {
            name: named(self.name.as_deref(), format!("{} by link", role.name()))?,
            role,
            grants: grants(&self.clearance, None, catalog)?,
            layers: layers(self.layers.as_deref(), catalog)?,
        })
    }
}

/// The name asked for, or the usual one.
fn named(asked: Option<&str>, usual: String) -> Result<String, UnknownName> {
    let Some(asked) = asked.map(str::trim) else {
        return Ok(usual);
    };
    let long = asked.chars().count();
    if !(1..=NAME_CHARS).contains(&long) || asked.chars().any(char::is_control) {
        return Err(UnknownName(format!(
            "the name is {long} characters long: it must have 1 to {NAME_CHARS}, and no control characters"
        )));
    }
    Ok(asked.to_owned())
}

/// The layers to be bound to, each once; `None` binds to none in particular.
fn layers(asked: Option<&str>, catalog: &Catalog) -> Result<Option<Vec<String>>, UnknownName> {
    let Some(asked) = asked else {
        return Ok(None);
    };
    let mut bound: Vec<String> = Vec::new();
    let names = asked.split(',').map(str::trim);
    for name in names.filter(|name| !name.is_empty()) {
        if catalog.layer(name).is_none() {
            let known: Vec<&str> = catalog.layers().map(|(_, spec)| &*spec.name).collect();
            return Err(UnknownName(format!(
                "there is no layer \"{name}\"; there are {}",
                known.join(", ")
            )));
        }
        if bound.iter().all(|known| known != name) {
            bound.push(name.to_owned());
        }
    }
    if bound.is_empty() {
        return Err(UnknownName(
            "--layers names no layer: without it there is no bound".into(),
        ));
    }
    Ok(Some(bound))
}

/// What a key can be for, for somebody who did not say it.
fn neither(feeds: &[&str]) -> UnknownName {
    let mut feeds = feeds.to_vec();
    feeds.sort_unstable();
    let feeds = feeds.join(", ");
    UnknownName(format!(
        "what is the key for? --feed NAME for a program that reports to that one feed and reads nothing \
         (there are {feeds}), or --role ROLE for one that reads (such as --role analyst)"
    ))
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
