//! Features looked at one by one, where they stand: for questions that ask all of a layer and keep
//! little of it. Nothing is copied, and what is hidden from the viewer is hidden here as everywhere.

use super::Open;
use crate::catalog::{FieldMask, LayerSpec};
use crate::feature::{Feature, FeatureId, Seen, Value};
use crate::place::Bounds;
use crate::view::Body;
use crate::view::marks::Notice;
use crate::view::sightings::SightingIndex;
use jiff::Timestamp;
use std::sync::Arc;

/// A feature of a view as one viewer sees it: [`Seen`], borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Glance<'v> {
    feature: &'v Arc<Feature>,
    fields: FieldMask,
    slots: Notice,
}

impl<'v> Open<'v> {
    /// All features that the viewer may see: those of a state layer in order of id, sightings in none.
    pub fn glance(&self) -> impl Iterator<Item = Glance<'v>> + use<'v> {
        let (fields, slots) = (self.fields, self.slots);
        let (state, sightings) = match &self.layer_view().body {
            _ if !self.singles => (None, None),
            Body::State(state) => (Some(state), None),
            Body::Sightings(sightings) => (None, Some(sightings)),
            Body::Computed => (None, None),
        };
        let state = state.into_iter().flat_map(|state| state.by_id.values());
        let sightings = sightings.into_iter().flat_map(SightingIndex::rows);
        state.chain(sightings).map(move |feature| Glance {
            feature,
            fields,
            slots,
        })
    }
}

impl<'v> Glance<'v> {
    /// The id within the layer.
    pub fn id(self) -> &'v FeatureId {
        &self.feature.id
    }

    /// The box of the geometry.
    pub fn bounds(self) -> Option<Bounds> {
        self.feature.bounds
    }

    /// When the source saw it; when we received it, where the source did not say.
    pub fn observed_at(self) -> Timestamp {
        self.feature.observed_at
    }

    /// The value of one field by name, if it is there and may be seen.
    pub fn property(self, spec: &LayerSpec, name: &str) -> Option<&'v Value> {
        let field = spec.field(name)?;
        let properties = &self.feature.properties;
        let seen = self.fields.contains(field).then(|| properties.get(field));
        seen.flatten()
    }

    /// The feature, to be kept.
    pub fn seen(self) -> Seen {
        Seen {
            feature: Arc::clone(self.feature),
            fields: self.fields,
            slots: self.slots,
        }
    }
}
