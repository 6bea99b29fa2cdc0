//! The change ring: which features changed lately, by layer and live topic.
//!
//! The ring keeps the ordinals of features, not states: a delta is read from the view of the moment
//! (invariant 7), so a client that was away for a minute gets each feature once, as it is now. A chunk is
//! what changed between two ticks. The ring is bounded by chunks and by changes; what fell out answers `resync`.

use crate::catalog::LayerIx;
use crate::event::Seq;
use crate::feature::Topic;
use crate::view::marks::Notice;
use crate::view::state::Ordinal;
use std::collections::VecDeque;
use std::sync::Arc;

/// A feature changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) seq: Seq,
    pub(crate) layer: LayerIx,
    pub(crate) topic: Topic,
    pub(crate) ordinal: Ordinal,
    pub(crate) notice: Notice,
}

/// What changes have in common.
type Kind = (LayerIx, Topic, Notice);

impl Change {
    fn kind(&self) -> Kind {
        (self.layer, self.topic, self.notice)
    }
}

/// What changed between two ticks.
#[derive(Debug)]
struct Chunk {
    /// The kinds, in order, and where the changes of each end.
    kinds: Box<[(Kind, usize)]>,
    /// Ordinals, and how long after `first` each changed; those of one kind side by side, oldest first.
    changes: Box<[(Ordinal, u32)]>,
    first: Seq,
    last: Seq,
}

impl Chunk {
    /// Changes in the order in which they came, the last no more than a `u32` counts after the first.
    fn of(mut changes: Vec<Change>) -> Option<Self> {
        let (first, last) = (changes.first()?.seq, changes.last()?.seq);
        changes.sort_by_key(Change::kind);
        let mut kinds: Vec<(Kind, usize)> = Vec::new();
        for (change, end) in changes.iter().zip(1..) {
            match kinds.last_mut() {
                Some((kind, known)) if *kind == change.kind() => *known = end,
                _ => kinds.push((change.kind(), end)),
            }
        }
        let after = |at: Seq| u32::try_from(at.0 - first.0).unwrap_or(u32::MAX);
        let changes = changes.iter();
        Some(Self {
            kinds: kinds.into(),
            changes: changes.map(|it| (it.ordinal, after(it.seq))).collect(),
            first,
            last,
        })
    }

    /// The changes of a kind after `seq`, by its number.
    fn late(&self, kind: usize, since: Seq) -> impl Iterator<Item = Ordinal> {
        let start = kind.checked_sub(1).map_or(0, |before| self.kinds[before].1);
        let changes = &self.changes[start..self.kinds[kind].1];
        let late = since.0.checked_sub(self.first.0);
        let late = late.map_or(0, |late| {
            changes.partition_point(|(_, after)| u64::from(*after) <= late)
        });
        changes[late..].iter().map(|(ordinal, _)| *ordinal)
    }
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

/// Changes that a snapshot shares are copied while they are fewer than this.
const FEW: usize = 16;

/// The recent changes, oldest first; the last chunk is still growing.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    sealed: Arc<VecDeque<Arc<Chunk>>>,
    /// What grows, in pieces of which snapshots share all but the last.
    open: Arc<Vec<Arc<Vec<Change>>>>,
    /// Everything after this seq is in the ring.
    start: Seq,
    limits: RingLimits,
    /// Changes in all, and in what grows.
    count: usize,
    growing: usize,
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
            growing: 0,
        }
    }

    /// Notes a change.
    pub(crate) fn push(&mut self, change: Change) {
        let oldest = self.open.first().and_then(|piece| piece.first());
        if oldest.is_some_and(|oldest| change.seq.0 - oldest.seq.0 > u64::from(u32::MAX)) {
            self.seal();
        }
        let open = Arc::make_mut(&mut self.open);
        let room = open
            .last_mut()
            .is_some_and(|last| last.len() < FEW || Arc::get_mut(last).is_some());
        if !room {
            open.push(Arc::default());
        }
        if let Some(last) = open.last_mut() {
            Arc::make_mut(last).push(change);
        }
        self.growing += 1;
        self.count += 1;
        if self.growing > self.limits.changes / 8 {
            self.seal();
        }
    }

    /// Closes the growing chunk (a tick) and drops what exceeds the limits.
    pub(crate) fn seal(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.growing = 0;
        let changes = open.iter().flat_map(|piece| piece.iter().copied());
        let Some(chunk) = Chunk::of(changes.collect()) else {
            return;
        };
        let sealed = Arc::make_mut(&mut self.sealed);
        sealed.push_back(Arc::new(chunk));
        while sealed.len() > self.limits.ticks || self.count > self.limits.changes {
            let Some(dropped) = sealed.pop_front() else {
                break;
            };
            self.start = dropped.last;
            self.count -= dropped.changes.len();
        }
    }

    /// Forgets everything: clients from before `start` must resynchronise.
    pub(crate) fn reset(&mut self, start: Seq) {
        *self = Self::new(self.limits, start);
    }

    /// The seq after which everything is still here.
    pub(crate) fn start(&self) -> Seq {
        self.start
    }

    /// Whether everything after `seq` is still here.
    pub(crate) fn reaches(&self, seq: Seq) -> bool {
        seq >= self.start
    }

    fn chunks(&self, since: Seq) -> impl Iterator<Item = &Arc<Chunk>> {
        let sealed = self.sealed.iter();
        sealed.skip(self.sealed.partition_point(|chunk| chunk.last <= since))
    }

    /// What grows, from after `since`.
    fn growing(&self, since: Seq) -> impl Iterator<Item = &Change> {
        let pieces = self.open.iter();
        let late = pieces.filter(move |piece| piece.last().is_some_and(|it| it.seq > since));
        let changes = late.flat_map(|piece| piece.iter());
        changes.filter(move |change| change.seq > since)
    }

    /// The layers and topics in which something changed after `seq` that somebody notices who is among
    /// `slots` of the layer, each once.
    pub(crate) fn dirty(
        &self,
        since: Seq,
        slots: impl Fn(LayerIx) -> Option<Notice>,
    ) -> Vec<(LayerIx, Topic)> {
        let mut dirty = Vec::new();
        let noticed = |(layer, _, notice): Kind| slots(layer).is_some_and(|it| notice.reaches(it));
        for chunk in self.chunks(since) {
            let kinds = chunk.kinds.iter().enumerate();
            let late = kinds.filter(|(at, (kind, _))| {
                noticed(*kind) && chunk.late(*at, since).next().is_some()
            });
            dirty.extend(late.map(|(_, ((layer, topic, _), _))| (*layer, *topic)));
        }
        let late = self.growing(since).filter(|change| noticed(change.kind()));
        dirty.extend(late.map(|change| (change.layer, change.topic)));
        dirty.sort_unstable();
        dirty.dedup();
        dirty
    }

    /// Calls `visit` for every change in a topic after `seq` that somebody with these slots notices, chunk by
    /// chunk, oldest first.
    pub(crate) fn visit(
        &self,
        (layer, topic): (LayerIx, Topic),
        noticing: Notice,
        since: Seq,
        mut visit: impl FnMut(Ordinal),
    ) {
        let meant = |kind: Kind| (kind.0, kind.1) == (layer, topic) && kind.2.reaches(noticing);
        for chunk in self.chunks(since) {
            let start = chunk
                .kinds
                .partition_point(|(kind, _)| (kind.0, kind.1) < (layer, topic));
            let kinds = chunk.kinds.iter().enumerate().skip(start);
            let kinds = kinds.take_while(|(_, (kind, _))| (kind.0, kind.1) == (layer, topic));
            for (at, _) in kinds.filter(|(_, (kind, _))| meant(*kind)) {
                chunk.late(at, since).for_each(&mut visit);
            }
        }
        let late = self.growing(since).filter(|change| meant(change.kind()));
        late.for_each(|change| visit(change.ordinal));
    }
}

#[cfg(test)]
mod tests;
