//! Encodes tiles, and keeps the bytes that go on the wire.

use super::{App, Tileset};
use crate::clock::monotonic;
use crate::http::coding::Coding;
use crate::http::places::{Purpose, WorkPlaces};
use crate::metrics;
use crate::problem::Problem;
use atalaya_tiles::{
    EncodeError, Seq, TileCoord, TileFormat, TileLimits, TileRequest, View, Viewer, Window,
    encode_tile_as, is_light,
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use moka::future::Cache;
use moka::notification::RemovalCause;
use std::sync::Arc;

/// Tiles to be encoded.
const ENCODERS: Purpose = Purpose {
    what: "tile encoders",
    retry_after_s: 1,
    refused: &metrics::REFUSED_TILES,
};

/// Which part of the room for tiles is that of threads for what they have at hand.
const AT_HAND_SHARE: u64 = 8;

/// What the bytes of a tile depend on, besides the epoch and the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TileKey {
    pub(super) viewer: Viewer,
    pub(super) tileset: Tileset,
    pub(super) tile: TileCoord,
    pub(super) window: Option<Window>,
    pub(super) at: Option<Timestamp>,
    pub(super) seq: Seq,
    pub(super) basemap_version: u64,
    pub(super) coding: Coding,
    pub(super) format: TileFormat,
}

/// The bytes of a tile and the coding they are in: small ones go out as they are, whatever was
/// negotiated.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) bytes: Bytes,
    pub(super) coding: Coding,
}

impl Wire {
    /// The same bytes, whose uses are counted apart from those of other threads.
    pub(super) fn of_this_thread(self) -> Self {
        Self {
            bytes: Bytes::from_owner(self.bytes),
            coding: self.coding,
        }
    }
}

/// Encodes tiles, and keeps the bytes that go on the wire.
#[derive(Debug)]
pub struct TileService {
    wire: Cache<TileKey, Wire>,
    encoders: WorkPlaces,
    limits: TileLimits,
    at_hand_bytes: usize,
}

impl TileService {
    /// A service with these bounds.
    pub fn new(limits: &crate::config::Limits) -> Self {
        let weigh =
            |_: &TileKey, wire: &Wire| u32::try_from(wire.bytes.len() + 256).unwrap_or(u32::MAX);
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let at_hand = limits.tile_cache_bytes / AT_HAND_SHARE;
        Self {
            at_hand_bytes: usize::try_from(at_hand).unwrap_or(usize::MAX) / workers,
            wire: Cache::builder()
                .weigher(weigh)
                .max_capacity(limits.tile_cache_bytes - at_hand)
                .eviction_listener(|_, _, cause| {
                    if cause == RemovalCause::Size {
                        metrics::EVICTED_TILES.increment(1);
                    }
                })
                .build(),
            encoders: WorkPlaces::new(limits.encoders, ENCODERS),
            limits: TileLimits {
                max_bytes: limits.tile_bytes,
                ..TileLimits::default()
            },
        }
    }

    /// Sets the gauges of the service.
    pub async fn measure(&self) {
        // The cache counts late; this makes it catch up.
        self.wire.run_pending_tasks().await;
        metrics::TILE_CACHE_BYTES.set(metrics::real(self.wire.weighted_size()));
        let busy = self.encoders.taken();
        metrics::TILE_ENCODERS_BUSY.set(metrics::real(busy as u64));
    }

    /// How much of what it has at hand a thread may hold.
    pub(super) fn at_hand_bytes(&self) -> usize {
        self.at_hand_bytes
    }

    /// The bytes of a tile, if they are kept.
    pub(super) fn kept(&self, key: &TileKey) -> Option<Wire> {
        // A cache that would wait for its own upkeep has nothing at hand.
        let get = |key| self.wire.get(key).now_or_never().flatten();
        if let Some(wire) = get(key) {
            return Some(wire);
        }
        // What is too small to be coded is kept as it is.
        let plain = TileKey {
            coding: Coding::Identity,
            ..key.clone()
        };
        let small = |wire: &Wire| !key.coding.suits(wire.bytes.len());
        get(&plain).filter(small)
    }

    /// The bytes of a tile, and whether they were encoded for this request.
    pub(super) async fn wire(
        &self,
        app: &App,
        view: Arc<View>,
        key: TileKey,
    ) -> Result<(Wire, bool), Problem> {
        let plain_key = TileKey {
            coding: Coding::Identity,
            ..key.clone()
        };
        let coding = key.coding;
        let plain = self.wire.entry(plain_key);
        let plain = plain.or_try_insert_with(self.encode(app, view, key.clone()));
        let plain = plain.await.map_err(|problem| Problem::clone(&problem))?;
        let (encoded, plain) = (plain.is_fresh(), plain.into_value());
        if coding == Coding::Identity || !coding.suits(plain.bytes.len()) {
            return Ok((plain, encoded));
        }
        let coded = self.wire.try_get_with(key, async {
            let coded = self.encoders.answer(move || coding.encode(&plain.bytes));
            let bytes = coded.await?.map_err(Problem::internal)?;
            Ok(Wire { bytes, coding })
        });
        match coded.await {
            Ok(coded) => Ok((coded, encoded)),
            Err(problem) => Err(Problem::clone(&problem)),
        }
    }

    async fn encode(&self, app: &App, view: Arc<View>, key: TileKey) -> Result<Wire, Problem> {
        let limits = self.limits;
        let basemap = app.basemap.load();
        let light = !key.tileset.basemap && {
            let request = request_of(&key, limits);
            is_light(&view, &key.viewer, &request)
        };
        let encode = move || {
            let started = monotonic();
            let request = request_of(&key, limits);
            let mut bytes = Vec::new();
            if key.tileset.basemap {
                bytes.extend(basemap.tile(key.format, key.tile, &limits)?);
            }
            bytes.extend(encode_tile_as(key.format, &view, &key.viewer, &request)?);
            metrics::TILE_ENCODE_SECONDS.record(monotonic().duration_since(started));
            Ok::<_, EncodeError>(bytes)
        };
        // Another thread and back would take as long again.
        let encoded = if light {
            encode()
        } else {
            self.encoders.answer(encode).await?
        };
        let bytes = encoded.map(Bytes::from).map_err(not_encoded)?;
        metrics::TILE_BYTES.record(metrics::real(bytes.len() as u64));
        Ok(Wire {
            bytes,
            coding: Coding::Identity,
        })
    }
}

fn request_of(key: &TileKey, limits: TileLimits) -> TileRequest<'_> {
    TileRequest {
        layers: &key.tileset.layers,
        tile: key.tile,
        window: key.window,
        limits,
    }
}

fn not_encoded(error: EncodeError) -> Problem {
    let EncodeError::TooLarge {
        tile,
        bytes,
        max_bytes,
    } = error
    else {
        return Problem::internal(error);
    };
    Problem::TileTooLarge {
        tile: tile.to_string(),
        bytes,
        limit: max_bytes,
    }
}
