//! Tilesets from archives, at the addresses of all tilesets.
//!
//! The order of work is that of other tiles: who asks, what exists, and then, as it costs less than to encode anything, the bytes, by
//! whose hash the client is told that it has them already.

use super::{App, Caller, count_outcome, matches};
use crate::http::base_url;
use crate::http::coding::Coding;
use crate::http::params::Params;
use crate::metrics;
use crate::problem::Problem;
use crate::tile_archives::{AGAIN, About, Archive, Kept, TileKind, Unusable};
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::{Value, json};
use std::sync::Arc;

/// The archive that a name stands for, if it stands for one that the caller may open.
pub(super) fn named<'a>(app: &'a App, caller: &Caller, name: &str) -> Option<&'a Arc<Archive>> {
    app.tile_archives.open(&caller.viewer, name)
}

fn failed(tileset: &str, why: &Unusable) -> Problem {
    if *why == Unusable::Busy {
        metrics::TILES_REFUSED.increment(1);
    } else {
        metrics::TILES_FAILED.increment(1);
    }
    Problem::ArchiveFailed {
        tileset: crate::problem::echo(tileset),
        reason: why.to_string(),
        retry_after_s: u32::try_from(AGAIN.as_secs()).unwrap_or(u32::MAX),
    }
}

/// `GET /tiles/{archive}`: TileJSON 3.0.
pub(super) async fn tilejson(
    request: &HttpRequest,
    archive: &Archive,
    name: &str,
) -> Result<HttpResponse, Problem> {
    let about = archive.about().await;
    let (about, _) = about.map_err(|why| failed(name, &why))?;
    let document = described(&about, name, &base_url(request));
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .json(document))
}

fn described(about: &About, name: &str, base: &str) -> Value {
    let ending = if about.kind.is_raster() {
        about.kind.endings()[0]
    } else {
        ""
    };
    let mut document = json!({
        "tilejson": "3.0.0",
        "name": name,
        "description": about.title,
        "scheme": "xyz",
        "tiles": [format!("{base}/tiles/{name}/{{z}}/{{x}}/{{y}}{ending}")],
        "minzoom": about.zooms[0],
        "maxzoom": about.zooms[1],
        "bounds": about.bounds,
        "attribution": about.attribution,
        "vector_layers": about.vector_layers,
    });
    // MapLibre reads tiles of its own format where a source says so.
    if about.kind == TileKind::Mlt {
        document["encoding"] = json!("mlt");
    }
    document
}

/// `GET /tiles/{archive}/{z}/{x}/{y}`.
pub(super) async fn tile(
    request: &HttpRequest,
    app: &App,
    archive: &Archive,
    (name, z, x, y): (&str, &str, &str, &str),
) -> Result<HttpResponse, Problem> {
    Params::parse(request, &[])?;
    let (row, asked) = TileKind::ending(y);
    let tile = super::place(z, x, row).ok_or_else(|| super::no_such_tile(z, x, y))?;
    let about = archive.about().await;
    let (about, _) = about.map_err(|why| failed(name, &why))?;
    if asked.is_some_and(|asked| asked != about.kind) {
        return Err(Problem::NotAcceptable {
            offered: about.kind.media_type().to_owned(),
        });
    }
    let choose = |at_hand: &[Coding]| Coding::negotiate_among(request, at_hand);
    let read = app.tile_archives.tile(archive, tile, choose).await;
    let (kept, fresh) = read.map_err(|why| failed(name, &why))?;
    let etag = format!("\"{}-{}\"", kept.version, kept.stored.coding.name());
    if matches(request, &etag) {
        metrics::TILES_NOT_MODIFIED.increment(1);
        return Ok(headers(HttpResponse::NotModified(), &etag).finish());
    }
    count_outcome(kept.stored.bytes.is_empty(), fresh);
    Ok(whole(&kept, &about, &etag))
}

fn whole(kept: &Kept, about: &About, etag: &str) -> HttpResponse {
    if kept.stored.bytes.is_empty() {
        return headers(HttpResponse::NoContent(), etag).finish();
    }
    let mut answer = headers(HttpResponse::Ok(), etag);
    let media_type = HeaderValue::from_static(about.kind.media_type());
    answer.insert_header((header::CONTENT_TYPE, media_type));
    if kept.stored.coding != Coding::Identity {
        let coding = HeaderValue::from_static(kept.stored.coding.name());
        answer.insert_header((header::CONTENT_ENCODING, coding));
    }
    answer.body(kept.stored.bytes.clone())
}

fn headers(mut answer: HttpResponseBuilder, etag: &str) -> HttpResponseBuilder {
    answer
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "Accept-Encoding"));
    answer
}
