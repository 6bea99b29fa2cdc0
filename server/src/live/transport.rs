//! `/live` on the wire: Server-Sent Events, and WebSocket to an `Upgrade`; the same messages.
//!
//! Per client there is one task. It waits for a tick or a change of subscription, takes the step from
//! where the client is to the view of the moment, and sends with back-pressure; while it waits for a
//! slow client nothing piles up but the distance to the present. A timer of its own sees to it that the
//! client hears something also while the writer is busy or waits for its disk.

use super::batch::batched;
use super::message::Message;
use super::stream::{Stream, StreamId};
use super::subscription::{BadSubscription, Resume, Subscription, Wish};
use crate::http::params::Params;
use crate::http::{App, Caller};
use crate::metrics;
use crate::problem::Problem;
use crate::task;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::AggregatedMessage;
use atalaya_tiles::Bounds;
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::debug;

/// Messages that wait for a Server-Sent Events client beside those in its socket.
const WAITING: usize = 4;
/// The largest message that a client may send.
const LARGEST: usize = 64 << 10;
/// The most layers in one subscription.
const MOST_LAYERS: usize = 64;

/// How often it is looked whether a client has heard something lately.
const BEAT: Duration = Duration::from_millis(500);

/// A change of subscription: over a WebSocket, or the body of `PATCH /live/{stream}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
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
    fn read(text: &[u8]) -> Result<Self, Problem> {
        let change: Self =
            serde_json::from_slice(text).map_err(|error| Problem::UnreadableBody {
                reason: error.to_string(),
            })?;
        match change.kind.as_deref() {
            None | Some("subscribe") => Ok(change),
            Some(other) => Err(Problem::Unprocessable {
                pointer: "/type".into(),
                reason: format!("\"{}\" is not subscribe", crate::problem::echo(other)),
            }),
        }
    }

    fn subscription(self, app: &App, caller: &Caller) -> Result<Subscription, Problem> {
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

/// What a client is told about a subscription that cannot be.
pub fn refusal(bad: &BadSubscription) -> Problem {
    match bad {
        BadSubscription::NoSuchLayer(name) => Problem::NoSuchLayer {
            name: crate::problem::echo(name),
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
    let wish = wish(&params)?;
    let resume = resume(&request, &params)?;
    let view = app.engine.view();
    let wanted = Subscription::new(&view, &caller.viewer, &wish).map_err(|bad| refusal(&bad))?;
    let upgrade = request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let id = uuid::Uuid::new_v4().simple().to_string();
    let limit = app.config.limits.live_clients;
    let Some(changes) = app.streams.enter(&id, &caller.principal.id, limit) else {
        metrics::LIVE_REFUSED.increment(1);
        return Err(Problem::Overloaded {
            what: "live streams".into(),
            limit,
            retry_after_s: 5,
        });
    };
    let stream = Stream::new(
        caller.viewer,
        wanted,
        app.engine.epoch(),
        &view,
        resume.as_ref(),
    );
    let session = Session {
        app,
        caller,
        id,
        stream,
        changes,
        batch: params.raw("batch") == Some("1"),
    };
    if upgrade {
        session.websocket(&request, payload)
    } else {
        Ok(session.events())
    }
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
    let body = crate::http::body::read(&request, payload, LARGEST).await?;
    let wanted = Change::read(&body)?.subscription(&app, &caller)?;
    let no_such = || Problem::NoSuchStream {
        id: crate::problem::echo(&id),
    };
    let changes = app
        .streams
        .changes(&id, &caller.principal.id)
        .ok_or_else(no_such)?;
    changes.send(wanted).await.map_err(|_| no_such())?;
    Ok(HttpResponse::NoContent().finish())
}

/// Why a stream is over.
#[derive(Debug, Clone, Copy)]
enum End {
    /// The client, or the server as a whole, went away.
    Closed,
    /// The client read too slowly.
    Stalled,
    /// The client sent what is no message, or too much.
    Broken,
}

impl End {
    fn unsent(in_time_limit: bool) -> Self {
        if in_time_limit {
            Self::Stalled
        } else {
            Self::Closed
        }
    }
}

/// One client and all that is kept of it.
struct Session {
    app: web::Data<App>,
    caller: Caller,
    id: StreamId,
    stream: Stream,
    changes: mpsc::Receiver<Subscription>,
    /// Whether a WebSocket frame may carry several messages.
    batch: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.app.streams.leave(&self.id);
    }
}

impl Session {
    fn hello(&self) -> Message {
        Message::hello(
            &self.id,
            self.app.engine.epoch(),
            self.app.engine.catalog_version(),
            self.app.config.live.tick_ms,
            self.stream.subscription().topics(),
        )
    }

    /// The next step: no await between loading the view and using it.
    fn step(&mut self) -> Vec<Message> {
        let view = self.app.engine.view();
        let clock = self.app.engine.clock();
        self.stream
            .advance(&view, &self.app.frames, clock.now(), clock.uptime())
    }

    /// The step, if the client has not heard anything for a while.
    fn beat(&mut self) -> Vec<Message> {
        if self.stream.is_due(self.app.engine.clock().uptime()) {
            return self.step();
        }
        Vec::new()
    }

    fn stall(&self) -> Duration {
        Duration::from_secs(self.app.config.live.stall_s)
    }

    fn change(&mut self, wanted: Subscription) -> Message {
        self.stream.change(wanted);
        self.hello()
    }

    fn events(self) -> HttpResponse {
        let (sender, receiver) = mpsc::channel::<Bytes>(WAITING);
        task::spawn_local("live events", self.run_events(sender));
        let body = futures_util::stream::unfold(receiver, |mut receiver| async {
            let chunk = receiver.recv().await?;
            Some((Ok::<_, actix_web::Error>(chunk), receiver))
        });
        HttpResponse::Ok()
            .content_type("text/event-stream")
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .insert_header(("x-accel-buffering", "no"))
            .streaming(body)
    }

    async fn run_events(mut self, sender: mpsc::Sender<Bytes>) {
        let (mut ticks, mut beats) = (self.app.engine.ticks(), beats());
        let mut messages = vec![self.hello()];
        messages.extend(self.step());
        loop {
            for message in messages.drain(..) {
                let event = event(&message);
                let bytes = event.len();
                let sent = tokio::time::timeout(self.stall(), sender.send(event)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return self.note_end(End::unsent(sent.is_err()));
                }
                metrics::LIVE_SENT_BYTES.increment(bytes as u64);
            }
            tokio::select! {
                ticked = ticks.changed() => if ticked.is_err() { return },
                wanted = self.changes.recv() => if let Some(wanted) = wanted {
                    messages.push(self.change(wanted));
                },
                _ = beats.tick() => {
                    messages.extend(self.beat());
                    continue;
                }
                () = sender.closed() => return self.note_end(End::Closed),
            }
            messages.extend(self.step());
        }
    }

    fn note_end(&self, end: End) {
        let (outcome, counter) = match end {
            End::Closed => ("closed", &metrics::LIVE_CLOSED),
            End::Stalled => ("stalled", &metrics::LIVE_STALLED),
            End::Broken => ("broken", &metrics::LIVE_BROKEN),
        };
        counter.increment(1);
        debug!(stream.id = %self.id, outcome, "live stream {outcome}");
    }

    fn websocket(
        self,
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<HttpResponse, Problem> {
        let (response, socket, incoming) =
            actix_ws::handle(request, payload).map_err(|error| Problem::UnreadableBody {
                reason: error.to_string(),
            })?;
        let incoming = incoming
            .max_frame_size(LARGEST)
            .aggregate_continuations()
            .max_continuation_size(LARGEST);
        task::spawn_local("live socket", self.run_websocket(socket, incoming));
        Ok(response)
    }

    async fn run_websocket(
        mut self,
        mut socket: actix_ws::Session,
        mut incoming: actix_ws::AggregatedMessageStream,
    ) {
        let (mut ticks, mut beats) = (self.app.engine.ticks(), beats());
        let mut messages = vec![self.hello()];
        messages.extend(self.step());
        let end = loop {
            for frame in self.frames(std::mem::take(&mut messages)) {
                let Ok(text) = bytestring::ByteString::try_from(frame) else {
                    continue;
                };
                let bytes = text.len();
                let sent = tokio::time::timeout(self.stall(), socket.text(text)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return self.note_end(End::unsent(sent.is_err()));
                }
                metrics::LIVE_SENT_BYTES.increment(bytes as u64);
            }
            tokio::select! {
                ticked = ticks.changed() => if ticked.is_err() { break End::Closed },
                wanted = self.changes.recv() => if let Some(wanted) = wanted {
                    messages.push(self.change(wanted));
                },
                _ = beats.tick() => {
                    messages.extend(self.beat());
                    continue;
                }
                received = incoming.next() => match received {
                    Some(Ok(AggregatedMessage::Text(text))) => messages.push(self.obey(text.as_bytes())),
                    Some(Ok(AggregatedMessage::Ping(ping))) => if socket.pong(&ping).await.is_err() { break End::Closed },
                    Some(Ok(AggregatedMessage::Pong(_))) => continue,
                    Some(Ok(AggregatedMessage::Close(_))) | None => break End::Closed,
                    Some(Ok(AggregatedMessage::Binary(_)) | Err(_)) => break End::Broken,
                },
            }
            messages.extend(self.step());
        };
        self.note_end(end);
        drop(socket.close(None).await);
    }

    fn frames(&self, messages: Vec<Message>) -> Vec<Bytes> {
        if self.batch {
            batched(&messages)
        } else {
            messages.into_iter().map(|message| message.json).collect()
        }
    }

    /// Obeys a subscription; one that is refused leaves the old one in force.
    fn obey(&mut self, text: &[u8]) -> Message {
        let wanted =
            Change::read(text).and_then(|change| change.subscription(&self.app, &self.caller));
        match wanted {
            Ok(wanted) => self.change(wanted),
            Err(problem) => Message::refused(&problem.detail()),
        }
    }
}

/// When a client is looked after apart from the ticks.
fn beats() -> tokio::time::Interval {
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    beats
}

/// A message as a Server-Sent Event.
fn event(message: &Message) -> Bytes {
    let mut event = Vec::with_capacity(message.json.len() + 96);
    event.extend_from_slice(format!("event: {}\n", message.kind).as_bytes());
    if let Some(id) = &message.id {
        event.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    event.extend_from_slice(b"data: ");
    event.extend_from_slice(&message.json);
    event.extend_from_slice(b"\n\n");
    event.into()
}
