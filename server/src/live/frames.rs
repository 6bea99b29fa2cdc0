//! Frames that many clients share: what a topic holds, or its delta between two positions, is encoded
//! once for all viewers of a class, however many they are.
//!
//! Encoding happens off the event loop, at most so many at a time. Who asks for a frame that another is
//! encoding waits for that one.

use super::message::Message;
use actix_web::error::BlockingError;
use actix_web::web;
use atalaya_tiles::{LayerIx, Seq, Topic, View, Viewer};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Bytes of frames encoded in one go, for the one who asks and what it asks for next.
const AHEAD_BYTES: usize = 256 << 10;

/// What can be sent of a layer's topic: everything in it, or what changed after a position.
#[derive(Debug, Clone)]
pub struct Frame {
    pub(super) view: Arc<View>,
    pub(super) viewer: Viewer,
    pub(super) layer: LayerIx,
    pub(super) topic: Topic,
    /// `None` for a snapshot.
    pub(super) since: Option<Seq>,
}

/// What the bytes of a frame depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FrameKey {
    viewer: Viewer,
    layer: LayerIx,
    topic: Topic,
    since: Option<Seq>,
    seq: Seq,
}

impl Frame {
    fn key(&self) -> FrameKey {
        // A snapshot is the same until its layer changes.
        let seq = match self.since {
            Some(_) => self.view.seq(),
            None => self
                .view
                .open_at(&self.viewer, self.layer)
                .map_or(Seq(0), |open| open.last_change()),
        };
        FrameKey {
            viewer: self.viewer,
            layer: self.layer,
            topic: self.topic,
            since: self.since,
            seq,
        }
    }

    /// The message; `None` if the viewer cannot open the layer, or notices nothing.
    fn encode(&self) -> Option<Message> {
        let open = self.view.open_at(&self.viewer, self.layer)?;
        let Some(since) = self.since else {
            let features = open.topic(self.topic);
            return Some(Message::snapshot(open.spec(), self.topic, &features));
        };
        let delta = open.topic_delta(self.topic, since);
        if delta.removes.is_empty() && delta.upserts.is_empty() {
            return None;
        }
        Some(Message::delta(open.spec(), self.topic, &delta))
    }
}

/// The shared frames of the latest ticks.
#[derive(Debug)]
pub struct Frames {
    cache: Cache<FrameKey, Option<Message>>,
    encoders: Semaphore,
}

impl Default for Frames {
    fn default() -> Self {
        Self::new(2)
    }
}

impl Frames {
    /// Frames that so many encode at once; bounded by 64 MiB.
    pub fn new(encoders: usize) -> Self {
        let weigh = |_: &FrameKey, frame: &Option<Message>| {
            let bytes = frame.as_ref().map_or(0, |frame| frame.json.len());
            u32::try_from(bytes + 128).unwrap_or(u32::MAX)
        };
        Self {
            cache: Cache::builder()
                .weigher(weigh)
                .max_capacity(64 << 20)
                // The newest frames are asked for, however often older ones were.
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            encoders: Semaphore::new(encoders.max(1)),
        }
    }

    /// A frame, encoded here and now where it is not there yet. Not for the event loop.
    pub fn encoded(&self, frame: &Frame) -> Option<Message> {
        self.cache.get_with(frame.key(), || frame.encode())
    }

    /// A frame. Where it must be encoded, those that are wanted next are encoded with it.
    pub async fn get(
        &self,
        frame: Frame,
        ahead: impl FnOnce() -> Vec<Frame>,
    ) -> Result<Option<Message>, BlockingError> {
        let key = frame.key();
        if let Some(cached) = self.cache.get(&key) {
            return Ok(cached);
        }
        // The semaphore is never closed.
        let _permit = self.encoders.acquire().await.ok();
        if let Some(cached) = self.cache.get(&key) {
            return Ok(cached);
        }
        let (cache, ahead) = (self.cache.clone(), ahead());
        web::block(move || {
            let wanted = cache.get_with(key, || frame.encode());
            let length = |message: &Option<Message>| message.as_ref().map_or(0, |it| it.json.len());
            let mut bytes = length(&wanted);
            for next in ahead {
                if bytes >= AHEAD_BYTES {
                    break;
                }
                bytes += length(&cache.get_with(next.key(), || next.encode()));
            }
            wanted
        })
        .await
    }
}
