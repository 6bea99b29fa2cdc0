//! The outline of a glyph as straight segments, in pixels from its origin on the baseline, y up.

use skrifa::outline::OutlinePen;

/// Straight segments that stand for one curve: at 24 px a curve is no longer than an em.
const STEPS: u8 = 8;

/// A position in pixels.
pub(super) type Point = [f32; 2];

/// From where to where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment(pub(super) Point, pub(super) Point);

/// Collects segments while a font draws.
#[derive(Debug, Default)]
pub(super) struct Pen {
    pub(super) segments: Vec<Segment>,
    start: Point,
    at: Point,
}

impl Pen {
    fn to(&mut self, end: Point) {
        self.segments.push(Segment(self.at, end));
        self.at = end;
    }

    /// Follows a curve that is given by its position for 0 to 1.
    fn along(&mut self, curve: impl Fn(f32) -> Point) {
        for step in 1..=STEPS {
            self.to(curve(f32::from(step) / f32::from(STEPS)));
        }
    }
}

/// The point at a part of the way.
fn mix([ax, ay]: Point, [bx, by]: Point, part: f32) -> Point {
    [ax + (bx - ax) * part, ay + (by - ay) * part]
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.start = [x, y];
        self.at = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.to([x, y]);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (from, control, end) = (self.at, [cx, cy], [x, y]);
        self.along(|part| mix(mix(from, control, part), mix(control, end, part), part));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (from, first, second, end) = (self.at, [cx0, cy0], [cx1, cy1], [x, y]);
        self.along(|part| {
            let middle = mix(first, second, part);
            let before = mix(mix(from, first, part), middle, part);
            let after = mix(middle, mix(second, end, part), part);
            mix(before, after, part)
        });
    }

    fn close(&mut self) {
        self.to(self.start);
    }
}
