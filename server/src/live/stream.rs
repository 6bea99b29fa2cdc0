//! One client's stream: a position, a subscription, and the step from one view to a later one.
//!
//! [`Stream::advance`] is a pure function of the stream's state and a view, so that every property of
//! the protocol can be tested without a socket.

use super::frames::Frames;
use super::message::Message;
use super::subscription::{Resume, Subscription};
use crate::metrics;
use atalaya_tiles::{LayerIx, Seq, Topic, View, Viewer};
use jiff::Timestamp;
use std::time::Duration;

/// After so long without a tick a client gets one, whatever happens; 3 s is what it may rely on.
const TICK_AT_LEAST: Duration = Duration::from_secs(2);

/// What a stream must send next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Need {
    /// Snapshots of everything, after a `resync` with this reason if there is one.
    Everything(Option<&'static str>),
    /// Snapshots of the topics that were not subscribed before.
    New(Vec<(LayerIx, Topic)>),
    /// Only what changed.
    Changes,
}

/// One client's stream.
#[derive(Debug)]
pub struct Stream {
    viewer: Viewer,
    subscription: Subscription,
    epoch: String,
    at: Seq,
    need: Need,
    /// When the client got its last tick, by the uptime.
    ticked_at: Option<Duration>,
}

impl Stream {
    /// A stream that begins with snapshots, or goes on where the client was if that is possible.
    pub fn new(
        viewer: Viewer,
        subscription: Subscription,
        epoch: &str,
        view: &View,
        resume: Option<&Resume>,
    ) -> Self {
        let need = match resume {
            None => Need::Everything(None),
            Some(resume) if resume.epoch != epoch => Need::Everything(Some("epoch")),
            Some(resume) if !view.reaches(resume.seq) => Need::Everything(Some("behind")),
            Some(resume)
                if resume
                    .scope
                    .as_deref()
                    .is_some_and(|scope| scope != subscription.scope()) =>
            {
                Need::Everything(Some("scope"))
            }
            Some(_) => Need::Changes,
        };
        Self {
            at: match (&need, resume) {
                (Need::Changes, Some(resume)) => resume.seq,
                _ => Seq(0),
            },
            viewer,
            subscription,
            epoch: epoch.to_owned(),
            need,
            ticked_at: None,
        }
    }

    /// The subscription of the moment.
    pub fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    /// Who looks.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Changes what is subscribed; what is new in it comes as snapshots with the next step.
    pub fn change(&mut self, next: Subscription) {
        let had = std::mem::replace(&mut self.subscription, next);
        let pending = match std::mem::replace(&mut self.need, Need::Changes) {
            Need::Everything(reason) => {
                self.need = Need::Everything(reason);
                return;
            }
            Need::New(pending) => pending,
            Need::Changes => Vec::new(),
        };
        let fresh = self.places().filter(|(layer, topic)| {
            !had.wants(*layer, *topic) || pending.contains(&(*layer, *topic))
        });
        self.need = Need::New(fresh.collect());
    }

    fn places(&self) -> impl Iterator<Item = (LayerIx, Topic)> {
        let topics = self.subscription.topics();
        let layers = self.subscription.layers().iter();
        layers.flat_map(move |layer| topics.iter().map(move |topic| (*layer, *topic)))
    }

    /// Whether the client is to hear something, be it that nothing happened.
    pub fn is_due(&self, uptime: Duration) -> bool {
        self.ticked_at
            .is_none_or(|at| uptime.saturating_sub(at) >= TICK_AT_LEAST)
    }

    /// What brings the client from where it is to the view. Empty if it is there and was told so
    /// lately, by the uptime; `now` is what the tick tells.
    pub fn advance(
        &mut self,
        view: &View,
        frames: &Frames,
        now: Timestamp,
        uptime: Duration,
    ) -> Vec<Message> {
        if view.seq() < self.at {
            return Vec::new();
        }
        if !matches!(self.need, Need::Everything(_)) && !view.reaches(self.at) {
            self.need = Need::Everything(Some("behind"));
        }
        let mut messages = Vec::new();
        match std::mem::replace(&mut self.need, Need::Changes) {
            Need::Everything(reason) => {
                if let Some(reason) = reason {
                    count_resync(reason);
                    messages.push(Message::resync(reason));
                }
                let places = self.places();
                messages.extend(places.filter_map(|(layer, topic)| {
                    frames.snapshot(view, &self.viewer, layer, topic)
                }));
                messages.extend(self.all_tiles(view));
            }
            Need::New(fresh) => {
                self.push_changes(view, frames, &fresh, &mut messages);
                let snapshot = |place: &(LayerIx, Topic)| {
                    frames.snapshot(view, &self.viewer, place.0, place.1)
                };
                messages.extend(fresh.iter().filter_map(snapshot));
            }
            Need::Changes => self.push_changes(view, frames, &[], &mut messages),
        }
        self.at = view.seq();
        if messages.is_empty() && !self.is_due(uptime) {
            return messages;
        }
        self.ticked_at = Some(uptime);
        let id = format!("{}:{}:{}", self.epoch, self.at, self.subscription.scope());
        messages.push(Message::tick(id, self.at, now));
        messages
    }

    fn push_changes(
        &self,
        view: &View,
        frames: &Frames,
        except: &[(LayerIx, Topic)],
        messages: &mut Vec<Message>,
    ) {
        if view.seq() == self.at {
            return;
        }
        let dirty = view.dirty_topics(self.at);
        let wanted = dirty
            .iter()
            .filter(|(layer, topic)| self.subscription.wants(*layer, *topic))
            .filter(|place| !except.contains(place));
        messages.extend(wanted.filter_map(|(layer, topic)| {
            frames.delta(view, &self.viewer, *layer, *topic, self.at)
        }));
        let (layers, tiles) = self.subscription.dirty_tiles(view, &self.viewer, self.at);
        if tiles.is_none() {
            metrics::LIVE_TILES_UNNAMED.increment(1);
        }
        if tiles.as_ref().is_none_or(|tiles| !tiles.is_empty()) {
            messages.push(Message::tiles(&layers, tiles.as_deref()));
        }
    }

    /// After a resynchronisation every tile may be old.
    fn all_tiles(&self, view: &View) -> Option<Message> {
        let (layers, tiles) = self.subscription.dirty_tiles(view, &self.viewer, Seq(0));
        let asked = tiles.is_none() || !layers.is_empty();
        (asked && !layers.is_empty()).then(|| Message::tiles(&layers, None))
    }
}

fn count_resync(reason: &'static str) {
    let reason = match reason {
        "epoch" => &metrics::LIVE_RESYNCS_EPOCH,
        "scope" => &metrics::LIVE_RESYNCS_SCOPE,
        _ => &metrics::LIVE_RESYNCS_BEHIND,
    };
    reason.increment(1);
}

#[cfg(test)]
mod tests;
