//! One-time links, the sessions they open, and what ends them.

use atalaya_tests::{City, DOWNTOWN};
use reqwest::Method;
use serde_json::json;

fn near() -> String {
    format!("/near?lon={}&lat={}", DOWNTOWN.0, DOWNTOWN.1)
}

#[tokio::test]
async fn a_link_opens_once_and_only_once() {
    let city = City::start().await;
    let token = json!({ "token": city.link_token("operator") });
    let first = city.anybody().post("/sign-in", &token).await.expect(204);
    let cookie = first.header("set-cookie").to_lowercase();
    assert!(
        cookie.contains("httponly") && cookie.contains("samesite="),
        "{cookie}"
    );
    let second = city.anybody().post("/sign-in", &token).await.expect(401);
    assert!(second.header("set-cookie").is_empty());
    city.anybody()
        .post("/sign-in", &json!({ "token": "nonsense" }))
        .await
        .expect(401);
}

#[tokio::test]
async fn of_many_that_try_at_once_one_gets_in() {
    let city = City::start().await;
    let token = json!({ "token": city.link_token("operator") });
    let tries = (0..16).map(|_| async { city.anybody().post("/sign-in", &token).await.status });
    let statuses = futures_util::future::join_all(tries).await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 204).count(),
        1,
        "{statuses:?}"
    );
    // One that comes when ten have failed already is told to wait.
    let refused = |status: &&u16| [401, 429].contains(*status);
    assert_eq!(statuses.iter().filter(refused).count(), 15, "{statuses:?}");
}

#[tokio::test]
async fn a_session_reads_and_survives_a_restart() {
    let mut city = City::start().await;
    let browser = city.sign_in("operator").await;
    browser.get(&near()).await.expect(200);
    city.restart().await;
    browser.get(&near()).await.expect(200);
}

#[tokio::test]
async fn the_page_asks_nobody_who_they_are_and_the_wall_does() {
    let city = City::start().await;
    let page = city.anybody().get("/sign-in").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.header("content-security-policy")
            .contains("default-src"),
        "{:?}",
        page.headers
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let wall = city.anybody().get("/wall").await;
    assert!([302, 303, 401].contains(&wall.status), "{}", wall.status);
    city.sign_in("operator")
        .await
        .get("/wall")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_wall_reads_and_posts_nothing() {
    let city = City::start().await;
    let wall = city.sign_in("wall").await;
    wall.get(&near()).await.expect(200);
    let refused = wall.post("/feeds/incidents", &json!({})).await;
    assert!([401, 403].contains(&refused.status), "{}", refused.text());
}

#[tokio::test]
async fn secrets_are_in_no_file_and_in_no_log() {
    let city = City::start().await;
    let (key, token) = (city.key("incidents"), city.link_token("operator"));
    city.anybody()
        .post("/sign-in", &json!({ "token": token }))
        .await
        .expect(204);
    for secret in [&key, &token] {
        assert!(
            !city.log().contains(secret.as_str()),
            "a secret reached the log"
        );
        for entry in std::fs::read_dir(city.data()).expect("the store is a folder") {
            let path = entry.expect("a readable entry").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret in the clear", path.display());
        }
    }
}

#[tokio::test]
async fn a_good_link_opens_whoever_failed_before() {
    let city = City::start().await;
    let anybody = city.anybody();
    let mut statuses = Vec::new();
    let wrong = json!({ "token": "nonsense" });
    for _ in 0..12 {
        statuses.push(anybody.post("/sign-in", &wrong).await.status);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    city.sign_in("wall").await.get(&near()).await.expect(200);
}

#[tokio::test]
async fn a_body_that_is_not_json_in_utf_8_is_refused_as_elsewhere() {
    let city = City::start().await;
    let token = json!({ "token": city.link_token("operator") }).to_string();
    let post = async |kind: &'static str| {
        let anybody = city.anybody();
        let request = anybody.request(Method::POST, "/sign-in");
        let request = request.header("content-type", kind);
        anybody.send(request.body(token.clone())).await
    };
    for (kind, wanted) in [
        ("application/json; charset=utf-16", "in UTF-8"),
        ("text/plain", "application/json"),
        ("application/problem+json", "application/json"),
    ] {
        let problem = post(kind).await.expect(415).json();
        let kind_of = problem["type"].as_str().unwrap_or_default();
        assert!(kind_of.ends_with("unsupported-media-type"), "{problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(kind) && detail.contains(wanted), "{detail}");
    }
    let anybody = city.anybody();
    let request = anybody.request(Method::POST, "/sign-in");
    let request = request
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let refused = anybody.send(request.body(token.clone())).await.expect(415);
    assert!(
        refused
            .text()
            .contains("\"Content-Encoding gzip is not read"),
        "{}",
        refused.text()
    );
    post("Application/JSON; charset=\"UTF-8\"")
        .await
        .expect(204);
}
