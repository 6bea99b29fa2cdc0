//! `/openapi.json`: the native routes as an OpenAPI 3.1 document, and `/docs`, the same for people.
//!
//! The document is written by hand: the paths of an endpoint beside it, what they share in
//! `frame.json`. A test holds it to the table of endpoints. The page is made of it here, once, and
//! needs no script. What is under `/ogc` has a document of its own there, in the version that its
//! standard names.

use super::get;
use super::params::Params;
use super::{Caller, DESCRIBED};
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::error::Error;
use std::fmt::Write;
use std::sync::LazyLock;

/// Mounts `/openapi.json` and `/docs`.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/openapi.json", document))
        .service(get("/docs", page));
}

/// The document, but for the version and the paths.
const FRAME: &str = include_str!("openapi/frame.json");

const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    article{border-top:1px solid #8888;padding:.5rem 0}\
    code{font-size:1em}h3 code{font-weight:600}\
    table{border-collapse:collapse}th,td{text-align:start;padding:.1rem 1.2rem .1rem 0;vertical-align:top}";

/// What both routes answer, made when it is first asked for; else why it cannot be made.
static ANSWERS: LazyLock<Result<Answers, String>> =
    LazyLock::new(|| Answers::made_of(DESCRIBED).map_err(|cause| cause.to_string()));

struct Answers {
    document: Bytes,
    page: Bytes,
}

impl Answers {
    fn made_of(described: &[&str]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let document = document_of(described)?;
        let mut page = String::new();
        push_page(&mut page, &document)?;
        Ok(Self {
            document: serde_json::to_vec(&document)?.into(),
            page: page.into(),
        })
    }

    fn made() -> Result<&'static Self, Problem> {
        ANSWERS
            .as_ref()
            .map_err(|why| Problem::internal(why.as_str()))
    }
}

/// The frame with the paths that each endpoint describes.
fn document_of(described: &[&str]) -> serde_json::Result<Value> {
    let mut document: Value = serde_json::from_str(FRAME)?;
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let mut paths = Map::new();
    for own in described {
        paths.extend(serde_json::from_str::<Map<String, Value>>(own)?);
    }
    document["paths"] = paths.into();
    Ok(document)
}

/// `GET /openapi.json`.
pub(super) async fn document(
    request: HttpRequest,
    _caller: Caller,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .content_type("application/json")
        .body(Answers::made()?.document.clone()))
}

/// `GET /docs`.
pub(super) async fn page(request: HttpRequest, _caller: Caller) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .body(Answers::made()?.page.clone()))
}

fn push_page(out: &mut String, document: &Value) -> std::fmt::Result {
    let about = &document["info"];
    let (title, version) = (plain(&about["title"]), plain(&about["version"]));
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} {version}</title><style>{STYLE}</style>\
         <main><h1>{title} {version}</h1><p>{}</p><p>{}</p>\
         <p>For programs: <a href=\"/openapi.json\">openapi.json</a>; \
         OGC API Features: <a href=\"/ogc/api\">/ogc/api</a>.</p>",
        plain(&about["summary"]),
        plain(&about["description"]),
    )?;
    for tag in parts(&document["tags"]) {
        write!(out, "<section><h2>{}</h2>", plain(&tag["description"]))?;
        for (path, operations) in members(&document["paths"]) {
            for (method, operation) in members(operations) {
                if operation["tags"][0] == tag["name"] {
                    push_operation(out, document, (method, path), operation)?;
                }
            }
        }
        out.push_str("</section>");
    }
    out.push_str("</main></html>");
    Ok(())
}

fn push_operation(
    out: &mut String,
    document: &Value,
    (method, path): (&str, &str),
    operation: &Value,
) -> std::fmt::Result {
    write!(
        out,
        "<article><h3><code>{} {}</code></h3><p>{}</p>",
        method.to_uppercase(),
        escaped(path),
        plain(&operation["summary"]),
    )?;
    let parameters = parts(&operation["parameters"]);
    if !parameters.is_empty() {
        out.push_str("<table><tr><th>parameter<th>in<th>what it is</tr>");
        for parameter in parameters {
            let parameter = resolved(document, parameter);
            let must = parameter["required"] == true && parameter["in"] != "path";
            write!(
                out,
                "<tr><td><code>{}</code><td>{}<td>{}{}</tr>",
                plain(&parameter["name"]),
                plain(&parameter["in"]),
                plain(&parameter["description"]),
                if must { " (required)" } else { "" },
            )?;
        }
        out.push_str("</table>");
    }
    out.push_str("<ul>");
    for (status, response) in members(&operation["responses"]) {
        let response = resolved(document, response);
        let types: Vec<String> = members(&response["content"])
            .map(|(media_type, _)| format!(" <code>{}</code>", escaped(media_type)))
            .collect();
        let what = plain(&response["description"]);
        write!(out, "<li>{}: {what}{}", escaped(status), types.join(""))?;
    }
    out.push_str("</ul></article>");
    Ok(())
}

/// What a reference stands for; anything else stands for itself.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value["$ref"]
        .as_str()
        .and_then(|target| target.strip_prefix('#'));
    target
        .and_then(|target| document.pointer(target))
        .unwrap_or(value)
}

fn parts(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, member)| (name.as_str(), member))
}

fn plain(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
