//! Whether those who watch still may: every so often the sessions and keys of open streams are looked at
//! again, and streams of those that no longer hold are ended.
//!
//! Promises: a stream outlives its session, key or clearance by `live.recheck_s` at most, and one lookup
//! serves all streams of a session or key.

use crate::http::App;
use crate::identity::Identity;
use crate::task;
use actix_web::web;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tracing::{error, warn};

/// Looks from now on, for as long as the server runs.
pub fn start(app: &web::Data<App>, identity: &web::Data<Identity>) {
    let every = Duration::from_secs(app.config.live.recheck_s);
    let app: Weak<App> = Arc::downgrade(app);
    let identity = Arc::clone(identity);
    task::spawn("standing", async move {
        let mut often = tokio::time::interval(every);
        loop {
            often.tick().await;
            let Some(app) = app.upgrade() else {
                return;
            };
            let identity = Arc::clone(&identity);
            let looked = web::block(move || {
                let now = app.engine.clock().now();
                app.streams.recheck(&identity, app.engine.catalog(), now)
            });
            match looked.await {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => {
                    warn!(%cause, "cannot ask whether sessions and keys of live streams hold");
                }
                Err(_) => error!("the look at sessions and keys of live streams panicked"),
            }
        }
    });
}
