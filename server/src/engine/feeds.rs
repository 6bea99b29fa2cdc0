//! How every feed does: when it last spoke, how much, how much of it was refused.

use crate::config::FeedConfig;
use atalaya_tiles::{Event, FeedName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Silence after which a feed without `expect_every_s` is shown as quiet.
const QUIET_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// Whether a feed is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedStatus {
    /// Heard within the last minute, or within what is expected of it.
    Live,
    /// Silent for a while, with no expectation set.
    Quiet,
    /// Silent for longer than expected.
    Stale,
    /// It cannot be fetched, or what it sends cannot be used: `last_failure` says why.
    Failing,
    /// Not heard yet.
    Never,
}

/// What is known of a feed.
#[derive(Debug, Clone, Serialize)]
pub struct FeedReport {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub adaptor: String,
    /// The layer it fills.
    pub layer: String,
    /// Whether it is heard.
    pub status: FeedStatus,
    /// When we last heard from it.
    pub last_received_at: Option<Timestamp>,
    /// When we last heard from it before that minute.
    #[serde(skip)]
    heard_before: Option<Timestamp>,
    /// When it last told something new.
    pub last_changed_at: Option<Timestamp>,
    /// The newest instant that it told of.
    pub last_observed_at: Option<Timestamp>,
    /// Since when it fails, if it does.
    pub failing_since: Option<Timestamp>,
    /// When it last failed, since the start of the server.
    pub last_failure_at: Option<Timestamp>,
    /// Why it last failed: nothing of its address, nothing of what it sent.
    pub last_failure: Option<String>,
    /// Silence longer than this is shown as stale; 0 never.
    pub expect_every_s: u32,
    /// When it is stale unless it is heard before; `None` where nothing is expected of it, or it was never heard.
    pub stale_at: Option<Timestamp>,
    /// Events taken since the start of the server.
    pub accepted_total: u64,
    /// Records refused since the start of the server.
    pub rejected_total: u64,
}

impl FeedReport {
    /// The same as of the last whole minute: for those whom the second in which a feed spoke would tell of
    /// a change that they may not see. What was heard in a minute counts as heard at its end, and not
    /// before; only that it was heard at all is told at once.
    #[must_use]
    pub fn to_the_minute(mut self, now: Timestamp) -> Self {
        let last = self.last_received_at;
        let last = last.filter(|last| minute(*last) < minute(now));
        let told = last.or(self.heard_before).or(self.last_received_at);
        self.last_received_at = told.map(|at| {
            let end = Timestamp::from_second((minute(at) + 1) * 60);
            end.map_or(at, |end| end.min(now))
        });
        self.assessed(now)
    }

    /// With the judgement of an instant: the one place where silence is judged.
    fn assessed(mut self, now: Timestamp) -> Self {
        let expected = SignedDuration::from_secs(i64::from(self.expect_every_s));
        let last = self.last_received_at.filter(|_| !expected.is_zero());
        self.stale_at = last.and_then(|last| last.checked_add(expected).ok());
        self.status = status(&self, now);
        self
    }

    fn hear(&mut self, at: Timestamp) {
        if let Some(last) = self.last_received_at
            && minute(last) < minute(at)
        {
            self.heard_before = Some(last);
        }
        self.last_received_at = self.last_received_at.max(Some(at));
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// When a feed spoke, as a checkpoint has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spoke {
    received_at: Option<Timestamp>,
    heard_before: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    observed_at: Option<Timestamp>,
}

/// The reports of all feeds.
#[derive(Debug)]
pub(crate) struct FeedTable(Mutex<BTreeMap<FeedName, FeedReport>>);

impl FeedTable {
    pub(crate) fn new<'c>(feeds: impl Iterator<Item = &'c FeedConfig>) -> Self {
        let reports = feeds.map(|feed| {
            let report = FeedReport {
                name: feed.name.clone(),
                adaptor: feed.adaptor.name().to_owned(),
                layer: feed.layer.clone(),
                status: FeedStatus::Never,
                last_received_at: None,
                heard_before: None,
                last_changed_at: None,
                last_observed_at: None,
                failing_since: None,
                last_failure_at: None,
                last_failure: None,
                expect_every_s: feed.expect_every_s,
                stale_at: None,
                accepted_total: 0,
                rejected_total: 0,
            };
            (FeedName::from(feed.name.as_str()), report)
        });
        Self(Mutex::new(reports.collect()))
    }

    /// The names of the feeds, in order.
    pub(crate) fn names(&self) -> Vec<FeedName> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.keys().cloned().collect()
    }

    /// When every feed spoke, for a checkpoint.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spoke: BTreeMap<&str, Spoke> = reports
            .values()
            .map(|report| {
                let spoke = Spoke {
                    received_at: report.last_received_at,
                    heard_before: report.heard_before,
                    changed_at: report.last_changed_at,
                    observed_at: report.last_observed_at,
                };
                (report.name.as_str(), spoke)
            })
            .collect();
        serde_json::to_vec(&spoke).unwrap_or_default()
    }

    /// Takes over when every feed spoke from a checkpoint; says whether it is what was written there.
    pub(crate) fn take_bytes(&self, bytes: &[u8]) -> bool {
        let Ok(spoke) = serde_json::from_slice::<BTreeMap<String, Spoke>>(bytes) else {
            return false;
        };
        for (name, spoke) in spoke {
            self.change(&FeedName::from(name.as_str()), |report| {
                report.last_received_at = spoke.received_at;
                report.heard_before = spoke.heard_before;
                report.last_changed_at = spoke.changed_at;
                report.last_observed_at = spoke.observed_at;
            });
        }
        true
    }

    fn change(&self, feed: &FeedName, change: impl FnOnce(&mut FeedReport)) {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(report) = reports.get_mut(feed) {
            change(report);
        }
    }

    /// Notes an event that is durable.
    pub(crate) fn note_accepted(&self, event: &Event, received_at: Timestamp) {
        self.note(event, received_at, 1);
    }

    /// Notes an event that was in the log before the server started.
    pub(crate) fn note_known(&self, event: &Event, received_at: Timestamp) {
        self.note(event, received_at, 0);
    }

    fn note(&self, event: &Event, received_at: Timestamp, accepted: u64) {
        let (feed, observed_at) = match event {
            Event::Observed(observation) => (&observation.feed, observation.observed_at),
            Event::Withdrawn { feed, at, .. } => (feed, *at),
            Event::Clock => return,
        };
        self.change(feed, |report| {
            report.accepted_total += accepted;
            report.hear(received_at);
            report.last_changed_at = report.last_changed_at.max(Some(received_at));
            report.last_observed_at = report.last_observed_at.max(observed_at);
        });
    }

    /// Notes that a feed spoke, even if it said nothing new, and how many records were refused.
    pub(crate) fn note_heard(&self, feed: &FeedName, at: Timestamp, rejects: usize) {
        self.change(feed, |report| {
            report.hear(at);
            report.rejected_total += rejects as u64;
        });
    }

    /// Notes whether a feed works as it should.
    pub(crate) fn note_outcome(&self, feed: &FeedName, at: Timestamp, outcome: Result<(), String>) {
        self.change(feed, |report| match outcome {
            Ok(()) => report.failing_since = None,
            Err(reason) => {
                report.failing_since = report.failing_since.or(Some(at));
                report.last_failure_at = Some(at);
                report.last_failure = Some(reason);
            }
        });
    }

    pub(crate) fn reports(&self, now: Timestamp) -> Vec<FeedReport> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports
            .values()
            .map(|report| report.clone().assessed(now))
            .collect()
    }
}

fn status(report: &FeedReport, now: Timestamp) -> FeedStatus {
    if report.failing_since.is_some() {
        return FeedStatus::Failing;
    }
    let Some(last) = report.last_received_at else {
        return FeedStatus::Never;
    };
    match report.stale_at {
        Some(at) if now > at => FeedStatus::Stale,
        None if report.expect_every_s == 0 && now.duration_since(last) > QUIET_AFTER => {
            FeedStatus::Quiet
        }
        Some(_) | None => FeedStatus::Live,
    }
}

#[cfg(test)]
mod tests;
