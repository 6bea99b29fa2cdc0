use super::*;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::store::fault::Fault;
use crate::store::{Embedded, Store, StoreOptions};
use std::sync::Arc;

#[actix_web::test]
async fn a_server_whose_writer_died_is_not_ready() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        reserve_bytes: 0,
        ..StoreOptions::default()
    };
    let config = Config::default();
    let store = Store::Embedded(Embedded::open(dir.path(), options).unwrap());
    let engine = Engine::start(&config, store, &Clock::system()).unwrap();
    let app = web::Data::new(App::new(Arc::new(engine), config));
    assert_eq!(ready(app.clone()).await.status(), 200);
    app.engine.faults().set(Fault::Panics);
    let layer = app.engine.catalog().layer("units").unwrap();
    let gone = atalaya_tiles::Event::Withdrawn {
        layer,
        feature: "u".into(),
        feed: "units".into(),
        at: None,
    };
    let admitted = app.engine.admit(1).unwrap();
    app.engine.append(vec![gone], admitted).await.unwrap_err();
    let mut failed = app.engine.failed();
    let known = failed.wait_for(Option::is_some);
    let known = tokio::time::timeout(std::time::Duration::from_secs(5), known).await;
    drop(known.unwrap().unwrap());
    assert_eq!(ready(app).await.status(), 503);
}
