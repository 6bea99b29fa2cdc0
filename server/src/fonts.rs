//! The typeface of the project: as files for whoever draws text on this side, as glyph ranges for map
//! clients that have no fonts of their own.
//!
//! ```text
//! TrueType ─outline─▶ segments at 24 px ─field─▶ signed distances ─glyphs─▶ one range as protobuf
//! ```

mod field;
mod glyphs;
mod outline;
#[cfg(test)]
mod tests;

pub(crate) use glyphs::{BadFont, Range, glyphs};

use rust_embed::RustEmbed;
use std::borrow::Cow;

/// The font files, each under the OFL that lies beside them.
#[derive(RustEmbed)]
#[folder = "../styles/fonts"]
struct Files;

/// A face of the typeface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// Upright, of usual weight.
    Regular,
    /// Upright and bold.
    Bold,
}

impl Face {
    /// All faces there are.
    pub(crate) const ALL: [Self; 2] = [Self::Regular, Self::Bold];

    /// The name that styles know it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Regular => "Atkinson Hyperlegible",
            Self::Bold => "Atkinson Hyperlegible Bold",
        }
    }

    /// The first face of a list of names, joined by commas, that there is.
    pub(crate) fn first_of(names: &str) -> Option<Self> {
        let known = |name: &str| Self::ALL.into_iter().find(|face| face.name() == name);
        names.split(',').find_map(|name| known(name.trim()))
    }

    /// The font file, TrueType.
    pub(crate) fn file(self) -> Cow<'static, [u8]> {
        let name = match self {
            Self::Regular => "AtkinsonHyperlegible-Regular.ttf",
            Self::Bold => "AtkinsonHyperlegible-Bold.ttf",
        };
        Files::get(name).map_or_else(Cow::default, |file| file.data)
    }
}
