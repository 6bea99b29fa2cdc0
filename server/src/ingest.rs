//! From the bytes of a feed to durable events: the one way in, for posts, polls, imports and the demo.

use crate::adaptor::{self, Decoded, Feed, Input, Reject, Unreadable};
use crate::engine::{AppendError, Engine};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bodies larger than this are decoded off the event loop.
const SMALL: usize = 32 << 10;
/// The most rejects that a receipt lists; all are counted.
const LISTED: usize = 1_000;

/// What a feed is told.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// Events that are now durable.
    pub accepted: usize,
    /// Events that were already known.
    pub duplicates: usize,
    /// A position in the log at or after all of them.
    pub seq: u64,
    /// How durable: `local` is one machine.
    pub durable: &'static str,
    /// Records that were refused, each with why.
    pub rejected: Vec<Refusal>,
    /// How many were refused, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_total: Option<usize>,
    /// Properties that the layer has no field for; they were left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// A record that was refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    /// Its position in the body.
    pub index: usize,
    /// Why.
    pub reason: String,
    /// Where in the body, as a JSON pointer.
    pub pointer: String,
}

/// Why a body was not taken at all. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not what its media type says.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It could not be made durable.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The decoder failed on it; the body is refused and the feed goes on.
    #[error("the adaptor failed on this body")]
    Poison,
}

/// Decodes a body and makes its events durable.
pub async fn ingest(
    engine: &Engine,
    feed: &Feed,
    body: bytes::Bytes,
    content_type: Option<String>,
) -> Result<Receipt, IngestError> {
    let admitted = engine.admit(body.len())?;
    let decoded = decode(engine, feed, body, content_type).await?;
    engine.note_rejects(&feed.name, decoded.rejects.len());
    let rejected_total = decoded.rejects.len();
    let rejects = decoded.rejects.into_iter().take(LISTED);
    let events = decoded.events.into_iter().map(|accepted| accepted.event);
    let appended = engine.append(events.collect(), admitted).await?;
    Ok(Receipt {
        accepted: appended.accepted,
        duplicates: appended.duplicates,
        seq: appended.seq.0,
        durable: "local",
        rejected: rejects.map(refusal).collect(),
        rejected_total: (rejected_total > LISTED).then_some(rejected_total),
        ignored: decoded.ignored.into_iter().collect(),
    })
}

fn refusal(reject: Reject) -> Refusal {
    Refusal {
        index: reject.index,
        reason: reject.reason,
        pointer: reject.pointer,
    }
}

/// A panic in a decoder costs one body, never the feed.
async fn decode(
    engine: &Engine,
    feed: &Feed,
    body: bytes::Bytes,
    content_type: Option<String>,
) -> Result<Decoded, IngestError> {
    let catalog = Arc::clone(engine.catalog());
    let feed = feed.clone();
    let small = body.len() <= SMALL;
    let work = move || {
        let input = Input {
            body: &body,
            content_type: content_type.as_deref(),
        };
        adaptor::decode(&feed, &catalog, &input)
    };
    if small {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        return Ok(caught.map_err(|_| IngestError::Poison)??);
    }
    let decoded = tokio::task::spawn_blocking(work).await;
    Ok(decoded.map_err(|_| IngestError::Poison)??)
}
