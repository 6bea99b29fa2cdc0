//! HTTP: what is served where, and what every handler shares.
//!
//! One line per endpoint, in [`endpoints!`]. Every handler that reads takes a [`Caller`], which is the gate:
//! without one there is no viewer, and without a viewer nothing can be opened.

pub mod admin;
pub mod body;
pub mod caller;
pub(crate) mod coding;
pub mod control;
mod floods;
pub mod params;
mod places;
pub mod proxies;
mod refusals;
mod representation;
pub mod security;
pub mod site;
#[cfg(test)]
mod trial;
mod unread;

pub use caller::Caller;

use crate::basemap::Basemap;
use crate::config::Config;
use crate::engine::Engine;
use crate::identity::{Action, Permission, may};
use crate::live::{Frames, Streams, Views};
use crate::metrics;
use crate::problem::Problem;
use crate::tilesets::archives::TileArchives;
use crate::tilesets::postgis::PostGis;
use crate::video::Video;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, Handler, Resource, Responder, web};
use arc_swap::ArcSwap;
use atalaya_tiles::{LayerIx, Seq, View, Viewer};
use feeds::SignedFeeds;
use floods::Floods;
use jiff::Timestamp;
use params::Params;
use past::PastService;
use places::{Purpose, WorkPlaces};
use site::base_url;
use std::sync::Arc;
use std::time::Duration;
use tiles::{TileService, matches};

/// Makes of one row an endpoint what there is of it: its module, its paths, and its part of `/openapi.json`.
macro_rules! endpoints {
    ($($module:ident)+) => {
        $(mod $module;)+

        /// All paths; each endpoint mounts its own.
        pub fn routes(service: &mut web::ServiceConfig) {
            $($module::mount(service);)+
            service.default_service(web::route().to(refusals::no_such_path));
        }

        /// The paths of each endpoint as OpenAPI describes them: the `NAME.json` beside its `NAME.rs`.
        const DESCRIBED: &[&str] = &[$(include_str!(concat!("http/", stringify!($module), ".json"))),+];
        /// What they are written in.
        #[cfg(test)]
        const SOURCES: &[(&str, &str)] = &[
            $((stringify!($module), include_str!(concat!("http/", stringify!($module), ".rs")))),+
        ];
    };
}

// In the order in which paths are matched: `sign_in` takes what is posted to the page of that name.
endpoints! {
    tiles
    live
    feeds
    reading
    past
    timeline
    search
    catalog
    video
    sign_in
    assets
    fonts
    sprites
    openapi
    problems
    ogc
    health
}

/// Reads that take work.
const QUESTIONS: Purpose = Purpose {
    what: "places for questions",
    retry_after_s: 1,
    refused: &metrics::REFUSED_QUESTIONS,
};
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
    /// Reads that take work.
    pub questions: WorkPlaces,
    /// Pictures of the past.
    pub past: PastService,
    /// Shared frames of the live stream.
    pub frames: Frames,
    /// The views that live streams are on their way to.
    pub views: Views,
    /// Open live streams.
    pub streams: Streams,
    /// The static basemap.
    pub basemap: ArcSwap<Basemap>,
    /// Tilesets from archives.
    pub tile_archives: TileArchives,
    /// Tilesets from PostGIS.
    pub postgis: Option<PostGis>,
    /// Bounds on feeds.
    pub floods: Floods,
    /// What vendors sign in the place of a key.
    pub signed: SignedFeeds,
    /// Live pictures of cameras.
    pub video: Video,
}

impl App {
    /// Puts the parts together.
    pub fn new(engine: Arc<Engine>, config: Config) -> Self {
        Self {
            tiles: TileService::new(&config.limits),
            questions: WorkPlaces::new(2 * config.limits.encoders, QUESTIONS),
            past: PastService::new(&config.limits),
            frames: Frames::new(config.limits.encoders, config.limits.live_frame_bytes),
            views: Views::default(),
            streams: Streams::default(),
            basemap: ArcSwap::from_pointee(Basemap::load(&config.data)),
            tile_archives: TileArchives::new(
                config.tile_archives(),
                engine.catalog(),
                config.limits.tile_cache_bytes / BESIDE_SHARE,
            ),
            postgis: config.postgis.as_ref().map(|postgis| {
                let room_bytes = config.limits.tile_cache_bytes / BESIDE_SHARE;
                let bounds = (room_bytes, config.limits.tile_bytes);
                PostGis::new(postgis, Arc::clone(engine.catalog()), bounds)
            }),
            floods: Floods::new(config.limits.feed_kib_per_s, engine.clock()),
            signed: SignedFeeds::new(&config.feeds),
            video: Video::new(&config.streams, &config.limits),
            engine,
            config,
        }
    }
}

/// Which part of the room for tiles those of archives have, and those of tables, which are at hand elsewhere too.
const BESIDE_SHARE: u64 = 4;

/// A path that is read. HEAD is answered as GET is, without the body; other methods are told so.
fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let head = web::head().to(handler.clone());
    web::resource(path)
        .route(web::get().to(handler))
        .route(head)
}

/// The name of the header that says which position of the log an answer stands at.
static ATALAYA_SEQ: HeaderName = HeaderName::from_static("atalaya-seq");

/// The header that says which position of the log an answer stands at.
pub fn atalaya_seq(app: &App, seq: Seq) -> (HeaderName, String) {
    let text = format!("{}:{seq}", app.engine.epoch());
    (ATALAYA_SEQ.clone(), text)
}

/// Where an answer from a view stands in the log, as far as the viewer may know: at the last change that
/// they could notice. Of a view of the past that is one of the layers asked for; what else it holds is
/// what others asked for.
pub fn stands_at(view: &View, viewer: &Viewer, at: Option<Timestamp>, layers: &[LayerIx]) -> Seq {
    match at {
        None => view.noticed_by(viewer),
        Some(_) => view.noticed_in(viewer, layers.iter().copied()),
    }
}

/// Honours `min_seq=epoch:seq`: waits a little for it, else answers that this node is behind. A position
/// in another epoch is never reached, so it is refused at once: what was written there may not be here.
///
/// Whoever may write is told positions of the log in receipts. To all others a position is reached when
/// they could notice something at or after it: else asking would tell when hidden things change.
pub async fn reached(app: &App, caller: &Caller, params: &Params) -> Result<(), Problem> {
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
    if epoch != app.engine.epoch() {
        return Err(Problem::OtherEpoch {
            asked: crate::problem::echo(epoch),
            epoch: app.engine.epoch().to_owned(),
        });
    }
    let noticed = || app.engine.view().noticed_by(&caller.viewer);
    let writes = may(&caller.principal, Action::Do(Permission::Import));
    let has = |published| published >= seq && (writes || noticed() >= seq);
    if app.engine.wait_until(has, READ_YOUR_WRITES).await {
        return Ok(());
    }
    Err(Problem::Behind {
        min_seq: seq.0,
        seq: noticed().0,
    })
}

/// Answers a question about the picture of the moment in which its turn comes, with where that stands for
/// the viewer: who waits for a place holds no view, and gets no answer that grew old meanwhile.
pub async fn ask<T: Send + 'static>(
    app: &App,
    viewer: Viewer,
    question: impl FnOnce(&View, &Viewer) -> T + Send + 'static,
) -> Result<(Seq, T), Problem> {
    let engine = Arc::clone(&app.engine);
    let answered = app.questions.answer(move || {
        let view = engine.view();
        (view.noticed_by(&viewer), question(&view, &viewer))
    });
    answered.await
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
    let now = app.engine.clock().now();
    if at > now {
        return Err(Problem::NoHistory {
            at: at.to_string(),
            why: format!(
                "it is in the future, for here it is {now}; without at the answer is of now"
            ),
        });
    }
    app.past.view(&app.engine, at, layers).await
}

#[cfg(test)]
mod tests;
