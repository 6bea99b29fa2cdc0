//! Frames that many clients share: a topic's delta between two positions is encoded once for all
//! viewers of a class, however many they are.

use super::message::Message;
use crate::metrics;
use atalaya_tiles::{LayerIx, Seq, Topic, View, Viewer};
use moka::notification::RemovalCause;
use moka::sync::Cache;

/// What a frame is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FrameKey {
    viewer: Viewer,
    layer: LayerIx,
    topic: Topic,
    /// `None` for a snapshot.
    since: Option<Seq>,
    seq: Seq,
}

/// The shared frames of the latest ticks.
#[derive(Debug)]
pub struct Frames(Cache<FrameKey, Option<Message>>);

impl Default for Frames {
    /// Bounded by 64 MiB of frames.
    fn default() -> Self {
        Self::of_bytes(64 << 20)
    }
}

impl Frames {
    /// Bounded by so many bytes of frames.
    pub fn of_bytes(most: u64) -> Self {
        let weigh = |_: &FrameKey, frame: &Option<Message>| {
            let bytes = frame.as_ref().map_or(0, |frame| frame.json.len());
            u32::try_from(bytes + 128).unwrap_or(u32::MAX)
        };
        Self(
            Cache::builder()
                .weigher(weigh)
                .max_capacity(most)
                .eviction_listener(|_, _, cause| {
                    if cause == RemovalCause::Size {
                        metrics::EVICTED_FRAMES.increment(1);
                    }
                })
                .build(),
        )
    }

    fn get(&self, key: FrameKey, encode: impl FnOnce() -> Option<Message>) -> Option<Message> {
        let mut encoded = false;
        let frame = self.0.get_with(key, || {
            encoded = true;
            encode()
        });
        if frame.is_some() {
            let outcome = if encoded {
                &metrics::LIVE_FRAMES_ENCODED
            } else {
                &metrics::LIVE_FRAMES_SHARED
            };
            outcome.increment(1);
        }
        frame
    }

    /// Everything in a topic; `None` if the viewer cannot open the layer.
    pub fn snapshot(
        &self,
        view: &View,
        viewer: &Viewer,
        layer: LayerIx,
        topic: Topic,
    ) -> Option<Message> {
        let key = FrameKey {
            viewer: *viewer,
            layer,
            topic,
            since: None,
            seq: view.seq(),
        };
        self.get(key, || {
            let open = view.open_at(viewer, layer)?;
            Some(Message::snapshot(open.spec(), topic, &open.topic(topic)))
        })
    }

    /// What changed in a topic after `since`; `None` if the viewer notices nothing.
    pub fn delta(
        &self,
        view: &View,
        viewer: &Viewer,
        layer: LayerIx,
        topic: Topic,
        since: Seq,
    ) -> Option<Message> {
        let key = FrameKey {
            viewer: *viewer,
            layer,
            topic,
            since: Some(since),
            seq: view.seq(),
        };
        self.get(key, || {
            let open = view.open_at(viewer, layer)?;
            let delta = open.topic_delta(topic, since);
            if delta.removes.is_empty() && delta.upserts.is_empty() {
                return None;
            }
            Some(Message::delta(open.spec(), topic, &delta))
        })
    }
}
