//! What the browser needs beside live content: pages, styles, sprites and glyphs, all inside the
//! binary, so that the first paint needs no other host.

use super::coding::Coding;
use super::get;
use super::params::Params;
use super::representation::Representation;
use super::{App, Caller, base_url};
use crate::identity::hex;
use crate::metrics;
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use moka::future::Cache;
use moka::notification::RemovalCause;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Mounts the pages, their files and the styles.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/", wall))
        .service(get("/wall", wall))
        .service(get("/wall/{name}", wall))
        .service(get("/sign-in", sign_in))
        .service(get("/assets/sign-in/{file}", sign_in_asset))
        .service(get("/assets/app/{file}", asset))
        .service(get("/styles/{name}", style));
}

/// The built front end.
#[derive(RustEmbed)]
#[folder = "../frontend/dist"]
#[allow_missing = true]
struct Pages;

/// Styles and icons.
#[derive(RustEmbed)]
#[folder = "../styles"]
pub(super) struct Styles;

fn no_such_path() -> Problem {
    Problem::NoSuchPath {}
}

/// The codings in which the build of the front end leaves its files, best first, and the ending
/// that each adds to the name of the plain one.
const PACKED: [(Coding, &str); 2] = [(Coding::Brotli, ".br"), (Coding::Gzip, ".gz")];

/// A page or asset in the best coding that the client takes. All were made at build time: nothing
/// is compressed here.
fn file(request: &HttpRequest, path: &str, cache: &'static str) -> Result<HttpResponse, Problem> {
    if PACKED.iter().any(|(_, ending)| path.ends_with(ending)) {
        return Err(no_such_path());
    }
    let plain = Pages::get(path).ok_or_else(no_such_path)?;
    let mut at_hand: Vec<(Coding, EmbeddedFile)> = PACKED
        .iter()
        .filter_map(|(coding, ending)| Some((*coding, Pages::get(&format!("{path}{ending}"))?)))
        .collect();
    at_hand.push((Coding::Identity, plain));
    let codings: Vec<Coding> = at_hand.iter().map(|(coding, _)| *coding).collect();
    let coding = Coding::negotiate_among(request, &codings);
    let file = at_hand.into_iter().find(|(one, _)| *one == coding);
    let (_, file) = file.ok_or_else(no_such_path)?;
    let representation = Representation {
        // Of the bytes as they go out, and so another for each coding.
        etag: format!("\"{}\"", hex(&file.metadata.sha256_hash()[..12])),
        cache,
        coding,
        varies: codings.len() > 1,
    };
    if let Some(held) = representation.held_by(request) {
        return Ok(held);
    }
    let body = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let content_type = mime_guess::from_path(path).first_or_octet_stream();
    Ok(representation.with_body(content_type.as_ref(), body))
}

/// Names under `assets/` carry a hash of their content.
const FOREVER: &str = "private, max-age=31536000, immutable";
pub(super) const CHECK: &str = "private, no-cache";

/// `GET /sign-in` and its assets: open to all.
pub(super) async fn sign_in(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    file(&request, "sign-in.html", CHECK)
}

/// `GET /assets/sign-in/{file}`: open to all.
pub(super) async fn sign_in_asset(
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    file(&request, &format!("assets/sign-in/{name}"), FOREVER)
}

/// `GET /`, `/wall` and `/wall/{name}`: the map wall. Its query is for the page, which says on the screen what
/// it does not know: a display shows the city whatever its address says.
pub(super) async fn wall(request: HttpRequest, _caller: Caller) -> Result<HttpResponse, Problem> {
    file(&request, "wall.html", CHECK)
}

/// `GET /assets/app/{file}`.
pub(super) async fn asset(
    request: HttpRequest,
    _caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    file(&request, &format!("assets/app/{name}"), FOREVER)
}

/// `GET /styles/{name}`: a MapLibre style. With `glyphs=1` it names our glyphs, for clients that do
/// not draw text with fonts of their own.
pub(super) async fn style(
    request: HttpRequest,
    _app: web::Data<App>,
    _caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let params = Params::parse(&request, &["glyphs"])?;
    let name = name.strip_suffix(".json").unwrap_or(&name);
    let style = matches!(name, "night" | "day")
        .then(|| Styles::get(&format!("{name}.json")))
        .flatten();
    let style = style.ok_or_else(no_such_path)?;
    let mut style: Value = serde_json::from_slice(&style.data).map_err(Problem::internal)?;
    let base = base_url(&request);
    absolute(&mut style, &base);
    if params.raw("glyphs") == Some("1") {
        style["glyphs"] = format!("{base}/fonts/{{fontstack}}/{{range}}.pbf").into();
    }
    let plain = Bytes::from(serde_json::to_vec(&style).map_err(Problem::internal)?);
    coded_json(&request, plain).await
}

/// The most documents that are kept as they go on the wire.
const CODED_MOST: u64 = 64;
/// Documents as they go on the wire, by their `ETag`, which is one of their bytes: many ask for the same.
static CODED: LazyLock<Cache<String, Bytes>> = LazyLock::new(|| {
    let evicted = |_, _, cause| {
        if cause == RemovalCause::Size {
            metrics::EVICTED_DOCUMENTS.increment(1);
        }
    };
    Cache::builder()
        .max_capacity(CODED_MOST)
        .eviction_listener(evicted)
        .build()
});

/// A small JSON document, coded for this client unless it holds it already.
pub(super) async fn coded_json(
    request: &HttpRequest,
    plain: Bytes,
) -> Result<HttpResponse, Problem> {
    let coding = Coding::negotiate(request);
    let digest = hex(&Sha256::digest(&plain)[..12]);
    let representation = Representation {
        etag: format!("\"{digest}-{}\"", coding.name()),
        cache: CHECK,
        coding,
        varies: true,
    };
    if let Some(held) = representation.held_by(request) {
        return Ok(held);
    }
    let coded = CODED.try_get_with(representation.etag.clone(), async move {
        let coded = web::block(move || coding.encode(&plain)).await;
        coded.map_err(Problem::internal)?.map_err(Problem::internal)
    });
    let body = coded.await.map_err(|problem| Problem::clone(&problem))?;
    Ok(representation.with_body("application/json", body))
}

/// Makes the style's own paths absolute: MapLibre resolves none against the style's address.
fn absolute(style: &mut Value, base: &str) {
    let fix = |value: &mut Value| {
        if let Some(path) = value.as_str().filter(|path| path.starts_with('/')) {
            *value = format!("{base}{path}").into();
        }
    };
    if let Some(sprite) = style.get_mut("sprite") {
        fix(sprite);
    }
    let sources = style.get_mut("sources").and_then(Value::as_object_mut);
    for source in sources.into_iter().flat_map(|sources| sources.values_mut()) {
        if let Some(url) = source.get_mut("url") {
            fix(url);
        }
    }
}
