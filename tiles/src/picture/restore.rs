//! Putting a picture back from a checkpoint, so that a start need not fold the whole log.
//!
//! The shell gives back what [`View::hot`](crate::View::hot) wrote, the sightings that are still
//! kept, and then the records after the checkpoint through [`Picture::apply`]. The result equals the
//! fold of the whole log; the change ring starts empty, so clients from before resynchronise. What
//! time has taken since (tombstones, sightings past their retention) may be given back as well: it
//! is dropped again.

use super::{Picture, new_feature};
use crate::catalog::LayerIx;
use crate::event::{Event, Record, Seq};
use crate::feature::FeatureId;
use crate::view::{Body, HotFeature, MarkKey, Tombstone};
use jiff::Timestamp;
use std::sync::Arc;

impl Picture {
    /// Puts a feature of a state layer back.
    pub fn restore_feature(&mut self, hot: HotFeature) {
        let catalog = Arc::clone(&self.view.catalog);
        let layer = hot.observation.layer;
        let spec = catalog.spec(layer);
        let record = Record {
            seq: hot.seq,
            received_at: hot.received_at,
            event: Event::Clock,
        };
        let mut feature = new_feature(spec, &record, &hot.observation, catalog.topic_resolution());
        feature.stale_at = hot.observation.stale_at;
        feature.expires_at = hot.observation.expires_at;
        feature.stale = hot.stale;
        feature.trail = hot.trail.into();
        feature.noticed = hot.noticed.into();
        let feature = Arc::new(feature);
        self.schedule(spec, None, Some(&feature));
        for derivation in &self.derivations {
            if derivation.source == layer
                && let Some(derived) = derivation.derive(&catalog, &feature)
                && let Body::State(state) = &mut self.view.layers[derivation.target.index()].body
            {
                state.set(None, Some(Arc::new(derived)));
            }
        }
        self.set(layer, None, Some(feature));
    }

    /// Puts a tombstone back.
    pub fn restore_tombstone(&mut self, layer: LayerIx, id: &FeatureId, tombstone: Tombstone) {
        self.bury(layer, id, tombstone);
    }

    /// Puts a sighting back, as its record in the log tells it.
    pub fn restore_sighting(&mut self, record: &Record) {
        let Event::Observed(observation) = &record.event else {
            return;
        };
        let catalog = Arc::clone(&self.view.catalog);
        let spec = catalog.spec(observation.layer);
        let feature = new_feature(spec, record, observation, catalog.topic_resolution());
        if let Body::Sightings(sightings) = &mut self.view.layers[observation.layer.index()].body {
            sightings.push(&Arc::new(feature));
        }
    }

    /// Puts a mark back.
    pub fn restore_mark(&mut self, layer: LayerIx, key: MarkKey, seq: Seq) {
        self.view.layers[layer.index()].marks.restore(key, seq);
        let last = &mut self.view.layers[layer.index()].last;
        *last = (*last).max(seq);
    }

    /// Ends the restoration: the picture now stands at this position and time.
    pub fn restored(&mut self, seq: Seq, clock: Timestamp) {
        self.view.seq = seq;
        self.view.clock = clock;
        self.view.ring.reset(seq);
        self.forget_tombstones();
        for (layer, _) in Arc::clone(&self.view.catalog).layers() {
            match &mut self.view.layers[layer.index()].body {
                Body::State(state) => state.pack(),
                Body::Sightings(_) => {
                    self.hide_old_sightings(layer);
                }
                Body::Computed => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
