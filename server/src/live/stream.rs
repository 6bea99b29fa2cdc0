//! One client's stream: a position, a subscription, and the step from one view to a later one.
//!
//! A step is never materialised (invariant 7): [`Stream::next`] names one part of it after the other,
//! and each is encoded just before it is sent. All parts of a step are of one view, so that a `tick`
//! at its end tells the truth. A client may take its time, the view may not: a step does not keep its
//! view (others do, for a while). Once that is gone the step is laid down, what is not sent yet stays
//! owed with the position that the client has of it, and the next step pays it from a newer view.
//! Nothing here knows of sockets or waits for anything.

use super::frames::{Frame, Frames};
use super::message::Message;
use super::subscription::{Pair, Pairs, Resume, Subscription};
use crate::metrics;
use atalaya_tiles::{Seq, View, Viewer};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// After so long without a tick a client gets one, whatever happens; 3 s is what it may rely on.
const TICK_AT_LEAST: Duration = Duration::from_secs(2);
/// The most pairs that one client may be owed one by one, 16 bytes each. Past it everything comes anew,
/// which takes no room at all: in the order of the subscription.
const MOST_OWED: usize = 4_096;

/// One part of a step.
#[derive(Debug)]
pub enum Part {
    /// A message of this client's own.
    Own(Message),
    /// A frame that others share; there may turn out to be nothing to say.
    Shared(Frame),
}

/// What must be sent of pairs that are not where the stream as a whole is.
#[derive(Debug, Default)]
struct Owed {
    /// Pairs of which the client is at an older position.
    deltas: VecDeque<(Pair, Seq)>,
    /// Pairs of which the client has nothing, here and there.
    snapshots: VecDeque<Pair>,
    /// Further pairs of which it has nothing, one after the other.
    all: Pairs,
}

impl Owed {
    /// How many are remembered one by one.
    fn remembered(&self) -> usize {
        self.deltas.len() + self.snapshots.len()
    }
}

/// A step under way.
#[derive(Debug)]
struct Step {
    view: Weak<View>,
    seq: Seq,
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
    most_owed: usize,
    /// Why everything comes anew, until it is said.
    resync: Option<&'static str>,
    step: Option<Step>,
    /// Whether anything was said that no tick has ended yet.
    open: bool,
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
        let other_scope = |resume: &Resume| {
            let scope = resume.scope.as_deref();
            scope.is_some_and(|scope| scope != subscription.scope())
        };
        let noticed = view.noticed_by(&viewer);
        let (at, resync) = match resume {
            None => (None, None),
            Some(resume) if resume.epoch != epoch => (None, Some("epoch")),
            Some(resume) if other_scope(resume) => (None, Some("scope")),
            // Nothing that it could notice has happened since, however long ago that was.
            Some(resume) if resume.seq == noticed => (Some(view.seq()), None),
            // No tick has told it of such a position: else asking would tell how far the log is beyond what it may know.
            Some(resume) if resume.seq > noticed => (None, Some("behind")),
            Some(resume) if !view.reaches(resume.seq) => (None, Some("behind")),
            Some(resume) => (Some(resume.seq), None),
        };
        Self {
            viewer,
            subscription,
            epoch: epoch.to_owned(),
            at,
            tiles_at: at,
            owed: Owed::default(),
            most_owed: MOST_OWED,
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

    /// Whether the client has nothing yet: it need not wait for a tick.
    pub fn is_new(&self) -> bool {
        self.at.is_none()
    }

    /// Changes what is subscribed; what is new in it comes as snapshots with the next step.
    pub fn change(&mut self, next: Subscription) {
        self.lay_down();
        let had = std::mem::replace(&mut self.subscription, next);
        // The client may have fetched what comes into its sight some ticks ago, when nobody named it.
        if let Some(shown) = self.subscription.viewport()
            && !had.viewport().is_some_and(|before| before.covers(shown))
        {
            self.tiles_at = None;
        }
        let owed = std::mem::take(&mut self.owed);
        if self.at.is_none() {
            return;
        }
        let deltas: HashMap<Pair, Seq> = owed.deltas.into_iter().collect();
        let snapshots: HashSet<Pair> = owed.snapshots.into_iter().collect();
        for pair in self.subscription.pairs() {
            let (layer, topic) = self.subscription.at(pair);
            let Some(before) = had.pair(layer, topic) else {
                self.owed.snapshots.push_back(pair);
                continue;
            };
            if let Some(since) = deltas.get(&before) {
                self.owed.deltas.push_back((pair, *since));
            } else if snapshots.contains(&before) || owed.all.contains(before) {
                self.owed.snapshots.push_back(pair);
            }
            if self.owed.remembered() > self.most_owed {
                break;
            }
        }
        if self.owed.remembered() > self.most_owed {
            // Snapshots of everything replace what the client has of it.
            self.at = None;
            self.owed = Owed::default();
        }
    }

    /// Begins a step to the view, unless one is under way whose view is still there. The answer is the
    /// view of the step, to be held while its parts are taken; none if the view is older than what the
    /// client has.
    pub fn begin(&mut self, view: &Arc<View>, frames: &Frames) -> Option<Arc<View>> {
        if let Some(step) = &self.step {
            if let Some(under_way) = step.view.upgrade() {
                return Some(under_way);
            }
            self.lay_down();
        }
        if self.at.is_some_and(|at| view.seq() < at) {
            return None;
        }
        let oldest = self.owed.deltas.iter().map(|(_, since)| *since);
        if oldest.chain(self.at).any(|seq| !view.reaches(seq)) {
            self.at = None;
            self.tiles_at = None;
            self.resync = Some("behind");
        }
        self.step = Some(Step {
            rest: self.rest(view, frames),
            view: Arc::downgrade(view),
            seq: view.seq(),
            tiles_named: false,
        });
        Some(Arc::clone(view))
    }

    /// What brings the client to the view.
    fn rest(&mut self, view: &Arc<View>, frames: &Frames) -> Owed {
        let owed = std::mem::take(&mut self.owed);
        let everything = || Owed {
            all: self.subscription.pairs(),
            ..Owed::default()
        };
        let Some(at) = self.at else {
            return everything();
        };
        if view.seq() == at {
            return owed;
        }
        let mut rest = owed;
        let elsewhere = rest.deltas.iter().map(|(pair, _)| pair);
        let elsewhere: HashSet<Pair> = elsewhere.chain(&rest.snapshots).copied().collect();
        let changes = frames.changes(view, &self.viewer, at);
        let dirty = self.subscription.among(&changes);
        let dirty = dirty.filter(|pair| !elsewhere.contains(pair) && !rest.all.contains(*pair));
        let room = (self.most_owed + 1).saturating_sub(rest.remembered());
        let dirty: Vec<Pair> = dirty.take(room).collect();
        rest.deltas.extend(dirty.into_iter().map(|pair| (pair, at)));
        if rest.remembered() > self.most_owed {
            self.resync = Some("behind");
            return everything();
        }
        rest
    }

    /// Ends a step before its end: what is not named yet is owed.
    fn lay_down(&mut self) {
        let Some(step) = self.step.take() else {
            return;
        };
        self.at = Some(step.seq);
        if step.tiles_named {
            self.tiles_at = self.at;
        }
        self.owed = step.rest;
    }

    /// The next part of the step under way; the last one is a tick, unless nothing was said and one
    /// came lately, by the uptime; `now` is what the tick tells. Whoever takes a part must send it.
    pub fn next(&mut self, now: Timestamp, uptime: Duration) -> Option<Part> {
        let step = self.step.as_mut()?;
        let view = step.view.upgrade()?;
        if let Some(reason) = self.resync.take() {
            self.open = true;
            count_resync(reason);
            return Some(Part::Own(Message::resync(reason)));
        }
        let owed = step.rest.deltas.pop_front();
        let owed = owed.map(|(pair, since)| (pair, Some(since)));
        let mut next = || {
            step.rest
                .snapshots
                .pop_front()
                .or_else(|| step.rest.all.next())
        };
        let owed = owed.or_else(|| next().map(|pair| (pair, None)));
        if let Some((pair, since)) = owed {
            return Some(Part::Shared(self.frame(&view, pair, since)));
        }
        if !std::mem::replace(&mut step.tiles_named, true)
            && let Some(tiles) = self.tiles(&view)
        {
            return Some(Part::Shared(tiles));
        }
        self.step = None;
        let seq = view.seq();
        self.at = Some(seq);
        self.tiles_at = Some(seq);
        if !std::mem::take(&mut self.open) && !self.tick_due_in(uptime).is_zero() {
            return None;
        }
        self.ticked_at = Some(uptime);
        // The client is told of the last change that it could notice, not of those that it could not.
        let told = view.noticed_by(&self.viewer);
        let id = format!("{}:{told}:{}", self.epoch, self.subscription.scope());
        Some(Part::Own(Message::tick(id, told, now)))
    }

    /// Notes what a shared part came to: a step that says anything ends with a tick.
    pub fn note(&mut self, shared: Option<&Message>) {
        self.open |= shared.is_some();
        if self.tiles_at.is_some() && shared.is_some_and(|shared| shared.names_no_tiles) {
            metrics::LIVE_TILES_UNNAMED.increment(1);
        }
    }

    /// The frames that come next in the step under way, at most so many.
    pub fn ahead(&self, most: usize) -> Vec<Frame> {
        let Some(step) = &self.step else {
            return Vec::new();
        };
        let Some(view) = step.view.upgrade() else {
            return Vec::new();
        };
        let deltas = step.rest.deltas.iter();
        let deltas = deltas.map(|(pair, since)| (*pair, Some(*since)));
        let snapshots = step.rest.snapshots.iter().copied();
        let snapshots = snapshots
            .chain(step.rest.all.clone())
            .map(|pair| (pair, None));
        let next = deltas.chain(snapshots).take(most);
        next.map(|(pair, since)| self.frame(&view, pair, since))
            .collect()
    }

    /// How long until a client that sees nothing change must see a tick; zero if it is due.
    pub fn tick_due_in(&self, uptime: Duration) -> Duration {
        self.ticked_at.map_or(Duration::ZERO, |at| {
            (at + TICK_AT_LEAST).saturating_sub(uptime)
        })
    }

    fn frame(&self, view: &Arc<View>, pair: Pair, since: Option<Seq>) -> Frame {
        let (layer, topic) = self.subscription.at(pair);
        match since {
            Some(since) => Frame::delta(view, self.viewer, (layer, topic), since),
            None => Frame::snapshot(view, self.viewer, layer, topic),
        }
    }

    /// What tells which tiles are dirty, unless none can be.
    fn tiles(&self, view: &Arc<View>) -> Option<Frame> {
        let viewport = self.subscription.viewport()?;
        let noticed = viewport.noticed(view, &self.viewer);
        let known = self.tiles_at.unwrap_or_default();
        (noticed > known).then(|| Frame::tiles(view, self.viewer, viewport, self.tiles_at))
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
