//! The sightings of a box in the order in which they came: stretches of rows of one segment after another,
//! and those of the open one.
//!
//! Promises each sighting once, in order of its place in the log.

use super::{SightingIndex, Verdict, Window};
use crate::event::Seq;
use crate::feature::{Feature, FeatureRef};
use crate::place::Bounds;
use crate::view::packed::Swept;
use crate::view::rtree::{Entry, envelope};
use crate::view::sightings::Segment;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Sightings that came one after another.
#[derive(Debug)]
pub(crate) enum Stretch<'v> {
    /// Rows of one segment.
    Rows(&'v Arc<Segment>, InOrder),
    /// Sightings of the open segment.
    Own(Vec<&'v Arc<Feature>>),
}

/// Rows of a segment.
#[derive(Debug, Clone, Default)]
pub(crate) struct InOrder {
    /// Each once, in the order of their places, in which they stand in the segment.
    pub(crate) rows: Vec<u32>,
    /// The order in which they came: places among them.
    pub(crate) came: Vec<u32>,
}

impl InOrder {
    /// Those that are wanted, told for each in order of place.
    pub(crate) fn only(&self, wanted: &[bool]) -> Self {
        let mut places = Vec::with_capacity(wanted.len());
        let mut rows = Vec::with_capacity(wanted.len());
        for (row, wanted) in self.rows.iter().zip(wanted) {
            places.push(wanted.then_some(rows.len()));
            rows.extend(wanted.then_some(*row));
        }
        let came = self.came.iter().filter_map(|place| places[*place as usize]);
        let came = came.map(|place| u32::try_from(place).unwrap_or(u32::MAX));
        Self {
            rows,
            came: came.collect(),
        }
    }

    /// The rows in the order in which they came.
    pub(crate) fn as_they_came(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.came.iter().map(|place| self.rows[*place as usize])
    }
}

impl<'v> Stretch<'v> {
    fn len(&self) -> usize {
        match self {
            Self::Rows(_, rows) => rows.rows.len(),
            Self::Own(own) => own.len(),
        }
    }

    /// Where the first and the last stand in the log.
    fn ends(&self) -> Option<(Seq, Seq)> {
        match self {
            Self::Rows(segment, rows) => {
                let mut rows = rows.as_they_came();
                let first = rows.next()?;
                Some((
                    segment.seq(first),
                    segment.seq(rows.next_back().unwrap_or(first)),
                ))
            }
            Self::Own(own) => Some((own.first()?.seq, own.last()?.seq)),
        }
    }

    pub(super) fn features(&self) -> impl Iterator<Item = FeatureRef<'v>> {
        let (rows, own) = match self {
            Self::Rows(segment, rows) => (Some((*segment, rows)), None),
            Self::Own(own) => (None, Some(own)),
        };
        let rows = rows.into_iter().flat_map(|(segment, rows)| {
            rows.as_they_came()
                .map(move |row| FeatureRef::Row(segment, row))
        });
        rows.chain(own.into_iter().flatten().map(|own| FeatureRef::Own(own)))
    }
}

impl SightingIndex {
    /// Whether a look at the indexes alone tells that more than so many are within the bounds.
    pub(crate) fn surely_exceeds(
        &self,
        bounds: Bounds,
        window: Option<Window>,
        most: usize,
    ) -> bool {
        let filter = self.filter(window);
        let (mut count, part) = (0, bounds.parts().next());
        let sealed = self.sealed.iter();
        let mut whole = sealed.filter(|segment| segment.verdict(filter) == Verdict::Everything);
        whole.any(|segment| {
            let swept = part.map(|part| {
                segment.tree.sweep(part, &mut |swept| {
                    if let Swept::Within(rows) = swept {
                        count += rows.len();
                    }
                    if count > most {
                        return ControlFlow::Break(());
                    }
                    ControlFlow::Continue(())
                })
            });
            swept.is_some_and(|swept| swept.is_break())
        })
    }

    /// How many are within the bounds, of any time, those in two parts twice; `None` where that is more than
    /// `most`.
    pub(crate) fn within_at_most(&self, bounds: Bounds, most: usize) -> Option<usize> {
        let mut count = 0;
        for part in bounds.parts() {
            for segment in self.sealed.iter() {
                let swept = segment.sweep(part, &mut |rows| {
                    count += rows.len();
                    if count > most {
                        return ControlFlow::Break(());
                    }
                    ControlFlow::Continue(())
                });
                swept.continue_value()?;
            }
            let open = (self.open_tree).locate_in_envelope_intersecting(envelope(part));
            count += open.take(most + 1 - count).count();
        }
        (count <= most).then_some(count)
    }

    /// The sightings within the bounds; `None` where there are more than `most`.
    pub(crate) fn stretches(
        &self,
        bounds: Bounds,
        window: Option<Window>,
        most: usize,
    ) -> Option<Vec<Stretch<'_>>> {
        let filter = self.filter(window);
        let parts = bounds.parts().count();
        let (mut found, mut count) = (Vec::new(), 0);
        for segment in self.sealed.iter() {
            let verdict = segment.verdict(filter);
            if verdict == Verdict::Nothing {
                continue;
            }
            let all = verdict == Verdict::Everything;
            let mut rows: Vec<u32> = Vec::new();
            for part in bounds.parts() {
                segment
                    .sweep(part, &mut |stretch| {
                        if !all {
                            rows.extend(stretch.filter(|row| segment.admits(*row, filter)));
                        } else if stretch.len() <= most {
                            rows.extend(stretch);
                        } else {
                            return ControlFlow::Break(());
                        }
                        // What lies in both parts is there twice as yet.
                        if rows.len() / parts <= most - count {
                            return ControlFlow::Continue(());
                        }
                        ControlFlow::Break(())
                    })
                    .continue_value()?;
            }
            if parts > 1 {
                rows.sort_unstable();
                rows.dedup();
            }
            count += rows.len();
            if count > most {
                return None;
            }
            if !rows.is_empty() {
                let came = segment.as_they_came(&rows);
                found.push(Stretch::Rows(segment, InOrder { rows, came }));
            }
        }
        let mut own = Vec::new();
        for part in bounds.parts() {
            let open = self
                .open_tree
                .locate_in_envelope_intersecting(envelope(part));
            let open = open.map(Entry::feature);
            own.extend(open.filter(|feature| filter.admits_feature(feature)));
        }
        own.sort_unstable_by_key(|feature| feature.seq);
        own.dedup_by_key(|feature| feature.seq);
        if !own.is_empty() {
            found.push(Stretch::Own(own));
        }
        let count: usize = found.iter().map(Stretch::len).sum();
        (count <= most).then(|| as_they_came(found))
    }
}

/// The same sightings, where stretches overlap in shorter ones.
fn as_they_came(found: Vec<Stretch<'_>>) -> Vec<Stretch<'_>> {
    let ends = || found.iter().filter_map(Stretch::ends);
    if ends()
        .zip(ends().skip(1))
        .all(|((_, last), (next, _))| last < next)
    {
        return found;
    }
    let mut all: Vec<_> = found.iter().flat_map(Stretch::features).collect();
    all.sort_by_cached_key(|feature| feature.seq());
    all.dedup_by_key(|feature| feature.seq());
    let together = |a: &FeatureRef<'_>, b: &FeatureRef<'_>| match (a, b) {
        (FeatureRef::Row(a, _), FeatureRef::Row(b, _)) => Arc::ptr_eq(a, b),
        (FeatureRef::Own(_), FeatureRef::Own(_)) => true,
        (FeatureRef::Row(..), FeatureRef::Own(_)) | (FeatureRef::Own(_), FeatureRef::Row(..)) => {
            false
        }
    };
    all.chunk_by(together).map(stretch).collect()
}

/// Features that live together, in the order in which they came.
fn stretch<'v>(features: &[FeatureRef<'v>]) -> Stretch<'v> {
    if let Some(FeatureRef::Row(segment, _)) = features.first() {
        let rows = features.iter().filter_map(|feature| match feature {
            FeatureRef::Row(_, row) => Some(*row),
            FeatureRef::Own(_) => None,
        });
        let mut rows: Vec<u32> = rows.collect();
        rows.sort_unstable();
        let came = segment.as_they_came(&rows);
        return Stretch::Rows(segment, InOrder { rows, came });
    }
    let own = features.iter().filter_map(|feature| match feature {
        FeatureRef::Own(own) => Some(*own),
        FeatureRef::Row(..) => None,
    });
    Stretch::Own(own.collect())
}
