//! How many bytes may be on their way to the store: a bound on memory that a count of requests is not.
//!
//! Bytes are those of the bodies as they came. Those of a post count from when they arrive, others from
//! before they are decoded, until the store has answered. Past the limit a body is refused, and so is
//! one with which its feed would hold more than it leaves to the others: a feed alone gets half, and
//! there is always room for one that comes. One body alone always passes, however large, since the
//! bound on a single body is another one.

use atalaya_tiles::FeedName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The bytes that wait.
#[derive(Debug)]
pub(crate) struct Budget {
    held: Arc<Mutex<Held>>,
    limit: usize,
}

/// Who holds how many bytes.
#[derive(Debug, Default)]
struct Held {
    sum: usize,
    by_feed: HashMap<FeedName, usize>,
}

/// Bytes of a feed that were let in; they count until this is dropped.
#[derive(Debug)]
pub struct Admitted {
    held: Arc<Mutex<Held>>,
    feed: FeedName,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            held: Arc::default(),
            limit,
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Lets more of a body in that is still arriving.
    pub(crate) fn grow(&self, admitted: &mut Admitted, bytes: usize) -> bool {
        admitted.grow(bytes, self.limit)
    }

    /// Lets a body in, if there is room for it.
    pub(crate) fn admit(&self, feed: &FeedName, bytes: usize) -> Option<Admitted> {
        let mut held = lock(&self.held);
        let own = held.by_feed.get(feed).copied().unwrap_or_default();
        let free = self.limit.saturating_sub(held.sum);
        if held.sum > 0 && own.saturating_add(bytes) > free {
            return None;
        }
        held.sum = held.sum.saturating_add(bytes);
        held.by_feed.insert(feed.clone(), own.saturating_add(bytes));
        drop(held);
        Some(Admitted {
            held: Arc::clone(&self.held),
            feed: feed.clone(),
            bytes,
        })
    }
}

impl Admitted {
    /// Whose bytes they are.
    pub(crate) fn feed(&self) -> &FeedName {
        &self.feed
    }

    /// Lets more of the same body in, if there is room for it.
    fn grow(&mut self, bytes: usize, limit: usize) -> bool {
        let mut held = lock(&self.held);
        let own = held.by_feed.get(&self.feed).copied().unwrap_or_default();
        let free = limit.saturating_sub(held.sum);
        let alone = held.sum == self.bytes;
        if !alone && own.saturating_add(bytes) > free {
            return false;
        }
        held.sum = held.sum.saturating_add(bytes);
        held.by_feed
            .insert(self.feed.clone(), own.saturating_add(bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        true
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.sum = held.sum.saturating_sub(self.bytes);
        if let Some(own) = held.by_feed.get_mut(&self.feed) {
            *own = own.saturating_sub(self.bytes);
            if *own == 0 {
                held.by_feed.remove(&self.feed);
            }
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
