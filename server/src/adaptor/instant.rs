//! Instants as feeds write them: RFC 3339 with an offset, the same without one in the feed's own
//! zone, or milliseconds since 1970.
//!
//! Refuses a time without a zone where the feed has none configured: hours of error are worse than a
//! reject. A local time that a zone skips or has twice is read as RFC 5545 does (later, earlier).

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::Value as Json;

/// More than any form of an instant needs.
const MAX_BYTES: usize = 64;

/// A text or number that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum BadInstant {
    /// Not in a form that is read.
    #[error("\"{0}\" is no RFC 3339 time such as 2026-03-01T12:00:00Z")]
    Text(String),
    /// A local time on a feed without a zone.
    #[error("\"{0}\" has no zone, and the feed has no timezone configured")]
    NoZone(String),
    /// Milliseconds outside what can be told.
    #[error("{0} ms since 1970 is no time")]
    Millis(i64),
    /// A value that is no number, or one beyond all milliseconds.
    #[error("{0} is no number of milliseconds since 1970 that stands for a time")]
    Number(String),
}

/// How a feed's times are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock<'a> {
    pub(super) zone: Option<&'a TimeZone>,
    pub(super) zone_is_false: bool,
}

impl Clock<'_> {
    /// Reads an instant.
    pub(super) fn read(self, text: &str) -> Result<Timestamp, BadInstant> {
        let text = text.trim();
        let bad = || BadInstant::Text(text.chars().take(MAX_BYTES).collect());
        if text.len() > MAX_BYTES || !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(bad());
        }
        if !self.zone_is_false
            && let Ok(instant) = text.parse()
        {
            return Ok(instant);
        }
        let bare = if self.zone_is_false {
            text.trim_end_matches(['Z', 'z'])
        } else {
            text
        };
        let local: civil::DateTime = bare.parse().map_err(|_| bad())?;
        let zone = self
            .zone
            .ok_or_else(|| BadInstant::NoZone(text.to_owned()))?;
        let instant = zone.to_ambiguous_timestamp(local).compatible();
        instant.map_err(|_| bad())
    }
}

/// Milliseconds since 1970, as an instant.
pub(super) fn from_millis(millis: i64) -> Result<Timestamp, BadInstant> {
    Timestamp::from_millisecond(millis).map_err(|_| BadInstant::Millis(millis))
}

/// Milliseconds since 1970 as a sender writes them: a number with or without a fraction, or decimal text.
pub(super) fn from_number(json: &Json) -> Result<Timestamp, BadInstant> {
    if let Some(millis) = json.as_i64() {
        return from_millis(millis);
    }
    let bad = || BadInstant::Number(json.to_string().chars().take(MAX_BYTES).collect());
    let millis = super::json::number(json).ok_or_else(bad)?;
    // Through text: there is no cast that cannot truncate.
    let whole: i64 = format!("{:.0}", millis.trunc())
        .parse()
        .map_err(|_| bad())?;
    from_millis(whole)
}

#[cfg(test)]
mod tests;
