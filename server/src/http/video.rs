//! `/streams`: the cameras that have video, and the video, as HLS.
//!
//! Promises: a camera that the viewer cannot see, one that does not exist, one without video and a
//! file that no playlist named all get the same answer.

use super::catalog::no_store;
use super::get;
use super::ogc::escaped;
use super::params::Params;
use super::{App, Caller};
use crate::problem::{Problem, echo};
use crate::video::{FIRST, Failed, Kind, Target};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, json};

/// Mounts the live pictures of cameras.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/streams", list))
        .service(get("/streams/{camera}/{file}", file));
}

/// A playlist of live video is new every few seconds.
const PLAYLIST: &str = "private, max-age=1";
/// A segment never changes while a playlist names it; an encoder that starts again may use its name again.
const SEGMENT: &str = "private, max-age=60";

/// `GET /streams`: the cameras that have video, and where it is served.
pub(super) async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let view = app.engine.view();
    let cameras = view.open(&caller.viewer, "cameras").ok();
    let visible = |id: &&str| cameras.is_some_and(|open| open.get(&(*id).into()).is_some());
    let streams: Map<_, _> = app
        .video
        .cameras()
        .filter(visible)
        .map(|id| {
            let path = format!("/streams/{}/{FIRST}", escaped(id));
            (id.to_owned(), path.into())
        })
        .collect();
    Ok(no_store(&json!({ "streams": streams })))
}

/// `GET /streams/{camera}/{file}`: a playlist or a segment.
pub(super) async fn file(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let (camera, file) = path.into_inner();
    let target = target(&app, &caller, &camera, &file)?;
    let failed = |cause| no_video(&camera, &cause);
    let mut response = HttpResponse::Ok();
    response.content_type(target.media_type());
    if target.kind == Kind::Playlist {
        let playlist = app.video.playlist(&camera, &target).await;
        return Ok(response
            .insert_header((header::CACHE_CONTROL, PLAYLIST))
            .body(playlist.map_err(failed)?));
    }
    let range = request.headers().get(header::RANGE);
    let range = range.and_then(|value| value.to_str().ok());
    let segment = app.video.segment(&camera, &target, range).await;
    let segment = segment.map_err(failed)?;
    response.insert_header((header::CACHE_CONTROL, SEGMENT));
    if let Some(range) = &segment.range {
        response.status(actix_web::http::StatusCode::PARTIAL_CONTENT);
        response.insert_header((header::CONTENT_RANGE, range.as_str()));
    }
    if let Some(length) = segment.length {
        response.no_chunking(length);
    }
    Ok(response.streaming(segment.into_chunks()))
}

/// What a path stands for, for this viewer.
fn target(app: &App, caller: &Caller, camera: &str, file: &str) -> Result<Target, Problem> {
    let no_such = || Problem::NoSuchVideo {
        camera: echo(camera),
    };
    let view = app.engine.view();
    let cameras = view.open(&caller.viewer, "cameras");
    cameras
        .ok()
        .and_then(|open| open.get(&camera.into()))
        .ok_or_else(no_such)?;
    let target = app.video.find(camera, file).ok_or_else(no_such)?;
    target.map_err(|cause| no_video(camera, &cause))
}

fn no_video(camera: &str, cause: &Failed) -> Problem {
    if let Failed::Busy(limit) = cause {
        return Problem::Overloaded {
            what: "fetches of camera video".into(),
            limit: *limit,
            retry_after_s: 1,
        };
    }
    Problem::UpstreamFailed {
        camera: echo(camera),
        reason: cause.to_string(),
    }
}
