//! The catalog: which layers there are, what their features carry and who may see it.
//!
//! A [`LayerSpec`] is plain configuration, the same for the built-in layers and for those that an
//! operator adds. A [`Catalog`] is a checked list of them, with layers, fields and clearances
//! replaced by small indexes that the rest of the core uses.

mod bad;
mod field;
mod locks;
mod pages;

use crate::cell::FINEST;
use crate::feature::Value;
use crate::tile::MAX_ZOOM;
use crate::view::marks::Slot;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

pub use bad::BadCatalog;
use field::fields_from_entries;
pub use field::{BadValue, FieldSpec, FieldType};
pub(crate) use locks::Locks;
pub use pages::{OnWall, Search};

/// The most layers a catalog can have: the width of a [`LayerSet`](crate::viewer::LayerSet).
pub const MAX_LAYERS: usize = 128;
/// Days of history, where a site says nothing else.
const HISTORY_DAYS: u32 = 30;
/// The most fields a layer can have: the width of a [`FieldMask`].
pub const MAX_FIELDS: usize = 64;
/// The most clearances a catalog can name.
pub const MAX_CLEARANCES: usize = 62;

/// Position of a layer in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerIx(pub(crate) u16);

impl LayerIx {
    /// The position as a number, for tables that are indexed by layer.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Position of a field in its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldIx(pub(crate) u16);

impl FieldIx {
    /// The position as a number.
    pub fn index(self) -> u16 {
        self.0
    }
}

/// Position of a clearance in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClearanceIx(pub(crate) u8);

impl ClearanceIx {
    /// The slot of its holders among those who may notice a change.
    pub(crate) fn slot(self) -> Slot {
        self.0 + 1
    }
}

/// The fields of a layer that a viewer may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldMask(u64);

impl FieldMask {
    /// Whether the field is among them.
    pub fn contains(self, field: FieldIx) -> bool {
        self.0 & 1 << field.0 != 0
    }

    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn with(self, field: FieldIx) -> Self {
        Self(self.0 | 1 << field.0)
    }

    /// The fields of either.
    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// How a layer's data live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerKind {
    /// An id has one current feature; an observation replaces it.
    State,
    /// Seen once, never changes; kept by time.
    Sighting,
    /// Computed from other layers; takes no events.
    Derived,
}

/// The kinds of geometry that a layer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GeometryKind {
    /// Points.
    Point,
    /// Line strings, single or multi.
    Line,
    /// Polygons, single or multi.
    Polygon,
    /// No geometry at all: listed, not drawn.
    None,
}

/// How a sighting layer is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShownAs {
    /// As single points, until there are too many.
    #[default]
    Points,
    /// Always as counts in H3 cells.
    Cells,
}

/// One layer, as configured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSpec {
    /// Its name in paths: lower case letters, digits and `_`, at most 48, a letter first.
    pub name: String,
    /// Its name for people.
    #[serde(default)]
    pub title: String,
    /// How its data live.
    pub kind: LayerKind,
    /// For derived layers, the layer it is computed from. Who may not see that may not see this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<String>,
    /// Whether it holds things that move, and so keeps a bounded trail.
    #[serde(default)]
    pub track: bool,
    /// The kinds of geometry it takes.
    pub geometry: Vec<GeometryKind>,
    /// How sightings are drawn.
    #[serde(default)]
    pub shown_as: ShownAs,
    /// First and last zoom at which its tiles have content.
    #[serde(default = "all_zooms")]
    pub zooms: [u8; 2],
    /// What its features carry, by name.
    #[serde(default, deserialize_with = "fields_from_entries")]
    pub fields: BTreeMap<String, FieldSpec>,
    /// The clearance without which the layer does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clearance: Option<String>,
    /// The clearance without which single features do not exist, only their counts in cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub single_clearance: Option<String>,
    /// The finest cells that are counted for those without `single_clearance`.
    #[serde(default = "coarse_cells")]
    pub counted_resolution: u8,
    /// Seconds after which a feature is marked stale; 0 is never, and all that a sighting layer takes.
    #[serde(default)]
    pub stale_after_s: u32,
    /// Seconds after which a feature leaves the picture; 0 is never, and all that a sighting layer takes.
    #[serde(default)]
    pub expire_after_s: u32,
    /// Days after which what was received is gone everywhere; 0 is never.
    #[serde(default)]
    pub retain_days: u32,
    /// The most points drawn one by one in a tile; past it they become counts in cells.
    #[serde(default = "point_cap")]
    pub cap: u32,
    /// How a wall shows it, where that is not as any layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<OnWall>,
    /// How its features are found by name; without it they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
}

fn all_zooms() -> [u8; 2] {
    [0, MAX_ZOOM]
}

fn coarse_cells() -> u8 {
    9
}

fn point_cap() -> u32 {
    5_000
}

impl LayerSpec {
    /// The position of a field by name.
    pub fn field(&self, name: &str) -> Option<FieldIx> {
        let at = self.fields.keys().position(|known| known == name)?;
        u16::try_from(at).ok().map(FieldIx)
    }

    /// The name and spec of a field.
    pub fn field_at(&self, field: FieldIx) -> Option<(&str, &FieldSpec)> {
        self.fields
            .iter()
            .nth(usize::from(field.0))
            .map(|(name, spec)| (name.as_str(), spec))
    }

    /// All fields by position.
    pub(crate) fn fields_at(&self) -> impl Iterator<Item = (FieldIx, &FieldSpec)> {
        (0_u16..).map(FieldIx).zip(self.fields.values())
    }

    /// The fields that have one value always, with it.
    pub(crate) fn fixed(&self) -> impl Iterator<Item = (FieldIx, Value)> {
        self.fields_at()
            .filter_map(|(field, spec)| Some((field, spec.fixed()?)))
    }

    /// Whether the layer takes geometries of this kind.
    pub fn takes(&self, kind: GeometryKind) -> bool {
        self.geometry.contains(&kind)
    }
}

/// A checked list of layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    specs: Vec<LayerSpec>,
    locks: Vec<Locks>,
    by_name: HashMap<String, LayerIx>,
    clearances: Vec<String>,
    /// H3 resolution of live topics.
    topic_resolution: u8,
    /// Days that layers without `retain_days` remember what was replaced or withdrawn.
    history_days: u32,
}

impl Catalog {
    /// Checks the layers and numbers them in the order given. `topic_resolution` is the H3
    /// resolution of live topics, usually 6.
    #[expect(
        clippy::missing_panics_doc,
        reason = "what is looked up was counted and collected before"
    )]
    pub fn new(specs: Vec<LayerSpec>, topic_resolution: u8) -> Result<Self, BadCatalog> {
        limit("layers", specs.len(), MAX_LAYERS)?;
        let mut by_name = HashMap::new();
        let mut clearances = Vec::new();
        for (at, spec) in specs.iter().enumerate() {
            check(spec, specs.get(..at).unwrap_or_default())?;
            let layer = LayerIx(u16::try_from(at).expect("at most MAX_LAYERS"));
            if by_name.insert(spec.name.clone(), layer).is_some() {
                return Err(BadCatalog::Twice(spec.name.clone()));
            }
            let fields = spec.fields.values().map(|field| &field.clearance);
            for name in fields
                .chain([&spec.clearance, &spec.single_clearance])
                .flatten()
            {
                if !clearances.contains(name) {
                    clearances.push(name.clone());
                }
            }
        }
        limit("clearances", clearances.len(), MAX_CLEARANCES)?;
        clearances.sort();
        let clearance = |name: &str| {
            let at = clearances.iter().position(|known| known == name);
            let at = at.expect("every clearance of a spec was collected");
            ClearanceIx(u8::try_from(at).expect("at most MAX_CLEARANCES"))
        };
        let locks = specs.iter();
        let locks = locks.map(|spec| Locks::of(spec, |name| by_name[name], clearance));
        let locks = locks.collect();
        Ok(Self {
            specs,
            locks,
            by_name,
            clearances,
            topic_resolution: topic_resolution.min(FINEST),
            history_days: HISTORY_DAYS,
        })
    }

    /// The same catalog, where layers without `retain_days` remember what was replaced or withdrawn
    /// for so many days; at least one, and 30 without this.
    #[must_use]
    pub fn with_history_days(mut self, days: u32) -> Self {
        self.history_days = days.max(1);
        self
    }

    /// Days after which a withdrawal in a layer is forgotten: what is observed before it and received
    /// later than that counts as new.
    pub fn tombstone_days(&self, spec: &LayerSpec) -> u32 {
        if spec.retain_days > 0 {
            spec.retain_days
        } else {
            self.history_days
        }
    }

    /// All layers, in order.
    pub fn layers(&self) -> impl Iterator<Item = (LayerIx, &LayerSpec)> {
        (0_u16..).map(LayerIx).zip(&self.specs)
    }

    /// The layer of a name.
    pub fn layer(&self, name: &str) -> Option<LayerIx> {
        self.by_name.get(name).copied()
    }

    /// The spec of a layer of this catalog.
    pub fn spec(&self, layer: LayerIx) -> &LayerSpec {
        &self.specs[layer.index()]
    }

    /// What opens a layer of this catalog.
    pub(crate) fn locks(&self, layer: LayerIx) -> &Locks {
        &self.locks[layer.index()]
    }

    /// How many layers there are.
    pub fn len(&self) -> usize {
        self.specs.len()
    }

    /// Whether there is no layer.
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// All clearances that some layer or field needs, in order of name.
    pub fn clearances(&self) -> impl Iterator<Item = (ClearanceIx, &str)> {
        (0_u8..)
            .map(ClearanceIx)
            .zip(self.clearances.iter().map(String::as_str))
    }

    /// The clearance of a name.
    pub fn clearance(&self, name: &str) -> Option<ClearanceIx> {
        self.clearances()
            .find(|(_, known)| *known == name)
            .map(|(clearance, _)| clearance)
    }

    /// The H3 resolution of live topics.
    pub fn topic_resolution(&self) -> u8 {
        self.topic_resolution
    }
}

fn limit(what: &str, count: usize, limit: usize) -> Result<(), BadCatalog> {
    if count <= limit {
        return Ok(());
    }
    Err(BadCatalog::TooMany {
        what: what.into(),
        count,
        limit,
    })
}

fn check(spec: &LayerSpec, before: &[LayerSpec]) -> Result<(), BadCatalog> {
    let name = &spec.name;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(plain)
        || name.len() > 48
        || name.ends_with("_cells")
    {
        return Err(BadCatalog::Name(name.clone()));
    }
    limit(
        &format!("fields of layer {name}"),
        spec.fields.len(),
        MAX_FIELDS,
    )?;
    check_fields(spec)?;
    let [first, last] = spec.zooms;
    if first > last || last > MAX_ZOOM {
        return Err(BadCatalog::Zooms {
            layer: name.clone(),
            first,
            last,
        });
    }
    if let Some(from) = spec.derived_from.as_ref().filter(|from| {
        let source = before.iter().find(|layer| layer.name == **from);
        source.is_none_or(|source| source.kind != LayerKind::State)
    }) {
        return Err(BadCatalog::Source {
            layer: name.clone(),
            from: from.clone(),
        });
    }
    if spec.counted_resolution > FINEST {
        return Err(BadCatalog::Resolution {
            layer: name.clone(),
            resolution: spec.counted_resolution,
        });
    }
    if spec.kind == LayerKind::Sighting {
        check_sightings(spec)?;
    }
    pages::check(spec)
}

fn check_fields(spec: &LayerSpec) -> Result<(), BadCatalog> {
    for (name, field) in &spec.fields {
        if let Some((key, allowed)) = field.misplaced() {
            return Err(BadCatalog::Misplaced {
                layer: spec.name.clone(),
                field: name.clone(),
                key,
                allowed,
                kind: field.kind.name(),
            });
        }
    }
    Ok(())
}

fn check_sightings(spec: &LayerSpec) -> Result<(), BadCatalog> {
    if spec.geometry != [GeometryKind::Point] {
        return Err(BadCatalog::SightingGeometry(spec.name.clone()));
    }
    let ages = [
        ("stale_after_s", spec.stale_after_s),
        ("expire_after_s", spec.expire_after_s),
    ];
    match ages.into_iter().find(|(_, seconds)| *seconds > 0) {
        Some((key, seconds)) => Err(BadCatalog::Age {
            layer: spec.name.clone(),
            key,
            seconds,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
