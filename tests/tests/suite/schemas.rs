//! What the server answers is what its two OpenAPI documents promise: `/openapi.json` (3.1) of the native routes and
//! `/ogc/api` (3.0) of what is under `/ogc`. Both ways: no member that is promised is missing, and none is sent that
//! no schema names.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::past::second_after;
use atalaya_tests::{City, DOWNTOWN, Reply, Visitor, collection, incident, point};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

/// What is documented and not asked for here: live streams, whose messages are those of `/past`, and video.
const ELSEWHERE: &[&str] = &[
    "GET /live",
    "PATCH /live/{stream}",
    "GET /streams/{camera}/{file}",
];

/// The content of an answer without a body.
static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// An OpenAPI document whose schemas are closed: an object that names members has no others.
struct Api {
    document: Value,
    /// The answers that were held against it, as `METHOD path`.
    held: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Api {
    fn of(mut document: Value) -> Self {
        let oldest = document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.0."));
        close(&mut document["components"]["schemas"], oldest);
        Self {
            document,
            held: BTreeSet::new(),
            wrong: Vec::new(),
        }
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        target
            .and_then(|target| self.document.pointer(target))
            .unwrap_or(value)
    }

    /// What is documented of an answer, by media type; `None` where its status is not.
    fn promised(&self, operation: &str, status: u16) -> Option<&Map<String, Value>> {
        let (method, path) = operation.split_once(' ').expect("a method and a path");
        let operation = &self.document["paths"][path][method.to_lowercase()];
        let responses = operation["responses"].as_object()?;
        let named = responses.get(&status.to_string());
        // Refusals are described once.
        let refused = || responses.get("default").filter(|_| status >= 400);
        let response = self.resolved(named.or_else(refused)?);
        Some(response["content"].as_object().unwrap_or(&NOTHING))
    }

    /// Holds an answer against what is documented of it.
    fn hold(&mut self, operation: &str, asked: &str, reply: &Reply) {
        let found = self.offences(operation, reply);
        let found = found.into_iter().take(3);
        self.wrong
            .extend(found.map(|offence| format!("{asked} {}: {offence}", reply.status)));
        if reply.status < 400 {
            self.held.insert(operation.to_owned());
        }
    }

    fn offences(&self, operation: &str, reply: &Reply) -> Vec<String> {
        let Some(promised) = self.promised(operation, reply.status) else {
            return vec![format!("no such answer is documented: {}", reply.text())];
        };
        if reply.body.is_empty() && promised.is_empty() {
            return Vec::new();
        }
        let kind = reply.header("content-type");
        let bare = |kind: &str| {
            kind.split("; charset")
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let Some((kind, media)) = promised.iter().find(|(it, _)| **it == bare(kind)) else {
            return vec![format!("{kind:?} is not documented")];
        };
        if !kind.contains("json") {
            return Vec::new();
        }
        let mut schema = media["schema"].clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema);
        let validator = validator.expect("a schema");
        let body = reply.json();
        let errors = validator.iter_errors(&body);
        errors
            .map(|error| {
                let found: String = error.to_string().chars().take(300).collect();
                format!("{}: {found}", error.instance_path())
            })
            .collect()
    }

    /// The documented answers of JSON whose schema says nothing about them.
    fn silent(&self) -> Vec<String> {
        let mut silent = Vec::new();
        for operation in self.operations() {
            let (method, path) = operation.split_once(' ').expect("a method and a path");
            let responses = &self.document["paths"][path][method.to_lowercase()]["responses"];
            for (status, response) in responses.as_object().expect("responses") {
                let content = self.resolved(response)["content"].as_object();
                let content = content.into_iter().flatten();
                for (kind, media) in content.filter(|(kind, _)| kind.contains("json")) {
                    let schema = self.resolved(&media["schema"]);
                    let says = ["properties", "items", "oneOf", "allOf"]
                        .iter()
                        .any(|word| schema[*word].as_object().is_some_and(|it| !it.is_empty()))
                        || schema["oneOf"].is_array()
                        || schema["additionalProperties"].is_object();
                    if !says {
                        silent.push(format!("{operation} {status} {kind}: {schema}"));
                    }
                }
            }
        }
        silent
    }

    /// Every operation, as `METHOD path`.
    fn operations(&self) -> BTreeSet<String> {
        let paths = self.document["paths"].as_object().expect("paths");
        let each = paths.iter().flat_map(|(path, operations)| {
            let methods = operations.as_object().expect("operations").keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        });
        each.collect()
    }
}

/// Closes the objects that name their members, and turns what OpenAPI 3.0 says otherwise into JSON Schema 2020-12.
fn close(schema: &mut Value, oldest: bool) {
    if let Value::Array(parts) = schema {
        return parts.iter_mut().for_each(|part| close(part, oldest));
    }
    let Value::Object(members) = schema else {
        return;
    };
    if oldest && members.remove("nullable") == Some(true.into()) {
        let kind = members.get("type").cloned().unwrap_or_default();
        members.insert("type".into(), json!([kind, "null"]));
    }
    if members.get("properties").is_some_and(Value::is_object)
        && !members.contains_key("additionalProperties")
    {
        members.insert("additionalProperties".into(), false.into());
    }
    // The parts of a whole do not know of each other.
    let parts = members.iter_mut().filter(|(name, _)| *name != "allOf");
    parts.for_each(|(_, member)| close(member, oldest));
}

/// A city with something in every kind of layer.
async fn city() -> City {
    let config = "[[feeds]]\nname = \"warnings-cap\"\nadaptor = \"cap\"\nlayer = \"warnings\"\n\
                  [streams]\nc1 = \"http://127.0.0.1:9/none.m3u8\"\n\
                  [tilesets]\nstreet = [\"incidents\", \"cameras\"]\n";
    let city = City::with_config(config).await;
    let camera = json!({ "name": "Congress", "owner_kind": "city", "camera_kind": "fixed", "heading_deg": 0,
        "fov_deg": 90, "range_m": 200, "status": "live" });
    let unit = |east: f64| point("m7", LON + east, LAT, &json!({ "call_sign": "M7" }));
    let away = json!({ "type": "Feature", "id": "nowhere", "geometry": null, "properties": {
        "agency": "TPD", "type": "call", "priority": 4 } });
    let read = json!({ "plate": "ABC123", "confidence": 0.9 });
    city.post("incidents", &collection(&[incident("a", LON, LAT), away]))
        .await;
    city.post("cameras", &point("c1", LON, LAT - 0.0005, &camera))
        .await;
    // Twice, so that there is a trail.
    city.post("units", &unit(0.0)).await;
    city.post("units", &unit(0.001)).await;
    city.post("alpr_reads", &point("r1", LON, LAT, &read)).await;
    city
}

/// Requests of documented paths, and refusals of each kind of them.
fn native(stood: &str, now: &str) -> Vec<(&'static str, String)> {
    let here = format!("lon={LON}&lat={LAT}");
    let bbox = "bbox=-111.2,32,-110.7,32.5";
    let own = |path: &'static str| (path, path.to_owned());
    vec![
        ("/tiles/{tileset}", "/tiles/incidents,alpr_reads".into()),
        ("/tiles/{tileset}", "/tiles/street".into()),
        ("/tiles/{tileset}", "/tiles/basemap".into()),
        ("/tiles/{tileset}", "/tiles/nonesuch".into()),
        (
            "/tiles/{tileset}/{z}/{x}/{y}",
            "/tiles/incidents/0/0/0".into(),
        ),
        (
            "/tiles/{tileset}/{z}/{x}/{y}",
            "/tiles/incidents/3/0/0".into(),
        ),
        (
            "/tiles/{tileset}/{z}/{x}/{y}",
            "/tiles/incidents/40/0/0".into(),
        ),
        own("/feeds"),
        ("/near", format!("/near?{here}&layer=incidents")),
        ("/near", format!("/near?{here}&layer=units")),
        ("/near", "/near?lon=400&lat=0".into()),
        ("/near", format!("/near?{here}&min_seq=elsewhere:1&limit=1")),
        ("/seeing", format!("/seeing?{here}")),
        ("/cells", format!("/cells?layers=incidents,cameras&{bbox}")),
        ("/cells", "/cells?layers=incidents&bbox=1,2".into()),
        (
            "/past",
            format!("/past?layers=incidents,cameras,units&{bbox}&at={now}&zoom=12"),
        ),
        (
            "/past",
            format!(
                "/past?layers=incidents&tile_layers=alpr_reads&{bbox}&at={now}&zoom=12&after={stood}"
            ),
        ),
        (
            "/past",
            format!("/past?layers=incidents&{bbox}&at=2001-01-01T00:00:00Z"),
        ),
        (
            "/timeline",
            "/timeline?layers=incidents,alpr_reads,coverage&step_s=60".into(),
        ),
        ("/search", "/search?q=congress".into()),
        ("/search", "/search".into()),
        own("/catalog"),
        own("/scenes"),
        own("/streams"),
    ]
}

/// Requests of files and of what there is.
fn about() -> Vec<(&'static str, String)> {
    let own = |path: &'static str| (path, path.to_owned());
    vec![
        (
            "/streams/{camera}/{file}",
            "/streams/nonesuch/index.m3u8".into(),
        ),
        ("/styles/{name}", "/styles/night.json".into()),
        ("/styles/{name}", "/styles/day?glyphs=1".into()),
        ("/styles/{name}", "/styles/nonesuch".into()),
        (
            "/fonts/{fontstack}/{range}.pbf",
            "/fonts/Atkinson%20Hyperlegible/0-255.pbf".into(),
        ),
        ("/sprites/{name}", "/sprites/atalaya.json".into()),
        ("/sprites/{name}", "/sprites/atalaya@2x.json".into()),
        ("/sprites/{name}", "/sprites/atalaya.png".into()),
        own("/openapi.json"),
        own("/docs"),
        ("/problems/{slug}", "/problems/behind".into()),
        ("/problems/{slug}", "/problems/nonesuch".into()),
        own("/ogc"),
        own("/session"),
        own("/health"),
        own("/health/live"),
        own("/health/ready"),
    ]
}

/// A feature with a trail.
const MOVED: &str = "/ogc/collections/units/items/m7";

/// Paths under `/ogc`, and refusals of some of them.
fn features(now: &str) -> Vec<(&'static str, String)> {
    let item = "/ogc/collections/{collectionId}/items/{featureId}";
    let items = "/ogc/collections/{collectionId}/items";
    let one = "/ogc/collections/{collectionId}";
    let own = |path: &'static str| (path, path.to_owned());
    vec![
        own("/ogc"),
        own("/ogc/conformance"),
        own("/ogc/api"),
        own("/ogc/collections"),
        (one, "/ogc/collections/incidents".into()),
        (one, "/ogc/collections/closures".into()),
        (one, "/ogc/collections/nonesuch".into()),
        (items, "/ogc/collections/incidents/items?limit=1".into()),
        (items, format!("/ogc/collections/incidents/items?at={now}")),
        (items, "/ogc/collections/coverage/items".into()),
        (items, "/ogc/collections/incidents/items?limit=x".into()),
        (item, MOVED.into()),
        (item, "/ogc/collections/incidents/items/nowhere".into()),
        (item, "/ogc/collections/incidents/items/nonesuch".into()),
    ]
}

async fn hold_posts(api: &mut Api, city: &City) {
    let (feed, anybody) = (city.bearer(&city.key("incidents")), city.anybody());
    let mut bad = incident("b", LON, LAT);
    bad["properties"]["priority"] = json!("high");
    bad["properties"]["colour"] = json!("red");
    let mixed = collection(&[incident("a", LON, LAT), bad, incident("c", LON, LAT)]);
    let feed_path = "POST /feeds/{feed}";
    let receipt = feed.post("/feeds/incidents", &mixed).await.expect(200);
    api.hold(feed_path, "/feeds/incidents", &receipt);
    for (who, path, body) in [
        (&feed, "/feeds/incidents", json!([1])),
        (&feed, "/feeds/units", mixed.clone()),
        (&anybody, "/feeds/incidents", mixed.clone()),
    ] {
        let refused = who.post(path, &body).await;
        assert!(refused.status >= 400, "{path}: {}", refused.text());
        api.hold(feed_path, path, &refused);
    }
    let token = json!({ "token": city.link_token("operator") });
    let opened = anybody.post("/sign-in", &token).await.expect(204);
    api.hold("POST /sign-in", "/sign-in", &opened);
    let again = anybody.post("/sign-in", &token).await;
    api.hold("POST /sign-in", "/sign-in again", &again);
    let cookie = opened.header("set-cookie").split(';').next();
    let browser = anybody.with_cookie(cookie.unwrap_or_default());
    let own = browser.get("/session").await.expect(200);
    api.hold("GET /session", "/session of a browser", &own);
    let out = browser.request(Method::POST, "/sign-out");
    let out = browser.send(out.header("origin", city.base())).await;
    api.hold("POST /sign-out", "/sign-out", &out.expect(204));
}

async fn hold_all(api: &mut Api, visitor: &Visitor, asked: Vec<(&'static str, String)>) {
    for (path, asked) in asked {
        let reply = visitor.get(&asked).await;
        api.hold(&format!("GET {path}"), &asked, &reply);
    }
}

#[tokio::test]
async fn every_answer_is_as_its_document_says() {
    let city = city().await;
    let cleared = city.program("analyst", &["cji"]);
    let (operator, now) = (city.operator(), second_after(&city.operator()).await);
    let past = format!("/past?layers=incidents&bbox=-111.2,32,-110.7,32.5&at={now}&zoom=12");
    let past = operator.json(&past).await;
    let told = past.as_array().expect("messages").iter();
    let stood = told
        .filter_map(|message| message["id"].as_str())
        .next_back();
    let stood = stood.expect("a tick has an id");

    let mut api = Api::of(operator.json("/openapi.json").await);
    hold_posts(&mut api, &city).await;
    for visitor in [&operator, &cleared] {
        hold_all(&mut api, visitor, native(stood, &now)).await;
        hold_all(&mut api, visitor, about()).await;
    }
    // The picture of an instant that has changed since: what came, what went and what stayed.
    let later = second_after(&operator).await;
    let anybody = city.anybody();
    hold_all(&mut api, &operator, native(stood, &later)).await;
    for path in ["/near", "/tiles/{tileset}", "/catalog"] {
        let refused = anybody.get(path).await;
        api.hold(&format!("GET {path}"), path, &refused);
    }

    let mut ogc = Api::of(operator.json("/ogc/api").await);
    hold_all(&mut ogc, &operator, features(&now)).await;

    let moved = operator.json(MOVED).await;
    assert!(moved["trail"].is_array(), "{moved}");
    let mut wrong = [api.wrong.as_slice(), &ogc.wrong].concat();
    for api in [&api, &ogc] {
        wrong.extend(api.silent());
        let held = |operation: &&String| {
            !api.held.contains(*operation) && !ELSEWHERE.contains(&operation.as_str())
        };
        let never = api.operations();
        let never = never.iter().filter(held);
        wrong.extend(never.map(|it| format!("{it}: no answer of it was held")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_differs_from_a_document_is_found() {
    let answer = |schema: &Value| json!({ "get": { "responses": { "200": { "content": { "application/json": { "schema": schema } } } } } });
    let one = json!({ "type": "object", "required": ["at"], "properties": {
        "at": { "type": "string", "format": "date-time", "nullable": true } } });
    let silent = json!({ "type": "object" });
    let api = Api::of(json!({
        "openapi": "3.0.3",
        "paths": { "/one": answer(&json!({ "$ref": "#/components/schemas/one" })), "/silent": answer(&silent) },
        "components": { "schemas": { "one": one } },
    }));
    let offences = |body: Value| {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let (status, body) = (200, body.to_string().into_bytes());
        let reply = Reply {
            status,
            headers,
            body,
        };
        api.offences("GET /one", &reply).len()
    };
    assert_eq!(offences(json!({ "at": "2026-03-01T12:00:00Z" })), 0);
    assert_eq!(offences(json!({ "at": null })), 0);
    assert_eq!(offences(json!({ "at": "noon" })), 1);
    assert_eq!(offences(json!({})), 1);
    assert_eq!(offences(json!({ "at": null, "more": 1 })), 1);
    assert_eq!(api.silent().len(), 1, "{:?}", api.silent());
}
