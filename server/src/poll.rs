//! Polling feeds: fetched at an interval, with `ETag` and backoff, through the same way in as a post.
//!
//! Each feed has its own task (invariant 10). An address may hold a secret: it is never logged.

use crate::config::FeedConfig;
use crate::engine::Engine;
use crate::http::App;
use crate::ingest::ingest;
use crate::task::{self, Restarts};
use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use reqwest::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// Ends the polling when it is dropped.
#[derive(Debug)]
pub struct Polls(Vec<tokio::task::JoinHandle<()>>);

impl Drop for Polls {
    fn drop(&mut self) {
        for poll in &self.0 {
            poll.abort();
        }
    }
}

/// Starts a task for every feed that has an address.
pub fn start(app: &web::Data<App>) -> Polls {
    let polled = app
        .engine
        .feeds()
        .filter(|(config, _)| config.url.is_some());
    let tasks = polled.map(|(config, _)| {
        let (engine, config) = (Arc::clone(&app.engine), config.clone());
        let limit = app.config.limits.body_bytes;
        task::spawn_lasting("poll", Restarts::default(), move || {
            let poll = Poll {
                engine: Arc::clone(&engine),
                config: config.clone(),
                limit,
                etag: None,
            };
            poll.run()
        })
    });
    Polls(tasks.collect())
}

struct Poll {
    engine: Arc<Engine>,
    config: FeedConfig,
    limit: usize,
    etag: Option<String>,
}

/// Why a fetch brought nothing. Never names the address.
#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error("the environment has no {0}")]
    NoAddress(String),
    #[error("the request failed: {0}")]
    Request(reqwest::Error),
    #[error("the answer is {0}")]
    Status(reqwest::StatusCode),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error(transparent)]
    Ingest(#[from] crate::ingest::IngestError),
}

impl From<reqwest::Error> for PollError {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error.without_url())
    }
}

impl Poll {
    async fn run(mut self) {
        let every = Duration::from_secs(self.config.every_s.max(1));
        let mut failures: u32 = 0;
        loop {
            match self.fetch().await {
                Ok(()) => failures = 0,
                Err(cause) => {
                    failures = failures.saturating_add(1);
                    let feed = &self.config.name;
                    metrics::counter!("atalaya_poll_failures_total", "feed" => feed.clone())
                        .increment(1);
                    warn!(feed.id = %feed, failures, %cause, "feed {feed} cannot be fetched");
                }
            }
            let pause = every.saturating_mul(1 << failures.min(10));
            tokio::time::sleep(if failures == 0 {
                every
            } else {
                pause.min(LONGEST_PAUSE.max(every))
            })
            .await;
        }
    }

    fn address(&self) -> Result<String, PollError> {
        let url = self.config.url.clone().unwrap_or_default();
        match url.strip_prefix("env:") {
            None => Ok(url),
            Some(name) => std::env::var(name).map_err(|_| PollError::NoAddress(name.to_owned())),
        }
    }

    async fn fetch(&mut self) -> Result<(), PollError> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let mut request = client.get(self.address()?);
        if let Some(etag) = &self.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = request.send().await?;
        if response.status() == reqwest::StatusCode::NOT_MODIFIED {
            return Ok(());
        }
        if !response.status().is_success() {
            return Err(PollError::Status(response.status()));
        }
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let (etag, content_type) = (header(ETAG), header(CONTENT_TYPE));
        let body = self.body(response).await?;
        let Some((_, feed)) = self.engine.feed(&self.config.name) else {
            return Ok(());
        };
        let receipt = ingest(&self.engine, feed, body, content_type).await?;
        // Only what is durable is not asked for again.
        self.etag = etag;
        info!(feed.id = %self.config.name, accepted = receipt.accepted, rejected = receipt.rejected.len(), "feed {} fetched", self.config.name);
        Ok(())
    }

    async fn body(&self, response: reqwest::Response) -> Result<Bytes, PollError> {
        let mut chunks = response.bytes_stream();
        let mut body = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            if body.len() + chunk.len() > self.limit {
                return Err(PollError::TooLarge(self.limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}
