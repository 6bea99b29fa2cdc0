//! The control socket: what the commands ask of a server that runs, over a Unix domain socket in its
//! data directory.
//!
//! It promises that only who may open the socket can speak: it is mode 0600 from the first moment that
//! it has its name, and no bearer is asked for. A socket that a dead server left behind is replaced.
//! It refuses nothing that the commands could not do with the store themselves; it is not for feeds.

use super::App;
use crate::adaptor::{Adaptor, Feed};
use crate::basemap::Basemap;
use crate::identity::{Identity, IdentityError, KeyOrder, Kind, LinkOrder, Token, UnknownName};
use crate::ingest::{Body, ingest};
use crate::problem::{Problem, echo};
use crate::task;
use actix_web::dev::ServerHandle;
use actix_web::{HttpRequest, HttpResponse, HttpServer, web};
use atalaya_tiles::{FeedName, LayerKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing::warn;

/// The largest batch of features, in bytes.
const BODY_BYTES: usize = 64 << 20;

/// The control routes.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .route("/import/{layer}", web::post().to(import))
        .route("/keys", web::post().to(create_key))
        .route("/links", web::post().to(issue_link))
        .route("/{kind:keys|sessions}", web::get().to(list))
        .route("/{kind:keys|sessions}/{id}", web::delete().to(revoke))
        .route("/basemap/reload", web::post().to(reload_basemap))
        .route("/checkpoint", web::post().to(checkpoint))
        .route("/status", web::get().to(status))
        .default_service(web::route().to(super::refusals::no_such_path));
}

/// Where the socket of a data directory is.
pub fn socket_path(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// A control socket that is served.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    handle: ServerHandle,
}

impl Control {
    /// Binds the socket and serves it on the current runtime.
    pub fn start(app: &web::Data<App>, identity: &web::Data<Identity>) -> io::Result<Self> {
        let path = socket_path(&app.config.data);
        let listener = bind(&path)?;
        let (app, identity) = (app.clone(), identity.clone());
        let server = HttpServer::new(move || {
            actix_web::App::new()
                .app_data(app.clone())
                .app_data(identity.clone())
                .configure(routes)
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(2);
        let running = server.listen_uds(listener)?.run();
        let handle = running.handle();
        task::spawn("control", async move {
            if let Err(cause) = running.await {
                warn!(%cause, "the control socket ended");
            }
        });
        Ok(Self { path, handle })
    }

    /// Stops serving and takes the socket away.
    pub async fn stop(self) {
        self.handle.stop(false).await;
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    if let Err(cause) = std::fs::remove_file(path)
        && cause.kind() != io::ErrorKind::NotFound
    {
        warn!(path = %path.display(), %cause, "cannot remove {}", path.display());
    }
}

/// Binds in a directory that nobody else can enter, and moves the socket to its name when its mode is
/// set: there is no moment at which others could connect, and a stale socket is replaced in one step.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let private = path.with_extension("new");
    if private.exists() {
        std::fs::remove_dir_all(&private)?;
    }
    std::fs::DirBuilder::new().mode(0o700).create(&private)?;
    let at_first = private.join("s");
    let bound = UnixListener::bind(&at_first).and_then(|listener| {
        std::fs::set_permissions(&at_first, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&at_first, path)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    std::fs::remove_dir_all(&private)?;
    bound
}

#[derive(Debug, Deserialize)]
struct As {
    /// The feed that the features come from; the layer's own by default.
    feed: Option<String>,
}

/// `POST /import/{layer}`: takes a batch of features for any layer that takes events.
async fn import(
    request: HttpRequest,
    app: web::Data<App>,
    layer: web::Path<String>,
    query: web::Query<As>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let catalog = app.engine.catalog();
    let found = catalog
        .layer(&layer)
        .filter(|found| catalog.spec(*found).kind != LayerKind::Derived);
    let Some(found) = found else {
        return Err(Problem::NoSuchLayer { name: echo(&layer) });
    };
    let name = query.feed.as_deref().unwrap_or(&layer);
    let feed = Feed::new(FeedName::from(name), found, Adaptor::Geojson);
    let body = super::body::read(&request, body, BODY_BYTES).await?;
    let receipt = ingest(&app.engine, &feed, Body::whole(body, None)).await;
    let receipt = receipt.map_err(|error| super::feeds::refused(&request, error))?;
    Ok(HttpResponse::Ok().json(receipt))
}

/// What a command asked for.
#[derive(Debug, Deserialize)]
pub struct Made {
    /// The token of a new key or link: told once, kept as a digest only.
    pub token: Token,
}

/// `POST /keys`: makes a key.
async fn create_key(
    app: web::Data<App>,
    identity: web::Data<Identity>,
    order: web::Json<KeyOrder>,
) -> Result<HttpResponse, Problem> {
    let feeds: Vec<&str> = app
        .engine
        .feeds()
        .map(|(feed, _)| feed.name.as_str())
        .collect();
    let key = match order.check(app.engine.catalog(), &feeds) {
        Ok(key) => key,
        Err(unknown) => return Ok(meaningless(&unknown)),
    };
    let now = app.engine.clock().now();
    made(move || identity.create_key(&key, now)).await
}

/// `POST /links`: makes a one-time sign-in link.
async fn issue_link(
    app: web::Data<App>,
    identity: web::Data<Identity>,
    order: web::Json<LinkOrder>,
) -> Result<HttpResponse, Problem> {
    let link = match order.check(app.engine.catalog()) {
        Ok(link) => link,
        Err(unknown) => return Ok(meaningless(&unknown)),
    };
    let now = app.engine.clock().now();
    made(move || identity.issue_link(&link, now)).await
}

/// `GET /keys`, `GET /sessions`: all that are remembered, without their secrets.
async fn list(
    app: web::Data<App>,
    identity: web::Data<Identity>,
    kind: web::Path<Kind>,
) -> Result<HttpResponse, Problem> {
    let now = app.engine.clock().now();
    let listed = web::block(move || identity.listed(*kind, now)).await;
    let listed = listed.map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().json(listed.map_err(Problem::internal)?))
}

/// `DELETE /keys/{id}`, `DELETE /sessions/{id}`: takes one back. Whether there was one in force.
async fn revoke(
    app: web::Data<App>,
    identity: web::Data<Identity>,
    which: web::Path<(Kind, String)>,
) -> Result<HttpResponse, Problem> {
    let now = app.engine.clock().now();
    let revoked = web::block(move || identity.revoke(which.0, &which.1, now)).await;
    let revoked = revoked.map_err(Problem::internal)?;
    let revoked = revoked.map_err(super::sign_in::not_stored)?;
    Ok(HttpResponse::Ok().json(Revoked { revoked }))
}

/// What became of a wish to revoke.
#[derive(Debug, Serialize, Deserialize)]
pub struct Revoked {
    /// Whether there was one in force.
    pub revoked: bool,
}

/// The command says it in the same words as if it had found out itself.
fn meaningless(unknown: &UnknownName) -> HttpResponse {
    HttpResponse::UnprocessableEntity().json(json!({ "detail": unknown.to_string() }))
}

async fn made(
    make: impl FnOnce() -> Result<Token, IdentityError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let token = web::block(make)
        .await
        .map_err(Problem::internal)?
        .map_err(super::sign_in::not_stored)?;
    Ok(HttpResponse::Ok().json(json!({ "token": token.expose() })))
}

/// `POST /basemap/reload`: reads the basemap again.
async fn reload_basemap(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let data = app.config.data.clone();
    let basemap = web::block(move || Basemap::load(&data)).await;
    app.basemap
        .store(Arc::new(basemap.map_err(Problem::internal)?));
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /checkpoint`: writes a checkpoint, so that the next start is quick.
async fn checkpoint(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    app.engine
        .checkpoint()
        .await
        .map_err(|cause| Problem::not_durable(cause.reason(), cause))?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /status`: which history the server stands in, and where.
async fn status(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "epoch": app.engine.epoch(),
        "seq": app.engine.view().seq().0,
        "version": env!("CARGO_PKG_VERSION"),
        "fault": app.engine.fault(),
    }))
}

#[cfg(test)]
mod tests;
