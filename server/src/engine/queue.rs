//! The queue before the writer: bounded, and fair between feeds.
//!
//! Requests stand in lanes, one a feed, and those of a lane leave in the order they came. Between lanes
//! it is start-time fair queueing (Goyal, Vin and Cheng, 1996): a request may start where the one before
//! it in its lane ended, or now, if the lane was idle; the earliest start leaves first. So a feed that
//! floods waits behind itself, and whoever comes seldom waits for what is being written and no more.
//!
//! Of the places, a lane may hold as many as are left to the others: alone it gets half of them, and
//! there is always room for one that comes. Refuses what has no place; whatever was taken leaves, also
//! after the queue is closed.

use atalaya_tiles::FeedName;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whose requests keep their order; `None` for those that no feed made.
pub(crate) type Lane = Option<FeedName>;

/// A queue of so many places: the end that is filled, and the end that is emptied.
pub(crate) fn queue<T>(places: usize) -> (Intake<T>, Outlet<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            waiting: BTreeMap::new(),
            lanes: HashMap::new(),
            now: 0,
            arrivals: 0,
            closed: false,
        }),
        changed: Condvar::new(),
        places,
    });
    (Intake(Arc::clone(&shared)), Outlet(shared))
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// There is no place for it.
    Full,
    /// Nobody empties the queue any more.
    Ended,
}

/// What came of waiting for a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<T> {
    /// Here it is.
    Request(T),
    /// None came in time.
    None,
    /// None will come.
    Closed,
}

/// The end that is filled. Dropping it closes the queue.
#[derive(Debug)]
pub(crate) struct Intake<T>(Arc<Shared<T>>);

/// The end that is emptied. Dropping it drops what waits.
#[derive(Debug)]
pub(crate) struct Outlet<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    places: usize,
}

#[derive(Debug)]
struct State<T> {
    /// By start, then by arrival.
    waiting: BTreeMap<(u64, u64), Place<T>>,
    /// Lanes that wait, or that have had more than their share.
    lanes: HashMap<Lane, Share>,
    /// The start of the request that left last.
    now: u64,
    arrivals: u64,
    /// Whether one of the ends is gone.
    closed: bool,
}

#[derive(Debug)]
struct Place<T> {
    lane: Lane,
    cost: u64,
    request: T,
}

/// What a lane has had and has waiting.
#[derive(Debug, Default)]
struct Share {
    /// Where its last request ends.
    end: u64,
    /// How many of its requests wait.
    waiting: usize,
}

impl<T> Intake<T> {
    /// Puts a request at the end of its lane. Its cost is what the writer has to do for it.
    pub(crate) fn send(&self, lane: Lane, cost: usize, request: T) -> Result<(), NotTaken> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(NotTaken::Ended);
        }
        let free = self.0.places.saturating_sub(state.waiting.len());
        let held = state.lanes.get(&lane).map_or(0, |lane| lane.waiting);
        if held >= free {
            return Err(NotTaken::Full);
        }
        state.put(lane, cost.max(1) as u64, request);
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl<T> Drop for Intake<T> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl<T> Outlet<T> {
    /// The next request, for which it waits a while.
    pub(crate) fn next(&self, patience: Duration) -> Next<T> {
        let mut state = self.0.lock();
        if state.waiting.is_empty() {
            // What was taken is done and nobody waits: no lane is ahead of another.
            state.lanes.clear();
            state.now = 0;
        }
        let idle = |state: &mut State<T>| state.waiting.is_empty() && !state.closed;
        let waited = self.0.changed.wait_timeout_while(state, patience, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match state.take(u64::MAX) {
            Some(request) => Next::Request(request),
            None if state.closed => Next::Closed,
            None => Next::None,
        }
    }

    /// The next request, if there is one and it costs no more than this.
    pub(crate) fn next_within(&self, cost: usize) -> Option<T> {
        self.0.lock().take(cost as u64)
    }
}

impl<T> Drop for Outlet<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        drop(dropped);
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn put(&mut self, lane: Lane, cost: u64, request: T) {
        let standing = self.lanes.entry(lane.clone()).or_default();
        let start = standing.end.max(self.now);
        standing.end = start.saturating_add(cost);
        standing.waiting += 1;
        self.arrivals += 1;
        let place = Place {
            lane,
            cost,
            request,
        };
        self.waiting.insert((start, self.arrivals), place);
    }

    fn take(&mut self, most: u64) -> Option<T> {
        let first = self.waiting.first_entry()?;
        if first.get().cost > most {
            return None;
        }
        let ((start, _), place) = first.remove_entry();
        self.now = start;
        if let Some(standing) = self.lanes.get_mut(&place.lane) {
            standing.waiting -= 1;
        }
        self.lanes
            .retain(|_, lane| lane.waiting > 0 || lane.end > start);
        Some(place.request)
    }
}

#[cfg(test)]
mod tests;
