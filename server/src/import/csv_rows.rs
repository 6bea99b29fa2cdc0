//! Delimited text (RFC 4180) with a header row: comma, semicolon, tab or bar, whichever the header has
//! most of. Columns of positions are named by `--map lon=… lat=…`, else known by their usual names.

use super::{BadFile, Crs, Draft, Place, Positions, Source, Unread, number};
use crate::adaptor::cell;
use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value as Json, json};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
const LONGITUDES: [&str; 7] = ["lon", "longitude", "lng", "long", "x", "point_x", "x_coord"];
const LATITUDES: [&str; 6] = ["lat", "latitude", "y", "point_y", "y_coord", "lat_dd"];

pub(super) fn open(
    path: &Path,
    crs: Option<Crs>,
    positions: Positions<'_>,
) -> Result<Source, BadFile> {
    let unreadable = |cause| BadFile::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let content = |reason: String| BadFile::Content {
        path: path.to_owned(),
        reason,
    };
    let mut first = Vec::new();
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    file.read_until(b'\n', &mut first).map_err(unreadable)?;
    let delimiter = delimiter(&String::from_utf8_lossy(&first));
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let header = reader
        .headers()
        .map_err(|cause| content(cause.to_string()))?;
    let columns: Vec<String> = header
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
        .collect();
    if columns.iter().all(String::is_empty) {
        return Err(content(
            "it has no first row with the names of columns".into(),
        ));
    }
    let place = place(&columns, positions).map_err(content)?;
    let named = columns.clone();
    let name = |at: usize| columns.get(at).cloned().unwrap_or_default();
    let from = place.map_or(Place::Nowhere, |(lon, lat)| {
        Place::Columns(name(lon), name(lat))
    });
    let mut rows = reader.into_records();
    let mut broken = false;
    let records = std::iter::from_fn(move || {
        if broken {
            return None;
        }
        let row = rows.next()?;
        let draft = row.map_err(|cause| {
            broken = cause.is_io_error();
            if broken {
                return Unread::Rest(cause.to_string());
            }
            Unread::Record(cell::no_row(&cause))
        });
        Some(draft.and_then(|row| draft_of(&named, place, &row)))
    });
    Ok(Source {
        crs: crs.unwrap_or_else(Crs::wgs84),
        columns: Some(columns),
        place: from,
        count: None,
        records: Box::new(records),
    })
}

fn delimiter(header: &str) -> u8 {
    let count = |delimiter: &char| header.matches(*delimiter).count();
    let most = DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(count)
        .unwrap_or(',');
    u8::try_from(most).unwrap_or(b',')
}

/// The columns of the position: both or neither.
fn place(columns: &[String], positions: Positions<'_>) -> Result<Option<(usize, usize)>, String> {
    let at = |named: Option<&str>, usual: &[&str]| match named {
        Some(named) => {
            let at = columns.iter().position(|column| column == named);
            let missing = || {
                format!(
                    "there is no column \"{named}\"; there are {}",
                    columns.join(", ")
                )
            };
            at.map(Some).ok_or_else(missing)
        }
        None => Ok(usual.iter().find_map(|name| {
            columns
                .iter()
                .position(|column| column.eq_ignore_ascii_case(name))
        })),
    };
    let (lon, lat) = (
        at(positions.lon, &LONGITUDES)?,
        at(positions.lat, &LATITUDES)?,
    );
    match (lon, lat) {
        (Some(lon), Some(lat)) => Ok(Some((lon, lat))),
        (None, None) => Ok(None),
        _ => Err(format!(
            "one of longitude and latitude is missing; there are {}",
            columns.join(", ")
        )),
    }
}

fn draft_of(
    columns: &[String],
    place: Option<(usize, usize)>,
    row: &StringRecord,
) -> Result<Draft, Unread> {
    let text = |at: usize| row.get(at).unwrap_or_default().trim();
    let line = cell::line(row);
    let geometry = match place {
        Some((lon, lat)) if !(cell::is_absent(text(lon)) && cell::is_absent(text(lat))) => {
            let degrees = |at: usize| {
                let column = columns.get(at).map(String::as_str);
                let bad = |reason: String| Unread::Record(cell::at(line, column, &reason));
                cell::degrees(text(at)).map_err(bad)
            };
            json!({ "type": "Point", "coordinates": [number(degrees(lon)?), number(degrees(lat)?)] })
        }
        _ => Json::Null,
    };
    let mut properties = Map::new();
    for (at, column) in columns.iter().enumerate() {
        let is_place = place.is_some_and(|(lon, lat)| at == lon || at == lat);
        if !is_place && !text(at).is_empty() {
            properties.insert(column.clone(), text(at).into());
        }
    }
    Ok(Draft {
        geometry,
        properties,
        line: Some(line),
        ..Draft::default()
    })
}
