//! Tilesets beside the live picture: archives, and tables and functions of PostGIS. What is in them is not seen to change here, so that
//! they have no part in deltas; their tiles go through the same routes, and through a gate of their own.

mod about;
pub mod archives;
mod kept;
pub mod postgis;

pub use about::{About, TileKind};
pub use kept::{Kept, Stored};

use atalaya_tiles::catalog::ClearanceIx;
use atalaya_tiles::{Catalog, Viewer};

/// Why there is no tile. Says nothing of where tiles are had from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTile {
    /// They cannot be had.
    Failed {
        /// In words that anybody may read.
        reason: String,
    },
    /// All places for such work are taken.
    Busy {
        /// What for, in words.
        what: &'static str,
        /// How many there are.
        limit: usize,
    },
    /// It is larger than a tile may be.
    TooLarge {
        /// How large it is, uncompressed.
        bytes: usize,
        /// The most.
        limit: usize,
    },
}

/// What somebody needs for whom a tileset is to exist.
#[derive(Debug, Clone, Copy)]
enum Needed {
    Nothing,
    Clearance(ClearanceIx),
    /// A clearance that the catalog does not know, and nobody has.
    Unknown,
}

impl Needed {
    /// What a clearance in the configuration comes to.
    fn of(clearance: Option<&str>, catalog: &Catalog) -> Self {
        clearance.map_or(Self::Nothing, |clearance| {
            let known = catalog.clearance(clearance);
            known.map_or(Self::Unknown, Self::Clearance)
        })
    }

    fn has(self, viewer: &Viewer) -> bool {
        match self {
            Self::Nothing => true,
            Self::Clearance(clearance) => viewer.clearances.allow(Some(clearance)),
            Self::Unknown => false,
        }
    }
}
