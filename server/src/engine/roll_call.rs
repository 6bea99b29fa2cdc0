//! A roll call: a body that names all that its feed has. Who is held and not named is withdrawn.
//!
//! The withdrawal is an event of the log beside the body's own, and the writer decides on it, since
//! nobody else knows what is held at that place in the log. It is as of the last word there was on
//! the feature: an observation from then or before resurrects nothing, any later word does. A feature
//! that a later roll call names again without a newer word is observed anew, a millisecond after it went,
//! so that whatever the source says of it next is still newer. So is one whose retention is half over,
//! since a roll call that names it receives it again.
//!
//! Refuses to withdraw where the body is in doubt, is older than the one before, or leaves out more
//! than the feed may lose at once: one bad body must not wipe the map.

use crate::adaptor::{Doubt, Whole};
use atalaya_tiles::{Event, FeatureId, FeedName, LayerIx, Observation, Picture};
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, HashSet};

/// With so few features held, all of them may go at once.
const FEW: usize = 10;
/// How long after it went a feature is observed anew.
const MOMENT: SignedDuration = SignedDuration::from_millis(1);
/// By how much its last word may be older than when it went: room to come and go a thousand times.
const SAME: SignedDuration = SignedDuration::from_secs(1);

/// A body that names everything, for the writer.
#[derive(Debug)]
pub struct RollCall {
    /// The feed that sent it.
    pub feed: FeedName,
    /// The layer that the feed fills.
    pub layer: LayerIx,
    /// Who is in it.
    pub whole: Whole,
    /// The share of what is held that may go at once, 0 to 1; where few are held, all may.
    pub withdraw_at_most: f64,
}

/// Why features that a body leaves out were kept.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Kept {
    /// It may not be all that there is.
    #[error("{0}, so the {1} features that it leaves out are kept")]
    Doubt(Doubt, usize),
    /// It was made before another that is known.
    #[error(
        "the body is of {as_of}, older than the one before it of {latest}: what it leaves out is kept"
    )]
    Older {
        /// When it was made.
        as_of: Timestamp,
        /// When the one before was made.
        latest: Timestamp,
    },
    /// It leaves out too many.
    #[error(
        "the body leaves out {missing} of {held} features, more than withdraw_at_most = {at_most} allows: all are kept"
    )]
    TooMany {
        /// How many it leaves out.
        missing: usize,
        /// How many the feed holds.
        held: usize,
        /// The share that may go at once.
        at_most: f64,
    },
}

/// What a roll call comes to.
#[derive(Debug)]
pub(crate) struct Settled {
    /// Withdrawals of those that are gone, to follow the body's own events.
    pub(crate) withdrawals: Vec<Event>,
    pub(crate) kept: Option<Kept>,
}

/// When the latest body of each feed was made, since the start of the server.
#[derive(Debug, Default)]
pub(crate) struct RollCalls(HashMap<FeedName, Timestamp>);

impl RollCalls {
    /// Compares a roll call with a picture that has everything before it. Events of features that
    /// come back are changed so that they do.
    pub(crate) fn settle(
        &mut self,
        picture: &Picture,
        call: &RollCall,
        events: &mut [Event],
        received_at: Timestamp,
    ) -> Settled {
        let kept = |kept| Settled {
            withdrawals: Vec::new(),
            kept: Some(kept),
        };
        // A clock that runs ahead must not make all later bodies old.
        if let Some(as_of) = call.whole.as_of.map(|as_of| as_of.min(received_at)) {
            let latest = *self.0.get(&call.feed).unwrap_or(&as_of);
            if as_of < latest {
                return kept(Kept::Older { as_of, latest });
            }
            self.0.insert(call.feed.clone(), as_of);
        }
        let taken_back: HashSet<FeatureId> = events.iter().filter_map(taken_back).collect();
        let missing = call.missing(picture, &taken_back);
        for event in events {
            if let Event::Observed(seen) = event
                && !taken_back.contains(&seen.feature)
            {
                revive(picture, seen, received_at);
                renew(picture, seen, received_at);
            }
        }
        if let Some(doubt) = call.whole.doubt
            && !missing.is_empty()
        {
            return kept(Kept::Doubt(doubt, missing.len()));
        }
        let held = picture.held_by(call.layer, &call.feed).count();
        if held > FEW && share(missing.len(), held) > call.withdraw_at_most {
            return kept(Kept::TooMany {
                missing: missing.len(),
                held,
                at_most: call.withdraw_at_most,
            });
        }
        let withdrawals = missing.into_iter().map(|(feature, at)| Event::Withdrawn {
            layer: call.layer,
            feature,
            feed: call.feed.clone(),
            at: Some(at),
        });
        Settled {
            withdrawals: withdrawals.collect(),
            kept: None,
        }
    }
}

impl RollCall {
    /// Who is held, not named, and not taken back by the body itself.
    fn missing(
        &self,
        picture: &Picture,
        taken_back: &HashSet<FeatureId>,
    ) -> Vec<(FeatureId, Timestamp)> {
        let held = picture.held_by(self.layer, &self.feed);
        held.filter(|(id, _)| !self.whole.named.contains(*id) && !taken_back.contains(*id))
            .map(|(id, at)| (id.clone(), at))
            .collect()
    }
}

/// The feature that a body takes back by itself, as an alert does with one that it replaces.
fn taken_back(event: &Event) -> Option<FeatureId> {
    match event {
        Event::Withdrawn { feature, .. } => Some(feature.clone()),
        Event::Observed(_) | Event::Clock => None,
    }
}

/// Makes the observation of a feature that was withdrawn newer than that, where it is the one that
/// went: seen when it went, or in the future, which the picture orders by when it came.
fn revive(picture: &Picture, seen: &mut Observation, received_at: Timestamp) {
    let gone_at = picture.withdrawn_at(seen.layer, &seen.feature);
    let (Some(observed_at), Some(gone_at)) = (seen.observed_at, gone_at) else {
        return;
    };
    if picture.holds(seen.layer, &seen.feature) || is_over(picture, seen, received_at) {
        return;
    }
    if is_same(observed_at, gone_at) || observed_at > received_at {
        seen.observed_at = gone_at.checked_add(MOMENT).ok().or(Some(observed_at));
    }
}

/// Makes the observation of a feature a new one, where it is half forgotten: retention counts from when
/// a feature was last received, and what a roll call names was received again, though nothing is new.
fn renew(picture: &Picture, seen: &mut Observation, now: Timestamp) {
    let Some((as_of, received_at)) = picture.last_word(seen.layer, &seen.feature) else {
        return;
    };
    let view = picture.view();
    let retain_days = i64::from(view.catalog().spec(seen.layer).retain_days);
    let half = SignedDuration::from_hours(12 * retain_days);
    if retain_days == 0 || now.duration_since(received_at) < half {
        return;
    }
    seen.observed_at = match seen.observed_at {
        None => Some(now),
        Some(at) if is_same(at, as_of) => as_of.checked_add(MOMENT).ok(),
        newer_or_late @ Some(_) => newer_or_late,
    };
}

/// Whether an observation is the one that was the last word, perhaps made newer by some moments.
fn is_same(observed_at: Timestamp, last_word: Timestamp) -> bool {
    let age = last_word.duration_since(observed_at);
    age < SAME && age >= SignedDuration::ZERO
}

/// Whether it would leave the picture as soon as it came: a list may name for days what is over, and
/// every body would bring it anew.
fn is_over(picture: &Picture, seen: &Observation, now: Timestamp) -> bool {
    let view = picture.view();
    let rule = i64::from(view.catalog().spec(seen.layer).expire_after_s);
    let by_rule = seen.observed_at.filter(|_| rule > 0);
    let by_rule = by_rule.and_then(|at| at.checked_add(SignedDuration::from_secs(rule)).ok());
    seen.expires_at.or(by_rule).is_some_and(|at| at <= now)
}

fn share(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole)
}

#[cfg(test)]
mod tests;
