//! The writer: the one thread that appends to the log and mutates the picture.
//!
//! It takes what waits in the queue as one group, so that many small requests share one fsync, and so
//! that a large body is written alone: whoever is before it does not wait for it. It publishes a view at
//! most every [`PUBLISH_EVERY`] under load, at once when it is quiet. What the clock drives becomes a
//! record at most once a second and only when something is due.

use super::budget::Admitted;
use super::checkpoints::{Job, Recollected};
use super::duplicates::{Duplicates, Undo};
use super::log_time::LogTime;
use super::merges::Merges;
use super::queue::{Next, Outlet};
use super::recall::recollection;
use super::roll_call::{RollCall, RollCalls};
use super::{AppendError, Appended, Request, Shared};
use crate::clock::{Clock, monotonic};
use crate::config::Config;
use crate::metrics;
use crate::store;
use atalaya_tiles::{Event, FeatureId, LayerIx, Picture, Record, Seq};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tracing::{error, info};

/// The least time between two views under load.
const PUBLISH_EVERY: Duration = Duration::from_millis(10);
/// The most events that share one commit; a body of more is written alone.
const GROUP_EVENTS: usize = 8_192;
/// The least time between two records of the clock.
const CLOCK_EVERY: Duration = Duration::from_secs(1);
/// After so many records a checkpoint begins though it is not yet time, so that no start folds many more:
/// some two seconds' worth.
const CHECKPOINT_RECORDS: u64 = 150_000;
/// How often a store that failed is tried again of our own accord.
const RETRY_EVERY: Duration = Duration::from_secs(2);
/// The most that may wait to be told of a checkpoint; more are told at once that there is none.
const ASKED: usize = 64;

/// What the writer is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: store::Writer,
    pub(crate) picture: Picture,
    pub(crate) duplicates: Duplicates,
    pub(crate) requests: Outlet<Request>,
    pub(crate) checkpoints: SyncSender<Job>,
    pub(crate) merges: Merges,
    /// What the memory of duplicates and feeds depends on, and how much of it the checkpoint has.
    pub(crate) remembered_of: String,
    pub(crate) recollected: Recollected,
    /// Features that left the picture since the last checkpoint job was handed over.
    pub(crate) removed: Vec<(LayerIx, FeatureId)>,
    /// The position that a start would begin with now.
    pub(crate) checkpoint_seq: Seq,
}

/// The writer's state.
#[derive(Debug)]
pub(crate) struct Writer {
    parts: Parts,
    shared: Arc<Shared>,
    clock: Clock,
    /// `received_at` never decreases along the log, whatever the clock does.
    time: LogTime,
    seq: Seq,
    tick_every: Duration,
    next_tick: Instant,
    published_at: Instant,
    /// When the oldest record was appended that no view shows yet.
    waits_since: Option<Instant>,
    checkpoint_every: Duration,
    /// When the last one was handed over, by the uptime.
    checkpoint_at: Duration,
    checkpoint_seq: Seq,
    /// Who waits for the next checkpoint.
    asked: Vec<oneshot::Sender<()>>,
    /// When the clock was last written, by the uptime.
    clocked_at: Option<Duration>,
    roll_calls: RollCalls,
}

/// One request of a group, until its outcome is known.
struct Waiting {
    reply: oneshot::Sender<Result<Appended, AppendError>>,
    receipt: Appended,
    /// Its bytes count as waiting until it is answered.
    admitted: Admitted,
}

impl Waiting {
    /// A client that has gone away needs no answer.
    fn answer(self, answer: impl FnOnce(Appended) -> Result<Appended, AppendError>) {
        drop(self.admitted);
        drop(self.reply.send(answer(self.receipt)));
    }
}

/// What shares one commit.
#[derive(Default)]
struct Group {
    records: Vec<Record>,
    waiting: Vec<Waiting>,
    undo: Vec<Undo>,
}

impl Writer {
    pub(crate) fn new(parts: Parts, shared: &Arc<Shared>, clock: &Clock, config: &Config) -> Self {
        let view = shared.view.load();
        let tick_every = Duration::from_millis(config.live.tick_ms);
        Self {
            time: LogTime::new(clock.clone(), view.clock()),
            seq: view.seq(),
            next_tick: monotonic() + tick_every,
            tick_every,
            published_at: monotonic(),
            waits_since: None,
            checkpoint_every: Duration::from_secs(config.store.checkpoint_every_s),
            checkpoint_at: clock.uptime(),
            checkpoint_seq: parts.checkpoint_seq,
            asked: Vec::new(),
            clocked_at: None,
            roll_calls: RollCalls::default(),
            shared: Arc::clone(shared),
            clock: clock.clone(),
            parts,
        }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        loop {
            let patience = self.next_due().saturating_duration_since(monotonic());
            match self.parts.requests.next(patience) {
                Next::Request(request) => self.serve(request),
                Next::None => {}
                Next::Closed => break,
            }
            self.parts.merges.turn(&mut self.parts.picture);
            if monotonic() >= self.next_tick {
                self.tick();
            } else if monotonic() >= self.next_due() {
                self.publish();
            }
        }
        self.publish();
        self.end();
    }

    /// When there is something to do though nobody asks: the next tick, or before it the view that
    /// shows what was appended too soon after the last one.
    fn next_due(&self) -> Instant {
        let shown = self.published_at + PUBLISH_EVERY;
        self.waits_since
            .map_or(self.next_tick, |_| self.next_tick.min(shown))
    }

    /// The last checkpoint. Nobody is held up any more by waiting for it.
    fn end(mut self) {
        let (done, written) = oneshot::channel();
        self.asked.push(done);
        let job = self.job();
        if self.parts.checkpoints.send(job).is_err() {
            error!("the checkpoint thread has ended");
            return;
        }
        drop(written.blocking_recv());
    }

    /// Serves a request together with those that wait behind it.
    fn serve(&mut self, first: Request) {
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(request) = next.take() {
            metrics::APPEND_QUEUE.decrement(1);
            match request {
                Request::Append {
                    events,
                    roll_call: None,
                    admitted,
                    reply,
                } => {
                    let receipt = self.number(events, &mut group);
                    group.waiting.push(Waiting {
                        reply,
                        receipt,
                        admitted,
                    });
                }
                Request::Append {
                    events,
                    roll_call: Some(call),
                    admitted,
                    reply,
                } => {
                    // It is compared with a picture that has everything before it.
                    self.commit(std::mem::take(&mut group));
                    let receipt = self.call_the_roll(&call, events, &mut group);
                    group.waiting.push(Waiting {
                        reply,
                        receipt,
                        admitted,
                    });
                }
                Request::Checkpoint { reply } => {
                    self.commit(std::mem::take(&mut group));
                    self.publish();
                    if self.asked.len() < ASKED {
                        self.asked.push(reply);
                    }
                    self.hand_over_checkpoint();
                }
            }
            let room = GROUP_EVENTS.saturating_sub(group.records.len());
            next = self.parts.requests.next_within(room);
        }
        self.commit(group);
    }

    /// Numbers the events of a roll call, and the withdrawals of what it leaves out.
    fn call_the_roll(
        &mut self,
        call: &RollCall,
        mut events: Vec<Event>,
        group: &mut Group,
    ) -> Appended {
        let received_at = self.time.now();
        let picture = &self.parts.picture;
        let settled = self
            .roll_calls
            .settle(picture, call, &mut events, received_at);
        let body = self.number(events, group);
        let withdrawals = self.number(settled.withdrawals, group);
        Appended {
            seq: withdrawals.seq,
            withdrawn: withdrawals.accepted,
            kept: settled.kept,
            ..body
        }
    }

    /// Gives the new ones among the events a place in the log.
    fn number(&mut self, events: Vec<Event>, group: &mut Group) -> Appended {
        let received_at = self.time.now();
        let catalog = Arc::clone(self.shared.view.load().catalog());
        let (mut accepted, mut duplicates) = (0, 0);
        for event in events {
            let Some(step) = self.parts.duplicates.learn(&catalog, &event) else {
                duplicates += 1;
                continue;
            };
            group.undo.push(step);
            accepted += 1;
            self.seq = Seq(self.seq.0 + 1);
            group.records.push(Record {
                seq: self.seq,
                received_at,
                event,
            });
        }
        Appended {
            accepted,
            duplicates,
            seq: self.seq,
            withdrawn: 0,
            kept: None,
        }
    }

    /// Makes a group durable, then visible, then tells everybody; or none of it.
    fn commit(&mut self, group: Group) {
        let Group {
            records,
            waiting,
            undo,
        } = group;
        if !records.is_empty()
            && let Err(cause) = self.append(&records)
        {
            self.parts.duplicates.unlearn(undo.into_iter());
            self.seq = Seq(self.seq.0 - records.len() as u64);
            for waiting in waiting {
                waiting.answer(|_| Err(cause.clone()));
            }
            return;
        }
        self.apply(&records);
        if monotonic().duration_since(self.published_at) >= PUBLISH_EVERY {
            self.publish();
        }
        for waiting in waiting {
            waiting.answer(Ok);
        }
    }

    fn append(&mut self, records: &[Record]) -> Result<(), AppendError> {
        let started = monotonic();
        let appended = self.parts.store.append(records);
        metrics::APPEND_SECONDS.record(monotonic().duration_since(started));
        metrics::APPEND_EVENTS.record(metrics::real(records.len() as u64));
        match appended {
            Ok(()) => {
                self.waits_since.get_or_insert_with(monotonic);
                if self.shared.fault.swap(None).is_some() {
                    info!("the store writes again");
                }
                Ok(())
            }
            Err(cause) => {
                let reason = cause.reason();
                let before = self.shared.fault.swap(Some(Arc::new(reason)));
                if before.is_none_or(|before| *before != reason) {
                    error!(%cause, "cannot append {} events", records.len());
                }
                metrics::APPEND_FAILURES.increment(1);
                Err(AppendError::Store {
                    reason,
                    cause: cause.to_string().into(),
                })
            }
        }
    }

    fn apply(&mut self, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        let started = monotonic();
        let applied = self.parts.picture.apply(records);
        metrics::APPLY_SECONDS.record(monotonic().duration_since(started));
        metrics::EVENTS_APPLIED.increment(records.len() as u64);
        metrics::EVENTS_IGNORED.increment(u64::from(applied.ignored));
        for record in records {
            self.shared
                .feeds
                .note_accepted(&record.event, record.received_at);
        }
        let gone = self.parts.picture.take_removed();
        let view = self.parts.picture.view();
        self.parts.duplicates.settle(records, &gone, &view);
        self.parts.removed.extend(gone);
    }

    fn publish(&mut self) {
        self.published_at = monotonic();
        let view = self.parts.picture.view();
        let seq = view.seq();
        self.shared.view.store(view);
        self.shared.published.send_if_modified(|published| {
            let newer = *published < seq;
            *published = seq;
            newer
        });
        metrics::PUBLISH_SECONDS.record(monotonic().duration_since(self.published_at));
        if let Some(since) = self.waits_since.take() {
            metrics::PUBLISH_LAG_SECONDS.record(monotonic().duration_since(since));
        }
    }

    fn tick(&mut self) {
        self.next_tick += self.tick_every;
        if self.next_tick < monotonic() {
            // Behind by more than a tick: drop the ones missed rather than run after them.
            self.next_tick = monotonic() + self.tick_every;
            metrics::TICKS_SKIPPED.increment(1);
        }
        self.pass_time();
        self.parts.picture.tick();
        self.publish();
        self.shared.ticks.pass(*self.shared.published.borrow());
        let since = self.clock.uptime().saturating_sub(self.checkpoint_at);
        let records = self.seq.0.saturating_sub(self.checkpoint_seq.0);
        let due = records > 0 && since >= self.checkpoint_every || records >= CHECKPOINT_RECORDS;
        if due || !self.asked.is_empty() {
            self.hand_over_checkpoint();
        }
    }

    /// Appends what the clock drives, when something is due; and tries a store that failed.
    fn pass_time(&mut self) {
        let (now, uptime) = (self.time.now(), self.clock.uptime());
        let faulty = self.shared.fault.load().is_some() || self.parts.store.is_full();
        let due = self.parts.picture.next_due().is_some_and(|due| due <= now);
        let wait = if faulty { RETRY_EVERY } else { CLOCK_EVERY };
        let since = self.clocked_at.map(|at| uptime.saturating_sub(at));
        if !(due || faulty) || since.is_some_and(|since| since < wait) {
            return;
        }
        self.clocked_at = Some(uptime);
        self.seq = Seq(self.seq.0 + 1);
        let record = Record {
            seq: self.seq,
            received_at: now,
            event: Event::Clock,
        };
        self.commit(Group {
            records: vec![record],
            ..Group::default()
        });
    }

    /// Hands a checkpoint over, if the last one is written; else a later tick tries again, since a
    /// writer that waits tells nobody the time.
    fn hand_over_checkpoint(&mut self) {
        let job = self.job();
        let seq = job.view.seq();
        match self.parts.checkpoints.try_send(job) {
            Ok(()) => {
                self.checkpoint_at = self.clock.uptime();
                self.checkpoint_seq = seq;
            }
            Err(TrySendError::Full(job)) => {
                metrics::CHECKPOINTS_DEFERRED.increment(1);
                self.parts.removed = job.removed;
                self.asked = job.done;
            }
            Err(TrySendError::Disconnected(job)) => {
                // Whoever asked is told by what is dropped here.
                self.parts.removed = job.removed;
                self.checkpoint_seq = seq;
                error!("the checkpoint thread has ended");
            }
        }
    }

    fn job(&mut self) -> Job {
        let parts = &mut self.parts;
        let since = parts.recollected.get();
        let (of, feeds) = (&parts.remembered_of, &self.shared.feeds);
        Job {
            recollection: recollection(of, since, &mut parts.duplicates, feeds),
            view: self.parts.picture.view(),
            removed: std::mem::take(&mut self.parts.removed),
            done: std::mem::take(&mut self.asked),
        }
    }
}
