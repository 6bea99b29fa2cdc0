use super::*;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::store::conformance::append;
use crate::store::fault::Fault;
use crate::store::tests::sample::{after, observed};
use crate::store::{Embedded, Store, StoreOptions};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

#[actix_web::test]
async fn a_server_that_reads_damage_is_not_ready() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::default();
    let catalog = Arc::new(config.catalog().unwrap());
    let open = || Store::Embedded(Embedded::open(dir.path(), StoreOptions::default()).unwrap());
    let log = |seq| {
        observed(
            &catalog,
            "units",
            seq,
            &format!("u{seq}"),
            after(seq.cast_signed()),
        )
    };
    append(&open(), &catalog, &(1..4_000).map(log).collect::<Vec<_>>());
    let engine = Engine::start(&config, open(), &Clock::system()).unwrap();
    let app = web::Data::new(App::new(Arc::new(engine), config));
    let main = dir.path().join("main.db");
    let file = std::fs::File::options().write(true).open(main).unwrap();
    let pages = file.metadata().unwrap().len() / 4_096;
    for page in pages / 4..pages / 4 * 3 {
        file.write_all_at(&[0xa5; 4_096], page * 4_096).unwrap();
    }
    assert_eq!(ready(app.clone()).await.status(), 200, "nobody has read it");
    let layer = catalog.layer("units").unwrap();
    app.engine.view_at(after(5_000), &[layer]).unwrap_err();
    let answer = ready(app).await;
    assert_eq!(answer.status(), 503);
    let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
    assert!(
        String::from_utf8_lossy(&body).contains("damaged"),
        "{body:?}"
    );
}

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
    let admitted = app.engine.admit(&"units".into(), 1).unwrap();
    app.engine.append(vec![gone], admitted).await.unwrap_err();
    let mut failed = app.engine.failed();
    let known = failed.wait_for(Option::is_some);
    let known = tokio::time::timeout(std::time::Duration::from_secs(5), known).await;
    drop(known.unwrap().unwrap());
    assert_eq!(ready(app).await.status(), 503);
}
