//! The items of a collection, and one of them.
//!
//! Paging goes by the id after which to go on, so that what comes or goes meanwhile neither repeats
//! nor hides another feature. A `next` link carries the position of the log too: another node answers
//! it only when it knows as much.

use super::collections::open;
use super::crs::Crs;
use super::query::{PARAMETERS, Page, Query, filters};
use super::{GEO_JSON, JSON, escaped, link};
use crate::geojson::{push_feature_at, push_trail};
use crate::http::params::Params;
use crate::http::{App, Caller, atalaya_seq, base_url, reached, stands_at, view_of};
use crate::metrics;
use crate::problem::{Problem, echo};
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::{LayerSpec, Open, Seen, Seq};
use serde_json::{Value, json};
use std::sync::Arc;

static CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");

/// `GET /ogc/collections/{layer}/items`.
pub(super) async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (params, query, layers) = {
        let view = app.engine.view();
        let open = open(&view, &caller.viewer, &name)?;
        let known: Vec<&str> = PARAMETERS.into_iter().chain(filters(&open)).collect();
        let params = Params::parse(&request, &known)?;
        let query = Query::read(&params, &open, app.config.limits.page)?;
        (params, query, vec![open.layer()])
    };
    reached(&app, &caller, &params).await?;
    let past = match query.at {
        Some(_) => Some(view_of(&app, query.at, &layers).await?),
        None => None,
    };
    let crs = query.crs;
    let mut links = Links {
        own: format!("{}{}", base_url(&request), request.uri()),
        collection: format!("{}/ogc/collections/{name}", base_url(&request)),
        position: String::new(),
        params,
    };
    let now = app.engine.clock().now();
    let engine = Arc::clone(&app.engine);
    let body = app.questions.answer(move || {
        let view = past.unwrap_or_else(|| engine.view());
        let seq = stands_at(&view, &caller.viewer, query.at, &layers);
        links.position = format!("{}:{seq}", engine.epoch());
        let open = open(&view, &caller.viewer, &name)?;
        let page = query.ask(&open);
        if page.more {
            metrics::PAGES_CONTINUED.increment(1);
        }
        let head = json!({
            "type": "FeatureCollection",
            "timeStamp": now,
            "numberMatched": page.matched,
            "numberReturned": page.features.len(),
            "links": links.of(&page),
        });
        Ok::<_, Problem>((seq, written(&open, &page.features, &head, crs)))
    });
    let (seq, body) = body.await??;
    Ok(answer(&app, seq, crs, body))
}

/// `GET /ogc/collections/{layer}/items/{id}`.
pub(super) async fn one(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (name, id) = path.into_inner();
    let params = Params::parse(&request, &["crs", "f", "at", "min_seq"])?;
    params.one_of("f", &["json", "geojson"])?;
    let crs = Crs::parse("crs", params.raw("crs"))?;
    let at = params.instant("at")?;
    let layers = {
        let view = app.engine.view();
        vec![open(&view, &caller.viewer, &name)?.layer()]
    };
    reached(&app, &caller, &params).await?;
    let view = view_of(&app, at, &layers).await?;
    let open = open(&view, &caller.viewer, &name)?;
    let bare = id.strip_suffix('/').map(Into::into);
    let seen = open.get(&id.as_str().into()).or_else(|| open.get(&bare?));
    let seen = seen.ok_or_else(|| Problem::NoSuchFeature {
        layer: open.spec().name.clone(),
        id: echo(&id),
    })?;
    let collection = format!("{}/ogc/collections/{name}", base_url(&request));
    let own = format!("{collection}/items/{}", escaped(seen.id()));
    let links = json!([
        link(&own, "self", GEO_JSON, "This feature"),
        link(&collection, "collection", JSON, "The collection"),
    ]);
    let mut body = Vec::new();
    push(&mut body, open.spec(), &seen, crs);
    push_trail(&mut body, &seen, |at| crs.place(at));
    body.pop();
    body.extend_from_slice(format!(",\"links\":{links}}}").as_bytes());
    let seq = stands_at(&view, &caller.viewer, at, &layers);
    Ok(answer(&app, seq, crs, body))
}

/// What the links of a page are made of.
struct Links {
    own: String,
    collection: String,
    position: String,
    params: Params,
}

impl Links {
    fn of(&self, page: &Page) -> Vec<Value> {
        let mut links = vec![
            link(&self.own, "self", GEO_JSON, "This page"),
            link(&self.collection, "collection", JSON, "The collection"),
        ];
        if let Some(last) = page.features.last().filter(|_| page.more) {
            let next = self.next(last.id());
            links.push(link(&next, "next", GEO_JSON, "The next page"));
        }
        links
    }

    fn next(&self, after: &str) -> String {
        let stays = |name: &str| !["after", "offset", "min_seq"].contains(&name);
        let kept = self.params.pairs().filter(|(name, _)| stays(name));
        let added = [("after", after), ("min_seq", self.position.as_str())];
        let pairs = kept
            .chain(added)
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
        let pairs: Vec<String> = pairs.collect();
        format!("{}/items?{}", self.collection, pairs.join("&"))
    }
}

fn push(out: &mut Vec<u8>, spec: &LayerSpec, seen: &Seen, crs: Crs) {
    let stored = seen.geometry();
    let geometry = stored.as_deref().map(|stored| crs.geometry(stored));
    push_feature_at(out, spec, seen, geometry.as_deref(), &[]);
}

fn written(open: &Open<'_>, features: &[Seen], head: &Value, crs: Crs) -> Vec<u8> {
    let mut body = head.to_string().into_bytes();
    body.pop();
    body.extend_from_slice(b",\"features\":[");
    for (at, seen) in features.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        push(&mut body, open.spec(), seen, crs);
    }
    body.extend_from_slice(b"]}");
    body
}

fn answer(app: &App, seq: Seq, crs: Crs, body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(GEO_JSON)
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((CONTENT_CRS.clone(), format!("<{}>", crs.uri())))
        .insert_header(atalaya_seq(app, seq))
        .body(body)
}
