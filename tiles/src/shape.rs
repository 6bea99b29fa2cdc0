//! Shapes: geometry from outside, not yet trusted, and what makes a [`Geometry`] of it.
//!
//! A [`Shape`] is positions, lines or rings as they were read. [`LayerSpec::admit`] makes a geometry of it, or says what is
//! wrong with it in words that its sender can act on.
//!
//! Promises, for every geometry that it hands out:
//! - every position is finite and on the globe, and none is a placeholder: `[0, 0]` and `[-1, -1]`
//!   are what geocoders write when they found nothing;
//! - a line has a length; a ring is closed, and its polygon is valid as OGC Simple Features has it
//!   (rings neither cross nor touch themselves, holes lie inside); exteriors are counter-clockwise
//!   (RFC 7946 section 3.1.6) however they came;
//! - its kind is one that the layer takes, and it has at most [`MAX_POSITIONS`] positions.
//!
//! Refuses, never repairs: an unclosed ring is rejected, naming both ends, since closing it may draw
//! an edge that nobody meant. Positions in the wrong order are recognised only where a latitude
//! beyond ±90 proves it, and rejected all the same. A position that repeats the one before it is dropped.

mod rings;
mod validity;

use crate::{GeometryKind, LayerKind, LayerSpec, LonLat};
use geo::orient::{Direction, Orient};
use geo::unary_union;
use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Polygon};
pub use rings::holes_at_home;
pub use validity::InvalidPolygon;

/// The most positions one geometry can have.
pub const MAX_POSITIONS: usize = 100_000;

/// The rings of a polygon: the exterior first, then the holes.
pub type Rings = Vec<Vec<Coord<f64>>>;

/// Geometry as it was sent, by kind; single or multi makes no difference yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One or more positions.
    Points(Vec<Coord<f64>>),
    /// One or more lines.
    Lines(Vec<Vec<Coord<f64>>>),
    /// One or more polygons.
    Polygons(Vec<Rings>),
}

/// Why a shape is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadShape {
    /// Nothing in it.
    #[error("the geometry has no positions")]
    Empty,
    /// More positions than one geometry can have.
    #[error("{count} positions where {MAX_POSITIONS} is the most")]
    TooMany {
        /// How many positions.
        count: usize,
    },
    /// A collection of different kinds.
    #[error("a geometry collection of {0} and {1}: one feature has one kind of geometry")]
    Mixed(&'static str, &'static str),
    /// A position that is not on the globe.
    #[error(
        "[{lon}, {lat}] is not on the globe: longitude is -180 to 180, latitude -90 to 90{hint}"
    )]
    OffGlobe {
        /// The longitude given.
        lon: f64,
        /// The latitude given.
        lat: f64,
        /// What it looks like, where that can be told.
        hint: &'static str,
    },
    /// A position that stands for "not known".
    #[error("[{lon}, {lat}] is a placeholder, not a place")]
    Placeholder {
        /// The longitude given.
        lon: f64,
        /// The latitude given.
        lat: f64,
    },
    /// A line whose positions are all the same.
    #[error("the line at [{}, {}] has no length", .0.x, .0.y)]
    NoLength(Coord<f64>),
    /// A ring whose last position is not its first.
    #[error(
        "a ring is not closed: it begins at [{}, {}] and ends at [{}, {}]",
        .first.x, .first.y, .last.x, .last.y
    )]
    Unclosed {
        /// Its first position.
        first: Coord<f64>,
        /// Its last position.
        last: Coord<f64>,
    },
    /// A polygon that is not valid.
    #[error(transparent)]
    Invalid(#[from] InvalidPolygon),
    /// A kind that the layer does not take.
    #[error("layer {layer} takes {takes}, not {found}")]
    Kind {
        /// The layer.
        layer: String,
        /// What it takes.
        takes: String,
        /// What was sent.
        found: &'static str,
    },
}

impl LayerSpec {
    /// Checks a shape against the rules above and what the layer takes. `None` is a feature without
    /// geometry, which few layers take.
    pub fn admit(&self, shape: Option<Shape>) -> Result<Option<Geometry<f64>>, BadShape> {
        let Some(shape) = shape else {
            return refuse_unless(self.takes(GeometryKind::None), self, "no geometry")
                .map(|()| None);
        };
        let single = matches!(&shape, Shape::Points(points) if points.len() == 1);
        let single_only = self.kind == LayerKind::Sighting || self.track;
        refuse_unless(self.takes(shape.kind()), self, shape.name())?;
        refuse_unless(single || !single_only, self, "several positions at once")?;
        shape.into_geometry().map(Some)
    }
}

fn refuse_unless(taken: bool, spec: &LayerSpec, found: &'static str) -> Result<(), BadShape> {
    if taken {
        return Ok(());
    }
    let names: Vec<_> = spec.geometry.iter().copied().map(kind_name).collect();
    Err(BadShape::Kind {
        layer: spec.name.clone(),
        takes: names.join(", "),
        found,
    })
}

fn kind_name(kind: GeometryKind) -> &'static str {
    match kind {
        GeometryKind::Point => "points",
        GeometryKind::Line => "lines",
        GeometryKind::Polygon => "polygons",
        GeometryKind::None => "no geometry",
    }
}

impl Shape {
    /// A single position.
    pub fn point(lon: f64, lat: f64) -> Self {
        Self::Points(vec![Coord { x: lon, y: lat }])
    }

    /// The kind it counts as.
    pub fn kind(&self) -> GeometryKind {
        match self {
            Self::Points(_) => GeometryKind::Point,
            Self::Lines(_) => GeometryKind::Line,
            Self::Polygons(_) => GeometryKind::Polygon,
        }
    }

    fn name(&self) -> &'static str {
        kind_name(self.kind())
    }

    /// All its positions, in order.
    pub fn positions(&self) -> impl Iterator<Item = Coord<f64>> + '_ {
        let (points, lines, polygons) = match self {
            Self::Points(points) => (points.as_slice(), [].as_slice(), [].as_slice()),
            Self::Lines(lines) => ([].as_slice(), lines.as_slice(), [].as_slice()),
            Self::Polygons(polygons) => ([].as_slice(), [].as_slice(), polygons.as_slice()),
        };
        let lines = lines.iter().chain(polygons.iter().flatten()).flatten();
        points.iter().chain(lines).copied()
    }

    /// Takes in another one of the same kind.
    pub fn merge(&mut self, other: Self) -> Result<(), BadShape> {
        match (self, other) {
            (Self::Points(all), Self::Points(more)) => all.extend(more),
            (Self::Lines(all), Self::Lines(more)) => all.extend(more),
            (Self::Polygons(all), Self::Polygons(more)) => all.extend(more),
            (all, other) => return Err(BadShape::Mixed(all.name(), other.name())),
        }
        Ok(())
    }

    /// The shape, or, where its polygons overlap, the same area in polygons that do not.
    ///
    /// # Errors
    /// Whatever else is wrong with it, and edges that meet too often to unite the polygons.
    pub fn without_overlaps(self) -> Result<Self, BadShape> {
        match self.clone().into_geometry() {
            Ok(_) => Ok(self),
            Err(BadShape::Invalid(InvalidPolygon::Overlap { .. })) => self.united(),
            Err(bad) => Err(bad),
        }
    }

    fn united(self) -> Result<Self, BadShape> {
        let Self::Polygons(polygons) = self else {
            return Ok(self);
        };
        let polygons: Vec<_> = polygons.into_iter().map(close).collect::<Result<_, _>>()?;
        validity::check_meetings(&polygons)?;
        let whole = unary_union(&polygons).into_iter().map(|polygon| {
            let (exterior, holes) = polygon.into_inner();
            let rings = std::iter::once(exterior).chain(holes);
            rings.map(|ring| ring.0).collect()
        });
        Ok(Self::Polygons(whole.collect()))
    }

    /// Checks the shape by itself, whatever layer it is for.
    pub fn into_geometry(self) -> Result<Geometry<f64>, BadShape> {
        let count = self.positions().count();
        if count > MAX_POSITIONS {
            return Err(BadShape::TooMany { count });
        }
        self.positions().try_for_each(check_position)?;
        match self {
            Self::Points(points) => points_geometry(points),
            Self::Lines(lines) => lines_geometry(lines),
            Self::Polygons(polygons) => polygons_geometry(polygons),
        }
    }
}

/// Placeholders are compared bit for bit: a real position is never that round.
#[expect(clippy::float_cmp, reason = "a placeholder is exactly 0 or -1")]
fn check_position(Coord { x: lon, y: lat }: Coord<f64>) -> Result<(), BadShape> {
    if LonLat::new(lon, lat).is_err() {
        let swapped = lat.abs() > 90.0 && lat.abs() <= 180.0 && lon.abs() <= 90.0;
        let hint = if swapped {
            "; the two look swapped"
        } else {
            ""
        };
        return Err(BadShape::OffGlobe { lon, lat, hint });
    }
    if (lon == 0.0 || lon == -1.0) && lon == lat {
        return Err(BadShape::Placeholder { lon, lat });
    }
    Ok(())
}

fn points_geometry(mut points: Vec<Coord<f64>>) -> Result<Geometry<f64>, BadShape> {
    points.dedup();
    match points.as_slice() {
        [] => Err(BadShape::Empty),
        [only] => Ok(Geometry::Point((*only).into())),
        _ => Ok(Geometry::MultiPoint(MultiPoint::from(points))),
    }
}

fn lines_geometry(lines: Vec<Vec<Coord<f64>>>) -> Result<Geometry<f64>, BadShape> {
    let mut checked = Vec::with_capacity(lines.len());
    for mut line in lines {
        let first = *line.first().ok_or(BadShape::Empty)?;
        line.dedup();
        if line.len() < 2 {
            return Err(BadShape::NoLength(first));
        }
        checked.push(LineString::new(line));
    }
    match checked.pop() {
        None => Err(BadShape::Empty),
        Some(only) if checked.is_empty() => Ok(Geometry::LineString(only)),
        Some(last) => {
            checked.push(last);
            Ok(Geometry::MultiLineString(MultiLineString::new(checked)))
        }
    }
}

fn polygons_geometry(polygons: Vec<Rings>) -> Result<Geometry<f64>, BadShape> {
    let mut closed = Vec::with_capacity(polygons.len());
    for rings in polygons {
        closed.push(close(rings)?);
    }
    validity::check(&closed)?;
    let mut parts: Vec<_> = closed
        .into_iter()
        .map(|polygon| polygon.orient(Direction::Default))
        .collect();
    match parts.pop() {
        None => Err(BadShape::Empty),
        Some(only) if parts.is_empty() => Ok(Geometry::Polygon(only)),
        Some(last) => {
            parts.push(last);
            Ok(Geometry::MultiPolygon(MultiPolygon::new(parts)))
        }
    }
}

fn close(rings: Rings) -> Result<Polygon<f64>, BadShape> {
    let mut lines = Vec::with_capacity(rings.len());
    for mut ring in rings {
        let (Some(&first), Some(&last)) = (ring.first(), ring.last()) else {
            return Err(BadShape::Empty);
        };
        if first != last {
            return Err(BadShape::Unclosed { first, last });
        }
        ring.dedup();
        if ring.len() < 4 {
            return Err(InvalidPolygon::TooFew { at: first }.into());
        }
        lines.push(LineString::new(ring));
    }
    if lines.is_empty() {
        return Err(BadShape::Empty);
    }
    let exterior = lines.remove(0);
    Ok(Polygon::new(exterior, lines))
}

#[cfg(test)]
mod tests;
