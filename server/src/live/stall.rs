//! Letting go of a stream whose client takes nothing of it, where the connection goes on.
//!
//! The streams of an HTTP/2 connection have windows of their own (RFC 9113 section 5.2). One without a
//! window cannot be told from here but by what it does: its body is not asked for more. Promises: a body
//! that gave a piece and is not asked again for as long as a stall may last is dropped, with all that it
//! holds; when the stream is given a window after all, it ends. What the framework keeps meanwhile is that
//! one piece, and the stream counts on among those of its connection
//! ([`at_once`](crate::http::at_once)). The only connection of an HTTP/1.1 stream ends by itself (see
//! `cli/listening.rs`).

use crate::clock::Clock;
use crate::task;
use actix_web::Error;
use bytes::Bytes;
use futures_util::Stream as Body;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A body that is let go when nothing is taken of it for `stall`.
pub(super) fn let_go_after<B>(
    stall: Duration,
    clock: Clock,
    body: B,
) -> impl Body<Item = Result<Bytes, Error>>
where
    B: Body<Item = Result<Bytes, Error>> + 'static,
{
    let held = Rc::new(Held {
        body: RefCell::new(Some(Box::pin(body))),
        given_at: Cell::new(None),
        clock,
    });
    let watch = task::spawn_local("live stall", watch(Rc::clone(&held), stall));
    Watched { held, watch }
}

/// The body, as long as it is not let go. All of a connection is done by one thread.
struct Held<B> {
    body: RefCell<Option<Pin<Box<B>>>>,
    /// When the piece was given that is under way, by the uptime.
    given_at: Cell<Option<Duration>>,
    clock: Clock,
}

struct Watched<B> {
    held: Rc<Held<B>>,
    watch: tokio::task::JoinHandle<()>,
}

impl<B: Body<Item = Result<Bytes, Error>>> Body for Watched<B> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let held = &self.held;
        // Whoever asks has taken what was given.
        held.given_at.set(None);
        let mut body = held.body.borrow_mut();
        let Some(body) = body.as_mut() else {
            return Poll::Ready(None);
        };
        let piece = body.as_mut().poll_next(context);
        if let Poll::Ready(Some(_)) = &piece {
            held.given_at.set(Some(held.clock.uptime()));
        }
        piece
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        self.watch.abort();
        // At once, and not when the task that watches comes to its end.
        drop(self.held.body.take());
    }
}

async fn watch<B>(held: Rc<Held<B>>, stall: Duration) {
    loop {
        let given = held.given_at.get();
        let left = given.map_or(stall, |at| (at + stall).saturating_sub(held.clock.uptime()));
        if left.is_zero() {
            drop(held.body.take());
            return;
        }
        tokio::time::sleep(left).await;
    }
}
