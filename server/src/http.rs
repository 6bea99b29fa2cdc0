//! HTTP: what is served where, and what every handler shares.
//!
//! One line per route, in [`routes`]. Every handler that reads takes a [`Caller`], which is the gate:
//! without one there is no viewer, and without a viewer nothing can be opened.

mod assets;
pub mod body;
pub mod caller;
mod catalog;
mod coding;
pub mod control;
mod feeds;
pub mod floods;
mod health;
mod ogc;
mod openapi;
pub mod params;
mod reading;
pub mod refusals;
mod search;
pub mod security;
pub mod sign_in;
pub mod site;
mod sprites;
mod tiles;
#[cfg(test)]
mod trial;

pub use caller::{Caller, FeedCaller};
pub use tiles::{TileService, base_url, matches};

use crate::basemap::Basemap;
use crate::config::Config;
use crate::engine::{Engine, NoHistory};
use crate::live::{self, Frames, Streams};
use crate::problem::Problem;
use actix_web::http::header::HeaderName;
use actix_web::web;
use arc_swap::ArcSwap;
use atalaya_tiles::{LayerIx, Seq, View};
use floods::Floods;
use jiff::Timestamp;
use params::Params;
use std::sync::Arc;
use std::time::Duration;

/// How long a read waits for `min_seq`.
const READ_YOUR_WRITES: Duration = Duration::from_millis(250);

/// What the handlers share.
#[derive(Debug)]
pub struct App {
    /// The picture and the way into it.
    pub engine: Arc<Engine>,
    /// The configuration in force.
    pub config: Config,
    /// Encoded tiles.
    pub tiles: TileService,
    /// Shared frames of the live stream.
    pub frames: Frames,
    /// Open live streams.
    pub streams: Streams,
    /// The static basemap.
    pub basemap: ArcSwap<Basemap>,
    /// Bounds on feeds.
    pub floods: Floods,
}

impl App {
    /// Puts the parts together.
    pub fn new(engine: Arc<Engine>, config: Config) -> Self {
        Self {
            tiles: TileService::new(&config.limits),
            frames: Frames::default(),
            streams: Streams::default(),
            basemap: ArcSwap::from_pointee(Basemap::load(&config.data)),
            floods: Floods::new(config.limits.feed_kib_per_s),
            engine,
            config,
        }
    }
}

/// All routes, in one table.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .route("/health/live", web::get().to(health::live))
        .route("/health/ready", web::get().to(health::ready))
        .route("/tiles/{tileset}", web::get().to(tiles::tilejson))
        .route("/tiles/{tileset}/{z}/{x}/{y}", web::get().to(tiles::tile))
        .route("/live", web::get().to(live::subscribe))
        .route("/live/{stream}", web::patch().to(live::patch))
        .route("/feeds", web::get().to(feeds::list))
        .route("/feeds/{feed}", web::post().to(feeds::post))
        .route("/near", web::get().to(reading::near))
        .route("/seeing", web::get().to(reading::seeing))
        .route("/cells", web::get().to(reading::cells))
        .route("/catalog", web::get().to(catalog::catalog))
        .route("/scenes", web::get().to(catalog::scenes))
        .route("/streams", web::get().to(catalog::streams))
        .route("/search", web::get().to(search::search))
        .route("/openapi.json", web::get().to(openapi::document))
        .route("/docs", web::get().to(openapi::page))
        .configure(ogc::mount)
        .configure(sign_in::mount)
        .route("/sign-in", web::get().to(assets::sign_in))
        .route(
            "/assets/sign-in/{file}",
            web::get().to(assets::sign_in_asset),
        )
        .route("/", web::get().to(assets::wall))
        .route("/wall", web::get().to(assets::wall))
        .route("/wall/{name}", web::get().to(assets::wall))
        .route("/assets/app/{file}", web::get().to(assets::asset))
        .route("/sprites/{name}", web::get().to(sprites::sprite))
        .route("/styles/{name}", web::get().to(assets::style))
        .default_service(web::route().to(refusals::no_such_path));
}

/// The header that says which position of the log an answer stands at.
pub fn atalaya_seq(app: &App, seq: Seq) -> (HeaderName, String) {
    (
        HeaderName::from_static("atalaya-seq"),
        format!("{}:{seq}", app.engine.epoch()),
    )
}

/// Honours `min_seq=epoch:seq`: waits a little for it, else answers that this node is behind. Of
/// another epoch nothing can be said, so it is not waited for.
pub async fn reached(app: &App, params: &Params) -> Result<(), Problem> {
    let Some(text) = params.raw("min_seq") else {
        return Ok(());
    };
    let bad = || Problem::BadParameter {
        name: "min_seq".into(),
        value: crate::problem::echo(text),
        expected: "epoch:seq, as the header Atalaya-Seq gives it".into(),
    };
    let (epoch, seq) = text.split_once(':').ok_or_else(bad)?;
    let seq = Seq(seq.parse().map_err(|_| bad())?);
    if epoch != app.engine.epoch() || app.engine.wait_for(seq, READ_YOUR_WRITES).await {
        return Ok(());
    }
    Err(Problem::Behind {
        min_seq: seq.0,
        seq: app.engine.view().seq().0,
    })
}

/// The view of the moment, or of an instant in the past.
pub async fn view_of(
    app: &App,
    at: Option<Timestamp>,
    layers: &[LayerIx],
) -> Result<Arc<View>, Problem> {
    let Some(at) = at else {
        return Ok(app.engine.view());
    };
    if at > app.engine.clock().now() {
        return Err(Problem::NoHistory {
            at: at.to_string(),
            earliest: "not after now".into(),
        });
    }
    let engine = Arc::clone(&app.engine);
    let mut layers = layers.to_vec();
    layers.sort_unstable();
    let past = web::block(move || engine.view_at(at, &layers)).await;
    past.map_err(Problem::internal)?.map_err(|none| match none {
        NoHistory::Outside { at, from } => Problem::NoHistory {
            at: at.to_string(),
            earliest: from,
        },
        NoHistory::Store(cause) => Problem::internal(cause),
    })
}
