//! Tiles that a thread gave lately, with their heads: who asks for one again in the same view gets it without
//! a look at anything that threads share.
//!
//! Promises: what is at hand was opened through the gate for the same viewer, path, format and coding, and is given out
//! in the view that it was opened in, or in a later one in which it has the same `ETag`; it takes no more room
//! than its share of `limits.tile_cache_bytes`. Where it is full it starts anew.

use super::service::Wire;
use super::told::Told;
use crate::http::coding::Coding;
use crate::metrics;
use atalaya_tiles::{TileFormat, View, Viewer};
use hashbrown::{Equivalent, HashMap};
use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// The most tiles.
const MOST: usize = 4_096;
/// What a tile takes besides its bytes.
const EACH_BYTES: usize = 512;

thread_local! {
    static TILES: RefCell<Tiles> = RefCell::default();
}

/// What is asked of the picture of now.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct Asked<'a> {
    pub(super) path: &'a str,
    pub(super) viewer: Viewer,
    pub(super) coding: Coding,
    /// The format where the path does not say it.
    pub(super) accepted: TileFormat,
}

#[derive(Debug, Hash, PartialEq, Eq)]
struct Key {
    path: String,
    viewer: Viewer,
    coding: Coding,
    accepted: TileFormat,
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.path == key.path
            && self.viewer == key.viewer
            && self.coding == key.coding
            && self.accepted == key.accepted
    }
}

/// A tile and what its answer tells.
#[derive(Debug)]
pub(super) struct AtHand {
    pub(super) told: Told,
    pub(super) wire: Wire,
    /// The view is not held, but its place is: no other view has that before this is forgotten.
    view: Weak<View>,
    basemap_version: u64,
}

#[derive(Debug, Default)]
struct Tiles {
    tiles: HashMap<Key, AtHand>,
    bytes: usize,
}

impl AtHand {
    /// A tile as it is in a view, with this version of the basemap.
    pub(super) fn new(told: Told, wire: Wire, view: &Arc<View>, basemap_version: u64) -> Self {
        Self {
            told,
            wire,
            view: Arc::downgrade(view),
            basemap_version,
        }
    }

    /// Whether nothing can have changed since.
    pub(super) fn is_of(&self, view: &Arc<View>, basemap_version: u64) -> bool {
        std::ptr::eq(self.view.as_ptr(), Arc::as_ptr(view))
            && self.basemap_version == basemap_version
    }
}

/// Looks at a tile that may be at hand.
pub(super) fn look<T>(asked: &Asked<'_>, at: impl FnOnce(&AtHand) -> Option<T>) -> Option<T> {
    TILES.with_borrow(|tiles| tiles.tiles.get(asked).and_then(at))
}

/// Keeps a tile at hand, in so much room for all.
pub(super) fn keep(asked: &Asked<'_>, tile: AtHand, room_bytes: usize) {
    TILES.with_borrow_mut(|tiles| tiles.keep(asked, tile, room_bytes));
}

impl Tiles {
    fn keep(&mut self, asked: &Asked<'_>, tile: AtHand, room_bytes: usize) {
        if let Some(before) = self.tiles.remove(asked) {
            self.bytes -= before.bytes();
        }
        if tile.bytes() > room_bytes {
            return;
        }
        if self.bytes + tile.bytes() > room_bytes || self.tiles.len() >= MOST {
            metrics::EVICTED_AT_HAND.increment(self.tiles.len() as u64);
            *self = Self::default();
        }
        self.bytes += tile.bytes();
        let key = Key {
            path: asked.path.to_owned(),
            viewer: asked.viewer,
            coding: asked.coding,
            accepted: asked.accepted,
        };
        self.tiles.insert(key, tile);
    }
}

impl AtHand {
    fn bytes(&self) -> usize {
        self.wire.bytes.len() + EACH_BYTES
    }
}

#[cfg(test)]
mod tests;
