//! `FlatGeobuf`: the coordinate system of the header, records in the order of the file.
//!
//! Refuses a feature that reaches beyond the file, and one whose parts reach beyond it.

use super::guard::guarded;
use super::measured::{self, Measure};
use super::{BadFile, Crs, Draft, Place, Source, Unread, geometry_json};
use atalaya_tiles::MAX_POSITIONS;
use flatgeobuf::{
    FallibleStreamingIterator, FeatureProperties, FgbFeature, FgbReader, Geometry, Header,
};
use geozero::error::GeozeroError;
use geozero::{ColumnValue, PropertyProcessor, ToGeo};
use serde_json::{Map, Value as Json};
use std::path::Path;

/// The most columns of a file.
const MAX_COLUMNS: usize = 4_096;
/// The most bytes of the name of a column: every property of every feature repeats it here.
const MAX_NAME_BYTES: usize = 1_024;

pub(super) fn open(path: &Path, crs: Option<Crs>) -> Result<Source, BadFile> {
    let content = |reason: String| BadFile::Content {
        path: path.to_owned(),
        reason,
    };
    let (file, measure) = measured::open(path).map_err(|cause| BadFile::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    let reader = FgbReader::open(file).map_err(|cause| content(cause.to_string()))?;
    let crs = match crs {
        Some(told) => told,
        None => crs_of(&reader.header()).map_err(|cause| BadFile::Crs {
            path: path.to_owned(),
            cause,
        })?,
    };
    let columns = columns(&reader.header()).map_err(content)?;
    let count = Some(reader.header().features_count()).filter(|count| *count > 0);
    let mut features = reader
        .select_all_seq()
        .map_err(|cause| content(cause.to_string()))?;
    // The reader has read the length of the first feature already.
    let mut starts = Some(measure.at().saturating_sub(LENGTH));
    let width = columns.len();
    let records = std::iter::from_fn(move || {
        let at = starts.take().unwrap_or_else(|| measure.at());
        if let Err(reason) = fits(&measure, at) {
            return Some(Err(Unread::Rest(reason)));
        }
        match features.next() {
            Ok(None) => None,
            Ok(Some(feature)) => Some(
                guarded(|| draft(feature, width))
                    .unwrap_or_else(|reason| Err(Unread::Record(reason.to_owned()))),
            ),
            Err(cause) => Some(Err(Unread::Rest(cause.to_string()))),
        }
    });
    Ok(Source {
        crs,
        columns: Some(columns),
        place: Place::Geometry,
        count,
        records: Box::new(records),
    })
}

fn columns(header: &Header<'_>) -> Result<Vec<String>, String> {
    let Some(columns) = header.columns() else {
        return Ok(Vec::new());
    };
    let count = columns.len();
    if count > MAX_COLUMNS {
        return Err(format!("it has {count} columns; the most is {MAX_COLUMNS}"));
    }
    let names = columns.iter().map(|column| {
        let name = column.name();
        let bytes = name.len();
        if bytes > MAX_NAME_BYTES {
            return Err(format!(
                "the name of a column has {bytes} bytes; the most is {MAX_NAME_BYTES}"
            ));
        }
        Ok(name.to_owned())
    });
    names.collect()
}

/// The bytes in which a feature says how long it is.
const LENGTH: u64 = 4;

/// What a feature says of its own length, at a place of the file, is within the file.
fn fits(measure: &Measure, at: u64) -> Result<(), String> {
    let Some(length) = measure.bytes(at) else {
        return Ok(());
    };
    let bytes = u32::from_le_bytes(length);
    let left = measure.after(at + LENGTH);
    if u64::from(bytes) > left {
        return Err(format!(
            "a feature says that it has {bytes} bytes, and {left} are left"
        ));
    }
    Ok(())
}

/// The system of the header; a file without one is taken for WGS 84, as GDAL writes it.
fn crs_of(header: &Header<'_>) -> Result<Crs, super::BadCrs> {
    let Some(crs) = header.crs() else {
        return Ok(Crs::wgs84());
    };
    let of_epsg = crs.org().is_none_or(|org| org.eq_ignore_ascii_case("EPSG"));
    match (u32::try_from(crs.code()), crs.wkt()) {
        (Ok(code), _) if code > 0 && of_epsg => Crs::epsg(code),
        (_, Some(wkt)) => Crs::of_wkt(wkt),
        (Ok(0), None) => Ok(Crs::wgs84()),
        _ => Err(super::BadCrs::Code(format!(
            "{}:{}",
            crs.org().unwrap_or("EPSG"),
            crs.code()
        ))),
    }
}

fn draft(feature: &FgbFeature, width: usize) -> Result<Draft, Unread> {
    let mut geometry = Json::Null;
    if let Some(found) = feature.geometry() {
        let mut left = MAX_POSITIONS;
        is_sound(&found, &mut left).map_err(Unread::Record)?;
        let read = feature.to_geo();
        geometry = geometry_json(&read.map_err(|cause| Unread::Record(cause.to_string()))?);
    }
    let mut properties = Properties {
        found: Map::new(),
        left: width,
    };
    let read = feature.process_properties(&mut properties);
    read.map_err(|cause| Unread::Record(cause.to_string()))?;
    Ok(Draft {
        geometry,
        properties: properties.found,
        ..Draft::default()
    })
}

/// A geometry whose parts lie within it, and which takes `left` positions at most: the same part may
/// stand in many places of a file, and would be read once for each.
fn is_sound(geometry: &Geometry<'_>, left: &mut usize) -> Result<(), String> {
    let numbers = geometry.xy().map_or(0, |xy| xy.len());
    let positions = numbers / 2;
    // A part without positions costs something too.
    *left = left
        .checked_sub(positions.max(1))
        .ok_or_else(|| format!("it has more than {MAX_POSITIONS} positions"))?;
    let mut last = 0;
    for end in geometry.ends().into_iter().flatten() {
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        if end < last || end > positions {
            return Err(format!(
                "a part of it ends at {end}, and it has {positions} positions"
            ));
        }
        last = end;
    }
    if !numbers.is_multiple_of(2) {
        return Err("its last position has one number".to_owned());
    }
    let mut parts = geometry.parts().into_iter().flatten();
    parts.try_for_each(|part| is_sound(&part, left))
}

struct Properties {
    found: Map<String, Json>,
    /// How many more there may be: each column is said once.
    left: usize,
}

impl PropertyProcessor for Properties {
    fn property(
        &mut self,
        _: usize,
        name: &str,
        value: &ColumnValue<'_>,
    ) -> geozero::error::Result<bool> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| {
            GeozeroError::Property("it has more properties than the file has columns".to_owned())
        })?;
        let value = super::shapefile::json_of(value);
        self.found.insert(name.to_owned(), value);
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
