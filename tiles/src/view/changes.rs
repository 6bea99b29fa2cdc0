//! The change ring: which features changed lately, by layer and live topic.
//!
//! The ring keeps ids, not states: a delta is read from the view of the moment (invariant 7), so a
//! client that was away for a minute gets each feature once, as it is now. A chunk is what changed
//! between two ticks. The ring is bounded by chunks and by changes; what fell out answers `resync`.

use crate::catalog::LayerIx;
use crate::event::Seq;
use crate::feature::{FeatureId, Topic};
use crate::view::marks::Notice;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// One feature changed.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) seq: Seq,
    pub(crate) id: FeatureId,
    pub(crate) notice: Notice,
}

/// What changed between two ticks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    by_topic: HashMap<(LayerIx, Topic), Vec<Change>>,
    last: Seq,
    count: usize,
}

/// How much the ring holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingLimits {
    /// The most chunks, one per tick.
    pub ticks: usize,
    /// The most changes in all chunks together.
    pub changes: usize,
}

impl Default for RingLimits {
    /// Two minutes at four ticks a second, and half a million changes.
    fn default() -> Self {
        Self {
            ticks: 480,
            changes: 500_000,
        }
    }
}

/// The recent changes, oldest first; the last chunk is still growing.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    sealed: Arc<VecDeque<Arc<Chunk>>>,
    open: Arc<Chunk>,
    /// Everything after this seq is in the ring.
    start: Seq,
    limits: RingLimits,
    count: usize,
}

impl Ring {
    /// An empty ring that begins after `start`.
    pub(crate) fn new(limits: RingLimits, start: Seq) -> Self {
        Self {
            sealed: Arc::default(),
            open: Arc::default(),
            start,
            limits,
            count: 0,
        }
    }

    /// Notes a change in a topic.
    pub(crate) fn push(&mut self, layer: LayerIx, topic: Topic, change: Change) {
        let open = Arc::make_mut(&mut self.open);
        open.last = change.seq;
        open.count += 1;
        self.count += 1;
        open.by_topic
            .entry((layer, topic))
            .or_default()
            .push(change);
        if open.count > self.limits.changes / 8 {
            self.seal();
        }
    }

    /// Closes the growing chunk (a tick) and drops what exceeds the limits.
    pub(crate) fn seal(&mut self) {
        if self.open.count == 0 {
            return;
        }
        let sealed = Arc::make_mut(&mut self.sealed);
        sealed.push_back(std::mem::take(&mut self.open));
        while sealed.len() > self.limits.ticks || self.count > self.limits.changes {
            let Some(dropped) = sealed.pop_front() else {
                break;
            };
            self.start = dropped.last;
            self.count -= dropped.count;
        }
    }

    /// Forgets everything: clients from before `start` must resynchronise.
    pub(crate) fn reset(&mut self, start: Seq) {
        *self = Self::new(self.limits, start);
    }

    /// Whether everything after `seq` is still here.
    pub(crate) fn reaches(&self, seq: Seq) -> bool {
        seq >= self.start
    }

    fn chunks(&self, since: Seq) -> impl Iterator<Item = &Arc<Chunk>> {
        let sealed = self.sealed.iter();
        sealed
            .skip(self.sealed.partition_point(|chunk| chunk.last <= since))
            .chain([&self.open])
    }

    /// The layers and topics in which something changed after `seq` that somebody notices who is among
    /// `slots` of the layer, each once.
    pub(crate) fn dirty(
        &self,
        since: Seq,
        slots: impl Fn(LayerIx) -> Option<Notice>,
    ) -> Vec<(LayerIx, Topic)> {
        let noticed = |layer: LayerIx, changes: &[Change]| {
            let late = changes.iter().rev().take_while(|change| change.seq > since);
            slots(layer).is_some_and(|slots| late.into_iter().any(|it| it.notice.reaches(slots)))
        };
        let mut dirty: Vec<_> = self
            .chunks(since)
            .flat_map(|chunk| &chunk.by_topic)
            .filter(|((layer, _), changes)| noticed(*layer, changes))
            .map(|(key, _)| *key)
            .collect();
        dirty.sort_unstable();
        dirty.dedup();
        dirty
    }

    /// Calls `visit` for every change in a topic after `seq`, oldest first.
    pub(crate) fn visit(
        &self,
        layer: LayerIx,
        topic: Topic,
        since: Seq,
        mut visit: impl FnMut(&Change),
    ) {
        for chunk in self.chunks(since) {
            let changes = chunk.by_topic.get(&(layer, topic));
            for change in changes
                .into_iter()
                .flatten()
                .filter(|change| change.seq > since)
            {
                visit(change);
            }
        }
    }
}

#[cfg(test)]
mod tests;
