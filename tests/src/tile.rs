//! A vector tile as a decoder nobody here wrote reads it.

use std::collections::BTreeMap;

use geo_types::Geometry;
use mvt_reader::Reader;
use mvt_reader::feature::Value;

/// The features of a tile by layer.
#[derive(Debug, Default)]
pub struct Tile {
    /// Every layer in the tile, by name.
    pub layers: BTreeMap<String, Vec<TileFeature>>,
}

/// One feature, in the tile's own grid.
#[derive(Debug, Clone)]
pub struct TileFeature {
    /// The integer id.
    pub number: Option<u64>,
    /// The geometry in grid units, y down.
    pub geometry: Geometry<i32>,
    /// The properties.
    pub properties: BTreeMap<String, Value>,
}

impl TileFeature {
    /// A text property.
    pub fn text(&self, name: &str) -> Option<&str> {
        let Value::String(text) = self.properties.get(name)? else {
            return None;
        };
        Some(text)
    }

    /// A whole number, however it is written.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.properties.get(name)? {
            Value::Int(number) | Value::SInt(number) => Some(*number),
            Value::UInt(number) => i64::try_from(*number).ok(),
            Value::String(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Bool(_)
            | Value::Null => None,
        }
    }
}

impl Tile {
    /// Decodes a tile; no bytes are an empty one.
    ///
    /// # Panics
    /// Where the bytes are no tile.
    pub fn decode(bytes: &[u8]) -> Self {
        let reader = Reader::new(bytes.to_vec()).expect("a vector tile");
        let layers = reader
            .get_layer_metadata()
            .expect("readable layers")
            .into_iter()
            .map(|layer| {
                assert_eq!(
                    (layer.version, layer.extent),
                    (2, 4096),
                    "version and extent of {}",
                    layer.name
                );
                let features = reader
                    .get_features_as::<i32>(layer.layer_index)
                    .expect("readable features");
                (
                    layer.name,
                    features.into_iter().map(TileFeature::from).collect(),
                )
            });
        Self {
            layers: layers.collect(),
        }
    }

    /// The features of a layer; none where the layer is not in the tile.
    pub fn layer(&self, name: &str) -> &[TileFeature] {
        self.layers.get(name).map_or(&[], Vec::as_slice)
    }

    /// The string ids of a layer's features, sorted.
    pub fn ids(&self, layer: &str) -> Vec<&str> {
        let mut ids: Vec<&str> = self
            .layer(layer)
            .iter()
            .filter_map(|feature| feature.text("id"))
            .collect();
        ids.sort_unstable();
        ids
    }
}

impl From<mvt_reader::feature::Feature<i32>> for TileFeature {
    fn from(feature: mvt_reader::feature::Feature<i32>) -> Self {
        Self {
            number: feature.id,
            geometry: feature.geometry,
            properties: feature.properties.unwrap_or_default().into_iter().collect(),
        }
    }
}
