//! Putting a picture back from a checkpoint, so that a start need not fold the whole log.
//!
//! The shell gives back what [`View::hot`](crate::View::hot) wrote, the sightings that are still
//! kept, and then the records after the checkpoint through [`Picture::apply`]. The result equals the
//! fold of the whole log; the change ring starts empty, so clients from before resynchronise.
//! Tombstones that time has taken since may be given back as well: they are dropped again. Sightings
//! go as in the fold, so the records of the clock belong between them.

use super::{Picture, is_on_globe, new_feature};
use crate::catalog::{Catalog, LayerIx};
use crate::event::{Event, Record, Seq};
use crate::feature::{Feature, FeatureId};
use crate::view::marks::Notice;
use crate::view::{Body, HotFeature, MarkKey, Sealed, Tombstone};
use jiff::Timestamp;
use std::sync::Arc;

/// A feature of a checkpoint that is ready to be put back.
#[derive(Debug)]
pub struct Revived(Feature);

impl HotFeature {
    /// Makes it ready, which is most of the work and needs no picture: several threads can do it.
    pub fn revived(self, catalog: &Catalog) -> Revived {
        let spec = catalog.spec(self.observation.layer);
        let (stale_at, expires_at) = (self.observation.stale_at, self.observation.expires_at);
        let received = (self.seq, self.received_at);
        let topic_resolution = catalog.topic_resolution();
        let mut feature = new_feature(spec, received, self.observation, topic_resolution);
        feature.stale_at = stale_at;
        feature.expires_at = expires_at;
        feature.stale = self.stale;
        feature.trail = self.trail.into();
        feature.noticed = self.noticed.into();
        Revived(feature)
    }
}

impl Picture {
    /// Puts a feature of a state layer back. It is found by id at once, and by place after
    /// [`Picture::restored`].
    pub fn restore_feature(&mut self, Revived(mut feature): Revived) {
        let catalog = Arc::clone(&self.view.catalog);
        let layer = feature.layer;
        let spec = catalog.spec(layer);
        self.share_feed(&mut feature);
        let feature = Arc::new(feature);
        for derivation in &self.derivations {
            if derivation.source == layer
                && let Some(derived) = derivation.derive(&catalog, &feature)
                && let Body::State(state) = &mut self.view.layers[derivation.target.index()].body
            {
                state.load(Arc::new(derived));
            }
        }
        if let Body::State(state) = &mut self.view.layers[layer.index()].body {
            let ordinal = state.load(Arc::clone(&feature));
            self.schedule(spec, ordinal, None, Some(&feature));
        }
    }

    /// Puts a tombstone back.
    pub fn restore_tombstone(&mut self, layer: LayerIx, id: &FeatureId, tombstone: Tombstone) {
        self.bury(layer, id, tombstone);
    }

    /// Puts a sighting back, as its record in the log tells it: all but the marks that
    /// [`Picture::apply`] would make, which takes the withdrawals and the records of the clock in
    /// between. Of several with one id the first counts for as long as it is kept; one that was
    /// withdrawn does not come back. Sightings are read only after [`Picture::restored`].
    pub fn restore_sighting(&mut self, record: Record) {
        let Event::Observed(observation) = record.event else {
            return;
        };
        let layer = observation.layer;
        // As in the fold: what is past its retention by now is gone before the next one comes.
        self.view.clock = self.view.clock.max(record.received_at);
        let due = self.due.sightings.get(&layer);
        if due.is_some_and(|at| *at <= self.view.clock) {
            self.hide_old_sightings(layer);
        }
        if !observation.geometry.as_ref().is_none_or(is_on_globe) {
            return;
        }
        let catalog = &self.view.catalog;
        let received = (record.seq, record.received_at);
        let topic_resolution = catalog.topic_resolution();
        let feature = new_feature(catalog.spec(layer), received, observation, topic_resolution);
        if self.is_buried(layer, &feature) {
            return;
        }
        let Body::Sightings(sightings) = &mut self.view.layers[layer.index()].body else {
            return;
        };
        if !sightings.holds(&feature.id) {
            sightings.load(Arc::new(feature));
            if !self.due.sightings.contains_key(&layer) {
                self.expect_retention(layer);
            }
        }
    }

    /// Puts sightings back as they were when the checkpoint was taken; those of a layer in order, and
    /// none of it by [`Picture::restore_sighting`].
    pub fn restore_sealed(&mut self, sealed: Sealed) {
        let layer = sealed.layer();
        if let Body::Sightings(sightings) = &mut self.view.layers[layer.index()].body {
            sightings.restore(sealed);
        }
    }

    fn is_buried(&mut self, layer: LayerIx, feature: &Feature) -> bool {
        if !self.view.layers[layer.index()]
            .tombstones
            .contains_key(&feature.id)
        {
            return false;
        }
        self.forget_tombstones();
        let tombstones = &self.view.layers[layer.index()].tombstones;
        let tombstone = tombstones.get(&feature.id);
        tombstone.is_some_and(|tombstone| feature.effective_at() <= tombstone.at)
    }

    /// Puts a mark back.
    pub fn restore_mark(&mut self, layer: LayerIx, key: MarkKey, seq: Seq) {
        self.view.layers[layer.index()].marks.restore(key, seq);
        let last = &mut self.view.layers[layer.index()].last;
        *last = (*last).max(seq);
    }

    /// Passes over the records up to this one, which concern no layer of the catalog: they move the
    /// position and the clock.
    pub fn pass_over(&mut self, seq: Seq, received_at: Timestamp) {
        if seq <= self.view.seq {
            return;
        }
        self.view.seq = seq;
        self.view.clock = self.view.clock.max(received_at);
        self.forget_tombstones();
        for layer in &mut self.view.layers {
            layer.marks.settle(seq);
        }
    }

    /// Notes that any tile of a layer, and of what is derived from it, may have changed by now: for
    /// when the marks of what is no longer in the log are lost.
    pub fn touch_everywhere(&mut self, layer: LayerIx) {
        let derived = self.derivations.iter();
        let derived = derived.filter(|derivation| derivation.source == layer);
        let layers: Vec<LayerIx> = derived.map(|it| it.target).chain([layer]).collect();
        for layer in layers {
            let view = &mut self.view.layers[layer.index()];
            view.marks.touch_all(self.view.seq);
            view.marks.touch_layer(Notice::EVERYBODY, self.view.seq);
            view.last = self.view.seq;
        }
    }

    /// Ends the restoration: the picture now stands at this position and time.
    pub fn restored(&mut self, seq: Seq, clock: Timestamp) {
        self.view.seq = seq;
        self.view.clock = clock;
        self.view.ring.reset(seq);
        self.forget_tombstones();
        let catalog = Arc::clone(&self.view.catalog);
        for (layer, _) in catalog.layers() {
            match &mut self.view.layers[layer.index()].body {
                Body::State(state) => state.loaded(),
                Body::Sightings(sightings) => {
                    sightings.loaded();
                    sightings.restored(layer, catalog.topic_resolution());
                    self.expect_retention(layer);
                }
                Body::Computed => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
