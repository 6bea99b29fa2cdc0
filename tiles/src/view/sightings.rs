//! The index of one sighting layer: sealed, immutable segments in order of arrival and one small open
//! segment.
//!
//! ```text
//! arrival ─▶ [ sealed 262,144 ][ sealed 32,768 ][ 4,096 ][ 4,096 ] … [ open ≤ 4,096 ]
//! ```
//!
//! Eight neighbours of a size [merge](merge) into one of the next. A time window is a set of segments;
//! retention drops whole segments and hides the rest of the oldest.

mod column;
mod merge;
mod sealed;
mod segment;
mod steps;
mod stretch;

pub(crate) use column::{Column, Told};
pub use merge::{Merge, Merged};
pub use sealed::{Sealed, SealedKey};
pub(crate) use segment::Segment;
pub use steps::Steps;
pub(crate) use stretch::{InOrder, Stretch};

use crate::feature::{Feature, FeatureId, FeatureRef, SharedFeature};
use crate::place::Bounds;
use crate::view::cells::CellCounts;
use crate::view::rtree::{Entry, envelope};
use crate::view::tally::Tally;
use jiff::Timestamp;
use rstar::RTree;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Rows in the open segment before it is sealed. Fewer in tests, which cross all sizes quickly.
const SEAL_AT: usize = if cfg!(test) { 64 } else { 4_096 };
/// How many neighbours of one size merge.
const MERGE: usize = 8;
/// Segments of this many rows are merged no further.
const LARGEST: usize = SEAL_AT * MERGE * MERGE;

/// A span of time, start included, end not. Sightings are chosen by their effective time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// The first instant in the window.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

impl Window {
    fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// What a row must satisfy to exist for a query.
#[derive(Debug, Clone, Copy)]
struct Filter {
    window: Option<Window>,
    received_from: Timestamp,
}

impl Filter {
    fn admits(self, received_at: Timestamp, effective_at: impl FnOnce() -> Timestamp) -> bool {
        received_at >= self.received_from
            && self
                .window
                .is_none_or(|window| window.holds(effective_at()))
    }

    fn admits_feature(self, feature: &Feature) -> bool {
        self.admits(feature.received_at, || feature.effective_at())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Nothing,
    Partly,
    Everything,
}

/// The sightings of a layer.
#[derive(Debug, Clone)]
pub(crate) struct SightingIndex {
    sealed: Arc<Vec<Arc<Segment>>>,
    open: Arc<Vec<Arc<Feature>>>,
    open_tree: Arc<RTree<Entry>>,
    open_counts: CellCounts,
    open_ids: imbl::HashMap<FeatureId, Arc<Feature>>,
    /// Rows received before this are gone.
    received_from: Timestamp,
    /// While the index is being loaded: every id, and when its last row was received. The open rows
    /// are then in no index but this.
    loading: Option<Arc<HashMap<FeatureId, Timestamp>>>,
}

impl Default for SightingIndex {
    fn default() -> Self {
        Self {
            sealed: Arc::default(),
            open: Arc::default(),
            open_tree: Arc::default(),
            open_counts: CellCounts::default(),
            open_ids: imbl::HashMap::new(),
            received_from: Timestamp::MIN,
            loading: None,
        }
    }
}

impl SightingIndex {
    /// The sighting of an id, if it is still kept.
    pub(crate) fn get(&self, id: &FeatureId) -> Option<FeatureRef<'_>> {
        let open = match &self.loading {
            None => self.open_ids.get(id),
            Some(_) => self.open.iter().rfind(|row| row.id == *id),
        };
        open.map(FeatureRef::Own)
            .or_else(|| {
                self.sealed
                    .iter()
                    .rev()
                    .find_map(|segment| found(segment, id))
            })
            .filter(|row| row.received_at() >= self.received_from)
    }

    /// Whether a sighting of an id is still kept.
    pub(crate) fn holds(&self, id: &FeatureId) -> bool {
        match &self.loading {
            None => self.get(id).is_some(),
            Some(known) => (known.get(id)).is_some_and(|last| *last >= self.received_from),
        }
    }

    /// Begins or goes on to load: rows come in large numbers, and nothing is read before
    /// [`SightingIndex::loaded`].
    pub(crate) fn load(&mut self, row: Arc<Feature>) {
        let known = Arc::make_mut(self.loading.get_or_insert_default());
        known.insert(row.id.clone(), row.received_at);
        let open = Arc::make_mut(&mut self.open);
        open.push(row);
        if open.len() >= LARGEST {
            self.seal();
        }
    }

    /// Ends the loading, if there was one.
    pub(crate) fn loaded(&mut self) {
        if self.loading.take().is_none() {
            return;
        }
        let from = self.received_from;
        Arc::make_mut(&mut self.open).retain(|row| row.received_at >= from);
        if self.open.len() >= SEAL_AT {
            self.seal();
        } else {
            self.reopen(|_| true);
        }
    }

    /// Makes the open rows a segment.
    fn seal(&mut self) {
        let rows = std::mem::take(&mut self.open);
        self.clear_open();
        let rows: Vec<_> = rows.iter().map(FeatureRef::Own).collect();
        Arc::make_mut(&mut self.sealed).push(Arc::new(Segment::of(&rows)));
    }

    /// Makes the open rows a segment, however few there are.
    #[cfg(test)]
    pub(crate) fn seal_all(&mut self) {
        if self.loading.is_none() && !self.open.is_empty() {
            self.seal();
        }
    }

    /// Adds a sighting at the end.
    pub(crate) fn push(&mut self, row: &Arc<Feature>) {
        if let Some(entry) = Entry::new(row) {
            Arc::make_mut(&mut self.open_tree).insert(entry);
        }
        self.open_counts.set(None, row.placed.cell());
        self.open_ids.insert(row.id.clone(), Arc::clone(row));
        let open = Arc::make_mut(&mut self.open);
        open.push(Arc::clone(row));
        if open.len() >= SEAL_AT {
            self.seal();
            merge::settle(Arc::make_mut(&mut self.sealed), self.received_from);
        }
    }

    fn clear_open(&mut self) {
        self.open_tree = Arc::default();
        self.open_counts = CellCounts::default();
        self.open_ids = imbl::HashMap::new();
    }

    /// Takes one sighting out, for a withdrawal. Rare, so it may rebuild a segment.
    pub(crate) fn remove(&mut self, id: &FeatureId) -> Option<SharedFeature> {
        let removed = self.get(id)?.shared();
        let stays = |row: &Arc<Feature>| row.id != *id;
        if let Some(known) = &mut self.loading {
            Arc::make_mut(known).remove(id);
            Arc::make_mut(&mut self.open).retain(stays);
        } else if self.open_ids.contains_key(id) {
            self.reopen(stays);
        }
        for segment in Arc::make_mut(&mut self.sealed) {
            if segment.find(id.as_str()).is_some() {
                let rows = rows_of(segment).filter(|row| row.id() != id.as_str());
                let without = Segment::of(&rows.collect::<Vec<_>>());
                *segment = Arc::new(without);
            }
        }
        Arc::make_mut(&mut self.sealed).retain(|segment| segment.len() > 0);
        Some(removed)
    }

    /// Builds the open segment anew from the rows that stay.
    fn reopen(&mut self, stays: impl Fn(&Arc<Feature>) -> bool) {
        let rows = std::mem::take(&mut self.open);
        self.clear_open();
        for row in rows.iter().filter(|row| stays(row)) {
            self.push(row);
        }
    }

    /// Makes everything received before `from` gone; says whether anything was.
    pub(crate) fn retain_from(&mut self, from: Timestamp) -> bool {
        let oldest = self.oldest_received();
        self.received_from = self.received_from.max(from);
        let gone = oldest.is_some_and(|oldest| oldest < from);
        if gone {
            let stays = |row: &Arc<Feature>| row.received_at >= from;
            Arc::make_mut(&mut self.sealed).retain(|s| s.newest().is_some_and(|at| at >= from));
            if self.loading.is_none() && !self.open.first().is_none_or(stays) {
                self.reopen(stays);
            }
        }
        gone
    }

    /// When the oldest sighting still kept was received.
    pub(crate) fn oldest_received(&self) -> Option<Timestamp> {
        let from = self.received_from;
        let mut sealed = self.sealed.iter().filter_map(|segment| {
            let first = segment.received_since(from).first()?;
            Some(segment.received_at(*first))
        });
        sealed.next().or_else(|| {
            let first = self.open.partition_point(|row| row.received_at < from);
            self.open.get(first).map(|row| row.received_at)
        })
    }

    fn filter(&self, window: Option<Window>) -> Filter {
        Filter {
            window,
            received_from: self.received_from,
        }
    }

    /// Calls `visit` for every sighting within the bounds, in no order, until told to stop.
    pub(crate) fn visit<'v>(
        &'v self,
        bounds: Bounds,
        window: Option<Window>,
        visit: &mut dyn FnMut(FeatureRef<'v>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let filter = self.filter(window);
        for part in bounds.parts() {
            for segment in self.sealed.iter() {
                let verdict = segment.verdict(filter);
                if verdict == Verdict::Nothing {
                    continue;
                }
                let all = verdict == Verdict::Everything;
                segment.tree.search(part, &mut |number| {
                    let touches = segment.bounds(number).is_some_and(|it| it.intersects(part));
                    if touches && (all || segment.admits(number, filter)) {
                        visit(FeatureRef::Row(segment, number))?;
                    }
                    ControlFlow::Continue(())
                })?;
            }
            let open = self
                .open_tree
                .locate_in_envelope_intersecting(envelope(part));
            for entry in open.filter(|entry| filter.admits_feature(entry.feature())) {
                visit(FeatureRef::Own(entry.feature()))?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Up to `limit` sightings in order of id, after the given one.
    pub(crate) fn page(&self, after: Option<&FeatureId>, limit: usize) -> Vec<FeatureRef<'_>> {
        let filter = self.filter(None);
        let mut rows: Vec<_> = (self.open_ids.values())
            .filter(|row| after.is_none_or(|after| row.id > *after) && filter.admits_feature(row))
            .map(FeatureRef::Own)
            .collect();
        for segment in self.sealed.iter() {
            let in_order = segment.after(after.map(FeatureId::as_str));
            let in_order = in_order.filter(|row| segment.admits(*row, filter));
            rows.extend(
                in_order
                    .take(limit)
                    .map(|row| FeatureRef::Row(segment, row)),
            );
        }
        rows.sort_unstable_by(|a, b| a.id().cmp(b.id()));
        rows.truncate(limit);
        rows
    }

    /// All sightings, in no order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = FeatureRef<'_>> {
        let from = self.received_from;
        let sealed = self.sealed.iter().flat_map(rows_of);
        let rows = self.open_ids.values().map(FeatureRef::Own).chain(sealed);
        rows.filter(move |row| row.received_at() >= from)
    }

    /// How many sightings are kept.
    pub(crate) fn len(&self) -> usize {
        let from = self.received_from;
        let sealed = self.sealed.iter();
        let kept = sealed.map(|segment| segment.received_since(from).len());
        let gone = self.open.partition_point(|row| row.received_at < from);
        kept.sum::<usize>() + self.open.len() - gone
    }

    /// Adds the counts to a tally.
    pub(crate) fn count(&self, tally: &mut Tally, window: Option<Window>) {
        let filter = self.filter(window);
        for segment in self.sealed.iter() {
            match segment.verdict(filter) {
                Verdict::Nothing => {}
                Verdict::Everything => tally.add(&segment.counts),
                Verdict::Partly => {
                    let admitted = segment.numbers().filter(|row| segment.admits(*row, filter));
                    for cell in admitted.filter_map(|row| segment.cell(row)) {
                        tally.add_one(cell);
                    }
                }
            }
        }
        let admits = |row: &&Arc<Feature>| filter.admits_feature(row);
        if window.is_none() && self.open.first().is_none_or(|row| admits(&row)) {
            tally.add(&self.open_counts);
        } else {
            for cell in self
                .open
                .iter()
                .filter(admits)
                .filter_map(|row| row.placed.cell())
            {
                tally.add_one(cell);
            }
        }
    }
}

/// All rows of a segment, in order of arrival.
fn rows_of(segment: &Arc<Segment>) -> impl Iterator<Item = FeatureRef<'_>> {
    let numbers = segment.numbers();
    numbers.map(move |row| FeatureRef::Row(segment, row))
}

/// The row of an id in a segment.
fn found<'s>(segment: &'s Arc<Segment>, id: &FeatureId) -> Option<FeatureRef<'s>> {
    let row = segment.find(id.as_str())?;
    Some(FeatureRef::Row(segment, row))
}

#[cfg(test)]
mod tests;
