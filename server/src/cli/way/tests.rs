use super::*;
use crate::http::App;
use crate::http::control::Control;
use crate::identity::{Credential, Token};
use actix_web::web;
use std::sync::Arc;

const BODY: &str = r#"{"type":"FeatureCollection","features":[
    {"type":"Feature","id":"m","geometry":{"type":"Polygon","coordinates":[[[-110.9,32.2],[-110.8,32.2],[-110.8,32.3],[-110.9,32.2]]]},"properties":{"name":"March"}},
    {"type":"Feature","id":"n","geometry":null,"properties":{}}]}"#;

fn config(folder: &tempfile::TempDir) -> Config {
    let mut config = Config {
        data: folder.path().join("data"),
        ..Config::default()
    };
    config.store.reserve_bytes = 0;
    config
}

#[actix_web::test]
async fn the_socket_and_the_store_take_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let way = Way::open(&config).await.unwrap();
    assert!(matches!(way, Way::Store(_)));
    let told = way
        .ingest("perimeters", "perimeters", BODY.into())
        .await
        .unwrap();
    assert_eq!(
        (told.accepted, told.duplicates, told.rejected.len()),
        (1, 0, 1)
    );
    let Way::Store(engine) = way else { return };

    let app = web::Data::new(App::new(Arc::from(engine), config.clone()));
    let store = config.data.join("main.db");
    let identity = web::Data::new(Identity::open(&store, Lasting::default()).unwrap());
    let control = Control::start(&app, &identity).unwrap();
    let way = Way::open(&config).await.unwrap();
    assert!(matches!(way, Way::Socket(_)));
    let told = way
        .ingest("perimeters", "perimeters", BODY.into())
        .await
        .unwrap();
    assert_eq!(
        (told.accepted, told.duplicates, told.rejected.len()),
        (0, 1, 1)
    );
    assert_eq!(told.rejected[0].index, 1);
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

fn key(feed: Option<&str>, role: Option<&str>, clearance: &str) -> KeyOrder {
    KeyOrder {
        feed: feed.map(str::to_owned),
        role: role.map(str::to_owned),
        clearance: clearance.to_owned(),
        expires: None,
    }
}

/// What a command says of orders that mean nothing, with its exit code.
async fn refusals(config: &Config) -> Vec<String> {
    let mut said = Vec::new();
    let mut note = |refused: Failure| {
        let not_there = matches!(refused, Failure::NotThere(_) | Failure::Unknown(_));
        said.push(format!("{not_there} {refused}"));
    };
    for order in [
        key(Some("nothing"), None, ""),
        key(None, Some("nobody"), ""),
        key(None, Some("analyst"), "nothing"),
        key(None, None, ""),
    ] {
        note(create_key(config, &order).await.unwrap_err());
    }
    for (role, clearance) in [("nobody", ""), ("wall", "nothing")] {
        let (role, clearance) = (role.to_owned(), clearance.to_owned());
        let order = LinkOrder { role, clearance };
        note(issue_link(config, &order).await.unwrap_err());
    }
    said
}

/// Keys and links by either way, by two people at once, all in force.
async fn all_hold(config: &Config) {
    let feed = key(Some("incidents"), None, "");
    let analyst = key(None, Some("analyst"), "cji,medical");
    let wall = LinkOrder {
        role: "wall".into(),
        clearance: String::new(),
    };
    let keys = futures_util::future::join_all([
        create_key(config, &feed),
        create_key(config, &analyst),
        create_key(config, &feed),
        create_key(config, &analyst),
    ]);
    let links = futures_util::future::join(issue_link(config, &wall), issue_link(config, &wall));
    let (keys, links) = futures_util::future::join(keys, links).await;
    let store = config.data.join("main.db");
    let identity = Identity::open(&store, Lasting::default()).unwrap();
    let now = Clock::system().now();
    let mut names = Vec::new();
    for token in keys {
        let bearer = Credential::Bearer(Token::presented(&token.unwrap()));
        names.push(identity.verify(&bearer, now).unwrap().unwrap().name.clone());
    }
    let wanted = ["feed incidents", "analyst by key"];
    assert_eq!(names, [wanted, wanted].concat());
    for token in [links.0, links.1] {
        let link = Token::presented(&token.unwrap());
        let session = identity.redeem(&link, now).unwrap().unwrap();
        assert_eq!(session.principal.name, "wall by link");
        assert!(identity.redeem(&link, now).unwrap().is_none());
    }
}

#[actix_web::test]
async fn keys_and_links_are_the_same_by_either_way() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let wall = LinkOrder {
        role: "wall".into(),
        clearance: String::new(),
    };
    let none = issue_link(&config, &wall).await.unwrap_err();
    assert!(
        none.to_string().starts_with("there is no store in "),
        "{none}"
    );
    drop(Way::open(&config).await.unwrap());
    all_hold(&config).await;
    let said = refusals(&config).await;
    assert!(
        said.iter().all(|said| said.starts_with("true ")),
        "{said:?}"
    );
    assert!(
        said[0].contains("no feed \"nothing\"; there are "),
        "{said:?}"
    );

    let Way::Store(engine) = Way::open(&config).await.unwrap() else {
        return;
    };
    let app = web::Data::new(App::new(Arc::from(engine), config.clone()));
    let store = config.data.join("main.db");
    let identity = web::Data::new(Identity::open(&store, Lasting::default()).unwrap());
    let control = Control::start(&app, &identity).unwrap();
    all_hold(&config).await;
    assert_eq!(refusals(&config).await, said);
    control.stop().await;
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
