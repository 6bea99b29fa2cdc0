//! Tilesets from PostGIS: the tables, views and functions of some schemas that may be read, found by themselves.
//!
//! ```text
//! every look_s: geometry_columns, pg_proc ─▶ tilesets by name: schema.table, schema.table.column, schema.function
//! /tiles/{name}/{z}/{x}/{y} ─▶ gate ─▶ kept for FRESH? ─▶ one connection of several ─▶ ST_AsMVT ─▶ bytes
//! ```
//!
//! Promises: a name means the same whatever else there is; a table is all that is sent of it, or refused where a tile of it would be
//! too large, never thinned; nothing is written, whatever a function would: each connection reads only, and no statement goes on for
//! longer than [`PATIENCE`]; nobody learns where the database is, nor what it said. What the role may not select is no tileset.

mod connect;
mod found;
mod sql;

use super::kept::{Keep, Uncodable};
use super::{About, Kept, Needed, NoTile, Stored};
use crate::clock::monotonic;
use crate::http::coding::Coding;
use arc_swap::ArcSwap;
use atalaya_tiles::{Catalog, TileCoord, Viewer};
use bytes::Bytes;
use connect::Pool;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long it takes until a database that could not be asked is asked again.
pub const AGAIN: Duration = Duration::from_secs(5);
/// How long a tile is given out before the database is asked for it again.
pub const FRESH: Duration = Duration::from_secs(10);
/// How long a statement may take, and how long somebody waits for a connection.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The most that may be asked of a function, in bytes of the query.
const QUERY_BYTES: usize = 2_048;

/// The database of tilesets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostGisConfig {
    /// `postgresql://USER@HOST/DATABASE`, or `env:NAME` for one with a password. Off this machine it is reached by TLS.
    #[serde(serialize_with = "crate::config::address::of_archive")]
    pub address: String,
    /// The certificate, in PEM, that the server's leads to where no authority known to this machine signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_certificate: Option<PathBuf>,
    /// The schemas whose tables, views and functions are tilesets, as far as the role may read them. None by default: nothing is
    /// published that nobody named.
    pub schemas: Vec<String>,
    /// Connections at once.
    #[serde(default = "eight")]
    pub connections: usize,
    /// Seconds after which it is looked again what tables and functions there are.
    #[serde(default = "sixty")]
    pub look_s: u32,
    /// What is to be known of single tilesets, by `schema.table` or as they are named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tilesets: BTreeMap<String, TablesetConfig>,
}

const fn eight() -> usize {
    8
}

const fn sixty() -> u32 {
    60
}

/// What is to be known of one tileset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TablesetConfig {
    /// The first zoom with tiles; 0 by default.
    pub minzoom: u8,
    /// The last; 22 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maxzoom: Option<u8>,
    /// The clearance without which the tileset does not exist; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clearance: Option<String>,
    /// The columns that tiles carry; all that can be read by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
}

/// Why there is no answer. Says nothing of where the database is, nor what it said: that goes to the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("the address of the database is not set or cannot be read")]
    Unset,
    #[error("the database cannot be reached")]
    Unreachable,
    #[error("the database did not answer within {} s", PATIENCE.as_secs())]
    Slow,
    #[error("the database refused the statement, with SQLSTATE {0}")]
    Refused(String),
    #[error("more than {limit} features are in it, the most of a tile", limit = sql::MOST_FEATURES)]
    TooMany,
    #[error("it has {bytes} bytes where {limit} are the most")]
    TooLarge { bytes: usize, limit: usize },
    #[error("all {0} connections to the database are taken")]
    Busy(usize),
}

impl From<Uncodable> for Unanswered {
    fn from(why: Uncodable) -> Self {
        match why {
            // What cannot be compressed cannot be compressed in time.
            Uncodable::Busy | Uncodable::TooLarge | Uncodable::Damaged(_) => Self::Slow,
        }
    }
}

impl From<Unanswered> for NoTile {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Busy(limit) => Self::Busy {
                what: "connections to the database",
                limit,
            },
            Unanswered::TooLarge { bytes, limit } => Self::TooLarge { bytes, limit },
            Unanswered::Unset
            | Unanswered::Unreachable
            | Unanswered::Slow
            | Unanswered::Refused(_)
            | Unanswered::TooMany => Self::Failed {
                reason: why.to_string(),
            },
        }
    }
}

/// A table, view or function.
#[derive(Debug)]
pub struct Tableset {
    name: String,
    about: Arc<About>,
    needed: Needed,
    sql: String,
    /// Whether it is a function that is told what else was asked.
    takes_query: bool,
    is_function: bool,
    /// What its tiles are kept by: another where it is found to be another.
    number: u64,
}

impl Tableset {
    /// What it says of itself.
    pub fn about(&self) -> &Arc<About> {
        &self.about
    }

    /// Whether what else was asked is for it.
    pub fn takes_query(&self) -> bool {
        self.takes_query
    }
}

/// What was found when it was looked last.
#[derive(Debug, Default)]
struct Found {
    at: Option<Instant>,
    /// Why it could not be looked; what was found before then stands.
    failed: Option<Unanswered>,
    by_name: BTreeMap<String, Arc<Tableset>>,
}

/// The tilesets of a database.
#[derive(Debug)]
pub struct PostGis {
    config: PostGisConfig,
    catalog: Arc<Catalog>,
    pool: Result<Pool, Unanswered>,
    found: ArcSwap<Found>,
    /// One looks, the others take what it found.
    turn: Semaphore,
    keep: Keep,
    tile_bytes: usize,
}

impl PostGis {
    /// Connects to nothing before somebody asks.
    pub fn new(
        config: &PostGisConfig,
        catalog: Arc<Catalog>,
        (room_bytes, tile_bytes): (u64, usize),
    ) -> Self {
        Self {
            pool: Pool::new(config),
            config: config.clone(),
            catalog,
            found: ArcSwap::from_pointee(Found::default()),
            turn: Semaphore::new(1),
            keep: Keep::new(room_bytes, tile_bytes, Some(FRESH)),
            tile_bytes,
        }
    }

    /// Whether a name would be one of its tilesets: it begins with one of its schemas.
    pub fn may_have(&self, name: &str) -> bool {
        let of = |schema: &String| {
            let rest = name.strip_prefix(schema.as_str());
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        self.config.schemas.iter().any(of)
    }

    /// The tileset of a name, if there is one and the viewer may open it. Fails where it cannot be known whether there is.
    pub async fn open(&self, viewer: &Viewer, name: &str) -> Result<Option<Arc<Tableset>>, NoTile> {
        if !self.may_have(name) {
            return Ok(None);
        }
        let found = self.found().await;
        if let Some(tableset) = found.by_name.get(name) {
            return Ok(tableset.needed.has(viewer).then(|| Arc::clone(tableset)));
        }
        match &found.failed {
            Some(why) if found.by_name.is_empty() => Err(why.clone().into()),
            _ => Ok(None),
        }
    }

    /// The names of those that the viewer may open, as far as was looked lately.
    pub fn names(&self, viewer: &Viewer) -> Vec<String> {
        let found = self.found.load();
        let open = found.by_name.values();
        let open = open.filter(|tableset| tableset.needed.has(viewer));
        open.map(|tableset| tableset.name.clone()).collect()
    }

    /// Looks what there is, unless that was done lately.
    pub async fn look(&self) {
        self.found().await;
    }

    /// A tile, in the coding that `choose` prefers of those it can be had in; and whether the database was asked for it.
    pub(crate) async fn tile(
        &self,
        tableset: &Tableset,
        tile: TileCoord,
        query: &str,
        choose: impl FnOnce(&[Coding]) -> Coding,
    ) -> Result<(Arc<Kept>, bool), NoTile> {
        let which = (tableset.number, tile, Arc::from(query));
        let read = Box::pin(self.read(tableset, tile, query));
        let tile = self.keep.tile(which, true, read, choose).await;
        tile.map_err(NoTile::from)
    }

    async fn read(
        &self,
        tableset: &Tableset,
        tile: TileCoord,
        query: &str,
    ) -> Result<Stored, Unanswered> {
        let [first, last] = tableset.about.zooms;
        if !(first..=last).contains(&tile.z()) {
            return Ok(Stored::nothing());
        }
        let pool = self.pool.as_ref().map_err(Clone::clone)?;
        let bytes = pool.tile(tableset, tile, query).await;
        let bytes = bytes.inspect_err(|why| {
            tracing::warn!(tileset = tableset.name, tile = %tile, reason = %why, "no tile of a table");
        })?;
        if bytes.len() > self.tile_bytes {
            return Err(Unanswered::TooLarge {
                bytes: bytes.len(),
                limit: self.tile_bytes,
            });
        }
        Ok(Stored {
            bytes: Bytes::from(bytes),
            coding: Coding::Identity,
        })
    }

    async fn found(&self) -> Arc<Found> {
        let lately = |found: &Found| {
            let look = Duration::from_secs(self.config.look_s.into());
            let good_for = if found.failed.is_some() { AGAIN } else { look };
            let since = found.at.map(|at| monotonic().duration_since(at));
            since.is_some_and(|since| since < good_for)
        };
        let found = self.found.load_full();
        if lately(&found) {
            return found;
        }
        let Ok(_turn) = self.turn.acquire().await else {
            return found;
        };
        let before = self.found.load_full();
        if lately(&before) {
            return before;
        }
        let looked = match &self.pool {
            Ok(pool) => found::look(pool, &self.config, &self.catalog).await,
            Err(why) => Err(why.clone()),
        };
        let now = match looked {
            Ok(mut by_name) => {
                found::keep_numbers(&mut by_name, &before.by_name);
                Found {
                    at: Some(monotonic()),
                    failed: None,
                    by_name,
                }
            }
            Err(why) => Found {
                at: Some(monotonic()),
                failed: Some(why),
                by_name: before.by_name.clone(),
            },
        };
        tell(&before, &now);
        let now = Arc::new(now);
        self.found.store(Arc::clone(&now));
        now
    }
}

/// Says in the log what has become of the database.
fn tell(before: &Found, now: &Found) {
    match &now.failed {
        Some(why) if before.failed.as_ref() != Some(why) => {
            tracing::warn!(reason = %why, "the tables of tilesets cannot be looked through");
        }
        None if before.at.is_none() || before.failed.is_some() => {
            let tilesets = now.by_name.len();
            tracing::info!(tilesets, "{tilesets} tilesets found in the database");
        }
        Some(_) | None => {}
    }
}

/// What else was asked, as a function is told: a JSON object of texts.
///
/// # Errors
/// How many bytes are the most.
pub(crate) fn asked(pairs: &[(String, String)]) -> Result<String, usize> {
    let object: serde_json::Map<String, serde_json::Value> = pairs
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let text = serde_json::Value::Object(object).to_string();
    if text.len() > QUERY_BYTES {
        Err(QUERY_BYTES)
    } else {
        Ok(text)
    }
}
