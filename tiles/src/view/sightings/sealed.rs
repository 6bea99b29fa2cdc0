//! Sightings on their way into a checkpoint and out of it: segment by segment, each written once.

use super::{Arc, FeatureRef, SEAL_AT, Segment, SightingIndex, rows_of};
use crate::catalog::{Catalog, LayerIx};
use crate::event::Seq;
use crate::feature::{Feature, Placed};
use jiff::Timestamp;
use std::borrow::Cow;

/// Sightings of a layer that no longer change.
#[derive(Debug, Clone)]
pub struct Sealed {
    layer: LayerIx,
    /// Those of the layer that were received before this are gone.
    received_from: Timestamp,
    segment: Arc<Segment>,
}

/// What tells sealed sightings from all others of their layer in one log. Sightings only ever leave, so
/// that between two of them there is one set of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealedKey {
    /// Of the oldest.
    pub first: Seq,
    /// Of the newest.
    pub last: Seq,
    /// How many there are.
    pub rows: u32,
}

impl Sealed {
    /// The layer they are of.
    pub fn layer(&self) -> LayerIx {
        self.layer
    }

    /// Since when the sightings of the layer are kept: what was received before is gone, though it may
    /// be among the bytes for another hour.
    pub fn received_from(&self) -> Timestamp {
        self.received_from
    }

    /// What tells them from others.
    pub fn key(&self) -> SealedKey {
        let seqs = self.segment.ends();
        let seqs = seqs.map(|(first, last)| (self.segment.seq(first), self.segment.seq(last)));
        let (first, last) = seqs.unwrap_or_default();
        SealedKey {
            first,
            last,
            rows: u32::try_from(self.segment.len()).unwrap_or(u32::MAX),
        }
    }

    /// The sightings as bytes, some hundred each.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.segment.to_bytes()
    }

    /// What [`Sealed::to_bytes`] wrote of a layer that was the same, and since when its sightings are
    /// kept; `None` for anything else.
    pub fn from_bytes(
        catalog: &Catalog,
        layer: LayerIx,
        received_from: Timestamp,
        bytes: &[u8],
    ) -> Option<Self> {
        let fields = catalog.spec(layer).fields.len();
        let segment = Arc::new(Segment::from_bytes(bytes, fields)?);
        Some(Self {
            layer,
            received_from,
            segment,
        })
    }
}

impl SightingIndex {
    /// All sightings, in order, the open ones sealed for it.
    pub(crate) fn sealed(&self, layer: LayerIx) -> impl Iterator<Item = Sealed> {
        let open: Vec<_> = self.open.iter().map(FeatureRef::Own).collect();
        let open = (!open.is_empty()).then(|| Arc::new(Segment::of(&open)));
        let all = self.sealed.iter().cloned().chain(open);
        let all = all.filter(|segment| segment.len() > 0);
        let received_from = self.received_from;
        all.map(move |segment| Sealed {
            layer,
            received_from,
            segment,
        })
    }

    /// Puts sightings back, behind those that are there.
    pub(crate) fn restore(&mut self, sealed: Sealed) {
        self.received_from = self.received_from.max(sealed.received_from);
        Arc::make_mut(&mut self.sealed).push(sealed.segment);
    }

    /// Opens the newest sightings again, which were sealed for a checkpoint.
    pub(crate) fn restored(&mut self, layer: LayerIx, topic_resolution: u8) {
        let sealed = Arc::make_mut(&mut self.sealed);
        let open = sealed.pop_if(|last| self.open.is_empty() && last.len() < SEAL_AT);
        let from = self.received_from;
        let kept = open.iter().flat_map(rows_of);
        for row in kept.filter(|row| row.received_at() >= from) {
            let mut feature = Feature::clone(&row.own(layer));
            let geometry = feature.placed.geometry().map(Cow::into_owned);
            feature.placed = Placed::of(geometry, Some(topic_resolution));
            self.push(&Arc::new(feature));
        }
    }
}

#[cfg(test)]
mod tests;
