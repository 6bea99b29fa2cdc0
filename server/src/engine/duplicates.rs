//! Which events are already known, so that a feed may send anything twice.
//!
//! A duplicate has equal layer, feed, id, `observed_at` and content. Where the source gives no
//! `observed_at`, an equal content is a duplicate only while it is the feature's latest: a unit that
//! is free, busy and free again has told three things. What left the picture, by withdrawal or by
//! time, may come again as it was. The memory of the rest is bounded by [`REMEMBERED`]; what fell out
//! of it is applied again, which the picture survives.
//!
//! What is remembered follows from the log and the picture alone, so that a restart forgets nothing
//! and remembers nothing else. It is kept as digests, a feature's key as well: some 28 bytes an event and 40
//! a feature. A start takes it from the checkpoint and learns what came after; one from the log alone reads
//! the newest [`REMEMBERED`] of what was told, and of what was told before knows nothing.

mod digest;
mod latest;
mod pages;
mod ring;
mod slots;

use crate::metrics;
use atalaya_tiles::{Catalog, Event, FeatureId, LayerIx, LayerKind, Record, View, Viewer};
use digest::Digest;
use latest::{Latest, Told};
use ring::{Known, Ring};

/// The most digests remembered.
pub(crate) const REMEMBERED: u32 = 1_000_000;

/// Features that are looked at together.
const A_PAGE: usize = 4_096;

type Key = (LayerIx, FeatureId);

/// The memory of what was seen.
#[derive(Debug)]
pub(crate) struct Duplicates {
    known: Known,
    /// What was last told of the state features in the picture, and of those taken back.
    latest: Latest,
    /// Features that were taken back, so that there is an end to remembering them.
    taken_back: Ring,
    /// What changes now is first in a checkpoint of this generation; the first is 1.
    generation: u64,
}

/// What must be undone if a batch cannot be stored.
#[derive(Debug)]
pub(crate) struct Undo {
    remembered: Option<Pushed>,
    latest: Option<(Digest, Option<Told>)>,
    taken_back: Option<TakenBack>,
}

/// A digest that is known now, and the one that was forgotten for it.
#[derive(Debug)]
struct Pushed {
    content: Digest,
    forgotten: Option<Digest>,
}

/// A feature that was taken back: the one that left for it, and what was last told of that one, if it was
/// forgotten.
#[derive(Debug)]
struct TakenBack {
    forgotten: Option<Digest>,
    told: Option<Told>,
}

/// What an event says of a feature.
struct About<'e> {
    layer: LayerIx,
    feature: &'e FeatureId,
    timed: bool,
    withdrawn: bool,
}

impl<'e> About<'e> {
    fn of(event: &'e Event) -> Option<Self> {
        let (layer, feature, timed, withdrawn) = match event {
            Event::Observed(seen) => {
                let timed = seen.observed_at.is_some();
                (seen.layer, &seen.feature, timed, false)
            }
            Event::Withdrawn {
                layer, feature, at, ..
            } => (*layer, feature, at.is_some(), true),
            Event::Clock => return None,
        };
        Some(Self {
            layer,
            feature,
            timed,
            withdrawn,
        })
    }
}

impl Default for Duplicates {
    fn default() -> Self {
        Self::new(REMEMBERED)
    }
}

impl Duplicates {
    /// A memory of nothing, for so many digests.
    fn new(limit: u32) -> Self {
        Self {
            known: Known::of(Ring::new(limit, 1)),
            latest: Latest::new(1),
            taken_back: Ring::new(limit, 1),
            generation: 1,
        }
    }

    /// Forgets what was told of features that are not in the picture, after all that the log's newest
    /// part tells was learned.
    pub(crate) fn settle_all(&mut self, view: &View) {
        let opened = view.open_all(&Viewer::EVERYTHING).into_iter();
        let mut there = opened
            .filter(|open| open.spec().kind == LayerKind::State)
            .flat_map(|open| {
                let mut last: Option<FeatureId> = None;
                std::iter::from_fn(move || {
                    let page = open.page(last.as_ref(), A_PAGE);
                    last = page.last().map(|seen| FeatureId::from(seen.id()));
                    let keys = page
                        .iter()
                        .filter_map(|it| digest::of_key(open.layer(), it.id()));
                    last.as_ref().map(|_| keys.collect::<Vec<_>>())
                })
                .flatten()
            });
        self.latest.keep(&mut there);
    }

    /// Learns an event; `None` if it is already known.
    pub(crate) fn learn(&mut self, catalog: &Catalog, event: &Event) -> Option<Undo> {
        let about = About::of(event)?;
        let content = digest::of_event(event)?;
        let state = catalog.spec(about.layer).kind == LayerKind::State;
        let key = if state {
            Some(digest::of_key(about.layer, about.feature.as_str())?)
        } else {
            None
        };
        let latest = key.and_then(|key| self.latest.get(&key));
        if latest.is_some_and(|latest| latest.content == content) {
            return None;
        }
        let remembered = about.timed || !state;
        if remembered && self.known.contains(&content) {
            return None;
        }
        let remembered = remembered.then(|| {
            let forgotten = self.known.push(&content);
            metrics::DUPLICATES_FORGOTTEN.increment(u64::from(forgotten.is_some()));
            Pushed { content, forgotten }
        });
        let withdrawn = about.withdrawn;
        let latest = key.map(|key| (key, self.latest.insert(key, Told { content, withdrawn })));
        Some(Undo {
            remembered,
            latest,
            taken_back: key
                .filter(|_| withdrawn)
                .map(|key| self.remember_taken_back(key)),
        })
    }

    fn remember_taken_back(&mut self, key: Digest) -> TakenBack {
        let forgotten = self.taken_back.push(key);
        let told = forgotten.and_then(|oldest| self.latest.get(&oldest));
        let told = told.filter(|told| told.withdrawn);
        if let (Some(oldest), Some(_)) = (forgotten, told) {
            self.latest.remove(&oldest);
        }
        TakenBack { forgotten, told }
    }

    /// Forgets what a batch taught, newest first, because it could not be stored: all is as it was before.
    pub(crate) fn unlearn(&mut self, batch: impl DoubleEndedIterator<Item = Undo>) {
        for undo in batch.rev() {
            if let Some(TakenBack { forgotten, told }) = undo.taken_back {
                self.taken_back.unpush(forgotten);
                if let (Some(oldest), Some(told)) = (forgotten, told) {
                    self.latest.insert(oldest, told);
                }
            }
            match undo.latest {
                Some((key, Some(before))) => drop(self.latest.insert(key, before)),
                Some((key, None)) => self.latest.remove(&key),
                None => {}
            }
            if let Some(Pushed { content, forgotten }) = undo.remembered {
                self.known.unpush(&content, forgotten);
            }
        }
    }

    /// Forgets what was told of features that are not in the picture, for all that it may have changed:
    /// those of the records applied to it, and those that left.
    pub(crate) fn settle(&mut self, records: &[Record], gone: &[Key], view: &View) {
        let observed = records.iter().filter_map(|record| match &record.event {
            Event::Observed(seen) => Some((seen.layer, &seen.feature)),
            Event::Withdrawn { .. } | Event::Clock => None,
        });
        let gone = gone.iter().map(|(layer, feature)| (*layer, feature));
        self.settle_features(observed.chain(gone), view);
    }

    /// The same for features that something was told of.
    pub(crate) fn settle_features<'f>(
        &mut self,
        features: impl Iterator<Item = (LayerIx, &'f FeatureId)>,
        view: &View,
    ) {
        for (layer, feature) in features {
            if !is_gone(view, layer, feature) {
                continue;
            }
            let Some(key) = digest::of_key(layer, feature.as_str()) else {
                continue;
            };
            // That it was taken back says how it is.
            if self.latest.get(&key).is_some_and(|told| !told.withdrawn) {
                self.latest.remove(&key);
            }
        }
    }
}

/// Whether a feature of a state layer is not in the picture.
fn is_gone(view: &View, layer: LayerIx, feature: &FeatureId) -> bool {
    let open = view.open_at(&Viewer::EVERYTHING, layer);
    let open = open.filter(|open| open.spec().kind == LayerKind::State);
    open.is_some_and(|open| open.get(feature).is_none())
}

#[cfg(test)]
pub(super) mod tests;
