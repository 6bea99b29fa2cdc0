//! Names for what playlists lead to: made here, meaningful here, and nothing can be read from them.
//!
//! A name is a keyed digest, so that a segment has the same name in every refresh of its playlist. At
//! most [`MOST`] are kept, the ones used longest ago go first; a client whose name is gone reads the
//! playlist again.

use super::location::{Kind, Location};
use crate::identity::hex;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How many names are known at once.
const MOST: u64 = 65_536;
/// Bytes of the digest that a name shows.
const NAME_BYTES: usize = 16;

/// What a file of a camera stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it lies.
    pub(super) location: Location,
    /// What it is.
    pub kind: Kind,
}

impl Target {
    /// The media type to send it as.
    pub fn media_type(&self) -> &'static str {
        match self.kind {
            Kind::Playlist => "application/vnd.apple.mpegurl",
            Kind::Segment => self.location.media().1,
        }
    }
}

/// The names that playlists were given, by camera.
#[derive(Debug)]
pub(super) struct Names {
    salt: [Uuid; 2],
    known: Cache<(Box<str>, Box<str>), Target>,
}

impl Default for Names {
    fn default() -> Self {
        Self::at_most(MOST)
    }
}

impl Names {
    /// Keeps so many names.
    pub(super) fn at_most(most: u64) -> Self {
        let known = Cache::builder()
            .max_capacity(most)
            .eviction_policy(EvictionPolicy::lru());
        Self {
            salt: [Uuid::new_v4(), Uuid::new_v4()],
            known: known.build(),
        }
    }

    /// The name of a place in a camera's video.
    pub(super) fn give(&self, camera: &str, location: Location, kind: Kind) -> String {
        let extension = match kind {
            Kind::Playlist => "m3u8",
            Kind::Segment => location.media().0,
        };
        let name = format!("{}.{extension}", self.digest(camera, &location));
        let target = Target { location, kind };
        self.known
            .insert((camera.into(), name.as_str().into()), target);
        name
    }

    /// What a name of this camera stands for.
    pub(super) fn find(&self, camera: &str, name: &str) -> Option<Target> {
        self.known.get(&(camera.into(), name.into()))
    }

    fn digest(&self, camera: &str, location: &Location) -> String {
        let mut digest = Sha256::new();
        for salt in self.salt {
            digest.update(salt);
        }
        digest.update(camera.len().to_le_bytes());
        digest.update(camera);
        match location {
            Location::Web(url) => digest.update(url.as_str()),
            Location::Disk { below, .. } => digest.update(below.as_os_str().as_encoded_bytes()),
        }
        let digest = digest.finalize();
        hex(digest.get(..NAME_BYTES).unwrap_or_default())
    }
}
