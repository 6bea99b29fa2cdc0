//! Stage 1, select: which features of a layer a tile shows one by one, and which only as counts.
//!
//! A layer starts with all the detail that its zooms, its cap and its viewer allow, and gives up detail
//! step by step where the tile is too heavy:
//!
//! ```text
//! points            all ──────────────────────────────▶ cells ─▶ cells one resolution coarser
//! lines, polygons   all ─▶ simplified ×4 ─▶ ×16 ──────▶ cells ─▶ …
//! both              all ─▶ points as cells ─▶ ×4 ─▶ ×16 ─▶ cells ─▶ …
//! ```
//!
//! There the ladder ends: a still coarser cell would count what lies far outside the tile, and every
//! change there would be a change of this tile.
//!
//! Promises: never a part of the points. Either every one is drawn, or every one is counted; a cell
//! counts everything of the layer that is anchored in it. The same view, viewer and tile give the same
//! choice.

use super::project::Frame;
use crate::catalog::{GeometryKind, LayerKind, LayerSpec, ShownAs};
use crate::cell::{coarsest_for_zoom, resolution_for_zoom};
use crate::gate::{Drawn, Open};
use crate::view::Window;
use geo_types::Geometry;

/// How far lines and polygons are simplified beyond the usual before they become cells.
const COARSEST: u32 = 16;
/// How far past the cap, as a factor, lines and polygons are still drawn.
const MOST_PAST_CAP: u32 = 8;

/// What of a layer is drawn one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Singles {
    /// Every feature.
    All,
    /// Lines and polygons: the points are counted.
    Extended,
    /// Nothing: everything is counted.
    Nothing,
}

/// How a layer is shown in a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detail {
    pub(crate) singles: Singles,
    /// How many times the usual tolerance lines and polygons are simplified with.
    pub(crate) coarseness: u32,
    /// The resolution of the cells shown, if any are.
    pub(crate) cells: Option<u8>,
}

impl Detail {
    /// Everything, one by one.
    const FULL: Self = Self {
        singles: Singles::All,
        coarseness: 1,
        cells: None,
    };

    /// The detail to start with, and what is drawn with it where that is known by then; `None` where the
    /// layer has no content at this zoom.
    pub(crate) fn start<'v>(
        open: &Open<'v>,
        frame: Frame,
        window: Option<Window>,
    ) -> Option<(Self, Option<Vec<Drawn<'v>>>)> {
        let spec = open.spec();
        let [first, last] = spec.zooms;
        if !(first..=last).contains(&frame.tile.z()) {
            return None;
        }
        if is_counted(open) {
            return Some((Self::counted(open, frame), None));
        }
        // Beyond this, how many there are makes no difference.
        let factor = if takes_extended(spec) {
            MOST_PAST_CAP
        } else {
            1
        };
        let cap = (spec.cap as usize).saturating_mul(factor as usize);
        if open.surely_exceeds(frame.bounds(), window, cap) {
            return Some((Self::capped(open, frame, cap.saturating_add(1)), None));
        }
        // All that may be in the frame, where that is no more than may be drawn, needs no counting.
        if open.has_sightings()
            && let Some(drawn) = open.drawn(frame.reach(), window, spec.cap as usize)
        {
            return Some((Self::FULL, Some(drawn)));
        }
        let count = open.count_within(frame.bounds(), window, cap.saturating_add(1));
        Some((Self::capped(open, frame, count), None))
    }

    /// The detail for so many features.
    fn capped(open: &Open<'_>, frame: Frame, count: usize) -> Self {
        let spec = open.spec();
        let fits = |factor: u32| count <= (spec.cap as usize).saturating_mul(factor as usize);
        if fits(1) {
            return Self::FULL;
        }
        let doublings = std::iter::successors(Some(2), |factor| Some(factor * 2));
        let factor = doublings
            .take_while(|factor| *factor <= MOST_PAST_CAP)
            .find(|factor| fits(*factor));
        match factor {
            Some(coarseness) if takes_extended(spec) => {
                let points = spec.takes(GeometryKind::Point);
                Self {
                    singles: if points {
                        Singles::Extended
                    } else {
                        Singles::All
                    },
                    coarseness,
                    cells: points.then(|| finest(open, frame)),
                }
            }
            _ => Self::counted(open, frame),
        }
    }

    /// Nothing but cells, as fine as they may be.
    fn counted(open: &Open<'_>, frame: Frame) -> Self {
        Self {
            singles: Singles::Nothing,
            coarseness: 1,
            cells: Some(finest(open, frame)),
        }
    }

    /// One step less detail; `None` where there is none.
    pub(crate) fn coarser(self, open: &Open<'_>, frame: Frame) -> Option<Self> {
        let spec = open.spec();
        match self.singles {
            Singles::All if spec.takes(GeometryKind::Point) && takes_extended(spec) => Some(Self {
                singles: Singles::Extended,
                cells: Some(finest(open, frame)),
                ..self
            }),
            Singles::All | Singles::Extended
                if takes_extended(spec) && self.coarseness < COARSEST =>
            {
                Some(Self {
                    coarseness: self.coarseness * 4,
                    ..self
                })
            }
            Singles::All | Singles::Extended => Some(Self::counted(open, frame)),
            Singles::Nothing => {
                let coarsest = coarsest(open, frame);
                (self.cells? > coarsest).then_some(Self {
                    cells: Some(coarsest),
                    ..self
                })
            }
        }
    }
}

/// Whether the layer is computed from all others while it is read.
pub(crate) fn is_computed(spec: &LayerSpec) -> bool {
    spec.kind == LayerKind::Derived && spec.derived_from.is_none()
}

/// Whether tiles never show features of the layer one by one, to its viewer.
pub(crate) fn is_counted(open: &Open<'_>) -> bool {
    let spec = open.spec();
    let as_cells = spec.kind == LayerKind::Sighting && spec.shown_as == ShownAs::Cells;
    is_computed(spec) || as_cells || !open.has_singles()
}

pub(crate) fn takes_extended(spec: &LayerSpec) -> bool {
    spec.takes(GeometryKind::Line) || spec.takes(GeometryKind::Polygon)
}

fn finest(open: &Open<'_>, frame: Frame) -> u8 {
    resolution_for_zoom(frame.tile.z()).min(open.finest_resolution())
}

fn coarsest(open: &Open<'_>, frame: Frame) -> u8 {
    let of_layer = open.finest_resolution().saturating_sub(1);
    coarsest_for_zoom(frame.tile.z()).min(of_layer)
}

/// The features to draw one by one, in the order in which they are drawn.
pub(crate) fn select<'v>(
    open: &Open<'v>,
    frame: Frame,
    singles: Singles,
    window: Option<Window>,
) -> Vec<Drawn<'v>> {
    let mut features = match singles {
        Singles::Nothing => None,
        Singles::All | Singles::Extended => open.drawn(frame.reach(), window, usize::MAX),
    };
    if singles == Singles::Extended {
        for drawn in features.iter_mut().flatten() {
            drawn.retain(|seen| {
                let geometry = seen.geometry();
                geometry.is_some_and(|geometry| is_extended(&geometry))
            });
        }
    }
    features.unwrap_or_default()
}

/// Whether a geometry has anything but points.
fn is_extended(geometry: &Geometry<f64>) -> bool {
    match geometry {
        Geometry::Point(_) | Geometry::MultiPoint(_) => false,
        Geometry::GeometryCollection(members) => members.iter().any(is_extended),
        Geometry::Line(_)
        | Geometry::LineString(_)
        | Geometry::Polygon(_)
        | Geometry::MultiLineString(_)
        | Geometry::MultiPolygon(_)
        | Geometry::Rect(_)
        | Geometry::Triangle(_) => true,
    }
}

#[cfg(test)]
mod tests;
