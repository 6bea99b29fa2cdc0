//! One open stream, as the body of its answer.
//!
//! There is no task and no queue: the connection asks for the next piece when it has room for one, and
//! only then is the next part of the step looked up or encoded. A client that takes nothing is not
//! asked about again; what it costs is its position, at most [`ENOUGH`] bytes of short messages, and a
//! share in one long one. Its connection ends by itself (see `cli/listening.rs`), and with it goes its
//! place.

use super::message::{Coding, Message};
use super::stream::{Part, Stream};
use super::streams::{Dismissal, Seat, StreamId};
use super::subscription::Subscription;
use super::transport::Change;
use super::websocket::{self, Closing, Heard, Incoming};
use super::wire::{Wire, Writing};
use crate::engine::News;
use crate::http::{App, Caller};
use crate::metrics;
use actix_web::{Error, web};
use atalaya_tiles::View;
use bytes::Bytes;
use futures_util::{FutureExt as _, Stream as Body, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tracing::debug;

/// Messages are gathered until they are this long together.
const ENOUGH: usize = 64 << 10;
/// Frames that are encoded ahead of those asked for, at most.
const AHEAD: usize = 64;
/// How long a tick of our own that is due already is waited for again, where the view is too old to give one.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);

/// Why a stream is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client, or the server as a whole, went away.
    Closed,
    /// The client was behind for longer than it may take nothing.
    Stalled,
    /// The client sent what is no message, or too much.
    Broken,
    /// The client may look no longer.
    Dismissed(Dismissal),
}

/// One client and all that is kept of it.
pub(super) struct LiveClient {
    pub(super) app: web::Data<App>,
    pub(super) caller: Caller,
    pub(super) id: StreamId,
    pub(super) stream: Stream,
    pub(super) seat: Seat,
}

/// A client on its connection.
struct Connected {
    client: LiveClient,
    news: watch::Receiver<News>,
    wire: Wire,
    incoming: Option<Incoming>,
    /// A change of subscription that was asked for and not made yet; the latest counts.
    wish: Option<Asked>,
    /// When the subscription was last changed; this and the next by the uptime.
    changed_at: Option<Duration>,
    /// Since when there has always been more for the client than it took; none where it has everything.
    behind_since: Option<Duration>,
    end: Option<End>,
}

/// A change of subscription.
enum Asked {
    /// By a message that is still to be read.
    Said(Bytes),
    /// By `PATCH`.
    Patched(Subscription),
}

impl Drop for LiveClient {
    fn drop(&mut self) {
        self.app.streams.leave(&self.id);
        if self.app.streams.count() == 0 {
            self.app.views.forget();
        }
    }
}

impl LiveClient {
    /// The body of an event stream.
    pub(super) fn events(self) -> impl Body<Item = Result<Bytes, Error>> {
        Connected::body(self, Wire::new(Writing::Events, Coding::Plain), None)
    }

    /// The frames of a WebSocket; `batch` says whether each may hold several messages, `coding` what was agreed on.
    pub(super) fn frames(
        self,
        payload: web::Payload,
        batch: bool,
        coding: Coding,
    ) -> impl Body<Item = Result<Bytes, Error>> {
        let writing = [Writing::Frames, Writing::Batches][usize::from(batch)];
        let incoming = Incoming::new(payload, coding);
        Connected::body(self, Wire::new(writing, coding), Some(incoming))
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

    fn uptime(&self) -> Duration {
        self.app.engine.clock().uptime()
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let stall = Duration::from_secs(self.client.app.config.live.stall_s);
        let now = self.client.uptime();
        // The system ends a connection without telling the body why.
        let behind = self.behind_since.map(|since| now.saturating_sub(since));
        let stalled = behind.is_some_and(|behind| behind >= stall);
        let end = if stalled { End::Stalled } else { End::Closed };
        let (outcome, counter) = match self.end.unwrap_or(end) {
            End::Closed => ("closed", &metrics::LIVE_CLOSED),
            End::Stalled => ("stalled", &metrics::LIVE_STALLED),
            End::Broken => ("broken", &metrics::LIVE_BROKEN),
            End::Dismissed(_) => ("dismissed", &metrics::LIVE_DISMISSED),
        };
        counter.increment(1);
        debug!(stream.id = %self.client.id, outcome, "live stream {outcome}");
    }
}

/// What a stream steps to: a new one to the newest view, one that follows to that of the tick.
fn view_of(app: &App, stream: &Stream, tick: u64) -> Arc<View> {
    let newest = || app.engine.view();
    if stream.is_new() {
        return newest();
    }
    app.views.of_tick(tick, newest)
}

impl Connected {
    fn body(
        client: LiveClient,
        mut wire: Wire,
        incoming: Option<Incoming>,
    ) -> impl Body<Item = Result<Bytes, Error>> {
        wire.push(client.hello());
        // Boxed, since it moves with every piece.
        let open = Box::new(Self {
            news: client.app.engine.news(),
            client,
            wire,
            incoming,
            wish: None,
            changed_at: None,
            behind_since: None,
            end: None,
        });
        stream::unfold(open, |mut open| async move {
            let piece = open.piece().await.transpose()?;
            Some((piece, open))
        })
    }

    /// The next piece for the connection; none at the end.
    ///
    /// The connection asks only when it has room. Every stream comes through this loop for every piece
    /// and, while it waits for something to say, every few seconds: whatever may end a stream from
    /// outside is looked at here.
    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            self.leave_if_told();
            self.overhear();
            if let Some(piece) = self.wire.next() {
                self.behind_since = self.behind_since.or(Some(self.client.uptime()));
                metrics::LIVE_SENT_BYTES.increment(piece.len() as u64);
                return Ok(Some(piece));
            }
            if self.end.is_some() {
                return Ok(None);
            }
            if !self.gather().await? {
                self.behind_since = None;
                self.wait().await;
            }
        }
    }

    /// Ends the stream of a client that may look no longer: it gets nothing more but why.
    fn leave_if_told(&mut self) {
        let told = *self.client.seat.dismissed.borrow_and_update();
        if let Some(why) = told
            && self.end.is_none()
        {
            let close = websocket::close(Closing::Policy, why.detail());
            let farewell = Message::farewell(why.detail());
            self.wire.end(Some(farewell), Some(close));
            self.end = Some(End::Dismissed(why));
        }
    }

    /// Takes what the client has asked for already, also while a long message is on its way to it.
    fn overhear(&mut self) {
        let changes = &self.client.seat.changes;
        if changes.has_changed().is_ok_and(|changed| changed) {
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
        let wanted = self.client.seat.changes.borrow_and_update().clone();
        self.wish = wanted.map(Asked::Patched).or(self.wish.take());
    }

    fn heed(&mut self, heard: Result<Heard, Closing>) {
        match heard {
            Ok(Heard::Text(text)) => self.wish = Some(Asked::Said(text)),
            Ok(Heard::Ping(ping)) => self.wire.control(websocket::pong(&ping)),
            Ok(Heard::Close) => self.close(End::Closed, Closing::Normal),
            Ok(Heard::Gone) => {
                self.wire.end(None, None);
                self.end = Some(End::Closed);
            }
            Err(why) => self.close(End::Broken, why),
        }
    }

    fn close(&mut self, end: End, why: Closing) {
        self.wire.end(None, Some(websocket::close(why, "")));
        self.end = Some(end);
    }

    /// Puts the next messages on the wire; false if there is nothing to say.
    async fn gather(&mut self) -> Result<bool, Error> {
        let mut gathered = self.make_wish();
        let LiveClient { app, stream, .. } = &mut self.client;
        let coding = self.wire.coding();
        let clock = app.engine.clock();
        let (now, uptime) = (clock.now(), clock.uptime());
        let view = view_of(app, stream, self.news.borrow().tick);
        app.views.keep(&view, uptime);
        let _held = stream.begin(&view, &app.frames);
        while gathered < ENOUGH
            && let Some(part) = stream.next(now, uptime)
        {
            let message = match part {
                Part::Own(message) => Some(message),
                Part::Shared(frame) => {
                    let ahead = || stream.ahead(AHEAD);
                    let message = app.frames.get(frame, coding, ahead).await?;
                    stream.note(message.as_ref());
                    message
                }
            };
            if let Some(message) = message {
                gathered += message.text.len();
                self.wire.push(message);
            }
        }
        Ok(gathered > 0)
    }

    /// How long until a change of subscription may be made.
    fn wish_due_in(&self) -> Duration {
        let tick = Duration::from_millis(self.client.app.config.live.tick_ms);
        let due = self.changed_at.map(|at| at + tick);
        due.map_or(Duration::ZERO, |due| {
            due.saturating_sub(self.client.uptime())
        })
    }

    /// Changes the subscription if that was asked for, at most once a tick; the length of the answer.
    fn make_wish(&mut self) -> usize {
        if !self.wish_due_in().is_zero() {
            return 0;
        }
        let client = &mut self.client;
        let wanted = match self.wish.take() {
            None => return 0,
            Some(Asked::Patched(wanted)) => Ok(wanted),
            Some(Asked::Said(text)) => Change::read(&text)
                .and_then(|change| change.subscription(&client.app, &client.caller)),
        };
        self.changed_at = Some(client.uptime());
        let answer = match wanted {
            Ok(wanted) => {
                client.stream.change(wanted);
                client.hello()
            }
            // One that is refused leaves the old one in force.
            Err(problem) => Message::refused(&problem.detail()),
        };
        let length = answer.text.len();
        self.wire.push(answer);
        length
    }

    /// Waits for something to do: a tick with news, a word of the client, a change, the dismissal, or a tick of our
    /// own that is due however busy the writer is.
    async fn wait(&mut self) {
        let mut due = self.client.stream.tick_due_in(self.client.uptime());
        if self.wish.is_some() {
            due = due.min(self.wish_due_in());
        }
        let seat = &mut self.client.seat;
        let incoming = self.incoming.as_mut();
        let heard = async {
            match incoming {
                Some(incoming) => incoming.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = self.news.changed() => if told.is_err() { self.end = Some(End::Closed); },
            changed = seat.changes.changed() => if changed.is_ok() { self.take_patch(); },
            // What it is, is seen when the loop comes around.
            _ = seat.dismissed.changed() => {}
            heard = heard => self.heed(heard),
            () = tokio::time::sleep(pause(due)) => {}
        }
    }
}

/// How long a client is let alone that has something to hear in so long. No longer than that, however short it is: a news
/// that tells this viewer nothing may come right before it, and must not be seen by a later tick.
fn pause(due: Duration) -> Duration {
    if due.is_zero() { SHORTEST_WAIT } else { due }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_soon_is_not_put_off_and_what_is_overdue_is_not_asked_for_in_a_loop() {
        let ms = Duration::from_millis;
        for (due, waits) in [(2_000, 2_000), (51, 51), (49, 49), (1, 1)] {
            assert_eq!(pause(ms(due)), ms(waits));
        }
        assert_eq!(pause(Duration::ZERO), SHORTEST_WAIT);
    }
}
