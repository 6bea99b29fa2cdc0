//! `/tiles`: TileJSON and vector tiles.
//!
//! Order of work: who asks, what exists, which version of it, whether the client has that already,
//! and only then the bytes. The `ETag` is known before anything is encoded; encoding happens off the
//! event loop, at most so many at a time, and identical misses wait for one of them.

use super::coding::Coding;
use super::get;
use super::params::{MOST_LAYERS, Params};
use super::places::{Purpose, WorkPlaces};
use super::security::Frequent;
use super::{App, Caller, atalaya_seq, base_url, reached, stands_at};
use crate::basemap::LAST_ZOOM;
use crate::clock::monotonic;
use crate::identity::hex;
use crate::metrics;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use atalaya_tiles::catalog::FieldType;
use atalaya_tiles::tile::MERCATOR_LATITUDE;
use atalaya_tiles::{
    EncodeError, LayerIx, LayerSpec, Seq, TileCoord, TileLayer, TileLimits, TileRequest, View,
    Viewer, Window, encode_tile, tile_layers,
};
use bytes::Bytes;
use jiff::Timestamp;
use moka::future::Cache;
use moka::notification::RemovalCause;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Mounts tilesets and their tiles.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/tiles/{tileset}", tilejson))
        .service(get("/tiles/{tileset}/{z}/{x}/{y}", tile));
}

/// Which form tiles have, in their `ETag`: raised where the same picture gives other bytes than before.
const FORM: &str = "mvt 2";
/// The media type of a Mapbox Vector Tile.
const MVT: &str = "application/vnd.mapbox-vector-tile";
/// The name of the static tileset.
pub(super) const BASEMAP: &str = "basemap";
/// Tiles to be encoded.
const ENCODERS: Purpose = Purpose {
    what: "tile encoders",
    retry_after_s: 1,
    refused: &metrics::REFUSED_TILES,
};

/// What a tileset name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Tileset {
    layers: Vec<LayerIx>,
    basemap: bool,
}

/// What the bytes of a tile depend on, besides the epoch and the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TileKey {
    viewer: Viewer,
    tileset: Tileset,
    tile: TileCoord,
    window: Option<Window>,
    at: Option<Timestamp>,
    seq: Seq,
    basemap_version: u64,
    coding: Coding,
}

/// The bytes of a tile and the coding they are in: small ones go out as they are, whatever was
/// negotiated.
#[derive(Debug, Clone)]
struct Wire {
    bytes: Bytes,
    coding: Coding,
}

/// Encodes tiles, and keeps the bytes that go on the wire.
#[derive(Debug)]
pub struct TileService {
    wire: Cache<TileKey, Wire>,
    encoders: WorkPlaces,
    limits: TileLimits,
}

impl TileService {
    /// A service with these bounds.
    pub fn new(limits: &crate::config::Limits) -> Self {
        let weigh =
            |_: &TileKey, wire: &Wire| u32::try_from(wire.bytes.len() + 256).unwrap_or(u32::MAX);
        Self {
            wire: Cache::builder()
                .weigher(weigh)
                .max_capacity(limits.tile_cache_bytes)
                .eviction_listener(|_, _, cause| {
                    if cause == RemovalCause::Size {
                        metrics::EVICTED_TILES.increment(1);
                    }
                })
                .build(),
            encoders: WorkPlaces::new(limits.encoders, ENCODERS),
            limits: TileLimits {
                max_bytes: limits.tile_bytes,
                ..TileLimits::default()
            },
        }
    }

    /// Sets the gauges of the service.
    pub async fn measure(&self) {
        // The cache counts late; this makes it catch up.
        self.wire.run_pending_tasks().await;
        metrics::TILE_CACHE_BYTES.set(metrics::real(self.wire.weighted_size()));
        let busy = self.encoders.taken();
        metrics::TILE_ENCODERS_BUSY.set(metrics::real(busy as u64));
    }

    /// The bytes of a tile, and whether they were encoded for this request.
    async fn wire(
        &self,
        app: &App,
        view: Arc<View>,
        key: TileKey,
    ) -> Result<(Wire, bool), Problem> {
        let plain_key = TileKey {
            coding: Coding::Identity,
            ..key.clone()
        };
        let coding = key.coding;
        let plain = self.wire.entry(plain_key);
        let plain = plain.or_try_insert_with(self.encode(app, view, key.clone()));
        let plain = plain.await.map_err(|problem| Problem::clone(&problem))?;
        let (encoded, plain) = (plain.is_fresh(), plain.into_value());
        if coding == Coding::Identity || !coding.suits(plain.bytes.len()) {
            return Ok((plain, encoded));
        }
        let coded = self.wire.try_get_with(key, async {
            let coded = self.encoders.answer(move || coding.encode(&plain.bytes));
            let bytes = coded.await?.map_err(Problem::internal)?;
            Ok(Wire { bytes, coding })
        });
        match coded.await {
            Ok(coded) => Ok((coded, encoded)),
            Err(problem) => Err(Problem::clone(&problem)),
        }
    }

    async fn encode(&self, app: &App, view: Arc<View>, key: TileKey) -> Result<Wire, Problem> {
        let limits = self.limits;
        let basemap = app.basemap.load();
        let encoded = self.encoders.answer(move || {
            let started = monotonic();
            let request = TileRequest {
                layers: &key.tileset.layers,
                tile: key.tile,
                window: key.window,
                limits,
            };
            let mut bytes = Vec::new();
            if key.tileset.basemap {
                bytes.extend(basemap.tile(key.tile, &limits)?);
            }
            bytes.extend(encode_tile(&view, &key.viewer, &request)?);
            metrics::TILE_ENCODE_SECONDS.record(monotonic().duration_since(started));
            Ok::<_, EncodeError>(bytes)
        });
        let bytes = encoded.await?.map(Bytes::from).map_err(not_encoded)?;
        metrics::TILE_BYTES.record(metrics::real(bytes.len() as u64));
        Ok(Wire {
            bytes,
            coding: Coding::Identity,
        })
    }
}

fn not_encoded(error: EncodeError) -> Problem {
    let EncodeError::TooLarge {
        tile,
        bytes,
        max_bytes,
    } = error
    else {
        return Problem::internal(error);
    };
    Problem::TileTooLarge {
        tile: tile.to_string(),
        bytes,
        limit: max_bytes,
    }
}

/// Finds what a tileset name stands for, as far as the viewer may know: of a tileset that the
/// configuration names, what they cannot open is left out, as if it were not in it.
fn tileset(app: &App, viewer: &Viewer, name: &str) -> Result<Tileset, Problem> {
    let view = app.engine.view();
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
    let tileset = tileset(&app, &caller.viewer, &name)?;
    let view = app.engine.view();
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

/// Reads `{z}/{x}/{y}` with an optional extension.
fn coordinates(z: &str, x: &str, y: &str) -> Result<TileCoord, Problem> {
    let no_such = || Problem::NoSuchTile {
        tile: crate::problem::echo(&format!("{z}/{x}/{y}")),
    };
    let y = y
        .strip_suffix(".mvt")
        .or_else(|| y.strip_suffix(".pbf"))
        .unwrap_or(y);
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .then(|| text.parse::<u32>().ok())
            .flatten()
            .ok_or_else(no_such)
    };
    let zoom = u8::try_from(number(z)?).map_err(|_| no_such())?;
    TileCoord::new(zoom, number(x)?, number(y)?).map_err(|_| no_such())
}

/// `GET /tiles/{tileset}/{z}/{x}/{y}`: a vector tile.
pub(super) async fn tile(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String, String, String)>,
) -> Result<HttpResponse, Problem> {
    request.extensions_mut().insert(Frequent);
    let params = Params::parse(&request, &["at", "window", "min_seq"])?;
    let (name, z, x, y) = path.into_inner();
    let tile = coordinates(&z, &x, &y)?;
    let tileset = tileset(&app, &caller.viewer, &name)?;
    reached(&app, &caller, &params).await?;
    let at = params.instant("at")?;
    let view = super::view_of(&app, at, &tileset.layers).await?;
    let window = params.sightings_within(at.unwrap_or_else(|| app.engine.clock().now()))?;
    let seq = tileset
        .layers
        .iter()
        .filter_map(|layer| view.open_at(&caller.viewer, *layer))
        .map(|open| open.tile_seq(tile))
        .max()
        .unwrap_or_default();
    let coding = Coding::negotiate(&request);
    let key = TileKey {
        viewer: caller.viewer,
        basemap_version: if tileset.basemap {
            app.basemap.load().version()
        } else {
            0
        },
        tileset,
        tile,
        window,
        at,
        seq,
        coding,
    };
    let etag = etag(&app, &caller, &name, &key);
    let stands = stands_at(&view, &caller.viewer, at, &key.tileset.layers);
    let seq_header = atalaya_seq(&app, stands);
    if matches(&request, &etag) {
        metrics::TILES_NOT_MODIFIED.increment(1);
        return Ok(headers(HttpResponse::NotModified(), &etag, seq_header).finish());
    }
    let served = app.tiles.wire(&app, view, key).await;
    count(&served);
    let (wire, _) = served?;
    if wire.bytes.is_empty() {
        return Ok(headers(HttpResponse::NoContent(), &etag, seq_header).finish());
    }
    let mut response = headers(HttpResponse::Ok(), &etag, seq_header);
    response.content_type(MVT);
    if wire.coding != Coding::Identity {
        response.insert_header((header::CONTENT_ENCODING, wire.coding.name()));
    }
    Ok(response.body(wire.bytes))
}

/// Counts a tile that had to be looked up, by what came of it.
fn count(served: &Result<(Wire, bool), Problem>) {
    let outcome = match served {
        Ok((wire, _)) if wire.bytes.is_empty() => &metrics::TILES_EMPTY,
        Ok((_, true)) => &metrics::TILES_ENCODED,
        Ok((_, false)) => &metrics::TILES_CACHED,
        Err(Problem::Overloaded { .. }) => &metrics::TILES_REFUSED,
        Err(_) => &metrics::TILES_FAILED,
    };
    outcome.increment(1);
}

fn headers(
    mut response: actix_web::HttpResponseBuilder,
    etag: &str,
    seq: (header::HeaderName, String),
) -> actix_web::HttpResponseBuilder {
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "Accept, Accept-Encoding"))
        .insert_header(seq);
    response
}

/// Epoch, catalog, viewer class, query, format and coding, hashed; and the tile's seq.
fn etag(app: &App, caller: &Caller, name: &str, key: &TileKey) -> String {
    let mut digest = Sha256::new();
    digest.update(app.engine.epoch());
    digest.update(app.engine.catalog_version());
    digest.update(&*caller.class);
    digest.update(name);
    digest.update(format!(
        "{:?} {:?} {} {FORM} {}",
        key.window,
        key.at,
        key.basemap_version,
        key.coding.name()
    ));
    let hash = hex(&digest.finalize()[..8]);
    format!("\"{hash}-{}\"", key.seq)
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
