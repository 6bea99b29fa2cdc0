//! Frames that many clients share: what a topic holds, or its delta between two positions, is encoded
//! once for all viewers of a class, however many they are.
//!
//! Encoding happens off the event loop, at most so many at a time. Who asks for a frame that another is
//! encoding waits for that one.

use super::message::Message;
use crate::metrics;
use actix_web::error::BlockingError;
use actix_web::web;
use atalaya_tiles::{LayerIx, Seq, Topic, View, Viewer};
use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// Bytes of frames encoded in one go, for the one who asks and what it asks for next.
const AHEAD_BYTES: usize = 256 << 10;
/// What a frame takes beside its message.
const FRAME_BYTES: usize = 192;

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
    /// Everything in a topic of a layer.
    pub fn snapshot(view: &Arc<View>, viewer: Viewer, layer: LayerIx, topic: Topic) -> Self {
        Self {
            view: Arc::clone(view),
            viewer,
            layer,
            topic,
            since: None,
        }
    }

    fn key(&self) -> FrameKey {
        // A snapshot is the same until the viewer may notice a change of its layer.
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
    fn message(&self) -> Option<Message> {
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

    fn encode(&self) -> Arc<Encoded> {
        Arc::new(Encoded {
            message: self.message(),
            handed: AtomicBool::new(false),
        })
    }
}

/// What has become of a frame.
#[derive(Debug)]
struct Encoded {
    message: Option<Message>,
    /// Whether a stream has it: whoever comes later shares it.
    handed: AtomicBool,
}

impl Encoded {
    fn length(&self) -> usize {
        self.message.as_ref().map_or(0, |it| it.json.len())
    }

    /// Gives it to a stream, and counts that.
    fn hand(&self) -> Option<Message> {
        let message = self.message.clone()?;
        let outcome = if self.handed.swap(true, Ordering::Relaxed) {
            &metrics::LIVE_FRAMES_SHARED
        } else {
            &metrics::LIVE_FRAMES_ENCODED
        };
        outcome.increment(1);
        Some(message)
    }
}

/// The shared frames of the latest ticks.
#[derive(Debug)]
pub struct Frames {
    cache: Cache<FrameKey, Arc<Encoded>>,
    encoders: Arc<Semaphore>,
}

impl Frames {
    /// Frames that so many encode at once; bounded by so many bytes.
    pub fn new(encoders: usize, most_bytes: u64) -> Self {
        let weigh = |_: &FrameKey, frame: &Arc<Encoded>| {
            u32::try_from(frame.length() + FRAME_BYTES).unwrap_or(u32::MAX)
        };
        Self {
            cache: Cache::builder()
                .weigher(weigh)
                .max_capacity(most_bytes)
                // The newest frames are asked for, however often older ones were.
                .eviction_policy(EvictionPolicy::lru())
                .eviction_listener(|_, _, cause| {
                    if cause == RemovalCause::Size {
                        metrics::EVICTED_FRAMES.increment(1);
                    }
                })
                .build(),
            encoders: Arc::new(Semaphore::new(encoders.max(1))),
        }
    }

    /// A frame, encoded here and now where it is not there yet. Not for the event loop.
    pub fn encoded(&self, frame: &Frame) -> Option<Message> {
        self.cache.get_with(frame.key(), || frame.encode()).hand()
    }

    /// A frame. Where it must be encoded, those that are wanted next are encoded with it.
    pub async fn get(
        &self,
        frame: Frame,
        ahead: impl FnOnce() -> Vec<Frame>,
    ) -> Result<Option<Message>, BlockingError> {
        let key = frame.key();
        if let Some(encoded) = self.cache.get(&key) {
            return Ok(encoded.hand());
        }
        // The semaphore is never closed.
        let permit = Arc::clone(&self.encoders).acquire_owned().await.ok();
        if let Some(encoded) = self.cache.get(&key) {
            return Ok(encoded.hand());
        }
        let (cache, ahead) = (self.cache.clone(), ahead());
        let encoded = web::block(move || {
            // Held by the work itself: whoever asked may have gone away meanwhile.
            let _permit = permit;
            let wanted = cache.get_with(key, || frame.encode());
            let mut bytes = wanted.length();
            for next in ahead {
                if bytes >= AHEAD_BYTES {
                    break;
                }
                bytes += cache.get_with(next.key(), || next.encode()).length();
            }
            wanted
        });
        Ok(encoded.await?.hand())
    }
}
