//! `atalaya serve`: the server, until it is told to stop.

use super::{Failure, print};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::http::control::Control;
use crate::http::{App, security, site::Site};
use crate::identity::{Identity, Lasting};
use crate::store::{Embedded, Store, StoreOptions};
use crate::{poll, task};
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use clap::Args;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// Run the server.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port to serve on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
}

impl Serve {
    pub(super) fn run(self, mut config: Config) -> Result<(), Failure> {
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        logging();
        let system = actix_web::rt::System::new();
        system.block_on(async {
            let city = City::open(config)?;
            city.serve(|address| print(&format!("listening on http://{address}")))
                .await
        })
    }
}

/// Logs go to stderr, one JSON object a line; `RUST_LOG` chooses what.
pub(super) fn logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second call in one process, as in tests, changes nothing.
    drop(
        tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .try_init(),
    );
}

/// Everything a running server is made of.
pub(super) struct City {
    pub(super) app: web::Data<App>,
    pub(super) identity: web::Data<Identity>,
    clock: Clock,
}

impl City {
    /// Opens the store and starts the engine.
    pub(super) fn open(config: Config) -> Result<Self, Failure> {
        let clock = Clock::system();
        let options = StoreOptions {
            reserve_bytes: config.store.reserve_bytes,
            history_days: config.store.history_days,
            archive_after_h: config.store.archive_after_h,
        };
        let store = Store::Embedded(Embedded::open(&config.data, options)?);
        let engine = Engine::start(&config, store, &clock)?;
        let identity = Identity::open(&config.data.join("main.db"), Lasting::default())?;
        Ok(Self {
            app: web::Data::new(App::new(Arc::new(engine), config)),
            identity: web::Data::new(identity),
            clock,
        })
    }

    /// Serves until the process is told to stop; `ready` learns the address first.
    pub(super) async fn serve(self, ready: impl FnOnce(SocketAddr)) -> Result<(), Failure> {
        let config = &self.app.config;
        let listen = config.listen.clone();
        let address_file = super::link::address_file(&config.data);
        let site = web::Data::new(Site {
            demo: config.site.demo,
            banner: config.site.banner.clone(),
            time_zone: config.site.time_zone.clone(),
            ..Site::default()
        });
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
        let server = server
            .client_request_timeout(Duration::from_secs(5))
            .shutdown_timeout(2)
            .bind(&listen)
            .map_err(Failure::system(format!("cannot listen on {listen}")))?;
        let address = server.addrs().first().copied();
        let polls = poll::start(&self.app);
        let control = Control::start(&self.app, &self.identity);
        if let Err(cause) = &control {
            warn!(%cause, "no control socket: commands cannot work beside this server");
        }
        let running = server.run();
        let handle = running.handle();
        task::spawn("signals", stop_on_signal(handle));
        if let Some(address) = address {
            info!(%address, "listening on {address}");
            // On a full disk reads are served all the same.
            if let Err(cause) = std::fs::write(&address_file, address.to_string()) {
                warn!(%cause, "cannot note the address: links will name the configured one");
            }
            ready(address);
        }
        let outcome = running.await;
        if let Ok(control) = control {
            control.stop().await;
        }
        drop(polls);
        outcome.map_err(Failure::system("the server ended"))
    }
}

async fn stop_on_signal(handle: actix_web::dev::ServerHandle) {
    // Live streams never end by themselves: stop at once rather than wait for them.
    if tokio::signal::ctrl_c().await.is_ok() {
        handle.stop(false).await;
    }
}
