//! Video of cameras: HLS playlists and their segments, fetched or read for the browser.
//!
//! Promises: a client never learns where video comes from, nor a secret in that address, since
//! every URI of a playlist is replaced by a name that means something in this process alone; and it
//! can have only what a playlist named, so that no request chooses an address. Refuses: other origins
//! than the configured playlist's, also by redirect; files outside the playlist's folder; playlists
//! and segments past their limits.
//!
//! ```text
//! /streams/{camera}/index.m3u8 ─▶ Location ─▶ playlist ─rewrite─▶ names ─▶ client
//! /streams/{camera}/{name}     ─▶ names  ─▶ Location ─▶ chunks, through a bounded channel
//! ```

mod fetch;
mod location;
mod names;
mod playlist;
#[cfg(test)]
mod tests;

pub use fetch::{Broken, Segment};
pub use location::Kind;
pub use names::Target;

use crate::config::Limits;
use crate::metrics;
use fetch::Downloader;
use location::Location;
use names::Names;
use std::collections::BTreeMap;
use std::path::Path;

/// The name of every camera's first playlist.
pub const FIRST: &str = "index.m3u8";

/// Why there is no video. Says nothing of the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The configured value stands for an environment variable that is not set, or is no address.
    #[error("its address is not set or cannot be read")]
    Unset,
    /// No connection, or silence.
    #[error("it does not answer")]
    Silent,
    /// An answer that is none.
    #[error("it answers with status {0}")]
    Status(u16),
    /// A redirect to another origin, or too many of them.
    #[error("it redirects to another host")]
    Redirected,
    /// A playlist that names another origin, or a file outside its folder.
    #[error("its playlist names something outside of its own host or folder")]
    Outside,
    /// Too many bytes.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// Not a playlist, or one that is not understood.
    #[error("its playlist cannot be read: {0}")]
    Unreadable(&'static str),
    /// A file that is not there or cannot be read.
    #[error("its file is not there")]
    NoFile,
    /// All fetches are taken.
    #[error("all {0} fetches of camera video are taken")]
    Busy(usize),
}

impl Failed {
    /// Notes that a camera has no video for somebody.
    fn counted(self, camera: &str) -> Self {
        let reason = match &self {
            Self::Unset => &metrics::VIDEO_UNSET,
            Self::Silent => &metrics::VIDEO_SILENT,
            Self::Status(_) => &metrics::VIDEO_STATUS,
            Self::Redirected => &metrics::VIDEO_REDIRECTED,
            Self::Outside => &metrics::VIDEO_OUTSIDE,
            Self::TooLarge(_) => &metrics::VIDEO_TOO_LARGE,
            Self::Unreadable(_) => &metrics::VIDEO_UNREADABLE,
            Self::NoFile => &metrics::VIDEO_NO_FILE,
            Self::Busy(_) => &metrics::VIDEO_BUSY,
        };
        reason.increment(1);
        tracing::info!(camera.id = camera, reason = %self, "no video of a camera");
        self
    }
}

/// What is wrong with an entry of `[streams]`, if anything is.
pub fn check(camera: &str, value: &str) -> Result<(), &'static str> {
    // Addresses cannot hold these as one part of a path, however they are written.
    if matches!(camera, "" | "." | "..") {
        return Err("the id cannot be part of an address");
    }
    if value.is_empty() || value == "env:" {
        return Err("it has no address");
    }
    if value.starts_with("env:") || Location::configured(value).is_some() {
        return Ok(());
    }
    Err("its address is neither http, https nor a path")
}

/// What a value of `[streams]` leads to and is not there, if anything is not: a variable of the environment or a
/// folder. A playlist that is not there yet is no lack: an encoder writes it when it runs.
pub fn missing(value: &str) -> Option<String> {
    let address = match value.strip_prefix("env:") {
        Some(name) => match std::env::var(name) {
            Ok(address) => address,
            Err(_) => return Some(format!("the environment variable {name} is not set")),
        },
        None => value.to_owned(),
    };
    match Location::configured(&address) {
        // What the variable holds may be a secret.
        None => Some(format!("{value} holds neither http, https nor a path")),
        Some(Location::Web(_)) => None,
        Some(Location::Disk { root, .. }) if root.is_dir() => None,
        Some(Location::Disk { root, .. }) if value == address => {
            Some(format!("there is no folder {}", root.display()))
        }
        Some(Location::Disk { .. }) => {
            Some(format!("the folder that {value} leads to is not there"))
        }
    }
}

/// A value of `[streams]` with a relative path meant from a folder.
pub fn beside(folder: &Path, value: &str) -> String {
    if value.is_empty() || value.starts_with("env:") || value.contains("://") {
        return value.to_owned();
    }
    folder.join(value).to_string_lossy().into_owned()
}

/// The video of all cameras that have one.
#[derive(Debug)]
pub struct Video {
    sources: BTreeMap<String, Option<Location>>,
    names: Names,
    downloader: Downloader,
}

impl Video {
    /// Takes `[streams]` of a configuration; a value `env:NAME` is looked up now.
    pub fn new(streams: &BTreeMap<String, String>, limits: &Limits) -> Self {
        let sources = streams.iter().map(|(camera, value)| {
            let address = match value.strip_prefix("env:") {
                Some(name) => std::env::var(name).ok(),
                None => Some(value.clone()),
            };
            let source = address.and_then(|address| Location::configured(&address));
            (camera.clone(), source)
        });
        Self {
            sources: sources.collect(),
            names: Names::default(),
            downloader: Downloader::new(limits),
        }
    }

    /// The cameras that have video, in order of id.
    pub fn cameras(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// What a file of a camera stands for; `None` where the camera has no video or no playlist has
    /// named the file.
    pub fn find(&self, camera: &str, file: &str) -> Option<Result<Target, Failed>> {
        let source = self.sources.get(camera)?;
        if file != FIRST {
            return self.names.find(camera, file).map(Ok);
        }
        let location = source.clone();
        let location = location.ok_or_else(|| Failed::Unset.counted(camera));
        Some(location.map(|location| Target {
            location,
            kind: Kind::Playlist,
        }))
    }

    /// A playlist whose URIs are names of this process, relative to the playlist's own path.
    pub async fn playlist(&self, camera: &str, target: &Target) -> Result<String, Failed> {
        let rewritten = async {
            let (text, from) = self.downloader.playlist(&target.location).await?;
            playlist::rewrite(&text, |uri, kind| {
                let location = from.resolve(uri).ok_or(Failed::Outside)?;
                Ok(self.names.give(camera, location, kind))
            })
        };
        rewritten.await.map_err(|cause| cause.counted(camera))
    }

    /// A segment, an initialisation section or a key, as it comes.
    pub async fn segment(
        &self,
        camera: &str,
        target: &Target,
        range: Option<&str>,
    ) -> Result<Segment, Failed> {
        let opened = self
            .downloader
            .segment(camera, &target.location, range)
            .await;
        opened.map_err(|cause| cause.counted(camera))
    }
}
