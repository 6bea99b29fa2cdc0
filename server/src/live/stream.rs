//! One client's stream: a position, a subscription, and the step from one view to a later one.
//!
//! A step is never materialised (invariant 7): [`Stream::next`] names one part of it after the other,
//! and each is encoded just before it is sent. All parts of a step are of one view, so that a `tick`
//! at its end tells the truth. A client may take its time, the view may not: after [`LONGEST_STEP`] the
//! step is laid down, what is not sent yet stays owed with the position that the client has of it, and
//! the next step pays it from a newer view. Nothing here knows of sockets or waits for anything.

use super::frames::{Frame, Frames};
use super::message::Message;
use super::subscription::{Place, Resume, Subscription};
use atalaya_tiles::{Seq, View, Viewer};
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The longest time between two ticks that a client sees, as far as it is ours.
const TICK_AT_LEAST: SignedDuration = SignedDuration::from_millis(2_500);
/// How long a step keeps its view.
const LONGEST_STEP: SignedDuration = SignedDuration::from_secs(5);

/// One part of a step.
#[derive(Debug)]
pub enum Part {
    /// A message of this client's own.
    Own(Message),
    /// A frame that others share; there may turn out to be nothing to say.
    Shared(Frame),
}

/// What must be sent of places that are not where the stream as a whole is.
#[derive(Debug, Default)]
struct Owed {
    /// Places of which the client is at an older position.
    deltas: VecDeque<(Place, Seq)>,
    /// Places of which the client has nothing.
    snapshots: VecDeque<Place>,
}

/// A step under way.
#[derive(Debug)]
struct Step {
    view: Arc<View>,
    began_at: Timestamp,
    rest: Owed,
    tiles_named: bool,
}

/// One client's stream.
#[derive(Debug)]
pub struct Stream {
    viewer: Viewer,
    subscription: Subscription,
    epoch: String,
    /// Where the client is, but for what is owed; `None` where it has nothing.
    at: Option<Seq>,
    /// Where its tiles are; `None` where all of them may be old.
    tiles_at: Option<Seq>,
    owed: Owed,
    /// Why everything comes anew, until it is said.
    resync: Option<&'static str>,
    step: Option<Step>,
    /// Whether anything was said that no tick has ended yet.
    open: bool,
    ticked_at: Option<Timestamp>,
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
        let other_scope = |resume: &Resume| {
            let scope = resume.scope.as_deref();
            scope.is_some_and(|scope| scope != subscription.scope())
        };
        let (at, resync) = match resume {
            None => (None, None),
            Some(resume) if resume.epoch != epoch => (None, Some("epoch")),
            Some(resume) if !view.reaches(resume.seq) => (None, Some("behind")),
            Some(resume) if other_scope(resume) => (None, Some("scope")),
            Some(resume) => (Some(resume.seq), None),
        };
        Self {
            viewer,
            subscription,
            epoch: epoch.to_owned(),
            at,
            tiles_at: at,
            owed: Owed::default(),
            resync,
            step: None,
            open: false,
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
        self.lay_down();
        let had = std::mem::replace(&mut self.subscription, next);
        let owed = std::mem::take(&mut self.owed);
        if self.at.is_none() {
            return;
        }
        let deltas = owed
            .deltas
            .into_iter()
            .map(|(place, since)| (place, Some(since)));
        let snapshots = owed.snapshots.into_iter().map(|place| (place, None));
        let owed: HashMap<_, _> = deltas
            .chain(snapshots)
            .map(|(place, since)| (had.at(place), since))
            .collect();
        for place in self.subscription.places() {
            let (layer, topic) = self.subscription.at(place);
            match owed.get(&(layer, topic)) {
                Some(Some(since)) => self.owed.deltas.push_back((place, *since)),
                Some(None) => self.owed.snapshots.push_back(place),
                None if had.place(layer, topic).is_none() => self.owed.snapshots.push_back(place),
                None => {}
            }
        }
    }

    /// Begins a step to this view, unless one is under way that is not too old yet.
    pub fn begin(&mut self, view: &Arc<View>, now: Timestamp) {
        if let Some(step) = &self.step {
            if now.duration_since(step.began_at).abs() < LONGEST_STEP {
                return;
            }
            self.lay_down();
        }
        if self.at.is_some_and(|at| view.seq() < at) {
            return;
        }
        let oldest = self.owed.deltas.iter().map(|(_, since)| *since);
        if oldest.chain(self.at).any(|seq| !view.reaches(seq)) {
            self.at = None;
            self.tiles_at = None;
            self.resync = Some("behind");
        }
        self.step = Some(Step {
            rest: self.rest(view),
            view: Arc::clone(view),
            began_at: now,
            tiles_named: false,
        });
    }

    /// What brings the client to the view.
    fn rest(&mut self, view: &View) -> Owed {
        let owed = std::mem::take(&mut self.owed);
        let Some(at) = self.at else {
            return Owed {
                deltas: VecDeque::new(),
                snapshots: self.subscription.places().collect(),
            };
        };
        if view.seq() == at {
            return owed;
        }
        let mut rest = owed;
        let elsewhere = rest.deltas.iter().map(|(place, _)| place);
        let elsewhere: HashSet<Place> = elsewhere.chain(&rest.snapshots).copied().collect();
        let dirty = view.dirty_topics(at);
        let dirty = dirty
            .iter()
            .filter_map(|(layer, topic)| self.subscription.place(*layer, *topic));
        let dirty = dirty.filter(|place| !elsewhere.contains(place));
        rest.deltas.extend(dirty.map(|place| (place, at)));
        rest
    }

    /// Ends a step before its end: what is not named yet is owed.
    fn lay_down(&mut self) {
        let Some(step) = self.step.take() else {
            return;
        };
        self.at = Some(step.view.seq());
        if step.tiles_named {
            self.tiles_at = self.at;
        }
        self.owed = step.rest;
    }

    /// The next part of the step under way; the last one is a tick, unless nothing was said and one
    /// came lately. Whoever takes a part must send it.
    pub fn next(&mut self, now: Timestamp) -> Option<Part> {
        let step = self.step.as_mut()?;
        if let Some(reason) = self.resync.take() {
            self.open = true;
            return Some(Part::Own(Message::resync(reason)));
        }
        let owed = step.rest.deltas.pop_front();
        let owed = owed.map(|(place, since)| (place, Some(since)));
        let owed = owed.or_else(|| step.rest.snapshots.pop_front().map(|place| (place, None)));
        if let Some((place, since)) = owed {
            return self.frame(place, since).map(Part::Shared);
        }
        let view = Arc::clone(&step.view);
        if !std::mem::replace(&mut step.tiles_named, true)
            && let Some(tiles) = self.tiles(&view)
        {
            self.open = true;
            return Some(Part::Own(tiles));
        }
        self.step = None;
        let seq = view.seq();
        self.at = Some(seq);
        self.tiles_at = Some(seq);
        if !std::mem::take(&mut self.open) && !self.tick_due_in(now).is_zero() {
            return None;
        }
        self.ticked_at = Some(now);
        let id = format!("{}:{seq}:{}", self.epoch, self.subscription.scope());
        Some(Part::Own(Message::tick(id, seq, now)))
    }

    /// Notes what a shared part came to: a step that says anything ends with a tick.
    pub fn note(&mut self, shared: Option<&Message>) {
        self.open |= shared.is_some();
    }

    /// The frames that come next in the step under way, at most so many.
    pub fn ahead(&self, most: usize) -> Vec<Frame> {
        let Some(step) = &self.step else {
            return Vec::new();
        };
        let deltas = step.rest.deltas.iter();
        let deltas = deltas.map(|(place, since)| (*place, Some(*since)));
        let snapshots = step.rest.snapshots.iter().map(|place| (*place, None));
        let next = deltas.chain(snapshots).take(most);
        next.filter_map(|(place, since)| self.frame(place, since))
            .collect()
    }

    /// How long until a client that sees nothing change must see a tick; zero if it is due.
    pub fn tick_due_in(&self, now: Timestamp) -> Duration {
        let Some(ticked_at) = self.ticked_at else {
            return Duration::ZERO;
        };
        // A clock that was put back must not silence a stream.
        let since = now.duration_since(ticked_at).max(SignedDuration::ZERO);
        Duration::try_from(TICK_AT_LEAST - since).unwrap_or_default()
    }

    /// A whole step at once, for an answer that is made in one piece. Not for the event loop.
    pub fn advance(&mut self, view: &Arc<View>, frames: &Frames, now: Timestamp) -> Vec<Message> {
        let mut messages = Vec::new();
        self.begin(view, now);
        while let Some(part) = self.next(now) {
            match part {
                Part::Own(message) => messages.push(message),
                Part::Shared(frame) => {
                    let message = frames.encoded(&frame);
                    self.note(message.as_ref());
                    messages.extend(message);
                }
            }
        }
        messages
    }

    fn frame(&self, place: Place, since: Option<Seq>) -> Option<Frame> {
        let (layer, topic) = self.subscription.at(place);
        Some(Frame {
            view: Arc::clone(&self.step.as_ref()?.view),
            viewer: self.viewer,
            layer,
            topic,
            since,
        })
    }

    fn tiles(&self, view: &View) -> Option<Message> {
        let Some(since) = self.tiles_at else {
            let (layers, _) = self.subscription.dirty_tiles(view, &self.viewer, Seq(0));
            return (!layers.is_empty()).then(|| Message::tiles(&layers, None));
        };
        if view.seq() == since {
            return None;
        }
        let (layers, tiles) = self.subscription.dirty_tiles(view, &self.viewer, since);
        let some = tiles.as_ref().is_none_or(|tiles| !tiles.is_empty());
        some.then(|| Message::tiles(&layers, tiles.as_deref()))
    }
}

#[cfg(test)]
mod tests;
