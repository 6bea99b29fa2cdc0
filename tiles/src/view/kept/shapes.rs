//! Geometries as bytes.

use super::Kept;
use geo_types::{
    Coord, Geometry, GeometryCollection, Line, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon, Rect, Triangle,
};

/// How deep collections are within one another. None is deeper that came in from outside.
const DEEPEST: u8 = 16;

impl Kept for Coord<f64> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.x, self.y).put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        <(f64, f64)>::take(from).map(Self::from)
    }
}

/// Appends what a collection has, each as coordinates or as something of its own.
fn put_each<'t, T: 't>(
    parts: impl ExactSizeIterator<Item = &'t T>,
    out: &mut Vec<u8>,
    put: impl Fn(&T, &mut Vec<u8>),
) {
    u32::try_from(parts.len()).unwrap_or(u32::MAX).put(out);
    for part in parts {
        put(part, out);
    }
}

fn take_each<T>(from: &mut &[u8], take: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = u32::take(from)?;
    let mut parts = Vec::new();
    for _ in 0..count {
        parts.push(take(from)?);
    }
    Some(parts)
}

fn put_line(line: &LineString<f64>, out: &mut Vec<u8>) {
    super::put_all(&line.0, out);
}

fn take_line(from: &mut &[u8]) -> Option<LineString<f64>> {
    let coords = <Box<[Coord<f64>]>>::take(from)?;
    Some(LineString(coords.into()))
}

fn put_polygon(polygon: &Polygon<f64>, out: &mut Vec<u8>) {
    put_line(polygon.exterior(), out);
    put_each(polygon.interiors().iter(), out, put_line);
}

fn take_polygon(from: &mut &[u8]) -> Option<Polygon<f64>> {
    let exterior = take_line(from)?;
    Some(Polygon::new(exterior, take_each(from, take_line)?))
}

impl Kept for Geometry<f64> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Point(point) => (0_u8.put(out), point.0.put(out)),
            Self::Line(line) => (1_u8.put(out), (line.start, line.end).put(out)),
            Self::LineString(line) => (2_u8.put(out), put_line(line, out)),
            Self::Polygon(polygon) => (3_u8.put(out), put_polygon(polygon, out)),
            Self::MultiPoint(points) => {
                let put = |point: &Point<f64>, out: &mut Vec<u8>| point.0.put(out);
                (4_u8.put(out), put_each(points.0.iter(), out, put))
            }
            Self::MultiLineString(lines) => {
                (5_u8.put(out), put_each(lines.0.iter(), out, put_line))
            }
            Self::MultiPolygon(polygons) => {
                (6_u8.put(out), put_each(polygons.0.iter(), out, put_polygon))
            }
            Self::GeometryCollection(parts) => {
                (7_u8.put(out), put_each(parts.0.iter(), out, Kept::put))
            }
            Self::Rect(rect) => (8_u8.put(out), (rect.min(), rect.max()).put(out)),
            Self::Triangle(triangle) => {
                let [a, b, c] = triangle.to_array();
                (9_u8.put(out), (a, (b, c)).put(out))
            }
        };
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        take_within(from, DEEPEST)
    }
}

fn take_within(from: &mut &[u8], deeper: u8) -> Option<Geometry<f64>> {
    Some(match u8::take(from)? {
        0 => Point(Coord::take(from)?).into(),
        1 => Line::new(Coord::take(from)?, Coord::take(from)?).into(),
        2 => take_line(from)?.into(),
        3 => take_polygon(from)?.into(),
        4 => MultiPoint(take_each(from, |from| Coord::take(from).map(Point))?).into(),
        5 => MultiLineString(take_each(from, take_line)?).into(),
        6 => MultiPolygon(take_each(from, take_polygon)?).into(),
        7 => {
            let deeper = deeper.checked_sub(1)?;
            let parts = take_each(from, |from| take_within(from, deeper))?;
            Geometry::GeometryCollection(GeometryCollection(parts))
        }
        8 => Rect::new(Coord::take(from)?, Coord::take(from)?).into(),
        9 => {
            let (a, (b, c)) = Kept::take(from)?;
            Triangle::new(a, b, c).into()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
