//! The checkpoint thread: writes what changed so that the next start is quick, keeps the log within
//! its retention, moves closed days into archives, and keeps the write-ahead log small. It runs beside
//! the writer and never holds it.

use crate::clock::{Clock, monotonic};
use crate::metrics;
use crate::store::{Archiver, Checkpointer, Recollection, Retainer, Store, StoreError};
use atalaya_tiles::{Catalog, FeatureId, LayerIx, View};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;
use tracing::{error, info};

/// How often the write-ahead log is folded back.
const TIDY_EVERY: Duration = Duration::from_secs(1);
/// Tidyings between two looks at retention; on a full disk there is none between.
const RETAIN_EVERY: u32 = 60;

/// A checkpoint to be written.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) view: Arc<View>,
    /// Features that left since the job before.
    pub(crate) removed: Vec<(LayerIx, FeatureId)>,
    /// What is remembered beside the view.
    pub(crate) recollection: Recollection,
    /// Who waits for it.
    pub(crate) done: Vec<oneshot::Sender<()>>,
}

/// The generation of what is remembered that the checkpoint has; 0 if it has none, and all is to be written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recollected(Arc<AtomicU64>);

impl Recollected {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, generation: u64) {
        self.0.store(generation, Ordering::Release);
    }
}

/// Starts the thread; it ends when the sender is dropped. `panicked` is called if it ends otherwise.
pub(crate) fn start(
    store: &Store,
    catalog: &Arc<Catalog>,
    clock: &Clock,
    recollected: &Recollected,
    panicked: impl FnOnce() + Send + 'static,
) -> Result<SyncSender<Job>, super::StartError> {
    let (jobs, queue) = sync_channel(1);
    let worker = Worker {
        checkpointer: store.checkpointer(Arc::clone(catalog))?,
        retainer: store.retainer(Arc::clone(catalog))?,
        archiver: store.archiver(Arc::clone(catalog))?,
        clock: clock.clone(),
        recollected: recollected.clone(),
        tidying: Outage::default(),
        retaining: Outage::default(),
        archiving: Outage::default(),
    };
    metrics::CHECKPOINT_SEQ.set(metrics::real(worker.checkpointer.since().0));
    crate::task::thread("checkpoints", move || worker.run(&queue), panicked)?;
    Ok(jobs)
}

struct Worker {
    checkpointer: Checkpointer,
    retainer: Retainer,
    archiver: Archiver,
    clock: Clock,
    recollected: Recollected,
    tidying: Outage,
    retaining: Outage,
    archiving: Outage,
}

/// A failure that may last for long, and is logged when it begins.
#[derive(Debug, Default)]
struct Outage(Option<String>);

impl Outage {
    fn note(&mut self, outcome: Result<(), StoreError>, what: &'static str) {
        let Err(cause) = outcome else {
            self.0 = None;
            return;
        };
        let text = cause.to_string();
        if self.0.as_ref() != Some(&text) {
            error!(%cause, "{what}");
            self.0 = Some(text);
        }
    }
}

impl Worker {
    fn run(mut self, queue: &Receiver<Job>) {
        let mut tidied: u32 = 0;
        let mut moving = false;
        loop {
            match queue.recv_timeout(TIDY_EVERY) {
                Ok(job) => {
                    // What was freed on a full disk is the log's first: a checkpoint could take all of it.
                    if self.retainer.is_full() {
                        self.retain();
                    }
                    self.write(job);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let tidied_wal = self.checkpointer.tidy_wal();
            self.tidying
                .note(tidied_wal, "cannot fold back the write-ahead log");
            tidied = tidied.wrapping_add(1);
            if self.retainer.is_full() || tidied.is_multiple_of(RETAIN_EVERY) {
                self.retain();
            }
            if moving || tidied.is_multiple_of(RETAIN_EVERY) {
                moving = self.archive();
            }
        }
    }

    fn write(&mut self, job: Job) {
        let (seq, started) = (job.view.seq(), monotonic());
        let told = Some(&job.recollection);
        let full = self.retainer.is_full();
        let checkpointer = &mut self.checkpointer;
        let mut written = checkpointer.checkpoint(&job.view, &job.removed, told);
        // Retention goes no further than the checkpoint: where the log is full, this comes first. Where it
        // is not, the reserve stays.
        let no_room = full && matches!(written, Err(StoreError::Full { .. }));
        if no_room && self.retainer.make_room().is_ok() {
            written = self.checkpointer.checkpoint(&job.view, &[], told);
        }
        match written {
            Ok(features) => {
                self.recollected.set(self.checkpointer.recollected());
                metrics::CHECKPOINT_SECONDS.record(monotonic().duration_since(started));
                metrics::CHECKPOINT_SEQ.set(metrics::real(seq.0));
                metrics::CHECKPOINT_TIMESTAMP.set(self.clock.now().as_duration().as_secs_f64());
                info!(seq = seq.0, features, "checkpoint at {seq}");
            }
            // It costs time at the next start, never truth: the log has it all.
            Err(cause) => {
                metrics::CHECKPOINT_FAILURES.increment(1);
                error!(%cause, "cannot write a checkpoint");
            }
        }
        for done in job.done {
            // Whoever asked may have gone away.
            done.send(()).ok();
        }
    }

    /// Moves some of what is closed into archives; says whether there is more.
    fn archive(&mut self) -> bool {
        let archived = self.archiver.archive(self.clock.now());
        let more = archived.as_ref().is_ok_and(|archived| archived.more);
        let archived = archived.map(|archived| {
            metrics::ARCHIVED.increment(archived.moved);
            if archived.moved > 0 && !archived.more {
                info!("closed days moved into archives");
            }
        });
        self.archiving
            .note(archived, "cannot move closed days into archives");
        more
    }

    fn retain(&mut self) {
        let now = self.clock.now();
        let retained = self.retainer.retain(now);
        let retained = retained.map(|retained| {
            if retained.deleted > 0 {
                metrics::RETENTION_DELETED.increment(retained.deleted);
                info!(
                    deleted = retained.deleted,
                    "{} records past their retention deleted", retained.deleted
                );
            }
        });
        // On a full disk the checkpoint may have given way.
        metrics::CHECKPOINT_SEQ.set(metrics::real(self.checkpointer.since().0));
        self.retaining
            .note(retained, "cannot drop what is past its retention");
    }
}
