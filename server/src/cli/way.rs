//! The way to the store: through the server that runs on it, else by opening it.
//!
//! It promises that a command does the same either way, and that two processes never write to one
//! store. It refuses a store whose server does not answer.

use super::Failure;
use crate::adaptor::{Adaptor, Feed};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::http::control::socket_path;
use crate::ingest::{Body, Receipt, Refusal, ingest};
use crate::store::{Embedded, Store};
use bytes::Bytes;
use serde::Deserialize;
use std::time::Duration;

/// How long a server may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);

/// The way to the store.
pub(super) enum Way {
    /// Through the control socket of a running server.
    Socket(reqwest::Client),
    /// By an engine of our own.
    Store(Box<Engine>),
}

/// What became of a batch.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub(super) accepted: usize,
    pub(super) duplicates: usize,
    pub(super) rejected: Vec<Refusal>,
}

impl From<Receipt> for Told {
    fn from(receipt: Receipt) -> Self {
        Self {
            accepted: receipt.accepted,
            duplicates: receipt.duplicates,
            rejected: receipt.rejected,
        }
    }
}

impl Way {
    /// The running server if one answers, else the store itself, which is made if there is none.
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        if let Some(client) = server(config).await? {
            return Ok(Self::Socket(client));
        }
        let store = Store::Embedded(Embedded::open(&config.data, config.store.options())?);
        let engine = Engine::start(config, store, &Clock::system())?;
        Ok(Self::Store(Box::new(engine)))
    }

    /// Makes a batch of GeoJSON features durable, as of a feed.
    pub(super) async fn ingest(
        &self,
        layer: &str,
        feed: &str,
        body: Bytes,
    ) -> Result<Told, Failure> {
        match self {
            Self::Socket(client) => {
                let path = format!("/import/{layer}?feed={feed}");
                let answer = send(client.post(local(&path)).body(body)).await?;
                answer.json().await.map_err(|cause| unexpected(&cause))
            }
            Self::Store(engine) => {
                let ix = engine.catalog().layer(layer);
                let ix =
                    ix.ok_or_else(|| Failure::NotThere(format!("there is no layer \"{layer}\"")))?;
                let feed = Feed::new(feed, ix, Adaptor::Geojson);
                let receipt = ingest(engine, &feed, Body::whole(body, None)).await;
                Ok(receipt
                    .map_err(|cause| Failure::Other(cause.to_string()))?
                    .into())
            }
        }
    }

    /// Writes a checkpoint, so that the next start is quick.
    pub(super) async fn checkpoint(&self) -> Result<(), Failure> {
        match self {
            Self::Socket(client) => send(client.post(local("/checkpoint"))).await.map(drop),
            Self::Store(engine) => {
                let done = engine.checkpoint().await;
                done.map_err(|cause| Failure::Other(cause.to_string()))
            }
        }
    }
}

/// Tells a running server, if there is one, to read the basemap again; whether there was one.
pub(super) async fn reload_basemap(config: &Config) -> Result<bool, Failure> {
    match server(config).await? {
        Some(client) => send(client.post(local("/basemap/reload")))
            .await
            .map(|_| true),
        None => Ok(false),
    }
}

/// A client of the server that runs on the store, if one answers.
pub(super) async fn server(config: &Config) -> Result<Option<reqwest::Client>, Failure> {
    let path = socket_path(&config.data);
    if !path.exists() {
        return Ok(None);
    }
    let builder = reqwest::Client::builder()
        .unix_socket(path.as_path())
        .no_proxy();
    let client = builder
        .build()
        .map_err(|cause| Failure::Other(cause.to_string()))?;
    match client.get(local("/status")).timeout(ANSWER).send().await {
        Ok(answer) if answer.status().is_success() => Ok(Some(client)),
        Ok(answer) => Err(Failure::Other(format!(
            "the running server answers {}",
            answer.status()
        ))),
        // A socket that a dead server left behind.
        Err(cause) if cause.is_connect() => Ok(None),
        Err(cause) => Err(unexpected(&cause)),
    }
}

pub(super) fn local(path: &str) -> String {
    format!("http://localhost{path}")
}

pub(super) fn unexpected(cause: &reqwest::Error) -> Failure {
    Failure::Other(format!("the running server: {cause}"))
}

/// Sends, and reads the reason of a refusal.
pub(super) async fn send(request: reqwest::RequestBuilder) -> Result<reqwest::Response, Failure> {
    #[derive(Deserialize)]
    struct Document {
        detail: String,
    }
    let answer = request.send().await.map_err(|cause| unexpected(&cause))?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let document: Result<Document, _> = answer.json().await;
    let reason = document.map_or_else(|_| status.to_string(), |document| document.detail);
    // What means nothing to the server would mean nothing here either.
    if status == reqwest::StatusCode::UNPROCESSABLE_ENTITY {
        return Err(Failure::NotThere(reason));
    }
    Err(Failure::Other(format!(
        "the running server refuses: {reason}"
    )))
}

#[cfg(test)]
pub(super) mod tests;
