//! Around every request: an id, the access log, and headers that keep pages to themselves.
//!
//! What is at hand already, such as a tile that is kept, is answered here at once, without the way through the
//! routes. Promises: every answer carries [`REQUEST_ID`] and the headers below unless its handler set them;
//! every refusal is a problem, also those that the web framework makes by itself; the log has the
//! route's pattern, never the path or the query, since those may hold a plate or a token.

use super::refusals::of_status;
use super::site::Site;
use super::tiles;
use super::unread::{self, Held};
use crate::clock::{Clock, monotonic};
use crate::metrics;
use crate::request;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use std::fmt;
use std::sync::LazyLock;
use std::time::Instant;
use tracing::Level;
use uuid::Uuid;

/// The header that names the request, as problems and the log do.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What pages may load: their own files, a map worker, pictures made on the spot.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; \
    connect-src 'self'; worker-src 'self' blob:; media-src 'self' blob:; manifest-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What an answer carries unless its handler says otherwise.
const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

const HSTS: (&str, &str) = ("strict-transport-security", "max-age=31536000");

/// [`HEADERS`] and [`HSTS`] behind them, read once.
static DRESS: LazyLock<Vec<(HeaderName, HeaderValue)>> = LazyLock::new(|| {
    let all = HEADERS.into_iter().chain([HSTS]);
    all.map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    })
    .collect()
});

/// The middleware; the app factory wraps it around everything with
/// [`from_fn`](actix_web::middleware::from_fn), outermost.
pub async fn around(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let clock = request.app_data::<web::Data<Clock>>();
    let id = clock.map_or_else(Uuid::new_v4, |clock| clock.new_id());
    let https = request
        .app_data::<web::Data<Site>>()
        .is_some_and(|site| site.https());
    let asked = Asked {
        id,
        https,
        started: monotonic(),
    };
    let body = unread::hold(&mut request);
    if body.is_none() {
        let at_once = request::at_once_under(id, || {
            let mut answer = tiles::kept(request.request())?;
            asked.finish(request.request(), &mut answer);
            Some(answer)
        });
        if let Some(answer) = at_once {
            return Ok(request.into_response(answer));
        }
    }
    request::under(id, asked.answer(request, body, next)).await
}

/// A request that is being answered.
struct Asked {
    id: Uuid,
    https: bool,
    started: Instant,
}

impl Asked {
    async fn answer(
        &self,
        request: ServiceRequest,
        body: Option<Held>,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let method = request.method().clone();
        match next.call(request).await {
            Ok(response) => {
                let mut response = as_problem(response.map_into_boxed_body());
                let request = response.request().clone();
                self.finish(&request, response.response_mut());
                Ok(unread::held_by(body, response))
            }
            Err(error) => {
                let mut response = HttpResponse::from_error(error);
                self.dress(&mut response);
                let status = response.status().as_u16();
                count(status, self.started);
                tracing::info!(http.method = %method, http.status = status, "{method} {status}");
                let response = unread::held(body, response);
                Err(InternalError::from_response("refused", response).into())
            }
        }
    }

    /// Dresses an answer, counts and logs it.
    fn finish(&self, request: &HttpRequest, response: &mut HttpResponse) {
        self.dress(response);
        log(request, response.status(), self.started);
    }

    fn dress(&self, response: &mut HttpResponse) {
        let status = response.status();
        let headers = response.headers_mut();
        if status != StatusCode::NOT_MODIFIED {
            keep_out_of_caches(headers);
        }
        dress(headers, status, self.id, self.https);
    }
}

/// Puts a problem where the framework refused by itself. Pages that refuse in HTML stay.
fn as_problem(response: ServiceResponse) -> ServiceResponse {
    let status = response.status();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !plain || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let allowed = response.headers().get(header::ALLOW);
    let allowed = allowed.and_then(|value| value.to_str().ok());
    let Some(problem) = of_status(status, allowed) else {
        return response;
    };
    response.into_response(HttpResponse::from_error(problem))
}

/// Adds the headers that the handler has not set. A 304 is no document: what it confirms came with them.
fn dress(headers: &mut HeaderMap, status: StatusCode, id: Uuid, https: bool) {
    if status != StatusCode::NOT_MODIFIED {
        let all = DRESS.len() - usize::from(!https);
        for (name, value) in DRESS.iter().take(all) {
            if !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
    let mut text = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
        headers.insert(REQUEST_ID.clone(), id);
    }
}

/// What a handler lets caches keep it says itself. A 304 speaks of an answer that was given before.
fn keep_out_of_caches(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CACHE_CONTROL) {
        let never = HeaderValue::from_static("no-store");
        headers.insert(header::CACHE_CONTROL, never);
    }
}

fn log(request: &HttpRequest, status: StatusCode, started: Instant) {
    let (method, status) = (request.method(), status.as_u16());
    count(status, started);
    // What is not logged is not worked out either.
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(
                $level,
                http.method = %method,
                http.route = %Route(request),
                http.status = status,
                principal.id = request::principal().as_ref().map(|who| who.id.as_str()),
                elapsed_ms = monotonic().duration_since(started).as_secs_f64() * 1e3,
                "{method} {} {status}",
                Route(request)
            )
        };
    }
    if status < 400 && request::is_frequent() {
        line!(Level::DEBUG);
    } else {
        line!(Level::INFO);
    }
}

/// The pattern that a request matched.
struct Route<'r>(&'r HttpRequest);

impl fmt::Display for Route<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.match_pattern().as_deref().unwrap_or("-"))
    }
}

fn count(status: u16, started: Instant) {
    let class = match status {
        ..200 => &metrics::HTTP_1XX,
        200..300 => &metrics::HTTP_2XX,
        300..400 => &metrics::HTTP_3XX,
        400..500 => &metrics::HTTP_4XX,
        500.. => &metrics::HTTP_5XX,
    };
    class.record(monotonic().duration_since(started));
}

#[cfg(test)]
mod tests;
