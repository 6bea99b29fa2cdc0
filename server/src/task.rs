//! Tasks and threads, spawned by name. One that ends by a panic is logged and does not take others
//! along; a bare spawn is banned elsewhere.

use futures_util::FutureExt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tracing::error;

/// How often a lasting task is started again, and the pause before, which doubles each time.
#[derive(Debug, Clone, Copy)]
pub struct Restarts {
    /// The most restarts.
    pub most: u32,
    /// The first pause.
    pub pause: Duration,
}

impl Default for Restarts {
    /// Eight within some four minutes.
    fn default() -> Self {
        Self {
            most: 8,
            pause: Duration::from_secs(1),
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

/// Runs a future on the current runtime that is to go on for ever: one that panics is started again,
/// within bounds.
pub fn spawn_lasting<F>(
    name: &'static str,
    restarts: Restarts,
    mut start: impl FnMut() -> F + Send + 'static,
) -> tokio::task::JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    spawn(name, async move {
        let mut pause = restarts.pause;
        for _ in 0..restarts.most {
            if AssertUnwindSafe(start()).catch_unwind().await.is_ok() {
                return;
            }
            error!(
                task.name = name,
                "task {name} panicked and is started again"
            );
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        // The last time nobody catches it but the one who logs it.
        start().await;
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
