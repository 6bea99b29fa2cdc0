//! `/ogc/api`: the paths under `/ogc` as an OpenAPI 3.0.3 document.
//!
//! Made by hand, because the standard's class `oas30` names that version and the generators at hand
//! write later ones. It lists the collections that the caller may see, and no others.

use super::collections::all;
use super::crs::Crs;
use super::query::DEFAULT_LIMIT;
use super::{GEO_JSON, JSON, OPENAPI, answer, plain_json};
use crate::http::{App, Caller, base_url};
use crate::problem::{PROBLEM_JSON, Problem};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

/// `GET /ogc/api`.
pub(super) async fn document(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    plain_json(&request)?;
    let view = app.engine.view();
    let names: Vec<&str> = all(&view, &caller.viewer)
        .iter()
        .map(|open| open.spec().name.as_str())
        .collect();
    let document = described(&base_url(&request), &names, app.config.limits.page);
    Ok(answer(&app, OPENAPI, &document))
}

pub(super) fn described(base: &str, collections: &[&str], most: usize) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Atalaya: features",
            "description": "OGC API Features, parts 1 and 2, over the layers that you may see.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": base }],
        "security": [{ "token": [] }, { "session": [] }],
        "tags": [
            { "name": "capabilities", "description": "What there is" },
            { "name": "features", "description": "The features themselves" },
        ],
        "paths": paths(),
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "atalaya" },
            },
            "parameters": parameters(collections, most),
            "responses": {
                "Problem": {
                    "description": "Why there is no answer",
                    "content": { PROBLEM_JSON: { "schema": reference("schemas", "problem") } },
                },
            },
            "schemas": schemas(),
        },
    })
}

fn reference(of: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{of}/{name}") })
}

fn paths() -> Value {
    let mut paths = Map::new();
    let mut add =
        |path: &str, what: (&str, &str, &str), parameters: &[&str], answer: (&str, &str)| {
            let (id, tag, summary) = what;
            let parameters: Vec<Value> = parameters
                .iter()
                .map(|name| reference("parameters", name))
                .collect();
            let (media_type, schema) = answer;
            let operation = json!({
                "operationId": id,
                "tags": [tag],
                "summary": summary,
                "parameters": parameters,
                "responses": {
                    "200": {
                        "description": summary,
                        "content": { media_type: { "schema": reference("schemas", schema) } },
                    },
                    "default": reference("responses", "Problem"),
                },
            });
            paths.insert(path.to_owned(), json!({ "get": operation }));
        };
    let about = "capabilities";
    add(
        "/ogc",
        ("getLandingPage", about, "Landing page"),
        &["f"],
        (JSON, "landingPage"),
    );
    add(
        "/ogc/conformance",
        ("getConformance", about, "Conformance classes"),
        &["f"],
        (JSON, "confClasses"),
    );
    add(
        "/ogc/api",
        ("getApi", about, "This document"),
        &["f"],
        (OPENAPI, "api"),
    );
    add(
        "/ogc/collections",
        ("getCollections", about, "The collections"),
        &["f"],
        (JSON, "collections"),
    );
    let one = "/ogc/collections/{collectionId}";
    add(
        one,
        ("describeCollection", about, "One collection"),
        &["collectionId", "f"],
        (JSON, "collection"),
    );
    let asked = [
        "collectionId",
        "limit",
        "bbox",
        "bbox-crs",
        "datetime",
        "crs",
        "after",
        "offset",
        "at",
        "min_seq",
        "fields",
        "f",
    ];
    let items = (
        "getFeatures",
        "features",
        "Features, a page at a time, in order of id",
    );
    add(
        &format!("{one}/items"),
        items,
        &asked,
        (GEO_JSON, "featureCollection"),
    );
    let item = (
        "getFeature",
        "features",
        "One feature, with its trail where the layer keeps one",
    );
    let asked = ["collectionId", "featureId", "crs", "at", "min_seq", "f"];
    add(
        &format!("{one}/items/{{featureId}}"),
        item,
        &asked,
        (GEO_JSON, "feature"),
    );
    Value::Object(paths)
}

fn parameters(collections: &[&str], most: usize) -> Value {
    let text = |description: &str, schema: Value, name: &str| {
        json!({
            "name": name, "in": "query", "required": false, "description": description,
            "schema": schema, "style": "form", "explode": false,
        })
    };
    let systems = json!({ "type": "string", "format": "uri", "enum": Crs::ALL.map(Crs::uri), "default": Crs::default().uri() });
    let path = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema });
    let instant = json!({ "type": "string", "format": "date-time" });
    let numbers = json!({
        "type": "array", "items": { "type": "number" },
        "oneOf": [{ "minItems": 4, "maxItems": 4 }, { "minItems": 6, "maxItems": 6 }],
    });
    json!({
        "collectionId": path("collectionId", "A layer", json!({ "type": "string", "enum": collections })),
        "featureId": path("featureId", "The id of a feature; slashes in it are percent-encoded", json!({ "type": "string" })),
        "limit": text(
            "The most features on a page; more than the maximum counts as the maximum",
            json!({ "type": "integer", "minimum": 1, "maximum": most, "default": DEFAULT_LIMIT.min(most) }), "limit"),
        "bbox": text("Only features whose geometry meets this box; features without geometry do not", numbers, "bbox"),
        "bbox-crs": text("The coordinate system of bbox", systems.clone(), "bbox-crs"),
        "crs": text("The coordinate system of the answer; EPSG:4326 has the latitude first", systems, "crs"),
        "datetime": text(
            "Only features observed at an instant or within an interval, such as 2026-03-01T12:00:00Z/..",
            json!({ "type": "string" }), "datetime"),
        "after": text("Only features whose id comes after this one; next links carry it", json!({ "type": "string" }), "after"),
        "offset": text("Features to leave out at the beginning", json!({ "type": "integer", "minimum": 0, "default": 0 }), "offset"),
        "at": text("The picture of that instant instead of now", instant, "at"),
        "min_seq": text("Wait until the server is at this position, epoch:seq", json!({ "type": "string" }), "min_seq"),
        "f": text("The format", json!({ "type": "string", "enum": ["json"], "default": "json" }), "f"),
        "fields": {
            "name": "fields", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "Fields of the collection by name, such as status=active: only features that have these values. No field that needs a clearance.",
            "schema": { "type": "object", "additionalProperties": { "type": "string" } },
        },
    })
}

fn schemas() -> Value {
    let links = json!({ "type": "array", "items": reference("schemas", "link") });
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    json!({
        "link": {
            "type": "object", "required": ["href", "rel"],
            "properties": { "href": text, "rel": text, "type": text, "title": text },
        },
        "landingPage": {
            "type": "object", "required": ["links"],
            "properties": { "title": text, "description": text, "links": links },
        },
        "confClasses": { "type": "object", "required": ["conformsTo"], "properties": { "conformsTo": texts } },
        "api": { "type": "object" },
        "collections": {
            "type": "object", "required": ["links", "collections"],
            "properties": {
                "links": links, "crs": texts,
                "collections": { "type": "array", "items": reference("schemas", "collection") },
            },
        },
        "collection": {
            "type": "object", "required": ["id", "links"],
            "properties": {
                "id": text, "title": text, "itemType": text, "links": links,
                "crs": texts, "storageCrs": text, "extent": { "type": "object" },
            },
        },
        "featureCollection": {
            "type": "object", "required": ["type", "features"],
            "properties": {
                "type": { "type": "string", "enum": ["FeatureCollection"] },
                "features": { "type": "array", "items": reference("schemas", "feature") },
                "links": links,
                "timeStamp": { "type": "string", "format": "date-time" },
                "numberMatched": { "type": "integer", "minimum": 0 },
                "numberReturned": { "type": "integer", "minimum": 0 },
            },
        },
        "feature": {
            "type": "object", "required": ["type", "id", "geometry", "properties"],
            "properties": {
                "type": { "type": "string", "enum": ["Feature"] },
                "id": text,
                "geometry": { "type": "object", "nullable": true },
                "properties": { "type": "object", "nullable": true },
                "observed_at": { "type": "string", "format": "date-time" },
                "stale_at": { "type": "string", "format": "date-time" },
                "stale": { "type": "boolean" },
                "trail": { "type": "array", "items": { "type": "object" } },
                "links": links,
            },
        },
        "problem": {
            "type": "object", "required": ["type", "title", "status"],
            "properties": {
                "type": text, "title": text, "status": { "type": "integer" },
                "detail": text, "instance": text,
            },
        },
    })
}
