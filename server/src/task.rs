//! Tasks and threads, spawned by name. A task that ends by a panic is logged and does not take
//! others along; a bare spawn is banned elsewhere.

use std::io;
use std::thread::{Builder, JoinHandle};
use tracing::error;

/// Runs a future on the current runtime; a panic in it is logged under its name.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn spawn<F>(name: &'static str, future: F) -> tokio::task::JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let running = tokio::spawn(future);
    tokio::spawn(async move {
        if let Err(cause) = running.await
            && cause.is_panic()
        {
            error!(task.name = name, "task {name} panicked");
        }
    })
}

/// Starts a named thread.
pub fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).spawn(body)
}
