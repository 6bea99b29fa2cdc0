//! Geometries in columns: well-known binary (OGC 06-103r4, clause 8), little endian, two dimensions.
//!
//! Coordinates come back bit for bit. A rectangle and a triangle come back as polygons, a single
//! segment as a line string: the format has no others.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon,
    Point, Polygon,
};

/// How deep collections may lie within collections.
const MAX_DEPTH: u8 = 16;

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POINT: u32 = 4;
const MULTI_LINE: u32 = 5;
const MULTI_POLYGON: u32 = 6;
const COLLECTION: u32 = 7;

/// Appends a geometry.
pub(crate) fn write(out: &mut Vec<u8>, geometry: &Geometry<f64>) {
    match geometry {
        Geometry::Point(point) => write_point(out, point),
        Geometry::Line(line) => write_line(out, &LineString::from(*line)),
        Geometry::LineString(line) => write_line(out, line),
        Geometry::Polygon(polygon) => write_polygon(out, polygon),
        Geometry::Rect(rect) => write_polygon(out, &rect.to_polygon()),
        Geometry::Triangle(triangle) => write_polygon(out, &triangle.to_polygon()),
        Geometry::MultiPoint(points) => write_parts(out, MULTI_POINT, &points.0, write_point),
        Geometry::MultiLineString(lines) => write_parts(out, MULTI_LINE, &lines.0, write_line),
        Geometry::MultiPolygon(areas) => write_parts(out, MULTI_POLYGON, &areas.0, write_polygon),
        Geometry::GeometryCollection(all) => write_parts(out, COLLECTION, &all.0, write),
    }
}

fn write_head(out: &mut Vec<u8>, kind: u32) {
    out.push(1);
    out.extend(kind.to_le_bytes());
}

fn write_count(out: &mut Vec<u8>, count: usize) {
    out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn write_coords(out: &mut Vec<u8>, coords: &[Coord<f64>]) {
    write_count(out, coords.len());
    for coord in coords {
        write_coord(out, *coord);
    }
}

fn write_coord(out: &mut Vec<u8>, coord: Coord<f64>) {
    out.extend(coord.x.to_le_bytes());
    out.extend(coord.y.to_le_bytes());
}

fn write_point(out: &mut Vec<u8>, point: &Point<f64>) {
    write_head(out, POINT);
    write_coord(out, point.0);
}

fn write_line(out: &mut Vec<u8>, line: &LineString<f64>) {
    write_head(out, LINE);
    write_coords(out, &line.0);
}

fn write_polygon(out: &mut Vec<u8>, polygon: &Polygon<f64>) {
    write_head(out, POLYGON);
    write_count(out, 1 + polygon.interiors().len());
    for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
        write_coords(out, &ring.0);
    }
}

fn write_parts<T>(out: &mut Vec<u8>, kind: u32, parts: &[T], write: fn(&mut Vec<u8>, &T)) {
    write_head(out, kind);
    write_count(out, parts.len());
    for part in parts {
        write(out, part);
    }
}

/// Reads a geometry that [`write`] wrote; `None` if it is none.
pub(crate) fn read(bytes: &[u8]) -> Option<Geometry<f64>> {
    let mut rest = bytes;
    let geometry = read_one(&mut rest, MAX_DEPTH)?;
    rest.is_empty().then_some(geometry)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn read_u32(rest: &mut &[u8]) -> Option<u32> {
    take(rest).map(u32::from_le_bytes)
}

fn read_coord(rest: &mut &[u8]) -> Option<Coord<f64>> {
    let x = take(rest).map(f64::from_le_bytes)?;
    let y = take(rest).map(f64::from_le_bytes)?;
    Some(Coord { x, y })
}

fn read_coords(rest: &mut &[u8]) -> Option<LineString<f64>> {
    read_many(rest, read_coord).map(LineString)
}

/// Reads a count and then as many parts; a count that is a lie ends with the bytes.
fn read_many<T>(rest: &mut &[u8], read: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = read_u32(rest)?;
    (0..count).map(|_| read(rest)).collect()
}

fn read_one(rest: &mut &[u8], depth: u8) -> Option<Geometry<f64>> {
    let depth = depth.checked_sub(1)?;
    let [order] = take(rest)?;
    if order != 1 {
        return None;
    }
    let part = |rest: &mut &[u8]| read_one(rest, depth);
    Some(match read_u32(rest)? {
        POINT => Geometry::Point(Point(read_coord(rest)?)),
        LINE => Geometry::LineString(read_coords(rest)?),
        POLYGON => {
            let mut rings = read_many(rest, read_coords)?.into_iter();
            Geometry::Polygon(Polygon::new(rings.next()?, rings.collect()))
        }
        MULTI_POINT => Geometry::MultiPoint(MultiPoint(read_many(rest, |rest| {
            Point::try_from(part(rest)?).ok()
        })?)),
        MULTI_LINE => Geometry::MultiLineString(MultiLineString(read_many(rest, |rest| {
            LineString::try_from(part(rest)?).ok()
        })?)),
        MULTI_POLYGON => Geometry::MultiPolygon(MultiPolygon(read_many(rest, |rest| {
            Polygon::try_from(part(rest)?).ok()
        })?)),
        COLLECTION => Geometry::GeometryCollection(GeometryCollection(read_many(rest, part)?)),
        _ => return None,
    })
}
