//! One fetch: a conditional GET, bounded in time, in bytes and in redirects.
//!
//! What the upstream says of a body (`ETag`, `Last-Modified`) is sent back with the next request once the
//! body has been taken, so that what has not changed is not sent again. No error names the address,
//! since it may hold a secret; for the same reason no `Referer` is sent, and no redirect leads from TLS
//! to none.

use super::schedule;
use crate::adaptor::Unreadable;
use crate::clock::Clock;
use crate::config::FeedConfig;
use crate::ingest::IngestError;
use crate::upstream;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use reqwest::header::{
    CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode};
use std::error::Error;
use std::time::Duration;

/// How long a fetch may take, its body included.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a fetch brought nothing that could be used. In words that anybody may read: nothing of the
/// address, nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum PollError {
    #[error("the environment has no {0}")]
    NoAddress(String),
    #[error("the feed is no longer configured")]
    NoFeed,
    #[error("the request failed: {0}")]
    Request(String),
    #[error("the answer is {status}")]
    Status {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer has no body")]
    Empty,
    #[error("the body cannot be used: {0}")]
    Unreadable(String),
    #[error("the body cannot be taken: {0}")]
    Ingest(IngestError),
}

impl PollError {
    /// How long the upstream asked us to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::NoAddress(_)
            | Self::NoFeed
            | Self::Request(_)
            | Self::TooLarge(_)
            | Self::Empty
            | Self::Unreadable(_)
            | Self::Ingest(_) => None,
        }
    }
}

impl From<reqwest::Error> for PollError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        // The outermost says what was tried, the innermost what was in the way.
        let inmost = cause.to_string();
        let text = error.to_string();
        Self::Request(if text == inmost {
            text
        } else {
            format!("{text}: {inmost}")
        })
    }
}

impl From<IngestError> for PollError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Unreadable(unreadable) => Self::from(&unreadable),
            other @ (IngestError::Append(_) | IngestError::Poison) => Self::Ingest(other),
        }
    }
}

impl From<&Unreadable> for PollError {
    fn from(unreadable: &Unreadable) -> Self {
        Self::Unreadable(unreadable.in_general())
    }
}

/// What a fetch brought.
#[derive(Debug)]
pub(super) enum Fetched {
    /// The same as last time.
    Unchanged,
    /// A body, decompressed.
    Body {
        body: Bytes,
        content_type: Option<String>,
    },
}

/// What an upstream says of a body, to be asked with for the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    fn of(response: &Response) -> Self {
        let header = |name: HeaderName| response.headers().get(name).cloned();
        Self {
            etag: header(ETAG),
            last_modified: header(LAST_MODIFIED),
        }
    }
}

/// Fetches one feed, again and again.
pub(super) struct Poller {
    url: String,
    limit: usize,
    client: Option<Client>,
    /// Of the last body that was taken.
    known: Validators,
    /// Of the last body.
    latest: Validators,
}

impl Poller {
    pub(super) fn new(config: &FeedConfig, limit: usize) -> Self {
        Self {
            url: config.url.clone().unwrap_or_default(),
            limit,
            client: None,
            known: Validators::default(),
            latest: Validators::default(),
        }
    }

    /// The last body was taken: it need not come again.
    pub(super) fn remember(&mut self) {
        self.known = std::mem::take(&mut self.latest);
    }

    /// The next body must come, whatever was taken before.
    pub(super) fn forget(&mut self) {
        self.known = Validators::default();
    }

    /// Asks for the body, unless it is still the one that was taken last.
    pub(super) async fn fetch(&mut self, clock: &Clock) -> Result<Fetched, PollError> {
        let mut request = self.client()?.get(self.address()?);
        if let Some(etag) = &self.known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &self.known.last_modified {
            request = request.header(IF_MODIFIED_SINCE, last_modified);
        }
        let response = request.send().await?;
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && self.known != Validators::default() {
            return Ok(Fetched::Unchanged);
        }
        let header = |name: HeaderName| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        if status != StatusCode::OK {
            let asked_for = header(RETRY_AFTER);
            let retry_after = asked_for.and_then(|text| schedule::retry_after(&text, clock.now()));
            return Err(PollError::Status {
                status,
                retry_after,
            });
        }
        self.latest = Validators::of(&response);
        let content_type = header(CONTENT_TYPE).filter(|sent| !sent.trim().is_empty());
        let body = self.body(response).await?;
        if body.trim_ascii().is_empty() {
            return Err(PollError::Empty);
        }
        Ok(Fetched::Body { body, content_type })
    }

    fn client(&mut self) -> Result<Client, PollError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = upstream::client(PATIENCE)?;
        Ok(self.client.insert(client).clone())
    }

    fn address(&self) -> Result<String, PollError> {
        match self.url.strip_prefix("env:") {
            None => Ok(self.url.clone()),
            Some(name) => std::env::var(name).map_err(|_| PollError::NoAddress(name.to_owned())),
        }
    }

    async fn body(&self, response: Response) -> Result<Bytes, PollError> {
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
