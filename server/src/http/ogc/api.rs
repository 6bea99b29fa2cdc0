//! `/ogc/api`: the paths under `/ogc` as an OpenAPI 3.0.3 document.
//!
//! Made by hand, in `features.json`, because the standard's class `oas30` names that version and the
//! generators at hand write later ones. What depends on the server and on the caller is put in here:
//! the document lists the collections that the caller may see, and no others.

use super::collections::all;
use super::query::DEFAULT_LIMIT;
use super::{OPENAPI, answer, now_at, plain_json};
use crate::http::{App, Caller, base_url};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// The document, but for what [`described`] puts in.
const TEXT: &str = include_str!("features.json");

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
    let document = described(&base_url(&request), &names, app.config.limits.page)?;
    Ok(answer(&app, now_at(&app, &caller), OPENAPI, &document))
}

/// The document of a server at `base`, whose pages have `most` features at most.
pub(super) fn described(base: &str, collections: &[&str], most: usize) -> Result<Value, Problem> {
    let mut document: Value = serde_json::from_str(TEXT).map_err(Problem::internal)?;
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document["servers"] = json!([{ "url": base }]);
    let parameters = &mut document["components"]["parameters"];
    parameters["collectionId"]["schema"]["enum"] = json!(collections);
    let limit = &mut parameters["limit"]["schema"];
    limit["maximum"] = most.into();
    limit["default"] = DEFAULT_LIMIT.min(most).into();
    Ok(document)
}
