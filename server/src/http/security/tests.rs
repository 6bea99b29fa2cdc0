use super::super::trial::{Trial, local};
use super::*;
use crate::identity::{Authority, Role};
use crate::problem::Problem;
use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service, try_call_service};
use std::cell::RefCell;
use std::io;

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path).peer_addr(local())
}

#[actix_web::test]
async fn every_answer_carries_the_headers() {
    let trial = Trial::new();
    for path in ["/session", "/nowhere", "/fails", "/page"] {
        let answer = trial.send(get(path)).await;
        for (name, value) in HEADERS {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "");
        assert!(
            answer.header("x-request-id").parse::<Uuid>().is_ok(),
            "{path}"
        );
    }
    let strict = Trial::https().send(get("/nowhere")).await;
    assert_eq!(
        strict.header("strict-transport-security"),
        "max-age=31536000"
    );
}

#[test]
fn a_304_is_no_document() {
    let dressed = |status| {
        let mut headers = HeaderMap::new();
        dress(&mut headers, status, Uuid::nil(), true);
        headers.len()
    };
    assert_eq!(dressed(StatusCode::OK), HEADERS.len() + 2);
    assert_eq!(
        dressed(StatusCode::NOT_MODIFIED),
        1,
        "the id of the request"
    );
}

#[test]
fn the_policy_is_one_line() {
    assert!(!CONTENT_SECURITY_POLICY.contains("  "));
    assert!(!CONTENT_SECURITY_POLICY.contains('\n'));
}

#[actix_web::test]
async fn what_the_framework_refuses_is_a_problem_too() {
    let trial = Trial::new();
    let check = async |request: TestRequest, status: u16, slug: &str| {
        let answer = trial.send(request).await;
        assert_eq!(answer.problem(), (status, slug.to_owned()));
    };
    check(get("/nowhere"), 404, "no-such-path").await;
    check(get("/number/300"), 404, "no-such-path").await;
    check(
        TestRequest::delete().uri("/session"),
        405,
        "method-not-allowed",
    )
    .await;
    let large = TestRequest::post()
        .uri("/body")
        .set_payload("more than ten bytes");
    check(large, 413, "body-too-large").await;
    check(get("/fails"), 500, "internal").await;
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let answer = Trial::new()
        .send(TestRequest::delete().uri("/session"))
        .await;
    assert_eq!(answer.header("allow"), "GET");
    assert!(
        answer.body.contains("This path takes GET."),
        "{}",
        answer.body
    );
}

#[actix_web::test]
async fn an_answer_that_was_kept_is_not_thrown_away() {
    let answer = Trial::new().send(get("/kept")).await;
    assert_eq!((answer.status, answer.header("cache-control")), (304, ""));
}

#[actix_web::test]
async fn what_a_middleware_refuses_is_a_problem_with_all_headers() {
    async fn refuses(
        _: ServiceRequest,
        _: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        Err(Problem::Unauthorised {}.into())
    }
    let app = App::new().wrap(from_fn(refuses)).wrap(from_fn(around));
    let app = init_service(app).await;
    let error = try_call_service(&app, get("/").to_request())
        .await
        .unwrap_err();
    let response = error.error_response();
    assert_eq!(response.status(), 401);
    for name in [
        "content-security-policy",
        "x-request-id",
        "www-authenticate",
        "cache-control",
    ] {
        assert!(response.headers().contains_key(name), "{name}");
    }
    let instance = response
        .headers()
        .get("x-request-id")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let body = response.into_body().try_into_bytes().unwrap();
    assert!(
        String::from_utf8(body.to_vec())
            .unwrap()
            .contains(&instance)
    );
}

#[actix_web::test]
async fn a_page_that_refuses_stays_a_page() {
    let answer = Trial::new().send(get("/page")).await;
    assert_eq!((answer.status, answer.body.as_str()), (422, "<p>no</p>"));
}

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes the log of each test's thread to that thread. The subscriber is everybody's, since what a
/// call site is worth is remembered for the whole process.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn the_log_names_the_request_and_nothing_it_said() {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(|| Lines)
        .with_max_level(Level::TRACE)
        .event_format(crate::cli::OfRequests::default())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let trial = Trial::new();
    let bearer = trial.bearer(Authority::Role(Role::Wall), "");
    let signing_in = TestRequest::post()
        .uri("/sign-in")
        .peer_addr(local())
        .set_json(serde_json::json!({ "token": trial.link(Role::Wall).expose() }));
    let cookie = trial.send(signing_in).await.cookie();
    let peeked = trial
        .send(get("/peek?plate=ABC1234").insert_header(("authorization", bearer.clone())))
        .await;
    trial.send(get("/nowhere/ABC1234")).await;
    trial.send(get("/number/ABC1234")).await;
    trial
        .send(get("/peek").insert_header(("cookie", cookie.clone())))
        .await;
    let failed = trial.send(get("/fails")).await;
    let logged = String::from_utf8(LINES.take()).unwrap();
    assert!(logged.contains("GET /peek 200"), "{logged}");
    for answer in [&peeked, &failed] {
        assert!(logged.contains(answer.header("x-request-id")), "{logged}");
    }
    assert_eq!(
        logged.matches("hunter2").count(),
        1 + 1,
        "once, as text and as a field: {logged}"
    );
    assert!(!failed.body.contains("hunter2"));
    for secret in [
        "ABC1234",
        bearer.trim_start_matches("Bearer "),
        cookie.trim_start_matches("atalaya="),
    ] {
        assert!(!logged.contains(secret), "{secret} in {logged}");
    }
}
