use super::super::trial::{Answer, Trial, local, remote};
use crate::identity::{Authority, Role, Token};
use actix_web::test::TestRequest;
use jiff::SignedDuration;
use serde_json::{Value, json};

fn request(token: &Token) -> TestRequest {
    TestRequest::post()
        .uri("/sign-in")
        .peer_addr(local())
        .set_json(json!({ "token": token.expose() }))
}

async fn session(trial: &Trial, cookie: &str) -> Answer {
    let request = TestRequest::get()
        .uri("/session")
        .peer_addr(local())
        .insert_header(("cookie", cookie));
    trial.send(request).await
}

#[actix_web::test]
async fn a_link_becomes_a_session() {
    let mut trial = Trial::new();
    trial.site.demo = true;
    trial.site.banner = Some("Drill".into());
    trial.site.time_zone = "America/Phoenix".into();
    let answer = trial.send(request(&trial.link(Role::Dispatcher))).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let found = session(&trial, &answer.cookie()).await;
    assert_eq!(found.status, 200);
    assert_eq!(found.header("cache-control"), "no-store");
    let found: Value = serde_json::from_str(&found.body).unwrap();
    let expected = json!({
        "role": "dispatcher", "clearances": [], "name": "the dispatcher",
        "demo": true, "banner": "Drill", "time_zone": "America/Phoenix",
    });
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn the_cookie_is_kept_from_scripts_and_other_sites() {
    for trial in [Trial::new(), Trial::https()] {
        let answer = trial.send(request(&trial.link(Role::Operator))).await;
        let flags = "; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax";
        let set = answer.header("set-cookie");
        if trial.site.https() {
            assert!(set.starts_with("__Host-atalaya="), "{set}");
            assert!(set.ends_with(&format!("{flags}; Secure")), "{set}");
        } else {
            assert!(set.starts_with("atalaya="), "{set}");
            assert!(set.ends_with(flags), "{set}");
        }
    }
}

#[actix_web::test]
async fn unknown_used_and_expired_links_are_not_told_apart() {
    let trial = Trial::new();
    let (used, expired) = (trial.link(Role::Wall), trial.link(Role::Wall));
    assert_eq!(trial.send(request(&used)).await.status, 204);
    let mut texts = Vec::new();
    for token in [used, Token::presented("nonsense"), Token::presented("")] {
        texts.push(trial.send(request(&token)).await);
    }
    trial.clock.advance(SignedDuration::from_mins(15));
    texts.push(trial.send(request(&expired)).await);
    let detail = |answer: &Answer| {
        assert_eq!(answer.problem(), (401, "link-spent".into()));
        assert_eq!(answer.header("set-cookie"), "");
        let document: Value = serde_json::from_str(&answer.body).unwrap();
        document["detail"].clone()
    };
    assert!(
        texts
            .windows(2)
            .all(|two| detail(&two[0]) == detail(&two[1]))
    );
}

#[actix_web::test]
async fn without_tls_only_this_machine_signs_in() {
    let trial = Trial::new();
    let token = trial.link(Role::Wall);
    for refused in [
        request(&token).peer_addr(remote()),
        request(&token).insert_header(("x-forwarded-for", "203.0.113.9")),
    ] {
        let answer = trial.send(refused).await;
        assert_eq!(answer.problem(), (403, "insecure-sign-in".into()));
    }
    assert_eq!(trial.send(request(&token)).await.status, 204, "not spent");
    let over_tls = Trial::https();
    let token = over_tls.link(Role::Wall);
    let answer = over_tls.send(request(&token).peer_addr(remote())).await;
    assert_eq!(answer.status, 204);
}

#[actix_web::test]
async fn a_proxy_that_ends_tls_signs_in_for_the_listed_origin() {
    let mut trial = Trial::new();
    trial.site.origins = vec!["https://wall.example".into()];
    let token = trial.link(Role::Wall);
    let proxied = || request(&token).insert_header(("x-forwarded-for", "203.0.113.9"));
    let in_clear = proxied().insert_header(("x-forwarded-proto", "http"));
    let other = proxied().insert_header(("origin", "http://127.0.0.1:8080"));
    for (refused, problem) in [
        (in_clear, "insecure-sign-in"),
        (proxied().peer_addr(remote()), "insecure-sign-in"),
        (
            other.insert_header(("host", "127.0.0.1:8080")),
            "origin-refused",
        ),
    ] {
        assert_eq!(trial.send(refused).await.problem(), (403, problem.into()));
    }
    let own = proxied().insert_header(("origin", "https://wall.example"));
    let answer = trial.send(own).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let set = answer.header("set-cookie");
    assert!(
        set.starts_with("__Host-atalaya=") && set.ends_with("; Secure"),
        "{set}"
    );
}

#[actix_web::test]
async fn another_origin_cannot_sign_anybody_in() {
    let trial = Trial::new();
    let token = trial.link(Role::Wall);
    let elsewhere = request(&token).insert_header(("origin", "https://evil.example"));
    assert_eq!(
        trial.send(elsewhere).await.problem(),
        (403, "origin-refused".into())
    );
    let own = request(&token)
        .insert_header(("host", "127.0.0.1:8080"))
        .insert_header(("origin", "http://127.0.0.1:8080"));
    assert_eq!(trial.send(own).await.status, 204);
}

#[actix_web::test]
async fn guessing_links_is_slowed_down() {
    let trial = Trial::new();
    let guess = Token::presented("guess");
    for _ in 0..10 {
        assert_eq!(trial.send(request(&guess)).await.status, 401);
    }
    for _ in 0..2 {
        let limited = trial.send(request(&guess)).await;
        assert_eq!(limited.problem(), (429, "flooded".into()));
        assert_eq!(limited.header("retry-after"), "31", "it does not grow");
    }
    let good = trial.link(Role::Wall);
    let opened = trial.send(request(&good)).await;
    assert_eq!(opened.status, 204, "whoever failed before: {}", opened.body);
    trial.clock.advance(SignedDuration::from_secs(31));
    let spent = trial.send(request(&good)).await;
    assert_eq!(spent.problem(), (401, "link-spent".into()));
}

#[actix_web::test]
async fn signing_in_again_ends_the_session_before() {
    let trial = Trial::new();
    let before = trial.cookie(Role::Wall);
    assert_eq!(session(&trial, &before).await.status, 200);
    let again = request(&trial.link(Role::Operator)).insert_header(("cookie", before.clone()));
    let after = trial.send(again).await.cookie();
    assert_eq!(session(&trial, &before).await.status, 401);
    assert_eq!(session(&trial, &after).await.status, 200);
}

#[actix_web::test]
async fn signing_out_ends_the_session_and_the_cookie() {
    let trial = Trial::new();
    let cookie = trial.cookie(Role::Operator);
    let out = || {
        TestRequest::post()
            .uri("/sign-out")
            .peer_addr(local())
            .insert_header(("cookie", cookie.clone()))
    };
    assert_eq!(
        trial.send(out()).await.problem(),
        (403, "origin-refused".into())
    );
    assert_eq!(session(&trial, &cookie).await.status, 200);
    let answer = trial
        .send(out().insert_header(("sec-fetch-site", "same-origin")))
        .await;
    assert_eq!(answer.status, 204);
    assert!(
        answer
            .header("set-cookie")
            .starts_with("atalaya=; Path=/; Max-Age=0;")
    );
    assert_eq!(session(&trial, &cookie).await.status, 401);
    let nobody = TestRequest::post().uri("/sign-out").peer_addr(local());
    assert_eq!(trial.send(nobody).await.status, 204);
}

#[actix_web::test]
async fn a_body_that_is_no_token_is_a_problem() {
    let trial = Trial::new();
    let send = async |kind: &'static str, body: &'static str| {
        let request = TestRequest::post()
            .uri("/sign-in")
            .peer_addr(local())
            .insert_header(("content-type", kind))
            .set_payload(body);
        trial.send(request).await.problem()
    };
    let json = "application/json";
    assert_eq!(send(json, "{").await, (400, "unreadable-body".into()));
    assert_eq!(
        send(json, "{\"token\":1}").await,
        (400, "unreadable-body".into())
    );
    assert_eq!(
        send(json, "{\"token\":\"a\",\"x\":1}").await,
        (400, "unreadable-body".into())
    );
    let form = "application/x-www-form-urlencoded";
    assert_eq!(
        send(form, "token=a").await,
        (415, "unsupported-media-type".into())
    );
    assert_eq!(
        send("", "{\"token\":\"a\"}").await,
        (415, "unsupported-media-type".into())
    );
    let long: &'static str = Box::leak(format!("\"{}\"", "a".repeat(2_000)).into_boxed_str());
    assert_eq!(send(json, long).await, (413, "body-too-large".into()));
}

#[actix_web::test]
async fn a_key_has_a_session_page_too() {
    let trial = Trial::new();
    let bearer = trial.bearer(Authority::Role(Role::Analyst), "medical,cji");
    let request = TestRequest::get()
        .uri("/session")
        .peer_addr(local())
        .insert_header(("authorization", bearer));
    let found: Value = serde_json::from_str(&trial.send(request).await.body).unwrap();
    assert_eq!(found["clearances"], json!(["cji", "medical"]));
    assert_eq!(found["banner"], Value::Null);
}
