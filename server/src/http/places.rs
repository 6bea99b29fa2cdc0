//! Places for work that takes a while: done off the event loop, so many at a time.
//!
//! Promises that nothing a reader asks holds up other connections, and that whoever asks while all places
//! are taken waits a little and is then refused with 503, and counted. A place is held by the work itself,
//! not by the request: a client that goes away frees nothing before the work is done. Questions, tiles
//! and the past have places each of their own, so that one does not starve another.

use crate::problem::Problem;
use actix_web::web;
use metrics::Counter;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long somebody waits for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the places are for, and what is said and counted when they are all taken.
#[derive(Debug, Clone, Copy)]
pub struct Purpose {
    /// In words, for whoever is refused.
    pub what: &'static str,
    /// When to come back, in seconds.
    pub retry_after_s: u32,
    /// Counts who is refused.
    pub refused: &'static LazyLock<Counter>,
}

/// The places there are for one kind of work.
#[derive(Debug, Clone)]
pub struct WorkPlaces {
    free: Arc<Semaphore>,
    limit: usize,
    patience: Duration,
    purpose: Purpose,
}

impl WorkPlaces {
    /// So many at a time, and one at least.
    pub fn new(limit: usize, purpose: Purpose) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limit.max(1))),
            limit: limit.max(1),
            patience: PATIENCE,
            purpose,
        }
    }

    /// Does the work when it is its turn.
    pub async fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = self.place().await?;
        let answered = web::block(move || {
            let _place = place;
            work()
        });
        answered.await.map_err(Problem::internal)
    }

    /// No place at all, and nobody waits.
    #[cfg(test)]
    pub(super) fn none(purpose: Purpose) -> Self {
        Self {
            free: Arc::new(Semaphore::new(0)),
            limit: 0,
            patience: Duration::ZERO,
            purpose,
        }
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.limit.saturating_sub(self.free.available_permits())
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.free).acquire_owned();
        if let Ok(Ok(place)) = tokio::time::timeout(self.patience, place).await {
            return Ok(place);
        }
        self.purpose.refused.increment(1);
        Err(Problem::Overloaded {
            what: self.purpose.what.into(),
            limit: self.limit,
            retry_after_s: self.purpose.retry_after_s,
        })
    }
}

#[cfg(test)]
mod tests;
