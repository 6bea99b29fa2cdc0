//! One open stream, as the body of its answer.
//!
//! There is no task and no queue: the connection asks for the next piece when it has room for one, and
//! only then is the next part of the step looked up or encoded. A client that takes nothing is not
//! asked about again; what it costs is its position, at most [`ENOUGH`] bytes of short messages, and a
//! share in one long one. Its connection ends by itself (see `cli/listening.rs`), and with the body goes
//! its place.

use super::message::Message;
use super::stream::{Part, Stream};
use super::streams::{StreamId, Wanted};
use super::transport::Change;
use super::websocket::{self, Closing, Heard, Incoming};
use super::wire::{Wire, Writing};
use crate::http::{App, Caller};
use actix_web::{Error, web};
use bytes::Bytes;
use futures_util::{FutureExt as _, Stream as Body, stream};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::sync::watch;
use tracing::debug;

/// Messages are gathered until they are this long together.
const ENOUGH: usize = 64 << 10;
/// Frames that are encoded ahead of those asked for, at most.
const AHEAD: usize = 64;

/// The shortest wait for a tick of our own.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);

/// Why a stream is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client, or the server as a whole, went away.
    Closed,
    /// The client took nothing for too long.
    Stalled,
    /// The client sent what is no message, or too much.
    Broken,
}

/// One client and all that is kept of it.
pub(super) struct Session {
    pub(super) app: web::Data<App>,
    pub(super) caller: Caller,
    pub(super) id: StreamId,
    pub(super) stream: Stream,
    /// Changes by `PATCH`.
    pub(super) changes: watch::Receiver<Wanted>,
}

/// A session on its connection.
struct Open {
    session: Session,
    ticks: watch::Receiver<u64>,
    wire: Wire,
    incoming: Option<Incoming>,
    /// A change of subscription that was asked for and not made yet; the latest counts.
    wish: Option<Wish>,
    changed_at: Option<Timestamp>,
    /// When the connection last asked for a piece; none while it waits for one.
    asked_at: Option<Timestamp>,
    end: Option<End>,
}

/// A change of subscription.
enum Wish {
    /// By a message that is still to be read.
    Said(Bytes),
    /// By `PATCH`.
    Patched(super::Subscription),
}

impl Drop for Session {
    fn drop(&mut self) {
        self.app.streams.leave(&self.id);
    }
}

impl Session {
    /// The body of an event stream.
    pub(super) fn events(self) -> impl Body<Item = Result<Bytes, Error>> {
        Open::body(self, Writing::Events, None)
    }

    /// The frames of a WebSocket.
    pub(super) fn frames(self, payload: web::Payload) -> impl Body<Item = Result<Bytes, Error>> {
        Open::body(self, Writing::Frames, Some(Incoming::new(payload)))
    }

    fn hello(&self) -> Message {
        Message::hello(
            &self.id,
            self.app.engine.epoch(),
            self.app.engine.catalog_version(),
            self.app.config.live.tick_ms,
            self.stream.subscription().topics(),
        )
    }

    fn now(&self) -> Timestamp {
        self.app.engine.clock().now()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let config = &self.session.app.config.live;
        let stall = SignedDuration::from_secs(config.stall_s.cast_signed());
        let now = self.session.now();
        let stalled = self
            .asked_at
            .is_some_and(|at| now.duration_since(at) >= stall);
        let end = if stalled { End::Stalled } else { End::Closed };
        let outcome = match self.end.unwrap_or(end) {
            End::Closed => "closed",
            End::Stalled => "stalled",
            End::Broken => "broken",
        };
        metrics::counter!("atalaya_live_ended_total", "outcome" => outcome).increment(1);
        debug!(stream.id = %self.session.id, outcome, "live stream {outcome}");
    }
}

impl Open {
    fn body(
        session: Session,
        writing: Writing,
        incoming: Option<Incoming>,
    ) -> impl Body<Item = Result<Bytes, Error>> {
        let mut wire = Wire::new(writing);
        wire.push(session.hello());
        let open = Self {
            ticks: session.app.engine.ticks(),
            session,
            wire,
            incoming,
            wish: None,
            changed_at: None,
            asked_at: None,
            end: None,
        };
        stream::unfold(open, |mut open| async move {
            let piece = open.piece().await.transpose()?;
            Some((piece, open))
        })
    }

    /// The next piece for the connection; none at the end.
    ///
    /// The connection asks only when it has room. Every stream comes through this loop for every piece
    /// and at least once in 2.5 s: whatever may end a stream from outside is looked at here.
    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            self.overhear();
            if let Some(piece) = self.wire.next() {
                self.asked_at = Some(self.session.now());
                return Ok(Some(piece));
            }
            if self.end.is_some() {
                return Ok(None);
            }
            self.asked_at = None;
            if !self.gather().await? {
                self.wait().await;
            }
        }
    }

    /// Takes what the client has asked for already, also while a long message is on its way to it.
    fn overhear(&mut self) {
        if self
            .session
            .changes
            .has_changed()
            .is_ok_and(|changed| changed)
        {
            self.take_patch();
        }
        while self.end.is_none()
            && let Some(incoming) = &mut self.incoming
            && let Some(heard) = incoming.next().now_or_never()
        {
            self.heed(heard);
        }
    }

    fn take_patch(&mut self) {
        let wanted = self.session.changes.borrow_and_update().clone();
        self.wish = wanted.map(Wish::Patched).or(self.wish.take());
    }

    fn heed(&mut self, heard: Result<Heard, Closing>) {
        match heard {
            Ok(Heard::Text(text)) => self.wish = Some(Wish::Said(text)),
            Ok(Heard::Ping(ping)) => self.wire.control(websocket::pong(&ping)),
            Ok(Heard::Close) => self.close(End::Closed, Closing::Normal),
            Ok(Heard::Gone) => {
                self.wire.clear();
                self.end = Some(End::Closed);
            }
            Err(why) => self.close(End::Broken, why),
        }
    }

    fn close(&mut self, end: End, why: Closing) {
        self.wire.clear();
        self.wire.control(websocket::close(why));
        self.end = Some(end);
    }

    /// Puts the next messages on the wire; false if there is nothing to say.
    async fn gather(&mut self) -> Result<bool, Error> {
        let now = self.session.now();
        let mut gathered = self.make_wish(now);
        let Session { app, stream, .. } = &mut self.session;
        stream.begin(&app.engine.view(), now);
        while gathered < ENOUGH
            && let Some(part) = stream.next(now)
        {
            let message = match part {
                Part::Own(message) => Some(message),
                Part::Shared(frame) => {
                    let message = app.frames.get(frame, || stream.ahead(AHEAD)).await?;
                    stream.note(message.as_ref());
                    message
                }
            };
            if let Some(message) = message {
                gathered += message.json.len();
                self.wire.push(message);
            }
        }
        Ok(gathered > 0)
    }

    /// Changes the subscription if that was asked for, at most once a tick; the length of the answer.
    fn make_wish(&mut self, now: Timestamp) -> usize {
        let session = &mut self.session;
        let tick = Duration::from_millis(session.app.config.live.tick_ms);
        let since = self
            .changed_at
            .map(|at| now.duration_since(at).unsigned_abs());
        if since.is_some_and(|since| since < tick) {
            return 0;
        }
        let wanted = match self.wish.take() {
            None => return 0,
            Some(Wish::Patched(wanted)) => Ok(wanted),
            Some(Wish::Said(text)) => Change::read(&text)
                .and_then(|change| change.subscription(&session.app, &session.caller)),
        };
        self.changed_at = Some(now);
        let answer = match wanted {
            Ok(wanted) => {
                session.stream.change(wanted);
                session.hello()
            }
            // One that is refused leaves the old one in force.
            Err(problem) => Message::refused(&problem.detail()),
        };
        let length = answer.json.len();
        self.wire.push(answer);
        length
    }

    /// Waits for something to do: a tick, a word of the client, a change, or a tick of our own that is
    /// due however busy the writer is.
    async fn wait(&mut self) {
        let due = self.session.stream.tick_due_in(self.session.now());
        let due = due.max(SHORTEST_WAIT);
        let incoming = self.incoming.as_mut();
        let heard = async {
            match incoming {
                Some(incoming) => incoming.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ticked = self.ticks.changed() => if ticked.is_err() { self.end = Some(End::Closed); },
            changed = self.session.changes.changed() => if changed.is_ok() { self.take_patch(); },
            heard = heard => self.heed(heard),
            () = tokio::time::sleep(due) => {}
        }
    }
}
