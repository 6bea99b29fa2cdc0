//! The thread that merges segments of sightings, one merge at a time, while the writer goes on. If it
//! is too slow or has ended, nothing is lost: the picture merges by itself before there are too many.

use crate::clock::monotonic;
use crate::metrics;
use atalaya_tiles::{Merge, Merged, Picture};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The writer's end of it.
#[derive(Debug)]
pub(crate) struct Merges {
    jobs: SyncSender<Merge>,
    done: Receiver<Merged>,
    /// Whether a merge is on its way.
    busy: bool,
}

impl Merges {
    /// Starts the thread; it ends when this is dropped.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel::<Merge>(1);
        let (outcome, done) = sync_channel(1);
        let work = move || {
            for merge in queue {
                let started = monotonic();
                let merged = merge.run();
                metrics::MERGE_SECONDS.record(monotonic().duration_since(started));
                if outcome.send(merged).is_err() {
                    return;
                }
            }
        };
        crate::task::thread("merges", work, || ())?;
        Ok(Self {
            jobs,
            done,
            busy: false,
        })
    }

    /// Puts what was merged into the picture, and has the next merge begun. Never waits.
    pub(crate) fn turn(&mut self, picture: &mut Picture) {
        if let Ok(merged) = self.done.try_recv() {
            self.busy = false;
            if !picture.accept_merge(merged) {
                metrics::MERGES_DISCARDED.increment(1);
            }
        }
        if !self.busy
            && let Some(merge) = picture.next_merge()
        {
            self.busy = self.jobs.try_send(merge).is_ok();
        }
    }
}

#[cfg(test)]
mod tests;
