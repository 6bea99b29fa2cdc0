//! Reading files for an import: what is in a file, record by record, as GeoJSON features in WGS 84.
//!
//! ```text
//! file ──open──▶ Source { crs, columns, records } ──Mapping, Crs──▶ GeoJSON Feature ──▶ adaptor
//! ```
//!
//! Promises: formats differ here and nowhere else; a record that cannot be read costs only itself;
//! the position of a record is the same at every reading of the file, so that an import resumes and
//! an id made from it is stable. A file that is made to mislead its reader costs a reason: what it says of
//! its own lengths is held against the file, and where a reader panics nevertheless, the file ends there.
//! Positions leave in WGS 84 whatever the file has.
//!
//! Refuses: to guess a coordinate system. A file that names one that is not known needs `--crs`.
//!
//! GeoJSON is held in memory whole while it is read; the other formats are streamed.

mod csv_rows;
mod flat_geobuf;
mod geojson_text;
mod guard;
mod known;
mod mapping;
mod measured;
mod projection;
mod shapefile;
mod streets;
mod wkt;

pub(crate) use mapping::Mapping;
pub(crate) use projection::{BadCrs, Crs};
pub(crate) use streets::source_layer;

use serde_json::{Map, Value as Json};
use std::path::{Path, PathBuf};

/// The names of formats with the endings by which they are recognised.
pub(crate) const FORMATS: &str = "GeoJSON (.geojson, .json), GeoJSONSeq (.geojsonl, .geojsons, \
     .ndjson), CSV (.csv, .tsv), Shapefile (.shp) and FlatGeobuf (.fgb)";

/// A file that cannot be imported at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadFile {
    /// It is not there, or not for us to read.
    #[error("{}: {cause}", .path.display())]
    Unreadable {
        path: PathBuf,
        cause: std::io::Error,
    },
    /// Its ending says nothing.
    #[error("{}: the ending says no format; there are {FORMATS}", .path.display())]
    Format { path: PathBuf },
    /// It is not what its ending says.
    #[error("{}: {reason}", .path.display())]
    Content { path: PathBuf, reason: String },
    /// Its coordinate system is not known.
    #[error("{}: {cause}; name one with --crs EPSG:n", .path.display())]
    Crs { path: PathBuf, cause: BadCrs },
}

/// What stands in the place of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The record is bad; the next may be good.
    Record(String),
    /// Nothing after this can be read.
    Rest(String),
}

/// A record as the file has it: names are the file's, positions are in its coordinate system.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Draft {
    /// The id that the format itself has a place for.
    pub(crate) id: Option<Json>,
    /// A GeoJSON geometry, or null.
    pub(crate) geometry: Json,
    /// What the record says.
    pub(crate) properties: Map<String, Json>,
    /// `observed_at` and its like, where they stand beside the properties.
    pub(crate) instants: Map<String, Json>,
    /// The line that the record begins in, from 1, where the format has lines that people look at.
    pub(crate) line: Option<u64>,
}

/// The records of a file.
pub(crate) type Records = Box<dyn Iterator<Item = Result<Draft, Unread>>>;

/// Where the positions of records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The format has its own place for them.
    Geometry,
    /// Two columns: that of longitudes or eastings, and that of latitudes or northings.
    Columns(String, String),
    /// Columns, and none of them is known to be of positions.
    Nowhere,
}

/// A file, opened.
pub(crate) struct Source {
    /// The coordinate system that the file says it has.
    pub(crate) crs: Crs,
    /// The columns, where the format has such.
    pub(crate) columns: Option<Vec<String>>,
    /// Where positions come from.
    pub(crate) place: Place,
    /// How many records there are, where the file says.
    pub(crate) count: Option<u64>,
    /// The records in order.
    pub(crate) records: Records,
}

/// The column names that an opener needs to know.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Positions<'a> {
    /// The column of longitudes or eastings, if named.
    pub(crate) lon: Option<&'a str>,
    /// The column of latitudes or northings, if named.
    pub(crate) lat: Option<&'a str>,
}

/// Opens a file by what its name ends in. `crs` is what the file is told to have, whatever it says.
pub(crate) fn open(
    path: &Path,
    crs: Option<Crs>,
    positions: Positions<'_>,
) -> Result<Source, BadFile> {
    let unreadable = |cause| BadFile::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    let content = |reason: &str| BadFile::Content {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    if meta.is_dir() {
        return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
    }
    if !meta.is_file() {
        return Err(content("it is no regular file"));
    }
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let opened = guard::guarded(|| match ending.to_ascii_lowercase().as_str() {
        "geojson" | "json" | "geojsonl" | "geojsons" | "ndjson" => geojson_text::open(path, crs),
        "csv" | "tsv" => csv_rows::open(path, crs, positions),
        "shp" => shapefile::open(path, crs),
        "fgb" => flat_geobuf::open(path, crs),
        _ => Err(BadFile::Format {
            path: path.to_owned(),
        }),
    });
    let source = opened.map_err(content)??;
    Ok(Source {
        records: guard::until_broken(source.records),
        ..source
    })
}

/// A whole number as such, any other finite one as it is, the rest as null.
fn number(value: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        // Through text: there is no cast that cannot truncate.
        return format!("{value:.0}")
            .parse::<i64>()
            .map_or(Json::Null, Json::from);
    }
    serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number)
}

/// A geometry as JSON.
fn geometry_json(geometry: &geo_types::Geometry<f64>) -> Json {
    let mut text = Vec::new();
    crate::geojson::push_geometry(&mut text, geometry);
    serde_json::from_slice(&text).unwrap_or(Json::Null)
}

#[cfg(test)]
mod tests;
