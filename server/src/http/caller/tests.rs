use super::super::trial::{Trial, local, remote};
use super::*;
use crate::identity::{Authority, Role};
use actix_web::test::TestRequest;
use jiff::SignedDuration;

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path).peer_addr(local())
}

fn post(path: &str) -> TestRequest {
    TestRequest::post().uri(path).peer_addr(local())
}

fn problem(status: u16, slug: &str) -> (u16, String) {
    (status, slug.to_owned())
}

#[actix_web::test]
async fn nobody_reads_without_a_credential_that_holds() {
    let trial = Trial::new();
    for shown in [
        None,
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer atl_000000000000_00"),
        Some("Basic YTpi"),
        Some("atl_x"),
    ] {
        let mut request = get("/peek");
        if let Some(shown) = shown {
            request = request.insert_header(("authorization", shown));
        }
        let answer = trial.send(request).await;
        assert_eq!(answer.problem(), problem(401, "unauthorised"), "{shown:?}");
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"atalaya\""
        );
    }
}

#[actix_web::test]
async fn a_bad_bearer_is_not_made_good_by_a_cookie() {
    let trial = Trial::new();
    let request = get("/peek")
        .insert_header(("cookie", trial.cookie(Role::Operator)))
        .insert_header(("authorization", "Bearer nonsense"));
    assert_eq!(trial.send(request).await.status, 401);
}

#[actix_web::test]
async fn a_browser_that_wants_a_page_is_shown_the_way() {
    let trial = Trial::new();
    let page = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let answer = trial.send(get("/peek").insert_header(page)).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/sign-in")
    );
    let json = ("accept", "application/json");
    assert_eq!(
        trial.send(get("/peek").insert_header(json)).await.status,
        401
    );
    let posted = trial.send(post("/change").insert_header(page)).await;
    assert_eq!(posted.problem(), problem(401, "unauthorised"));
}

#[actix_web::test]
async fn every_role_but_public_reads() {
    let trial = Trial::new();
    for role in Role::all() {
        let by_key =
            get("/peek").insert_header(("authorization", trial.bearer(Authority::Role(role), "")));
        let by_cookie = get("/peek").insert_header(("cookie", trial.cookie(role)));
        let expected = if role == Role::Public { 403 } else { 200 };
        assert_eq!(trial.send(by_key).await.status, expected, "{role}");
        assert_eq!(trial.send(by_cookie).await.status, expected, "{role}");
    }
}

#[actix_web::test]
async fn callers_share_a_class_if_they_see_the_same() {
    let trial = Trial::new();
    let class = async |role, clearances: &str| {
        let bearer = trial.bearer(Authority::Role(role), clearances);
        let answer = trial
            .send(get("/peek").insert_header(("authorization", bearer)))
            .await;
        let (class, _): (String, bool) = serde_json::from_str(&answer.body).unwrap();
        class
    };
    let wall = class(Role::Wall, "").await;
    assert!(
        wall.len() == 16 && wall.bytes().all(|b| b.is_ascii_hexdigit()),
        "{wall}"
    );
    assert_eq!(class(Role::Operator, "").await, wall);
    assert_ne!(class(Role::Operator, "cji").await, wall);
    assert_eq!(
        class(Role::Operator, "cji").await,
        class(Role::Analyst, "cji").await
    );
}

#[actix_web::test]
async fn without_tls_restricted_fields_stay_on_the_machine() {
    let mut trial = Trial::new();
    let bearer = trial.bearer(Authority::Role(Role::Operator), "cji");
    let cleared = async |trial: &Trial, request: TestRequest| {
        let request = request.insert_header(("authorization", bearer.clone()));
        let answer = trial.send(request).await;
        let (_, cleared): (String, bool) = serde_json::from_str(&answer.body).unwrap();
        cleared
    };
    let away = || TestRequest::get().uri("/peek").peer_addr(remote());
    let proxied = || get("/peek").insert_header(("x-forwarded-for", "203.0.113.9"));
    assert!(cleared(&trial, get("/peek")).await);
    assert!(!cleared(&trial, away()).await);
    assert!(!cleared(&trial, proxied()).await);
    trial.site.clear_text_clearances = true;
    assert!(cleared(&trial, away()).await);
    trial.site.clear_text_clearances = false;
    trial.site.tls = true;
    assert!(cleared(&trial, away()).await);
}

#[actix_web::test]
async fn what_a_role_does_not_permit_is_forbidden() {
    let trial = Trial::new();
    let export = async |role| {
        let bearer = trial.bearer(Authority::Role(role), "");
        trial
            .send(get("/export").insert_header(("authorization", bearer)))
            .await
    };
    assert_eq!(export(Role::Analyst).await.status, 200);
    let wall = export(Role::Wall).await;
    assert_eq!(wall.problem(), problem(403, "forbidden"));
    assert!(
        wall.body.contains("The caller may not export."),
        "{}",
        wall.body
    );
}

#[actix_web::test]
async fn a_feed_is_written_by_its_own_key() {
    let trial = Trial::new();
    let write = async |feed: &str, authority| {
        let bearer = trial.bearer(authority, "");
        let path = format!("/feeds/{feed}");
        trial
            .send(post(&path).insert_header(("authorization", bearer)))
            .await
    };
    let units = || Authority::Feed("units".into());
    assert_eq!(write("units", units()).await.body, "units");
    assert_eq!(
        write("alpr_hits", units()).await.problem(),
        problem(403, "forbidden")
    );
    assert_eq!(
        write("units", Authority::Role(Role::Admin)).await.status,
        200
    );
    assert_eq!(
        write("units", Authority::Role(Role::Wall)).await.status,
        403
    );
    let nobody = trial.send(post("/feeds/units")).await;
    assert_eq!(nobody.problem(), problem(401, "unauthorised"));
    let reading = get("/peek").insert_header(("authorization", trial.bearer(units(), "")));
    assert_eq!(
        trial.send(reading).await.problem(),
        problem(403, "forbidden")
    );
}

type Headers<'h> = &'h [(&'h str, &'h str)];

/// Insists on which headers a page may come with that changes something, or opens a two-way stream.
async fn of_own_origin(trial: &Trial, cases: &[(Headers<'_>, bool)]) {
    let cookie = trial.cookie(Role::Operator);
    for (headers, expected) in cases {
        let with = |request: TestRequest| {
            let request = request
                .insert_header(("host", "map.example"))
                .insert_header(("cookie", cookie.clone()));
            headers
                .iter()
                .fold(request, |request, pair| request.insert_header(*pair))
        };
        let upgrading = with(get("/live")).insert_header(("upgrade", "websocket"));
        for request in [with(post("/change")), upgrading] {
            let answer = trial.send(request).await;
            if *expected {
                assert_eq!(answer.status, 200, "{headers:?}");
            } else {
                assert_eq!(
                    answer.problem(),
                    problem(403, "origin-refused"),
                    "{headers:?}"
                );
            }
        }
        let reading = trial.send(with(get("/peek"))).await;
        assert_eq!(reading.status, 200, "reading needs no origin");
    }
}

#[actix_web::test]
async fn a_session_acts_for_pages_of_its_own_origin_only() {
    let trial = Trial::https();
    of_own_origin(
        &trial,
        &[
            (&[], false),
            (&[("origin", "https://map.example")], true),
            (&[("origin", "https://MAP.example")], true),
            (&[("origin", "http://map.example")], false),
            (&[("origin", "https://map.example.evil.example")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://map.example"),
                ],
                false,
            ),
        ],
    )
    .await;
    let bearer = trial.bearer(Authority::Role(Role::Operator), "");
    let program = post("/change")
        .insert_header(("authorization", bearer))
        .insert_header(("origin", "https://evil.example"));
    let answer = trial.send(program).await;
    assert_eq!(answer.status, 200, "a token is no session");
}

#[actix_web::test]
async fn where_origins_are_listed_no_other_is_ours() {
    let mut trial = Trial::new();
    trial.site.origins = vec!["https://wall.example".into(), "https://map.city".into()];
    let own = ("origin", "https://wall.example");
    let by_host = ("origin", "https://map.example");
    let same = ("sec-fetch-site", "same-origin");
    of_own_origin(
        &trial,
        &[
            (&[], false),
            (&[own], true),
            (&[own, same], true),
            (&[("origin", "https://map.city")], true),
            (&[("origin", "http://wall.example")], false),
            (&[("origin", "https://wall.example:444")], false),
            (&[("origin", "null")], false),
            (&[same], false),
            (&[by_host], false),
            (&[by_host, same], false),
        ],
    )
    .await;
    let bearer = trial.bearer(Authority::Role(Role::Operator), "");
    for (origin, status) in [(None, 200), (Some(own), 200), (Some(by_host), 403)] {
        let program = post("/change").insert_header(("authorization", bearer.clone()));
        let program = match origin {
            Some(origin) => program.insert_header(origin),
            None => program,
        };
        assert_eq!(trial.send(program).await.status, status, "{origin:?}");
    }
}

#[actix_web::test]
async fn the_cookie_is_found_among_others() {
    let trial = Trial::new();
    let cookie = format!("a=1;  {}; b=x=y", trial.cookie(Role::Wall));
    let answer = trial
        .send(get("/peek").insert_header(("cookie", cookie)))
        .await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn the_cookie_without_tls_is_nothing_under_tls() {
    let trial = Trial::https();
    let plain = trial.cookie(Role::Wall).replace("__Host-", "");
    let answer = trial
        .send(get("/peek").insert_header(("cookie", plain)))
        .await;
    assert_eq!(answer.status, 401);
}

#[actix_web::test]
async fn guessing_is_slowed_down() {
    let trial = Trial::new();
    let good = trial.bearer(Authority::Role(Role::Wall), "");
    let guess = || get("/peek").insert_header(("authorization", "Bearer guess"));
    for _ in 0..59 {
        trial
            .identity
            .failed_tokens()
            .note(local().ip(), trial.clock.now());
    }
    let flooded = trial.send(guess()).await;
    assert_eq!(flooded.problem(), problem(429, "flooded"));
    assert_eq!(flooded.header("retry-after"), "2");
    let known = trial
        .send(get("/peek").insert_header(("authorization", good)))
        .await;
    assert_eq!(known.status, 200, "others at that address are not shut out");
    trial.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(trial.send(guess()).await.status, 401);
}

#[actix_web::test]
async fn unknown_credentials_are_looked_up_so_many_at_a_time() {
    let trial = Trial::new();
    let identity = trial.identity.clone().into_inner();
    let credential = Credential::Bearer(Token::presented("guess"));
    let now = trial.clock.now();
    let full = WorkPlaces::none(LOOKING_UP);
    let refused = looked_up(&full, &identity, &credential, now).await;
    assert!(
        matches!(refused, Err(Problem::Overloaded { .. })),
        "{refused:?}"
    );
    let looked = looked_up(&LOOK_UPS, &identity, &credential, now).await;
    assert!(looked.unwrap().is_none());
}
