//! What is wrong with a request is said in the request's own words, as `application/problem+json`.

use atalaya_tests::City;

struct Case {
    path: &'static str,
    status: u16,
    slug: &'static str,
    /// What the detail must repeat.
    offending: &'static str,
}

const fn case(
    path: &'static str,
    status: u16,
    slug: &'static str,
    offending: &'static str,
) -> Case {
    Case {
        path,
        status,
        slug,
        offending,
    }
}

const CASES: &[Case] = &[
    case(
        "/cells?layers=incidents&bbox=1,2,3",
        400,
        "bad-bbox",
        "1,2,3",
    ),
    case(
        "/cells?layers=incidents&bbox=0,10,1,5",
        400,
        "bad-bbox",
        "0,10,1,5",
    ),
    case(
        "/cells?layers=incidents&bbox=0,0,1,nan",
        400,
        "bad-bbox",
        "nan",
    ),
    case(
        "/cells?layers=incidents&resolution=99",
        400,
        "bad-parameter",
        "99",
    ),
    case(
        "/cells?layers=incidents&window=soon",
        400,
        "bad-window",
        "soon",
    ),
    case(
        "/cells?layers=incidents&window=-5m",
        400,
        "bad-window",
        "-5m",
    ),
    case("/cells?layers=incidents&window=0s", 400, "bad-window", "0s"),
    case("/cells", 400, "missing-parameter", "layers"),
    case("/cells?layers=nonesuch", 404, "no-such-layer", "nonesuch"),
    case("/near?lat=32", 400, "missing-parameter", "lon"),
    case("/near?lon=200&lat=32", 400, "bad-coordinates", "200"),
    case(
        "/near?lon=-110&lat=32&limit=0",
        400,
        "bad-parameter",
        "limit",
    ),
    case(
        "/near?lon=-110&lat=32&limit=many",
        400,
        "bad-parameter",
        "many",
    ),
    case(
        "/near?lon=-110&lat=32&layer=nonesuch",
        404,
        "no-such-layer",
        "nonesuch",
    ),
    case(
        "/near?lon=-110&lat=32&radius_m=-1",
        400,
        "bad-parameter",
        "-1",
    ),
    case(
        "/near?lon=-110&lat=32&lon=1",
        400,
        "repeated-parameter",
        "lon",
    ),
    case(
        "/near?lon=-110&lat=32&colour=red",
        400,
        "unknown-parameter",
        "colour",
    ),
    case(
        "/near?lon=-110&lat=32&min_seq=yesterday",
        400,
        "bad-parameter",
        "yesterday",
    ),
    case("/seeing?lon=-110", 400, "missing-parameter", "lat"),
    case(
        "/tiles/incidents/3/1/1?at=yesterday",
        400,
        "bad-instant",
        "yesterday",
    ),
    case(
        "/tiles/incidents/3/1/1?at=2026-03-01T12:00:00",
        400,
        "bad-instant",
        "2026-03-01T12:00:00",
    ),
    case("/tiles/incidents/3/1/1?window=1y", 400, "bad-window", "1y"),
    case(
        "/tiles/incidents/3/1/1?zoom=3",
        400,
        "unknown-parameter",
        "zoom",
    ),
    case("/tiles/incidents/3/9/1", 404, "no-such-tile", "3/9/1"),
    case("/tiles/nonesuch/3/1/1", 404, "no-such-layer", "nonesuch"),
    case("/live?layers=incidents", 400, "missing-parameter", "bbox"),
    case("/live?bbox=0,0,1,1", 400, "missing-parameter", "layers"),
    case(
        "/live?layers=nonesuch&bbox=0,0,1,1",
        404,
        "no-such-layer",
        "nonesuch",
    ),
    case(
        "/live?layers=incidents&bbox=0,0,1",
        400,
        "bad-bbox",
        "0,0,1",
    ),
    case(
        "/live?layers=incidents&bbox=0,0,1,1&zoom=40",
        400,
        "bad-parameter",
        "40",
    ),
    case(
        "/live?layers=incidents&bbox=0,0,1,1&after=nonsense",
        400,
        "bad-parameter",
        "nonsense",
    ),
    case("/nonesuch", 404, "no-such-path", ""),
];

#[tokio::test]
async fn every_refusal_names_the_offending_value() {
    let city = City::start().await;
    let operator = city.operator();
    let mut wrong = Vec::new();
    for Case {
        path,
        status,
        slug,
        offending,
    } in CASES
    {
        let reply = operator.get(path).await;
        let text = reply.text();
        let is_problem = reply
            .header("content-type")
            .starts_with("application/problem+json");
        let document = if is_problem {
            reply.json()
        } else {
            serde_json::Value::Null
        };
        let detail = document["detail"].as_str().unwrap_or_default();
        let as_it_should = reply.status == *status
            && document["type"]
                .as_str()
                .is_some_and(|it| it.ends_with(slug))
            && document["status"] == *status
            && document["title"].is_string()
            && document["instance"].is_string()
            && detail.contains(offending);
        if !as_it_should {
            wrong.push(format!(
                "{path}: wanted {status} {slug} naming {offending:?}, got {} {text}",
                reply.status
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_wrong_method_says_which_are_right() {
    let city = City::start().await;
    let operator = city.operator();
    let reply = operator
        .post("/near?lon=0&lat=0", &serde_json::json!({}))
        .await
        .expect_problem(405);
    assert!(reply.header("allow").contains("GET"), "{:?}", reply.headers);
}

#[tokio::test]
async fn without_credentials_only_the_open_routes_answer() {
    let city = City::start().await;
    let anybody = city.anybody();
    for path in ["/health/live", "/health/ready", "/sign-in"] {
        anybody.get(path).await.expect(200);
    }
    for path in [
        "/catalog",
        "/feeds",
        "/scenes",
        "/streams",
        "/near?lon=0&lat=0",
        "/seeing?lon=0&lat=0",
        "/cells?layers=cameras",
        "/tiles/cameras",
        "/tiles/cameras/0/0/0",
        "/live?layers=cameras&bbox=0,0,1,1",
        "/ogc/collections",
    ] {
        let reply = anybody.get(path).await;
        assert_eq!(reply.status, 401, "{path}: {}", reply.text());
        assert!(
            !reply.header("www-authenticate").is_empty(),
            "{path} says how to come in"
        );
    }
}
