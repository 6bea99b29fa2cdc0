//! Where archives lie, as the configuration has it.

use super::{LOOK, LOOK_AFAR};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An archive as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct ArchiveConfig {
    /// The path of a `.pmtiles` or `.mbtiles` file, the `http` or `https` address of a PMTiles archive whose server answers
    /// ranges, or `env:NAME` for one with a secret in it.
    #[serde(serialize_with = "crate::config::address::of_archive")]
    pub address: String,
    /// The clearance without which the tileset does not exist; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clearance: Option<String>,
}

/// What may stand in the file: an address alone is enough.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "it must be an address, or a table of `address` and perhaps `clearance`"
)]
enum Written {
    Address(String),
    Whole(Whole),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    address: String,
    clearance: Option<String>,
}

impl From<Written> for ArchiveConfig {
    fn from(written: Written) -> Self {
        let whole = match written {
            Written::Address(address) => Whole {
                address,
                clearance: None,
            },
            Written::Whole(whole) => whole,
        };
        Self {
            address: whole.address,
            clearance: whole.clearance,
        }
    }
}

/// Where an archive lies.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    /// The address may hold a secret.
    Web(reqwest::Url),
}

/// Prints no address.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File(…)",
            Self::Web(_) => "Web(…)",
        })
    }
}

impl Place {
    pub(super) fn configured(value: &str) -> Option<Self> {
        let from_environment;
        let value = match value.strip_prefix("env:") {
            Some(name) => {
                from_environment = std::env::var(name).ok()?;
                &from_environment
            }
            None => value,
        };
        if !value.contains("://") {
            return (!value.is_empty()).then(|| Self::File(value.into()));
        }
        let url = reqwest::Url::parse(value).ok()?;
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        web.then_some(Self::Web(url))
    }

    pub(super) fn look_every(&self) -> Duration {
        match self {
            Self::File(_) => LOOK,
            Self::Web(_) => LOOK_AFAR,
        }
    }
}

/// What is wrong with an address, if anything is.
pub fn check(address: &str) -> Result<(), &'static str> {
    if matches!(address, "" | "env:") {
        return Err("it has no address");
    }
    if address.starts_with("env:") || Place::configured(address).is_some() {
        return Ok(());
    }
    Err("its address is neither http, https nor a path")
}

/// What an address leads to and is not there, if anything is not.
pub fn missing(address: &str) -> Option<String> {
    if let Some(name) = address.strip_prefix("env:") {
        let set = std::env::var(name).is_ok();
        let what = ["is not set", "holds neither http, https nor a path"][usize::from(set)];
        let known = Place::configured(address).is_some();
        return (!known).then(|| format!("the environment variable {name} {what}"));
    }
    match Place::configured(address) {
        Some(Place::File(path)) if !path.is_file() => {
            Some(format!("there is no file {}", path.display()))
        }
        _ => None,
    }
}

/// A path relative to a folder, where an address is one.
pub fn beside(folder: &Path, address: &str) -> String {
    crate::video::beside(folder, address)
}
