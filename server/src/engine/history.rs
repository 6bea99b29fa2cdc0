//! The picture as it was at an instant: the fold of the log up to it.
//!
//! ```text
//! log: ─────────┬────────────┬────────┬─────▶
//!       anchor ─┘    kept ───┘        └─ asked: a clone of the nearest kept picture, and the records between
//! ```
//!
//! A wall in replay asks for one instant after the other, so pictures are kept and taken further:
//! each step costs the records in between, not the log. It promises that a picture taken further is
//! the fold from the beginning, that no lock is held while folding, and that nothing is served from
//! before what retention has left. As many pictures are kept as `limits.past_pictures` says, the latest used.

mod noticed;

use crate::clock::{Clock, monotonic};
use crate::metrics;
use crate::store::{Reader, Store, StoreError};
use atalaya_tiles::{Catalog, LayerIx, LayerKind, Picture, Record, RingLimits, Seq, View};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Readers of the log kept open.
const READERS: usize = 4;
/// Records folded at a time.
const BATCH: usize = 4_096;
/// A picture that is no further away than this is taken further and does not stay behind; and so far
/// before the instant asked for, a fold from the beginning leaves a picture to start from again.
const NEAR: SignedDuration = SignedDuration::from_hours(1);
/// What is younger may still be on its way into the log: it is not kept, and folded for everybody anew.
pub(crate) const SETTLED: SignedDuration = SignedDuration::from_secs(5);
/// Nobody asks a picture of the past for its latest changes: what lies between two is their difference.
const RING: RingLimits = RingLimits {
    ticks: 1,
    changes: 4_096,
};

/// Why there is no picture of an instant.
#[derive(Debug, thiserror::Error)]
pub enum NoHistory {
    /// It lies before what is kept, or after now.
    #[error("{at} is outside what is kept: from {from}")]
    Outside {
        /// The instant asked for.
        at: Timestamp,
        /// The oldest instant there is something of, as text.
        from: String,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A fold in progress: the picture and the last record in it.
#[derive(Debug, Clone)]
struct Fold {
    picture: Picture,
    seq: Seq,
}

impl Fold {
    fn new(catalog: &Arc<Catalog>) -> Self {
        Self {
            picture: Picture::new(Arc::clone(catalog), RING),
            seq: Seq(0),
        }
    }

    /// Takes in what was received by an instant.
    fn advance(
        &mut self,
        reader: &mut Reader,
        at: Timestamp,
        layers: &[LayerIx],
    ) -> Result<(), StoreError> {
        let mut batch: Vec<Record> = Vec::with_capacity(BATCH);
        reader.records(self.seq, Some(at), Some(layers), &mut |record| {
            batch.push(record);
            if batch.len() == BATCH {
                self.apply(&mut batch);
            }
            ControlFlow::Continue(())
        })?;
        self.apply(&mut batch);
        self.picture.tick();
        // Nobody writes a checkpoint of the past.
        drop(self.picture.take_removed());
        Ok(())
    }

    fn apply(&mut self, batch: &mut Vec<Record>) {
        self.seq = self.picture.apply(batch).seq;
        batch.clear();
    }
}

/// A picture of the past that can be taken further.
#[derive(Debug)]
struct Kept {
    /// In order.
    layers: Vec<LayerIx>,
    at: Timestamp,
    fold: Arc<Fold>,
    /// Stays where it is, for those who go back.
    anchor: bool,
    /// The latest views of it, the newest last.
    views: VecDeque<(Timestamp, Arc<View>)>,
}

impl Kept {
    fn new(at: Timestamp, layers: Vec<LayerIx>, fold: Fold, view: &Arc<View>) -> Self {
        Self {
            layers,
            at,
            fold: Arc::new(fold),
            anchor: false,
            views: VecDeque::from([(at, Arc::clone(view))]),
        }
    }

    fn holds(&self, layers: &[LayerIx]) -> bool {
        let known = |layer| self.layers.binary_search(layer).is_ok();
        layers.iter().all(known)
    }
}

/// Where a fold begins.
#[derive(Debug)]
struct Start {
    layers: Vec<LayerIx>,
    at: Timestamp,
    fold: Arc<Fold>,
}

/// The latest pictures of the past, the one used last in front, and readers to make more.
#[derive(Debug)]
pub(crate) struct History {
    kept: Mutex<VecDeque<Kept>>,
    readers: Mutex<Vec<Reader>>,
    /// How many pictures are kept.
    pictures: usize,
}

impl History {
    /// A history that keeps so many pictures, and one at least: each holds all features of its layers.
    pub(crate) fn new(pictures: usize) -> Self {
        Self {
            kept: Mutex::default(),
            readers: Mutex::default(),
            pictures: pictures.max(1),
        }
    }

    /// How many of the latest views of each picture are kept, since many tiles are asked of one instant:
    /// for as many walls as may replay apart from each other, this step and the one before it.
    fn views(&self) -> usize {
        2 * self.pictures
    }

    /// A view that is there already, if the instant is within what the log still has.
    pub(crate) fn ready(
        &self,
        log: &Log<'_>,
        at: Timestamp,
        layers: &[LayerIx],
    ) -> Result<Option<Arc<View>>, NoHistory> {
        self.reading(log, |reader| check(reader, at, layers))?;
        Ok(self.found(at, layers))
    }

    /// The view of an instant, folded as far as nobody has yet.
    pub(crate) fn view_at(
        &self,
        log: &Log<'_>,
        at: Timestamp,
        layers: &[LayerIx],
    ) -> Result<Arc<View>, NoHistory> {
        self.reading(log, |reader| {
            check(reader, at, layers)?;
            if let Some(view) = self.found(at, layers) {
                return Ok(view);
            }
            let started = monotonic();
            let settled = log.clock.now().duration_since(at) >= SETTLED;
            let start = self.start(reader, at, layers)?;
            let (fold, layers) = match &start {
                Some(start) => {
                    let mut fold = Fold::clone(&start.fold);
                    fold.advance(reader, at, &start.layers)?;
                    (fold, start.layers.clone())
                }
                None => (self.whole(log, reader, at, layers)?, layers.to_vec()),
            };
            let view = fold.picture.view();
            metrics::HISTORY_FOLD_SECONDS.record(monotonic().duration_since(started));
            if settled {
                let from = start.map(|start| start.at);
                self.keep(from, Kept::new(at, layers, fold, &view));
            }
            Ok(view)
        })
    }

    /// Lends a reader.
    pub(crate) fn reading<T>(
        &self,
        log: &Log<'_>,
        read: impl FnOnce(&mut Reader) -> Result<T, NoHistory>,
    ) -> Result<T, NoHistory> {
        let idle = lock(&self.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => log.store.reader(Arc::clone(log.catalog))?,
        };
        let outcome = read(&mut reader);
        let mut idle = lock(&self.readers);
        if idle.len() < READERS {
            idle.push(reader);
        }
        outcome
    }

    fn found(&self, at: Timestamp, layers: &[LayerIx]) -> Option<Arc<View>> {
        let mut kept = lock(&self.kept);
        let view_of = |kept: &Kept| {
            let mut views = kept.views.iter().filter(|_| kept.holds(layers));
            views
                .find(|(known, _)| *known == at)
                .map(|(_, view)| Arc::clone(view))
        };
        let (place, view) = (kept.iter().enumerate())
            .find_map(|(place, kept)| view_of(kept).map(|view| (place, view)))?;
        if let Some(used) = kept.remove(place) {
            kept.push_front(used);
        }
        metrics::HISTORY_KEPT.increment(1);
        Some(view)
    }

    /// The nearest kept picture at or before an instant that has these layers. One that retention
    /// has overtaken is dropped: what it still needs to know may be deleted.
    fn start(
        &self,
        reader: &mut Reader,
        at: Timestamp,
        layers: &[LayerIx],
    ) -> Result<Option<Start>, StoreError> {
        loop {
            let nearest = {
                let kept = lock(&self.kept);
                let usable = kept
                    .iter()
                    .filter(|kept| kept.at <= at && kept.holds(layers));
                usable.max_by_key(|kept| kept.at).map(|kept| Start {
                    layers: kept.layers.clone(),
                    at: kept.at,
                    fold: Arc::clone(&kept.fold),
                })
            };
            let Some(start) = nearest else {
                return Ok(None);
            };
            let oldest = reader.oldest_received(&start.layers)?;
            if oldest.is_some_and(|oldest| oldest <= start.at) {
                return Ok(Some(start));
            }
            lock(&self.kept).retain(|kept| kept.at != start.at || kept.layers != start.layers);
        }
    }

    fn whole(
        &self,
        log: &Log<'_>,
        reader: &mut Reader,
        at: Timestamp,
        layers: &[LayerIx],
    ) -> Result<Fold, StoreError> {
        let mut fold = Fold::new(log.catalog);
        if let Ok(before) = at.checked_sub(NEAR)
            && reader
                .oldest_received(layers)?
                .is_some_and(|oldest| oldest <= before)
        {
            fold.advance(reader, before, layers)?;
            let view = fold.picture.view();
            let anchor = Kept::new(before, layers.to_vec(), fold.clone(), &view);
            self.keep(
                None,
                Kept {
                    anchor: true,
                    ..anchor
                },
            );
        }
        fold.advance(reader, at, layers)?;
        Ok(fold)
    }

    /// Keeps a picture; in the place of the one that it was taken further from, if that was near.
    fn keep(&self, from: Option<Timestamp>, mut next: Kept) {
        let mut kept = lock(&self.kept);
        let near = from.filter(|from| next.at.duration_since(*from) < NEAR);
        let same =
            |kept: &Kept| !kept.anchor && Some(kept.at) == near && kept.layers == next.layers;
        if let Some(place) = kept.iter().position(same)
            && let Some(before) = kept.remove(place)
        {
            let excess = (before.views.len() + 1).saturating_sub(self.views());
            let views = before.views.into_iter().skip(excess);
            next.views = views.chain(next.views).collect();
        }
        kept.push_front(next);
        if kept.len() > self.pictures {
            kept.truncate(self.pictures);
            metrics::EVICTED_HISTORY.increment(1);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What history is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log<'l> {
    pub(crate) store: &'l Store,
    pub(crate) catalog: &'l Arc<Catalog>,
    pub(crate) clock: &'l Clock,
}

/// The layers whose history makes up that of these: a derived layer follows from its source, and the
/// counts by cell from all there are.
pub(crate) fn sources(catalog: &Catalog, layers: &[LayerIx]) -> Vec<LayerIx> {
    let mut all: BTreeSet<LayerIx> = BTreeSet::new();
    for layer in layers {
        let spec = catalog.spec(*layer);
        match (spec.kind, spec.derived_from.as_deref()) {
            (LayerKind::Derived, None) => {
                let counted = catalog.layers();
                let counted = counted.filter(|(_, spec)| spec.kind != LayerKind::Derived);
                all.extend(counted.map(|(layer, _)| layer));
            }
            (_, source) => {
                all.insert(*layer);
                all.extend(source.and_then(|source| catalog.layer(source)));
            }
        }
    }
    all.into_iter().collect()
}

fn check(reader: &mut Reader, at: Timestamp, layers: &[LayerIx]) -> Result<(), NoHistory> {
    let from = reader.whole_since(layers)?;
    if from.is_none_or(|from| at < from) {
        return Err(NoHistory::Outside {
            at,
            from: from.map_or_else(|| "nothing".to_owned(), |from| from.to_string()),
        });
    }
    Ok(())
}

/// The picture of some layers as it was at an instant, for those who ask once.
pub(crate) fn picture_at(
    reader: &mut Reader,
    catalog: &Arc<Catalog>,
    at: Timestamp,
    layers: &[LayerIx],
) -> Result<Arc<View>, NoHistory> {
    check(reader, at, layers)?;
    Ok(fold(reader, catalog, at, layers)?)
}

/// The fold of what was received by an instant, as far as it is kept.
pub(crate) fn fold(
    reader: &mut Reader,
    catalog: &Arc<Catalog>,
    at: Timestamp,
    layers: &[LayerIx],
) -> Result<Arc<View>, StoreError> {
    let mut fold = Fold::new(catalog);
    fold.advance(reader, at, layers)?;
    Ok(fold.picture.view())
}

#[cfg(test)]
mod tests;
