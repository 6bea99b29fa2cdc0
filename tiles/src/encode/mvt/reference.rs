//! The layer as the `mvt` crate writes it: the yardstick of [`DirectWriter`](super::DirectWriter).
//!
//! Slower, and by other hands. Promises the same bytes for the same features; the tests hold both
//! against each other.

use super::{Encoded, LayerWriter, Tag, Tagged};
use crate::encode::project::{Path, Shape};
use geo_types::Coord;
use mvt::{GeomData, GeomEncoder, GeomType, Layer, Tile};

/// One layer being written by the `mvt` crate.
pub(crate) struct ReferenceWriter<'t> {
    tile: Tile,
    /// Taken while a feature is added; the crate gives it back.
    layer: Option<Layer>,
    keys: Vec<&'t str>,
}

impl<'t> LayerWriter<'t> for ReferenceWriter<'t> {
    type Error = mvt::Error;

    fn new(name: &str, extent: u32, keys: Vec<&'t str>) -> Self {
        let tile = Tile::new(extent);
        let layer = Some(tile.create_layer(name));
        Self { tile, layer, keys }
    }

    fn add(
        &mut self,
        id: Option<u64>,
        shape: &Shape<i32>,
        tags: &[Tagged<'t>],
    ) -> Result<(), mvt::Error> {
        let parts = [
            points(&shape.points)?,
            lines(&shape.lines)?,
            polygons(&shape.polygons)?,
        ];
        for geometry in parts.into_iter().flatten() {
            let Some(layer) = self.layer.take() else {
                continue;
            };
            let mut feature = layer.into_feature(geometry);
            if let Some(id) = id {
                feature.set_id(id);
            }
            for Tagged { slot, tag, .. } in tags {
                let key = self.keys[usize::from(*slot)];
                match tag {
                    Tag::Text(text) => feature.add_tag_string(key, text),
                    Tag::Integer(n) if *n < 0 => feature.add_tag_sint(key, *n),
                    Tag::Integer(n) => feature.add_tag_int(key, *n),
                    Tag::Number(x) => feature.add_tag_double(key, *x),
                    Tag::Boolean(b) => feature.add_tag_bool(key, *b),
                }
            }
            self.layer = Some(feature.into_layer());
        }
        Ok(())
    }

    /// It looks at values alone.
    fn turn(&mut self) {}

    fn finish(self) -> Result<Encoded, mvt::Error> {
        let Self {
            mut tile, layer, ..
        } = self;
        match layer.filter(|layer| layer.num_features() > 0) {
            Some(layer) => {
                tile.add_layer(layer)?;
                tile.to_bytes().map(Encoded::mvt)
            }
            None => Ok(Encoded::default()),
        }
    }
}

fn points(points: &[Coord<i32>]) -> Result<Option<GeomData>, mvt::Error> {
    let mut encoder = GeomEncoder::new(GeomType::Point);
    for at in points {
        encoder.add_point(at.x, at.y)?;
    }
    (!points.is_empty()).then(|| encoder.encode()).transpose()
}

fn lines(lines: &[Path<i32>]) -> Result<Option<GeomData>, mvt::Error> {
    let mut encoder = GeomEncoder::new(GeomType::Linestring);
    for line in joined(lines) {
        for at in &line {
            encoder.add_point(at.x, at.y)?;
        }
        encoder.complete_geom()?;
    }
    (!lines.is_empty()).then(|| encoder.encode()).transpose()
}

/// Lines of which none begins where the one before ends: the crate would leave out the `MoveTo`
/// between them, so they are written as the one line that they draw.
fn joined(lines: &[Path<i32>]) -> Vec<Path<i32>> {
    let mut joined: Vec<Path<i32>> = Vec::new();
    for line in lines {
        match joined.last_mut() {
            Some(last) if last.last() == line.first() => last.extend(line.iter().skip(1)),
            _ => joined.push(line.clone()),
        }
    }
    joined
}

fn polygons(polygons: &[Vec<Path<i32>>]) -> Result<Option<GeomData>, mvt::Error> {
    let mut encoder = GeomEncoder::new(GeomType::Polygon);
    let mut pen = None;
    for ring in polygons.iter().flatten() {
        // The crate leaves out the `MoveTo` of a ring that begins where the one before ended, which
        // makes the tile unreadable. A ring may begin at any of its corners.
        let start = ring.iter().position(|at| Some(*at) != pen).unwrap_or(0);
        for at in ring.iter().cycle().skip(start).take(ring.len()) {
            encoder.add_point(at.x, at.y)?;
            pen = Some(*at);
        }
        encoder.complete_geom()?;
    }
    (!polygons.is_empty()).then(|| encoder.encode()).transpose()
}
