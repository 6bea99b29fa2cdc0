//! The one place where the clock is read. Everybody else is told what time it is.
//!
//! There are two times. The wall clock names instants, and may jump either way when it is set. The
//! uptime only measures: it never goes back, and whatever is to happen every so often goes by it.

use jiff::{SignedDuration, Timestamp};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How many numbers for ids a thread takes at a time.
const BLOCK_NUMBERS: u64 = 1_024;

/// Tells the time: the system's, or one that a test sets.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    /// Since when it runs.
    System(Instant),
    Fixed(Arc<Mutex<Hands>>),
}

/// Where a clock stands that a test sets.
#[derive(Debug)]
struct Hands {
    wall: Timestamp,
    uptime: Duration,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System(monotonic()))
    }

    /// A clock that stands still until it is advanced.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(Hands {
            wall: at,
            uptime: Duration::ZERO,
        }))))
    }

    /// The present instant, in whole milliseconds: what the store and the wire keep of it.
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let now = match &self.0 {
            Source::System(_) => Timestamp::now(),
            Source::Fixed(hands) => hands.lock().unwrap_or_else(PoisonError::into_inner).wall,
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// How long the clock has been running, whatever the wall clock did meanwhile. Never goes back.
    pub fn uptime(&self) -> Duration {
        match &self.0 {
            Source::System(since) => monotonic().duration_since(*since),
            Source::Fixed(hands) => hands.lock().unwrap_or_else(PoisonError::into_inner).uptime,
        }
    }

    /// A new id, UUID v7 (RFC 9562): in the order of the clock, never given twice, and no secret. The
    /// random part is drawn once and counted on, since every request has an id.
    pub fn new_id(&self) -> Uuid {
        static PROCESS: LazyLock<u16> = LazyLock::new(|| {
            let [.., high, low] = Uuid::new_v4().into_bytes();
            u16::from_be_bytes([high, low])
        });
        let now = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        let mut random = [0; 10];
        let (process, count) = random.split_at_mut(2);
        process.copy_from_slice(&PROCESS.to_be_bytes());
        count.copy_from_slice(&next_number().to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(now, &random).into_uuid()
    }

    /// Lets time pass on a fixed clock; does nothing to the system's.
    pub fn advance(&self, by: SignedDuration) {
        self.set(by, Duration::try_from(by).unwrap_or_default());
    }

    /// Sets a fixed clock forward or back while no time passes; does nothing to the system's.
    pub fn jump(&self, by: SignedDuration) {
        self.set(by, Duration::ZERO);
    }

    fn set(&self, by: SignedDuration, passed: Duration) {
        if let Source::Fixed(hands) = &self.0 {
            let mut hands = hands.lock().unwrap_or_else(PoisonError::into_inner);
            hands.wall = hands.wall.checked_add(by).unwrap_or(hands.wall);
            hands.uptime += passed;
        }
    }
}

/// A number that no other id of this process has. Threads take numbers by the block, so that they do not meet at
/// one counter for each.
fn next_number() -> u64 {
    static FREE: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(Uuid::new_v4().as_u64_pair().0));
    thread_local! {
        /// The next number of the block, and how many are left of it.
        static BLOCK: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    }
    let (number, left) = match BLOCK.get() {
        (_, 0) => (
            FREE.fetch_add(BLOCK_NUMBERS, Ordering::Relaxed),
            BLOCK_NUMBERS,
        ),
        block => block,
    };
    BLOCK.set((number.wrapping_add(1), left - 1));
    number
}

/// A point on the monotonic clock, for deadlines and durations.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_id_is_given_twice() {
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        let many = || -> Vec<Uuid> {
            let number = 3 * BLOCK_NUMBERS + 1;
            (0..number).map(|_| clock.new_id()).collect()
        };
        let (here, there) = std::thread::scope(|scope| {
            let there = scope.spawn(many);
            (many(), there.join().unwrap())
        });
        let all: HashSet<&Uuid> = here.iter().chain(&there).collect();
        assert_eq!(all.len(), here.len() + there.len());
    }
}
