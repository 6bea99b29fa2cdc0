//! A feature as one viewer sees it.

use super::{FeatureId, FeatureRef, FeedName, Fix, SharedFeature, Topic, ValueRef};
use crate::catalog::{FieldIx, FieldMask, LayerIx, LayerSpec};
use crate::cell::Cell;
use crate::event::Seq;
use crate::place::{Bounds, LonLat};
use crate::view::marks::Notice;
use geo_types::Geometry;
use jiff::Timestamp;
use std::borrow::Cow;

/// A feature as one viewer sees it. The only way to a feature's properties.
#[derive(Debug, Clone)]
pub struct Seen {
    pub(crate) feature: SharedFeature,
    pub(crate) layer: LayerIx,
    pub(crate) fields: FieldMask,
    /// Who among the noticing the viewer is.
    pub(crate) slots: Notice,
}

impl Seen {
    fn here(&self) -> FeatureRef<'_> {
        self.feature.here()
    }

    /// The id within the layer, as text.
    pub fn id(&self) -> &str {
        self.here().id()
    }

    /// The id within the layer, to be kept.
    pub fn feature_id(&self) -> FeatureId {
        self.here().feature_id()
    }

    /// The layer.
    pub fn layer(&self) -> LayerIx {
        self.layer
    }

    /// The feed that reported it last.
    pub fn feed(&self) -> &FeedName {
        self.here().feed()
    }

    /// The geometry in WGS 84, where it has one.
    pub fn geometry(&self) -> Option<Cow<'_, Geometry<f64>>> {
        self.here().geometry()
    }

    /// The box of the geometry.
    pub fn bounds(&self) -> Option<Bounds> {
        self.here().bounds()
    }

    /// A position that stands for the geometry.
    pub fn anchor(&self) -> Option<LonLat> {
        self.here().anchor()
    }

    /// The finest cell of the anchor.
    pub fn cell(&self) -> Option<Cell> {
        self.here().cell()
    }

    /// When the source saw it; when we received it, where the source did not say.
    pub fn observed_at(&self) -> Timestamp {
        self.here().observed_at()
    }

    /// When it counts as stale, if ever.
    pub fn stale_at(&self) -> Option<Timestamp> {
        self.here().stale_at()
    }

    /// Whether the log has already marked it stale.
    pub fn is_stale(&self) -> bool {
        self.here().is_stale()
    }

    /// Earlier positions, oldest first, the current one included; empty where the layer keeps none.
    pub fn trail(&self) -> &[Fix] {
        self.here().trail()
    }

    /// The live topic that carries it.
    pub(crate) fn topic(&self) -> Topic {
        self.here().topic()
    }

    /// The last change of it that the viewer may know of.
    pub fn seq(&self) -> Seq {
        self.here().noticed_by(self.slots)
    }

    /// The fields that the viewer may see, with their values, in the order of the layer's fields.
    pub fn properties(&self) -> impl Iterator<Item = (FieldIx, ValueRef<'_>)> {
        let properties = self.here().properties();
        properties.filter(|(field, _)| self.fields.contains(*field))
    }

    /// The value of one field by name, if it is there and may be seen.
    pub fn property(&self, spec: &LayerSpec, name: &str) -> Option<ValueRef<'_>> {
        let field = spec.field(name)?;
        let may = self.fields.contains(field);
        may.then(|| self.here().property(field)).flatten()
    }
}
