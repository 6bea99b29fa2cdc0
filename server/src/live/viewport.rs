//! The tiles that a client looks at, and which of them are dirty.
//!
//! Two subscriptions with the same layers and the same tiles have equal viewports, whatever their boxes:
//! their clients share the work, as they share frames.

use atalaya_tiles::tile::tiles_of;
use atalaya_tiles::{Bounds, LayerIx, Open, Seq, TileCoord, View, Viewer};

/// The most dirty tiles that are named; beyond it all are meant. Part of the protocol: a client that is
/// told more than it can fetch at once fetches what it shows anyway.
const MAX_TILES: usize = 256;

/// Layers, and the tiles of a zoom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Viewport {
    layers: Box<[LayerIx]>,
    zoom: u8,
    columns: Vec<(u32, u32)>,
    rows: (u32, u32),
}

impl Viewport {
    /// The tiles of a zoom that a box touches.
    pub fn new(layers: &[LayerIx], bounds: Bounds, zoom: u8) -> Self {
        let (columns, rows) = tiles_of(bounds, zoom);
        Self {
            layers: layers.into(),
            zoom,
            columns: columns.into_iter().collect(),
            rows,
        }
    }

    /// Whether all tiles of another viewport are in this one, with all layers.
    pub fn covers(&self, other: &Self) -> bool {
        let holds = |(first, last): &(u32, u32)| {
            let within = |(from, to): &(u32, u32)| from <= first && last <= to;
            self.columns.iter().any(within)
        };
        self.zoom == other.zoom
            && (self.rows.0 <= other.rows.0 && other.rows.1 <= self.rows.1)
            && other.columns.iter().all(holds)
            && other.layers.iter().all(|layer| self.layers.contains(layer))
    }

    /// The last change of its layers that the viewer may know of.
    pub fn noticed(&self, view: &View, viewer: &Viewer) -> Seq {
        view.noticed_in(viewer, self.layers.iter().copied())
    }

    /// The tiles that changed after `since` as far as the viewer may know, with the layers that did;
    /// `None` for the tiles where there are too many to look at.
    pub fn dirty<'v>(
        &self,
        view: &'v View,
        viewer: &Viewer,
        since: Seq,
    ) -> (Vec<&'v str>, Option<Vec<TileCoord>>) {
        let changed: Vec<Open<'v>> = self
            .layers
            .iter()
            .filter_map(|layer| view.open_at(viewer, *layer))
            .filter(|open| open.last_change() > since)
            .collect();
        let name = |open: &Open<'v>| open.spec().name.as_str();
        if changed.is_empty() {
            return (Vec::new(), Some(Vec::new()));
        }
        let Some(tiles) = self.tiles() else {
            return (changed.iter().map(name).collect(), None);
        };
        let (mut dirty, mut touched) = (Vec::new(), vec![false; changed.len()]);
        for tile in tiles {
            let mut any = false;
            for (open, touched) in changed.iter().zip(&mut touched) {
                let is_dirty = open.tile_seq(tile) > since;
                *touched |= is_dirty;
                any |= is_dirty;
            }
            if any {
                dirty.push(tile);
            }
        }
        let layers = changed.iter().zip(touched).filter(|(_, touched)| *touched);
        (layers.map(|(open, _)| name(open)).collect(), Some(dirty))
    }

    /// All tiles, where they are not too many.
    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<TileCoord> {
        self.tiles().into_iter().flatten().collect()
    }

    fn tiles(&self) -> Option<impl Iterator<Item = TileCoord>> {
        let widths = self
            .columns
            .iter()
            .map(|(west, east)| (east - west) as usize + 1);
        let height = (self.rows.1 - self.rows.0) as usize + 1;
        if widths.sum::<usize>().saturating_mul(height) > MAX_TILES {
            return None;
        }
        let (zoom, rows) = (self.zoom, self.rows);
        let columns = self.columns.iter().flat_map(|(west, east)| *west..=*east);
        let tiles = columns.flat_map(move |x| (rows.0..=rows.1).map(move |y| (x, y)));
        Some(tiles.filter_map(move |(x, y)| TileCoord::new(zoom, x, y).ok()))
    }
}

#[cfg(test)]
mod tests;
