//! What lies between two views of a layer, whatever happened in between and however they were made:
//! for the past, where no ring of changes says the same to everybody who asks.

use super::{Open, TopicDelta};
use crate::feature::{Feature, FeatureRef, Topic};
use crate::view::Body;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

impl<'v> Open<'v> {
    /// By live topic, what leads from the layer in an earlier view to this one, as far as the viewer may
    /// notice: features that left the topic, and those that came or changed. Topics in which nothing did
    /// are left out. Both views hold folds of one log, and both are opened by the same viewer.
    pub fn difference(&self, earlier: &Self) -> BTreeMap<Topic, TopicDelta> {
        let mut by_topic: BTreeMap<Topic, TopicDelta> = BTreeMap::new();
        let (mut had, mut has) = (earlier.singly().peekable(), self.singly().peekable());
        loop {
            let order = match (had.peek(), has.peek()) {
                (None, None) => return by_topic,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(had), Some(has)) => had.id.cmp(&has.id),
            };
            let before = had.next_if(|_| order.is_le());
            let now = has.next_if(|_| order.is_ge());
            let same = before.zip(now).is_some_and(|(before, now)| {
                before.placed.topic() == now.placed.topic()
                    && before.noticed_by(self.slots) == now.noticed_by(self.slots)
            });
            if same {
                continue;
            }
            if let Some(left) =
                before.filter(|it| now.is_none_or(|now| now.placed.topic() != it.placed.topic()))
            {
                let delta = by_topic.entry(left.placed.topic()).or_default();
                delta.removes.push(left.id.clone());
            }
            if let Some(now) = now {
                let delta = by_topic.entry(now.placed.topic()).or_default();
                delta.upserts.push(self.seen(FeatureRef::Own(now)));
            }
        }
    }

    /// The features of a state layer that the viewer may see, in order of id.
    fn singly(&self) -> impl Iterator<Item = &'v Arc<Feature>> + use<'v> {
        let state = match &self.layer_view().body {
            Body::State(state) if self.singles => Some(state),
            Body::State(_) | Body::Sightings(_) | Body::Computed => None,
        };
        state.into_iter().flat_map(|state| state.by_id.values())
    }
}

#[cfg(test)]
mod tests;
