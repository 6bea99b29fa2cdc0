//! The time that the log goes by: the wall clock, as far as it can be trusted.
//!
//! `received_at` never decreases along the log, so a clock that is set back must not be followed, and
//! one that leaps ahead by mistake would leave all that comes after at the instant it leapt to.
//!
//! - **Set back:** the log's time goes on at half speed until the clock has caught up. Deadlines come
//!   late, but they come, and the error is gone after twice the time that the clock was set back by.
//! - **Leapt ahead** by more than [`LEAP`] while nothing like it has passed: not believed for
//!   [`BELIEVED_AFTER`]; the log's time goes on as before. A clock that is right again by then has done no
//!   harm. One that stays is believed: a machine that slept looks the same.
//!
//! What this cannot mend is a log that was written for longer under a clock far ahead. New events are
//! taken and ordered as ever, but what they say of the time counts as old, so that it is stale or
//! expired when it comes. The server says so when it starts. The cure is a backup from before, or a new
//! directory filled by `atalaya export` and `atalaya import`.

use crate::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tracing::{error, warn};

/// A clock that is further ahead than this of what has passed is not believed at once.
const LEAP: SignedDuration = SignedDuration::from_mins(5);
/// How long such a clock must stay there.
const BELIEVED_AFTER: Duration = Duration::from_mins(1);
/// A clock that is set back by less is not worth a word.
const WORTH_A_WORD: SignedDuration = SignedDuration::from_secs(1);

/// The log's time.
#[derive(Debug)]
pub(crate) struct LogTime {
    clock: Clock,
    /// The latest that was told.
    told: Timestamp,
    /// When, by the uptime; never before the first time.
    told_at: Option<Duration>,
    astray: Option<Astray>,
}

/// A clock that is not followed.
#[derive(Debug, Clone, Copy)]
struct Astray {
    ahead: bool,
    from: Timestamp,
    since: Duration,
}

impl LogTime {
    /// Goes on from the log's last record.
    pub(crate) fn new(clock: Clock, last: Timestamp) -> Self {
        Self {
            clock,
            told: last,
            told_at: None,
            astray: None,
        }
    }

    /// What time it is; never earlier than the last time.
    pub(crate) fn now(&mut self) -> Timestamp {
        let (wall, uptime) = (self.clock.now(), self.clock.uptime());
        let told = if wall < self.told.max(self.slow(uptime)) {
            let astray = self.stray(false, wall, uptime);
            later(astray.from, uptime.saturating_sub(astray.since) / 2)
        } else if self.leapt(wall, uptime) {
            let astray = self.stray(true, wall, uptime);
            let passed = uptime.saturating_sub(astray.since);
            if passed < BELIEVED_AFTER {
                later(astray.from, passed)
            } else {
                error!("the clock stays at {wall}: the log follows it");
                self.astray = None;
                wall
            }
        } else {
            self.astray = None;
            wall
        };
        self.told_at = Some(uptime);
        self.told = self.told.max(told);
        self.told
    }

    /// How far the time at half speed has come, where it is that.
    fn slow(&self, uptime: Duration) -> Timestamp {
        let astray = self.astray.filter(|astray| !astray.ahead);
        astray.map_or(self.told, |astray| {
            later(astray.from, uptime.saturating_sub(astray.since) / 2)
        })
    }

    /// Whether the wall clock is far ahead of what has passed since it was last followed.
    fn leapt(&self, wall: Timestamp, uptime: Duration) -> bool {
        let (from, since) = match (self.astray, self.told_at) {
            (Some(astray), _) if astray.ahead => (astray.from, astray.since),
            (_, Some(told_at)) => (self.told, told_at),
            (_, None) => return false,
        };
        let expected = later(from, uptime.saturating_sub(since));
        wall.duration_since(expected) > LEAP
    }

    fn stray(&mut self, ahead: bool, wall: Timestamp, uptime: Duration) -> Astray {
        if let Some(astray) = self.astray.filter(|astray| astray.ahead == ahead) {
            return astray;
        }
        let from = self.told;
        if ahead {
            error!("the clock leapt from {from} to {wall}: not followed yet");
        } else if from.duration_since(wall) > WORTH_A_WORD {
            warn!("the clock shows {wall} and the log ends at {from}: its time goes at half speed");
        }
        let astray = Astray {
            ahead,
            from,
            since: uptime,
        };
        self.astray = Some(astray);
        astray
    }
}

/// So much later, in whole milliseconds.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    at.checked_add(SignedDuration::from_millis(by))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests;
