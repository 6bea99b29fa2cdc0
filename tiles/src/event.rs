//! Events: everything that can happen to a picture. There is no other way to change one.
//!
//! Time enters as data (invariant 2): a record carries the instant at which it was received, and
//! what a clock drives is an event of its own.

use crate::catalog::LayerIx;
use crate::feature::{FeatureId, FeedName, Properties};
use geo_types::Geometry;
use jiff::Timestamp;
use std::fmt;

/// The position of a record in the log. Higher is later; 0 is before the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a feed saw: the whole state of one feature, or one sighting.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The layer it belongs to.
    pub layer: LayerIx,
    /// Its id within the layer.
    pub feature: FeatureId,
    /// The feed that reported it.
    pub feed: FeedName,
    /// When the source saw it, if the source says. Where it lies after the record's `received_at`,
    /// it is kept as told but ordered as if it were `received_at`.
    pub observed_at: Option<Timestamp>,
    /// When it becomes stale, if the source says; else the layer's rule counts.
    pub stale_at: Option<Timestamp>,
    /// When it leaves the picture, if the source says; else the layer's rule counts.
    pub expires_at: Option<Timestamp>,
    /// Where, in WGS 84; `None` is listed but not drawn.
    pub geometry: Option<Geometry<f64>>,
    /// What else, by the layer's fields.
    pub properties: Properties,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A feed saw something.
    Observed(Observation),
    /// A feed took something back. A later observation of an earlier instant does not revive it.
    Withdrawn {
        /// The layer it belongs to.
        layer: LayerIx,
        /// Its id within the layer.
        feature: FeatureId,
        /// The feed that took it back.
        feed: FeedName,
        /// As of when, if the source says.
        at: Option<Timestamp>,
    },
    /// Time passed and something fell due: staleness, expiry or retention as of the record's
    /// `received_at`.
    Clock,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its position.
    pub seq: Seq,
    /// When we received it; never decreases along the log.
    pub received_at: Timestamp,
    /// What happened.
    pub event: Event,
}
