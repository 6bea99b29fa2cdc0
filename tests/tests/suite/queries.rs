//! No route takes a key that it does not know: a typing error must not silently widen the answer.

use atalaya_tests::{City, Visitor};
use reqwest::Method;
use serde_json::{Value, json};

/// What stands beside the documents of the API. The pages of the wall are left out: they take any key and say on
/// the screen which they do not know.
const PAGES: [&str; 3] = ["/sign-in", "/assets/sign-in/any.js", "/assets/app/any.js"];

/// A value for each part of a path.
fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "tileset" | "layer" | "feed" | "collectionId" => "incidents",
        "z" | "x" | "y" => "0",
        "fontstack" => "Noto Sans Regular",
        "range" => "0-255",
        "name" => "night.json",
        _ => "any",
    };
    let mut pieces = path.split(['{', '}']);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    while let Some(name) = pieces.next() {
        out.push_str(part(name));
        out.push_str(pieces.next().unwrap_or_default());
    }
    out.replace("/sprites/night.json", "/sprites/atalaya.json")
}

/// Methods and paths of an OpenAPI document.
fn routes(document: &Value) -> Vec<(Method, String)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = paths.iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().expect("operations");
        operations.keys().map(move |method| (method, path))
    });
    let known = methods.filter(|(method, _)| method.as_str() != "parameters");
    known
        .map(|(method, path)| {
            let method = method.to_uppercase().parse().expect("a method");
            (method, filled(path))
        })
        .collect()
}

#[tokio::test]
async fn every_route_refuses_a_key_that_it_does_not_know() {
    let city = City::start().await;
    let (operator, feed) = (city.operator(), city.bearer(&city.key("incidents")));
    let mut all = routes(&operator.json("/openapi.json").await);
    let features = operator.json("/ogc/api").await;
    all.extend(routes(&features).into_iter().map(|(method, path)| {
        let below = format!("/ogc/{}", path.trim_start_matches('/'));
        let whole = path.starts_with("/ogc");
        (method, if whole { path } else { below })
    }));
    all.extend(PAGES.map(|path| (Method::GET, path.to_owned())));
    assert!(all.len() > 30, "{all:?}");
    let mut wrong = Vec::new();
    for (method, path) in all {
        let writes = path.starts_with("/feeds/");
        let who = if writes { &feed } else { &operator };
        let mut request = who.request(method.clone(), &format!("{path}?zzq=1"));
        if method != Method::GET {
            request = request.json(&json!({ "token": "any" }));
        }
        let reply = Visitor::try_send(request).await.expect("an answer");
        let text = reply.text();
        if reply.status != 400 || !text.contains("unknown-parameter") || !text.contains("zzq") {
            wrong.push(format!("{method} {path}: {} {text:.200}", reply.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (page, scene) = (
        operator.get("/?zzq=1").await,
        operator.get("/wall?scene=a").await,
    );
    assert_eq!((page.status, scene.status), (200, 200), "a wall opens");
}

#[tokio::test]
async fn the_catalog_is_a_read() {
    let city = City::start().await;
    let receipt = city
        .post("incidents", &atalaya_tests::incident("a", -110.97, 32.22))
        .await;
    let operator = city.operator();
    let epoch = operator.epoch().await;
    let path = format!("/catalog?min_seq={epoch}:{}", receipt["seq"]);
    let reply = operator.get(&path).await.expect(200);
    let near = operator.get("/near?lon=0&lat=0").await.expect(200);
    assert!(
        reply
            .header("atalaya-seq")
            .starts_with(&format!("{epoch}:"))
    );
    assert_eq!(reply.header("atalaya-seq"), near.header("atalaya-seq"));
    let future = operator
        .get(&format!("/catalog?min_seq={epoch}:99999"))
        .await;
    assert!(future.expect(503).text().contains("/problems/behind"));
}

#[tokio::test]
async fn a_position_of_another_epoch_is_refused_at_once() {
    let city = City::start().await;
    let operator = city.operator();
    for path in ["/near?lon=0&lat=0&", "/catalog?", "/search?q=ab&"] {
        let reply = operator.get(&format!("{path}min_seq=before:1")).await;
        let text = reply.expect_problem(503).text();
        let epoch = operator.epoch().await;
        for part in ["/problems/other-epoch", "before", epoch.as_str()] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
