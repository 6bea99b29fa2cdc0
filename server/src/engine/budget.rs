//! How many bytes may be on their way to the store: a bound on memory that a count of requests is not.
//!
//! Bytes are those of the bodies as they came. They count from before they are decoded until the store
//! has answered. Past the limit a body is refused; one alone always passes, however large, since the
//! bound on a single body is another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that wait.
#[derive(Debug)]
pub(crate) struct Budget {
    waiting: Arc<AtomicUsize>,
    limit: usize,
}

/// Bytes that were let in; they count until this is dropped.
#[derive(Debug)]
pub struct Admitted {
    waiting: Arc<AtomicUsize>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            waiting: Arc::default(),
            limit,
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Lets a body in, if there is room for it.
    pub(crate) fn admit(&self, bytes: usize) -> Option<Admitted> {
        let fits = |waiting: usize| {
            let sum = waiting.saturating_add(bytes);
            (waiting == 0 || sum <= self.limit).then_some(sum)
        };
        let order = Ordering::Relaxed;
        let admitted = self.waiting.fetch_update(order, order, fits);
        admitted.is_ok().then(|| Admitted {
            waiting: Arc::clone(&self.waiting),
            bytes,
        })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
