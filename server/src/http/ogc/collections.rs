//! The collections: one for each layer whose single features the viewer may see.
//!
//! The extent of a state layer is that of its features at the moment. A layer of sightings may hold
//! millions, so its extent is that of the cells they are counted in, and of the days they are kept.

use super::crs::{CRS84, Crs};
use super::{GEO_JSON, JSON, answer, link, plain_json};
use crate::http::reading::{counts_only, no_such_layer};
use crate::http::{App, Caller, ask, base_url};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::{Bounds, LayerKind, Open, View, Viewer};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The resolution of the cells that give the extent of sightings.
const EXTENT_RESOLUTION: u8 = 6;

/// Whether a layer is a collection for the viewer.
fn is_collection(open: &Open<'_>) -> bool {
    open.has_singles() && !counts_only(open)
}

/// Opens a layer as a collection; counts alone are none, and whoever may have them is told so.
pub(super) fn open<'v>(view: &'v View, viewer: &Viewer, name: &str) -> Result<Open<'v>, Problem> {
    let open = view.open(viewer, name).map_err(|it| no_such_layer(&it))?;
    if !is_collection(&open) {
        return Err(Problem::NoSuchCollection {
            layer: open.spec().name.clone(),
        });
    }
    Ok(open)
}

/// The layers that are collections for the viewer, in the catalog's order.
pub(super) fn all<'v>(view: &'v View, viewer: &Viewer) -> Vec<Open<'v>> {
    let mut all = view.open_all(viewer);
    all.retain(is_collection);
    all
}

/// `GET /ogc/collections`.
pub(super) async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    plain_json(&request)?;
    let base = base_url(&request);
    let now = app.engine.clock().now();
    let describe = move |view: &View, viewer: &Viewer| {
        let all = all(view, viewer);
        let all: Vec<Value> = all.iter().map(|open| described(open, &base, now)).collect();
        json!({
            "links": [link(&format!("{base}/ogc/collections"), "self", JSON, "The collections")],
            "crs": Crs::ALL.map(Crs::uri),
            "collections": all,
        })
    };
    let (seq, described) = ask(&app, caller.viewer, describe).await?;
    Ok(answer(&app, seq, JSON, &described))
}

/// `GET /ogc/collections/{layer}`.
pub(super) async fn one(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    plain_json(&request)?;
    let base = base_url(&request);
    let now = app.engine.clock().now();
    let describe = move |view: &View, viewer: &Viewer| {
        open(view, viewer, &name).map(|open| described(&open, &base, now))
    };
    let (seq, described) = ask(&app, caller.viewer, describe).await?;
    Ok(answer(&app, seq, JSON, &described?))
}

fn described(open: &Open<'_>, base: &str, now: Timestamp) -> Value {
    let spec = open.spec();
    let title = if spec.title.is_empty() {
        &spec.name
    } else {
        &spec.title
    };
    let own = format!("{base}/ogc/collections/{}", spec.name);
    let mut described = json!({
        "id": spec.name,
        "title": title,
        "itemType": "feature",
        "links": [
            link(&own, "self", JSON, title),
            link(&format!("{own}/items"), "items", GEO_JSON, "The features"),
            link(&format!("{base}/ogc/collections"), "parent", JSON, "The collections"),
        ],
        "crs": Crs::ALL.map(Crs::uri),
        "storageCrs": CRS84,
    });
    if let Some(extent) = extent(open, now) {
        described["extent"] = extent;
    }
    described
}

/// Where and when the features are, as far as the viewer sees them; none of an empty collection.
fn extent(open: &Open<'_>, now: Timestamp) -> Option<Value> {
    let mut around: Option<[f64; 4]> = None;
    let mut during: Option<(Timestamp, Timestamp)> = None;
    if open.spec().kind == LayerKind::Sighting {
        for (cell, _) in open.cells(
            Bounds::WORLD,
            EXTENT_RESOLUTION.min(open.finest_resolution()),
            None,
        ) {
            // Finer cells stick out of the coarser ones that they are counted in.
            widen(&mut around, cell.bounds().grown(0.05, 0.05));
        }
        let kept = SignedDuration::from_hours(24 * i64::from(open.spec().retain_days));
        let from = now
            .checked_sub(kept)
            .ok()
            .filter(|_| open.spec().retain_days > 0);
        during = from.map(|from| (from, now));
    } else {
        for seen in open.glance() {
            if let Some(bounds) = seen.bounds() {
                widen(&mut around, bounds);
            }
            let at = seen.observed_at();
            let (from, to) = during.unwrap_or((at, at));
            during = Some((from.min(at), to.max(at)));
        }
    }
    let mut extent = json!({});
    if let Some(bbox) = around {
        extent["spatial"] = json!({ "bbox": [bbox], "crs": CRS84 });
    }
    if let Some((from, to)) = during {
        let trs = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian";
        extent["temporal"] = json!({ "interval": [[from, to]], "trs": trs });
    }
    (around.is_some() || during.is_some()).then_some(extent)
}

fn widen(around: &mut Option<[f64; 4]>, bounds: Bounds) {
    for part in bounds.parts() {
        let [west, south, east, north] =
            (*around).unwrap_or([part.west(), part.south(), part.east(), part.north()]);
        *around = Some([
            west.min(part.west()),
            south.min(part.south()),
            east.max(part.east()),
            north.max(part.north()),
        ]);
    }
}
