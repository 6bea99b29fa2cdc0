//! One client's stream at work.
//!
//! Per client there is one task. It waits for a tick, for a change of subscription or for its dismissal,
//! takes the step from where the client is to the view of the moment, and sends with back-pressure; while it
//! waits for a slow client nothing piles up but the distance to the present. A timer of its own sees to it
//! that the client hears something also while the writer is busy or waits for its disk.

use super::link::{Heard, Link};
use super::message::Message;
use super::stream::Stream;
use super::streams::{Dismissal, Seat, StreamId};
use super::subscription::Subscription;
use super::transport::Change;
use crate::http::{App, Caller};
use crate::metrics;
use crate::problem::Problem;
use crate::task;
use actix_web::{HttpRequest, HttpResponse, web};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::debug;

/// How long a client may take for what is no news: a pong, or why its stream ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether a client has heard something lately.
const BEAT: Duration = Duration::from_millis(500);

/// Why a stream is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client, or the server as a whole, went away.
    Closed,
    /// The client read too slowly.
    Stalled,
    /// The client sent what is no message, or too much.
    Broken,
    /// The client may look no longer.
    Dismissed(Dismissal),
}

/// One client and all that is kept of it.
pub(super) struct Session {
    pub(super) app: web::Data<App>,
    pub(super) caller: Caller,
    pub(super) id: StreamId,
    pub(super) stream: Stream,
    pub(super) seat: Seat,
    /// Whether a WebSocket frame may carry several messages.
    pub(super) batch: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.app.streams.leave(&self.id);
    }
}

impl Session {
    /// Answers with Server-Sent Events.
    pub(super) fn events(self) -> HttpResponse {
        let (response, link) = Link::events();
        task::spawn_local("live events", self.run(link));
        response
    }

    /// Answers by becoming a WebSocket.
    pub(super) fn websocket(
        self,
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<HttpResponse, Problem> {
        let (response, link) = Link::websocket(request, payload)?;
        task::spawn_local("live socket", self.run(link));
        Ok(response)
    }

    async fn run(mut self, mut link: Link) {
        let (mut ticks, mut beats) = (self.app.engine.ticks(), beats());
        let mut messages = vec![self.hello()];
        messages.extend(self.step());
        let end = loop {
            if let Err(end) = self.deliver(&mut link, &mut messages).await {
                break end;
            }
            let heard = tokio::select! {
                ticked = ticks.changed() => if ticked.is_err() { break End::Closed } else { Heard::Nothing },
                Some(wanted) = self.seat.changes.recv() => {
                    messages.push(self.change(wanted));
                    Heard::Nothing
                },
                _ = beats.tick() => {
                    messages.extend(self.beat());
                    continue;
                },
                heard = link.hear() => heard,
                why = dismissal(&mut self.seat.dismissed) => break End::Dismissed(why),
            };
            match heard {
                Heard::Text(text) => messages.push(self.obey(text.as_bytes())),
                Heard::Ping(ping) => drop(timeout(PATIENCE, link.answer(&ping)).await),
                Heard::Nothing => {}
                Heard::Gone(end) => break end,
            }
            messages.extend(self.step());
        };
        self.note(end);
        // It ends whether or not the client hears why.
        drop(timeout(PATIENCE, link.close(end)).await);
    }

    /// Hands messages over, one at a time, unless the client must not have the rest.
    async fn deliver(&mut self, link: &mut Link, messages: &mut Vec<Message>) -> Result<(), End> {
        let stall = Duration::from_secs(self.app.config.live.stall_s);
        for frame in link.frames(std::mem::take(messages), self.batch) {
            let bytes = frame.len();
            let sent = tokio::select! {
                biased;
                why = dismissal(&mut self.seat.dismissed) => return Err(End::Dismissed(why)),
                sent = timeout(stall, link.send(frame)) => sent,
            };
            if !sent.map_err(|_| End::Stalled)? {
                return Err(End::Closed);
            }
            metrics::LIVE_SENT_BYTES.increment(bytes as u64);
        }
        Ok(())
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

    fn change(&mut self, wanted: Subscription) -> Message {
        self.stream.change(wanted);
        self.hello()
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

    fn note(&self, end: End) {
        let (outcome, counter) = match end {
            End::Closed => ("closed", &metrics::LIVE_CLOSED),
            End::Stalled => ("stalled", &metrics::LIVE_STALLED),
            End::Broken => ("broken", &metrics::LIVE_BROKEN),
            End::Dismissed(_) => ("dismissed", &metrics::LIVE_DISMISSED),
        };
        counter.increment(1);
        debug!(stream.id = %self.id, outcome, "live stream {outcome}");
    }
}

/// When a client is looked after apart from the ticks.
fn beats() -> tokio::time::Interval {
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    beats
}

/// Comes when the stream has to end.
async fn dismissal(dismissed: &mut watch::Receiver<Option<Dismissal>>) -> Dismissal {
    let told = dismissed.wait_for(Option::is_some).await;
    let why = told.ok().and_then(|why| *why);
    match why {
        Some(why) => why,
        // Nobody is left to dismiss it.
        None => std::future::pending().await,
    }
}
