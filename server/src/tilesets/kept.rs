//! Tiles that are kept, as they go on the wire.

use crate::http::coding::Coding;
use crate::identity::hex;
use actix_web::web;
use atalaya_tiles::TileCoord;
use bytes::Bytes;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// What a tile takes besides its bytes.
const EACH_BYTES: usize = 256;

/// A tile in a coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes; none where there is no such tile.
    pub bytes: Bytes,
    /// The coding that they are in.
    pub(crate) coding: Coding,
}

impl Stored {
    /// Where there is nothing.
    pub(super) fn nothing() -> Self {
        Self {
            bytes: Bytes::new(),
            coding: Coding::Identity,
        }
    }
}

/// A tile that is ready to be sent.
#[derive(Debug)]
pub struct Kept {
    /// Its bytes, in a coding.
    pub stored: Stored,
    /// A hash of the bytes as they came: the same wherever those are the same.
    pub version: String,
}

/// Which tile: the number of what it is of, the tile, and what else was asked.
pub(super) type Which = (u64, TileCoord, Arc<str>);

/// Tiles of one kind of tilesets.
#[derive(Debug)]
pub(super) struct Keep {
    kept: Cache<(Which, Option<Coding>), Arc<Kept>>,
    /// The most that one may come to when its coding is undone.
    most_bytes: usize,
}

/// Why a tile cannot be had in another coding.
#[derive(Debug)]
pub(super) enum Uncodable {
    Busy,
    TooLarge,
    Damaged(std::io::ErrorKind),
}

impl Keep {
    /// Room for so many bytes, of tiles that may come to so many each; each is kept for so long, or as long as there is room.
    pub(super) fn new(room_bytes: u64, most_bytes: usize, fresh_for: Option<Duration>) -> Self {
        let weigh = |_: &(Which, Option<Coding>), tile: &Arc<Kept>| {
            u32::try_from(tile.stored.bytes.len() + EACH_BYTES).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder().weigher(weigh).max_capacity(room_bytes);
        let cache = match fresh_for {
            Some(fresh_for) => cache.time_to_live(fresh_for),
            None => cache,
        };
        Self {
            kept: cache.build(),
            most_bytes,
        }
    }

    /// A tile in the coding that `choose` prefers of those it can be had in: what it comes in, or none; or any for what comes in none
    /// and is `worth` it. Whether it had to be read is said beside. Who asks for the same at once waits for one reading.
    pub(super) async fn tile<E>(
        &self,
        which: Which,
        worth: bool,
        read: impl Future<Output = Result<Stored, E>>,
        choose: impl FnOnce(&[Coding]) -> Coding,
    ) -> Result<(Arc<Kept>, bool), E>
    where
        E: Clone + Send + Sync + From<Uncodable> + 'static,
    {
        let entry = self.kept.entry((which.clone(), None));
        let read = entry.or_try_insert_with(async {
            let stored = read.await?;
            let version = hex(&Sha256::digest(&stored.bytes)[..8]);
            Ok::<_, E>(Arc::new(Kept { stored, version }))
        });
        let read = read.await.map_err(|why: Arc<E>| E::clone(&why))?;
        let (fresh, kept) = (read.is_fresh(), read.into_value());
        let coding = match kept.stored.coding {
            Coding::Identity if worth => choose(&Coding::BEST_FIRST),
            Coding::Identity => Coding::Identity,
            Coding::Zstd | Coding::Brotli | Coding::Gzip => {
                choose(&[kept.stored.coding, Coding::Identity])
            }
        };
        if coding == kept.stored.coding || !coding.suits(kept.stored.bytes.len()) {
            return Ok((kept, fresh));
        }
        let most_bytes = self.most_bytes;
        let other = self.kept.try_get_with((which, Some(coding)), async {
            let recoded = web::block(move || recoded(&kept, coding, most_bytes)).await;
            recoded.unwrap_or(Err(Uncodable::Busy)).map_err(E::from)
        });
        let other = other.await.map_err(|why: Arc<E>| E::clone(&why))?;
        Ok((other, fresh))
    }
}

fn recoded(kept: &Kept, coding: Coding, most_bytes: usize) -> Result<Arc<Kept>, Uncodable> {
    let damaged = |error: std::io::Error| Uncodable::Damaged(error.kind());
    let plain = kept.stored.coding.decode(&kept.stored.bytes, most_bytes);
    let plain = plain.map_err(damaged)?.ok_or(Uncodable::TooLarge)?;
    let bytes = coding.encode(&plain).map_err(damaged)?;
    Ok(Arc::new(Kept {
        stored: Stored { bytes, coding },
        version: kept.version.clone(),
    }))
}
