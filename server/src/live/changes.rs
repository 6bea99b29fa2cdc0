//! What happened between two positions, for all viewers of a class: in which topics something changed is found out once,
//! and the delta of each is encoded once, when the first stream asks for it.
//!
//! All streams of a class that follow a tick go from the same view to the same view. Its deltas are one list, and a
//! stream that wants one of them has it by a search in that list.

use super::frames::Encoded;
use super::message::Coding;
use crate::metrics;
use atalaya_tiles::{LayerIx, Seq, Topic, View, Viewer};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

/// What one topic of a list takes beside its frame.
const TOPIC_BYTES: usize = 64;
/// What a list takes beside its topics: those of positions between which a viewer notices nothing have none.
const LIST_BYTES: usize = 256;

/// Whose they are, and between which positions they lie.
type Key = (Viewer, Seq, Seq);

/// The changed topics of a step, with their deltas as far as those were asked for.
#[derive(Debug)]
pub struct Changes {
    topics: Vec<(LayerIx, Topic)>,
    /// Of each topic, plain and deflated.
    frames: Vec<[OnceLock<Arc<Encoded>>; 2]>,
    bytes: AtomicUsize,
}

impl Changes {
    fn of(view: &Arc<View>, viewer: &Viewer, since: Seq) -> Self {
        let topics = view.dirty_topics(viewer, since);
        Self {
            frames: topics.iter().map(|_| Default::default()).collect(),
            bytes: AtomicUsize::new(LIST_BYTES + topics.len() * TOPIC_BYTES),
            topics,
        }
    }

    /// The layers and topics in which something changed, in order, each once.
    pub fn topics(&self) -> &[(LayerIx, Topic)] {
        &self.topics
    }

    /// Whether something changed there.
    pub fn has(&self, at: (LayerIx, Topic)) -> bool {
        self.topics.binary_search(&at).is_ok()
    }

    /// The place of a topic's frame; `None` where nothing changed.
    pub(super) fn slot(&self, at: (LayerIx, Topic), coding: Coding) -> Option<Slot<'_>> {
        let frames = &self.frames[self.topics.binary_search(&at).ok()?];
        Some(Slot {
            of: self,
            frame: &frames[usize::from(coding == Coding::Deflated)],
        })
    }

    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn count(&self) -> usize {
        let frames = self.frames.iter().flatten();
        frames.filter(|frame| frame.get().is_some()).count()
    }
}

/// Where a frame is, or is going to be.
pub(super) struct Slot<'c> {
    of: &'c Changes,
    frame: &'c OnceLock<Arc<Encoded>>,
}

impl Slot<'_> {
    /// The frame, if it is there.
    pub(super) fn get(&self) -> Option<&Arc<Encoded>> {
        self.frame.get()
    }

    /// The frame, which is made if nobody has made it yet.
    pub(super) fn get_or(&self, encode: impl FnOnce() -> Arc<Encoded>) -> &Arc<Encoded> {
        self.frame.get_or_init(|| {
            let made = encode();
            self.of.bytes.fetch_add(made.length(), Ordering::Relaxed);
            made
        })
    }
}

/// A step, whose changes whoever asks first finds out.
#[derive(Debug)]
struct Step {
    /// Where it leads: without it nobody can go there any more.
    view: Weak<View>,
    changes: OnceLock<Arc<Changes>>,
}

impl Step {
    fn bytes(&self) -> usize {
        self.changes.get().map_or(LIST_BYTES, |it| it.bytes())
    }

    fn count(&self) -> usize {
        self.changes.get().map_or(0, |it| it.count())
    }
}

/// The changes of the latest steps, bounded by bytes; those of views that are gone are forgotten.
#[derive(Debug)]
pub(super) struct Steps {
    kept: Mutex<Kept>,
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    by_key: HashMap<Key, Arc<Step>, foldhash::fast::RandomState>,
    /// The oldest first.
    order: VecDeque<Key>,
}

impl Steps {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            kept: Mutex::default(),
            most_bytes,
        }
    }

    /// What changed up to a view since a position, as far as the viewer may know.
    pub(super) fn changes(&self, view: &Arc<View>, viewer: &Viewer, since: Seq) -> Arc<Changes> {
        let step = self.step((*viewer, since, view.seq()), view);
        // Who else asks for the same meanwhile waits for it, and nobody else does.
        let changes = || Arc::new(Changes::of(view, viewer, since));
        Arc::clone(step.changes.get_or_init(changes))
    }

    fn step(&self, key: Key, view: &Arc<View>) -> Arc<Step> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = kept.by_key.get(&key) {
            return Arc::clone(step);
        }
        let step = Arc::new(Step {
            view: Arc::downgrade(view),
            changes: OnceLock::new(),
        });
        kept.forget(self.most_bytes);
        kept.by_key.insert(key, Arc::clone(&step));
        kept.order.push_back(key);
        step
    }
}

impl Kept {
    /// Forgets what nobody can ask for any more, and the oldest of the rest where it is too much.
    fn forget(&mut self, most_bytes: usize) {
        let by_key = &mut self.by_key;
        self.order.retain(|key| {
            let wanted = by_key.get(key).is_some_and(|it| it.view.strong_count() > 0);
            if !wanted {
                by_key.remove(key);
            }
            wanted
        });
        let mut bytes: usize = self.by_key.values().map(|step| step.bytes()).sum();
        while bytes > most_bytes
            && let Some(oldest) = self.order.pop_front()
            && let Some(gone) = self.by_key.remove(&oldest)
        {
            bytes -= gone.bytes();
            metrics::EVICTED_FRAMES.increment(gone.count() as u64);
        }
    }
}

#[cfg(test)]
mod tests;
