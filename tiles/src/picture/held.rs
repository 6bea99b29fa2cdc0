//! What a feed holds: whose word on a feature was the last, and which features were taken back.
//!
//! For the writer, which must know what the next body of a feed leaves out. Readers go through the
//! [gate](crate::gate).

use super::Picture;
use crate::catalog::LayerIx;
use crate::event::Seq;
use crate::feature::{FeatureId, FeedName};
use crate::view::Body;
use crate::viewer::Viewer;
use jiff::Timestamp;

impl Picture {
    /// The features of a state layer on which a feed had the last word, each with the instant that
    /// orders its observations: a withdrawal as of then takes it out, and revives for what is newer.
    /// In order of id. None on other layers. Visits the whole layer.
    pub fn held_by<'p>(
        &'p self,
        layer: LayerIx,
        feed: &'p FeedName,
    ) -> impl Iterator<Item = (&'p FeatureId, Timestamp)> + 'p {
        let state = match &self.view.layers[layer.index()].body {
            Body::State(state) => Some(state),
            Body::Sightings(_) | Body::Computed => None,
        };
        let features = state.into_iter().flat_map(|state| state.by_id.values());
        features
            .filter(move |feature| feature.feed == *feed)
            .map(|feature| (&feature.id, feature.effective_at()))
    }

    /// Whether a state layer has the feature now.
    pub fn holds(&self, layer: LayerIx, id: &FeatureId) -> bool {
        match &self.view.layers[layer.index()].body {
            Body::State(state) => state.by_id.get(id).is_some(),
            Body::Sightings(_) | Body::Computed => false,
        }
    }

    /// The last word on a feature of a state layer, where it has it now: the instant that orders its
    /// observations, and when we received it.
    pub fn last_word(&self, layer: LayerIx, id: &FeatureId) -> Option<(Timestamp, Timestamp)> {
        match &self.view.layers[layer.index()].body {
            Body::State(state) => {
                let feature = state.by_id.get(id)?;
                Some((feature.effective_at(), feature.received_at))
            }
            Body::Sightings(_) | Body::Computed => None,
        }
    }

    /// The last change of a layer that a viewer may know of; before the first one where they cannot open
    /// it. For whoever folds a log and asks after each record who could notice it.
    pub fn last_change(&self, viewer: &Viewer, layer: LayerIx) -> Seq {
        self.view.noticed_in(viewer, [layer])
    }

    /// As of when a feature was taken back, if it was and that is not forgotten yet.
    pub fn withdrawn_at(&self, layer: LayerIx, id: &FeatureId) -> Option<Timestamp> {
        let tombstones = &self.view.layers[layer.index()].tombstones;
        tombstones.get(id).map(|tombstone| tombstone.at)
    }
}

#[cfg(test)]
mod tests;
