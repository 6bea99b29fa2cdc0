//! `/metrics` on an address of its own, which the configuration names or leaves out.
//!
//! Promises: nothing else is served there, and this nowhere else. Nobody signs in, so what it says is
//! no secret: counts by feed, layer and outcome. Refuses to answer under a name that is none of its
//! own, as a page asks that had its name lead to this address.

use super::{App, site};
use crate::config::Config;
use crate::metrics::{self, Recorder};
use crate::problem::{Problem, echo};
use crate::task;
use actix_web::body::MessageBody;
use actix_web::dev::ServerHandle;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpResponse, HttpServer, web};
use atalaya_tiles::Viewer;
use metrics::real;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::{info, warn};

/// The text exposition format.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The admin address while it is served.
#[derive(Debug)]
pub struct Admin {
    handle: ServerHandle,
    address_file: PathBuf,
}

impl Admin {
    /// Serves the recorder at an address that is listened on; `None` where either is missing. The address is
    /// logged, and noted beside that of the server itself.
    pub fn start(
        app: &web::Data<App>,
        recorder: Option<Recorder>,
        listeners: Vec<TcpListener>,
    ) -> io::Result<Option<Self>> {
        let address_file = address_file(&app.config.data);
        // What a killed server left behind leads nowhere.
        remove(&address_file);
        let Some(recorder) = recorder else {
            return Ok(None);
        };
        let shared = (app.clone(), web::Data::new(recorder.clone()));
        let server = HttpServer::new(move || {
            let (app, recorder) = shared.clone();
            actix_web::App::new()
                .wrap(from_fn(under_own_name))
                .app_data(app)
                .app_data(recorder)
                .configure(routes)
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(2);
        let server = server.client_request_timeout(Duration::from_secs(5));
        let mut listeners = listeners.into_iter();
        let server = listeners.try_fold(server, HttpServer::listen)?;
        if let Some(address) = server.addrs().first() {
            std::fs::write(&address_file, address.to_string())?;
            info!(%address, "metrics on http://{address}/metrics");
        }
        let running = server.run();
        let handle = running.handle();
        task::spawn("admin", async move {
            if let Err(cause) = running.await {
                warn!(%cause, "metrics are no longer served");
            }
        });
        recorder.keep_up();
        Ok(Some(Self {
            handle,
            address_file,
        }))
    }

    /// Stops serving.
    pub async fn stop(self) {
        self.handle.stop(false).await;
        remove(&self.address_file);
    }
}

/// Where a running server notes its admin address.
fn address_file(data: &Path) -> PathBuf {
    data.join("admin-address")
}

fn remove(file: &Path) {
    if let Err(cause) = std::fs::remove_file(file)
        && cause.kind() != io::ErrorKind::NotFound
    {
        warn!(path = %file.display(), %cause, "cannot remove {}", file.display());
    }
}

fn routes(service: &mut web::ServiceConfig) {
    service
        .service(super::get("/metrics", exposition))
        .default_service(web::route().to(super::refusals::no_such_path));
}

/// Refuses a request for a name that leads here by somebody else's doing.
async fn under_own_name(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let config = request.app_data::<web::Data<App>>().map(|app| &app.config);
    let known = config.map(own_names).unwrap_or_default();
    let host = site::host(request.request()).unwrap_or_default();
    if site::is_no_foreign_name(host, &known) {
        return next.call(request).await;
    }
    Err(Problem::Misdirected { host: echo(host) }.into())
}

/// The names that the configuration has for this server.
fn own_names(config: &Config) -> Vec<&str> {
    let origins = config.site.origins.iter();
    let origins = origins.filter_map(|origin| origin.split_once("://").map(|(_, host)| host));
    let listens = config.admin_listen.as_deref().into_iter();
    origins.chain(listens).map(site::without_port).collect()
}

/// `GET /metrics`.
async fn exposition(
    app: web::Data<App>,
    recorder: web::Data<Recorder>,
) -> Result<HttpResponse, Problem> {
    app.tiles.measure().await;
    let text = web::block(move || {
        measure(&app);
        measure_feeds(&app);
        measure_files(&app.config.data);
        measure_process();
        recorder.print()
    });
    Ok(HttpResponse::Ok()
        .content_type(EXPOSITION)
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text.await.map_err(Problem::internal)?))
}

/// What is known at any moment and needs no counting.
fn measure(app: &App) {
    let view = app.engine.view();
    metrics::STORE_SEQ.set(real(view.seq().0));
    metrics::STORE_FAULT.set(u8::from(app.engine.fault().is_some()));
    metrics::LIVE_STREAMS.set(real(app.streams.count() as u64));
    for open in view.open_all(&Viewer::EVERYTHING) {
        let layer = open.spec().name.clone();
        let features = ::metrics::gauge!(metrics::LAYER_FEATURES, "layer" => layer);
        features.set(real(open.count() as u64));
    }
}

fn measure_feeds(app: &App) {
    for report in app.engine.feed_reports(app.engine.clock().now()) {
        for (name, at) in [
            (metrics::FEED_LAST_RECEIVED, report.last_received_at),
            (metrics::FEED_LAST_OBSERVED, report.last_observed_at),
        ] {
            let unix = at.map_or(0.0, |at| at.as_duration().as_secs_f64());
            ::metrics::gauge!(name, "feed" => report.name.clone()).set(unix);
        }
    }
}

fn measure_files(data: &Path) {
    // What is not there has no bytes.
    let bytes = |file: &str| std::fs::metadata(data.join(file)).map_or(0, |found| found.len());
    metrics::LOG_BYTES.set(real(bytes("main.db") + bytes("main.db-wal")));
    metrics::ARCHIVES_BYTES.set(real(bytes_in(&data.join("archive"))));
    metrics::CHECKPOINT_BYTES.set(real(bytes("picture.db") + bytes("picture.db-wal")));
}

/// The size of the files in a folder; 0 where there is none.
fn bytes_in(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let about = files.filter_map(|file| file.metadata().ok());
    about.map(|about| about.len()).sum()
}

fn measure_process() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(kib) = resident_kib(&status) {
        metrics::RESIDENT_MEMORY.set(real(kib * 1_024));
    }
}

/// The resident set in the text of `/proc/self/status`, proc(5).
fn resident_kib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
