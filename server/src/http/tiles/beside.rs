//! Tilesets beside the live picture, at the addresses of all tilesets: from archives, and from PostGIS.
//!
//! The order of work is that of other tiles: who asks, what exists, and then, as they are kept or cost less than to encode anything, the
//! bytes, by whose hash the client is told that it has them already.

use super::{App, Caller, count_outcome, matches};
use crate::http::base_url;
use crate::http::coding::Coding;
use crate::http::params::Params;
use crate::metrics;
use crate::problem::Problem;
use crate::tilesets::archives::{AGAIN, Archive};
use crate::tilesets::postgis::{self, PostGis, Tableset};
use crate::tilesets::{About, Kept, NoTile, TileKind};
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use atalaya_tiles::TileCoord;
use serde_json::{Value, json};
use std::sync::Arc;

/// A tileset that a name stands for.
pub(super) enum Named<'a> {
    Archive(&'a Archive),
    Table(&'a PostGis, Arc<Tableset>),
}

/// The tileset that a name stands for, if it stands for one that the caller may open.
pub(super) async fn named<'a>(
    app: &'a App,
    caller: &Caller,
    name: &str,
) -> Result<Option<Named<'a>>, Problem> {
    if let Some(archive) = app.tile_archives.open(&caller.viewer, name) {
        return Ok(Some(Named::Archive(archive)));
    }
    let Some(postgis) = &app.postgis else {
        return Ok(None);
    };
    let opened = postgis.open(&caller.viewer, name).await;
    let opened = opened.map_err(|why| failed(name, None, why))?;
    Ok(opened.map(|table| Named::Table(postgis, table)))
}

fn failed(tileset: &str, tile: Option<TileCoord>, why: NoTile) -> Problem {
    let retry_after_s = u32::try_from(AGAIN.as_secs()).unwrap_or(u32::MAX);
    let refused = matches!(why, NoTile::Busy { .. });
    let outcome = if refused {
        &metrics::TILES_REFUSED
    } else {
        &metrics::TILES_FAILED
    };
    outcome.increment(1);
    match why {
        NoTile::Busy { what, limit } => Problem::Overloaded {
            what: what.to_owned(),
            limit,
            retry_after_s: 1,
        },
        NoTile::TooLarge { bytes, limit } => Problem::TileTooLarge {
            tile: tile.map(|tile| tile.to_string()).unwrap_or_default(),
            bytes,
            limit,
        },
        NoTile::Failed { reason } => Problem::TilesetFailed {
            tileset: crate::problem::echo(tileset),
            reason,
            retry_after_s,
        },
    }
}

impl Named<'_> {
    async fn about(&self, name: &str) -> Result<Arc<About>, Problem> {
        match self {
            Self::Table(_, table) => Ok(Arc::clone(table.about())),
            Self::Archive(archive) => match archive.about().await {
                Ok((about, _)) => Ok(about),
                Err(why) => Err(failed(name, None, why.into())),
            },
        }
    }

    /// What else is asked, where it is for this tileset.
    fn query(&self, request: &HttpRequest) -> Result<String, Problem> {
        if !matches!(self, Self::Table(_, table) if table.takes_query()) {
            Params::parse(request, &[])?;
            return Ok(String::new());
        }
        let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|_| Problem::BadRequest {})?;
        postgis::asked(&pairs).map_err(|most| Problem::BadParameter {
            name: "query".into(),
            value: crate::problem::echo(request.query_string()),
            expected: format!("at most {most} bytes as JSON"),
        })
    }

    async fn read(
        &self,
        request: &HttpRequest,
        app: &App,
        tile: TileCoord,
        query: &str,
    ) -> Result<(Arc<Kept>, bool), NoTile> {
        let choose = |at_hand: &[Coding]| Coding::negotiate_among(request, at_hand);
        match self {
            Self::Archive(archive) => {
                let read = app.tile_archives.tile(archive, tile, choose);
                Box::pin(read).await.map_err(NoTile::from)
            }
            Self::Table(postgis, table) => Box::pin(postgis.tile(table, tile, query, choose)).await,
        }
    }
}

/// `GET /tiles/{tileset}`: TileJSON 3.0.
pub(super) async fn tilejson(
    request: &HttpRequest,
    named: &Named<'_>,
    name: &str,
) -> Result<HttpResponse, Problem> {
    Params::parse(request, &[])?;
    let about = named.about(name).await?;
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

/// `GET /tiles/{tileset}/{z}/{x}/{y}`.
pub(super) async fn tile(
    request: &HttpRequest,
    app: &App,
    named: &Named<'_>,
    (name, z, x, y): (&str, &str, &str, &str),
) -> Result<HttpResponse, Problem> {
    let query = named.query(request)?;
    let (row, asked) = TileKind::ending(y);
    let tile = super::place(z, x, row).ok_or_else(|| super::no_such_tile(z, x, y))?;
    let about = named.about(name).await?;
    if asked.is_some_and(|asked| asked != about.kind) {
        return Err(Problem::NotAcceptable {
            offered: about.kind.media_type().to_owned(),
        });
    }
    let read = named.read(request, app, tile, &query).await;
    let (kept, fresh) = read.map_err(|why| failed(name, Some(tile), why))?;
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
