//! The picture at one instant, immutable and shared.
//!
//! A [`View`] is what every reader holds: cheap to clone, never changing, consistent in itself. It
//! promises that everything in it was durable before it was made, and that nothing of it can be read
//! but through the [gate](crate::gate), with a [`Viewer`](crate::viewer::Viewer).

pub(crate) mod cells;
pub(crate) mod changes;
pub(crate) mod codes;
pub(crate) mod kept;
pub(crate) mod marks;
pub(crate) mod packed;
pub(crate) mod paged;
pub(crate) mod rtree;
pub(crate) mod sightings;
pub(crate) mod state;
pub(crate) mod tally;

pub use changes::RingLimits;
pub use marks::MarkKey;
pub use sightings::{Merge, Merged, Sealed, SealedKey, Steps, Window};
pub use state::Tombstone;

use crate::catalog::{Catalog, LayerIx, LayerKind, LayerSpec};
use crate::event::{Observation, Seq};
use crate::feature::{Feature, FeatureId, Fix};
use changes::Ring;
use jiff::Timestamp;
use marks::Marks;
use sightings::SightingIndex;
use state::StateIndex;
use std::borrow::Cow;
use std::sync::Arc;

/// The indexes of one layer.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    State(StateIndex),
    Sightings(SightingIndex),
    /// A derived layer that is computed while it is read.
    Computed,
}

/// One layer of a view.
#[derive(Debug, Clone)]
pub(crate) struct LayerView {
    pub(crate) body: Body,
    pub(crate) marks: Marks,
    /// What remains of withdrawn features.
    pub(crate) tombstones: imbl::HashMap<FeatureId, Tombstone>,
    /// The last change of the layer, whoever notices it.
    pub(crate) last: Seq,
}

impl LayerView {
    pub(crate) fn new(spec: &LayerSpec) -> Self {
        let body = match (spec.kind, &spec.derived_from) {
            (LayerKind::State, _) | (LayerKind::Derived, Some(_)) => {
                Body::State(StateIndex::default())
            }
            (LayerKind::Sighting, _) => Body::Sightings(SightingIndex::default()),
            (LayerKind::Derived, None) => Body::Computed,
        };
        Self {
            body,
            marks: Marks::default(),
            tombstones: imbl::HashMap::new(),
            last: Seq(0),
        }
    }
}

/// A city's picture as of one position in the log.
#[derive(Debug, Clone)]
pub struct View {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) seq: Seq,
    pub(crate) clock: Timestamp,
    pub(crate) layers: Vec<LayerView>,
    pub(crate) ring: Ring,
}

/// A feature as a checkpoint keeps it: enough to put it back as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct HotFeature {
    /// The state last observed.
    pub observation: Observation,
    /// When it was received.
    pub received_at: Timestamp,
    /// The last change.
    pub seq: Seq,
    /// Whether the log has marked it stale.
    pub stale: bool,
    /// Its trail.
    pub trail: Vec<Fix>,
    /// The last change by who noticed it, where not everybody noticed that of `seq`: pairs of a
    /// number that the catalog gives to a clearance, and a seq.
    pub noticed: Vec<(u8, Seq)>,
}

/// What a checkpoint must write to be at the view's seq, given that it was at an earlier one.
#[derive(Debug, Default)]
pub struct Hot {
    /// Features of state layers that changed. To be written after what
    /// [`Picture::take_removed`](crate::Picture::take_removed) names was deleted.
    pub features: Vec<HotFeature>,
    /// All tombstones there are. One that a store still has from before may be put back as well.
    pub tombstones: Vec<(LayerIx, FeatureId, Tombstone)>,
    /// All sightings there are, in order within a layer. Those that a store has already, by their
    /// [key](Sealed::key), are the same. `None` for a store that has no room for them, and the next
    /// start then reads them from the log.
    pub sealed: Option<Vec<Sealed>>,
    /// Marks that moved.
    pub marks: Vec<(LayerIx, MarkKey, Seq)>,
}

impl View {
    /// The view before the first record.
    pub fn empty(catalog: Arc<Catalog>, limits: RingLimits) -> Self {
        let layers = catalog
            .layers()
            .map(|(_, spec)| LayerView::new(spec))
            .collect();
        Self {
            catalog,
            seq: Seq(0),
            clock: Timestamp::UNIX_EPOCH,
            layers,
            ring: Ring::new(limits, Seq(0)),
        }
    }

    /// The last record that it contains.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// When that record was received: the view's notion of now.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// The layers it knows.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Whether deltas since `seq` can be given; if not, only snapshots help.
    pub fn reaches(&self, seq: Seq) -> bool {
        seq <= self.seq && self.ring.reaches(seq)
    }

    /// Everything that changed after `since`, for a checkpoint. Not for viewers: it passes no gate, so
    /// a test lists who may ask.
    pub fn hot(&self, since: Seq) -> Hot {
        let mut hot = Hot::default();
        let mut sealed = Vec::new();
        for ((layer, spec), view) in self.catalog.layers().zip(&self.layers) {
            hot.marks
                .extend(view.marks.after(since).map(|(key, seq)| (layer, key, seq)));
            let tombs = view.tombstones.iter();
            hot.tombstones
                .extend(tombs.map(|(id, tombstone)| (layer, id.clone(), *tombstone)));
            if let Body::Sightings(sightings) = &view.body {
                sealed.extend(sightings.sealed(layer));
            }
            if let Body::State(state) = &view.body
                && spec.kind == LayerKind::State
            {
                let changed = state.by_id.values().filter(|feature| feature.seq > since);
                hot.features.extend(changed.map(|feature| feature.to_hot()));
            }
        }
        hot.sealed = Some(sealed);
        hot
    }
}

impl Feature {
    fn to_hot(&self) -> HotFeature {
        HotFeature {
            observation: Observation {
                layer: self.layer,
                feature: self.id.clone(),
                feed: self.feed.clone(),
                observed_at: Some(self.observed_at),
                stale_at: self.stale_at,
                expires_at: self.expires_at,
                geometry: self.placed.geometry().map(Cow::into_owned),
                properties: self.properties.clone(),
            },
            received_at: self.received_at,
            seq: self.seq,
            stale: self.stale,
            trail: self.trail.to_vec(),
            noticed: self.noticed.to_vec(),
        }
    }
}
