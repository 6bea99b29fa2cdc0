//! Merging sealed segments, so that a query visits few trees.
//!
//! Eight neighbours of a size become one of the next, and one that holds what is past its retention
//! becomes one without. The largest take a good part of a second, in
//! which nobody should have to wait: the index only says what is due, whoever owns it has [`Merge::run`]
//! done where it holds nobody up, and the index takes the outcome if its inputs are all still there. An
//! outcome that is not taken or never comes does no harm: the same is due again, and an index that is
//! left alone merges by itself before there are too many segments.

use super::{LARGEST, MERGE, Segment};
use super::{SightingIndex, rows_of};
use crate::catalog::LayerIx;
use jiff::{SignedDuration, Timestamp};
use std::ops::Range;
use std::sync::Arc;

/// For so long a segment may hold sightings that are gone, before it is written anew without them.
const GONE_FOR: SignedDuration = SignedDuration::from_hours(1);
/// The most segments below the largest size; where there are more, the index merges by itself.
const MOST: usize = MERGE * MERGE;

/// Segments of a layer of sightings that are to become one.
#[derive(Debug)]
pub struct Merge {
    pub(crate) layer: LayerIx,
    of: Vec<Arc<Segment>>,
    received_from: Timestamp,
}

/// What became of a [`Merge`].
#[derive(Debug)]
pub struct Merged {
    pub(crate) layer: LayerIx,
    of: Vec<Arc<Segment>>,
    into: Segment,
}

impl Merge {
    /// Merges: up to a good part of a second of work, and memory for the outcome.
    pub fn run(self) -> Merged {
        let into = one_of(&self.of, self.received_from);
        Merged {
            layer: self.layer,
            of: self.of,
            into,
        }
    }
}

impl SightingIndex {
    /// What is to be merged next, if anything is.
    pub(crate) fn next_merge(&self, layer: LayerIx) -> Option<Merge> {
        let run = self.outlived().or_else(|| neighbours(&self.sealed))?;
        Some(Merge {
            layer,
            of: self.sealed[run].to_vec(),
            received_from: self.received_from,
        })
    }

    /// A segment with sightings that have been gone for a while: what is past its retention is not kept
    /// in memory and in checkpoints until all of its segment is.
    fn outlived(&self) -> Option<Range<usize>> {
        let before = self.received_from.checked_sub(GONE_FOR).ok()?;
        let old = |segment: &Arc<Segment>| segment.oldest().is_some_and(|at| at < before);
        let at = self.sealed.iter().position(old)?;
        Some(at..at + 1)
    }

    /// Takes the outcome of a merge, if its inputs are as they were; says whether it did.
    pub(crate) fn accept(&mut self, merged: Merged) -> bool {
        let of = &merged.of;
        let mut runs = self.sealed.windows(of.len().max(1));
        let same = |run: &[Arc<Segment>]| {
            let mut pairs = run.iter().zip(of);
            pairs.all(|(now, then)| Arc::ptr_eq(now, then))
        };
        let Some(start) = runs.position(same) else {
            return false;
        };
        let run = start..start + of.len();
        Arc::make_mut(&mut self.sealed).splice(run, [Arc::new(merged.into)]);
        true
    }
}

/// Merges until no more than the most are left.
pub(super) fn settle(sealed: &mut Vec<Arc<Segment>>, received_from: Timestamp) {
    let is_small = |segment: &&Arc<Segment>| segment.len() < LARGEST;
    while sealed.iter().filter(is_small).count() > MOST
        && let Some(run) = neighbours(sealed).or_else(|| smallest(sealed))
    {
        let merged = one_of(&sealed[run.clone()], received_from);
        sealed.splice(run, [Arc::new(merged)]);
    }
}

/// Neighbours of one size, below the largest.
fn neighbours(sealed: &[Arc<Segment>]) -> Option<Range<usize>> {
    let size = |segment: &Segment| segment.len().next_power_of_two();
    let mut runs = sealed.windows(MERGE);
    let start = runs.position(|run| {
        run[0].len() < LARGEST && run.iter().all(|segment| size(segment) == size(&run[0]))
    })?;
    Some(start..start + MERGE)
}

/// The neighbours with the fewest rows, whatever their sizes.
fn smallest(sealed: &[Arc<Segment>]) -> Option<Range<usize>> {
    let runs = sealed.windows(MERGE).enumerate();
    let small = runs.filter(|(_, run)| run.iter().all(|segment| segment.len() < LARGEST));
    let rows = |run: &[Arc<Segment>]| run.iter().map(|segment| segment.len()).sum::<usize>();
    let (start, _) = small.min_by_key(|(_, run)| rows(run))?;
    Some(start..start + MERGE)
}

/// One segment of several, without the rows that are gone: an id that came again would be in it twice.
fn one_of(segments: &[Arc<Segment>], received_from: Timestamp) -> Segment {
    let rows = segments.iter().flat_map(rows_of);
    let kept: Vec<_> = rows
        .filter(|row| row.received_at() >= received_from)
        .collect();
    Segment::of(&kept)
}

#[cfg(test)]
mod tests;
