//! What is counted per feed. Only feeds of the configuration have a name here; whatever comes under
//! another, such as an import, is counted under one that no feed can have.

use super::{FEED_BODIES_NOT_WHOLE, FEED_BODIES_REFUSED, FEED_FLOODS, FEED_RECORDS, POLLS};
use ::metrics::{Counter, counter};
use std::collections::HashMap;

/// The label of everything that is not a configured feed.
const OTHER: &str = "(other)";

/// The counters of one feed.
#[derive(Debug)]
pub(crate) struct FeedMeters {
    /// Records that are durable.
    pub(crate) accepted: Counter,
    /// Records that were known.
    pub(crate) duplicates: Counter,
    /// Records that the adaptor refused.
    pub(crate) rejected: Counter,
    /// Features that a body with everything left out, and that were withdrawn.
    pub(crate) withdrawn: Counter,
    /// Bodies that left out too much to be believed.
    pub(crate) kept: Counter,
    /// Bodies of which nothing was taken.
    pub(crate) bodies_refused: Counter,
    /// Posts beyond what the feed may send.
    pub(crate) floods: Counter,
    /// Fetches that brought something.
    pub(crate) polls_taken: Counter,
    /// Fetches that found nothing new.
    pub(crate) polls_unchanged: Counter,
    /// Fetches that failed.
    pub(crate) polls_failed: Counter,
}

impl FeedMeters {
    fn new(feed: &str) -> Self {
        let records = |outcome: &'static str| counter!(FEED_RECORDS, "feed" => feed.to_owned(), "outcome" => outcome);
        let polls = |outcome: &'static str| counter!(POLLS, "feed" => feed.to_owned(), "outcome" => outcome);
        Self {
            accepted: records("accepted"),
            duplicates: records("duplicate"),
            rejected: records("rejected"),
            withdrawn: records("withdrawn"),
            kept: counter!(FEED_BODIES_NOT_WHOLE, "feed" => feed.to_owned()),
            bodies_refused: counter!(FEED_BODIES_REFUSED, "feed" => feed.to_owned()),
            floods: counter!(FEED_FLOODS, "feed" => feed.to_owned()),
            polls_taken: polls("taken"),
            polls_unchanged: polls("unchanged"),
            polls_failed: polls("failed"),
        }
    }
}

/// The counters of all feeds.
#[derive(Debug)]
pub(crate) struct Feeds {
    by_name: HashMap<String, FeedMeters>,
    other: FeedMeters,
}

impl Feeds {
    /// Counters for these feeds and for all others together.
    pub(crate) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        Self {
            by_name: names
                .map(|name| (name.to_owned(), FeedMeters::new(name)))
                .collect(),
            other: FeedMeters::new(OTHER),
        }
    }

    /// The counters of a feed.
    pub(crate) fn of(&self, feed: &str) -> &FeedMeters {
        self.by_name.get(feed).unwrap_or(&self.other)
    }
}
