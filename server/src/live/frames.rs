//! Frames that many clients share: what a topic holds, or its delta between two positions, or which tiles
//! of a viewport are dirty, is found out and encoded once for all viewers of a class, however many they are.
//!
//! Encoding happens off the event loop, at most so many at a time. Who asks for a frame that another is
//! encoding waits for that one.

use super::changes::{Changes, Steps};
use super::deflate::Deflaters;
use super::message::{Coding, Message};
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
use std::time::Duration;
use tokio::sync::Semaphore;

/// Bytes of frames encoded in one go, for the one who asks and what it asks for next.
const AHEAD_BYTES: usize = 256 << 10;
/// How long a snapshot is kept that nobody asks for: what comes later asks for a newer one where anything moves.
const IDLE: Duration = Duration::from_secs(10);
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
    coding: Coding,
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

    fn key(&self, coding: Coding) -> FrameKey {
        // A snapshot is the same until the viewer may notice a change of its layer, and so are tiles.
        let seq = match &self.what {
            What::Topic(layer, _, _) => self.view.noticed_in(&self.viewer, [*layer]),
            What::Tiles(viewport, _) => viewport.noticed(&self.view, &self.viewer),
        };
        FrameKey {
            viewer: self.viewer,
            what: self.what.clone(),
            seq,
            coding,
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
}

/// What has become of a frame.
#[derive(Debug)]
pub(super) struct Encoded {
    message: Option<Message>,
    /// Whether a stream has it: whoever comes later shares it.
    handed: AtomicBool,
}

impl Encoded {
    /// Of what there is nothing to say.
    fn nothing() -> Arc<Self> {
        Arc::new(Self {
            message: None,
            handed: AtomicBool::new(false),
        })
    }

    /// The length of its message, and what it takes beside that.
    pub(super) fn length(&self) -> usize {
        self.message.as_ref().map_or(0, |it| it.text.len()) + FRAME_BYTES
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
#[derive(Debug, Clone)]
pub struct Frames(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    /// Deltas.
    steps: Steps,
    /// Snapshots, and dirty tiles.
    cache: Cache<FrameKey, Arc<Encoded>>,
    encoders: Arc<Semaphore>,
    deflaters: Deflaters,
}

impl Frames {
    /// Frames that so many encode at once; bounded by so many bytes.
    pub fn new(encoders: usize, most_bytes: u64) -> Self {
        let weigh =
            |_: &FrameKey, frame: &Arc<Encoded>| u32::try_from(frame.length()).unwrap_or(u32::MAX);
        let cache = Cache::builder()
            .weigher(weigh)
            .max_capacity(most_bytes / 2)
            .time_to_idle(IDLE)
            // The newest frames are asked for, however often older ones were.
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(|_, _, cause| {
                if cause == RemovalCause::Size {
                    metrics::EVICTED_FRAMES.increment(1);
                }
            })
            .build();
        Self(Arc::new(Kept {
            steps: Steps::new(usize::try_from(most_bytes / 2).unwrap_or(usize::MAX)),
            cache,
            encoders: Arc::new(Semaphore::new(encoders.max(1))),
            deflaters: Deflaters::default(),
        }))
    }

    /// What changed up to a view since a position, as far as the viewer may know.
    pub fn changes(&self, view: &Arc<View>, viewer: &Viewer, since: Seq) -> Arc<Changes> {
        self.0.steps.changes(view, viewer, since)
    }

    /// A frame, encoded here and now where it is not there yet. Not for the event loop.
    pub fn encoded(&self, frame: &Frame, coding: Coding) -> Option<Message> {
        self.0.encoded(frame, coding).hand()
    }

    /// A frame. Where it must be encoded, those that are wanted next are encoded with it.
    pub async fn get(
        &self,
        frame: Frame,
        coding: Coding,
        ahead: impl FnOnce() -> Vec<Frame>,
    ) -> Result<Option<Message>, BlockingError> {
        let kept = &self.0;
        if let Some(encoded) = kept.there(&frame, coding) {
            return Ok(encoded.hand());
        }
        // The semaphore is never closed.
        let permit = Arc::clone(&kept.encoders).acquire_owned().await.ok();
        if let Some(encoded) = kept.there(&frame, coding) {
            return Ok(encoded.hand());
        }
        let (kept, ahead) = (Arc::clone(kept), ahead());
        let encoded = web::block(move || {
            // Held by the work itself: whoever asked may have gone away meanwhile.
            let _permit = permit;
            let wanted = kept.encoded(&frame, coding);
            let mut bytes = wanted.length();
            for next in ahead {
                if bytes >= AHEAD_BYTES {
                    break;
                }
                bytes += kept.encoded(&next, coding).length();
            }
            // Snapshots that are idle go also where nobody asks for another one.
            kept.cache.run_pending_tasks();
            wanted
        });
        Ok(encoded.await?.hand())
    }
}

impl Kept {
    /// A frame, if it is there.
    fn there(&self, frame: &Frame, coding: Coding) -> Option<Arc<Encoded>> {
        let What::Topic(layer, topic, Some(since)) = frame.what else {
            return self.cache.get(&frame.key(coding));
        };
        let changes = self.steps.changes(&frame.view, &frame.viewer, since);
        match changes.slot((layer, topic), coding) {
            Some(slot) => slot.get().cloned(),
            None => Some(Encoded::nothing()),
        }
    }

    /// A frame, which is made if nobody has made it yet.
    fn encoded(&self, frame: &Frame, coding: Coding) -> Arc<Encoded> {
        let encode = || self.encode(frame, coding);
        let What::Topic(layer, topic, Some(since)) = frame.what else {
            return self.cache.get_with(frame.key(coding), encode);
        };
        let changes = self.steps.changes(&frame.view, &frame.viewer, since);
        match changes.slot((layer, topic), coding) {
            Some(slot) => Arc::clone(slot.get_or(encode)),
            None => Encoded::nothing(),
        }
    }

    fn encode(&self, frame: &Frame, coding: Coding) -> Arc<Encoded> {
        let message = frame.message();
        let message = match coding {
            Coding::Plain => message,
            Coding::Deflated => message.map(|message| self.deflaters.deflated(message)),
        };
        Arc::new(Encoded {
            message,
            handed: AtomicBool::new(false),
        })
    }
}
