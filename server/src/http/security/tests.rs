use super::super::trial::{Trial, local};
use super::*;
use crate::identity::{Authority, Role};
use actix_web::test::TestRequest;
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

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
async fn a_page_that_refuses_stays_a_page() {
    let answer = Trial::new().send(get("/page")).await;
    assert_eq!((answer.status, answer.body.as_str()), (422, "<p>no</p>"));
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[actix_web::test]
async fn the_log_names_the_request_and_nothing_it_said() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
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
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
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
        &cookie[8..],
    ] {
        assert!(!logged.contains(secret), "{secret} in {logged}");
    }
}
