//! Merging segments of sightings where it holds nobody up: see [`Merge`]. What is in the picture does
//! not change by it, only how fast it is read.

use super::Picture;
use crate::view::{Body, Merge, Merged};

impl Picture {
    /// What is to be merged next, if anything is. The same until [`Picture::accept_merge`] has taken
    /// the outcome.
    pub fn next_merge(&self) -> Option<Merge> {
        let layers = self.view.catalog.layers().zip(&self.view.layers);
        let mut merges = layers.filter_map(|((layer, _), view)| match &view.body {
            Body::Sightings(sightings) => sightings.next_merge(layer),
            Body::State(_) | Body::Computed => None,
        });
        merges.next()
    }

    /// Takes the outcome of a merge of this picture, unless what was merged has changed since; says
    /// whether it did.
    pub fn accept_merge(&mut self, merged: Merged) -> bool {
        let layer = self.view.layers.get_mut(merged.layer.index());
        match layer.map(|layer| &mut layer.body) {
            Some(Body::Sightings(sightings)) => sightings.accept(merged),
            _ => false,
        }
    }

    /// Puts all sightings in segments, merges what is due and packs the features of states anew, as if much more had come.
    #[cfg(test)]
    pub(crate) fn pack(&mut self) {
        for layer in &mut self.view.layers {
            match &mut layer.body {
                Body::Sightings(sightings) => sightings.seal_all(),
                Body::State(state) => state.pack(),
                Body::Computed => {}
            }
        }
        while let Some(merge) = self.next_merge() {
            assert!(self.accept_merge(merge.run()));
        }
    }
}
