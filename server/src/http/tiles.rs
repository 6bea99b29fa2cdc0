//! `/tiles`: TileJSON and vector tiles.
//!
//! Order of work: who asks, what exists, which version of it, whether the client has that already,
//! and only then the bytes. The `ETag` is known before anything is encoded; encoding happens off the
//! event loop, at most so many at a time, and identical misses wait for one of them.

mod at_hand;
mod beside;
mod format;
mod service;
mod told;

pub(super) use service::TileService;

use super::coding::Coding;
use super::get;
use super::params::{MOST_LAYERS, Params};
use super::{App, Caller, atalaya_seq, base_url, reached};
use crate::basemap::LAST_ZOOM;
use crate::metrics;
use crate::problem::Problem;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use at_hand::{Asked, AtHand};
use atalaya_tiles::catalog::FieldType;
use atalaya_tiles::tile::MERCATOR_LATITUDE;
use atalaya_tiles::{
    LayerIx, LayerSpec, TileCoord, TileFormat, TileLayer, View, Viewer, tile_layers,
};
use serde_json::{Value, json};
use service::{TileKey, Wire};
use std::sync::Arc;
use told::Told;

/// Mounts tilesets and their tiles.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/tiles/{tileset}", tilejson))
        .service(get("/tiles/{tileset}/{z}/{x}/{y}", tile));
}

/// The name of the static tileset.
pub(super) const BASEMAP: &str = "basemap";
/// What a tileset name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Tileset {
    layers: Vec<LayerIx>,
    basemap: bool,
}

/// Finds what a tileset name stands for, as far as the viewer may know: of a tileset that the
/// configuration names, what they cannot open is left out, as if it were not in it.
fn tileset(app: &App, view: &View, viewer: &Viewer, name: &str) -> Result<Tileset, Problem> {
    let named = app.config.tilesets.get(name);
    let parts: Vec<&str> = match named {
        Some(layers) => layers.iter().map(String::as_str).collect(),
        None => name.split(',').collect(),
    };
    if named.is_none() && parts.len() > MOST_LAYERS {
        return Err(Problem::BadParameter {
            name: "tileset".into(),
            value: crate::problem::echo(name),
            expected: format!("1 to {MOST_LAYERS} names joined by commas"),
        });
    }
    let no_such = |name: &str| Problem::NoSuchLayer {
        name: crate::problem::echo(name),
    };
    let mut found = Tileset {
        layers: Vec::with_capacity(parts.len()),
        basemap: false,
    };
    for part in parts {
        // Bytes of an archive go out as they are: nothing is put beside them.
        if app.tile_archives.has(part) {
            return Err(no_such(name));
        }
        if part == BASEMAP {
            found.basemap = true;
            continue;
        }
        let open = match view.open(viewer, part) {
            Ok(open) => open,
            Err(_) if named.is_some() => continue,
            Err(missing) => return Err(no_such(&missing.0)),
        };
        if !found.layers.contains(&open.layer()) {
            found.layers.push(open.layer());
        }
    }
    if found.layers.is_empty() && !found.basemap {
        return Err(no_such(name));
    }
    Ok(found)
}

/// `GET /tiles/{tileset}`: TileJSON 3.0.
pub(super) async fn tilejson(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    if let Some(named) = beside::named(&app, &caller, &name).await? {
        return beside::tilejson(&request, &named, &name).await;
    }
    let view = app.engine.view();
    let tileset = tileset(&app, &view, &caller.viewer, &name)?;
    let mut vector_layers = Vec::new();
    let (mut minzoom, mut maxzoom) = (atalaya_tiles::tile::MAX_ZOOM, 0);
    for layer in &tileset.layers {
        let Some(open) = view.open_at(&caller.viewer, *layer) else {
            continue;
        };
        let spec = open.spec();
        minzoom = minzoom.min(spec.zooms[0]);
        maxzoom = maxzoom.max(spec.zooms[1]);
        let carried = tile_layers(&open);
        vector_layers.extend(carried.iter().map(|layer| described(spec, layer)));
    }
    if tileset.basemap {
        (minzoom, maxzoom) = (0, maxzoom.max(LAST_ZOOM));
        vector_layers.extend(app.basemap.load().vector_layers());
    }
    let base = base_url(&request);
    let document = json!({
        "tilejson": "3.0.0",
        "name": *name,
        "scheme": "xyz",
        "tiles": [format!("{base}/tiles/{name}/{{z}}/{{x}}/{{y}}")],
        "minzoom": minzoom.min(maxzoom),
        "maxzoom": maxzoom,
        "bounds": [-180.0, -MERCATOR_LATITUDE, 180.0, MERCATOR_LATITUDE],
        "attribution": if tileset.basemap { app.basemap.load().attribution() } else { String::new() },
        "vector_layers": vector_layers,
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header(atalaya_seq(&app, view.noticed_by(&caller.viewer)))
        .json(document))
}

/// What a tile carries for a field of this type, in the words customary in TileJSON: a time is epoch
/// milliseconds there, a list JSON text.
fn carried_as(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text | FieldType::List => "String",
        FieldType::Integer | FieldType::Number | FieldType::Time => "Number",
        FieldType::Boolean => "Boolean",
    }
}

/// A layer of the tiles as TileJSON describes it.
fn described(spec: &LayerSpec, layer: &TileLayer) -> Value {
    let fields = layer.keys.iter();
    let fields: serde_json::Map<String, Value> = fields
        .map(|(key, kind)| (key.clone(), Value::from(carried_as(*kind))))
        .collect();
    let counts = if layer.counts {
        ": counts by H3 cell"
    } else {
        ""
    };
    let title = [&spec.title, &spec.name][usize::from(spec.title.is_empty())];
    json!({
        "id": layer.name,
        "description": format!("{title}{counts}"),
        "minzoom": spec.zooms[0],
        "maxzoom": spec.zooms[1],
        "fields": fields,
    })
}

/// Reads `{z}/{x}/{y}`, and the format that an ending asks for.
fn coordinates(z: &str, x: &str, y: &str) -> Result<(TileCoord, Option<TileFormat>), Problem> {
    let (row, format) = format::ending(y);
    let tile = place(z, x, row).ok_or_else(|| no_such_tile(z, x, y))?;
    Ok((tile, format))
}

fn no_such_tile(z: &str, x: &str, y: &str) -> Problem {
    Problem::NoSuchTile {
        tile: crate::problem::echo(&format!("{z}/{x}/{y}")),
    }
}

/// The tile that three numbers name, if they are numbers and it is in the pyramid.
fn place(z: &str, x: &str, y: &str) -> Option<TileCoord> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let zoom = u8::try_from(number(z)?).ok()?;
    TileCoord::new(zoom, number(x)?, number(y)?).ok()
}

/// `GET /tiles/{tileset}/{z}/{x}/{y}`: a vector tile.
pub(super) async fn tile(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String, String, String)>,
) -> Result<HttpResponse, Problem> {
    crate::request::note_frequent();
    let (name, z, x, y) = path.into_inner();
    if let Some(named) = beside::named(&app, &caller, &name).await? {
        let answer = beside::tile(&request, &app, &named, (&name, &z, &x, &y));
        // Few ask for these: others need not have the room for it.
        return Box::pin(answer).await;
    }
    let params = Params::parse(&request, &["at", "window", "min_seq"])?;
    let (tile, format) = coordinates(&z, &x, &y)?;
    let tileset = tileset(&app, &app.engine.view(), &caller.viewer, &name)?;
    reached(&app, &caller, &params).await?;
    let at = params.instant("at")?;
    let view = super::view_of(&app, at, &tileset.layers).await?;
    let window = params.sightings_within(at.unwrap_or_else(|| app.engine.clock().now()))?;
    let mut key = key(&app, &view, &caller, tileset, tile);
    (key.window, key.at) = (window, at);
    key.coding = Coding::negotiate(&request);
    key.format = format.unwrap_or_else(|| format::accepted(&request));
    let told = Told::of(&app, &view, &caller, &name, &key);
    if told.is_known(&request) {
        metrics::TILES_NOT_MODIFIED.increment(1);
        return Ok(told.not_modified());
    }
    let served = app.tiles.wire(&app, view, key).await;
    count(&served.as_ref().map(|(wire, encoded)| (wire, *encoded)));
    Ok(told.whole(&served?.0))
}

/// Answers with a tile that is kept, or that the client has, where nothing has to be waited for. The rest, and
/// all that is to be refused, takes the way through the route to [`tile`].
pub(super) fn kept(request: &HttpRequest) -> Option<HttpResponse> {
    let path = request.path();
    let plain = request.method() == Method::GET && request.uri().query().is_none();
    if !plain || !path.starts_with("/tiles/") {
        return None;
    }
    let app = request.app_data::<web::Data<App>>()?;
    let caller = Caller::known(request)?;
    let asked = Asked {
        path,
        viewer: caller.viewer,
        coding: Coding::negotiate(request),
        accepted: format::accepted(request),
    };
    let view = app.engine.view_now();
    let basemap_version = app.basemap.load().version();
    let given_before = at_hand::look(&asked, |tile| {
        let same = tile.is_of(&view, basemap_version);
        same.then(|| answer(request, &tile.told, &tile.wire))
    });
    let found = given_before.or_else(|| {
        let (told, wire) = looked_up(app, &view, &caller, &asked)?;
        let found = answer(request, &told, &wire);
        let tile = AtHand::new(told, wire, &view, basemap_version);
        at_hand::keep(&asked, tile, app.tiles.at_hand_bytes());
        Some(found)
    })?;
    crate::request::note_frequent();
    Some(found)
}

/// Looks a tile up that is kept, with its head.
fn looked_up(
    app: &App,
    view: &Arc<View>,
    caller: &Caller,
    asked: &Asked<'_>,
) -> Option<(Told, Wire)> {
    if asked.path.contains('%') {
        return None;
    }
    let mut parts = asked.path.strip_prefix("/tiles/")?.split('/');
    let [name, z, x, y] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    if parts.next().is_some() {
        return None;
    }
    let (tile, format) = coordinates(z, x, y).ok()?;
    let tileset = tileset(app, view, &caller.viewer, name).ok()?;
    let mut key = key(app, view, caller, tileset, tile);
    key.coding = asked.coding;
    key.format = format.unwrap_or(asked.accepted);
    let told = Told::of(app, view, caller, name, &key);
    let same = |tile: &AtHand| (tile.told.etag == told.etag).then(|| tile.wire.clone());
    let kept = || app.tiles.kept(&key).map(Wire::of_this_thread);
    let wire = at_hand::look(asked, same).or_else(kept)?;
    Some((told, wire))
}

/// What a tile of now is kept by, as it is.
fn key(app: &App, view: &View, caller: &Caller, tileset: Tileset, tile: TileCoord) -> TileKey {
    let opened = tileset.layers.iter();
    let opened = opened.filter_map(|layer| view.open_at(&caller.viewer, *layer));
    TileKey {
        viewer: caller.viewer,
        seq: opened
            .map(|open| open.tile_seq(tile))
            .max()
            .unwrap_or_default(),
        basemap_version: if tileset.basemap {
            app.basemap.load().version()
        } else {
            0
        },
        tileset,
        tile,
        window: None,
        at: None,
        coding: Coding::Identity,
        format: TileFormat::Mvt,
    }
}

/// The answer with a tile that was kept, or 304 where the client has it.
fn answer(request: &HttpRequest, told: &Told, wire: &Wire) -> HttpResponse {
    if told.is_known(request) {
        metrics::TILES_NOT_MODIFIED.increment(1);
        return told.not_modified();
    }
    count(&Ok((wire, false)));
    told.whole(wire)
}

/// Counts a tile that had to be looked up, by what came of it.
fn count(served: &Result<(&Wire, bool), &Problem>) {
    let outcome = match served {
        Ok((wire, encoded)) => return count_outcome(wire.bytes.is_empty(), *encoded),
        Err(Problem::Overloaded { .. }) => &metrics::TILES_REFUSED,
        Err(_) => &metrics::TILES_FAILED,
    };
    outcome.increment(1);
}

/// Counts a tile that was answered: whether there is anything in it, and whether it was made for this answer.
fn count_outcome(empty: bool, made: bool) {
    let outcome = match (empty, made) {
        (true, _) => &metrics::TILES_EMPTY,
        (false, true) => &metrics::TILES_ENCODED,
        (false, false) => &metrics::TILES_CACHED,
    };
    outcome.increment(1);
}

/// Whether `If-None-Match` names this version; the comparison is weak (RFC 9110 section 13.1.2).
pub(super) fn matches(request: &HttpRequest, etag: &str) -> bool {
    let values = request.headers().get_all(header::IF_NONE_MATCH);
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().trim_start_matches("W/"))
        .any(|value| value == etag || value == "*")
}

#[cfg(test)]
mod tests;
