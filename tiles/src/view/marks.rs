//! Marks: the last change that touched each part of the tile pyramid, per layer.
//!
//! A tile's answer is the newest mark of the level at or above its zoom, so it may be newer than need
//! be but never older. A change marks every tile, at each level, whose content it can alter: those
//! within the tile buffer of its geometry and those that the H3 cell of its anchor may touch. What
//! covers too many tiles of a level is marked once, further up, for the whole subtree.
//!
//! ```text
//! level     0 ─ 3 ─ 6 ─ 8 ─ 10 ─ 12 ─ 14 ─ 16
//! zoom 13 asks level 12 for its ancestor tile, and every level above for subtree marks
//! ```

mod around;
mod folding;

use crate::cell::coarsest_for_zoom;
use crate::event::Seq;
use crate::place::Bounds;
use crate::tile::{MERCATOR_LATITUDE, TileCoord, tiles_of};
use crate::view::paged::Paged;
use around::Tiles;
use foldhash::fast::FixedState;
use folding::Tier;
use imbl::GenericHashMap;
use imbl::shared_ptr::DefaultSharedPtr;

/// The zooms at which marks are kept.
const LEVELS: [u8; 8] = [0, 3, 6, 8, 10, 12, 14, 16];
/// The most tiles of one level that a change marks one by one.
const MOST_TILES: u64 = 12;
/// The share of a tile's width that it is drawn beyond its edges, with some room to spare.
const BUFFER: f64 = 1.0 / 32.0;
/// The circumference of the Earth at the equator in metres.
const EQUATOR_M: f64 = 40_075_017.0;

/// Who notices a change: the bits of everybody and of each clearance, see [`Notice`].
pub(crate) type Slot = u8;

/// Who can notice a change. Slot 0 is everybody who may open the layer; slot `n + 1` is everybody
/// who holds clearance `n`. A change to hidden fields alone is not noticed by the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Notice(u64);

impl Notice {
    pub(crate) const NOBODY: Self = Self(0);
    pub(crate) const EVERYBODY: Self = Self(1);
    pub(crate) const EVERYBODY_SLOT: Slot = 0;

    pub(crate) fn with_slot(self, slot: Slot) -> Self {
        Self(self.0 | 1 << slot)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether somebody with these slots notices.
    pub(crate) fn reaches(self, slots: Self) -> bool {
        self.0 & slots.0 != 0
    }

    pub(crate) fn holds(self, slot: Slot) -> bool {
        self.0 & 1 << slot != 0
    }

    pub(crate) fn slots(self) -> impl Iterator<Item = Slot> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let slot = Slot::try_from(left.trailing_zeros())
                .ok()
                .filter(|_| left != 0)?;
            left &= left - 1;
            Some(slot)
        })
    }
}

/// A mark's place: slot, whole-layer flag, subtree flag, level, column and row in one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MarkKey(u64);

impl MarkKey {
    const LAYER: u64 = 1 << 50;

    fn new(slot: Slot, subtree: bool, tile: TileCoord) -> Self {
        let place = u64::from(tile.z()) << 44 | u64::from(tile.x()) << 22 | u64::from(tile.y());
        Self(u64::from(slot) << 56 | u64::from(subtree) << 49 | place)
    }

    /// The key of the layer as a whole, features without geometry included.
    fn of_layer(slot: Slot) -> Self {
        Self(u64::from(slot) << 56 | Self::LAYER)
    }

    /// The key as a number, for the store.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// A key that the store kept.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// Where in a list the mark of each key is. A key is a place on the ground, of which there are not enough to
/// make many collide.
type Places = GenericHashMap<MarkKey, u32, FixedState, DefaultSharedPtr>;

/// The marks of one layer: a change of a place that changed before writes a number.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    places: Places,
    seqs: Paged<Seq>,
    /// How many there are of each tier, by who notices.
    counts: Vec<((Slot, Tier), usize)>,
    /// Whether some of them are too many.
    full: bool,
    /// The most of a tier.
    most: usize,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            places: Places::with_hasher(FixedState::default()),
            seqs: Paged::default(),
            counts: Vec::new(),
            full: false,
            most: folding::MOST,
        }
    }
}

impl Marks {
    /// Notes that a change touched the boxes of a geometry, before and after.
    pub(crate) fn touch_both(&mut self, boxes: [Option<Bounds>; 2], notice: Notice, seq: Seq) {
        let [prev, next] = boxes.map(|bounds| bounds.map(|it| (it, around::tiles_around(it))));
        // Who moves stays near: most of what it left is where it came to.
        let known = match &next {
            Some((_, Some(tiles))) => Some(*tiles),
            Some((bounds, None)) => {
                self.touch(*bounds, notice, seq);
                None
            }
            None => None,
        };
        if let Some(tiles) = known {
            self.touch_tiles(&tiles, None, notice, seq);
        }
        match prev {
            Some((_, Some(tiles))) => self.touch_tiles(&tiles, known.as_ref(), notice, seq),
            Some((bounds, None)) => self.touch(bounds, notice, seq),
            None => {}
        }
    }

    fn touch_tiles(&mut self, tiles: &Tiles, known: Option<&Tiles>, notice: Notice, seq: Seq) {
        for (at, level) in LEVELS.into_iter().enumerate() {
            let known = known.map(|known| known[at]);
            for (x, y) in tiles[at]
                .each()
                .filter(|tile| known.is_none_or(|it| !it.holds(*tile)))
            {
                if let Ok(tile) = TileCoord::new(level, x, y) {
                    self.set(notice, false, tile, seq);
                }
            }
        }
    }

    /// Notes that a change touched the box of a geometry.
    pub(crate) fn touch(&mut self, bounds: Bounds, notice: Notice, seq: Seq) {
        let mut covered = Vec::new();
        for (at, level) in LEVELS.into_iter().enumerate() {
            let (columns, rows) = tiles_of(reach(bounds, level), level);
            let width: u64 = columns.iter().map(|(w, e)| u64::from(e - w) + 1).sum();
            if width * (u64::from(rows.1 - rows.0) + 1) > MOST_TILES {
                // The level above has few tiles, or this is the root: mark those subtrees.
                let above = LEVELS[at.saturating_sub(1)];
                for tile in covered.iter().filter(|tile: &&TileCoord| tile.z() == above) {
                    self.set(notice, true, *tile, seq);
                }
                return;
            }
            for (west, east) in columns {
                for tile in (west..=east).flat_map(|x| (rows.0..=rows.1).map(move |y| (x, y))) {
                    if let Ok(tile) = TileCoord::new(level, tile.0, tile.1) {
                        self.set(notice, false, tile, seq);
                        covered.push(tile);
                    }
                }
            }
        }
    }

    /// Notes a change of the layer, wherever it was.
    pub(crate) fn touch_layer(&mut self, notice: Notice, seq: Seq) {
        for slot in notice.slots() {
            self.put(MarkKey::of_layer(slot), seq);
        }
    }

    /// The last change of the layer that somebody with these slots may know of.
    pub(crate) fn last_of_layer(&self, slots: Notice) -> Seq {
        let seqs = slots
            .slots()
            .filter_map(|slot| self.get(MarkKey::of_layer(slot)));
        seqs.max().unwrap_or_default()
    }

    /// Notes that a change touched every tile of the layer.
    pub(crate) fn touch_all(&mut self, seq: Seq) {
        if let Ok(root) = TileCoord::new(0, 0, 0) {
            self.set(Notice::EVERYBODY, true, root, seq);
        }
    }

    fn set(&mut self, notice: Notice, subtree: bool, tile: TileCoord, seq: Seq) {
        for slot in notice.slots() {
            self.put(MarkKey::new(slot, subtree, tile), seq);
        }
    }

    /// Sets a mark; of two the newer counts.
    fn put(&mut self, key: MarkKey, seq: Seq) {
        let place = self.places.get(&key).copied();
        let place = place.unwrap_or_else(|| {
            // Never more than there are tiles of the few levels, and those are folded.
            let place = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
            self.places.insert(key, place);
            self.count(key);
            place
        });
        let place = place as usize;
        self.seqs.set(place, self.seqs.get(place).max(seq));
    }

    fn get(&self, key: MarkKey) -> Option<Seq> {
        let place = self.places.get(&key)?;
        Some(self.seqs.get(*place as usize))
    }

    fn iter(&self) -> impl Iterator<Item = (MarkKey, Seq)> {
        let places = self.places.iter();
        places.map(|(key, place)| (*key, self.seqs.get(*place as usize)))
    }

    /// The last change that somebody with these slots may know of in this tile.
    pub(crate) fn last(&self, tile: TileCoord, slots: Notice) -> Seq {
        let mut last = Seq(0);
        for level in LEVELS.into_iter().filter(|level| *level <= tile.z()) {
            let ancestor = tile.ancestor(level);
            let own = LEVELS.into_iter().rfind(|level| *level <= tile.z()) == Some(level);
            for slot in slots.slots() {
                for subtree in [true].into_iter().chain(own.then_some(false)) {
                    if let Some(seq) = self.get(MarkKey::new(slot, subtree, ancestor)) {
                        last = last.max(seq);
                    }
                }
            }
        }
        last
    }

    /// All marks after a seq, for a checkpoint.
    pub(crate) fn after(&self, seq: Seq) -> impl Iterator<Item = (MarkKey, Seq)> {
        self.iter().filter(move |(_, mark)| *mark > seq)
    }
}

/// The box within which tiles of a level, and of the zooms down to the next one, may show a geometry
/// or the counted cell of its anchor.
fn reach(bounds: Bounds, level: u8) -> Bounds {
    let tile_lon = 360.0 / f64::from(1_u32 << level);
    let cell_deg = cell_reach_deg(level);
    let polewards = bounds.south().abs().max(bounds.north().abs());
    let shrink = (polewards + cell_deg)
        .min(MERCATOR_LATITUDE)
        .to_radians()
        .cos();
    let margin = BUFFER * tile_lon + cell_deg / shrink;
    if polewards > 84.0 {
        return Bounds::clamped(
            -180.0,
            bounds.south() - margin,
            180.0,
            bounds.north() + margin,
        );
    }
    // Mercator is conformal: the same share of a tile is fewer degrees of latitude.
    bounds.grown(margin, margin)
}

/// How far, in degrees of a great circle, the counted cell of a position reaches at a level.
fn cell_reach_deg(level: u8) -> f64 {
    // What is indexed into a cell is at most 2.4 longest edges from the far side of it, and those
    // edges are within 1.5 of the average one.
    let edge_m = 1_300_000.0 / 7.0_f64.sqrt().powi(i32::from(coarsest_for_zoom(level)));
    2.4 * 1.5 * edge_m / EQUATOR_M * 360.0
}

#[cfg(test)]
mod tests;
