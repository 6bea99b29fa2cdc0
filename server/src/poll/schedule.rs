//! When to fetch again: a function of how it went, without jitter, so that it can be foretold.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The longest pause that failures bring about by themselves.
const LONGEST: Duration = Duration::from_mins(15);
/// The longest pause that an upstream can ask for.
const LONGEST_ASKED_FOR: Duration = Duration::from_hours(24);

/// The pause before the next fetch: `every · 2^failures`, at most a quarter of an hour or `every`, and
/// not less than what the upstream asked for.
pub(super) fn pause(every: Duration, failures: u32, asked_for: Option<Duration>) -> Duration {
    let doubled = every.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
    let own = doubled.min(LONGEST.max(every));
    own.max(asked_for.unwrap_or_default().min(LONGEST_ASKED_FOR))
}

/// What `Retry-After` says (RFC 9110 section 10.2.3): seconds, or an instant; `None` where it says
/// neither, or an instant that is over.
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let text = header.trim();
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let ahead: SignedDuration = at.duration_since(now);
    ahead.try_into().ok()
}

#[cfg(test)]
mod tests;
