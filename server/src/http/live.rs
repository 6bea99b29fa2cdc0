//! The paths of the live stream; the stream itself is [`crate::live`].

use super::refusals::json_alone;
use crate::live::{patch, subscribe};
use actix_web::middleware::from_fn;
use actix_web::web;

/// Mounts `/live`, and where a stream is told of another viewport.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(web::resource("/live").route(web::get().to(subscribe)))
        .service(
            web::resource("/live/{stream}").route(web::patch().to(patch).wrap(from_fn(json_alone))),
        );
}
