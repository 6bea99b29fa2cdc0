//! Tasks and threads, spawned by name. One that ends by a panic is logged and does not take others
//! along; a bare spawn is banned elsewhere.

use crate::clock::monotonic;
use futures_util::FutureExt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tracing::error;

/// The pauses before a lasting task is started again: each twice as long as the one before.
#[derive(Debug, Clone, Copy)]
pub struct Pauses {
    /// The first, and the one after a run that was longer than the longest.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_mins(5),
        }
    }
}

/// Runs a future on the current runtime; a panic in it is logged under its name.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn<F>(name: &'static str, future: F) -> tokio::task::JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(watched(name, future))
}

/// Runs a future on the current runtime that is to go on for ever: one that panics is started again after a
/// pause. `of` says in the log which of several it is.
pub fn spawn_lasting<F>(
    name: &'static str,
    of: String,
    pauses: Pauses,
    mut start: impl FnMut() -> F + Send + 'static,
) -> tokio::task::JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    spawn(name, async move {
        let mut pause = pauses.first;
        loop {
            let began = monotonic();
            if AssertUnwindSafe(start()).catch_unwind().await.is_ok() {
                return;
            }
            if monotonic().duration_since(began) > pauses.longest {
                pause = pauses.first;
            }
            error!(
                task.name = name,
                task.of = of,
                pause_s = pause.as_secs(),
                "task {name} panicked and is started again"
            );
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(pauses.longest);
        }
    })
}

async fn watched(name: &'static str, future: impl Future<Output = ()>) {
    if AssertUnwindSafe(future).catch_unwind().await.is_err() {
        error!(task.name = name, "task {name} panicked");
    }
}

/// Starts a named thread. A panic in it is logged, and `panicked` called.
pub fn thread(
    name: &'static str,
    body: impl FnOnce() + Send + 'static,
    panicked: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).spawn(move || {
        if catch_unwind(AssertUnwindSafe(body)).is_err() {
            error!(thread.name = name, "thread {name} panicked");
            panicked();
        }
    })
}

#[cfg(test)]
mod tests;
