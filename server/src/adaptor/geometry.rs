//! Geometry as feeds send it: the `GeoJSON` of RFC 7946, read into a [`Shape`] that the core checks
//! ([`LayerSpec::admit`](atalaya_tiles::LayerSpec::admit)). Collections are read where all their members are of one kind;
//! a third coordinate is dropped.

use atalaya_tiles::{BadShape, Shape};
use geo_types::Coord;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The most collections within one another.
const MAX_DEPTH: u8 = 4;

/// Why a geometry is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadGeometry {
    /// Not the `GeoJSON` it claims to be.
    #[error("no GeoJSON geometry: {0}")]
    Malformed(String),
    /// A type that `GeoJSON` does not have.
    #[error("\"{0}\" is no GeoJSON geometry type")]
    Type(String),
    /// Collections within collections.
    #[error("geometry collections are nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// A shape that cannot be one geometry.
    #[error(transparent)]
    Shape(#[from] BadShape),
}

/// Reads a `GeoJSON` geometry object; `null` is no geometry.
pub fn read(json: &str) -> Result<Option<Shape>, BadGeometry> {
    read_nested(json, MAX_DEPTH)
}

/// A geometry object with its members still as text, so that each is read once, as what it is.
#[derive(serde::Deserialize)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    coordinates: Option<&'a RawValue>,
    #[serde(borrow, default)]
    geometries: Option<Vec<&'a RawValue>>,
}

fn malformed(error: &serde_json::Error) -> BadGeometry {
    BadGeometry::Malformed(error.to_string())
}

fn read_nested(json: &str, depth: u8) -> Result<Option<Shape>, BadGeometry> {
    let raw: Option<Raw<'_>> = serde_json::from_str(json).map_err(|e| malformed(&e))?;
    let Some(raw) = raw else { return Ok(None) };
    let coordinates = raw.coordinates.map_or("null", RawValue::get);
    let shape = match raw.kind.as_ref() {
        "Point" => Shape::Points(vec![from::<Position>(coordinates)?.0]),
        "MultiPoint" => Shape::Points(from::<Line>(coordinates)?.0),
        "LineString" => Shape::Lines(vec![from::<Line>(coordinates)?.0]),
        "MultiLineString" => Shape::Lines(lines(from(coordinates)?)),
        "Polygon" => Shape::Polygons(vec![lines(from(coordinates)?)]),
        "MultiPolygon" => {
            let polygons: Vec<Vec<Line>> = from(coordinates)?;
            Shape::Polygons(polygons.into_iter().map(lines).collect())
        }
        "GeometryCollection" => {
            return read_collection(&raw.geometries.unwrap_or_default(), depth).map(Some);
        }
        other => return Err(BadGeometry::Type(other.chars().take(40).collect())),
    };
    Ok(Some(shape))
}

fn read_collection(members: &[&RawValue], depth: u8) -> Result<Shape, BadGeometry> {
    let depth = depth.checked_sub(1).ok_or(BadGeometry::TooDeep)?;
    let mut all: Option<Shape> = None;
    for member in members {
        let Some(shape) = read_nested(member.get(), depth)? else {
            continue;
        };
        match &mut all {
            None => all = Some(shape),
            Some(all) => all.merge(shape)?,
        }
    }
    Ok(all.ok_or(BadShape::Empty)?)
}

fn from<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, BadGeometry> {
    serde_json::from_str(json).map_err(|e| malformed(&e))
}

fn lines(raw: Vec<Line>) -> Vec<Vec<Coord<f64>>> {
    raw.into_iter().map(|line| line.0).collect()
}

/// A position of two numbers or more; the third and later ones are dropped.
struct Position(Coord<f64>);

struct Line(Vec<Coord<f64>>);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PositionVisitor)
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let positions = Vec::<Position>::deserialize(deserializer)?;
        Ok(Self(positions.into_iter().map(|at| at.0).collect()))
    }
}

struct PositionVisitor;

impl<'de> Visitor<'de> for PositionVisitor {
    type Value = Position;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a position of two or more numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Position, A::Error> {
        let short = |had| de::Error::invalid_length(had, &self);
        let x: f64 = seq.next_element()?.ok_or_else(|| short(0))?;
        let y: f64 = seq.next_element()?.ok_or_else(|| short(1))?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Position(Coord { x, y }))
    }
}

#[cfg(test)]
mod tests;
