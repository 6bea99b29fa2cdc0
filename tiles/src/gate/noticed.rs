//! Positions of the log as a viewer may know them: the last change that they could notice.
//!
//! A position that moved with hidden changes would tell when there was one, so whatever is told of
//! where an answer stands is one of these.

use super::Open;
use crate::catalog::LayerIx;
use crate::event::Seq;
use crate::feature::Topic;
use crate::tile::TileCoord;
use crate::view::{Body, View};
use crate::viewer::Viewer;

impl View {
    /// The last change of anything that the viewer may know of.
    pub fn noticed_by(&self, viewer: &Viewer) -> Seq {
        let layers = self.catalog.layers().map(|(layer, _)| layer);
        self.noticed_in(viewer, layers)
    }

    /// The last change of some layers that the viewer may know of.
    pub fn noticed_in(&self, viewer: &Viewer, layers: impl IntoIterator<Item = LayerIx>) -> Seq {
        let opened = layers.into_iter();
        let opened = opened.filter_map(|layer| self.open_at(viewer, layer));
        let changes = opened.map(|open| open.last_change());
        changes.max().unwrap_or_default()
    }

    /// The layers and live topics in which something changed after `since` that the viewer notices,
    /// each once: those of which [`Open::topic_delta`] has something to say.
    pub fn dirty_topics(&self, viewer: &Viewer, since: Seq) -> Vec<(LayerIx, Topic)> {
        let layers = self.catalog.layers();
        let opened = layers.map(|(layer, _)| self.open_at(viewer, layer));
        let slots: Vec<_> = opened
            .map(|open| Some(open.filter(Open::has_singles)?.slots))
            .collect();
        self.ring
            .dirty(since, |layer| slots.get(layer.index()).copied().flatten())
    }
}

impl Open<'_> {
    /// The last change of the layer that the viewer may know of, features without geometry included.
    pub fn last_change(&self) -> Seq {
        match &self.layer_view().body {
            Body::Computed => self
                .counted_layers()
                .map(|open| open.last_change())
                .max()
                .unwrap_or_default(),
            Body::State(_) | Body::Sightings(_) => {
                self.layer_view().marks.last_of_layer(self.slots)
            }
        }
    }

    /// The last change, removals included, that the viewer may know of in a tile. Never older than
    /// the tile's content, and a function of the log alone.
    pub fn tile_seq(&self, tile: TileCoord) -> Seq {
        match &self.layer_view().body {
            Body::Computed => self
                .counted_layers()
                .map(|open| open.tile_seq(tile))
                .max()
                .unwrap_or_default(),
            Body::State(_) | Body::Sightings(_) => self.layer_view().marks.last(tile, self.slots),
        }
    }
}
