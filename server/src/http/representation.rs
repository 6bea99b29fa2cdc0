//! A representation (RFC 9110 section 8.8.3) that changes seldom and that the client may hold already:
//! known by its `ETag`, which is another for each content coding. It is answered in full, or by 304
//! where the client has it.

use super::coding::Coding;
use super::matches;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;

/// What is said of a body beside its bytes.
#[derive(Debug)]
pub(super) struct Representation {
    /// With its quotes; of this coding alone.
    pub(super) etag: String,
    /// What caches may do with it.
    pub(super) cache: &'static str,
    /// How the body is coded.
    pub(super) coding: Coding,
    /// Whether it is there in other codings too.
    pub(super) varies: bool,
}

impl Representation {
    /// The 304, where the client holds it.
    pub(super) fn held_by(&self, request: &HttpRequest) -> Option<HttpResponse> {
        matches(request, &self.etag).then(|| self.describe(HttpResponse::NotModified()).finish())
    }

    /// The answer in full. The body is in the coding already.
    pub(super) fn with_body(&self, content_type: &str, body: Bytes) -> HttpResponse {
        let mut response = self.describe(HttpResponse::Ok());
        response.content_type(content_type);
        if self.coding != Coding::Identity {
            response.insert_header((header::CONTENT_ENCODING, self.coding.name()));
        }
        response.body(body)
    }

    fn describe(&self, mut response: HttpResponseBuilder) -> HttpResponseBuilder {
        response
            .insert_header((header::ETAG, self.etag.as_str()))
            .insert_header((header::CACHE_CONTROL, self.cache));
        if self.varies {
            response.insert_header((header::VARY, "Accept-Encoding"));
        }
        response
    }
}
