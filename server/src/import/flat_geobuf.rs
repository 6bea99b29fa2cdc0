//! `FlatGeobuf`: the coordinate system of the header, records in the order of the file.

use super::{BadFile, Crs, Draft, Place, Source, Unread, geometry_json};
use flatgeobuf::{FallibleStreamingIterator, FeatureProperties, FgbFeature, FgbReader, Header};
use geozero::{ColumnValue, PropertyProcessor, ToGeo};
use serde_json::{Map, Value as Json};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub(super) fn open(path: &Path, crs: Option<Crs>) -> Result<Source, BadFile> {
    let content = |reason: String| BadFile::Content {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(|cause| BadFile::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    let reader =
        FgbReader::open(BufReader::new(file)).map_err(|cause| content(cause.to_string()))?;
    let crs = match crs {
        Some(told) => told,
        None => crs_of(&reader.header()).map_err(|cause| BadFile::Crs {
            path: path.to_owned(),
            cause,
        })?,
    };
    let columns = reader.header().columns();
    let columns = columns.map(|columns| {
        columns
            .iter()
            .map(|column| column.name().to_owned())
            .collect()
    });
    let count = Some(reader.header().features_count()).filter(|count| *count > 0);
    let mut features = reader
        .select_all_seq()
        .map_err(|cause| content(cause.to_string()))?;
    let mut broken = false;
    let records = std::iter::from_fn(move || {
        if broken {
            return None;
        }
        match features.next() {
            Ok(None) => None,
            Ok(Some(feature)) => Some(draft(feature)),
            Err(cause) => {
                broken = true;
                Some(Err(Unread::Rest(cause.to_string())))
            }
        }
    });
    Ok(Source {
        crs,
        columns: Some(columns.unwrap_or_default()),
        place: Place::Geometry,
        count,
        records: Box::new(records),
    })
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

fn draft(feature: &FgbFeature) -> Result<Draft, Unread> {
    let mut geometry = Json::Null;
    if feature.geometry().is_some() {
        let read = feature.to_geo();
        geometry = geometry_json(&read.map_err(|cause| Unread::Record(cause.to_string()))?);
    }
    let mut properties = Properties::default();
    let read = feature.process_properties(&mut properties);
    read.map_err(|cause| Unread::Record(cause.to_string()))?;
    Ok(Draft {
        geometry,
        properties: properties.0,
        ..Draft::default()
    })
}

#[derive(Default)]
struct Properties(Map<String, Json>);

impl PropertyProcessor for Properties {
    fn property(
        &mut self,
        _: usize,
        name: &str,
        value: &ColumnValue<'_>,
    ) -> geozero::error::Result<bool> {
        self.0
            .insert(name.to_owned(), super::shapefile::json_of(value));
        Ok(false)
    }
}
