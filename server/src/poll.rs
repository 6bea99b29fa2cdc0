//! Polling feeds: fetched at an interval, through the same way in as a post.
//!
//! Promises: each feed has its own task, so that a slow upstream delays no other (invariant 10), and one
//! fetch at a time; an upstream that fails is asked less and less often, and not before the time that it
//! names itself; how a feed does, and why it fails, is in `/feeds`. An address may hold a secret: it is
//! never logged and never shown.

mod fetch;
mod schedule;

use crate::config::FeedConfig;
use crate::engine::Engine;
use crate::http::App;
use crate::ingest::{Body, Receipt, ingest, ingest_everything};
use crate::task::{self, Pauses};
use actix_web::web;
use fetch::{Fetched, PollError, Poller};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tracing::{info, warn};

/// Ends the polling when it is dropped, fetches in flight included.
#[derive(Debug)]
pub struct Polls(#[expect(dead_code, reason = "the tasks notice its end")] watch::Sender<()>);

/// Starts a task for every feed that has an address.
pub fn start(app: &web::Data<App>) -> Polls {
    let (polls, ended) = watch::channel(());
    let polled = app.engine.feeds();
    for (config, _) in polled.filter(|(config, _)| config.url.is_some()) {
        let (engine, config) = (Arc::clone(&app.engine), config.clone());
        let limit = app.config.limits.body_bytes;
        let ended = ended.clone();
        let of = config.name.clone();
        task::spawn_lasting("poll", of, Pauses::default(), move || {
            let poll = Poll {
                engine: Arc::clone(&engine),
                poller: Poller::new(&config, limit),
                config: config.clone(),
            };
            let mut ended = ended.clone();
            async move {
                tokio::select! {
                    () = poll.run() => {}
                    _ = ended.changed() => {}
                }
            }
        });
    }
    Polls(polls)
}

struct Poll {
    engine: Arc<Engine>,
    config: FeedConfig,
    poller: Poller,
}

impl Poll {
    async fn run(mut self) {
        let every = Duration::from_secs(self.config.every_s);
        let mut failures: u32 = 0;
        loop {
            let mut asked_for = None;
            match self.turn().await {
                Ok(()) => failures = 0,
                Err(cause) => {
                    failures = failures.saturating_add(1);
                    asked_for = cause.retry_after();
                    self.note_failure(failures, &cause);
                }
            }
            tokio::time::sleep(schedule::pause(every, failures, asked_for)).await;
        }
    }

    fn note_failure(&self, failures: u32, cause: &PollError) {
        let feed = &self.config.name;
        self.engine.meters(feed).polls_failed.increment(1);
        warn!(feed.id = %feed, failures, %cause, "feed {feed} cannot be fetched");
        self.outcome(Err(cause.to_string()));
    }

    fn outcome(&self, outcome: Result<(), String>) {
        let feed = self.config.name.as_str().into();
        self.engine.note_outcome(&feed, outcome);
    }

    /// One fetch, and what follows from it.
    async fn turn(&mut self) -> Result<(), PollError> {
        let fetched = self.poller.fetch(self.engine.clock()).await?;
        let Fetched::Body { body, content_type } = fetched else {
            let feed = &self.config.name;
            self.engine.note_heard(&feed.as_str().into(), 0);
            self.engine.meters(feed).polls_unchanged.increment(1);
            self.outcome(Ok(()));
            return Ok(());
        };
        let receipt = self.take(body, content_type).await?;
        let feed = &self.config.name;
        self.engine.meters(feed).polls_taken.increment(1);
        if let Some(kept) = &receipt.kept {
            // It is asked for again as a whole, so that it is judged again.
            self.poller.forget();
            warn!(feed.id = %feed, %kept, "feed {feed} may not be whole");
        } else {
            // Only what is durable is not asked for again.
            self.poller.remember();
            self.outcome(Ok(()));
        }
        info!(
            feed.id = %feed, accepted = receipt.accepted, rejected = receipt.rejected.len(),
            withdrawn = receipt.withdrawn, "feed {feed} fetched"
        );
        Ok(())
    }

    async fn take(
        &self,
        body: bytes::Bytes,
        content_type: Option<String>,
    ) -> Result<Receipt, PollError> {
        let feed = self.engine.feed(&self.config.name);
        let (_, feed) = feed.ok_or(PollError::NoFeed)?;
        let body = Body::whole(body, content_type);
        let receipt = match self.config.fetched_may_withdraw() {
            Some(share) => ingest_everything(&self.engine, feed, body, share).await,
            None => ingest(&self.engine, feed, body).await,
        };
        Ok(receipt?)
    }
}
