//! The checkpoint thread: writes what changed so that the next start is quick, keeps the log within
//! its retention, and keeps the write-ahead log small. It runs beside the writer and never holds it.

use crate::clock::Clock;
use crate::store::{Checkpointer, Retainer, Store};
use atalaya_tiles::{Catalog, FeatureId, LayerIx, View};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;
use tracing::{error, info};

/// How often the write-ahead log is folded back.
const TIDY_EVERY: Duration = Duration::from_secs(1);
/// Tidyings between two looks at retention.
const RETAIN_EVERY: u32 = 60;

/// A checkpoint to be written.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) view: Arc<View>,
    /// Features that left since the job before.
    pub(crate) removed: Vec<(LayerIx, FeatureId)>,
    /// Who waits for it.
    pub(crate) done: Vec<oneshot::Sender<()>>,
}

/// Starts the thread; it ends when the sender is dropped. `panicked` is called if it ends otherwise.
pub(crate) fn start(
    store: &Store,
    catalog: &Arc<Catalog>,
    clock: &Clock,
    panicked: impl FnOnce() + Send + 'static,
) -> Result<SyncSender<Job>, super::StartError> {
    let (jobs, queue) = sync_channel(1);
    let worker = Worker {
        checkpointer: store.checkpointer(Arc::clone(catalog))?,
        retainer: store.retainer(Arc::clone(catalog))?,
        clock: clock.clone(),
    };
    crate::task::thread("checkpoints", move || worker.run(&queue), panicked)?;
    Ok(jobs)
}

struct Worker {
    checkpointer: Checkpointer,
    retainer: Retainer,
    clock: Clock,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Job>) {
        let mut tidied: u32 = 0;
        loop {
            match queue.recv_timeout(TIDY_EVERY) {
                Ok(job) => self.write(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if let Err(cause) = self.checkpointer.tidy_wal() {
                error!(%cause, "cannot fold back the write-ahead log");
            }
            tidied += 1;
            if tidied.is_multiple_of(RETAIN_EVERY) {
                self.retain();
            }
        }
    }

    fn write(&mut self, job: Job) {
        let seq = job.view.seq();
        let hot = job.view.hot(self.checkpointer.since());
        let written = self
            .checkpointer
            .checkpoint(&hot, &job.removed, seq, job.view.clock());
        match written {
            Ok(()) => {
                info!(
                    seq = seq.0,
                    features = hot.features.len(),
                    "checkpoint at {seq}"
                );
            }
            // It costs time at the next start, never truth: the log has it all.
            Err(cause) => error!(%cause, "cannot write a checkpoint"),
        }
        for done in job.done {
            // Whoever asked may have gone away.
            done.send(()).ok();
        }
    }

    fn retain(&mut self) {
        let now = self.clock.now();
        match self.retainer.retain(now) {
            Ok(retained) if retained.deleted > 0 => {
                info!(
                    deleted = retained.deleted,
                    "{} records past their retention deleted", retained.deleted
                );
            }
            Ok(_) => {}
            Err(cause) => error!(%cause, "cannot drop what is past its retention"),
        }
    }
}
