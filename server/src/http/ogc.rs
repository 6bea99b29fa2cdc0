//! `/ogc`: OGC API Features, parts 1 (core, GeoJSON, OpenAPI 3.0) and 2 (coordinate systems).
//!
//! ```text
//! /ogc ──▶ conformance, api, collections ──▶ {layer} ──▶ items ──▶ {id}
//! ```
//!
//! Promises: a collection is a layer whose single features the viewer may see, a feature what the
//! gate hands out, a count what the viewer could page through. Every path is served with and without
//! a slash at its end, since clients in use ask for either. Refuses parameters that it does not know.

mod api;
mod collections;
mod crs;
mod items;
mod query;

use super::params::Params;
use super::{App, Caller, atalaya_seq, base_url, get};
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::Seq;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const GEO_JSON: &str = "application/geo+json";
const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";

/// The conformance classes that are kept.
const CLASSES: [&str; 4] = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
];

/// Mounts everything under `/ogc`.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    for slash in ["", "/"] {
        let at = |path: &str| format!("/ogc{path}{slash}");
        service
            .service(get(&at(""), landing))
            .service(get(&at("/conformance"), conformance))
            .service(get(&at("/api"), api::document))
            .service(get(&at("/collections"), collections::list))
            .service(get(&at("/collections/{layer}"), collections::one))
            .service(get(&at("/collections/{layer}/items"), items::list));
    }
    // An id may hold slashes; whoever does not encode them is understood as well.
    service.service(get("/ogc/collections/{layer}/items/{id:.+}", items::one));
}

/// `GET /ogc`: what there is.
async fn landing(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    plain_json(&request)?;
    let base = base_url(&request);
    let links = [
        link(&format!("{base}/ogc"), "self", JSON, "This document"),
        link(
            &format!("{base}/ogc/api"),
            "service-desc",
            OPENAPI,
            "The API, as OpenAPI 3.0",
        ),
        link(
            &format!("{base}/docs"),
            "service-doc",
            "text/html",
            "All routes, for people",
        ),
        link(
            &format!("{base}/ogc/conformance"),
            "conformance",
            JSON,
            "Conformance classes",
        ),
        link(
            &format!("{base}/ogc/collections"),
            "data",
            JSON,
            "The collections",
        ),
    ];
    let document = json!({
        "title": "Atalaya",
        "description": "A city's live picture: every layer as a collection of features.",
        "links": links,
    });
    Ok(answer(&app, now_at(&app, &caller), JSON, &document))
}

/// `GET /ogc/conformance`: what of the standard is kept.
async fn conformance(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    plain_json(&request)?;
    Ok(answer(
        &app,
        now_at(&app, &caller),
        JSON,
        &json!({ "conformsTo": CLASSES }),
    ))
}

/// Where the picture of the moment stands for a caller.
fn now_at(app: &App, caller: &Caller) -> Seq {
    app.engine.view().noticed_by(&caller.viewer)
}

/// Refuses every parameter but `f=json`.
fn plain_json(request: &HttpRequest) -> Result<(), Problem> {
    Params::parse(request, &["f"])?.one_of("f", &["json"])?;
    Ok(())
}

fn answer(app: &App, seq: Seq, media_type: &'static str, document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(atalaya_seq(app, seq))
        .insert_header((header::CONTENT_TYPE, media_type))
        .body(document.to_string())
}

fn link(href: &str, rel: &str, media_type: &str, title: &str) -> Value {
    json!({ "href": href, "rel": rel, "type": media_type, "title": title })
}

/// A text as a part of a path or a query (RFC 3986 section 2.3).
pub(super) fn escaped(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]));
            out.push('%');
            out.extend(digits);
        }
    }
    out
}

#[cfg(test)]
mod tests;
