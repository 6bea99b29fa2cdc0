//! Bodies in chunks that are answered before their end: the connection ends with the answer.
//!
//! What is left of such a body the framework reads to its end, to use the connection again, without a
//! deadline and without a bound: an extension of a chunk or a trailer can go on for ever. It does not where
//! somebody still holds the body, and ends the connection instead, as it does after a body of a length
//! that was told. So a body in chunks is held until its answer is sent.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::{HttpMessage as _, HttpResponse};
use bytes::Bytes;
use futures_util::Stream;
use std::cell::RefCell;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// The body of a request, which its handler reads and which stays until the answer is sent.
#[derive(Clone)]
pub(super) struct Held(Rc<RefCell<Payload>>);

/// Holds the body of a request, if it comes in chunks.
pub(super) fn hold(request: &mut ServiceRequest) -> Option<Held> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return None;
    }
    let held = Held(Rc::new(RefCell::new(request.take_payload())));
    let payload = Box::pin(held.clone());
    request.set_payload(Payload::Stream { payload });
    Some(held)
}

/// The answer, which holds the body of its request until it is sent.
pub(super) fn held(held: Option<Held>, mut answer: HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
    let Some(held) = held else {
        return answer;
    };
    // An answer without a body is asked before its head is written, and its head holds it as long.
    answer.extensions_mut().insert(held.clone());
    answer.map_body(|_, body| match body.size() {
        BodySize::None => body,
        BodySize::Sized(_) | BodySize::Stream => BoxBody::new(Sent { body, _held: held }),
    })
}

/// As [`held`].
pub(super) fn held_by(request: Option<Held>, answer: ServiceResponse) -> ServiceResponse {
    if request.is_none() {
        return answer;
    }
    let (about, answer) = answer.into_parts();
    ServiceResponse::new(about, held(request, answer))
}

impl Stream for Held {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The body of an answer, and of its request.
struct Sent {
    body: BoxBody,
    _held: Held,
}

impl MessageBody for Sent {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

#[cfg(test)]
mod tests;
