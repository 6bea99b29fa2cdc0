//! Features looked at one by one, where they stand: for questions that ask all of a layer and keep
//! little of it. Nothing is copied, and what is hidden from the viewer is hidden here as everywhere.

use super::Open;
use crate::catalog::{FieldMask, LayerIx, LayerSpec};
use crate::feature::{FeatureRef, Seen, ValueRef};
use crate::place::Bounds;
use crate::view::Body;
use crate::view::marks::Notice;
use crate::view::sightings::SightingIndex;
use jiff::Timestamp;

/// A feature of a view as one viewer sees it: [`Seen`], borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Glance<'v> {
    feature: FeatureRef<'v>,
    layer: LayerIx,
    fields: FieldMask,
    slots: Notice,
}

impl<'v> Open<'v> {
    /// All features that the viewer may see: those of a state layer in order of id, sightings in none.
    pub fn glance(&self) -> impl Iterator<Item = Glance<'v>> + use<'v> {
        let (layer, fields, slots) = (self.layer, self.fields, self.slots);
        let (state, sightings) = match &self.layer_view().body {
            _ if !self.singles => (None, None),
            Body::State(state) => (Some(state), None),
            Body::Sightings(sightings) => (None, Some(sightings)),
            Body::Computed => (None, None),
        };
        let state = state
            .into_iter()
            .flat_map(|state| state.by_id.values().map(FeatureRef::Own));
        let sightings = sightings.into_iter().flat_map(SightingIndex::rows);
        state.chain(sightings).map(move |feature| Glance {
            feature,
            layer,
            fields,
            slots,
        })
    }
}

impl<'v> Glance<'v> {
    /// The id within the layer, as text.
    pub fn id(self) -> &'v str {
        self.feature.id()
    }

    /// The box of the geometry.
    pub fn bounds(self) -> Option<Bounds> {
        self.feature.bounds()
    }

    /// When the source saw it; when we received it, where the source did not say.
    pub fn observed_at(self) -> Timestamp {
        self.feature.observed_at()
    }

    /// The value of one field by name, if it is there and may be seen.
    pub fn property(self, spec: &LayerSpec, name: &str) -> Option<ValueRef<'v>> {
        let field = spec.field(name)?;
        let may = self.fields.contains(field);
        may.then(|| self.feature.property(field)).flatten()
    }

    /// The feature, to be kept.
    pub fn seen(self) -> Seen {
        Seen {
            feature: self.feature.shared(),
            layer: self.layer,
            fields: self.fields,
            slots: self.slots,
        }
    }
}
