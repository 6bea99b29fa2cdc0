//! The static basemap: source-layers of lines, areas and names that never enter the live picture.
//!
//! It lies in `basemap/` of the data directory, one GeoJSON file per source-layer (names as in the
//! Protomaps schema: earth, landuse, water, roads, …), read whole at start and after an import. A file
//! that cannot be read is left out and logged: a wall without parks is better than no wall.

mod joined;
pub mod kept;
mod names;

pub use names::{Name, NameKind};

use atalaya_tiles::{
    Bounds, EncodeError, StaticFeature, TileCoord, TileFormat, TileLimits, Value, encode_static,
};
use geo::HasDimensions;
use geo::dimensions::Dimensions;
use geo_types::Geometry;
use geozero::ToGeo;
use geozero::geojson::GeoJson;
use rstar::{AABB, RTree, RTreeObject};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use std::path::Path;
use tracing::{info, warn};

/// The source-layers in the order in which tiles carry them.
pub const SOURCE_LAYERS: [&str; 7] = [
    "earth",
    "landuse",
    "water",
    "boundaries",
    "roads",
    "buildings",
    "places",
];
/// The last zoom at which the basemap has tiles; maps enlarge these when they zoom on.
pub const LAST_ZOOM: u8 = 16;
/// How much of a tile's width is drawn beyond its edges.
const BUFFER: f64 = 1.0 / 64.0;

/// The basemap in memory.
#[derive(Debug, Default)]
pub struct Basemap {
    layers: Vec<SourceLayer>,
    version: u64,
    attribution: String,
    names: Vec<Name>,
}

#[derive(Debug)]
struct SourceLayer {
    name: String,
    tree: RTree<Item>,
    fields: Vec<String>,
    /// How many features were read; those that are one street are drawn as one line.
    features: usize,
}

#[derive(Debug)]
struct Item {
    envelope: AABB<[f64; 2]>,
    order: u64,
    min_zoom: u8,
    geometry: Geometry<f64>,
    properties: Vec<(String, Value)>,
}

impl RTreeObject for Item {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

/// A file of a source-layer, as far as it is read.
#[derive(Deserialize)]
struct File<'f> {
    #[serde(default)]
    attribution: Option<String>,
    #[serde(borrow)]
    features: Vec<FileFeature<'f>>,
}

#[derive(Deserialize)]
struct FileFeature<'f> {
    #[serde(borrow)]
    geometry: Option<&'f RawValue>,
    #[serde(default)]
    properties: Option<Map<String, serde_json::Value>>,
}

/// A file that is no source-layer.
#[derive(Debug, thiserror::Error)]
pub enum BadSourceLayer {
    /// Not JSON of the right shape.
    #[error("no GeoJSON FeatureCollection: {0}")]
    Syntax(#[from] serde_json::Error),
    /// A name that the basemap does not have.
    #[error("\"{name}\" is no source-layer; there are {}", SOURCE_LAYERS.join(", "))]
    Name {
        /// The name.
        name: String,
    },
    /// Nothing in it can be drawn as this source-layer.
    #[error("none of its features ({features}) is {wanted}, as {name} has them")]
    Geometry {
        /// The source-layer.
        name: String,
        /// How many features the file has.
        features: usize,
        /// What it has to have.
        wanted: &'static str,
    },
}

impl Basemap {
    /// Reads what lies in `basemap/` of a data directory; an empty basemap if nothing does.
    pub fn load(data: &Path) -> Self {
        let mut basemap = Self::default();
        let mut digest = Sha256::new();
        for name in SOURCE_LAYERS {
            let path = data.join("basemap").join(format!("{name}.geojson"));
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            digest.update(name);
            digest.update(&text);
            match SourceLayer::read(name, &text) {
                Ok((layer, attribution)) => {
                    info!(
                        source_layer = name,
                        features = layer.features,
                        "basemap layer {name} read"
                    );
                    basemap.credit(attribution.as_deref());
                    basemap.layers.push(layer);
                }
                Err(cause) => {
                    warn!(path = %path.display(), %cause, "basemap layer {name} left out");
                }
            }
        }
        let digest = digest.finalize();
        let bytes: [u8; 8] = std::array::from_fn(|at| digest[at]);
        basemap.version = u64::from_be_bytes(bytes);
        basemap.names = basemap.read_names();
        basemap
    }

    /// Adds to the credits what they do not hold yet.
    fn credit(&mut self, part: Option<&str>) {
        let Some(part) = part.filter(|part| !self.attribution.contains(part)) else {
            return;
        };
        if !self.attribution.is_empty() {
            self.attribution.push_str(" · ");
        }
        self.attribution.push_str(part);
    }

    fn read_names(&self) -> Vec<Name> {
        let layer = |name: &str| self.layers.iter().find(|layer| layer.name == name);
        let places = layer("places").map(|layer| names::places(layer.tree.iter()));
        let crossings = layer("roads").map(|layer| names::crossings(layer.tree.iter()));
        places.into_iter().chain(crossings).flatten().collect()
    }

    /// A number that changes with the content.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Places and crossings by name, places first.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Whom to credit.
    pub fn attribution(&self) -> String {
        self.attribution.clone()
    }

    /// The source-layers as TileJSON lists them.
    pub fn vector_layers(&self) -> Vec<serde_json::Value> {
        let described = self.layers.iter().map(|layer| {
            let fields: Map<String, serde_json::Value> = layer
                .fields
                .iter()
                .map(|field| (field.clone(), "String".into()))
                .collect();
            json!({ "id": layer.name, "fields": fields, "minzoom": 0, "maxzoom": LAST_ZOOM })
        });
        described.collect()
    }

    /// One tile of all source-layers; no bytes past [`LAST_ZOOM`].
    pub fn tile(
        &self,
        format: TileFormat,
        tile: TileCoord,
        limits: &TileLimits,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Vec::new();
        if tile.z() > LAST_ZOOM {
            return Ok(bytes);
        }
        for layer in &self.layers {
            bytes.extend(layer.tile(format, tile, limits)?);
        }
        Ok(bytes)
    }
}

impl SourceLayer {
    fn read(name: &str, text: &str) -> Result<(Self, Option<String>), BadSourceLayer> {
        let file: File<'_> = serde_json::from_str(text)?;
        let mut fields: Vec<String> = Vec::new();
        let mut pieces = Vec::with_capacity(file.features.len());
        for feature in file.features {
            let geometry = feature
                .geometry
                .and_then(|raw| GeoJson(raw.get()).to_geo().ok());
            let Some(geometry) = geometry.filter(|it| Bounds::of_geometry(it).is_some()) else {
                continue;
            };
            let properties = feature.properties.unwrap_or_default();
            let properties: Vec<(String, Value)> = properties
                .into_iter()
                .filter_map(|(key, value)| Some((key, plain(value)?)))
                .collect();
            for (key, _) in &properties {
                if !fields.contains(key) {
                    fields.push(key.clone());
                }
            }
            pieces.push((properties, geometry));
        }
        let features = pieces.len();
        if name == "roads" {
            pieces = joined::joined(pieces);
        }
        let placed = (0_u64..).zip(pieces).filter_map(|(order, piece)| {
            let bounds = Bounds::of_geometry(&piece.1)?;
            Some(Item {
                envelope: AABB::from_corners(
                    [bounds.west(), bounds.south()],
                    [bounds.east(), bounds.north()],
                ),
                min_zoom: min_zoom(name, &piece.0),
                order,
                geometry: piece.1,
                properties: piece.0,
            })
        });
        let items: Vec<Item> = placed.collect();
        let layer = Self {
            name: name.to_owned(),
            tree: RTree::bulk_load(items),
            fields,
            features,
        };
        Ok((layer, file.attribution))
    }

    /// Whether something in it can be drawn as the styles draw this source-layer.
    fn check(&self) -> Result<(), BadSourceLayer> {
        let (least, wanted) = match self.name.as_str() {
            "places" => (Dimensions::ZeroDimensional, "a place"),
            "roads" | "boundaries" | "water" => (Dimensions::OneDimensional, "a line or an area"),
            _ => (Dimensions::TwoDimensional, "an area"),
        };
        let fits = |item: &Item| item.geometry.dimensions() >= least;
        if self.tree.iter().any(fits) {
            return Ok(());
        }
        Err(BadSourceLayer::Geometry {
            name: self.name.clone(),
            features: self.features,
            wanted,
        })
    }

    fn tile(
        &self,
        format: TileFormat,
        tile: TileCoord,
        limits: &TileLimits,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut shown: Vec<&Item> = Vec::new();
        for part in tile.bounds_with(BUFFER).parts() {
            let envelope =
                AABB::from_corners([part.west(), part.south()], [part.east(), part.north()]);
            let touching = self.tree.locate_in_envelope_intersecting(envelope);
            shown.extend(touching.filter(|item| item.min_zoom <= tile.z()));
        }
        shown.sort_unstable_by_key(|item| item.order);
        shown.dedup_by_key(|item| item.order);
        let properties: Vec<Vec<(&str, &Value)>> = shown
            .iter()
            .map(|item| {
                item.properties
                    .iter()
                    .map(|(key, value)| (key.as_str(), value))
                    .collect()
            })
            .collect();
        let features: Vec<StaticFeature<'_>> = shown
            .iter()
            .zip(&properties)
            .map(|(item, properties)| StaticFeature {
                id: Some(item.order + 1),
                geometry: &item.geometry,
                properties,
            })
            .collect();
        encode_static(format, &self.name, &features, tile, limits)
    }
}

/// The first zoom at which a feature is drawn: as it says itself, else by what it is.
fn min_zoom(layer: &str, properties: &[(String, Value)]) -> u8 {
    let value = |name: &str| {
        properties
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    if let Some(Value::Integer(zoom)) = value("min_zoom") {
        return u8::try_from(*zoom).unwrap_or(0);
    }
    let kind = match value("kind") {
        Some(Value::Text(kind)) => kind,
        _ => "",
    };
    match (layer, kind) {
        ("roads", "minor_road") | ("buildings", _) => 13,
        ("roads", "medium_road") => 11,
        ("roads", "major_road") => 8,
        _ => 0,
    }
}

fn plain(value: serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::String(text) => Some(Value::Text(text.into())),
        serde_json::Value::Bool(b) => Some(Value::Boolean(b)),
        serde_json::Value::Number(number) => number
            .as_i64()
            .map(Value::Integer)
            .or_else(|| number.as_f64().map(Value::Number)),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            None
        }
    }
}

/// Checks a file for a source-layer and puts it in place of the one before, whole or not at all.
pub fn import(data: &Path, name: &str, text: &str) -> Result<Put, ImportError> {
    if !SOURCE_LAYERS.contains(&name) {
        return Err(ImportError::Layer(BadSourceLayer::Name {
            name: name.into(),
        }));
    }
    let (layer, _) = SourceLayer::read(name, text)?;
    layer.check()?;
    let before = std::fs::read_to_string(data.join("basemap").join(format!("{name}.geojson")));
    let before = before.ok();
    let before = before.and_then(|text| SourceLayer::read(name, &text).ok());
    write(data, name, text.as_bytes())?;
    Ok(Put {
        features: layer.features,
        before: before.map(|(layer, _)| layer.features),
    })
}

/// What an import put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    /// Its features.
    pub features: usize,
    /// Those of the file that it took the place of, where there was one that could be read.
    pub before: Option<usize>,
}

/// Puts the file of a source-layer in place, whole or not at all.
fn write(data: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = data.join("basemap");
    std::fs::create_dir_all(&folder)?;
    let whole = folder.join(format!("{name}.geojson"));
    let part = folder.join(format!("{name}.geojson.part"));
    std::fs::write(&part, bytes)?;
    std::fs::File::open(&part)?.sync_all()?;
    std::fs::rename(&part, &whole)?;
    std::fs::File::open(&folder)?.sync_all()
}

/// Why a source-layer was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is none.
    #[error(transparent)]
    Layer(#[from] BadSourceLayer),
    /// It cannot be written.
    #[error("cannot write the basemap: {0}")]
    Write(#[from] std::io::Error),
}
