//! Under which address the server is known: what a client says of it is not repeated, and behind a proxy that ends TLS
//! everything leads to the origin of the configuration.

use atalaya_tests::{City, DOWNTOWN, Reply, Visitor, incident};
use reqwest::Method;
use serde_json::json;

const ORIGIN: &str = "https://wall.example";
const PROXIED: &str = "[site]\norigins = [\"https://wall.example\", \"https://map.example\"]\n";
const MADE_UP: &str = "evil.example";

/// Every route that says where something is.
const ROUTES: [&str; 11] = [
    "/tiles/cameras",
    "/tiles/incidents,basemap",
    "/styles/night?glyphs=1",
    "/ogc",
    "/ogc/api",
    "/ogc/collections",
    "/ogc/collections/incidents",
    "/ogc/collections/incidents/items",
    "/ogc/collections/incidents/items/a",
    "/openapi.json",
    "/catalog",
];

/// Asks as a client does that lies about the server's name in every way there is.
async fn lied_to(visitor: &Visitor, path: &str) -> Reply {
    let request = visitor.request(Method::GET, path);
    let request = request
        .header("host", MADE_UP)
        .header("x-forwarded-host", MADE_UP)
        .header("forwarded", format!("host={MADE_UP};proto=https"));
    visitor.send(request).await
}

/// Insists that an answer names the server by these words and by no made-up ones.
async fn is_known_as(city: &City, base: &str) {
    let operator = city.operator();
    for path in ROUTES {
        let reply = lied_to(&operator, path).await.expect(200);
        let said = format!("{:?} {}", reply.headers, reply.text());
        assert!(!said.contains(MADE_UP), "{path}: {said}");
        let leads = ["/", "\""].map(|end| said.contains(&format!("\"{base}{end}")));
        let leads = leads.contains(&true);
        assert!(
            leads || ["/openapi.json", "/catalog"].contains(&path),
            "{path}: {said}"
        );
    }
    let page = city.anybody().request(Method::GET, "/wall");
    let page = page.header("accept", "text/html").header("host", MADE_UP);
    let sent_off = city.anybody().send(page).await.expect(303);
    assert_eq!(sent_off.header("location"), "/sign-in");
}

#[tokio::test]
async fn a_made_up_host_is_repeated_nowhere() {
    let city = City::start().await;
    city.post("incidents", &incident("a", DOWNTOWN.0, DOWNTOWN.1))
        .await;
    is_known_as(&city, city.base()).await;
    let (_, port) = city.base().rsplit_once(':').expect("a port");
    let named = format!("localhost:{port}");
    let request = city.operator().request(Method::GET, "/tiles/cameras");
    let by_name = city.anybody().send(request.header("host", &named)).await;
    let tiles = &by_name.expect(200).json()["tiles"][0];
    let wanted = format!("http://{named}/tiles/cameras/{{z}}/{{x}}/{{y}}");
    assert_eq!(tiles.as_str(), Some(&*wanted));
}

#[tokio::test]
async fn behind_a_proxy_everything_leads_to_its_origin() {
    let city = City::with_config(PROXIED).await;
    city.post("incidents", &incident("a", DOWNTOWN.0, DOWNTOWN.1))
        .await;
    is_known_as(&city, ORIGIN).await;
    let request = city.operator().request(Method::GET, "/tiles/cameras");
    let other = city
        .anybody()
        .send(request.header("host", "map.example"))
        .await;
    let tiles = &other.expect(200).json()["tiles"][0];
    let tiles = tiles.as_str().unwrap_or_default();
    assert!(tiles.starts_with("https://map.example/"), "{tiles}");
    let printed = city.command(&["link"]).ok().to_owned();
    assert!(
        printed.starts_with("https://wall.example/sign-in#"),
        "{printed}"
    );
}

#[tokio::test]
async fn behind_a_proxy_the_session_is_for_the_listed_origins_alone() {
    let city = City::with_config(PROXIED).await;
    let token = json!({ "token": city.link_token("operator") });
    let from = |visitor: &Visitor, method: Method, path: &str, origin: &str| {
        visitor
            .request(method, path)
            .header("origin", origin.to_owned())
            .header("x-forwarded-for", "203.0.113.9")
            .header("x-forwarded-proto", "https")
    };
    let anybody = city.anybody();
    let sign_in = |origin| from(&anybody, Method::POST, "/sign-in", origin).json(&token);
    anybody
        .send(sign_in("https://evil.example"))
        .await
        .expect(403);
    anybody.send(sign_in(city.base())).await.expect(403);
    let opened = anybody.send(sign_in(ORIGIN)).await.expect(204);
    let cookie = opened.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-atalaya=") && cookie.contains("; Secure"),
        "{cookie}"
    );
    let (cookie, _) = cookie.split_once(';').expect("flags");
    let browser = city.anybody().with_cookie(cookie);

    let live = "/live?layers=incidents&bbox=-111.1,32.1,-110.8,32.4";
    for (visitor, who) in [(&browser, "a session"), (&city.operator(), "a key")] {
        for foreign in ["https://evil.example", city.base(), "null"] {
            let upgrade = from(visitor, Method::GET, live, foreign)
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            let refused = visitor.send(upgrade).await;
            assert_eq!(refused.status, 403, "{who}, {foreign}: {}", refused.text());
        }
    }
    let out = |origin| from(&browser, Method::POST, "/sign-out", origin);
    browser.send(out("https://evil.example")).await.expect(403);
    browser.get("/session").await.expect(200);
    browser.send(out("https://map.example")).await.expect(204);
    browser.get("/session").await.expect(401);
}
