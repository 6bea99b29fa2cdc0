//! `/live` over HTTP: what a client asks for, and what it may change later.
//!
//! What is asked for is checked here, once, whether it comes in the query, by `PATCH` or as a message;
//! the stream itself is in `client.rs`.

use super::client::LiveClient;
use super::stream::Stream;
use super::streams::{Full, Room, Seat, StreamId};
use super::subscription::{BadSubscription, Resume, Subscription, Wish};
use super::websocket;
use crate::http::caller::check_origin_of_stream;
use crate::http::params::{MOST_LAYERS, Params};
use crate::http::{App, Caller};
use crate::metrics;
use crate::problem::Problem;
use actix_web::body::{BodyStream, MessageBody as _};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::Bounds;
use serde::Deserialize;

/// A change of subscription: over a WebSocket, or the body of `PATCH /live/{stream}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    layers: Vec<String>,
    #[serde(default)]
    tile_layers: Vec<String>,
    bbox: [f64; 4],
    #[serde(default)]
    zoom: Option<u8>,
}

impl Change {
    /// Reads JSON text.
    pub(super) fn read(text: &[u8]) -> Result<Self, Problem> {
        let change: Self =
            serde_json::from_slice(text).map_err(|error| Problem::UnreadableBody {
                reason: crate::problem::echo(&error.to_string()),
            })?;
        match change.kind.as_deref() {
            None | Some("subscribe") => Ok(change),
            Some(other) => Err(Problem::Unprocessable {
                pointer: "/type".into(),
                reason: format!("\"{}\" is not subscribe", crate::problem::echo(other)),
            }),
        }
    }

    /// What it asks for, as far as the caller may see that.
    pub(super) fn subscription(self, app: &App, caller: &Caller) -> Result<Subscription, Problem> {
        few("/layers", &self.layers)?;
        few("/tile_layers", &self.tile_layers)?;
        let [west, south, east, north] = self.bbox;
        let bounds = Bounds::new(west, south, east, north).map_err(|bad| Problem::BadBbox {
            name: "bbox".into(),
            value: bad.to_string(),
        })?;
        let view = app.engine.view();
        let wish = Wish {
            layers: self.layers,
            tile_layers: self.tile_layers,
            bounds,
            zoom: self.zoom,
        };
        Subscription::new(&view, &caller.viewer, &wish).map_err(|bad| refusal(&bad))
    }
}

fn few(pointer: &str, layers: &[String]) -> Result<(), Problem> {
    if layers.len() <= MOST_LAYERS {
        return Ok(());
    }
    Err(Problem::Unprocessable {
        pointer: pointer.into(),
        reason: format!(
            "{} layers are named, and {MOST_LAYERS} is the most",
            layers.len()
        ),
    })
}

/// What a client is told about a subscription that cannot be.
pub fn refusal(bad: &BadSubscription) -> Problem {
    match bad {
        BadSubscription::NoSuchLayer(name) => Problem::NoSuchLayer {
            name: crate::problem::echo(name),
        },
        BadSubscription::CountsOnly(layer) => Problem::NoSuchCollection {
            layer: crate::problem::echo(layer),
        },
        BadSubscription::NoLayers => Params::missing("layers", "names of layers, joined by commas"),
        BadSubscription::Zoom(zoom) => Problem::BadParameter {
            name: "zoom".into(),
            value: zoom.to_string(),
            expected: "0 to 22".into(),
        },
    }
}

/// `GET /live`: opens a stream.
pub async fn subscribe(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let params = Params::parse(
        &request,
        &["layers", "tile_layers", "bbox", "zoom", "after", "batch"],
    )?;
    check_origin_of_stream(&request, &caller.credential)?;
    let wish = wish(&params)?;
    let resume = resume(&request, &params)?;
    let view = app.engine.view();
    let wanted = Subscription::new(&view, &caller.viewer, &wish).map_err(|bad| refusal(&bad))?;
    let upgrade = request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let upgrade = upgrade
        .then(|| websocket::handshake(&request))
        .transpose()?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let seat = take_place(&app, &id, &caller)?;
    let stream = Stream::new(
        caller.viewer,
        wanted,
        app.engine.epoch(),
        &view,
        resume.as_ref(),
    );
    let client = LiveClient {
        app,
        caller,
        id,
        stream,
        seat,
    };
    let Some((mut switching, coding)) = upgrade else {
        let mut answer = HttpResponse::Ok();
        answer
            .content_type("text/event-stream")
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .insert_header(("x-accel-buffering", "no"));
        return Ok(answer.streaming(client.events()));
    };
    let frames = client.frames(payload, params.raw("batch") == Some("1"), coding);
    let switched = switching.message_body(BodyStream::new(frames).boxed());
    let switched = switched.map_err(|cause| Problem::internal(cause.to_string()))?;
    Ok(switched.into())
}

fn take_place(app: &App, id: &str, caller: &Caller) -> Result<Seat, Problem> {
    let room = Room {
        all: app.config.limits.live_clients,
        each: app.config.limits.live_clients_each,
    };
    app.streams.enter(id, caller, room).map_err(|full| {
        metrics::LIVE_REFUSED.increment(1);
        let (what, limit) = match full {
            Full::All => ("live streams", room.all),
            Full::Each => ("live streams of one caller", room.each),
        };
        Problem::Overloaded {
            what: what.into(),
            limit,
            retry_after_s: 5,
        }
    })
}

/// Reads what a client wants to see.
pub fn wish(params: &Params) -> Result<Wish, Problem> {
    let names = |name| -> Result<Vec<String>, Problem> {
        let names = params.list(name, MOST_LAYERS)?.unwrap_or_default();
        Ok(names.into_iter().map(str::to_owned).collect())
    };
    let bounds = params.bbox("bbox")?;
    Ok(Wish {
        layers: names("layers")?,
        tile_layers: names("tile_layers")?,
        bounds: bounds
            .ok_or_else(|| Params::missing("bbox", "west,south,east,north in degrees"))?,
        zoom: params.u8("zoom", 0..=atalaya_tiles::tile::MAX_ZOOM)?,
    })
}

/// Reads where a client wants to go on.
pub fn resume(request: &HttpRequest, params: &Params) -> Result<Option<Resume>, Problem> {
    let header = request
        .headers()
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    let Some(text) = params
        .raw("after")
        .or(header)
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    Resume::parse(text)
        .map(Some)
        .ok_or_else(|| Problem::BadParameter {
            name: "after".into(),
            value: crate::problem::echo(text),
            expected: "the id of a tick, epoch:seq:scope".into(),
        })
}

/// `PATCH /live/{stream}`: changes the layers and viewport of a stream of one's own.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<StreamId>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let body = crate::http::body::read(&request, payload, websocket::LARGEST).await?;
    let wanted = Change::read(&body)?.subscription(&app, &caller)?;
    if !app.streams.change(&id, &caller.principal.id, wanted) {
        return Err(Problem::NoSuchStream {
            id: crate::problem::echo(&id),
        });
    }
    Ok(HttpResponse::NoContent().finish())
}
