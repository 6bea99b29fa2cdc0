//! Features looked at one by one, where they stand: for questions that ask all of a layer and keep
//! little of it. Nothing is copied, and what is hidden from the viewer is hidden here as everywhere.

use super::Open;
use crate::catalog::{FieldIx, FieldMask, LayerIx, LayerSpec};
use crate::feature::{FeatureRef, Seen, ValueRef};
use crate::place::Bounds;
use crate::view::Body;
use crate::view::marks::Notice;
use crate::view::sightings::SightingIndex;
use geo_types::Geometry;
use jiff::Timestamp;
use std::borrow::Cow;

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
        let open = *self;
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
        let all = state.chain(sightings);
        all.map(move |feature| open.glanced(feature))
    }

    /// A feature of the layer as the viewer sees it.
    pub(super) fn glanced(&self, feature: FeatureRef<'v>) -> Glance<'v> {
        Glance {
            feature,
            layer: self.layer,
            fields: self.fields,
            slots: self.slots,
        }
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

    /// The geometry in WGS 84, where it has one.
    pub(crate) fn geometry(self) -> Option<Cow<'v, Geometry<f64>>> {
        self.feature.geometry()
    }

    /// Whether the log has already marked it stale.
    pub(crate) fn is_stale(self) -> bool {
        self.feature.is_stale()
    }

    /// Tells the fields that the viewer may see, with their values, in the order of the layer's fields. A
    /// value that stands in a dictionary comes with its number there, from 1 on, others with 0.
    pub(crate) fn each_property(self, told: &mut dyn FnMut(FieldIx, ValueRef<'v>, u32)) {
        let may = |field: FieldIx| self.fields.contains(field);
        match self.feature {
            FeatureRef::Own(feature) => {
                let seen = feature.properties.iter().filter(|(field, _)| may(*field));
                seen.for_each(|(field, value)| told(field, value, 0));
            }
            FeatureRef::Row(segment, row) => {
                let seen = segment.numbered(row).filter(|(field, ..)| may(*field));
                seen.for_each(|(field, value, number)| told(field, value, number));
            }
        }
    }

    /// When the source saw it, and the number of that instant as [`Glance::each_property`] has it.
    pub(crate) fn numbered_observed_at(self) -> (Timestamp, u32) {
        match self.feature {
            FeatureRef::Own(feature) => (feature.observed_at, 0),
            FeatureRef::Row(segment, row) => segment.numbered_observed_at(row),
        }
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
