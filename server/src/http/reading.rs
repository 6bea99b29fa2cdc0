//! `/near`, `/seeing` and `/cells`: questions about a place, answered as GeoJSON.

use super::get;
use super::params::{MOST_LAYERS, Params};
use super::{App, Caller, ask, atalaya_seq, reached};
use crate::geojson::{Extra, collection, push_feature, push_text};
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::{
    Bounds, Cell, LayerKind, LonLat, Meters, NoSuchLayer, Open, Seen, Sight, View, Viewer, Window,
};

/// Mounts the questions about places.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/near", near))
        .service(get("/seeing", seeing))
        .service(get("/cells", cells));
}

/// The most features that `/near` answers with.
const NEAR_MOST: usize = 1_000;
/// The farthest that `/near` looks by default, in metres.
const NEAR_FARTHEST_M: f64 = 50_000.0;
/// The most cells that `/cells` answers with.
const CELLS_MOST: usize = 50_000;

pub(super) fn no_such_layer(missing: &NoSuchLayer) -> Problem {
    Problem::NoSuchLayer {
        name: crate::problem::echo(&missing.0),
    }
}

pub(super) fn answer(app: &App, seq: atalaya_tiles::Seq, features: Vec<Vec<u8>>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/geo+json")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(atalaya_seq(app, seq))
        .body(collection(features))
}

/// Whether a layer is of counts of others: it has no features of its own.
pub(super) fn counts_only(open: &Open<'_>) -> bool {
    open.spec().kind == LayerKind::Derived && open.spec().derived_from.is_none()
}

/// `GET /near`: the features of a layer nearest to a position, nearest first.
pub(super) async fn near(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let params = Params::parse(
        &request,
        &["lon", "lat", "layer", "limit", "radius_m", "min_seq"],
    )?;
    let position = params.lon_lat()?;
    let layer = params.raw("layer").unwrap_or("cameras").to_owned();
    let limit = params.usize("limit", 1..=NEAR_MOST)?.unwrap_or(4);
    let radius = params.f64("radius_m", 0.0..=20_100_000.0)?;
    reached(&app, &caller, &params).await?;
    let radius = Meters(radius.unwrap_or(NEAR_FARTHEST_M));
    let near = move |view: &View, viewer: &Viewer| {
        nearest(view, viewer, &layer, (position, radius, limit))
    };
    let (seq, features) = ask(&app, caller.viewer, near).await?;
    Ok(answer(&app, seq, features?))
}

fn nearest(
    view: &View,
    viewer: &Viewer,
    layer: &str,
    (position, radius, limit): (LonLat, Meters, usize),
) -> Result<Vec<Vec<u8>>, Problem> {
    let open = view.open(viewer, layer);
    let open = open.map_err(|missing| no_such_layer(&missing))?;
    if counts_only(&open) {
        return Err(Problem::NoSuchCollection {
            layer: open.spec().name.clone(),
        });
    }
    let found = open.nearest(position, radius, limit);
    let features = found.iter().map(|(distance, seen)| {
        let bearing = seen
            .anchor()
            .map(|anchor| position.bearing(anchor).degrees());
        let mut feature = Vec::new();
        let extra = [
            ("distance_m", Extra::Number(rounded(distance.0, 10.0))),
            (
                "bearing_deg",
                Extra::Number(rounded(bearing.unwrap_or(0.0), 10.0)),
            ),
        ];
        push_feature(&mut feature, open.spec(), seen, &extra);
        feature
    });
    Ok(features.collect())
}

/// `GET /seeing`: the cameras whose field of view holds a position, best first, each with why.
pub(super) async fn seeing(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let params = Params::parse(&request, &["lon", "lat", "limit", "min_seq"])?;
    let position = params.lon_lat()?;
    let limit = params.usize("limit", 1..=NEAR_MOST)?.unwrap_or(20);
    reached(&app, &caller, &params).await?;
    let seeing = move |view: &View, viewer: &Viewer| watching(view, viewer, position, limit);
    let (seq, features) = ask(&app, caller.viewer, seeing).await?;
    Ok(answer(&app, seq, features?))
}

fn watching(
    view: &View,
    viewer: &Viewer,
    position: LonLat,
    limit: usize,
) -> Result<Vec<Vec<u8>>, Problem> {
    let open = view.open(viewer, "cameras");
    let open = open.map_err(|missing| no_such_layer(&missing))?;
    let features = open
        .seeing(position)
        .into_iter()
        .take(limit)
        .map(|(sight, field, camera)| {
            let why = why(&sight, field.headings.is_empty(), &camera);
            let mut feature = Vec::new();
            let extra = [
                ("distance_m", Extra::Number(rounded(sight.distance.0, 10.0))),
                (
                    "bearing_deg",
                    Extra::Number(rounded(sight.bearing.degrees(), 10.0)),
                ),
                (
                    "off_axis_deg",
                    Extra::Number(rounded(sight.off_axis_deg, 10.0)),
                ),
                ("why", Extra::Text(&why)),
            ];
            push_feature(&mut feature, open.spec(), &camera, &extra);
            feature
        });
    Ok(features.collect())
}

/// One sentence a person can check against the map.
fn why(sight: &Sight, all_around: bool, camera: &Seen) -> String {
    let distance = format!(
        "{:.0} m to the {}",
        sight.distance.0,
        compass(sight.bearing.degrees())
    );
    let place = if all_around {
        "it looks all around".to_owned()
    } else if sight.off_axis_deg < 3.0 {
        "in the middle of its view".to_owned()
    } else {
        format!("{:.0}° off the middle of its view", sight.off_axis_deg)
    };
    let stale = if camera.is_stale() {
        "; its last report is old"
    } else {
        ""
    };
    format!("{distance} of it, {place}{stale}")
}

fn compass(degrees: f64) -> &'static str {
    const NAMES: [&str; 8] = [
        "north",
        "north-east",
        "east",
        "south-east",
        "south",
        "south-west",
        "west",
        "north-west",
    ];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bearing is 0 to 360"
    )]
    let at = (degrees / 45.0).round() as usize % NAMES.len();
    NAMES[at]
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// `GET /cells`: counts by H3 cell, one feature per layer and cell.
pub(super) async fn cells(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let params = Params::parse(
        &request,
        &["layers", "resolution", "bbox", "window", "min_seq"],
    )?;
    let layers = params.list("layers", MOST_LAYERS)?;
    let layers =
        layers.ok_or_else(|| Params::missing("layers", "names of layers, joined by commas"))?;
    let resolution = params
        .u8("resolution", 0..=atalaya_tiles::FINEST)?
        .unwrap_or(8);
    let box_given = params.raw("bbox").unwrap_or("").to_owned();
    let bounds = params.bbox("bbox")?.unwrap_or(Bounds::WORLD);
    let window = params.sightings_within(app.engine.clock().now())?;
    let mut layers: Vec<String> = layers.into_iter().map(str::to_owned).collect();
    layers.sort_unstable();
    layers.dedup();
    reached(&app, &caller, &params).await?;
    let count = move |view: &View, viewer: &Viewer| {
        counted(view, viewer, &layers, (bounds, resolution, window))
    };
    let (seq, features) = ask(&app, caller.viewer, count).await?;
    let features = features?.ok_or_else(|| Problem::BadParameter {
        name: "bbox".into(),
        value: crate::problem::echo(&box_given),
        expected: format!("a box with at most {CELLS_MOST} counted cells, or a lower resolution"),
    })?;
    Ok(answer(&app, seq, features))
}

/// The counted cells of some layers; `None` if there are too many.
fn counted(
    view: &View,
    viewer: &Viewer,
    layers: &[String],
    (bounds, resolution, window): (Bounds, u8, Option<Window>),
) -> Result<Option<Vec<Vec<u8>>>, Problem> {
    let mut features = Vec::new();
    for name in layers {
        let open = view.open(viewer, name);
        let open = open.map_err(|missing| no_such_layer(&missing))?;
        if resolution > open.finest_resolution() {
            return Err(Problem::BadParameter {
                name: "resolution".into(),
                value: resolution.to_string(),
                expected: format!("0 to {} for layer {name}", open.finest_resolution()),
            });
        }
        let cells = open.cells(bounds, resolution, window);
        if features.len() + cells.len() > CELLS_MOST {
            return Ok(None);
        }
        let drawn = cells.into_iter();
        features.extend(drawn.map(|(cell, count)| cell_feature(name, cell, count)));
    }
    Ok(Some(features))
}

fn cell_feature(layer: &str, cell: Cell, count: u32) -> Vec<u8> {
    let corners = cell.corners();
    let ring = corners
        .iter()
        .chain(corners.first())
        .map(|corner| format!("[{},{}]", corner.lon(), corner.lat()));
    let ring: Vec<String> = ring.collect();
    let mut feature = format!("{{\"type\":\"Feature\",\"id\":\"{layer}/{cell}\",\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[[{}]]}},\"properties\":{{\"layer\":", ring.join(",")).into_bytes();
    push_text(&mut feature, layer);
    feature.extend_from_slice(
        format!(
            ",\"cell\":\"{cell}\",\"resolution\":{},\"count\":{count}}}}}",
            cell.resolution()
        )
        .as_bytes(),
    );
    feature
}
