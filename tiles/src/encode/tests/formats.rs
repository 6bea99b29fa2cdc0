//! A tile is the same in every format: read by decoders that nobody here wrote, layer by layer, feature by
//! feature.

use geo_types::{Geometry, MultiLineString, MultiPoint, MultiPolygon};
use mlt_core::{Decoder, LendingIterator, ParsedLayer, Parser, PropValueRef};
use mvt_reader::Reader;
use mvt_reader::feature::Value;
use std::collections::BTreeMap;

/// A value, as far as formats tell values apart: a column of numbers has integers as such.
#[derive(Debug, Clone)]
pub(crate) enum Read {
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
}

impl PartialEq for Read {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b || a.to_bits() == b.to_bits(),
            #[expect(
                clippy::cast_precision_loss,
                reason = "of integers that are exact alone"
            )]
            (Self::Integer(n), Self::Number(x)) | (Self::Number(x), Self::Integer(n)) => {
                n.unsigned_abs() <= 1 << 53 && *n as f64 == *x
            }
            _ => false,
        }
    }
}

/// A feature: its id, its geometry as if it had many parts, and its values.
type Feature = (Option<u64>, Geometry<i32>, BTreeMap<String, Read>);

/// A layer: its name, its extent and its features.
#[derive(Debug, PartialEq)]
pub(crate) struct Layer {
    name: String,
    extent: u32,
    features: Vec<Feature>,
}

/// Panics unless a tile holds the same as MVT and as MLT.
pub(crate) fn assert_same(mvt: &[u8], mlt: &[u8]) {
    let (mvt, mlt) = (read_mvt(mvt), read_mlt(mlt));
    assert_eq!(mvt.len(), mlt.len());
    for (mvt, mlt) in mvt.iter().zip(&mlt) {
        assert_eq!((&mvt.name, mvt.extent), (&mlt.name, mlt.extent));
        assert_eq!(mvt.features.len(), mlt.features.len(), "{}", mvt.name);
        for (mvt, mlt) in mvt.features.iter().zip(&mlt.features) {
            assert_eq!(mvt, mlt);
        }
    }
}

fn read_mvt(bytes: &[u8]) -> Vec<Layer> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let reader = Reader::new(bytes.to_vec()).unwrap();
    let layers = reader.get_layer_metadata().unwrap().into_iter();
    let layer = |layer: mvt_reader::layer::Layer| {
        let features = reader.get_features_as::<i32>(layer.layer_index).unwrap();
        let features = features.into_iter().map(|feature| {
            let properties = feature.properties.unwrap().into_iter();
            let properties = properties.map(|(key, value)| (key, of_mvt(value)));
            let geometry = many(feature.geometry);
            (feature.id, geometry, properties.collect())
        });
        Layer {
            name: layer.name,
            extent: layer.extent,
            features: features.collect(),
        }
    };
    layers.map(layer).collect()
}

fn of_mvt(value: Value) -> Read {
    match value {
        Value::String(text) => Read::Text(text),
        Value::Int(n) | Value::SInt(n) => Read::Integer(n),
        Value::Double(x) => Read::Number(x),
        Value::Bool(b) => Read::Boolean(b),
        other => panic!("{other:?} is not written"),
    }
}

fn read_mlt(bytes: &[u8]) -> Vec<Layer> {
    let layers = Parser::default().parse_layers(bytes).unwrap();
    let layers = Decoder::default().decode_all(layers).unwrap();
    let layer = |layer: &ParsedLayer<'_>| {
        let ParsedLayer::Tag01(layer) = layer else {
            panic!("a layer of another version")
        };
        let names: Vec<String> = layer
            .iterate_prop_names()
            .map(|it| it.to_string())
            .collect();
        let mut features = Vec::new();
        let mut all = layer.iter_features();
        while let Some(feature) = all.next() {
            let feature = feature.unwrap();
            let mut properties = BTreeMap::new();
            for (name, value) in names.iter().zip(feature.iter_all_properties()) {
                if let Some(value) = value {
                    let twice = properties.insert(name.clone(), of_mlt(value));
                    assert!(twice.is_none(), "{name} comes twice");
                }
            }
            features.push((feature.id(), many(feature.geometry().clone()), properties));
        }
        Layer {
            name: layer.name().to_owned(),
            extent: layer.extent().get(),
            features,
        }
    };
    layers.iter().map(layer).collect()
}

fn of_mlt(value: PropValueRef<'_>) -> Read {
    match value {
        PropValueRef::Str(text) => Read::Text(text.to_owned()),
        PropValueRef::I32(n) => Read::Integer(n.into()),
        PropValueRef::U32(n) => Read::Integer(n.into()),
        PropValueRef::I64(n) => Read::Integer(n),
        PropValueRef::F64(x) => Read::Number(x),
        PropValueRef::Bool(b) => Read::Boolean(b),
        other => panic!("{other:?} is not written"),
    }
}

fn many(geometry: Geometry<i32>) -> Geometry<i32> {
    match geometry {
        Geometry::Point(point) => MultiPoint(vec![point]).into(),
        Geometry::LineString(line) => MultiLineString(vec![line]).into(),
        Geometry::Polygon(polygon) => MultiPolygon(vec![polygon]).into(),
        many => many,
    }
}
