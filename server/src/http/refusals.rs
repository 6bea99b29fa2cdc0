//! What the web framework refuses by itself, turned into problems.
//!
//! What no handler here has seen is a bare status; [`security::around`](super::security::around) puts the
//! problem in its place that [`of_status`] names, so that no path answers an error in another shape.

use super::params::Params;
use crate::adaptor::is_utf_8;
use crate::problem::{Problem, echo};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse};
use std::future::{Ready, ready};

/// What commands and pages send.
const JSON: &str = "application/json";

/// The default service of the app: 404.
pub(super) fn no_such_path() -> Ready<Result<HttpResponse, Problem>> {
    ready(Err(Problem::NoSuchPath {}))
}

/// The error of a body that is read as it comes.
pub(super) fn body_problem(error: &PayloadError, limit_bytes: usize) -> Problem {
    if matches!(error, PayloadError::Overflow) {
        return too_large(limit_bytes);
    }
    Problem::UnreadableBody {
        reason: "it ended early or its coding is broken".into(),
    }
}

/// The problem that stands for a bare status, for refusals that no handler of ours has seen; none
/// where a problem would change the status.
pub(super) fn of_status(status: StatusCode, allowed: Option<&str>) -> Option<Problem> {
    Some(match status {
        StatusCode::BAD_REQUEST => Problem::BadRequest {},
        StatusCode::UNAUTHORIZED => Problem::Unauthorised {},
        StatusCode::NOT_FOUND => Problem::NoSuchPath {},
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed {
            allowed: allowed.unwrap_or("other methods").into(),
        },
        StatusCode::NOT_ACCEPTABLE => Problem::NotAcceptable {
            offered: "other media types".into(),
        },
        StatusCode::PAYLOAD_TOO_LARGE => Problem::BodyTooLarge {
            limit: "this path takes".into(),
        },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::UnsupportedMediaType {
            found: "The media type of this request".into(),
            expected: "another".into(),
        },
        StatusCode::INTERNAL_SERVER_ERROR => Problem::internal("a bare status 500"),
        _ => return None,
    })
}

fn too_large(limit_bytes: usize) -> Problem {
    Problem::BodyTooLarge {
        limit: format!("{limit_bytes} bytes"),
    }
}

/// The media type of a request's body; empty where none is named.
pub(super) fn media_type(request: &HttpRequest) -> &str {
    let named = request.headers().get(header::CONTENT_TYPE);
    named.map_or("", |named| named.to_str().unwrap_or("(not ASCII)"))
}

/// A body in a media type that is not read here.
pub(super) fn unread(request: &HttpRequest, expected: &str) -> Problem {
    let found = media_type(request);
    Problem::UnsupportedMediaType {
        found: if found.trim().is_empty() {
            "Content-Type (none)".into()
        } else {
            echo(&format!("Content-Type {found}"))
        },
        expected: if is_utf_8(found) {
            expected.into()
        } else {
            format!("{expected} in UTF-8")
        },
    }
}

/// Refuses a body that does not say that it is JSON.
pub(super) fn expect_json(request: &HttpRequest) -> Result<(), Problem> {
    let named = media_type(request);
    let essence = named.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(JSON) && is_utf_8(named) {
        return Ok(());
    }
    Err(unread(request, JSON))
}

/// Refuses every key in the query, for paths that are open to all and take none.
pub(super) async fn no_query(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    Params::parse(request.request(), &[])?;
    next.call(request).await
}

/// Refuses a body that does not say that it is JSON, for paths that read it themselves.
pub(super) async fn json_alone(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    expect_json(request.request())?;
    next.call(request).await
}
