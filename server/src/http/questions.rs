//! Questions that take work to answer: computed off the event loop, so many at a time.
//!
//! Promises that nothing a reader asks holds up other connections, and that whoever asks too much at
//! once waits a little and is then told so. The place is held by the work itself, not by the request:
//! a client that goes away frees nothing before the work is done.

use crate::metrics;
use crate::problem::Problem;
use actix_web::web;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a question waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// The places there are.
#[derive(Debug)]
pub struct Questions {
    places: Arc<Semaphore>,
    limit: usize,
    patience: Duration,
}

impl Questions {
    /// So many at a time.
    pub fn new(limit: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limit.max(1))),
            limit: limit.max(1),
            patience: PATIENCE,
        }
    }

    /// Does the work when it is its turn.
    pub async fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.places).acquire_owned();
        let Ok(Ok(place)) = tokio::time::timeout(self.patience, place).await else {
            metrics::QUESTIONS_REFUSED.increment(1);
            return Err(Problem::Overloaded {
                what: "places for questions".into(),
                limit: self.limit,
                retry_after_s: 1,
            });
        };
        let answered = web::block(move || {
            let _place = place;
            work()
        });
        answered.await.map_err(Problem::internal)
    }
}

#[cfg(test)]
mod tests;
