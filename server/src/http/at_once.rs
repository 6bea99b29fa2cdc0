//! How many answers of one HTTP/2 connection are under way.
//!
//! A stream that is given no window keeps its answer waiting for as long as its connection answers pings,
//! and the framework bounds neither. Promises: of one connection no more than [`MOST`] answers wait; one
//! more is refused with a 503 without a body, for which a client needs no window. HTTP/1 answers one
//! request of a connection after the other, and needs no such bound.

use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::http::Version;
use bytes::Bytes;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// The most answers of one connection; browsers ask for 100 at once.
pub(super) const MOST: usize = 256;

/// The answers of a connection that are under way. All of a connection is done by one thread.
#[derive(Debug, Clone, Default)]
struct UnderWay(Rc<Cell<usize>>);

/// The place of one answer, until it is gone.
#[derive(Debug)]
pub(super) struct Place(UnderWay);

/// Every place of the connection is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// Begins to count the answers of a new connection.
pub fn note_connection(notes: &mut Extensions) {
    notes.insert(UnderWay::default());
}

/// A place for the answer to a request; none is needed where the connection has one request at a time.
pub(super) fn place(request: &HttpRequest) -> Result<Option<Place>, Full> {
    if request.version() != Version::HTTP_2 {
        return Ok(None);
    }
    let taken = request.conn_data::<UnderWay>();
    taken.map(UnderWay::take).transpose()
}

impl UnderWay {
    fn take(&self) -> Result<Place, Full> {
        if self.0.get() >= MOST {
            return Err(Full);
        }
        self.0.set(self.0.get() + 1);
        Ok(Place(self.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let taken = &self.0.0;
        taken.set(taken.get().saturating_sub(1));
    }
}

/// A body that keeps its place until it is sent or let go.
pub(super) fn held(body: BoxBody, place: Option<Place>) -> BoxBody {
    match place {
        Some(place) => BoxBody::new(Held {
            body,
            _place: place,
        }),
        None => body,
    }
}

struct Held {
    body: BoxBody,
    _place: Place,
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_come_back() {
        let connection = UnderWay::default();
        let mut taken: Vec<Place> = (0..MOST).map(|_| connection.take().unwrap()).collect();
        assert_eq!(connection.take().err(), Some(Full));
        let body = held(BoxBody::new("a picture"), taken.pop());
        assert_eq!(
            connection.take().err(),
            Some(Full),
            "until the body is gone"
        );
        drop(body);
        assert!(connection.take().is_ok());
        drop(taken);
        assert_eq!(connection.0.get(), 0);
    }
}
