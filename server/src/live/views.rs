//! The views that steps are of, kept for a while so that all parts of a step are of one view.
//!
//! Promises: a view is kept for [`KEPT`] after the last step to it began, unless there are more than
//! [`MOST`]: then the oldest goes, and steps to it go on to a newer one. What has been kept for so long
//! goes when the next step of any stream begins, and all of it when the last stream ends; and one view
//! serves all steps to it. Within a tick all streams that follow step to one view, whatever is
//! published meanwhile: their positions agree, and so they share frames. A stream itself keeps none:
//! one that is never asked again must not hold on to an old picture.

use crate::metrics;
use atalaya_tiles::View;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a view is kept: the longest that a step may take.
const KEPT: Duration = Duration::from_secs(5);

/// The most views that are kept: two for each tick of that time as it is by default, and some.
const MOST: usize = 64;

/// The latest views, the one that a step began to last at the end, each with the uptime of that.
type Kept = VecDeque<(Duration, Arc<View>)>;

/// The views of the moment that streams step to.
#[derive(Debug, Default)]
pub struct Views {
    kept: Mutex<Kept>,
    /// The view of a tick, by its number.
    of_tick: Mutex<Option<(u64, Arc<View>)>>,
}

impl Views {
    /// The view of a tick: what is the newest for whoever asks first, for all.
    pub fn of_tick(&self, tick: u64, newest: impl FnOnce() -> Arc<View>) -> Arc<View> {
        let mut of_tick = lock(&self.of_tick);
        if let Some((of, view)) = &*of_tick
            && *of >= tick
        {
            return Arc::clone(view);
        }
        let view = newest();
        *of_tick = Some((tick, Arc::clone(&view)));
        view
    }

    /// Keeps the view of the moment, and lets those go that have been kept for long enough.
    pub fn keep(&self, view: &Arc<View>, uptime: Duration) {
        let mut kept = lock(&self.kept);
        if let Some(at) = kept.iter().rposition(|(_, one)| Arc::ptr_eq(one, view)) {
            kept.remove(at);
        }
        kept.push_back((uptime, Arc::clone(view)));
        while kept.front().is_some_and(|(at, _)| *at + KEPT <= uptime) {
            kept.pop_front();
        }
        if kept.len() > MOST {
            kept.pop_front();
            metrics::EVICTED_VIEWS.increment(1);
        }
    }

    /// Lets all of them go: there is no stream left.
    pub fn forget(&self) {
        lock(&self.kept).clear();
        *lock(&self.of_tick) = None;
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
