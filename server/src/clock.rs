//! The one place where the clock is read. Everybody else is told what time it is.
//!
//! There are two times. The wall clock names instants, and may jump either way when it is set. The
//! uptime only measures: it never goes back, and whatever is to happen every so often goes by it.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::{NoContext, Uuid};

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

    /// A new id, UUID v7: in the order of the clock, and not to be guessed.
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
        Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
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

/// A point on the monotonic clock, for deadlines and durations.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn monotonic() -> Instant {
    Instant::now()
}
