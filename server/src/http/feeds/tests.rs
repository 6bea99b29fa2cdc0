use super::*;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::store::{Embedded, Store, StoreOptions};
use actix_http::h1;
use actix_web::FromRequest;
use actix_web::dev::Payload;
use actix_web::test::TestRequest;
use futures_util::FutureExt;
use std::path::Path;
use std::sync::Arc;

fn app(dir: &Path, queue_bytes: usize) -> App {
    let mut config = Config::default();
    config.limits.queue_bytes = queue_bytes;
    let options = StoreOptions {
        reserve_bytes: 0,
        history_days: 30,
        archive_after_h: 24,
    };
    let store = Store::Embedded(Embedded::open(dir, options).unwrap());
    let engine = Engine::start(&config, store, &Clock::system()).unwrap();
    App::new(Arc::new(engine), config)
}

/// Bytes that came, and the end that more may come from.
async fn came(bytes: usize, over: bool) -> (impl Sized, web::Payload) {
    let (mut sender, payload) = h1::Payload::create(false);
    sender.feed_data(vec![b'x'; bytes].into());
    if over {
        sender.feed_eof();
    }
    let request = TestRequest::default().to_http_request();
    let payload = web::Payload::from_request(&request, &mut Payload::from(payload));
    (sender, payload.await.unwrap())
}

#[actix_web::test]
async fn bodies_that_arrive_hold_no_more_than_may_wait() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path(), 20_000);
    let request = TestRequest::default().to_http_request();
    let (sites, units) = ("sites".into(), "units".into());

    let (_more_may_come, slow) = came(9_000, false).await;
    let mut slow = Box::pin(arriving(&request, &app, &sites, slow));
    assert!((&mut slow).now_or_never().is_none(), "it has not ended");

    let (_, second) = came(4_000, true).await;
    let refused = arriving(&request, &app, &sites, second).await;
    assert!(
        matches!(refused, Err(Problem::Overloaded { limit: 20_000, .. })),
        "{refused:?}"
    );
    let (_, other) = came(4_000, true).await;
    let other = arriving(&request, &app, &units, other).await;
    assert_eq!(other.unwrap().0.len(), 4_000, "there is room for others");

    drop(slow);
    let (_, third) = came(4_000, true).await;
    let third = arriving(&request, &app, &sites, third).await;
    assert_eq!(
        third.unwrap().0.len(),
        4_000,
        "what went away counts no more"
    );
}

#[actix_web::test]
async fn a_body_alone_is_taken_however_large() {
    let dir = tempfile::tempdir().unwrap();
    let app = app(dir.path(), 1_000);
    let request = TestRequest::default().to_http_request();
    let (_, body) = came(9_000, true).await;
    let body = arriving(&request, &app, &"sites".into(), body).await;
    assert_eq!(body.unwrap().0.len(), 9_000);
}
