//! An archive that is open: which one it is, what it says of itself, and its tiles.

use super::mbtiles::{self, MbTiles};
use super::place::Place;
use super::ranges::{Ranges, Stamp};
use super::{About, PMTILES, SQLITE, Stored, TileKind, Unusable};
use crate::http::coding::Coding;
use actix_web::web;
use atalaya_tiles::TileCoord;
use pmtiles::{AsyncPmTilesReader, Compression, MokaCache, PmtError, TileType};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every archive that is opened has a number of its own.
static OPENED: AtomicU64 = AtomicU64::new(1);

/// How much is kept of the directories of a PMTiles archive: one has some 100 KB, and leads to thousands of tiles.
const DIRECTORY_BYTES: u64 = 32 << 20;

/// An open archive.
pub(super) struct Opened {
    /// Two that differ may differ in anything.
    pub(super) number: u64,
    pub(super) about: Arc<About>,
    stamp: Stamp,
    tiles: Tiles,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut this = f.debug_struct("Opened");
        this.field("number", &self.number);
        this.field("about", &self.about).finish_non_exhaustive()
    }
}

enum Tiles {
    Pm(Box<AsyncPmTilesReader<Ranges, MokaCache>>, Coding),
    Mb(Arc<MbTiles>),
}

impl Opened {
    /// What lies at a place: what is known of it, if that is still it.
    pub(super) async fn look(
        place: &Place,
        known: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, Unusable> {
        let ranges = Ranges::open(place).await?;
        let (begin, stamp) = ranges.begin(SQLITE.len()).await?;
        if let Some(known) = known.filter(|known| known.stamp == stamp) {
            return Ok(known);
        }
        let (about, tiles) = match place {
            Place::File(path) if begin == SQLITE => Self::database(path).await?,
            Place::File(_) | Place::Web(_) if begin.starts_with(PMTILES) => {
                Self::archive(ranges).await?
            }
            Place::File(_) | Place::Web(_) => return Err(Unusable::Unknown),
        };
        Ok(Arc::new(Self {
            number: OPENED.fetch_add(1, Ordering::Relaxed),
            about: Arc::new(about),
            stamp,
            tiles,
        }))
    }

    async fn database(path: &Path) -> Result<(About, Tiles), Unusable> {
        let path = path.to_owned();
        let opened = web::block(move || mbtiles::open(path)).await;
        let (about, tiles) = opened.map_err(|_| Unusable::Busy)??;
        Ok((about, Tiles::Mb(Arc::new(tiles))))
    }

    async fn archive(ranges: Ranges) -> Result<(About, Tiles), Unusable> {
        let directories = MokaCache::with_max_bytes(DIRECTORY_BYTES);
        let reader = AsyncPmTilesReader::try_from_cached_source(ranges, directories);
        let reader = reader.await.map_err(unusable)?;
        let header = reader.get_header();
        let kind = match header.tile_type {
            TileType::Mvt => TileKind::Mvt,
            TileType::Mlt => TileKind::Mlt,
            TileType::Png => TileKind::Png,
            TileType::Jpeg => TileKind::Jpeg,
            TileType::Webp => TileKind::Webp,
            TileType::Avif => TileKind::Avif,
            TileType::Unknown => {
                let what = "it does not say what its tiles are".to_owned();
                return Err(Unusable::Damaged(what));
            }
        };
        let coding = match header.tile_compression {
            Compression::None => Coding::Identity,
            Compression::Gzip => Coding::Gzip,
            Compression::Brotli => Coding::Brotli,
            Compression::Zstd => Coding::Zstd,
            Compression::Unknown => {
                let what = "it does not say how its tiles are compressed".to_owned();
                return Err(Unusable::Damaged(what));
            }
        };
        let zooms = [header.min_zoom, header.max_zoom];
        let bounds = [
            header.min_longitude,
            header.min_latitude,
            header.max_longitude,
            header.max_latitude,
        ];
        // One without metadata has tiles all the same.
        let said = match reader.get_metadata().await {
            Ok(text) => serde_json::from_str(&text).unwrap_or_default(),
            Err(PmtError::InvalidMetadata) => Map::<String, Value>::new(),
            Err(error) => return Err(unusable(error)),
        };
        let about = About::new(kind, zooms, bounds, &said).map_err(Unusable::Damaged)?;
        Ok((about, Tiles::Pm(Box::new(reader), coding)))
    }

    /// A tile as it is stored; no bytes where there is none.
    pub(super) async fn tile(&self, tile: TileCoord) -> Result<Stored, Unusable> {
        let [first, last] = self.about.zooms;
        if !(first..=last).contains(&tile.z()) {
            return Ok(Stored::nothing());
        }
        match &self.tiles {
            Tiles::Pm(reader, coding) => {
                let at = pmtiles::TileCoord::new(tile.z(), tile.x(), tile.y());
                let bytes = reader.get_tile(at.map_err(unusable)?).await;
                let bytes = bytes.map_err(unusable)?;
                let coding = *coding;
                Ok(bytes.map_or_else(Stored::nothing, |bytes| Stored { bytes, coding }))
            }
            Tiles::Mb(tiles) => {
                let tiles = Arc::clone(tiles);
                let read = web::block(move || tiles.tile(tile));
                read.await.map_err(|_| Unusable::Busy)?
            }
        }
    }
}

/// What became of a read, told by us or by the reader of PMTiles.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the variants differ by what the crate is built with"
)]
pub(super) fn unusable(error: PmtError) -> Unusable {
    match error {
        PmtError::SourceModified => Unusable::Changed,
        PmtError::Reading(error) => match error.downcast::<Unusable>() {
            Ok(ours) => ours,
            Err(other) => Unusable::Damaged(other.kind().to_string()),
        },
        PmtError::InvalidMagicNumber | PmtError::UnsupportedPmTilesVersion => Unusable::Unknown,
        PmtError::UnexpectedNumberOfBytesReturned(..) => {
            Unusable::Damaged("it ends before what it says that it holds".to_owned())
        }
        other => Unusable::Damaged(other.to_string()),
    }
}
