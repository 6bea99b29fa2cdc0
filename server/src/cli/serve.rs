//! `atalaya serve`: the server, until it is told to stop.

use super::listening::{self, Taken};
use super::logging::logging;
use super::{Failure, VERSION, print};
use crate::clock::Clock;
use crate::config::{Config, listen_address};
use crate::engine::Engine;
use crate::http::admin::Admin;
use crate::http::control::Control;
use crate::http::site::{Site, note_address};
use crate::http::{App, security};
use crate::identity::{Identity, Lasting};
use crate::live::standing;
use crate::metrics::Recorder;
use crate::store::{Embedded, Store};
use crate::tls::Tls;
use crate::{poll, task};
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use clap::Args;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

/// Bytes that are written to a connection before more is asked of a body that comes in pieces: the buffer that the
/// framework begins with. Thousands of walls have one each.
const WRITE_BUFFER: usize = 8 << 10;

/// Run the server.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port to serve on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", value_parser = listen_address)]
    listen: Option<String>,
}

impl Serve {
    pub(super) fn run(self, mut config: Config) -> Result<(), Failure> {
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        logging("info");
        let address = take(&config)?;
        let system = actix_web::rt::System::new();
        system.block_on(async {
            let city = City::open(config)?;
            city.serve(address, |base| print(&format!("listening on {base}")))
                .await
        })
    }
}

/// The addresses of a server.
#[derive(Debug)]
pub(super) struct Addresses {
    site: Taken,
    /// Where metrics are served, if they are.
    admin: Option<Taken>,
}

/// Takes the addresses that are configured, before anything is made: another server may have one.
pub(super) fn take(config: &Config) -> Result<Addresses, Failure> {
    let stall = Duration::from_secs(config.live.stall_s);
    let taken = |listen: &str, cannot: String, more: &str| {
        listening::take(listen, stall).map_err(|cause| {
            let hint = if cause.kind() == ErrorKind::AddrInUse {
                more
            } else {
                ""
            };
            Failure::Other(format!("{cannot}: {cause}{hint}"))
        })
    };
    let free = config.listen.rsplit_once(':').map_or("", |(host, _)| host);
    let hint = format!("; --listen {free}:0 picks a free port");
    let admin = config.admin_listen.as_deref();
    let admin = admin.map(|listen| taken(listen, cannot_serve_metrics(listen), ""));
    Ok(Addresses {
        site: taken(&config.listen, cannot_listen(config), &hint)?,
        admin: admin.transpose()?,
    })
}

fn cannot_listen(config: &Config) -> String {
    format!("cannot listen on {}", config.listen)
}

fn cannot_serve_metrics(listen: &str) -> String {
    format!("cannot listen on {listen} for metrics (admin_listen)")
}

/// Everything a running server is made of.
pub(super) struct City {
    pub(super) app: web::Data<App>,
    pub(super) identity: web::Data<Identity>,
    /// Where metrics are kept, if they are served.
    recorder: Option<Recorder>,
    /// TLS, if it is configured.
    tls: Option<Tls>,
    clock: Clock,
}

impl City {
    /// Opens the store and starts the engine.
    pub(super) fn open(config: Config) -> Result<Self, Failure> {
        let clock = Clock::system();
        // Before anything counts: a handle that is used earlier never counts.
        let recorder = config.admin_listen.is_some();
        let recorder = recorder.then(|| Recorder::install(clock.now())).transpose();
        let recorder = recorder.map_err(|cause| Failure::Other(format!("metrics: {cause}")))?;
        let tls = config.tls.as_ref();
        let tls = tls.map(|files| Tls::open(files, clock.now())).transpose()?;
        let store = Store::Embedded(Embedded::open(&config.data, config.store.options())?);
        let engine = Engine::start(&config, store, &clock)?;
        let identity = Identity::open(&config.data.join("main.db"), Lasting::default())?;
        Ok(Self {
            app: web::Data::new(App::new(Arc::new(engine), config)),
            identity: web::Data::new(identity),
            recorder,
            tls,
            clock,
        })
    }

    /// Serves at the addresses that were taken until the process is told to stop; `ready` first learns how what
    /// it serves begins.
    pub(super) async fn serve(
        self,
        addresses: Addresses,
        ready: impl FnOnce(&str),
    ) -> Result<(), Failure> {
        let config = &self.app.config;
        let address_file = super::link::address_file(&config.data);
        let admin = self.serve_metrics(addresses.admin)?;
        let (address, running) = self.listen(addresses.site)?;
        let base = super::link::base_url(config, address);
        let polls = poll::start(&self.app);
        standing::start(&self.app, &self.identity);
        let control = Control::start(&self.app, &self.identity);
        if let Err(cause) = &control {
            warn!(%cause, "no control socket: commands cannot work beside this server");
        }
        let interrupts = signal(SignalKind::interrupt()).map_err(Failure::system("signals"))?;
        task::spawn("signals", stop_on_signal(running.handle(), interrupts));
        let failed = self.app.engine.failed();
        task::spawn(
            "failures",
            stop_on_failure(running.handle(), failed.clone()),
        );
        if let Some(tls) = self.tls {
            task::spawn("certificate", tls.keep(self.clock.clone()));
        }
        let app = self.app.clone();
        task::spawn("tables", async move {
            if let Some(postgis) = &app.postgis {
                postgis.look().await;
            }
        });
        info!(%address, version = VERSION, "listening on {base}");
        for warning in config.warnings() {
            warn!("{warning}");
        }
        // On a full disk reads are served all the same.
        if let Err(cause) = std::fs::write(&address_file, &base) {
            warn!(%cause, "cannot note the address: links will name the configured one");
        }
        ready(&base);
        let outcome = running.await;
        if let Ok(control) = control {
            control.stop().await;
        }
        if let Some(admin) = admin {
            admin.stop().await;
        }
        drop(polls);
        if let Some(thread) = *failed.borrow() {
            return Err(Failure::Other(format!(
                "the {thread} thread failed; what was acknowledged is in the store"
            )));
        }
        outcome.map_err(Failure::system("the server ended"))
    }

    fn serve_metrics(&self, taken: Option<Taken>) -> Result<Option<Admin>, Failure> {
        let listen = self.app.config.admin_listen.as_deref();
        let cannot = Failure::system(cannot_serve_metrics(listen.unwrap_or_default()));
        let listened = taken.map(Taken::listen).transpose();
        listened
            .and_then(|on| Admin::start(&self.app, self.recorder.clone(), on.unwrap_or_default()))
            .map_err(cannot)
    }

    /// Listens, and answers once the server is awaited.
    fn listen(&self, taken: Taken) -> Result<(SocketAddr, Server), Failure> {
        let config = &self.app.config;
        let site = web::Data::new(Site::of(config));
        let clock = web::Data::new(self.clock.clone());
        let catalog = web::Data::new(Arc::clone(self.app.engine.catalog()));
        let (app, identity) = (self.app.clone(), self.identity.clone());
        let server = HttpServer::new(move || {
            actix_web::App::new()
                .wrap(from_fn(security::around))
                .app_data(app.clone())
                .app_data(identity.clone())
                .app_data(site.clone())
                .app_data(clock.clone())
                .app_data(catalog.clone())
                .configure(crate::http::routes)
        });
        let mut server = server
            .on_connect(note_address)
            .client_request_timeout(Duration::from_secs(5))
            .h1_write_buffer_size(WRITE_BUFFER)
            .shutdown_timeout(2);
        let tls = self.tls.as_ref().map(Tls::server_config).transpose();
        let tls = tls.map_err(|cause| Failure::Other(format!("TLS: {cause}")))?;
        let cannot = || cannot_listen(config);
        for listener in taken.listen().map_err(Failure::system(cannot()))? {
            let listening = match &tls {
                None => server.listen(listener),
                Some(tls) => server.listen_rustls_0_23(listener, tls.clone()),
            };
            server = listening.map_err(Failure::system(cannot()))?;
        }
        let address = server.addrs().first().copied();
        let address = address.ok_or_else(|| Failure::Other(cannot()))?;
        Ok((address, server.run()))
    }
}

/// A server that can take nothing more leaves it to its supervisor to start another.
async fn stop_on_failure(
    handle: actix_web::dev::ServerHandle,
    mut failed: watch::Receiver<Option<&'static str>>,
) {
    if failed.wait_for(Option::is_some).await.is_ok() {
        handle.stop(false).await;
    }
}

async fn stop_on_signal(handle: actix_web::dev::ServerHandle, mut interrupts: Signal) {
    // Live streams never end by themselves: stop at once rather than wait for them.
    if interrupts.recv().await.is_some() {
        handle.stop(false).await;
    }
}

#[cfg(test)]
mod tests;
