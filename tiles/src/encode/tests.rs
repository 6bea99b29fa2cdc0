//! The pipeline as a whole: a picture goes in, a tile comes out, and a decoder that nobody here wrote
//! says what is in it.

mod bytes;
pub(crate) mod formats;
mod golden;
mod keys;
mod light;
mod places;
mod random;
mod segments;

use super::*;
use crate::catalog::Catalog;
use crate::event::{Event, Observation, Record, Seq};
use crate::feature::Properties;
use crate::picture::Picture;
use crate::view::RingLimits;
use geo_types::{Coord, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use jiff::Timestamp;
use mvt_reader::Reader;
use mvt_reader::feature::Value as Read;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// The layers of the tests, in an order unlike the alphabet's.
const LAYERS: &str = r#"[
    {"name": "spots", "kind": "state", "geometry": ["point"], "cap": 40, "fields": {
        "name": "text", "id": "integer", "lamps": "list", "lit": "boolean", "watts": "number",
        "fixed_at": "time", "plate": {"type": "text", "clearance": "cji"}}},
    {"name": "areas", "kind": "state", "geometry": ["polygon", "line", "none"], "cap": 40,
        "fields": {"name": "text"}},
    {"name": "sites", "kind": "state", "geometry": ["point", "polygon"], "cap": 10, "zooms": [8, 16],
        "fields": {"observed_at": "text"}},
    {"name": "reads", "kind": "sighting", "geometry": ["point"], "shown_as": "cells",
        "single_clearance": "cji", "fields": {"plate": {"type": "text", "clearance": "cji"}}},
    {"name": "pings", "kind": "sighting", "geometry": ["point"], "cap": 40},
    {"name": "hidden", "kind": "state", "geometry": ["point"], "clearance": "cji"},
    {"name": "cells", "kind": "derived", "geometry": ["polygon"]}
]"#;

fn catalog() -> Arc<Catalog> {
    Arc::new(Catalog::new(serde_json::from_str(LAYERS).unwrap(), 6).unwrap())
}

/// A picture in the making.
pub(crate) struct City {
    catalog: Arc<Catalog>,
    picture: Picture,
    seq: u64,
}

impl City {
    pub(crate) fn new() -> Self {
        let catalog = catalog();
        let limits = RingLimits {
            ticks: 16,
            changes: 1_000,
        };
        Self {
            picture: Picture::new(Arc::clone(&catalog), limits),
            catalog,
            seq: 0,
        }
    }

    fn put(&mut self, layer: &str, id: &str, geometry: impl Into<Geometry<f64>>) -> &mut Self {
        self.put_with(layer, id, geometry, &[])
    }

    fn put_with(
        &mut self,
        layer: &str,
        id: &str,
        geometry: impl Into<Geometry<f64>>,
        fields: &[(&str, Value)],
    ) -> &mut Self {
        let layer = self.catalog.layer(layer).unwrap();
        let spec = self.catalog.spec(layer);
        let pairs = fields.iter();
        self.seq += 1;
        let record = Record {
            seq: Seq(self.seq),
            received_at: second(self.seq),
            event: Event::Observed(Observation {
                layer,
                feature: id.into(),
                feed: "test".into(),
                observed_at: Some(second(1_000)),
                stale_at: None,
                expires_at: None,
                geometry: Some(geometry.into()),
                properties: Properties::new(
                    pairs.map(|(name, value)| (spec.field(name).unwrap(), value.clone())),
                ),
            }),
        };
        self.picture.apply(&[record]);
        self
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.picture.view()
    }

    fn layers(&self, names: &[&str]) -> Vec<LayerIx> {
        names
            .iter()
            .map(|name| self.catalog.layer(name).unwrap())
            .collect()
    }

    fn tile(&self, names: &[&str], tile: TileCoord) -> Vec<u8> {
        self.tile_for(&Viewer::EVERYTHING, names, tile, TileLimits::default())
    }

    fn tile_for(
        &self,
        viewer: &Viewer,
        names: &[&str],
        tile: TileCoord,
        limits: TileLimits,
    ) -> Vec<u8> {
        let request = TileRequest {
            layers: &self.layers(names),
            tile,
            window: None,
            limits,
        };
        let view = self.view();
        let bytes = encode_tile(&view, viewer, &request).unwrap();
        let reference = encode_tile_by_reference(&view, viewer, &request).unwrap();
        assert!(bytes == reference, "{tile} is not as the reference has it");
        let mlt = encode_tile_as(TileFormat::Mlt, &view, viewer, &request).unwrap();
        formats::assert_same(&bytes, &mlt);
        // Where values of several segments meet, a layer has them in another order, and may take a little more room.
        if bytes.len() * 21 / 20 <= limits.max_bytes {
            self.check_packed(viewer, &request, &bytes);
        }
        bytes
    }

    /// What was packed and put in segments is drawn as it was before.
    fn check_packed(&self, viewer: &Viewer, request: &TileRequest<'_>, before: &[u8]) {
        let mut picture = self.picture.clone();
        picture.pack();
        let view = picture.view();
        let mvt = encode_tile(&view, viewer, request).unwrap();
        let reference = encode_tile_by_reference(&view, viewer, request).unwrap();
        let mlt = encode_tile_as(TileFormat::Mlt, &view, viewer, request).unwrap();
        let expected = decode(before);
        assert!(decode(&mvt) == expected && decode(&reference) == expected);
        formats::assert_same(&mvt, &mlt);
    }
}

fn second(at: u64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + i64::try_from(at).unwrap()).unwrap()
}

pub(crate) fn tile(z: u8, x: u32, y: u32) -> TileCoord {
    TileCoord::new(z, x, y).unwrap()
}

/// The position of tile units in a tile, in degrees; may lie outside the tile.
fn at(tile: TileCoord, x: f64, y: f64) -> Coord<f64> {
    let size = f64::from(1_u32 << tile.z());
    Coord {
        x: ((f64::from(tile.x()) + x / 4_096.0) / size) * 360.0 - 180.0,
        y: crate::tile::latitude((f64::from(tile.y()) + y / 4_096.0) / size),
    }
}

fn point(tile: TileCoord, x: f64, y: f64) -> Point<f64> {
    Point(at(tile, x, y))
}

fn ring(tile: TileCoord, corners: &[(f64, f64)]) -> LineString<f64> {
    corners.iter().map(|(x, y)| at(tile, *x, *y)).collect()
}

fn polygon(tile: TileCoord, rings: &[&[(f64, f64)]]) -> Polygon<f64> {
    let mut rings = rings.iter().map(|corners| ring(tile, corners));
    Polygon::new(rings.next().unwrap(), rings.collect())
}

/// A feature as an independent decoder reads it.
#[derive(Debug, Clone, PartialEq)]
struct Decoded {
    id: Option<u64>,
    geometry: Geometry<i32>,
    properties: BTreeMap<String, Read>,
}

impl Decoded {
    fn text(&self, key: &str) -> &str {
        match self.properties.get(key) {
            Some(Read::String(text)) => text,
            other => panic!("{key} is {other:?}"),
        }
    }

    fn integer(&self, key: &str) -> i64 {
        match self.properties.get(key) {
            Some(Read::Int(n) | Read::SInt(n)) => *n,
            other => panic!("{key} is {other:?}"),
        }
    }
}

/// The layers of a tile by name; panics on what the decoder does not accept.
fn decode(bytes: &[u8]) -> BTreeMap<String, Vec<Decoded>> {
    let reader = Reader::new(bytes.to_vec()).unwrap();
    let mut layers = BTreeMap::new();
    for layer in reader.get_layer_metadata().unwrap() {
        assert_eq!((layer.version, layer.extent), (2, 4_096));
        let features = reader.get_features_as::<i32>(layer.layer_index).unwrap();
        let features = features.into_iter().map(|feature| Decoded {
            id: feature.id,
            geometry: feature.geometry,
            properties: feature.properties.unwrap().into_iter().collect(),
        });
        let twice = layers.insert(layer.name.clone(), features.collect());
        assert!(twice.is_none(), "layer {} comes twice", layer.name);
    }
    layers
}

/// A tile as text, for golden tests.
fn print(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (name, features) in decode(bytes) {
        writeln!(out, "{name}").unwrap();
        for feature in features {
            let id = feature.id.map_or("-".into(), |id| id.to_string());
            writeln!(out, "  {id} {}", wkt(&feature.geometry)).unwrap();
            for (key, value) in feature.properties {
                writeln!(out, "    {key}: {value:?}").unwrap();
            }
        }
    }
    out
}

/// The geometry as text; rings without their closing position.
fn wkt(geometry: &Geometry<i32>) -> String {
    let path = |line: &LineString<i32>| {
        let at = line.0.iter().map(|c| format!("{} {}", c.x, c.y));
        format!("({})", at.collect::<Vec<_>>().join(", "))
    };
    match geometry {
        Geometry::MultiPoint(points) => {
            let at = points.iter().map(|p| format!("{} {}", p.x(), p.y()));
            format!("POINT {}", at.collect::<Vec<_>>().join(", "))
        }
        Geometry::LineString(line) => format!("LINE {}", path(line)),
        Geometry::MultiLineString(lines) => {
            let lines = lines.iter().map(path);
            format!("LINES {}", lines.collect::<Vec<_>>().join(" "))
        }
        Geometry::MultiPolygon(polygons) => {
            let polygons = polygons.iter().map(|polygon| {
                let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
                format!("[{}]", rings.map(path).collect::<Vec<_>>().join(" "))
            });
            format!("POLYGON {}", polygons.collect::<Vec<_>>().join(" "))
        }
        other => panic!("a decoder does not give {other:?}"),
    }
}

/// What MVT 2.1 demands of geometry, checked on what was decoded: section 4.3.3 and the buffer.
fn assert_sound(geometry: &Geometry<i32>) {
    let within = |c: &Coord<i32>| (-64..=4_160).contains(&c.x) && (-64..=4_160).contains(&c.y);
    let moving = |line: &LineString<i32>| {
        assert!(line.0.iter().all(within), "outside the buffer: {line:?}");
        for pair in line.0.windows(2) {
            assert_ne!(pair[0], pair[1], "a position repeats in {line:?}");
        }
    };
    match geometry {
        Geometry::MultiPoint(points) => assert!(points.iter().all(|p| within(&p.0))),
        Geometry::LineString(line) => {
            assert!(line.0.len() >= 2, "{line:?}");
            moving(line);
        }
        Geometry::MultiLineString(lines) => {
            for line in lines {
                assert!(line.0.len() >= 2, "{line:?}");
                moving(line);
            }
        }
        Geometry::MultiPolygon(polygons) => {
            for polygon in polygons {
                moving(polygon.exterior());
                assert!(area(polygon.exterior()) > 0, "exterior {polygon:?}");
                for hole in polygon.interiors() {
                    moving(hole);
                    assert!(area(hole) < 0, "hole {polygon:?}");
                }
            }
        }
        other => panic!("a decoder does not give {other:?}"),
    }
}

/// Twice the area of a closed ring, by the surveyor's formula as the specification writes it.
fn area(ring: &LineString<i32>) -> i64 {
    assert!(ring.0.len() >= 4, "{ring:?}");
    assert_eq!(ring.0.first(), ring.0.last());
    let double = ring.0.windows(2).map(|pair| {
        i64::from(pair[0].x) * i64::from(pair[1].y) - i64::from(pair[1].x) * i64::from(pair[0].y)
    });
    double.sum()
}
