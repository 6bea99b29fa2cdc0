//! Bounds on how much one feed may send, so that it cannot crowd out the others (invariant 10).
//!
//! Promises: a body of any size that the server reads passes once the feed has been quiet long enough; what
//! it is larger than the bucket is owed, and the feed waits that much longer for its next one. What
//! `Retry-After` says is when the same body passes.

use crate::clock::Clock;
use crate::problem::Problem;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Seconds of its mean rate that a feed may send at once.
const BURST_S: u32 = 4;

/// One bucket per feed, which runs empty as time passes, whatever the wall clock does.
#[derive(Debug)]
pub struct Floods {
    /// When each bucket will be empty, as an uptime; of the feeds there are, so bounded.
    empty_at: Mutex<HashMap<String, Duration>>,
    clock: Clock,
    kib_per_s: u32,
}

impl Floods {
    /// Buckets that take `kib_per_s`.
    pub fn new(kib_per_s: u32, clock: &Clock) -> Self {
        Self {
            empty_at: Mutex::default(),
            clock: clock.clone(),
            kib_per_s: kib_per_s.max(1),
        }
    }

    /// Charges a feed for a body; a request counts for at least one KiB.
    pub fn admit(&self, feed: &str, bytes: usize) -> Result<(), Problem> {
        let now = self.clock.uptime();
        let cost = takes(bytes, self.kib_per_s);
        let bucket = Duration::from_secs(BURST_S.into());
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = empty_at.get(feed).map_or(now, |at| (*at).max(now));
        // A body that is larger than the bucket needs all of it.
        let full = empty + cost.min(bucket);
        if let Some(wait) = full
            .checked_sub(now + bucket)
            .filter(|wait| !wait.is_zero())
        {
            return Err(Problem::Flooded {
                limit: format!("{} KiB a second in the mean on this feed", self.kib_per_s),
                retry_after_s: u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX),
            });
        }
        empty_at.insert(feed.to_owned(), empty + cost);
        Ok(())
    }
}

/// How long a feed at its mean rate takes for a body.
fn takes(bytes: usize, kib_per_s: u32) -> Duration {
    let kib = u64::try_from(bytes.div_ceil(1_024)).unwrap_or(u64::MAX);
    let micros = kib.max(1).saturating_mul(1_000_000) / u64::from(kib_per_s.max(1));
    Duration::from_micros(micros)
}

#[cfg(test)]
mod tests;
