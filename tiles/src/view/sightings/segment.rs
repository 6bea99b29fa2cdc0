//! A segment: sightings that no longer change, as columns.
//!
//! Rows stand in the order of their places along a Hilbert curve, so that what one tile shows lies side by
//! side in every column; the order in which they arrived is kept beside. A row costs the bytes of what is
//! its own: its id, its place, the values that few others have; what rows have in common is kept once.
//! Built from rows wherever they live, and never changed.

mod kept;
mod known;
mod swept;

use self::known::Known;
use super::column::Column;
use super::{Filter, Verdict, Window};
use crate::catalog::FieldIx;
use crate::cell::Cell;
use crate::event::Seq;
use crate::feature::{FeatureRef, FeedName, ValueRef};
use crate::place::{Bounds, LonLat};
use crate::view::cells::SealedCounts;
use crate::view::codes::Codes;
use crate::view::packed::{PackedTree, along_hilbert};
use geo_types::{Geometry, Point};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::HashMap;

/// Sightings that no longer change.
#[derive(Debug)]
pub(crate) struct Segment {
    len: u32,
    ids: Option<Column>,
    feeds: Box<[FeedName]>,
    feed_of: Codes,
    received_at: Option<Column>,
    /// Absent where all were observed when they were received.
    observed_at: Option<Column>,
    stale_at: Option<Column>,
    seqs: Seqs,
    places: Places,
    /// Rows in order of arrival.
    by_arrival: Box<[u32]>,
    /// The number of the row's cell among the counted ones, from 1 on; 0 for none.
    cell_of: Codes,
    fields: Box<[(FieldIx, Column)]>,
    pub(super) tree: PackedTree,
    pub(super) counts: SealedCounts,
    /// Rows in order of id.
    by_id: Box<[u32]>,
    known: Known,
    /// Of the instants at which the sightings took effect.
    first: Timestamp,
    last: Timestamp,
}

impl Segment {
    /// The segment of these rows, which are in order of arrival.
    pub(super) fn of(arrived: &[FeatureRef<'_>]) -> Self {
        let (order, boxes) = in_order_of_place(arrived);
        let rows: Vec<_> = order.iter().map(|at| arrived[*at as usize]).collect();
        let rows = rows.as_slice();
        let observed = || rows.iter().map(|row| Some(row.observed_at()));
        let received = || rows.iter().map(|row| Some(row.received_at()));
        let effective = || rows.iter().map(|row| row.effective_at());
        let cells = || rows.iter().map(|row| row.cell());
        let counts = SealedCounts::of(cells().flatten());
        let mut feeds: Vec<FeedName> = Vec::new();
        let feed_of: Vec<u32> = rows
            .iter()
            .map(|row| numbered(&mut feeds, row.feed()))
            .collect();
        let cell_of: Vec<u32> = cells().map(|cell| counts.number_of(cell)).collect();
        Self {
            len: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            ids: Column::of(
                &rows
                    .iter()
                    .map(|row| Some(ValueRef::Text(row.id())))
                    .collect::<Vec<_>>(),
            ),
            feeds: feeds.into(),
            feed_of: Codes::of(&feed_of),
            received_at: times(received()),
            observed_at: if observed().eq(received()) {
                None
            } else {
                times(observed())
            },
            stale_at: times(rows.iter().map(|row| row.stale_at())),
            seqs: Seqs::of(rows.iter().map(|row| row.seq())),
            places: Places::of(rows),
            by_arrival: inverse(&order),
            cell_of: Codes::of(&cell_of),
            fields: columns(rows),
            tree: PackedTree::in_place(&boxes),
            counts,
            by_id: in_order_of_id(rows),
            known: Known::of(rows.len(), rows.iter().map(|row| row.id())),
            first: effective().min().unwrap_or(Timestamp::MAX),
            last: effective().max().unwrap_or(Timestamp::MIN),
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// All rows, in order of arrival.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.by_arrival.iter().copied()
    }

    /// The row that arrived first, and the one that arrived last.
    pub(super) fn ends(&self) -> Option<(u32, u32)> {
        Some((*self.by_arrival.first()?, *self.by_arrival.last()?))
    }

    pub(crate) fn id(&self, row: u32) -> &str {
        id_of(self.ids.as_ref(), row)
    }

    pub(crate) fn feed(&self, row: u32) -> &FeedName {
        &self.feeds[self.feed_of.get(row as usize) as usize]
    }

    pub(crate) fn received_at(&self, row: u32) -> Timestamp {
        let column = self.received_at.as_ref();
        column.and_then(|at| at.time(row)).unwrap_or_default()
    }

    pub(crate) fn observed_at(&self, row: u32) -> Timestamp {
        let column = self.observed_at.as_ref();
        column
            .and_then(|at| at.time(row))
            .unwrap_or_else(|| self.received_at(row))
    }

    pub(crate) fn stale_at(&self, row: u32) -> Option<Timestamp> {
        self.stale_at.as_ref()?.time(row)
    }

    pub(crate) fn seq(&self, row: u32) -> Seq {
        self.seqs.get(row as usize)
    }

    pub(crate) fn geometry(&self, row: u32) -> Option<Cow<'_, Geometry<f64>>> {
        match self.places.point(row) {
            Some([lon, lat]) => Some(Cow::Owned(Point::new(lon, lat).into())),
            None => self
                .places
                .other(row)
                .map(|other| Cow::Borrowed(&other.geometry)),
        }
    }

    pub(crate) fn bounds(&self, row: u32) -> Option<Bounds> {
        self.places.bounds(row)
    }

    pub(crate) fn anchor(&self, row: u32) -> Option<LonLat> {
        match self.places.point(row) {
            Some([lon, lat]) => LonLat::new(lon, lat).ok(),
            None => self.places.other(row)?.anchor,
        }
    }

    pub(crate) fn cell(&self, row: u32) -> Option<Cell> {
        self.counts.numbered(self.cell_of.get(row as usize))
    }

    pub(crate) fn property(&self, row: u32, field: FieldIx) -> Option<ValueRef<'_>> {
        let at = self
            .fields
            .binary_search_by_key(&field, |(field, _)| *field);
        self.fields[at.ok()?].1.get(row)
    }

    pub(crate) fn properties(&self, row: u32) -> impl Iterator<Item = (FieldIx, ValueRef<'_>)> {
        let fields = self.fields.iter();
        fields.filter_map(move |(field, column)| Some((*field, column.get(row)?)))
    }

    /// The fields of a row, each with the number of its value in the dictionary of the column, from 1 on;
    /// 0 where there is none.
    pub(crate) fn numbered(&self, row: u32) -> impl Iterator<Item = (FieldIx, ValueRef<'_>, u32)> {
        self.fields.iter().filter_map(move |(field, column)| {
            let (value, number) = column.numbered(row)?;
            Some((*field, value, number))
        })
    }

    /// When the source saw it, with the number of that instant in its dictionary; 0 for none.
    pub(crate) fn numbered_observed_at(&self, row: u32) -> (Timestamp, u32) {
        match self.observed().and_then(|column| column.numbered(row)) {
            Some((ValueRef::Time(at), number)) => (at, number),
            _ => (self.observed_at(row), 0),
        }
    }

    /// The column of ids.
    pub(crate) fn ids(&self) -> Option<&Column> {
        self.ids.as_ref()
    }

    /// The columns of all fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (FieldIx, &Column)> {
        self.fields.iter().map(|(field, column)| (*field, column))
    }

    /// The column that says when the source saw a row.
    pub(crate) fn observed(&self) -> Option<&Column> {
        self.observed_at.as_ref().or(self.received_at.as_ref())
    }

    /// Longitude and latitude of a row that is a point.
    pub(crate) fn point(&self, row: u32) -> Option<[f64; 2]> {
        self.places.point(row)
    }

    /// When the sighting took effect.
    pub(super) fn effective_at(&self, row: u32) -> Timestamp {
        self.observed_at(row).min(self.received_at(row))
    }

    /// When the newest was received.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.ends().map(|(_, last)| self.received_at(last))
    }

    /// When the oldest was received.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.ends().map(|(first, _)| self.received_at(first))
    }

    /// The rows that were received no earlier, in order of arrival.
    pub(super) fn received_since(&self, from: Timestamp) -> &[u32] {
        let gone = |row: &u32| self.received_at(*row) < from;
        &self.by_arrival[self.by_arrival.partition_point(gone)..]
    }

    /// The row of an id.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        if !self.known.may_hold(id) {
            return None;
        }
        let at = self.by_id.binary_search_by(|row| self.id(*row).cmp(id));
        Some(self.by_id[at.ok()?])
    }

    /// The rows in order of id, after the given one.
    pub(super) fn after(&self, after: Option<&str>) -> impl Iterator<Item = u32> {
        let start = after.map_or(0, |after| {
            self.by_id.partition_point(|row| self.id(*row) <= after)
        });
        self.by_id[start..].iter().copied()
    }

    /// Whether a row passes the filter.
    pub(super) fn admits(&self, row: u32, filter: Filter) -> bool {
        let received_at = self.received_at(row);
        let observed_at = || self.observed_at(row);
        filter.admits(received_at, || observed_at().min(received_at))
    }

    /// Whether every row passes the filter, or none does.
    pub(super) fn verdict(&self, filter: Filter) -> Verdict {
        let (Some(oldest), Some(newest)) = (self.oldest(), self.newest()) else {
            return Verdict::Nothing;
        };
        let missed = |window: Window| self.last < window.from || self.first >= window.to;
        let inside = |window: Window| window.holds(self.first) && window.holds(self.last);
        if newest < filter.received_from || filter.window.is_some_and(missed) {
            Verdict::Nothing
        } else if oldest >= filter.received_from && filter.window.is_none_or(inside) {
            Verdict::Everything
        } else {
            Verdict::Partly
        }
    }
}

/// The id of a row by the column of ids.
fn id_of(ids: Option<&Column>, row: u32) -> &str {
    match ids.and_then(|ids| ids.get(row)) {
        Some(ValueRef::Text(id)) => id,
        _ => "",
    }
}

/// The number of a name among those that are known, or of a new one.
fn numbered(known: &mut Vec<FeedName>, name: &FeedName) -> u32 {
    let at = known
        .iter()
        .rposition(|feed| feed == name)
        .unwrap_or_else(|| {
            known.push(name.clone());
            known.len() - 1
        });
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn times(instants: impl Iterator<Item = Option<Timestamp>>) -> Option<Column> {
    let values: Vec<_> = instants.map(|at| at.map(ValueRef::Time)).collect();
    Column::of(&values)
}

/// A column for every field that any row has.
fn columns(rows: &[FeatureRef<'_>]) -> Box<[(FieldIx, Column)]> {
    let mut by_field: HashMap<FieldIx, Vec<Option<ValueRef<'_>>>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        for (field, value) in row.properties() {
            let column = by_field.entry(field).or_default();
            column.resize(at, None);
            column.push(Some(value));
        }
    }
    let mut columns: Vec<(FieldIx, Column)> = (by_field.into_iter())
        .filter_map(|(field, mut values)| {
            values.resize(rows.len(), None);
            Some((field, Column::of(&values)?))
        })
        .collect();
    columns.sort_unstable_by_key(|(field, _)| *field);
    columns.into()
}

/// Rows in order of id. Most ids differ in their first bytes, which are at hand.
fn in_order_of_id(rows: &[FeatureRef<'_>]) -> Box<[u32]> {
    let head = |id: &str| {
        let mut head = [0; 8];
        let known = id.len().min(head.len());
        head[..known].copy_from_slice(&id.as_bytes()[..known]);
        u64::from_be_bytes(head)
    };
    let mut keyed: Vec<(u64, u32)> = rows.iter().map(|row| head(row.id())).zip(0..).collect();
    keyed.sort_unstable_by(|(a, left), (b, right)| {
        let ids = || (rows[*left as usize].id()).cmp(rows[*right as usize].id());
        a.cmp(b).then_with(ids)
    });
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// The numbers of rows in the order of their places, and the boxes in that order; those without a place
/// come last, and have none.
fn in_order_of_place(rows: &[FeatureRef<'_>]) -> (Vec<u32>, Vec<Bounds>) {
    let placed = (0..)
        .zip(rows)
        .filter_map(|(number, row)| Some((number, row.bounds()?)));
    let (mut order, boxes): (Vec<u32>, Vec<Bounds>) = along_hilbert(placed).into_iter().unzip();
    let placeless = (0..).zip(rows).filter(|(_, row)| row.bounds().is_none());
    order.extend(placeless.map(|(number, _)| number));
    (order, boxes)
}

/// Where each number stands.
fn inverse(order: &[u32]) -> Box<[u32]> {
    let mut inverse = vec![0; order.len()];
    for (at, number) in (0..).zip(order) {
        inverse[*number as usize] = at;
    }
    inverse.into()
}

/// Positions in the log.
#[derive(Debug)]
enum Seqs {
    /// From the first one on.
    Near(Seq, Codes),
    /// Further apart than 2³².
    Far(Box<[Seq]>),
}

impl Seqs {
    fn of(seqs: impl Iterator<Item = Seq> + Clone) -> Self {
        let first = seqs.clone().min().unwrap_or_default();
        let near = seqs.clone().map(|seq| u32::try_from(seq.0 - first.0).ok());
        match near.collect::<Option<Vec<u32>>>() {
            Some(near) => Self::Near(first, Codes::of(&near)),
            None => Self::Far(seqs.collect()),
        }
    }

    fn get(&self, row: usize) -> Seq {
        match self {
            Self::Near(first, after) => Seq(first.0.saturating_add(u64::from(after.get(row)))),
            Self::Far(seqs) => seqs[row],
        }
    }
}

/// Where the rows are: points as pairs of numbers, the rest as it came.
#[derive(Debug)]
struct Places {
    /// Longitude and latitude.
    points: Points,
    /// What is no point.
    others: HashMap<u32, Other>,
}

/// A geometry that is no point, and what follows from it.
#[derive(Debug)]
struct Other {
    geometry: Geometry<f64>,
    bounds: Option<Bounds>,
    anchor: Option<LonLat>,
}

#[derive(Debug)]
enum Points {
    /// Not a number where a row is no point.
    Each(Box<[[f64; 2]]>),
    /// Each place once: readers that stand still see everything from a few places.
    Coded(Box<[[f64; 2]]>, Codes),
}

impl Places {
    const NOWHERE: [f64; 2] = [f64::NAN; 2];

    fn of(rows: &[FeatureRef<'_>]) -> Self {
        let mut points = Vec::with_capacity(rows.len());
        let mut others = HashMap::new();
        for (number, row) in (0..).zip(rows) {
            let geometry = row.geometry();
            if let Some(Geometry::Point(point)) = geometry.as_deref() {
                points.push([point.x(), point.y()]);
                continue;
            }
            points.push(Self::NOWHERE);
            if let Some(geometry) = geometry {
                let other = Other {
                    geometry: geometry.into_owned(),
                    bounds: row.bounds(),
                    anchor: row.anchor(),
                };
                others.insert(number, other);
            }
        }
        Self {
            points: Points::of(points),
            others,
        }
    }

    fn point(&self, row: u32) -> Option<[f64; 2]> {
        let point = match &self.points {
            Points::Each(each) => each[row as usize],
            Points::Coded(places, codes) => places[codes.get(row as usize) as usize],
        };
        (!point[0].is_nan()).then_some(point)
    }

    fn bounds(&self, row: u32) -> Option<Bounds> {
        match self.point(row) {
            Some([lon, lat]) => LonLat::new(lon, lat).ok().map(Bounds::of_point),
            None => self.other(row)?.bounds,
        }
    }

    fn other(&self, row: u32) -> Option<&Other> {
        self.others.get(&row)
    }
}

impl Points {
    fn of(points: Vec<[f64; 2]>) -> Self {
        let mut known: HashMap<[u64; 2], u32> = HashMap::new();
        let mut places = Vec::new();
        let mut codes = Vec::with_capacity(points.len());
        for point in &points {
            let code = *known.entry(point.map(f64::to_bits)).or_insert_with(|| {
                places.push(*point);
                u32::try_from(places.len() - 1).unwrap_or(u32::MAX)
            });
            codes.push(code);
            if places.len() > points.len() / 4 + 1 {
                return Self::Each(points.into());
            }
        }
        Self::Coded(places.into(), Codes::of(&codes))
    }
}

#[cfg(test)]
mod tests;
