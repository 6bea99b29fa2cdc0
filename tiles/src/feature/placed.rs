//! Where a feature is, and what follows from it: its box, its anchor, its cell and its live topic.
//!
//! Nearly all that moves is a point, of which all but the cells is the position itself. What is no point
//! keeps beside its geometry what takes a walk over it to find.

use super::Topic;
use crate::anchor::anchor;
use crate::cell::Cell;
use crate::place::{Bounds, LonLat};
use geo_types::{Geometry, Point};
use std::borrow::Cow;

/// Where a feature is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Placed {
    /// Nowhere that is known.
    Nowhere,
    /// At one position.
    At {
        at: LonLat,
        cell: Cell,
        topic: Topic,
    },
    /// Anything else.
    Over(Box<Over>),
}

/// A geometry that is no point, and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Over {
    geometry: Geometry<f64>,
    bounds: Option<Bounds>,
    anchor: Option<LonLat>,
    cell: Option<Cell>,
}

impl Placed {
    /// The place of a geometry; points flow in the topic of their cell at a resolution, if one is given.
    pub(crate) fn of(geometry: Option<Geometry<f64>>, topic_resolution: Option<u8>) -> Self {
        let Some(geometry) = geometry else {
            return Self::Nowhere;
        };
        let anchor = anchor(&geometry);
        let cell = anchor.map(Cell::finest);
        if let (Geometry::Point(_), Some(at), Some(cell)) = (&geometry, anchor, cell) {
            let topic = topic_resolution.map(|resolution| Topic::Cell(cell.parent(resolution)));
            let topic = topic.unwrap_or(Topic::Everywhere);
            return Self::At { at, cell, topic };
        }
        Self::Over(Box::new(Over {
            bounds: Bounds::of_geometry(&geometry),
            geometry,
            anchor,
            cell,
        }))
    }

    pub(crate) fn geometry(&self) -> Option<Cow<'_, Geometry<f64>>> {
        match self {
            Self::Nowhere => None,
            Self::At { at, .. } => Some(Cow::Owned(Point::new(at.lon(), at.lat()).into())),
            Self::Over(over) => Some(Cow::Borrowed(&over.geometry)),
        }
    }

    pub(crate) fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Nowhere => None,
            Self::At { at, .. } => Some(Bounds::of_point(*at)),
            Self::Over(over) => over.bounds,
        }
    }

    pub(crate) fn anchor(&self) -> Option<LonLat> {
        match self {
            Self::Nowhere => None,
            Self::At { at, .. } => Some(*at),
            Self::Over(over) => over.anchor,
        }
    }

    pub(crate) fn cell(&self) -> Option<Cell> {
        match self {
            Self::Nowhere => None,
            Self::At { cell, .. } => Some(*cell),
            Self::Over(over) => over.cell,
        }
    }

    pub(crate) fn topic(&self) -> Topic {
        match self {
            Self::At { topic, .. } => *topic,
            Self::Nowhere | Self::Over(_) => Topic::Everywhere,
        }
    }
}

#[cfg(test)]
mod tests;
