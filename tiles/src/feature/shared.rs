//! Where a feature of a view lives: on its own, or as a row among many of the same layer.
//!
//! Readers meet both as one. A [`FeatureRef`] stands where the feature stands and copies nothing; a
//! [`SharedFeature`] keeps it alive beyond the view.

use super::{Feature, FeatureId, FeedName, Fix, Placed, Topic, ValueRef};
use crate::catalog::{FieldIx, LayerIx};
use crate::cell::Cell;
use crate::event::Seq;
use crate::place::{Bounds, LonLat};
use crate::view::marks::Notice;
use crate::view::sightings::Segment;
use geo_types::Geometry;
use jiff::Timestamp;
use std::borrow::Cow;
use std::sync::Arc;

/// A feature, kept.
#[derive(Debug, Clone)]
pub(crate) enum SharedFeature {
    /// One of its own.
    Own(Arc<Feature>),
    /// A row of a sealed segment of sightings.
    Row(Arc<Segment>, u32),
}

/// A feature, where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FeatureRef<'v> {
    /// One of its own.
    Own(&'v Arc<Feature>),
    /// A row of a sealed segment of sightings.
    Row(&'v Arc<Segment>, u32),
}

impl SharedFeature {
    /// The feature, where it stands.
    pub(crate) fn here(&self) -> FeatureRef<'_> {
        match self {
            Self::Own(feature) => FeatureRef::Own(feature),
            Self::Row(segment, row) => FeatureRef::Row(segment, *row),
        }
    }
}

impl<'v> FeatureRef<'v> {
    /// The feature, to be kept.
    pub(crate) fn shared(self) -> SharedFeature {
        match self {
            Self::Own(feature) => SharedFeature::Own(Arc::clone(feature)),
            Self::Row(segment, row) => SharedFeature::Row(Arc::clone(segment), row),
        }
    }

    /// The feature on its own, whether or not it lived so.
    pub(crate) fn own(self, layer: LayerIx) -> Arc<Feature> {
        match self {
            Self::Own(feature) => Arc::clone(feature),
            Self::Row(..) => Arc::new(Feature {
                id: self.feature_id(),
                layer,
                feed: self.feed().clone(),
                placed: Placed::of(self.geometry().map(Cow::into_owned), None),
                properties: self.properties().collect(),
                observed_at: self.observed_at(),
                received_at: self.received_at(),
                stale_at: self.stale_at(),
                expires_at: None,
                stale: false,
                seq: self.seq(),
                noticed: Box::default(),
                trail: Arc::default(),
            }),
        }
    }

    pub(crate) fn id(self) -> &'v str {
        match self {
            Self::Own(feature) => feature.id.as_str(),
            Self::Row(segment, row) => segment.id(row),
        }
    }

    pub(crate) fn feature_id(self) -> FeatureId {
        match self {
            Self::Own(feature) => feature.id.clone(),
            Self::Row(segment, row) => segment.id(row).into(),
        }
    }

    pub(crate) fn feed(self) -> &'v FeedName {
        match self {
            Self::Own(feature) => &feature.feed,
            Self::Row(segment, row) => segment.feed(row),
        }
    }

    pub(crate) fn geometry(self) -> Option<Cow<'v, Geometry<f64>>> {
        match self {
            Self::Own(feature) => feature.placed.geometry(),
            Self::Row(segment, row) => segment.geometry(row),
        }
    }

    pub(crate) fn bounds(self) -> Option<Bounds> {
        match self {
            Self::Own(feature) => feature.placed.bounds(),
            Self::Row(segment, row) => segment.bounds(row),
        }
    }

    pub(crate) fn anchor(self) -> Option<LonLat> {
        match self {
            Self::Own(feature) => feature.placed.anchor(),
            Self::Row(segment, row) => segment.anchor(row),
        }
    }

    pub(crate) fn cell(self) -> Option<Cell> {
        match self {
            Self::Own(feature) => feature.placed.cell(),
            Self::Row(segment, row) => segment.cell(row),
        }
    }

    pub(crate) fn observed_at(self) -> Timestamp {
        match self {
            Self::Own(feature) => feature.observed_at,
            Self::Row(segment, row) => segment.observed_at(row),
        }
    }

    pub(crate) fn received_at(self) -> Timestamp {
        match self {
            Self::Own(feature) => feature.received_at,
            Self::Row(segment, row) => segment.received_at(row),
        }
    }

    /// See [`Feature::effective_at`].
    pub(crate) fn effective_at(self) -> Timestamp {
        self.observed_at().min(self.received_at())
    }

    pub(crate) fn stale_at(self) -> Option<Timestamp> {
        match self {
            Self::Own(feature) => feature.stale_at,
            Self::Row(segment, row) => segment.stale_at(row),
        }
    }

    /// A sighting never changes, so it never becomes stale.
    pub(crate) fn is_stale(self) -> bool {
        match self {
            Self::Own(feature) => feature.stale,
            Self::Row(..) => false,
        }
    }

    pub(crate) fn trail(self) -> &'v [Fix] {
        match self {
            Self::Own(feature) => &feature.trail,
            Self::Row(..) => &[],
        }
    }

    /// Sightings do not flow one by one.
    pub(crate) fn topic(self) -> Topic {
        match self {
            Self::Own(feature) => feature.placed.topic(),
            Self::Row(..) => Topic::Everywhere,
        }
    }

    /// When it came into the log, or last changed there.
    pub(crate) fn seq(self) -> Seq {
        match self {
            Self::Own(feature) => feature.seq,
            Self::Row(segment, row) => segment.seq(row),
        }
    }

    /// The last change of it that somebody with these slots may know of.
    pub(crate) fn noticed_by(self, slots: Notice) -> Seq {
        match self {
            Self::Own(feature) => feature.noticed_by(slots),
            Self::Row(..) => self.seq(),
        }
    }

    /// The value of a field.
    pub(crate) fn property(self, field: FieldIx) -> Option<ValueRef<'v>> {
        match self {
            Self::Own(feature) => feature.properties.get(field),
            Self::Row(segment, row) => segment.property(row, field),
        }
    }

    /// All fields with their values, in the order of the layer's fields.
    pub(crate) fn properties(self) -> impl Iterator<Item = (FieldIx, ValueRef<'v>)> {
        let (own, row) = match self {
            Self::Own(feature) => (Some(feature.properties.iter()), None),
            Self::Row(segment, row) => (None, Some(segment.properties(row))),
        };
        let own = own.into_iter().flatten();
        own.chain(row.into_iter().flatten())
    }
}
