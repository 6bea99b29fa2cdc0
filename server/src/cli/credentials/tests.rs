use super::*;
use crate::cli::way::{Way, tests::config};
use crate::http::App;
use crate::http::control::Control;
use crate::identity::{Credential, Token};
use actix_web::web;
use std::sync::Arc;

fn key(feed: Option<&str>, role: Option<&str>, clearance: &str) -> KeyOrder {
    KeyOrder {
        feed: feed.map(str::to_owned),
        role: role.map(str::to_owned),
        clearance: clearance.to_owned(),
        ..KeyOrder::default()
    }
}

fn wall() -> LinkOrder {
    LinkOrder {
        role: "wall".into(),
        ..LinkOrder::default()
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
        let order = LinkOrder {
            role,
            clearance,
            ..LinkOrder::default()
        };
        note(issue_link(config, &order).await.unwrap_err());
    }
    for layers in ["cameras,nothing", " , "] {
        let order = LinkOrder {
            layers: Some(layers.to_owned()),
            ..wall()
        };
        note(issue_link(config, &order).await.unwrap_err());
    }
    let bound = KeyOrder {
        layers: Some("cameras".to_owned()),
        ..key(Some("incidents"), None, "")
    };
    let long = KeyOrder {
        name: Some("x".repeat(81)),
        ..key(None, Some("analyst"), "")
    };
    for order in [bound, long] {
        note(create_key(config, &order).await.unwrap_err());
    }
    for kind in [Kind::Keys, Kind::Sessions] {
        note(revoke(config, kind, "nothing").await.unwrap_err());
    }
    said
}

/// Keys and links by either way, by two people at once, all in force.
async fn all_hold(config: &Config) {
    let feed = key(Some("incidents"), None, "");
    let analyst = key(None, Some("analyst"), "cji,medical");
    let wall = wall();
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

/// Keys and sessions are listed without their secrets, and revoked by id, by token or by name.
async fn lists_and_revokes(config: &Config) {
    let named = |name: &str| KeyOrder {
        name: Some(name.to_owned()),
        layers: Some("cameras,units,cameras".to_owned()),
        ..key(None, Some("analyst"), "cji")
    };
    let (first, second) = (named("twin"), named("twin"));
    let first = create_key(config, &first).await.unwrap();
    let second = create_key(config, &second).await.unwrap();
    let listed_now = listed(config, Kind::Keys).await.unwrap();
    let shown = serde_json::to_string(&listed_now).unwrap();
    let twins: Vec<_> = listed_now
        .iter()
        .filter(|one| one.name == "twin" && one.state == State::InForce)
        .collect();
    assert_eq!(twins.len(), 2, "{shown}");
    assert_eq!(twins[0].layers.as_deref().unwrap(), ["cameras", "units"]);
    for token in [&first, &second] {
        let (public, secret) = token.rsplit_once('_').unwrap();
        assert!(!shown.contains(secret), "{shown}");
        assert!(shown.contains(public.strip_prefix("atl_").unwrap()));
    }
    let both = revoke(config, Kind::Keys, "twin").await.unwrap_err();
    assert!(matches!(both, Failure::NotThere(_)), "{both}");
    assert!(both.to_string().contains(&twins[1].id), "{both}");
    let (public, _) = first.rsplit_once('_').unwrap();
    revoke(config, Kind::Keys, public).await.unwrap();
    revoke(config, Kind::Keys, "twin").await.unwrap();
    for again in ["twin", &*twins[0].id] {
        let gone = revoke(config, Kind::Keys, again).await.unwrap_err();
        assert!(matches!(gone, Failure::NotThere(_)), "{gone}");
    }
    let identity = identity(config).unwrap();
    let now = Clock::system().now();
    for token in [&first, &second] {
        let bearer = Credential::Bearer(Token::presented(token));
        assert!(identity.verify(&bearer, now).unwrap().is_none());
    }
    let lobby = LinkOrder {
        name: Some("lobby".to_owned()),
        ..wall()
    };
    let link = issue_link(config, &lobby).await.unwrap();
    let opened = identity.redeem(&Token::presented(&link), now).unwrap();
    let cookie = opened.unwrap().token;
    let shown = serde_json::to_string(&listed(config, Kind::Sessions).await.unwrap()).unwrap();
    assert!(shown.contains("\"lobby\"") && !shown.contains(cookie.expose()));
    revoke(config, Kind::Sessions, "lobby").await.unwrap();
    let cookie = Credential::Session(cookie);
    assert!(identity.verify(&cookie, now).unwrap().is_none());
}

#[actix_web::test]
async fn keys_and_links_are_the_same_by_either_way() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let wall = wall();
    let none = issue_link(&config, &wall).await.unwrap_err();
    assert!(
        none.to_string().starts_with("there is no store in "),
        "{none}"
    );
    drop(Way::open(&config).await.unwrap());
    all_hold(&config).await;
    lists_and_revokes(&config).await;
    let said = refusals(&config).await;
    assert!(
        said.iter().all(|said| said.starts_with("true ")),
        "{said:?}"
    );
    assert!(
        said[0].contains("no feed \"nothing\"; there are "),
        "{said:?}"
    );
    let layer = "no layer \"nothing\"; there are cameras, ";
    assert!(said.iter().any(|said| said.contains(layer)), "{said:?}");

    let Way::Store(engine) = Way::open(&config).await.unwrap() else {
        return;
    };
    let app = web::Data::new(App::new(Arc::from(engine), config.clone()));
    let store = config.data.join("main.db");
    let identity = web::Data::new(Identity::open(&store, Lasting::default()).unwrap());
    let control = Control::start(&app, &identity).unwrap();
    all_hold(&config).await;
    lists_and_revokes(&config).await;
    assert_eq!(refusals(&config).await, said);
    control.stop().await;
}
