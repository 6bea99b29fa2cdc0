//! The engine: one writer between the feeds and everybody who looks.
//!
//! ```text
//! append ──▶ fair queue ──▶ writer thread: duplicates? ─▶ store (durable) ─▶ picture ─▶ publish
//!                                             │                                        │
//!                           checkpoint thread ◀┘           ArcSwap<View>, tick ◀────────┘
//! ```
//!
//! It promises that an acknowledged event is durable and that nothing is visible before it is
//! (invariant 3), that one thread mutates the picture (4), that the queue is bounded (6), and that a feed
//! that floods delays itself (10). Tokio is not in it but for the channels that answer.

mod budget;
mod checkpoints;
mod duplicates;
mod feeds;
mod history;
mod log_time;
mod merges;
mod queue;
mod recall;
mod roll_call;
mod ticks;
mod writer;

pub use budget::Admitted;
pub use feeds::{FeedReport, FeedStatus};
pub use history::NoHistory;
pub(crate) use history::{SETTLED, fold, picture_at, sources};
pub use roll_call::{Kept, RollCall};
pub use ticks::News;

use crate::adaptor::Feed;
use crate::clock::Clock;
use crate::config::{BadConfig, Config, FeedConfig};
use crate::identity::hex;
use crate::metrics::{self, FeedMeters};
use crate::store::{Store, StoreError};
use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use atalaya_tiles::{Catalog, Event, FeedName, LayerIx, Open, Seq, Steps, View, Viewer};
use budget::Budget;
use feeds::FeedTable;
use queue::{Intake, Lane, NotTaken, queue};
use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use ticks::Ticks;
use tokio::sync::{oneshot, watch};

/// What became of a batch of events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Appended {
    /// Events that are now durable.
    pub accepted: usize,
    /// Events that were already known.
    pub duplicates: usize,
    /// A position in the log at or after all of them.
    pub seq: Seq,
    /// Features that were withdrawn because a roll call left them out.
    pub withdrawn: usize,
    /// Why features that a roll call left out were kept, if they were.
    pub kept: Option<Kept>,
}

/// Why a batch was not taken. Nothing of it is stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Too much is waiting to be written, or too much of one feed.
    #[error(
        "too much waits to be written already: at most {limit} {what} may, \
         and of one feed no more than it leaves to others"
    )]
    Busy {
        /// Requests or bytes.
        what: &'static str,
        /// The most that may wait.
        limit: usize,
    },
    /// The store cannot make it durable.
    #[error("the store cannot write: {cause}")]
    Store {
        /// Why, for everybody.
        reason: &'static str,
        /// Why, for the log.
        cause: Arc<str>,
    },
    /// The engine has stopped.
    #[error("the server is shutting down")]
    Stopped,
}

impl AppendError {
    /// Why, in words that may be told to whoever asked.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "too many requests are waiting to be written",
            Self::Store { reason, .. } => reason,
            Self::Stopped => "the server is shutting down",
        }
    }
}

/// An engine that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration does not hold together.
    #[error(transparent)]
    Config(#[from] BadConfig),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// What goes to the writer.
#[derive(Debug)]
pub(crate) enum Request {
    Append {
        events: Vec<Event>,
        roll_call: Option<Box<RollCall>>,
        admitted: Admitted,
        reply: oneshot::Sender<Result<Appended, AppendError>>,
    },
    /// Write a checkpoint and say when it is done.
    Checkpoint { reply: oneshot::Sender<()> },
}

/// What the writer shares with everybody.
#[derive(Debug)]
pub(crate) struct Shared {
    view: ArcSwap<View>,
    /// The newest published seq, for those who wait for one.
    published: watch::Sender<Seq>,
    ticks: Ticks,
    /// Why nothing can be made durable now, if so.
    fault: ArcSwapOption<&'static str>,
    /// The thread that has failed, if one has: nothing will mend that.
    failed: watch::Sender<Option<&'static str>>,
    feeds: FeedTable,
}

impl Shared {
    /// What is to be done if a thread fails.
    fn failing(self: &Arc<Self>, thread: &'static str) -> impl FnOnce() + Send + use<> {
        let shared = Arc::clone(self);
        move || {
            shared.failed.send_replace(Some(thread));
        }
    }
}

/// A running engine. Dropping it stops the writer after what it has accepted is durable.
#[derive(Debug)]
pub struct Engine {
    catalog: Arc<Catalog>,
    catalog_version: String,
    epoch: String,
    clock: Clock,
    feeds: HashMap<String, (FeedConfig, Feed)>,
    meters: metrics::Feeds,
    shared: Arc<Shared>,
    queue: Option<Intake<Request>>,
    queue_limit: usize,
    budget: Budget,
    writer: Option<JoinHandle<()>>,
    history: history::History,
    /// Holds the lock on the directory for as long as the engine runs.
    store: Store,
}

impl Engine {
    /// Loads the picture from the store and starts the writer.
    pub fn start(config: &Config, store: Store, clock: &Clock) -> Result<Self, StartError> {
        let catalog = Arc::new(config.catalog()?);
        let feeds = config.feeds(&catalog)?;
        let feed_table = FeedTable::new(feeds.iter().map(|(config, _)| config));
        let catalog_version = catalog_version(&catalog);
        let of = recall::depends_on(&catalog_version, &feed_table);
        let recalled = recall::recall(&store, &catalog, config.ring_limits(), &feed_table, &of)?;
        let picture = recalled.loaded.picture;
        let view = picture.view();
        let shared = Arc::new(Shared {
            published: watch::Sender::new(view.seq()),
            view: ArcSwap::new(view),
            ticks: Ticks::default(),
            fault: ArcSwapOption::empty(),
            failed: watch::Sender::new(None),
            feeds: feed_table,
        });
        let (queue, requests) = queue(config.limits.queue_requests);
        let failing = shared.failing("checkpoints");
        let recollected = checkpoints::Recollected::default();
        recollected.set(recalled.generation);
        let checkpoints = checkpoints::start(&store, &catalog, clock, &recollected, failing)?;
        let writer = writer::Writer::new(
            writer::Parts {
                store: store.writer(Arc::clone(&catalog))?,
                picture,
                duplicates: recalled.duplicates,
                requests,
                checkpoints,
                merges: merges::Merges::start()?,
                remembered_of: of,
                recollected,
                removed: recalled.removed,
                checkpoint_seq: recalled.checkpoint,
            },
            &shared,
            clock,
            config,
        );
        let failing = shared.failing("writer");
        Ok(Self {
            catalog_version,
            catalog,
            epoch: store.epoch().to_owned(),
            clock: clock.clone(),
            meters: metrics::Feeds::new(feeds.iter().map(|(config, _)| config.name.as_str())),
            feeds: feeds
                .into_iter()
                .map(|feed| (feed.0.name.clone(), feed))
                .collect(),
            shared,
            queue: Some(queue),
            queue_limit: config.limits.queue_requests,
            budget: Budget::new(config.limits.queue_bytes),
            writer: Some(crate::task::thread("writer", || writer.run(), failing)?),
            history: history::History::new(config.limits.past_pictures),
            store,
        })
    }

    /// What the store's appends are to meet.
    #[cfg(test)]
    pub(crate) fn faults(&self) -> crate::store::fault::Faults {
        self.store.faults()
    }

    /// The view of the moment. Do not await while holding it (invariant 5).
    pub fn view(&self) -> Arc<View> {
        self.shared.view.load_full()
    }

    /// As [`Self::view`], for who is done with it at once: nothing is counted up and down that all threads share.
    pub fn view_now(&self) -> Guard<Arc<View>> {
        self.shared.view.load()
    }

    /// The layers.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// A text that changes when the catalog does.
    pub fn catalog_version(&self) -> &str {
        &self.catalog_version
    }

    /// The epoch of the store: `epoch:seq` names a position in one history.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A feed by name.
    pub fn feed(&self, name: &str) -> Option<&(FeedConfig, Feed)> {
        self.feeds.get(name)
    }

    /// All feeds.
    pub fn feeds(&self) -> impl Iterator<Item = &(FeedConfig, Feed)> {
        self.feeds.values()
    }

    /// How every feed does, in order of name.
    pub fn feed_reports(&self, now: jiff::Timestamp) -> Vec<FeedReport> {
        self.shared.feeds.reports(now)
    }

    /// Notes that a feed spoke, even if it said nothing new, and how many records were refused.
    pub fn note_heard(&self, feed: &FeedName, rejects: usize) {
        self.shared
            .feeds
            .note_heard(feed, self.clock.now(), rejects);
    }

    /// Notes that a feed works as it should, or why not, in words that anybody may read.
    pub fn note_outcome(&self, feed: &FeedName, outcome: Result<(), String>) {
        self.shared
            .feeds
            .note_outcome(feed, self.clock.now(), outcome);
    }

    /// What is counted of a feed.
    pub(crate) fn meters(&self, feed: &str) -> &FeedMeters {
        self.meters.of(feed)
    }

    /// Why nothing can be made durable now, if so; for everybody.
    pub fn fault(&self) -> Option<&'static str> {
        self.shared.fault.load().as_deref().copied()
    }

    /// Whether the store was found damaged since the start.
    pub fn is_damaged(&self) -> bool {
        self.store.is_damaged()
    }

    /// The thread that has failed, once one has. The engine then takes nothing more, shows what it last
    /// showed, and is to be started anew.
    pub fn failed(&self) -> watch::Receiver<Option<&'static str>> {
        self.shared.failed.subscribe()
    }

    /// Lets a body of a feed in, of so many bytes, to be decoded and appended.
    pub fn admit(&self, feed: &FeedName, bytes: usize) -> Result<Admitted, AppendError> {
        let admitted = self.budget.admit(feed, bytes);
        admitted.ok_or_else(|| self.no_room())
    }

    /// Lets more of a body in that is still arriving.
    pub fn admit_more(&self, admitted: &mut Admitted, bytes: usize) -> Result<(), AppendError> {
        let grown = self.budget.grow(admitted, bytes);
        grown.then_some(()).ok_or_else(|| self.no_room())
    }

    fn no_room(&self) -> AppendError {
        metrics::APPEND_BYTES_FULL.increment(1);
        AppendError::Busy {
            what: "bytes",
            limit: self.budget.limit(),
        }
    }

    /// Makes the events of a body durable and then visible.
    pub async fn append(
        &self,
        events: Vec<Event>,
        admitted: Admitted,
    ) -> Result<Appended, AppendError> {
        self.append_after(events, None, admitted).await
    }

    /// The same for the events of a body that may be a roll call: with them, and as durable, goes
    /// the withdrawal of what it leaves out.
    pub async fn append_after(
        &self,
        events: Vec<Event>,
        roll_call: Option<RollCall>,
        admitted: Admitted,
    ) -> Result<Appended, AppendError> {
        let (reply, answer) = oneshot::channel();
        let (lane, cost) = (Some(admitted.feed().clone()), events.len());
        let roll_call = roll_call.map(Box::new);
        let request = Request::Append {
            events,
            roll_call,
            admitted,
            reply,
        };
        self.send(lane, cost, request)?;
        // A writer that ends drops the sender: everybody gets an answer.
        answer.await.unwrap_or(Err(AppendError::Stopped))
    }

    /// Writes a checkpoint now, so that the next start is quick.
    pub async fn checkpoint(&self) -> Result<(), AppendError> {
        let (reply, answer) = oneshot::channel();
        self.send(None, 0, Request::Checkpoint { reply })?;
        answer.await.map_err(|_| AppendError::Stopped)
    }

    fn send(&self, lane: Lane, cost: usize, request: Request) -> Result<(), AppendError> {
        let queue = self.queue.as_ref().ok_or(AppendError::Stopped)?;
        // Counted before it is there to be taken, so that the gauge never goes below nothing.
        metrics::APPEND_QUEUE.increment(1);
        queue.send(lane, cost, request).map_err(|refused| {
            metrics::APPEND_QUEUE.decrement(1);
            match refused {
                NotTaken::Full => {
                    metrics::APPEND_QUEUE_FULL.increment(1);
                    AppendError::Busy {
                        what: "requests",
                        limit: self.queue_limit,
                    }
                }
                NotTaken::Ended => AppendError::Stopped,
            }
        })
    }

    /// Waits until a view is published for whose position `has` holds; `false` if it takes longer than
    /// `patience`.
    pub async fn wait_until(&self, has: impl Fn(Seq) -> bool, patience: Duration) -> bool {
        let mut published = self.shared.published.subscribe();
        let reached = published.wait_for(|published| has(*published));
        matches!(tokio::time::timeout(patience, reached).await, Ok(Ok(_)))
    }

    /// The picture as it was: the fold of what was received by an instant. Blocking, and long where
    /// nobody has asked for an instant close before it.
    pub fn view_at(&self, at: jiff::Timestamp, layers: &[LayerIx]) -> Result<Arc<View>, NoHistory> {
        self.history
            .view_at(&self.log(), at, &sources(&self.catalog, layers))
    }

    /// What [`Engine::view_at`] would answer without a fold. Blocking, and short.
    pub fn view_ready(
        &self,
        at: jiff::Timestamp,
        layers: &[LayerIx],
    ) -> Result<Option<Arc<View>>, NoHistory> {
        self.history
            .ready(&self.log(), at, &sources(&self.catalog, layers))
    }

    /// How many records of each layer were received in each step; `None` of one of which something is
    /// hidden from whoever opened it, since the log is counted as it is. Blocking.
    pub fn received(
        &self,
        opened: &[Open<'_>],
        steps: &Steps,
    ) -> Result<Vec<Option<Vec<u32>>>, NoHistory> {
        let whole = opened.iter().filter(|open| open.shows_everything());
        let layers: Vec<LayerIx> = whole.map(Open::layer).collect();
        let log = self.log();
        let counted = self
            .history
            .reading(&log, |reader| Ok(reader.received(&layers, steps)?))?;
        let mut counted = counted.into_iter();
        let of = |open: &Open<'_>| open.shows_everything().then(|| counted.next()).flatten();
        Ok(opened.iter().map(of).collect())
    }

    /// How many records of each layer, received in each step, changed what a viewer sees of it. Blocking,
    /// and long: it folds the log.
    pub fn noticed(
        &self,
        viewer: &Viewer,
        layers: &[LayerIx],
        steps: &Steps,
    ) -> Result<Vec<Vec<u32>>, NoHistory> {
        self.history.noticed(&self.log(), viewer, layers, steps)
    }

    /// Since when the history of all these layers is whole, to the hour; `None` while there is none.
    /// Blocking.
    pub fn kept_since(&self, layers: &[LayerIx]) -> Result<Option<jiff::Timestamp>, NoHistory> {
        let layers = sources(&self.catalog, layers);
        let log = self.log();
        self.history
            .reading(&log, |reader| Ok(reader.whole_since(&layers)?))
    }

    fn log(&self) -> history::Log<'_> {
        history::Log {
            store: &self.store,
            catalog: &self.catalog,
            clock: &self.clock,
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Closing the queue ends the writer once the queue is empty.
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A panic was caught and told already.
            writer.join().ok();
        }
    }
}

/// A digest of all that the catalog says, short enough for an `ETag`.
fn catalog_version(catalog: &Catalog) -> String {
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    for (_, spec) in catalog.layers() {
        digest.update(serde_json::to_vec(spec).unwrap_or_default());
    }
    digest.update([catalog.topic_resolution()]);
    hex(&digest.finalize()[..6])
}

#[cfg(test)]
mod tests;
