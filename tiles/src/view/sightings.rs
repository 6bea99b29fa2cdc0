//! The index of one sighting layer: sealed, immutable segments in order of arrival and one small open
//! segment.
//!
//! ```text
//! arrival ─▶ [ sealed 262,144 ][ sealed 32,768 ][ 4,096 ][ 4,096 ] … [ open ≤ 4,096 ]
//! ```
//!
//! Eight neighbours of a size merge into one of the next, so that a query visits few trees. A time
//! window is a set of segments; retention drops whole segments and hides the rest of the oldest.

mod steps;

pub use steps::Steps;

use crate::feature::{Feature, FeatureId};
use crate::place::Bounds;
use crate::view::cells::{CellCounts, SealedCounts};
use crate::view::packed::PackedTree;
use crate::view::rtree::{Entry, envelope, numbered};
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
    fn admits(self, feature: &Feature) -> bool {
        feature.received_at >= self.received_from
            && self
                .window
                .is_none_or(|window| window.holds(feature.effective_at()))
    }
}

/// Sightings that no longer change.
#[derive(Debug)]
struct Segment {
    /// In order of arrival, and so of `received_at`.
    rows: Vec<Arc<Feature>>,
    tree: PackedTree,
    counts: SealedCounts,
    /// Positions in `rows`, in order of id.
    by_id: Box<[u32]>,
    first: Timestamp,
    last: Timestamp,
}

impl Segment {
    fn of(rows: Vec<Arc<Feature>>) -> Self {
        let times = || rows.iter().map(|row| row.effective_at());
        Self {
            tree: PackedTree::new(numbered(&rows)),
            counts: SealedCounts::of(rows.iter().filter_map(|row| row.cell)),
            first: times().min().unwrap_or(Timestamp::MAX),
            last: times().max().unwrap_or(Timestamp::MIN),
            by_id: in_order_of_id(&rows),
            rows,
        }
    }

    fn row(&self, number: u32) -> &Arc<Feature> {
        &self.rows[number as usize]
    }

    fn get(&self, id: &FeatureId) -> Option<&Arc<Feature>> {
        let at = self
            .by_id
            .binary_search_by(|row| self.row(*row).id.cmp(id))
            .ok()?;
        Some(self.row(self.by_id[at]))
    }

    /// The rows in order of id, after the given one.
    fn after(&self, after: Option<&FeatureId>) -> impl Iterator<Item = &Arc<Feature>> {
        let start = after.map_or(0, |after| {
            self.by_id
                .partition_point(|row| self.row(*row).id <= *after)
        });
        self.by_id[start..].iter().map(|row| self.row(*row))
    }

    /// Whether every row passes the filter, or none does.
    fn verdict(&self, filter: Filter) -> Verdict {
        let (Some(oldest), Some(newest)) = (self.rows.first(), self.rows.last()) else {
            return Verdict::Nothing;
        };
        let missed = |window: Window| self.last < window.from || self.first >= window.to;
        let inside = |window: Window| window.holds(self.first) && window.holds(self.last);
        if newest.received_at < filter.received_from || filter.window.is_some_and(missed) {
            Verdict::Nothing
        } else if oldest.received_at >= filter.received_from && filter.window.is_none_or(inside) {
            Verdict::Everything
        } else {
            Verdict::Partly
        }
    }
}

/// Positions of rows in order of id. Most ids differ in their first bytes, which are at hand.
fn in_order_of_id(rows: &[Arc<Feature>]) -> Box<[u32]> {
    let head = |id: &FeatureId| {
        let mut head = [0; 8];
        let bytes = id.as_str().as_bytes();
        let known = bytes.len().min(head.len());
        head[..known].copy_from_slice(&bytes[..known]);
        u64::from_be_bytes(head)
    };
    let mut keyed: Vec<(u64, u32)> = rows.iter().map(|row| head(&row.id)).zip(0..).collect();
    keyed.sort_unstable_by(|(a, left), (b, right)| {
        let ids = || (rows[*left as usize].id).cmp(&rows[*right as usize].id);
        a.cmp(b).then_with(ids)
    });
    keyed.into_iter().map(|(_, row)| row).collect()
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
    pub(crate) fn get(&self, id: &FeatureId) -> Option<&Arc<Feature>> {
        let open = match &self.loading {
            None => self.open_ids.get(id),
            Some(_) => self.open.iter().rfind(|row| row.id == *id),
        };
        open.or_else(|| self.sealed.iter().rev().find_map(|segment| segment.get(id)))
            .filter(|row| row.received_at >= self.received_from)
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
        let rows = std::mem::take(Arc::make_mut(&mut self.open));
        self.clear_open();
        Arc::make_mut(&mut self.sealed).push(Arc::new(Segment::of(rows)));
    }

    /// Adds a sighting at the end.
    pub(crate) fn push(&mut self, row: &Arc<Feature>) {
        if let Some(entry) = Entry::new(row) {
            Arc::make_mut(&mut self.open_tree).insert(entry);
        }
        self.open_counts.set(None, row.cell);
        self.open_ids.insert(row.id.clone(), Arc::clone(row));
        let open = Arc::make_mut(&mut self.open);
        open.push(Arc::clone(row));
        if open.len() >= SEAL_AT {
            self.seal();
            merge(Arc::make_mut(&mut self.sealed), self.received_from);
        }
    }

    fn clear_open(&mut self) {
        self.open_tree = Arc::default();
        self.open_counts = CellCounts::default();
        self.open_ids = imbl::HashMap::new();
    }

    /// Takes one sighting out, for a withdrawal. Rare, so it may rebuild a segment.
    pub(crate) fn remove(&mut self, id: &FeatureId) -> Option<Arc<Feature>> {
        let removed = Arc::clone(self.get(id)?);
        let stays = |row: &Arc<Feature>| row.id != *id;
        if let Some(known) = &mut self.loading {
            Arc::make_mut(known).remove(id);
            Arc::make_mut(&mut self.open).retain(stays);
        } else if self.open_ids.contains_key(id) {
            self.reopen(stays);
        }
        for segment in Arc::make_mut(&mut self.sealed) {
            if segment.get(id).is_some() {
                let rows = segment.rows.iter().filter(|row| stays(row));
                *segment = Arc::new(Segment::of(rows.cloned().collect()));
            }
        }
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
            Arc::make_mut(&mut self.sealed).retain(|s| s.rows.last().is_some_and(stays));
            if self.loading.is_none() && !self.open.first().is_none_or(stays) {
                self.reopen(stays);
            }
        }
        gone
    }

    /// When the oldest sighting still kept was received.
    pub(crate) fn oldest_received(&self) -> Option<Timestamp> {
        let segments = self.sealed.iter().map(|segment| segment.rows.as_slice());
        segments.chain([self.open.as_slice()]).find_map(|rows| {
            let first = rows.partition_point(|row| row.received_at < self.received_from);
            rows.get(first).map(|row| row.received_at)
        })
    }

    fn filter(&self, window: Option<Window>) -> Filter {
        Filter {
            window,
            received_from: self.received_from,
        }
    }

    /// Calls `visit` for every sighting within the bounds, in no order, until told to stop.
    pub(crate) fn visit(
        &self,
        bounds: Bounds,
        window: Option<Window>,
        visit: &mut dyn FnMut(&Arc<Feature>) -> ControlFlow<()>,
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
                    let row = segment.row(number);
                    let touches = row.bounds.is_some_and(|bounds| bounds.intersects(part));
                    if touches && (all || filter.admits(row)) {
                        visit(row)?;
                    }
                    ControlFlow::Continue(())
                })?;
            }
            let open = self
                .open_tree
                .locate_in_envelope_intersecting(envelope(part));
            for entry in open.filter(|entry| filter.admits(entry.feature())) {
                visit(entry.feature())?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Up to `limit` sightings in order of id, after the given one.
    pub(crate) fn page(&self, after: Option<&FeatureId>, limit: usize) -> Vec<Arc<Feature>> {
        let filter = self.filter(None);
        let mut rows: Vec<_> = (self.open_ids.values())
            .filter(|row| after.is_none_or(|after| row.id > *after) && filter.admits(row))
            .cloned()
            .collect();
        for segment in self.sealed.iter() {
            let in_order = segment.after(after).filter(|row| filter.admits(row));
            rows.extend(in_order.take(limit).cloned());
        }
        rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        rows.truncate(limit);
        rows
    }

    /// All sightings, in no order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Arc<Feature>> {
        let filter = self.filter(None);
        let sealed = self.sealed.iter().flat_map(|segment| &segment.rows);
        let rows = self.open_ids.values().chain(sealed);
        rows.filter(move |row| filter.admits(row))
    }

    /// How many sightings are kept.
    pub(crate) fn len(&self) -> usize {
        let filter = self.filter(None);
        let segments = self.sealed.iter().map(|segment| segment.rows.as_slice());
        segments
            .chain([self.open.as_slice()])
            .map(|rows| rows.len() - rows.partition_point(|row| !filter.admits(row)))
            .sum()
    }

    /// Adds the counts to a tally.
    pub(crate) fn count(&self, tally: &mut Tally, window: Option<Window>) {
        let filter = self.filter(window);
        for segment in self.sealed.iter() {
            match segment.verdict(filter) {
                Verdict::Nothing => {}
                Verdict::Everything => tally.add(&segment.counts),
                Verdict::Partly => count_rows(&segment.rows, filter, tally),
            }
        }
        if window.is_none() && self.open.first().is_none_or(|row| filter.admits(row)) {
            tally.add(&self.open_counts);
        } else {
            count_rows(&self.open, filter, tally);
        }
    }
}

fn count_rows(rows: &[Arc<Feature>], filter: Filter, tally: &mut Tally) {
    let admitted = rows.iter().filter(|row| filter.admits(row));
    for cell in admitted.filter_map(|row| row.cell) {
        tally.add_one(cell);
    }
}

/// Merges eight neighbours of one size at the end into one of the next size, as often as it goes,
/// without the rows that are gone: an id that came again would be in it twice.
fn merge(sealed: &mut Vec<Arc<Segment>>, received_from: Timestamp) {
    while let Some(start) = sealed.len().checked_sub(MERGE) {
        let tail = &sealed[start..];
        let size = |segment: &Segment| segment.rows.len().next_power_of_two();
        let mergeable = tail[0].rows.len() < LARGEST
            && tail.iter().all(|segment| size(segment) == size(&tail[0]));
        if !mergeable {
            return;
        }
        let rows = tail
            .iter()
            .flat_map(|segment| &segment.rows)
            .filter(|row| row.received_at >= received_from)
            .cloned()
            .collect();
        sealed.truncate(start);
        sealed.push(Arc::new(Segment::of(rows)));
    }
}

#[cfg(test)]
mod tests;
