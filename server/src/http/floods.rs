//! Bounds on how much one feed may send, so that it cannot crowd out the others (invariant 10).

use crate::problem::Problem;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;

/// Seconds of its mean rate that a feed may send at once.
const BURST_S: u32 = 4;

/// One token bucket per feed, in KiB.
#[derive(Debug)]
pub struct Floods {
    buckets: DefaultKeyedRateLimiter<String>,
    kib_per_s: u32,
}

impl Floods {
    /// Buckets that refill with `kib_per_s`.
    pub fn new(kib_per_s: u32) -> Self {
        let rate = NonZeroU32::new(kib_per_s).unwrap_or(NonZeroU32::MIN);
        let burst = rate.saturating_mul(NonZeroU32::new(BURST_S).unwrap_or(NonZeroU32::MIN));
        Self {
            buckets: RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst)),
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
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                Err(flooded(
                    u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX),
                ))
            }
            Err(_) => Err(flooded(1)),
        }
    }
}
