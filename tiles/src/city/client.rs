//! A live client as the contract describes it: snapshots replace what is held of a (layer, cell);
//! in a delta the removes come first, and one counts only if the client's copy came from that cell.

use super::reading::features;
use crate::catalog::LayerIx;
use crate::event::Seq;
use crate::feature::{FeatureId, Seen, Topic};
use crate::gate::Open;
use crate::view::View;
use crate::viewer::Viewer;
use std::collections::{BTreeMap, BTreeSet};

/// A topic of a layer.
pub(crate) type Subject = (LayerIx, Topic);

/// What a client holds: per layer and id, the topic that it came from, its seq and its text.
pub(crate) type Held = BTreeMap<(LayerIx, FeatureId), (Topic, Seq, String)>;

#[derive(Debug)]
pub(crate) struct Client {
    viewer: Viewer,
    subjects: BTreeSet<Subject>,
    seq: Seq,
    held: Held,
}

impl Client {
    pub(crate) fn new(viewer: Viewer) -> Self {
        Self {
            viewer,
            subjects: BTreeSet::new(),
            seq: Seq(0),
            held: Held::new(),
        }
    }

    /// What somebody who comes now would hold.
    pub(crate) fn fresh(view: &View, viewer: Viewer, subjects: &BTreeSet<Subject>) -> Held {
        let mut client = Self::new(viewer);
        client.subscribe(view, subjects);
        client.held
    }

    /// Changes the subscription: snapshots of what is new, and what is no longer in it goes.
    pub(crate) fn subscribe(&mut self, view: &View, subjects: &BTreeSet<Subject>) {
        for subject in subjects.difference(&self.subjects) {
            snapshot(&mut self.held, view, self.viewer, *subject);
        }
        self.held
            .retain(|(layer, _), (topic, ..)| subjects.contains(&(*layer, *topic)));
        self.subjects.clone_from(subjects);
        self.seq = self.seq.max(view.seq());
    }

    /// A tick: deltas, or snapshots where the ring no longer reaches. The order of cells is free.
    pub(crate) fn tick(&mut self, view: &View, backwards: bool) {
        let mut subjects: Vec<Subject> = self.subjects.iter().copied().collect();
        if backwards {
            subjects.reverse();
        }
        for subject in subjects {
            if view.reaches(self.seq) {
                self.delta(view, subject);
            } else {
                snapshot(&mut self.held, view, self.viewer, subject);
            }
        }
        self.seq = view.seq();
    }

    fn delta(&mut self, view: &View, (layer, topic): Subject) {
        let Some(open) = view.open_at(&self.viewer, layer) else {
            return;
        };
        let delta = open.topic_delta(topic, self.seq);
        for id in delta.removes {
            let key = (layer, id);
            if self.held.get(&key).is_some_and(|(from, ..)| *from == topic) {
                self.held.remove(&key);
            }
        }
        for seen in &delta.upserts {
            take(&mut self.held, &open, topic, seen);
        }
    }

    pub(crate) fn held(&self) -> &Held {
        &self.held
    }
}

fn snapshot(held: &mut Held, view: &View, viewer: Viewer, (layer, topic): Subject) {
    held.retain(|(of, _), (from, ..)| *of != layer || *from != topic);
    if let Some(open) = view.open_at(&viewer, layer) {
        for seen in open.topic(topic) {
            take(held, &open, topic, &seen);
        }
    }
}

fn take(held: &mut Held, open: &Open<'_>, topic: Topic, seen: &Seen) {
    let key = (seen.layer(), seen.feature_id());
    let copy = (topic, seen.seq(), features(open, seen));
    let old = held.insert(key, copy);
    assert!(
        old.is_none_or(|(_, seq, _)| seq <= seen.seq()),
        "an older state came after a newer one"
    );
}
