//! From the bytes of a feed to durable events: the one way in, for posts, polls, imports and the demo.

use crate::adaptor::{self, Decoded, Feed, Input, Reject, Unreadable};
use crate::engine::{Admitted, AppendError, Engine, RollCall};
use crate::metrics;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bodies larger than this are decoded off the event loop.
const SMALL: usize = 32 << 10;

/// What a feed is told.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// Events that are now durable.
    pub accepted: usize,
    /// Events that were already known.
    pub duplicates: usize,
    /// Where the body was taken as all that the feed has: features that it left out, now withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<usize>,
    /// Why features that it left out were kept instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// A position in the log at or after all of them.
    pub seq: u64,
    /// How durable: `local` is one machine.
    pub durable: &'static str,
    /// Records that were refused, each with why.
    pub rejected: Vec<Refusal>,
    /// How many were refused, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_total: Option<usize>,
    /// Properties that the layer has no field for, and kinds of messages that are no records of it, each with
    /// why; they were left out.
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

/// A body to be taken.
#[derive(Debug)]
pub struct Body {
    /// The bytes.
    pub bytes: Bytes,
    /// What they are said to be.
    pub content_type: Option<String>,
    /// Leave for its bytes to wait for the store, where it was given as they came.
    pub admitted: Option<Admitted>,
}

impl Body {
    /// A body that is there whole, and counts from when it is taken.
    pub fn whole(bytes: Bytes, content_type: Option<String>) -> Self {
        Self {
            bytes,
            content_type,
            admitted: None,
        }
    }
}

/// Decodes a body and makes its events durable.
pub async fn ingest(engine: &Engine, feed: &Feed, body: Body) -> Result<Receipt, IngestError> {
    take(engine, feed, body, None).await
}

/// The same for a body that is all that the feed has: what it leaves out is withdrawn, but for more
/// than a share of what the feed holds. Whether anything had to be kept is noted of the feed.
pub async fn ingest_everything(
    engine: &Engine,
    feed: &Feed,
    body: Body,
    withdraw_at_most: f64,
) -> Result<Receipt, IngestError> {
    let receipt = take(engine, feed, body, Some(withdraw_at_most)).await?;
    let meters = engine.meters(feed.name.as_str());
    let withdrawn = receipt.withdrawn.unwrap_or_default();
    meters.withdrawn.increment(withdrawn as u64);
    meters.kept.increment(u64::from(receipt.kept.is_some()));
    engine.note_outcome(&feed.name, receipt.kept.clone().map_or(Ok(()), Err));
    Ok(receipt)
}

async fn take(
    engine: &Engine,
    feed: &Feed,
    body: Body,
    withdraw_at_most: Option<f64>,
) -> Result<Receipt, IngestError> {
    let meters = engine.meters(feed.name.as_str());
    let admitted = match body.admitted {
        Some(admitted) => Ok(admitted),
        None => engine.admit(&feed.name, body.bytes.len()),
    };
    let admitted = admitted.inspect_err(|_| meters.bodies_refused.increment(1))?;
    let decoded = decode(engine, feed, body.bytes, body.content_type).await;
    let decoded = decoded.inspect_err(|_| meters.bodies_refused.increment(1))?;
    let rejected_total = decoded.rejects.len();
    engine.note_heard(&feed.name, rejected_total);
    meters.rejected.increment(rejected_total as u64);
    let listed = decoded.rejects.iter().len();
    if rejected_total > listed {
        metrics::RECEIPTS_SHORTENED.increment(1);
    }
    let roll_call = withdraw_at_most.map(|withdraw_at_most| RollCall {
        feed: feed.name.clone(),
        layer: feed.layer,
        whole: decoded.whole(),
        withdraw_at_most,
    });
    let called = roll_call.is_some();
    let rejects = decoded.rejects.into_kept().into_iter();
    let events = decoded.events.into_iter().map(|accepted| accepted.event);
    let appended = engine
        .append_after(events.collect(), roll_call, admitted)
        .await;
    let appended = appended.inspect_err(|_| meters.bodies_refused.increment(1))?;
    meters.accepted.increment(appended.accepted as u64);
    meters.duplicates.increment(appended.duplicates as u64);
    Ok(Receipt {
        accepted: appended.accepted,
        duplicates: appended.duplicates,
        withdrawn: called.then_some(appended.withdrawn),
        kept: appended.kept.map(|kept| kept.to_string()),
        seq: appended.seq.0,
        durable: "local",
        rejected: rejects.map(refusal).collect(),
        rejected_total: (rejected_total > listed).then_some(rejected_total),
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
    body: Bytes,
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
