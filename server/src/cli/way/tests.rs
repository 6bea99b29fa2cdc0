use super::*;
use crate::http::App;
use crate::http::control::Control;
use crate::identity::{Identity, Lasting};
use actix_web::web;
use std::sync::Arc;

const BODY: &str = r#"{"type":"FeatureCollection","features":[
    {"type":"Feature","id":"m","geometry":{"type":"Polygon","coordinates":[[[-110.9,32.2],[-110.8,32.2],[-110.8,32.3],[-110.9,32.2]]]},"properties":{"name":"March"}},
    {"type":"Feature","id":"n","geometry":null,"properties":{}}]}"#;

pub(in crate::cli) fn config(folder: &tempfile::TempDir) -> Config {
    let mut config = Config {
        data: folder.path().join("data"),
        ..Config::default()
    };
    config.store.reserve_bytes = 0;
    config
}

/// What becomes of the two features: how many are accepted, known already and refused.
async fn told(way: &Way) -> (usize, usize, usize) {
    let told = way.ingest("perimeters", "perimeters", BODY.into()).await;
    let told = told.unwrap();
    assert_eq!(told.rejected[0].index, 1);
    (told.accepted, told.duplicates, told.rejected.len())
}

#[actix_web::test]
async fn the_socket_and_the_store_take_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let way = Way::open(&config).await.unwrap();
    assert!(matches!(way, Way::Store(_)));
    assert_eq!(told(&way).await, (1, 0, 1));
    let Way::Store(engine) = way else { return };

    let app = web::Data::new(App::new(Arc::from(engine), config.clone()));
    let store = config.data.join("main.db");
    let identity = web::Data::new(Identity::open(&store, Lasting::default()).unwrap());
    let control = Control::start(&app, &identity).unwrap();
    let way = Way::open(&config).await.unwrap();
    assert!(matches!(way, Way::Socket(_)));
    assert_eq!(told(&way).await, (0, 1, 1));
    way.checkpoint().await.unwrap();
    assert!(reload_basemap(&config).await.unwrap());
    for layer in ["nothing", "coverage"] {
        let refused = way
            .ingest(layer, "perimeters", BODY.into())
            .await
            .unwrap_err();
        assert!(refused.to_string().contains("refuses: "), "{refused}");
    }
    control.stop().await;
    assert!(!socket_path(&config.data).exists());
    assert!(!reload_basemap(&config).await.unwrap());
}

#[actix_web::test]
async fn a_socket_that_a_dead_server_left_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    std::fs::create_dir_all(&config.data).unwrap();
    drop(std::os::unix::net::UnixListener::bind(socket_path(&config.data)).unwrap());
    let way = Way::open(&config).await.unwrap();
    assert!(matches!(way, Way::Store(_)));
}
