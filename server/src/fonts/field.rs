//! Signed distance fields: for each pixel how far the outline is, from which a client draws the glyph
//! at any size and with a halo.
//!
//! The values are those that Mapbox's glyph ranges have: 8 pixels of distance over the 256 values, and
//! 191.25 on the outline itself.

use super::outline::{Point, Segment};

/// Pixels around the glyph that belong to the field.
pub(super) const MARGIN: i32 = 3;
/// Pixels of distance that all values together stand for.
const SPREAD_PX: f32 = 8.0;
/// The part of the values that lies outside of the outline.
const OUTSIDE: f32 = 0.25;

/// The field of a glyph. The sizes are those of the glyph; the bytes have [`MARGIN`] more on each side,
/// row by row from the top.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) left: i32,
    /// The upper edge above the baseline.
    pub(super) top: i32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: Vec<u8>,
}

/// The field of an outline; `None` where there is nothing to see.
pub(super) fn field(outline: &[Segment]) -> Option<Field> {
    let points = || outline.iter().flat_map(|Segment(from, to)| [*from, *to]);
    let low = points().reduce(|[ax, ay], [bx, by]| [ax.min(bx), ay.min(by)])?;
    let high = points().reduce(|[ax, ay], [bx, by]| [ax.max(bx), ay.max(by)])?;
    let (left, bottom) = (whole(low[0].floor()), whole(low[1].floor()));
    let (right, top) = (whole(high[0].ceil()), whole(high[1].ceil()));
    let rows = (bottom - MARGIN..top + MARGIN).rev();
    let bytes = rows.flat_map(|y| (left - MARGIN..right + MARGIN).map(move |x| [x, y]));
    Some(Field {
        left,
        top,
        width: u32::try_from(right - left).ok()?,
        height: u32::try_from(top - bottom).ok()?,
        bytes: bytes
            .map(|pixel| value(pixel.map(middle), outline))
            .collect(),
    })
}

/// The value of one pixel.
fn value(at: Point, outline: &[Segment]) -> u8 {
    let nearest = outline
        .iter()
        .map(|segment| square_distance(at, *segment))
        .fold(f32::INFINITY, f32::min)
        .sqrt();
    let outside_px = if is_inside(at, outline) {
        -nearest
    } else {
        nearest
    };
    let shade = 255.0 * (1.0 - OUTSIDE - outside_px / SPREAD_PX);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is clamped"
    )]
    let value = shade.round().clamp(0.0, 255.0) as u8;
    value
}

fn square_distance([x, y]: Point, Segment([ax, ay], [bx, by]): Segment) -> f32 {
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        (((x - ax) * dx + (y - ay) * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (ex, ey) = (ax + along * dx - x, ay + along * dy - y);
    ex * ex + ey * ey
}

/// Whether the outline winds around a point, as TrueType fills.
fn is_inside([x, y]: Point, outline: &[Segment]) -> bool {
    let mut windings = 0;
    for Segment([ax, ay], [bx, by]) in outline {
        if (*ay <= y) == (*by <= y) {
            continue;
        }
        let crossing = ax + (y - ay) / (by - ay) * (bx - ax);
        if crossing > x {
            windings += if by > ay { 1 } else { -1 };
        }
    }
    windings != 0
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "outlines at 24 px are a few pixels in size"
)]
fn whole(pixels: f32) -> i32 {
    pixels as i32
}

#[expect(
    clippy::cast_precision_loss,
    reason = "outlines at 24 px are a few pixels in size"
)]
fn middle(pixel: i32) -> f32 {
    pixel as f32 + 0.5
}
