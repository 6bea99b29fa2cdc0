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
    case("/tiles/incidents/23/0/0", 404, "no-such-tile", "23/0/0"),
    case("/tiles/incidents/3/-1/0", 404, "no-such-tile", "3/-1/0"),
    case("/tiles/incidents/3/1.5/0", 404, "no-such-tile", "3/1.5/0"),
    case("/tiles/incidents/z/x/y", 404, "no-such-tile", "z/x/y"),
    case("/tiles/incidents/3/1/1.png", 404, "no-such-tile", "1.png"),
    case(
        "/tiles/incidents,nonesuch/3/1/1",
        404,
        "no-such-layer",
        "nonesuch",
    ),
    case("/tiles/nonesuch", 404, "no-such-layer", "nonesuch"),
    case(
        "/tiles/incidents?colour=red",
        400,
        "unknown-parameter",
        "colour",
    ),
    case(
        "/cells?layers=incidents&bbox=-181,0,1,1",
        400,
        "bad-bbox",
        "-181",
    ),
    case(
        "/cells?layers=incidents&bbox=0,0,1,91",
        400,
        "bad-bbox",
        "91",
    ),
    case(
        "/cells?layers=incidents&bbox=a,b,c,d",
        400,
        "bad-bbox",
        "a,b,c,d",
    ),
    case(
        "/past?layers=incidents&bbox=0,0,1,1&at=tomorrow",
        400,
        "bad-instant",
        "tomorrow",
    ),
    case(
        "/timeline?layers=incidents&from=noon&to=2026-03-01T12:00:00Z",
        400,
        "bad-instant",
        "noon",
    ),
    case(
        "/ogc/collections/nonesuch",
        404,
        "no-such-layer",
        "nonesuch",
    ),
    case(
        "/ogc/collections/incidents/items?bbox=1,2,3",
        400,
        "bad-bbox",
        "1,2,3",
    ),
    case(
        "/ogc/collections/incidents/items?datetime=yesterday",
        400,
        "bad-parameter",
        "yesterday",
    ),
    case(
        "/ogc/collections/incidents/items?limit=none",
        400,
        "bad-parameter",
        "none",
    ),
    case(
        "/ogc/collections/incidents/items?colour=red",
        400,
        "unknown-parameter",
        "colour",
    ),
    case(
        "/ogc/collections/incidents/items/nonesuch",
        404,
        "no-such-feature",
        "nonesuch",
    ),
    case("/search", 400, "missing-parameter", "q"),
    case("/styles/nonesuch", 404, "no-such-path", ""),
    case(
        "/streams/nonesuch/index.m3u8",
        404,
        "no-such-video",
        "nonesuch",
    ),
    case("/nonesuch", 404, "no-such-path", ""),
];

/// A post: the media type, the content coding, the body, and what is answered.
struct Post {
    path: &'static str,
    kind: &'static str,
    coding: &'static str,
    body: &'static str,
    status: u16,
    slug: &'static str,
    offending: &'static str,
}

const JSON: &str = "application/geo+json";
const FEED: &str = "/feeds/incidents";

const fn post(
    kind: &'static str,
    body: &'static str,
    status: u16,
    slug: &'static str,
    offending: &'static str,
) -> Post {
    Post {
        path: FEED,
        kind,
        coding: "identity",
        body,
        status,
        slug,
        offending,
    }
}

/// Longer than the limit that the server of these tests is started with.
const LONG: &str = match std::str::from_utf8(&[b' '; 5_000]) {
    Ok(text) => text,
    Err(_) => "",
};

const POSTS: &[Post] = &[
    post(JSON, LONG, 413, "body-too-large", "4096 bytes"),
    post(
        "image/png",
        "{}",
        415,
        "unsupported-media-type",
        "image/png",
    ),
    post("", "{}", 415, "unsupported-media-type", "(none)"),
    post(
        "application/json; charset=utf-16",
        "{}",
        415,
        "unsupported-media-type",
        "charset=utf-16",
    ),
    post(
        "application/json; charset=utf-16",
        "{}",
        415,
        "unsupported-media-type",
        "in UTF-8",
    ),
    Post {
        coding: "gzip",
        ..post(JSON, "{}", 415, "unsupported-media-type", "gzip")
    },
    post(JSON, "{\"type\":", 400, "unreadable-body", "line 1"),
    post(JSON, "[1, 2]", 400, "unreadable-body", "JSON"),
    Post {
        path: "/feeds/nonesuch",
        ..post(JSON, "{}", 404, "no-such-feed", "nonesuch")
    },
];

fn explains(reply: &atalaya_tests::Reply, status: u16, slug: &str, offending: &str) -> bool {
    let is_problem = reply
        .header("content-type")
        .starts_with("application/problem+json");
    let document = if is_problem {
        reply.json()
    } else {
        serde_json::Value::Null
    };
    reply.status == status
        && document["type"]
            .as_str()
            .is_some_and(|it| it.ends_with(slug))
        && document["status"] == status
        && document["title"].is_string()
        && document["instance"].is_string()
        && document["detail"]
            .as_str()
            .unwrap_or_default()
            .contains(offending)
}

#[tokio::test]
async fn every_refusal_of_a_body_names_the_offending_value() {
    let city = City::with_config("[limits]\nbody_bytes = 4096\n").await;
    let operator = city.operator();
    let mut wrong = Vec::new();
    for it in POSTS {
        let request = operator
            .request(reqwest::Method::POST, it.path)
            .body(it.body);
        let request = request.header("content-encoding", it.coding);
        let request = if it.kind.is_empty() {
            request
        } else {
            request.header("content-type", it.kind)
        };
        let reply = operator.send(request).await;
        if !explains(&reply, it.status, it.slug, it.offending) {
            let (kind, status, text) = (it.kind, reply.status, reply.text());
            wrong.push(format!(
                "{kind} {}: wanted {} {} naming {:?}, got {status} {text}",
                it.path, it.status, it.slug, it.offending
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Media types and codings whose words differ, and mean what is read.
#[tokio::test]
async fn what_means_the_same_is_taken() {
    let city = City::start().await;
    let operator = city.operator();
    for (kind, coding) in [
        ("Application/Geo+JSON", "IDENTITY"),
        ("application/json; charset=UTF-8", "identity"),
        ("application/json;charset=\"utf-8\"", " Identity "),
        ("application/json; charset=us-ascii; q=1", "identity"),
    ] {
        let request = operator.request(reqwest::Method::POST, FEED);
        let request = request
            .header("content-type", kind)
            .header("content-encoding", coding);
        let body = atalaya_tests::incident("a", -110.97, 32.22).to_string();
        operator.send(request.body(body)).await.expect(200);
    }
}

/// A value of a wrong type costs its record, and is named with where it stands.
#[tokio::test]
async fn a_field_of_a_wrong_type_is_rejected_by_its_pointer() {
    let city = City::start().await;
    for (field, value, said) in [
        ("priority", serde_json::json!("high"), "high"),
        ("priority", serde_json::json!(12), "12"),
        ("opened_at", serde_json::json!("yesterday"), "yesterday"),
        ("discipline", serde_json::json!("army"), "army"),
        (
            "address",
            serde_json::json!({ "street": "Stone" }),
            "object",
        ),
    ] {
        let mut feature = atalaya_tests::incident("a", -110.97, 32.22);
        feature["properties"][field] = value;
        let receipt = city
            .operator()
            .post(FEED, &feature)
            .await
            .expect(200)
            .json();
        let reject = &receipt["rejected"][0];
        assert_eq!(
            reject["pointer"],
            format!("/properties/{field}"),
            "{receipt}"
        );
        assert!(
            reject["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains(said)),
            "{receipt}"
        );
    }
}

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
        if !explains(&reply, *status, slug, offending) {
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
    for path in ["/health", "/health/live", "/health/ready", "/sign-in"] {
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
