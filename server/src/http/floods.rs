//! Bounds on how much one feed may send, so that it cannot crowd out the others (invariant 10).

use crate::clock::Clock;
use crate::problem::Problem;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// Seconds of its mean rate that a feed may send at once.
const BURST_S: u32 = 4;

type Buckets = RateLimiter<String, DefaultKeyedStateStore<String>, Clock, NoOpMiddleware<Duration>>;

/// One token bucket per feed, in KiB.
#[derive(Debug)]
pub struct Floods {
    buckets: Buckets,
    clock: Clock,
    kib_per_s: u32,
}

/// Buckets fill as time passes, whatever the wall clock does.
impl governor::clock::Clock for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.uptime()
    }
}

impl Floods {
    /// Buckets that refill with `kib_per_s`.
    pub fn new(kib_per_s: u32, clock: &Clock) -> Self {
        let rate = NonZeroU32::new(kib_per_s).unwrap_or(NonZeroU32::MIN);
        let burst = rate.saturating_mul(NonZeroU32::new(BURST_S).unwrap_or(NonZeroU32::MIN));
        Self {
            buckets: RateLimiter::new(
                Quota::per_second(rate).allow_burst(burst),
                DefaultKeyedStateStore::default(),
                clock.clone(),
            ),
            clock: clock.clone(),
            kib_per_s,
        }
    }

    /// Charges a feed for a body; a request counts for at least one KiB.
    pub fn admit(&self, feed: &str, bytes: usize) -> Result<(), Problem> {
        let kib = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX);
        let kib = NonZeroU32::new(kib).unwrap_or(NonZeroU32::MIN);
        let flooded = |retry_after_s| Problem::Flooded {
            limit: format!("{} KiB a second in the mean on this feed", self.kib_per_s),
            retry_after_s,
        };
        match self.buckets.check_key_n(&feed.to_owned(), kib) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(self.clock.uptime());
                Err(flooded(
                    u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX),
                ))
            }
            Err(_) => Err(flooded(1)),
        }
    }
}

#[cfg(test)]
mod tests;
