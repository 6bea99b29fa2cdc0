//! The two ways to a client: Server-Sent Events and WebSocket, which carry the same messages.

use super::batch::batched;
use super::message::Message;
use super::session::End;
use super::transport::LARGEST;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason};
use bytes::Bytes;
use bytestring::ByteString;
use futures_util::StreamExt;
use tokio::sync::mpsc;

/// Messages that wait for a Server-Sent Events client beside those in its socket.
const WAITING: usize = 4;

/// A way to a client.
pub(super) enum Link {
    /// Server-Sent Events: the body of an answer.
    Events(mpsc::Sender<Bytes>),
    /// A WebSocket.
    Socket {
        /// What goes out.
        socket: actix_ws::Session,
        /// What comes in.
        incoming: Box<AggregatedMessageStream>,
    },
}

/// What came from the client.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message.
    Text(ByteString),
    /// A ping, which wants to be answered.
    Ping(Bytes),
    /// Nothing of interest.
    Nothing,
    /// It is gone.
    Gone(End),
}

impl Link {
    /// An answer that never ends by itself, and the way into it.
    pub(super) fn events() -> (HttpResponse, Self) {
        let (sender, receiver) = mpsc::channel::<Bytes>(WAITING);
        let body = futures_util::stream::unfold(receiver, |mut receiver| async {
            let chunk = receiver.recv().await?;
            Some((Ok::<_, actix_web::Error>(chunk), receiver))
        });
        let response = HttpResponse::Ok()
            .content_type("text/event-stream")
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .insert_header(("x-accel-buffering", "no"))
            .streaming(body);
        (response, Self::Events(sender))
    }

    /// The answer to an upgrade, and the socket.
    pub(super) fn websocket(
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<(HttpResponse, Self), Problem> {
        let (response, socket, incoming) =
            actix_ws::handle(request, payload).map_err(|error| Problem::UnreadableBody {
                reason: error.to_string(),
            })?;
        let incoming = incoming
            .max_frame_size(LARGEST)
            .aggregate_continuations()
            .max_continuation_size(LARGEST);
        let incoming = Box::new(incoming);
        Ok((response, Self::Socket { socket, incoming }))
    }

    /// Messages as they go out: an event each, or a text each, or several to a text where the client
    /// asks for that.
    pub(super) fn frames(&self, messages: Vec<Message>, batch: bool) -> Vec<Bytes> {
        match self {
            Self::Events(_) => messages.iter().map(event).collect(),
            Self::Socket { .. } if batch => batched(&messages),
            Self::Socket { .. } => messages.into_iter().map(|message| message.json).collect(),
        }
    }

    /// Hands a frame over as soon as the client has room for it; `false` if it is gone.
    pub(super) async fn send(&mut self, frame: Bytes) -> bool {
        match self {
            Self::Events(sender) => sender.send(frame).await.is_ok(),
            Self::Socket { socket, .. } => match ByteString::try_from(frame) {
                Ok(text) => socket.text(text).await.is_ok(),
                // Messages are written as text; there is none that is not.
                Err(_) => true,
            },
        }
    }

    /// Waits for the client. Nothing is lost if it is not waited for to the end.
    pub(super) async fn hear(&mut self) -> Heard {
        match self {
            Self::Events(sender) => {
                sender.closed().await;
                Heard::Gone(End::Closed)
            }
            Self::Socket { incoming, .. } => match incoming.next().await {
                Some(Ok(AggregatedMessage::Text(text))) => Heard::Text(text),
                Some(Ok(AggregatedMessage::Ping(ping))) => Heard::Ping(ping),
                Some(Ok(AggregatedMessage::Pong(_))) => Heard::Nothing,
                Some(Ok(AggregatedMessage::Close(_))) | None => Heard::Gone(End::Closed),
                Some(Ok(AggregatedMessage::Binary(_)) | Err(_)) => Heard::Gone(End::Broken),
            },
        }
    }

    /// Answers a ping. That the client is gone is heard soon enough.
    pub(super) async fn answer(&mut self, ping: &[u8]) {
        if let Self::Socket { socket, .. } = self {
            drop(socket.pong(ping).await);
        }
    }

    /// Ends it. Who is dismissed is told why, and a WebSocket that by code 1008, too (RFC 6455 section
    /// 7.4.1).
    pub(super) async fn close(mut self, end: End) {
        let mut reason = None;
        if let End::Dismissed(why) = end {
            for frame in self.frames(vec![Message::farewell(why.detail())], false) {
                self.send(frame).await;
            }
            reason = Some(CloseReason {
                code: CloseCode::Policy,
                description: Some(why.detail().into()),
            });
        }
        if let Self::Socket { socket, .. } = self
            && end != End::Stalled
        {
            drop(socket.close(reason).await);
        }
    }
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
