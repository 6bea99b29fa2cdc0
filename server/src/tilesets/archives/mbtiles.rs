//! MBTiles: an SQLite database with a table of tiles, rows counted from the south, and one of what it says of itself.

use super::{About, MOST_BYTES, Stored, TileKind, Unusable};
use crate::http::coding::Coding;
use atalaya_tiles::TileCoord;
use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Connections that are kept open: more readers than that at once open one each time.
const IDLE: usize = 8;

/// An open MBTiles database.
#[derive(Debug)]
pub(super) struct MbTiles {
    path: PathBuf,
    raster: bool,
    idle: Mutex<Vec<Connection>>,
}

/// Opens one, and reads what it says of itself. Blocking, as all of this.
pub(super) fn open(path: PathBuf) -> Result<(About, MbTiles), Unusable> {
    let connection = connect(&path)?;
    let about = about(&connection)?;
    let tiles = MbTiles {
        path,
        raster: about.kind.is_raster(),
        idle: Mutex::new(vec![connection]),
    };
    Ok((about, tiles))
}

fn connect(path: &PathBuf) -> Result<Connection, Unusable> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| damaged(&error))
}

fn damaged(error: &rusqlite::Error) -> Unusable {
    Unusable::Damaged(match error.sqlite_error_code() {
        Some(code) => format!("the database answers {code:?}"),
        None => "its tables are not those of MBTiles".to_owned(),
    })
}

fn about(connection: &Connection) -> Result<About, Unusable> {
    let read = || -> rusqlite::Result<Map<String, Value>> {
        let mut select = connection.prepare("SELECT name, CAST(value AS TEXT) FROM metadata")?;
        let rows = select.query_map([], |row| {
            let value: Option<String> = row.get(1)?;
            Ok((row.get(0)?, Value::from(value.unwrap_or_default())))
        })?;
        rows.collect()
    };
    let said = read().map_err(|error| damaged(&error))?;
    let text = |key: &str| said.get(key).and_then(Value::as_str).map(str::trim);
    let named = text("format").unwrap_or_default();
    let kind = TileKind::named(named).ok_or_else(|| {
        let named = crate::problem::echo(named);
        Unusable::Damaged(format!(
            "its format is \"{named}\", which nobody here knows"
        ))
    })?;
    let zoom = |key: &str| text(key).and_then(|zoom| zoom.parse::<u8>().ok());
    let zooms = match (zoom("minzoom"), zoom("maxzoom")) {
        (Some(first), Some(last)) => [first, last],
        _ => zooms(connection).map_err(|error| damaged(&error))?,
    };
    let bounds = text("bounds").unwrap_or_default().split(',');
    let bounds: Vec<f64> = bounds.map_while(|it| it.trim().parse().ok()).collect();
    let bounds = <[f64; 4]>::try_from(bounds).unwrap_or([f64::NAN; 4]);
    About::new(kind, zooms, bounds, &said).map_err(Unusable::Damaged)
}

fn zooms(connection: &Connection) -> rusqlite::Result<[u8; 2]> {
    let ends = "SELECT min(zoom_level), max(zoom_level) FROM tiles";
    let ends: (Option<u8>, Option<u8>) =
        connection.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok([ends.0.unwrap_or(0), ends.1.unwrap_or(0)])
}

impl MbTiles {
    /// A tile as it is stored; no bytes where there is none.
    pub(super) fn tile(&self, tile: TileCoord) -> Result<Stored, Unusable> {
        let idle = self.idle().pop();
        let connection = idle.map_or_else(|| connect(&self.path), Ok)?;
        let read = self.read(&connection, tile);
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        read
    }

    fn read(&self, connection: &Connection, tile: TileCoord) -> Result<Stored, Unusable> {
        let sql = "SELECT tile_data FROM tiles
                   WHERE zoom_level = ?1 AND tile_column = ?2 AND tile_row = ?3";
        let from_south = (1_u32 << tile.z()) - 1 - tile.y();
        let read = || {
            let mut select = connection.prepare_cached(sql)?;
            let row = select.query_row((tile.z(), tile.x(), from_south), |row| {
                Ok(row
                    .get_ref(0)?
                    .as_bytes_or_null()?
                    .map(Bytes::copy_from_slice))
            });
            row.optional()
        };
        let bytes = read().map_err(|error| damaged(&error))?.flatten();
        let bytes = bytes.unwrap_or_default();
        if bytes.len() > MOST_BYTES {
            let bytes = bytes.len() as u64;
            return Err(Unusable::TooLarge { bytes });
        }
        let coding = if self.raster {
            Coding::Identity
        } else {
            coding(&bytes)
        };
        Ok(Stored { bytes, coding })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The coding of a vector tile, by its first bytes: gzip by the specification, and nothing or zstd in fact. No tile
/// that is not coded begins so: its first byte is the tag of a layer.
fn coding(bytes: &[u8]) -> Coding {
    match bytes {
        [0x1f, 0x8b, ..] => Coding::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Coding::Zstd,
        _ => Coding::Identity,
    }
}
