//! The core of Atalaya: a city's live picture, its indexes and its vector tiles.
//!
//! Pure by design (invariant 1): no I/O, no clock, no threads, no logging, no randomness. Data in,
//! data out:
//!
//! ```text
//! Record ──apply──▶ Picture ──view──▶ View ──open(viewer, layer)──▶ Open ──▶ features, counts,
//!  (Seq, Event)      one writer        immutable                    gate      deltas, tiles
//! ```
//!
//! | concept | here |
//! |---|---|
//! | a position, a box, a tile, an H3 cell | [`LonLat`], [`Bounds`], [`TileCoord`], [`Cell`] |
//! | what a layer carries and who may see it | [`Catalog`], [`LayerSpec`] |
//! | something that happened, and its place in the log | [`Event`], [`Record`], [`Seq`] |
//! | the mutable picture and its snapshots | [`Picture`], [`View`] |
//! | who looks | [`Viewer`] |
//! | a layer as that viewer may read it | [`Open`], [`Seen`] |
//! | areas that are watched, and what a movement does to them | [`Fences`], [`Crossings`] |

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::float_cmp,
        clippy::wildcard_enum_match_arm,
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a test that fails may panic, and compares what must be the same to the bit"
    )
)]

mod anchor;
pub mod catalog;
mod cell;
#[cfg(test)]
mod city;
mod coverage;
pub mod encode;
mod event;
mod feature;
mod fence;
mod gate;
#[cfg(test)]
mod invariants;
mod picture;
mod place;
mod shape;
pub mod tile;
mod units;
mod view;
mod viewer;

pub use anchor::anchor;
pub use catalog::{
    BadCatalog, BadValue, Catalog, FieldSpec, GeometryKind, LayerIx, LayerKind, LayerSpec, OnWall,
    Search,
};
pub use cell::{Cell, FINEST, NoSuchResolution, resolution_for_zoom};
pub use coverage::{FieldOfView, Sight};
pub use encode::{
    EncodeError, StaticFeature, TileFormat, TileLayer, TileLimits, TileRequest, encode_static,
    encode_tile, encode_tile_as, encode_tile_by_reference, is_light, tile_layers,
};
pub use event::{Event, Observation, Record, Seq};
pub use feature::{FeatureId, FeedName, Fix, Properties, Seen, Topic, Value, ValueRef};
pub use fence::{Crossing, Crossings, Fences, Transition};
pub use gate::{Glance, NoSuchLayer, Open, TopicDelta};
pub use picture::{Applied, Picture, Revived};
pub use place::{BadBounds, Bounds, LonLat, OffGlobe};
pub use shape::{BadShape, InvalidPolygon, MAX_POSITIONS, Rings, Shape, holes_at_home};
pub use tile::{NoSuchTile, TileCoord};
pub use units::{Bearing, Meters};
pub use view::{
    Hot, HotFeature, MarkKey, Merge, Merged, RingLimits, Sealed, SealedKey, Steps, Tombstone, View,
    Window,
};
pub use viewer::{Clearances, LayerSet, Viewer};
