//! What pages do with a layer: how a wall shows it, and by which words its features are found.
//!
//! Nothing in the core goes by it but the check: what is searched is text that everybody may see who
//! sees the layer, so that no restricted field is ever searched.

use super::{BadCatalog, FieldType, LayerKind, LayerSpec};
use serde::{Deserialize, Serialize};

/// How a wall shows a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnWall {
    /// Whether a wall holds all its features and hears each change, for layers of what lives; else it
    /// fetches their tiles when they change.
    pub live: bool,
    /// Whether it is shown where nobody chose layers.
    pub shown_at_first: bool,
    /// The title of the row that it is counted in under a replay; layers without one share the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_row: Option<String>,
}

impl Default for OnWall {
    fn default() -> Self {
        Self {
            live: false,
            shown_at_first: true,
            replay_row: None,
        }
    }
}

/// How a layer is searched by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// The fields that are searched.
    pub fields: Vec<String>,
    /// Whether the id is searched as well.
    #[serde(default)]
    pub by_id: bool,
    /// What one of its features is called; the layer's title without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The field that names a feature; where it is empty, the id does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The fields that tell two features of one title apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtitle: Vec<String>,
}

impl Search {
    /// All fields that it names.
    fn named(&self) -> impl Iterator<Item = &String> {
        self.fields.iter().chain(&self.title).chain(&self.subtitle)
    }

    /// The same for a layer that may lack some of the fields; `None` where nothing is left to search.
    fn within(&self, layer: &LayerSpec) -> Option<Self> {
        let mut kept = self.clone();
        kept.fields.retain(|name| flaw(layer, name).is_none());
        kept.subtitle.retain(|name| flaw(layer, name).is_none());
        kept.title = kept.title.filter(|name| flaw(layer, name).is_none());
        (kept.by_id || !kept.fields.is_empty()).then_some(kept)
    }
}

impl LayerSpec {
    /// How a wall shows it.
    pub fn on_wall(&self) -> OnWall {
        self.wall.clone().unwrap_or_default()
    }

    /// Its name for people.
    pub fn title_or_name(&self) -> &str {
        if self.title.is_empty() {
            &self.name
        } else {
            &self.title
        }
    }

    /// The same in the place of another layer of its name and kind: what it leaves out of `wall` and
    /// `search` stays as it was, as far as its fields allow.
    #[must_use]
    pub fn replacing(mut self, before: &Self) -> Self {
        if self.kind == before.kind {
            self.wall = self.wall.or_else(|| before.wall.clone());
            let search = before.search.as_ref();
            let kept = search.and_then(|search| search.within(&self));
            self.search = self.search.or(kept);
        }
        self
    }
}

/// Why a field cannot be searched by, if it cannot.
fn flaw(layer: &LayerSpec, name: &str) -> Option<&'static str> {
    match layer.fields.get(name) {
        None => Some("not there"),
        Some(field) if field.kind != FieldType::Text => Some("no text"),
        Some(field) if field.clearance.is_some() => Some("restricted"),
        Some(_) => None,
    }
}

/// Checks both against the layer.
pub(super) fn check(layer: &LayerSpec) -> Result<(), BadCatalog> {
    if layer.on_wall().live && layer.kind != LayerKind::State {
        return Err(BadCatalog::Live(layer.name.clone()));
    }
    let mut named = layer.search.iter().flat_map(Search::named);
    let flawed = named.find_map(|name| Some((name, flaw(layer, name)?)));
    flawed.map_or(Ok(()), |(field, what)| {
        Err(BadCatalog::Search {
            layer: layer.name.clone(),
            field: field.clone(),
            what,
        })
    })
}
