//! Stage 2, project: from longitude and latitude to the units of one tile.
//!
//! A tile is a square of `extent` units, y down, with its origin in the north-west corner; the buffer
//! lies around it. The world repeats to the left and to the right, so a tile at the edge of the
//! pyramid shows in its buffer what lies on the other side of the antimeridian.
//!
//! Promises: every part of a geometry of any kind, collections flattened; rings are left open (the
//! first position is not repeated at the end). Refuses: parts with a position that is not finite, and what
//! lies beyond the cut of Web Mercator; it is cut off before it is placed, since clamped to the edge of the
//! map it would be a lie.

use super::clip::{Axis, clip_line, cut_ring};
use crate::place::{Bounds, LonLat};
use crate::tile::{MERCATOR_LATITUDE, TileCoord, world_x, world_y};
use geo_types::{Coord, Geometry, LineString, Polygon};

/// Lines or rings of positions.
pub(crate) type Path<T> = Vec<Coord<T>>;

/// A geometry by what MVT can draw: every part of it is a point, a line or a polygon.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape<T: geo_types::CoordNum> {
    pub(crate) points: Path<T>,
    pub(crate) lines: Vec<Path<T>>,
    /// Rings of each polygon, the exterior first, none of them closed.
    pub(crate) polygons: Vec<Vec<Path<T>>>,
}

impl<T: geo_types::CoordNum> Shape<T> {
    pub(crate) const fn empty() -> Self {
        Self {
            points: Vec::new(),
            lines: Vec::new(),
            polygons: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.points.clear();
        self.lines.clear();
        self.polygons.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.points.is_empty() && self.lines.is_empty() && self.polygons.is_empty()
    }
}

/// One tile as a plane to draw on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) tile: TileCoord,
    pub(crate) extent: f64,
    pub(crate) buffer: f64,
}

impl Frame {
    /// The least and the greatest coordinate drawn, on both axes.
    pub(crate) fn edges(self) -> (f64, f64) {
        (-self.buffer, self.extent + self.buffer)
    }

    /// The tile with its buffer, in degrees.
    pub(crate) fn bounds(self) -> Bounds {
        self.tile.bounds_with(self.buffer / self.extent)
    }

    /// The tile with its buffer and one unit more, so that nothing on its very edge is missed.
    pub(crate) fn reach(self) -> Bounds {
        self.tile.bounds_with((self.buffer + 1.0) / self.extent)
    }

    /// How many units the world is wide.
    fn world(self) -> f64 {
        f64::from(1_u32 << self.tile.z()) * self.extent
    }

    /// A position in tile units. Longitudes past ±180° continue to the next copy of the world;
    /// latitudes past ±85.0511° are clamped.
    fn place(self, lon: f64, lat: f64) -> Coord<f64> {
        Coord {
            x: self.x(lon),
            y: world_y(lat) * self.world() - f64::from(self.tile.y()) * self.extent,
        }
    }

    /// A longitude in tile units.
    fn x(self, lon: f64) -> f64 {
        world_x(lon) * self.world() - f64::from(self.tile.x()) * self.extent
    }

    /// Adds what of the shape may be in the frame, from every copy of the world.
    fn with_copies(self, shape: &Shape<f64>, copies: std::ops::RangeInclusive<i8>) -> Shape<f64> {
        let (least, most) = self.edges();
        let mut all = Shape::empty();
        for copy in copies {
            let shift = f64::from(copy) * self.world();
            let near = |path: &Path<f64>| {
                let least_x = path.iter().map(|c| c.x + shift).fold(f64::MAX, f64::min);
                let most_x = path.iter().map(|c| c.x + shift).fold(f64::MIN, f64::max);
                least_x <= most && least <= most_x
            };
            let moved = |path: &Path<f64>| -> Path<f64> {
                let step = |c: &Coord<f64>| Coord {
                    x: c.x + shift,
                    y: c.y,
                };
                path.iter().map(step).collect()
            };
            all.points.extend(moved(&shape.points));
            all.lines
                .extend(shape.lines.iter().filter(|line| near(line)).map(moved));
            let polygons = shape.polygons.iter();
            all.polygons.extend(
                polygons
                    .filter(|rings| rings.first().is_some_and(near))
                    .map(|rings| rings.iter().map(moved).collect()),
            );
        }
        all
    }

    /// Whether a position can lie in the tile at most once.
    pub(crate) fn is_shown_once(self) -> bool {
        self.copies() == (0..=0)
    }

    /// The copies of the world that a tile may show of what lies within ±180°.
    fn copies(self) -> std::ops::RangeInclusive<i8> {
        let west = i8::from(self.tile.x() == 0);
        let east = i8::from(self.tile.x() + 1 == 1 << self.tile.z());
        -west..=east
    }
}

/// Projects a geometry into the frame.
pub(crate) fn project(geometry: &Geometry<f64>, frame: Frame) -> Shape<f64> {
    let mut shape = Shape::empty();
    add(geometry, frame, &mut shape);
    if frame.is_shown_once() {
        return shape;
    }
    frame.with_copies(&shape, frame.copies())
}

fn add(geometry: &Geometry<f64>, frame: Frame, shape: &mut Shape<f64>) {
    match geometry {
        Geometry::Point(point) => shape.points.extend(place(point.0, frame)),
        Geometry::MultiPoint(points) => {
            let places = points.iter().filter_map(|p| place(p.0, frame));
            shape.points.extend(places);
        }
        Geometry::Line(line) => shape.lines.extend(paths(&[line.start, line.end], frame)),
        Geometry::LineString(line) => shape.lines.extend(paths(&line.0, frame)),
        Geometry::MultiLineString(lines) => {
            let paths = lines.iter().flat_map(|line| paths(&line.0, frame));
            shape.lines.extend(paths);
        }
        Geometry::Polygon(polygon) => shape.polygons.extend(rings(polygon, frame)),
        Geometry::MultiPolygon(polygons) => {
            let polygons = polygons.iter().filter_map(|polygon| rings(polygon, frame));
            shape.polygons.extend(polygons);
        }
        Geometry::Rect(rect) => shape.polygons.extend(rings(&rect.to_polygon(), frame)),
        Geometry::Triangle(triangle) => {
            shape.polygons.extend(rings(&triangle.to_polygon(), frame));
        }
        Geometry::GeometryCollection(members) => {
            members.iter().for_each(|member| add(member, frame, shape));
        }
    }
}

/// A point in the frame; one beyond the cut of Web Mercator is on no tile.
pub(crate) fn place(at: Coord<f64>, frame: Frame) -> Option<Coord<f64>> {
    (finite(at) && is_on_map(at)).then(|| frame.place(at.x, at.y))
}

/// Places points of one tile, a few times as fast as [`place`] and to the same unit of the grid.
///
/// Within a tile far in, world y is all but a polynomial: the first terms of its Taylor series around the
/// middle, of which what is left out is less than a millionth of a unit from zoom 10 on. Where that could
/// round to another unit, or to the other side of an edge, the formula itself is asked.
pub(crate) struct Nearby {
    frame: Frame,
    /// In degrees.
    middle: f64,
    /// How far from the middle the series holds, in degrees; none far out.
    reach: f64,
    /// In units, by the power of the distance from the middle in radians.
    terms: [f64; 6],
}

impl Nearby {
    /// The first zoom that is near enough.
    const FROM_ZOOM: u8 = 10;
    /// In units: far more than both ways to compute it differ.
    const UNSURE: f64 = 1e-3;
    /// Added and taken away again it leaves a whole number.
    const WHOLE: f64 = 6_755_399_441_055_744.0;

    pub(crate) fn new(frame: Frame) -> Self {
        let bounds = frame.reach();
        let middle = f64::midpoint(bounds.south(), bounds.north());
        let near = frame.tile.z() >= Self::FROM_ZOOM && middle.abs() < MERCATOR_LATITUDE;
        let (sin, cos) = middle.to_radians().sin_cos();
        let square = sin * sin;
        // The derivatives of asinh(tan(x)), each by its factorial.
        let series = [
            0.0,
            1.0 / cos,
            sin / cos.powi(2) / 2.0,
            (1.0 + square) / cos.powi(3) / 6.0,
            sin * (5.0 + square) / cos.powi(4) / 24.0,
            (5.0 + 18.0 * square + square * square) / cos.powi(5) / 120.0,
        ];
        let mut terms = series.map(|term| -term * frame.world() / std::f64::consts::TAU);
        terms[0] = frame.place(0.0, middle).y;
        Self {
            frame,
            middle,
            reach: if near {
                (bounds.north() - bounds.south()) * 0.6
            } else {
                0.0
            },
            terms,
        }
    }

    /// A point in the frame; one beyond the cut of Web Mercator is on no tile.
    #[inline]
    pub(crate) fn place(&self, at: Coord<f64>) -> Option<Coord<f64>> {
        let from_middle = at.y - self.middle;
        let radians = from_middle.to_radians();
        let terms = self.terms.iter().rev();
        let y = terms.fold(0.0, |sum, term| sum * radians + term);
        let doubled = y * 2.0;
        let whole = (doubled + Self::WHOLE) - Self::WHOLE;
        let sure = (doubled - whole).abs() > 2.0 * Self::UNSURE;
        if from_middle.abs() < self.reach && sure && at.x.is_finite() && is_on_map(at) {
            return Some(Coord {
                x: self.frame.x(at.x),
                y,
            });
        }
        place(at, self.frame)
    }
}

/// The parts of a line that are on the map.
fn paths(positions: &[Coord<f64>], frame: Frame) -> Vec<Path<f64>> {
    if positions.is_empty() || !positions.iter().all(|at| finite(*at)) {
        return Vec::new();
    }
    if positions.iter().all(|at| is_on_map(*at)) {
        return vec![placed(positions, frame)];
    }
    let (south, north) = (-MERCATOR_LATITUDE, MERCATOR_LATITUDE);
    let parts = clip_line(positions, Axis::Y, south, north);
    parts.iter().map(|part| placed(part, frame)).collect()
}

/// The rings of a polygon as far as they are on the map; `None` where nothing of its exterior is.
fn rings(polygon: &Polygon<f64>, frame: Frame) -> Option<Vec<Path<f64>>> {
    let open = |ring: &LineString<f64>| {
        let mut ring = ring.0.clone();
        if !ring.iter().all(|at| finite(*at)) {
            return None;
        }
        if ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        let (south, north) = (-MERCATOR_LATITUDE, MERCATOR_LATITUDE);
        ring = cut_ring(ring, Axis::Y, south, |lat| lat >= south);
        ring = cut_ring(ring, Axis::Y, north, |lat| lat <= north);
        (!ring.is_empty()).then(|| placed(&ring, frame))
    };
    let exterior = open(polygon.exterior())?;
    let holes = polygon.interiors().iter().filter_map(open);
    Some(std::iter::once(exterior).chain(holes).collect())
}

fn placed(positions: &[Coord<f64>], frame: Frame) -> Path<f64> {
    positions.iter().map(|at| frame.place(at.x, at.y)).collect()
}

fn is_on_map(at: Coord<f64>) -> bool {
    at.y.abs() <= MERCATOR_LATITUDE
}

fn finite(at: Coord<f64>) -> bool {
    at.x.is_finite() && at.y.is_finite()
}

/// Projects a ring of corners whose edges take the short way round, such as that of an H3 cell.
///
/// A ring that goes once around a pole has no inside on a map; it is closed along the map's edge:
///
/// ```text
///   pole  +-----------------------+      the ring comes back 360° further
///         |                       |      east (or west) than it began
///         a ~~~~ b ~~~~ c ~~~~ a + 360°
/// ```
pub(crate) fn project_corners(corners: &[LonLat], frame: Frame) -> Shape<f64> {
    let Some(first) = corners.first() else {
        return Shape::empty();
    };
    let mut lon = first.lon();
    let mut ring = vec![frame.place(lon, first.lat())];
    for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
        lon += (to.lon() - from.lon() + 540.0).rem_euclid(360.0) - 180.0;
        ring.push(frame.place(lon, to.lat()));
    }
    if (lon - first.lon()).abs() < 180.0 {
        ring.pop();
    } else {
        let pole = if first.lat() > 0.0 { 90.0 } else { -90.0 };
        ring.push(frame.place(lon, pole));
        ring.push(frame.place(first.lon(), pole));
    }
    let mut shape = Shape::empty();
    shape.polygons.push(vec![ring]);
    // The ring begins within ±180° and is at most 360° wide, either way.
    frame.with_copies(&shape, -2..=2)
}

#[cfg(test)]
mod tests;
