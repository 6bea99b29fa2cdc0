//! Shapefiles: `.shp` with its `.dbf` and `.prj`, read by geozero.
//!
//! Refuses a file without `.dbf`; one without `.prj` unless it is told its coordinate system; a `.dbf` with
//! deleted rows, since shapes and rows are matched by their order; and headers that say more than there is.
//! The `.shx` is not looked at: shapes are read in their order.

use super::measured::{self, Measure, Measured};
use super::{BadFile, Crs, Draft, Place, Records, Source, Unread, geometry_json, number};
use crate::regular;
use atalaya_tiles::holes_at_home;
use geo_types::{
    Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use geozero::shp::ShpReader;
use geozero::{ColumnValue, FeatureProcessor, GeomProcessor, PropertyProcessor};
use serde_json::{Map, Value as Json};
use std::cell::RefCell;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

/// The header of a `.shp`.
const SHP_HEADER: u64 = 100;
/// The header of a `.dbf` without any column.
const DBF_HEADER: u64 = 33;
/// More than a description of a coordinate system has.
const MAX_PRJ_BYTES: u64 = 1 << 20;

pub(super) fn open(path: &Path, crs: Option<Crs>) -> Result<Source, BadFile> {
    let content = |reason: String| BadFile::Content {
        path: path.to_owned(),
        reason,
    };
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |cause| BadFile::Unreadable { path, cause }
    };
    let crs = match crs {
        Some(told) => told,
        None => prj(path)?,
    };
    let dbf = path.with_extension("dbf");
    let rows = rows(&dbf)?;
    let (shapes, measure) = measured::open(path).map_err(unreadable(path))?;
    let end = end_of_shapes(&measure).map_err(content)?;
    let (table, _) = measured::open(&dbf).map_err(unreadable(&dbf))?;
    let mut reader = ShpReader::new(shapes).map_err(|cause| content(cause.to_string()))?;
    let added = reader.add_dbf_source(table);
    added.map_err(|cause| content(cause.to_string()))?;
    let fields = reader
        .dbf_fields()
        .map_err(|cause| content(cause.to_string()))?;
    let columns = fields.iter().map(|field| field.name().to_owned()).collect();
    Ok(Source {
        crs,
        columns: Some(columns),
        place: Place::Geometry,
        count: Some(u64::from(rows)),
        records: records(reader, measure, end),
    })
}

/// Where the shapes end by the header, which is within the file.
fn end_of_shapes(measure: &Measure) -> Result<u64, String> {
    let length = measure.length();
    let Some(words) = measure.bytes(24) else {
        return Err(format!("it has {length} bytes, and a header {SHP_HEADER}"));
    };
    let end = i64::from(i32::from_be_bytes(words)) * 2;
    let within = u64::try_from(end)
        .ok()
        .filter(|end| (SHP_HEADER..=length).contains(end));
    within.ok_or_else(|| format!("its header says that it has {end} bytes, and it has {length}"))
}

/// What the next shape says of its own length is within the file.
fn fits(measure: &Measure, end: u64) -> Result<(), String> {
    let at = measure.at();
    let Some(header) = measure.bytes::<8>(at).filter(|_| at < end) else {
        return Ok(());
    };
    let [_, _, _, _, words @ ..] = header;
    let bytes = i64::from(i32::from_be_bytes(words)) * 2;
    let left = measure.after(at + 8);
    match u64::try_from(bytes) {
        // The kind of the shape is always there.
        Ok(bytes) if (4..=left).contains(&bytes) => Ok(()),
        _ => Err(format!(
            "a shape says that it has {bytes} bytes, and {left} are left"
        )),
    }
}

fn prj(path: &Path) -> Result<Crs, BadFile> {
    let prj = path.with_extension("prj");
    let text = regular::read(&prj, MAX_PRJ_BYTES).map_err(|cause| BadFile::Content {
        path: path.to_owned(),
        reason: format!(
            "{}: {cause}; name the coordinate system with --crs EPSG:n",
            prj.display()
        ),
    })?;
    Crs::of_wkt(&String::from_utf8_lossy(&text)).map_err(|cause| BadFile::Crs { path: prj, cause })
}

/// How many rows a `.dbf` has, none of which may be deleted.
fn rows(path: &Path) -> Result<u32, BadFile> {
    let unreadable = |cause| BadFile::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let mut file = BufReader::new(regular::open(path).map_err(unreadable)?);
    let mut header = [0; 12];
    file.read_exact(&mut header).map_err(unreadable)?;
    let [_, _, _, _, rows @ .., f0, f1, r0, r1] = header;
    let rows = u32::from_le_bytes(rows);
    let (first, each) = (u16::from_le_bytes([f0, f1]), u16::from_le_bytes([r0, r1]));
    let first = u64::from(first);
    if first < DBF_HEADER {
        return Err(BadFile::Content {
            path: path.to_owned(),
            reason: format!(
                "it says that its header has {first} bytes; the shortest has {DBF_HEADER}"
            ),
        });
    }
    file.seek(SeekFrom::Start(first)).map_err(unreadable)?;
    let mut row = vec![0; usize::from(each.max(1))];
    for at in 0..rows {
        file.read_exact(&mut row).map_err(unreadable)?;
        if row.first() == Some(&b'*') {
            return Err(BadFile::Content {
                path: path.to_owned(),
                reason: format!("row {at} is marked as deleted; pack the file first"),
            });
        }
    }
    Ok(rows)
}

fn records(reader: ShpReader<Measured>, measure: Measure, end: u64) -> Records {
    // The iterator of geozero borrows what it writes to, so the hand that writes stays for ever: a few
    // bytes for each file, in a command that reads one.
    let shape: Rc<RefCell<Building>> = Rc::default();
    let hand: &'static mut Hand = Box::leak(Box::new(Hand(Rc::clone(&shape))));
    let mut features = match reader.iter_features(hand) {
        Ok(features) => features,
        Err(cause) => return Box::new(std::iter::once(Err(Unread::Rest(cause.to_string())))),
    };
    Box::new(std::iter::from_fn(move || {
        *shape.borrow_mut() = Building::default();
        if let Err(reason) = fits(&measure, end) {
            return Some(Err(Unread::Rest(reason)));
        }
        let next = features.next()?;
        let built = shape.take();
        Some(match next {
            Ok(_) => Ok(built.draft()),
            Err(cause) => Err(Unread::Rest(cause.to_string())),
        })
    }))
}

/// A record in the making.
#[derive(Debug, Default)]
struct Building {
    properties: Map<String, Json>,
    positions: Vec<Coord<f64>>,
    lines: Vec<LineString<f64>>,
    polygons: Vec<Polygon<f64>>,
    geometry: Option<Geometry<f64>>,
}

impl Building {
    fn draft(self) -> Draft {
        Draft {
            geometry: self.geometry.as_ref().map_or(Json::Null, geometry_json),
            properties: self.properties,
            ..Draft::default()
        }
    }
}

/// Writes what geozero reads.
struct Hand(Rc<RefCell<Building>>);

type Done = geozero::error::Result<()>;

impl PropertyProcessor for Hand {
    fn property(
        &mut self,
        _: usize,
        name: &str,
        value: &ColumnValue<'_>,
    ) -> geozero::error::Result<bool> {
        self.0
            .borrow_mut()
            .properties
            .insert(name.to_owned(), json_of(value));
        Ok(false)
    }
}

/// A value of a column as JSON.
pub(super) fn json_of(value: &ColumnValue<'_>) -> Json {
    match value {
        ColumnValue::Byte(x) => (*x).into(),
        ColumnValue::UByte(x) => (*x).into(),
        ColumnValue::Bool(x) => (*x).into(),
        ColumnValue::Short(x) => (*x).into(),
        ColumnValue::UShort(x) => (*x).into(),
        ColumnValue::Int(x) => (*x).into(),
        ColumnValue::UInt(x) => (*x).into(),
        ColumnValue::Long(x) => (*x).into(),
        ColumnValue::ULong(x) => (*x).into(),
        ColumnValue::Float(x) => number(f64::from(*x)),
        ColumnValue::Double(x) => number(*x),
        ColumnValue::String(text) | ColumnValue::DateTime(text) => text.trim().into(),
        ColumnValue::Json(text) => serde_json::from_str(text).unwrap_or(Json::Null),
        ColumnValue::Binary(_) => Json::Null,
    }
}

impl FeatureProcessor for Hand {}

impl GeomProcessor for Hand {
    fn xy(&mut self, x: f64, y: f64, _: usize) -> Done {
        self.0.borrow_mut().positions.push(Coord { x, y });
        Ok(())
    }

    fn point_end(&mut self, _: usize) -> Done {
        let mut building = self.0.borrow_mut();
        let position = building.positions.pop();
        building.geometry = position.map(|at| Geometry::Point(Point(at)));
        Ok(())
    }

    fn multipoint_end(&mut self, _: usize) -> Done {
        let mut building = self.0.borrow_mut();
        let points = std::mem::take(&mut building.positions);
        building.geometry = Some(Geometry::MultiPoint(MultiPoint(
            points.into_iter().map(Point).collect(),
        )));
        Ok(())
    }

    fn linestring_end(&mut self, _: bool, _: usize) -> Done {
        let mut building = self.0.borrow_mut();
        let positions = std::mem::take(&mut building.positions);
        building.lines.push(LineString(positions));
        Ok(())
    }

    fn multilinestring_end(&mut self, _: usize) -> Done {
        let mut building = self.0.borrow_mut();
        let lines = std::mem::take(&mut building.lines);
        building.geometry = Some(Geometry::MultiLineString(MultiLineString(lines)));
        Ok(())
    }

    fn polygon_end(&mut self, _: bool, _: usize) -> Done {
        let mut building = self.0.borrow_mut();
        let mut rings = std::mem::take(&mut building.lines).into_iter();
        if let Some(exterior) = rings.next() {
            building
                .polygons
                .push(Polygon::new(exterior, rings.collect()));
        }
        Ok(())
    }

    fn multipolygon_end(&mut self, _: usize) -> Done {
        let mut building = self.0.borrow_mut();
        let polygons = holes_at_home(std::mem::take(&mut building.polygons));
        building.geometry = Some(Geometry::MultiPolygon(MultiPolygon(polygons)));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
