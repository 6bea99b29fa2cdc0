//! `/catalog` and `/scenes`: what there is, for this viewer.

use super::get;
use super::params::Params;
use super::tiles::BASEMAP;
use super::{App, Caller, atalaya_seq, reached};
use crate::problem::Problem;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::View;
use serde_json::{Map, Value, json};

/// Mounts the catalog and the scenes.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/catalog", catalog))
        .service(get("/scenes", scenes));
}

/// `GET /catalog`: the layers that the viewer can open, with the fields that exist for them.
pub(super) async fn catalog(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let params = Params::parse(&request, &["min_seq"])?;
    reached(&app, &caller, &params).await?;
    let view = app.engine.view();
    let (name, seq) = atalaya_seq(&app, view.noticed_by(&caller.viewer));
    let mut answer = no_store(&described(&app, &view, &caller));
    answer.headers_mut().insert(
        name,
        HeaderValue::from_str(&seq).map_err(Problem::internal)?,
    );
    Ok(answer)
}

fn described(app: &App, view: &View, caller: &Caller) -> Value {
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
                "title": spec.title_or_name(),
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
                "wall": spec.on_wall(),
                "searched": spec.search.as_ref().map_or(&[][..], |search| &search.fields),
                "fields": fields,
            })
        })
        .collect();
    json!({
        "epoch": app.engine.epoch(),
        "version": app.engine.catalog_version(),
        "layers": layers,
        "tilesets": tilesets(app, view, caller),
        "tile_archives": app.tile_archives.names(&caller.viewer).collect::<Vec<_>>(),
        "tables": app.postgis.as_ref().map_or(Vec::new(), |postgis| postgis.names(&caller.viewer)),
    })
}

/// The configured tilesets, with the layers that the viewer can open; none of which that is all.
fn tilesets(app: &App, view: &View, caller: &Caller) -> Map<String, Value> {
    let opens = |name: &&String| *name == BASEMAP || view.open(&caller.viewer, name).is_ok();
    let tilesets = app.config.tilesets.iter();
    tilesets
        .map(|(name, layers)| (name, layers.iter().filter(opens).collect::<Vec<_>>()))
        .filter(|(_, layers)| !layers.is_empty())
        .map(|(name, layers)| (name.clone(), json!(layers)))
        .collect()
}

/// `GET /scenes`: saved views of the wall, with the layers that the viewer can open.
pub(super) async fn scenes(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let view = app.engine.view();
    let mut scenes = app.config.scenes.clone();
    for layers in scenes.iter_mut().filter_map(|scene| scene.layers.as_mut()) {
        layers.retain(|name| view.open(&caller.viewer, name).is_ok());
    }
    Ok(no_store(&json!({ "scenes": scenes })))
}

pub(super) fn no_store(document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(document)
}
