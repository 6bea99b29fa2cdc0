//! Segments as bytes: `VERSION` in 4 bytes, then the parts in the order of [`Segment::put`]. What follows
//! from others quickly is not among them; orders, which take a sort, are.

use super::known::Known;
use super::{Column, Other, Places, Points, Segment, Seqs, id_of};
use crate::anchor::anchor;
use crate::catalog::FieldIx;
use crate::cell::Cell;
use crate::feature::FeedName;
use crate::place::Bounds;
use crate::view::cells::SealedCounts;
use crate::view::codes::Codes;
use crate::view::kept::{Kept, put_all};
use crate::view::packed::PackedTree;
use geo_types::Geometry;

/// Of the bytes. A segment of another version is none.
const VERSION: u32 = 3;

impl Segment {
    /// The segment as bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len() * 100 + 1_024);
        VERSION.put(&mut out);
        self.put(&mut out);
        out
    }

    /// The segment that [`Segment::to_bytes`] wrote, of a layer with so many fields; `None` if it is none.
    pub(crate) fn from_bytes(mut bytes: &[u8], fields: usize) -> Option<Self> {
        let from = &mut bytes;
        let segment = (u32::take(from)? == VERSION).then(|| Self::take(from, fields))??;
        from.is_empty().then_some(segment)
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.len.put(out);
        self.ids.put(out);
        self.feeds.put(out);
        self.feed_of.put(out);
        self.received_at.put(out);
        self.observed_at.put(out);
        self.stale_at.put(out);
        self.seqs.put(out);
        self.places.put(out);
        self.cell_of.put(out);
        put_all(self.counts.finest(), out);
        self.fields.put(out);
        self.by_arrival.put(out);
        self.by_id.put(out);
        (self.first, self.last).put(out);
    }

    fn take(from: &mut &[u8], most_fields: usize) -> Option<Self> {
        let len = u32::take(from)?;
        let rows = usize::try_from(len).ok()?;
        let column = |from: &mut &[u8]| {
            let column: Option<Column> = Kept::take(from)?;
            let fits = column.as_ref().is_none_or(|column| column.fits(rows));
            fits.then_some(column)
        };
        let ids = column(from)?;
        let feeds = <Box<[FeedName]>>::take(from)?;
        let feed_of = Codes::take(from).filter(|codes| codes.name(rows, feeds.len()))?;
        let (received_at, observed_at, stale_at) = (column(from)?, column(from)?, column(from)?);
        let seqs = Seqs::take(from).filter(|seqs| seqs.len() == rows)?;
        let places = Places::take(from).filter(|places| places.fits(rows))?;
        let cell_of = Codes::take(from)?;
        let cells = <Box<[Cell]>>::take(from)?;
        // One more than there are cells, as 0 is none.
        if !cell_of.name(rows, cells.len() + 1) || !cells.is_sorted() {
            return None;
        }
        let fields = <Box<[(FieldIx, Column)]>>::take(from)?;
        let is_one = |(field, column): &(FieldIx, Column)| {
            usize::from(field.0) < most_fields && column.fits(rows)
        };
        let rise = fields.is_sorted_by(|(a, _), (b, _)| a < b);
        let by_arrival = <Box<[u32]>>::take(from)?;
        let by_id = <Box<[u32]>>::take(from)?;
        let name = |numbers: &[u32]| numbers.len() == rows && numbers.iter().all(|row| *row < len);
        if !rise || !fields.iter().all(is_one) || !name(&by_arrival) || !name(&by_id) {
            return None;
        }
        let (first, last) = Kept::take(from)?;
        // Rows without a place come last.
        let boxes: Vec<_> = (0..len).map_while(|row| places.bounds(row)).collect();
        let placeless = boxes.len()..rows;
        let mut placeless = placeless.filter_map(|row| u32::try_from(row).ok());
        if placeless.any(|row| places.bounds(row).is_some()) {
            return None;
        }
        let tree = PackedTree::in_place(&boxes);
        let counts = SealedCounts::numbering(&cells, &cell_of);
        let known = Known::of(rows, (0..len).map(|row| id_of(ids.as_ref(), row)));
        Some(Self {
            len,
            ids,
            feeds,
            feed_of,
            received_at,
            observed_at,
            stale_at,
            seqs,
            places,
            by_arrival,
            cell_of,
            fields,
            tree,
            counts,
            by_id,
            known,
            first,
            last,
        })
    }
}

impl Kept for FieldIx {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        u16::take(from).map(Self)
    }
}

impl Seqs {
    fn len(&self) -> usize {
        match self {
            Self::Near(_, after) => after.len(),
            Self::Far(seqs) => seqs.len(),
        }
    }
}

impl Kept for Seqs {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Near(first, after) => {
                0_u8.put(out);
                first.put(out);
                after.put(out);
            }
            Self::Far(seqs) => {
                1_u8.put(out);
                seqs.put(out);
            }
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        match u8::take(from)? {
            0 => Some(Self::Near(Kept::take(from)?, Kept::take(from)?)),
            1 => Kept::take(from).map(Self::Far),
            _ => None,
        }
    }
}

impl Places {
    fn fits(&self, rows: usize) -> bool {
        match &self.points {
            Points::Each(each) => each.len() == rows,
            Points::Coded(places, codes) => codes.name(rows, places.len()),
        }
    }
}

impl Kept for Places {
    fn put(&self, out: &mut Vec<u8>) {
        match &self.points {
            Points::Each(each) => {
                0_u8.put(out);
                each.put(out);
            }
            Points::Coded(places, codes) => {
                1_u8.put(out);
                places.put(out);
                codes.put(out);
            }
        }
        u32::try_from(self.others.len())
            .unwrap_or(u32::MAX)
            .put(out);
        for (row, other) in &self.others {
            row.put(out);
            other.geometry.put(out);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let points = match u8::take(from)? {
            0 => Points::Each(Kept::take(from)?),
            1 => Points::Coded(Kept::take(from)?, Kept::take(from)?),
            _ => return None,
        };
        let others = <Box<[(u32, Geometry<f64>)]>>::take(from)?.into_iter();
        let others = others.map(|(row, geometry)| {
            let other = Other {
                bounds: Bounds::of_geometry(&geometry),
                anchor: anchor(&geometry),
                geometry,
            };
            (row, other)
        });
        Some(Self {
            points,
            others: others.collect(),
        })
    }
}

#[cfg(test)]
mod tests;
