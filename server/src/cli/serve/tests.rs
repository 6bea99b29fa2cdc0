use super::*;
use crate::ingest::{Body, ingest};
use crate::store::fault::Fault;

#[actix_web::test]
async fn a_server_whose_writer_died_ends_with_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config {
        data: dir.path().join("data"),
        listen: "127.0.0.1:0".into(),
        ..Config::default()
    };
    config.store.reserve_bytes = 0;
    let address = take(&config).unwrap();
    let city = City::open(config).unwrap();
    let engine = Arc::clone(&city.app.engine);
    let (announce, announced) = tokio::sync::oneshot::channel();
    let serving = city.serve(address, |address| {
        announce.send(address.to_owned()).unwrap();
    });
    let dying = async move {
        announced.await.unwrap();
        engine.faults().set(Fault::Panics);
        let (_, feed) = engine.feed("units").unwrap();
        let gone = r#"{"type":"Feature","id":"u","geometry":null,"properties":{"withdrawn":true}}"#;
        ingest(&engine, feed, Body::whole(gone.into(), None))
            .await
            .unwrap_err();
    };
    let both = futures_util::future::join(serving, dying);
    let both = tokio::time::timeout(Duration::from_secs(20), both).await;
    let failure = both.unwrap().0.unwrap_err().to_string();
    assert!(failure.starts_with("the writer thread failed"), "{failure}");
}
