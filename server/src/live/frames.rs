//! Frames that many clients share: what a topic holds, or its delta between two positions, or which tiles
//! of a viewport are dirty, is found out and encoded once for all viewers of a class, however many they are.
//!
//! Encoding happens off the event loop, at most so many at a time. Who asks for a frame that another is
//! encoding waits for that one.

use super::message::Message;
use super::viewport::Viewport;
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

/// Something that clients of one viewer class may be told of a view.
#[derive(Debug, Clone)]
pub struct Frame {
    view: Arc<View>,
    viewer: Viewer,
    what: What,
}

/// What it tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum What {
    /// Of a layer's topic what changed after a position, or without one everything in it.
    Topic(LayerIx, Topic, Option<Seq>),
    /// The tiles of a viewport that changed after a position, or without one that all may have.
    Tiles(Arc<Viewport>, Option<Seq>),
}

/// What the bytes of a frame depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FrameKey {
    viewer: Viewer,
    what: What,
    seq: Seq,
}

impl Frame {
    /// Everything in a topic of a layer.
    pub fn snapshot(view: &Arc<View>, viewer: Viewer, layer: LayerIx, topic: Topic) -> Self {
        Self {
            view: Arc::clone(view),
            viewer,
            what: What::Topic(layer, topic, None),
        }
    }

    /// What changed in a topic of a layer after a position.
    pub fn delta(view: &Arc<View>, viewer: Viewer, at: (LayerIx, Topic), since: Seq) -> Self {
        Self {
            view: Arc::clone(view),
            viewer,
            what: What::Topic(at.0, at.1, Some(since)),
        }
    }

    /// The tiles of a viewport that changed after a position; without one all of them.
    pub fn tiles(
        view: &Arc<View>,
        viewer: Viewer,
        viewport: &Arc<Viewport>,
        since: Option<Seq>,
    ) -> Self {
        Self {
            view: Arc::clone(view),
            viewer,
            what: What::Tiles(Arc::clone(viewport), since),
        }
    }

    fn key(&self) -> FrameKey {
        // A snapshot is the same until the viewer may notice a change of its layer, and so are tiles.
        let seq = match &self.what {
            What::Topic(_, _, Some(_)) => self.view.seq(),
            What::Topic(layer, _, None) => self.view.noticed_in(&self.viewer, [*layer]),
            What::Tiles(viewport, _) => viewport.noticed(&self.view, &self.viewer),
        };
        FrameKey {
            viewer: self.viewer,
            what: self.what.clone(),
            seq,
        }
    }

    /// The message; `None` if the viewer cannot open the layer, or notices nothing.
    fn message(&self) -> Option<Message> {
        match &self.what {
            What::Topic(layer, topic, None) => {
                let open = self.view.open_at(&self.viewer, *layer)?;
                let features = open.topic(*topic);
                Some(Message::snapshot(open.spec(), *topic, &features))
            }
            What::Topic(layer, topic, Some(since)) => {
                let open = self.view.open_at(&self.viewer, *layer)?;
                let delta = open.topic_delta(*topic, *since);
                let silent = delta.removes.is_empty() && delta.upserts.is_empty();
                (!silent).then(|| Message::delta(open.spec(), *topic, &delta))
            }
            What::Tiles(viewport, since) => {
                let after = since.unwrap_or(Seq(0));
                let (layers, tiles) = viewport.dirty(&self.view, &self.viewer, after);
                let tiles = tiles.filter(|_| since.is_some());
                (!layers.is_empty()).then(|| Message::tiles(&layers, tiles.as_deref()))
            }
        }
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
