//! `/feeds`: where upstream systems post what they saw, and how each of them does.

mod signed;

pub(super) use signed::SignedFeeds;

use super::body::read_counted;
use super::get;
use super::params::Params;
use super::{App, Caller};
use crate::engine::{Admitted, AppendError};
use crate::ingest::{Body, IngestError, ingest, ingest_everything};
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::FeedName;
use bytes::Bytes;
use serde_json::{Value, json};
use signed::Poster;

/// Mounts the feeds: their list, and where each is posted to.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/feeds", list))
        .service(web::resource("/feeds/{feed}").route(web::post().to(post)));
}

/// What tells of every change, to hidden fields as well: for those alone who see all of the layer.
const TELLING: [&str; 4] = [
    "accepted_total",
    "rejected_total",
    "last_changed_at",
    "last_observed_at",
];

/// `GET /feeds`: how every feed does.
pub(super) async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let view = app.engine.view();
    let now = app.engine.clock().now();
    let mut feeds = app.engine.feed_reports(now);
    feeds.retain(|feed| view.open(&caller.viewer, &feed.layer).is_ok());
    let feeds: Vec<Value> = feeds
        .into_iter()
        .map(|feed| {
            let open = view.open(&caller.viewer, &feed.layer);
            let all = open.is_ok_and(|open| open.shows_everything());
            let mut report = json!(if all { feed } else { feed.to_the_minute(now) });
            if !all && let Some(report) = report.as_object_mut() {
                report.retain(|member, _| !TELLING.contains(&member.as_str()));
            }
            report
        })
        .collect();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(json!({ "server_time": now, "feeds": feeds })))
}

/// `POST /feeds/{feed}`: takes what the feed saw. Answers once it is durable.
async fn post(
    request: HttpRequest,
    app: web::Data<App>,
    poster: Poster,
    name: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let Some((config, feed)) = app.engine.feed(&name) else {
        return Err(Problem::NoSuchFeed {
            name: crate::problem::echo(&name),
        });
    };
    let (bytes, admitted) = match poster {
        Poster::Keyed(caller) => {
            caller.must_be_bound_to(&app.engine.catalog().spec(feed.layer).name)?;
            arriving(&request, &app, &feed.name, payload).await?
        }
        Poster::Signed(presented) => {
            let bytes = app.signed.read(&request, &name, presented, payload);
            let bytes = bytes.await?;
            let admitted = app.engine.admit(&feed.name, bytes.len());
            let admitted = admitted.map_err(|cause| no_room(&request, &app, &feed.name, cause))?;
            (bytes, admitted)
        }
    };
    let let_in = app.floods.admit(&name, bytes.len());
    let_in.inspect_err(|_| app.engine.meters(&name).floods.increment(1))?;
    let body = Body {
        bytes,
        content_type: Some(super::refusals::media_type(&request).to_owned()),
        admitted: Some(admitted),
    };
    let receipt = match config.posted_may_withdraw() {
        Some(share) => ingest_everything(&app.engine, feed, body, share).await,
        None => ingest(&app.engine, feed, body).await,
    };
    let receipt = receipt.map_err(|error| refused(&request, error))?;
    Ok(HttpResponse::Ok().json(receipt))
}

/// Reads what a feed posts. Its bytes count among those that may wait for the store as they arrive, so that
/// no number of connections holds more.
async fn arriving(
    request: &HttpRequest,
    app: &App,
    feed: &FeedName,
    payload: web::Payload,
) -> Result<(Bytes, Admitted), Problem> {
    let engine = &app.engine;
    let full = |cause| no_room(request, app, feed, cause);
    let mut admitted = engine.admit(feed, 0).map_err(full)?;
    let limit = app.config.limits.body_bytes;
    let body = read_counted(request, payload, limit, |bytes| {
        engine.admit_more(&mut admitted, bytes).map_err(full)
    });
    let body = body.await?;
    Ok((body, admitted))
}

fn no_room(request: &HttpRequest, app: &App, feed: &FeedName, cause: AppendError) -> Problem {
    let meters = app.engine.meters(feed.as_str());
    meters.bodies_refused.increment(1);
    refused(request, IngestError::Append(cause))
}

pub(super) fn refused(request: &HttpRequest, error: IngestError) -> Problem {
    match error {
        IngestError::Unreadable(unreadable) => match unreadable.media_types() {
            Some(expected) => super::refusals::unread(request, expected),
            None => Problem::UnreadableBody {
                reason: unreadable.to_string(),
            },
        },
        IngestError::Poison => Problem::UnreadableBody {
            reason: "the adaptor failed on it".into(),
        },
        IngestError::Append(AppendError::Busy { what, limit }) => Problem::Overloaded {
            what: format!("{what} that may wait for the store"),
            limit,
            retry_after_s: 1,
        },
        IngestError::Append(cause) => Problem::not_durable(cause.reason(), cause),
    }
}

#[cfg(test)]
mod tests;
