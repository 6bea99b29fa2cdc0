//! What the browser needs beside live content: pages, styles, sprites and glyphs, all inside the
//! binary, so that the first paint needs no other host.

use super::params::Params;
use super::{App, Caller, base_url, matches};
use crate::identity::hex;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::Value;

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

fn file(
    request: &HttpRequest,
    path: &str,
    file: &EmbeddedFile,
    cache: &'static str,
) -> HttpResponse {
    let hash = hex(&file.metadata.sha256_hash()[..12]);
    let etag = format!("\"{hash}\"");
    if matches(request, &etag) {
        return HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .finish();
    }
    HttpResponse::Ok()
        .content_type(mime_guess::from_path(path).first_or_octet_stream())
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, cache))
        .body(file.data.clone().into_owned())
}

/// Names under `assets/` carry a hash of their content.
const FOREVER: &str = "private, max-age=31536000, immutable";
const CHECK: &str = "private, no-cache";

fn page(request: &HttpRequest, name: &str) -> Result<HttpResponse, Problem> {
    let page = Pages::get(name).ok_or_else(no_such_path)?;
    Ok(file(request, name, &page, CHECK))
}

/// `GET /sign-in` and its assets: open to all.
pub(super) async fn sign_in(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "sign-in.html")
}

/// `GET /assets/sign-in/{file}`: open to all.
pub(super) async fn sign_in_asset(
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let path = format!("assets/sign-in/{name}");
    let asset = Pages::get(&path).ok_or_else(no_such_path)?;
    Ok(file(&request, &path, &asset, FOREVER))
}

/// `GET /`, `/wall` and `/wall/{name}`: the map wall.
pub(super) async fn wall(request: HttpRequest, _caller: Caller) -> Result<HttpResponse, Problem> {
    page(&request, "wall.html")
}

/// `GET /assets/app/{file}`.
pub(super) async fn asset(
    request: HttpRequest,
    _caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let path = format!("assets/app/{name}");
    let asset = Pages::get(&path).ok_or_else(no_such_path)?;
    Ok(file(&request, &path, &asset, FOREVER))
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
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, CHECK))
        .json(style))
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
