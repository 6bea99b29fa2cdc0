//! Request bodies: read whole, bounded in bytes and in time.

use super::refusals;
use crate::problem::{Problem, echo};
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long a client may take for its whole body.
const DEADLINE: Duration = Duration::from_secs(30);

/// Reads a body of at most `limit` bytes. A compressed body is refused rather than inflated.
pub async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<Bytes, Problem> {
    read_counted(request, payload, limit, |_| Ok(())).await
}

/// As [`read`], of a body that says that it is JSON.
pub(super) async fn read_json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<T, Problem> {
    refusals::expect_json(request)?;
    let body = read(request, payload, limit).await?;
    serde_json::from_slice(&body).map_err(|error| Problem::UnreadableBody {
        reason: echo(&error.to_string()),
    })
}

/// As [`read`]; each piece is kept only if `admit` has room for its bytes.
pub(super) async fn read_counted(
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
    mut admit: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Bytes, Problem> {
    let too_large = || Problem::BodyTooLarge {
        limit: format!("{limit} bytes"),
    };
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let coding = header(CONTENT_ENCODING).map(str::trim);
    if let Some(coding) = coding.filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(Problem::UnsupportedMediaType {
            found: echo(&format!("Content-Encoding {coding}")),
            expected: "a body without content coding".into(),
        });
    }
    let announced = header(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let reading = async {
        let mut payload = payload;
        let mut body = BytesMut::with_capacity(announced.unwrap_or(0).min(limit));
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| refusals::body_problem(&error, limit))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            admit(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(DEADLINE, reading)
        .await
        .unwrap_or_else(|_| {
            Err(Problem::UnreadableBody {
                reason: format!("it did not arrive within {} s", DEADLINE.as_secs()),
            })
        })
}
