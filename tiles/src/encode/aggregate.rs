//! Stage 6, aggregate: features as counts per H3 cell, where there are too many to draw.
//!
//! Promises: a cell's count is whole even where the cell sticks out of the tile, so it is the same in
//! every tile that the cell touches, and a cell over the antimeridian is on both edge tiles. Refuses
//! cells finer than the viewer may have.

use super::clip::clip;
use super::project::{Frame, Shape, project_corners};
use super::quantise::quantise;
use crate::cell::Cell;
use crate::gate::Open;
use crate::view::Window;

/// One counted cell, drawn.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) cell: Cell,
    pub(crate) count: u32,
    pub(crate) shape: Shape<i32>,
}

/// The counted cells of a layer that the frame shows, in order of cell.
pub(crate) fn aggregate(
    open: &Open<'_>,
    frame: Frame,
    resolution: u8,
    window: Option<Window>,
) -> Vec<Counted> {
    let cells = open.cells_near(frame.reach(), resolution, window);
    let drawn = cells.into_iter().map(|(cell, count)| Counted {
        cell,
        count,
        shape: draw(cell, frame),
    });
    drawn.filter(|counted| !counted.shape.is_empty()).collect()
}

/// The part of a cell in the frame.
fn draw(cell: Cell, frame: Frame) -> Shape<i32> {
    let shape = project_corners(&cell.corners(), frame);
    quantise(&clip(shape, frame.edges()))
}

#[cfg(test)]
mod tests;
