//! Tilesets from archives, beside the live picture: [PMTiles](https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md)
//! version 3, a file or read by ranges from a server, and [MBTiles](https://github.com/mapbox/mbtiles-spec) 1.3, a file.
//!
//! ```text
//! /tiles/{archive}/{z}/{x}/{y} ─▶ gate ─▶ kept? ─▶ one place of many ─▶ directory ─▶ bytes as they are stored
//! ```
//!
//! Promises: a tile is what the archive has, in the coding that it has it in where the client takes that; an archive that was
//! replaced is opened anew within [`LOOK`], or [`LOOK_AFAR`] where it lies elsewhere; one that cannot be used delays nobody for
//! longer than [`PATIENCE`] and is tried again after [`AGAIN`]; no answer and no log tells an address with what may be a secret in it.
//! An archive is trusted as the configuration is that names it: what it decompresses to is not bounded, but for tiles.

mod mbtiles;
mod opened;
mod place;
mod ranges;
#[cfg(test)]
mod tests;

pub use place::{ArchiveConfig, beside, check, missing};

use super::kept::{Keep, Uncodable};
use super::{About, Kept, Needed, NoTile, Stored, TileKind};
use crate::clock::monotonic;
use crate::http::coding::Coding;
use arc_swap::ArcSwap;
use atalaya_tiles::{Catalog, TileCoord, Viewer};
use opened::Opened;
use place::Place;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// So often it is looked whether a file is another.
pub const LOOK: Duration = Duration::from_secs(1);
/// The same of an archive on another machine.
pub const LOOK_AFAR: Duration = Duration::from_mins(1);
/// How long it takes until one that could not be used is tried again.
pub const AGAIN: Duration = Duration::from_secs(10);
/// How long one read may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The most that is read at once, and that a tile may be when decompressed: a tile of the worst raster is a tenth of it.
pub const MOST_BYTES: usize = 16 << 20;
/// Tiles that are read at once, of all archives.
const READS: usize = 32;
/// The magic numbers of the two kinds of archives.
const PMTILES: &[u8] = b"PMTiles";
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Why there are no tiles of an archive. Says nothing of the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The configured value stands for an environment variable that is not set, or is no address.
    #[error("its address is not set or cannot be read")]
    Unset,
    /// The file is not there, or may not be read.
    #[error("its file cannot be read: {0}")]
    File(std::io::ErrorKind),
    /// Neither of the two.
    #[error("it is neither a PMTiles archive of version 3 nor an MBTiles database")]
    Unknown,
    /// One of the two, with something wrong in it.
    #[error("it cannot be read: {0}")]
    Damaged(String),
    /// No connection, or silence.
    #[error("it does not answer")]
    Silent,
    /// An answer that is none.
    #[error("it answers with status {0}")]
    Status(u16),
    /// A server that sends all or nothing.
    #[error("its server does not answer ranges")]
    NoRanges,
    /// Something in it is too large.
    #[error("what is to be read of it has {bytes} bytes, and {MOST_BYTES} is the most")]
    TooLarge {
        /// How large it is.
        bytes: u64,
    },
    /// It is another one since it was opened.
    #[error("it has changed while it was read")]
    Changed,
    /// Too many reads at once.
    #[error("all {READS} reads of archives are taken")]
    Busy,
}

impl From<Uncodable> for Unusable {
    fn from(why: Uncodable) -> Self {
        match why {
            Uncodable::Busy => Self::Busy,
            Uncodable::TooLarge => Self::TooLarge {
                bytes: MOST_BYTES as u64 + 1,
            },
            Uncodable::Damaged(kind) => Self::Damaged(format!("a tile: {kind}")),
        }
    }
}

impl From<Unusable> for NoTile {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::Busy => Self::Busy {
                what: "reads of archives",
                limit: READS,
            },
            Unusable::Unset
            | Unusable::File(_)
            | Unusable::Unknown
            | Unusable::Damaged(_)
            | Unusable::Silent
            | Unusable::Status(_)
            | Unusable::NoRanges
            | Unusable::TooLarge { .. }
            | Unusable::Changed => Self::Failed {
                reason: why.to_string(),
            },
        }
    }
}

/// All archives.
#[derive(Debug)]
pub struct TileArchives {
    by_name: BTreeMap<String, Arc<Archive>>,
    reads: Semaphore,
    keep: Keep,
}

impl TileArchives {
    /// The configured ones; nothing is opened before somebody asks. What names no clearance of the catalog
    /// is opened to nobody.
    pub fn new<'c>(
        configured: impl Iterator<Item = (&'c str, &'c ArchiveConfig)>,
        catalog: &Catalog,
        room_bytes: u64,
    ) -> Self {
        let archives = configured.map(|(name, config)| {
            let archive = Archive {
                name: name.to_owned(),
                place: Place::configured(&config.address),
                needed: Needed::of(config.clearance.as_deref(), catalog),
                found: ArcSwap::from_pointee(Found::default()),
                turn: Semaphore::new(1),
            };
            (name.to_owned(), Arc::new(archive))
        });
        Self {
            by_name: archives.collect(),
            reads: Semaphore::new(READS),
            keep: Keep::new(room_bytes, MOST_BYTES, None),
        }
    }

    /// Whether there is one of this name, for whomever.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The archive of a name, if the viewer may open it.
    pub fn open(&self, viewer: &Viewer, name: &str) -> Option<&Arc<Archive>> {
        let archive = self.by_name.get(name)?;
        archive.needed.has(viewer).then_some(archive)
    }

    /// The names of those that the viewer may open.
    pub fn names(&self, viewer: &Viewer) -> impl Iterator<Item = &str> {
        let archives = self.by_name.values();
        let open = archives.filter(|archive| archive.needed.has(viewer));
        open.map(|archive| archive.name.as_str())
    }

    /// A tile of an archive in the coding that `choose` prefers of those it can be had in: what it is stored in, or none; or any
    /// for a vector tile that is stored without. Whether it had to be read is said beside. Who asks for the same at once waits
    /// for one reading.
    pub(crate) async fn tile(
        &self,
        archive: &Archive,
        tile: TileCoord,
        choose: impl FnOnce(&[Coding]) -> Coding,
    ) -> Result<(Arc<Kept>, bool), Unusable> {
        let (about, number) = archive.about().await?;
        let which = (number, tile, Arc::from(""));
        let worth = !about.kind.is_raster();
        let read = Box::pin(self.read(archive, tile));
        self.keep.tile(which, worth, read, choose).await
    }

    /// Reads a tile of an archive as it is now, when it is its turn.
    async fn read(&self, archive: &Archive, tile: TileCoord) -> Result<Stored, Unusable> {
        let read = async {
            let _turn = self.reads.acquire().await.map_err(|_| Unusable::Busy)?;
            match archive.opened().await?.tile(tile).await {
                Err(Unusable::Changed) => {}
                read => return read,
            }
            archive.forget();
            archive.opened().await?.tile(tile).await
        };
        let read = tokio::time::timeout(PATIENCE, read).await;
        read.unwrap_or(Err(Unusable::Silent))
    }
}

/// One archive.
#[derive(Debug)]
pub struct Archive {
    name: String,
    place: Option<Place>,
    needed: Needed,
    found: ArcSwap<Found>,
    /// One looks, the others take what it found.
    turn: Semaphore,
}

/// What was found when it was looked last.
#[derive(Debug, Default)]
struct Found {
    at: Option<Instant>,
    opened: Option<Result<Arc<Opened>, Unusable>>,
}

impl Archive {
    /// What it says of itself, and which one it is: what was read of another number may be other.
    pub async fn about(&self) -> Result<(Arc<About>, u64), Unusable> {
        let opened = tokio::time::timeout(PATIENCE, self.opened()).await;
        let opened = opened.unwrap_or(Err(Unusable::Silent))?;
        Ok((Arc::clone(&opened.about), opened.number))
    }

    /// It is looked anew when somebody asks next.
    fn forget(&self) {
        let found = self.found.load();
        let opened = found.opened.clone();
        self.found.store(Arc::new(Found { at: None, opened }));
    }

    async fn opened(&self) -> Result<Arc<Opened>, Unusable> {
        if let Some(lately) = self.lately() {
            return lately;
        }
        let _turn = self.turn.acquire().await.map_err(|_| Unusable::Busy)?;
        if let Some(lately) = self.lately() {
            return lately;
        }
        let before = self.found.load().opened.clone();
        let known = before.clone().and_then(Result::ok);
        let opened = match &self.place {
            Some(place) => Opened::look(place, known).await,
            None => Err(Unusable::Unset),
        };
        self.tell(before.as_ref(), &opened);
        self.found.store(Arc::new(Found {
            at: Some(monotonic()),
            opened: Some(opened.clone()),
        }));
        opened
    }

    /// What was found a moment ago.
    fn lately(&self) -> Option<Result<Arc<Opened>, Unusable>> {
        let found = self.found.load();
        let opened = found.opened.as_ref()?;
        let good_for = match (opened, &self.place) {
            (Ok(_), Some(place)) => place.look_every(),
            (Ok(_), None) | (Err(_), _) => AGAIN,
        };
        let lately = monotonic().duration_since(found.at?) < good_for;
        lately.then(|| opened.clone())
    }

    /// Says in the log what has become of it.
    fn tell(
        &self,
        before: Option<&Result<Arc<Opened>, Unusable>>,
        now: &Result<Arc<Opened>, Unusable>,
    ) {
        let name = self.name.as_str();
        match (before, now) {
            (Some(Ok(before)), Ok(now)) if before.number == now.number => {}
            (_, Ok(now)) => tracing::info!(
                tileset = name,
                tiles = now.about.kind.name(),
                minzoom = now.about.zooms[0],
                maxzoom = now.about.zooms[1],
                "tile archive {name} opened"
            ),
            (Some(Err(before)), Err(now)) if before == now => {}
            (_, Err(why)) => {
                tracing::warn!(tileset = name, reason = %why, "tile archive {name} cannot be used");
            }
        }
    }
}
