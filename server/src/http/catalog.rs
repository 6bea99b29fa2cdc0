//! `/catalog` and `/scenes`: what there is, for this viewer.

use super::{App, Caller};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

/// `GET /catalog`: the layers that the viewer can open, with the fields that exist for them.
pub(super) async fn catalog(app: web::Data<App>, caller: Caller) -> HttpResponse {
    let view = app.engine.view();
    let layers: Vec<Value> = view
        .open_all(&caller.viewer)
        .iter()
        .map(|open| {
            let spec = open.spec();
            let fields: Map<String, Value> = spec
                .fields
                .iter()
                .filter(|(name, _)| {
                    spec.field(name)
                        .is_some_and(|field| open.fields().contains(field))
                })
                .map(|(name, field)| (name.clone(), json!(field)))
                .collect();
            json!({
                "name": spec.name,
                "title": if spec.title.is_empty() { &spec.name } else { &spec.title },
                "kind": spec.kind,
                "geometry": spec.geometry,
                "zooms": spec.zooms,
                "track": spec.track,
                "shown_as": spec.shown_as,
                "single": open.has_singles(),
                "finest_resolution": open.finest_resolution(),
                "stale_after_s": spec.stale_after_s,
                "expire_after_s": spec.expire_after_s,
                "retain_days": spec.retain_days,
                "fields": fields,
            })
        })
        .collect();
    no_store(&json!({
        "epoch": app.engine.epoch(),
        "version": app.engine.catalog_version(),
        "layers": layers,
        "tilesets": app.config.tilesets,
    }))
}

/// `GET /scenes`: saved views of the wall.
pub(super) async fn scenes(app: web::Data<App>, _caller: Caller) -> HttpResponse {
    no_store(&json!({ "scenes": app.config.scenes }))
}

pub(super) fn no_store(document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(document)
}
