//! The views that steps are of, kept for a while so that all parts of a step are of one view.
//!
//! Promises: a view is kept for [`KEPT`] after the last step to it began, unless there are more than [`MOST`]:
//! then the oldest goes, and steps to it go on to a newer one. What has been kept for so long goes when the next step of any stream begins, and all of it when the last stream ends; and one view
//! serves all steps to it. A stream itself keeps none: one that is never asked again must not hold on to an
//! old picture.

use crate::metrics;
use atalaya_tiles::View;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a view is kept: the longest that a step may take.
const KEPT: Duration = Duration::from_secs(5);

/// The most views that are kept: two for each tick of that time as it is by default, and some.
const MOST: usize = 64;

/// The latest views, the newest last, each with the uptime at which a step to it last began.
#[derive(Debug, Default)]
pub struct Views(Mutex<VecDeque<(Duration, Arc<View>)>>);

impl Views {
    /// Keeps the view of the moment, and lets those go that have been kept for long enough.
    pub fn keep(&self, view: &Arc<View>, uptime: Duration) {
        let mut kept = self.kept();
        match kept.back_mut() {
            Some((at, newest)) if Arc::ptr_eq(newest, view) => *at = uptime,
            _ => kept.push_back((uptime, Arc::clone(view))),
        }
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
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(Duration, Arc<View>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
