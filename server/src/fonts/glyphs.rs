//! Glyph ranges as MapLibre and its kin read them: 256 code points a file, in the protobuf schema that
//! Mapbox published with its fonts.

use super::Face;
use super::field::field;
use super::outline::Pen;
use prost::Message;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::DrawSettings;
use skrifa::{FontRef, MetadataProvider};
use std::fmt;
use std::str::FromStr;

/// Pixels to the em.
const EM_PX: f32 = 24.0;
/// What a glyph's top is told from, above the baseline: clients draw a line's text so far lower that
/// capitals stand around its middle.
const LINE_TOP_PX: i32 = 25;
/// Code points in a range.
const CODE_POINTS: u32 = 256;

/// 256 code points, by their first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range(u8);

impl Range {
    /// Ranges there are, all in the basic plane.
    pub(crate) const COUNT: usize = 256;

    /// Which one it is.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    fn first(self) -> u32 {
        u32::from(self.0) * CODE_POINTS
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first(), self.first() + CODE_POINTS - 1)
    }
}

impl FromStr for Range {
    type Err = ();

    /// Reads `256-511` and the like, written as they are printed and in no other way.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, _) = text.split_once('-').ok_or(())?;
        let first: u32 = first.parse().map_err(|_| ())?;
        let range = u8::try_from(first / CODE_POINTS).map(Self);
        let range = range.map_err(|_| ())?;
        (range.to_string() == text).then_some(range).ok_or(())
    }
}

/// A font file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("font {0} cannot be read")]
pub(crate) struct BadFont(&'static str);

#[derive(Message)]
struct Glyphs {
    #[prost(message, repeated, tag = "1")]
    stacks: Vec<Stack>,
}

#[derive(Message)]
struct Stack {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    range: String,
    #[prost(message, repeated, tag = "3")]
    glyphs: Vec<Glyph>,
}

#[derive(Message)]
struct Glyph {
    #[prost(uint32, required, tag = "1")]
    id: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    bitmap: Option<Vec<u8>>,
    #[prost(uint32, required, tag = "3")]
    width: u32,
    #[prost(uint32, required, tag = "4")]
    height: u32,
    #[prost(sint32, required, tag = "5")]
    left: i32,
    #[prost(sint32, required, tag = "6")]
    top: i32,
    #[prost(uint32, required, tag = "7")]
    advance: u32,
}

/// A range of a face; a stack without glyphs where the face has none there.
pub(crate) fn glyphs(face: Face, range: Range) -> Result<Vec<u8>, BadFont> {
    let file = face.file();
    let font = FontRef::new(&file).map_err(|_| BadFont(face.name()))?;
    let code_points = range.first()..range.first() + CODE_POINTS;
    let stack = Stack {
        name: face.name().into(),
        range: range.to_string(),
        glyphs: code_points.filter_map(|id| glyph(&font, id)).collect(),
    };
    let glyphs = Glyphs {
        stacks: vec![stack],
    };
    Ok(glyphs.encode_to_vec())
}

fn glyph(font: &FontRef<'_>, id: u32) -> Option<Glyph> {
    let which = font.charmap().map(id)?;
    let size = Size::new(EM_PX);
    let metrics = font.glyph_metrics(size, LocationRef::default());
    let advance = metrics.advance_width(which).unwrap_or_default();
    let mut pen = Pen::default();
    let outline = font.outline_glyphs().get(which)?;
    let settings = DrawSettings::unhinted(size, LocationRef::default());
    outline.draw(settings, &mut pen).ok()?;
    let drawn = field(&pen.segments);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no glyph is wider than a few ems, or of negative width"
    )]
    let advance = advance.round().max(0.0) as u32;
    let (left, top, width, height) = drawn.as_ref().map_or((0, 0, 0, 0), |drawn| {
        let top = drawn.top - LINE_TOP_PX;
        (drawn.left, top, drawn.width, drawn.height)
    });
    Some(Glyph {
        id,
        bitmap: drawn.map(|drawn| drawn.bytes),
        width,
        height,
        left,
        top,
        advance,
    })
}
