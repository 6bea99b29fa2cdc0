use super::*;
use actix_web::body::MessageBody;
use std::collections::BTreeSet;
use std::fmt::Write;

fn printed() -> String {
    let mut page = String::from(
        "# Problems\n\n\
         Every refusal and failure is RFC 9457 `application/problem+json`. `type` is `/problems/` and the name below, and\n\
         never changes; `GET` of it gives its row of this table, to anybody. `instance` is the request's id, as in the header\n\
         `X-Request-Id` and in the server's log.\n\n\
         | type | status | title | detail |\n|---|---|---|---|\n",
    );
    for row in ROWS {
        let detail = row.detail.replace('|', "\\|");
        writeln!(
            page,
            "| `{}` | {} | {} | {detail} |",
            row.slug,
            row.status.as_u16(),
            row.title
        )
        .unwrap();
    }
    page
}

#[test]
fn the_table_in_the_docs_is_this_table() {
    crate::printed::is_in_the_docs("problems.md", &printed());
}

#[test]
fn every_problem_has_a_name_of_its_own_and_is_an_error() {
    let names: BTreeSet<_> = ROWS.iter().map(|row| row.slug).collect();
    assert_eq!(names.len(), ROWS.len());
    for row in ROWS {
        assert!(row.status.is_client_error() || row.status.is_server_error());
        assert!(row.detail.ends_with('.'), "{}", row.slug);
        let plain = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(row.slug.chars().all(plain), "{}", row.slug);
    }
}

fn sent(problem: &Problem) -> (HttpResponse, serde_json::Value) {
    let response = problem.error_response();
    let (head, body) = response.into_parts();
    let body = body.try_into_bytes().unwrap();
    let document = serde_json::from_slice(&body).unwrap();
    (head.set_body(actix_web::body::BoxBody::new(())), document)
}

#[test]
fn a_problem_names_the_value_and_the_limit() {
    let (head, document) = sent(&Problem::BadParameter {
        name: "limit".into(),
        value: "0".into(),
        expected: "a whole number from 1 to 1000".into(),
    });
    assert_eq!(head.status(), 400);
    assert_eq!(head.headers().get("content-type").unwrap(), PROBLEM_JSON);
    assert_eq!(document["type"], "/problems/bad-parameter");
    assert_eq!(document["status"], 400);
    assert_eq!(
        document["detail"],
        "limit=0: expected a whole number from 1 to 1000."
    );
    let instance = document["instance"].as_str().unwrap();
    assert!(instance.starts_with("urn:uuid:"), "{instance}");
    assert!(document.get("at").is_none());
}

#[test]
fn a_cause_is_kept_from_the_client() {
    let problem = Problem::internal("disk /secret/path is gone");
    let (head, document) = sent(&problem);
    assert_eq!(head.status(), 500);
    assert!(!document.to_string().contains("secret"), "{document}");
}

#[test]
fn a_cause_is_logged_once_for_all_who_waited() {
    let problem = Problem::internal("gone");
    let waiting = problem.clone();
    assert!(problem.cause().unwrap().first_time());
    assert!(!waiting.cause().unwrap().first_time());
}

#[test]
fn headers_say_what_to_do_next() {
    let check = |problem: &Problem, name: &str, value: &str| {
        let head = sent(problem).0;
        assert_eq!(head.headers().get(name).unwrap(), value, "{problem}");
    };
    check(
        &Problem::Unauthorised {},
        "www-authenticate",
        "Bearer realm=\"atalaya\"",
    );
    let flooded = Problem::Flooded {
        limit: "500 events a second".into(),
        retry_after_s: 7,
    };
    check(&flooded, "retry-after", "7");
    check(&Problem::Behind { min_seq: 9, seq: 4 }, "retry-after", "1");
    let allowed = "GET, HEAD".to_owned();
    check(&Problem::MethodNotAllowed { allowed }, "allow", "GET, HEAD");
    check(
        &Problem::not_durable("the store's disk is full", "full"),
        "retry-after",
        "5",
    );
}

#[test]
fn a_crossing_is_told_by_its_place() {
    let (_, document) = sent(&Problem::BadGeometry {
        reason: "the outline crosses itself".into(),
        at: Some([-110.97, 32.22]),
    });
    assert_eq!(document["at"], serde_json::json!([-110.97, 32.22]));
}

#[test]
fn what_is_repeated_is_short_and_plain() {
    assert_eq!(echo("a\r\nb"), "a\u{fffd}\u{fffd}b");
    assert_eq!(echo(&"é".repeat(500)).chars().count(), ECHO_CHARS + 1);
    assert_eq!(echo("whole"), "whole");
}
