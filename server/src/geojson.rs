//! Features as GeoJSON text (RFC 7946), written straight into a buffer.
//!
//! Beside the members of the RFC a feature has `observed_at`, `stale_at` and `stale`, and on request
//! `trail`. What a viewer may not see is not in a [`Seen`], and so cannot get here.

use atalaya_tiles::{LayerSpec, Seen, ValueRef};
use geo_types::{Coord, Geometry, LineString, Polygon};
use jiff::Timestamp;

/// Appends a feature. `extra` are members for `properties` beside the layer's own fields.
pub fn push_feature(out: &mut Vec<u8>, spec: &LayerSpec, seen: &Seen, extra: &[(&str, Extra<'_>)]) {
    push_feature_at(out, spec, seen, seen.geometry().as_deref(), extra);
}

/// As [`push_feature`], with the geometry in other coordinates.
pub fn push_feature_at(
    out: &mut Vec<u8>,
    spec: &LayerSpec,
    seen: &Seen,
    geometry: Option<&Geometry<f64>>,
    extra: &[(&str, Extra<'_>)],
) {
    out.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
    push_text(out, seen.id());
    out.extend_from_slice(b",\"geometry\":");
    match geometry {
        Some(geometry) => push_geometry(out, geometry),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"properties\":{");
    let mut first = true;
    for (field, value) in seen.properties() {
        if let Some((name, _)) = spec.field_at(field) {
            push_key(out, &mut first, name);
            push_value(out, value);
        }
    }
    for (name, value) in extra {
        push_key(out, &mut first, name);
        match value {
            Extra::Number(number) => push_number(out, *number),
            Extra::Text(text) => push_text(out, text),
        }
    }
    out.extend_from_slice(b"},\"observed_at\":");
    push_time(out, seen.observed_at());
    if let Some(stale_at) = seen.stale_at() {
        out.extend_from_slice(b",\"stale_at\":");
        push_time(out, stale_at);
    }
    out.extend_from_slice(if seen.is_stale() {
        b",\"stale\":true}"
    } else {
        b",\"stale\":false}"
    });
}

/// A property that is not a field of the layer.
#[derive(Debug, Clone, Copy)]
pub enum Extra<'t> {
    /// A finite number.
    Number(f64),
    /// Text.
    Text(&'t str),
}

/// Adds a `trail` member to a feature that ends the buffer: positions with their instants, in the
/// coordinates of the geometry.
pub fn push_trail(out: &mut Vec<u8>, seen: &Seen, place: impl Fn(Coord<f64>) -> Coord<f64>) {
    if seen.trail().is_empty() || out.pop() != Some(b'}') {
        return;
    }
    out.extend_from_slice(b",\"trail\":[");
    for (at, fix) in seen.trail().iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"at\":");
        let here = Coord {
            x: fix.at.lon(),
            y: fix.at.lat(),
        };
        push_position(out, place(here));
        out.extend_from_slice(b",\"observed_at\":");
        push_time(out, fix.observed_at);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

/// Appends a feature collection of features that are already text.
pub fn collection(features: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec();
    for (at, feature) in features.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&feature);
    }
    out.extend_from_slice(b"]}");
    out
}

fn push_key(out: &mut Vec<u8>, first: &mut bool, name: &str) {
    if !std::mem::take(first) {
        out.push(b',');
    }
    push_text(out, name);
    out.push(b':');
}

/// Appends a JSON string.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    // Writing to a vector cannot fail, and a string is always valid JSON.
    if serde_json::to_writer(&mut *out, text).is_err() {
        out.extend_from_slice(b"\"\"");
    }
}

fn push_number(out: &mut Vec<u8>, number: f64) {
    if serde_json::to_writer(&mut *out, &number).is_err() {
        out.extend_from_slice(b"null");
    }
}

fn push_time(out: &mut Vec<u8>, at: Timestamp) {
    out.push(b'"');
    out.extend_from_slice(at.to_string().as_bytes());
    out.push(b'"');
}

/// Appends a property value: a time as RFC 3339 text, a list as an array.
pub fn push_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Text(text) => push_text(out, text),
        ValueRef::Integer(n) => out.extend_from_slice(n.to_string().as_bytes()),
        ValueRef::Number(x) => push_number(out, x),
        ValueRef::Boolean(b) => out.extend_from_slice(if b { b"true" } else { b"false" }),
        ValueRef::Time(at) => push_time(out, at),
        ValueRef::List(list) => push_array(out, list, |out, value| push_value(out, value.into())),
    }
}

fn push_array<T>(out: &mut Vec<u8>, items: &[T], push: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push(out, item);
    }
    out.push(b']');
}

/// Appends a geometry object.
pub fn push_geometry(out: &mut Vec<u8>, geometry: &Geometry<f64>) {
    let mut typed = |name: &str, coordinates: &dyn Fn(&mut Vec<u8>)| {
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(if name == "GeometryCollection" {
            b"\",\"geometries\":".as_slice()
        } else {
            b"\",\"coordinates\":".as_slice()
        });
        coordinates(out);
        out.push(b'}');
    };
    match geometry {
        Geometry::Point(point) => typed("Point", &|out| push_position(out, point.0)),
        Geometry::LineString(line) => typed("LineString", &|out| push_line(out, line)),
        Geometry::Line(line) => {
            let line = LineString::new(vec![line.start, line.end]);
            typed("LineString", &|out| push_line(out, &line));
        }
        Geometry::Polygon(polygon) => typed("Polygon", &|out| push_polygon(out, polygon)),
        Geometry::Rect(rect) => typed("Polygon", &|out| push_polygon(out, &rect.to_polygon())),
        Geometry::Triangle(triangle) => {
            typed("Polygon", &|out| push_polygon(out, &triangle.to_polygon()));
        }
        Geometry::MultiPoint(points) => typed("MultiPoint", &|out| {
            push_array(out, &points.0, |out, point| push_position(out, point.0));
        }),
        Geometry::MultiLineString(lines) => {
            typed("MultiLineString", &|out| {
                push_array(out, &lines.0, push_line);
            });
        }
        Geometry::MultiPolygon(polygons) => {
            typed("MultiPolygon", &|out| {
                push_array(out, &polygons.0, push_polygon);
            });
        }
        Geometry::GeometryCollection(parts) => {
            typed("GeometryCollection", &|out| {
                push_array(out, &parts.0, push_geometry);
            });
        }
    }
}

fn push_position(out: &mut Vec<u8>, at: Coord<f64>) {
    out.push(b'[');
    push_number(out, at.x);
    out.push(b',');
    push_number(out, at.y);
    out.push(b']');
}

fn push_line(out: &mut Vec<u8>, line: &LineString<f64>) {
    push_array(out, &line.0, |out, at| push_position(out, *at));
}

fn push_polygon(out: &mut Vec<u8>, polygon: &Polygon<f64>) {
    let rings: Vec<_> = std::iter::once(polygon.exterior())
        .chain(polygon.interiors())
        .collect();
    push_array(out, &rings, |out, ring| push_line(out, ring));
}
