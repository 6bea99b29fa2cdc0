//! `/fonts`: glyph ranges for map clients that draw no text by themselves.
//!
//! A range is drawn when it is asked for first, and kept: there are 256 of each face.

use super::get;
use super::params::Params;
use super::{App, Caller, matches};
use crate::fonts::{BadFont, Face, Range, glyphs};
use crate::identity::hex;
use crate::problem::{Problem, echo};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// Mounts the glyphs.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service.service(get("/fonts/{fontstack}/{range}.pbf", range));
}

/// A range that has been drawn.
#[derive(Debug)]
struct Drawn {
    bytes: Bytes,
    etag: String,
}

type Ranges = [OnceLock<Result<Drawn, BadFont>>; Range::COUNT];

static REGULAR: Ranges = [const { OnceLock::new() }; Range::COUNT];
static BOLD: Ranges = [const { OnceLock::new() }; Range::COUNT];

fn draw(face: Face, range: Range) -> Result<Drawn, BadFont> {
    let bytes = glyphs(face, range)?;
    let digest = Sha256::digest(&bytes);
    Ok(Drawn {
        etag: format!("\"{}\"", hex(&digest[..12])),
        bytes: bytes.into(),
    })
}

/// `GET /fonts/{fontstack}/{range}.pbf`.
pub(super) async fn range(
    request: HttpRequest,
    app: web::Data<App>,
    _caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let (stack, range) = path.into_inner();
    let face = Face::first_of(&stack).ok_or_else(|| Problem::NoSuchFont {
        name: echo(&stack),
        known: Face::ALL.map(Face::name).join(", "),
    })?;
    let range: Range = range.parse().map_err(|()| Problem::BadParameter {
        name: "range".into(),
        value: echo(&range),
        expected: "256 code points such as 0-255 or 256-511, up to 65280-65535".into(),
    })?;
    let ranges: &'static Ranges = match face {
        Face::Regular => &REGULAR,
        Face::Bold => &BOLD,
    };
    let kept = ranges.get(range.index()).ok_or(Problem::NoSuchPath {})?;
    let drawn = if let Some(drawn) = kept.get() {
        drawn
    } else {
        let draw = move || kept.get_or_init(|| draw(face, range));
        app.questions.answer(draw).await?
    };
    let drawn = drawn
        .as_ref()
        .map_err(|cause| Problem::internal(cause.clone()))?;
    if matches(&request, &drawn.etag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, drawn.etag.clone()))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .content_type("application/x-protobuf")
        .insert_header((header::ETAG, drawn.etag.clone()))
        .insert_header((header::CACHE_CONTROL, "private, max-age=86400"))
        .body(drawn.bytes.clone()))
}
