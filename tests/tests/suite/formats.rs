//! Foreign formats through the whole server: from what a vendor or an agency posts to what a wall shows.

use atalaya_tests::{City, DOWNTOWN, Reply, eventually, recorded, tile_at};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

fn feed(name: &str, adaptor: &str, layer: &str, more: &str) -> String {
    format!("[[feeds]]\nname = \"{name}\"\nadaptor = \"{adaptor}\"\nlayer = \"{layer}\"\n{more}\n")
}

async fn post(
    city: &City,
    name: &str,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> Reply {
    let sender = city.bearer(&city.key(name));
    let request = sender
        .request(Method::POST, &format!("/feeds/{name}"))
        .header("content-type", content_type)
        .body(body);
    sender.send(request).await.expect(200)
}

/// The instant that the server has now, and so many seconds later.
async fn server_time(city: &City, after_s: i64) -> Timestamp {
    let feeds = city.operator().json("/feeds").await;
    let now: Timestamp = feeds["server_time"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("an instant");
    now + SignedDuration::from_secs(after_s)
}

/// What `/feeds` counts of a feed: accepted and rejected.
async fn totals(city: &City, name: &str) -> (u64, u64) {
    let cleared = city.program("operator", &["cji", "medical"]);
    let feeds = cleared.json("/feeds").await;
    let feeds = feeds["feeds"].as_array().expect("a list").iter();
    let mut named = feeds.filter(|feed| feed["name"] == name);
    let report = named.next().expect("the feed is listed");
    let count = |member: &str| report[member].as_u64().expect("a count");
    (count("accepted_total"), count("rejected_total"))
}

async fn warnings(city: &City) -> Vec<Value> {
    let path = "/ogc/collections/warnings/items?limit=1000";
    let page = city.operator().json(path).await;
    page["features"].as_array().expect("features").clone()
}

/// Ids of all warnings, without the feed's name, sorted.
async fn listed(city: &City) -> String {
    let mut ids: Vec<String> = warnings(city)
        .await
        .iter()
        .filter_map(|it| it["id"].as_str()?.strip_prefix("cap/").map(str::to_owned))
        .collect();
    ids.sort();
    ids.join(" ")
}

/// A CAP alert: who, what it is, what it refers to, and whether it is drawn.
struct Alert<'a> {
    id: &'a str,
    status: &'a str,
    kind: &'a str,
    references: &'a [&'a str],
    drawn: bool,
}

impl Alert<'_> {
    fn new(id: &str) -> Alert<'_> {
        Alert {
            id,
            status: "Actual",
            kind: "Alert",
            references: &[],
            drawn: false,
        }
    }

    fn xml(&self, sent: Timestamp, expires: Timestamp) -> String {
        let references: Vec<String> = self
            .references
            .iter()
            .map(|id| format!("s@x.org,{id},2020-01-01T00:00:00-00:00"))
            .collect();
        let (w, e, s, n) = (LON - 0.01, LON + 0.01, LAT - 0.01, LAT + 0.01);
        let polygon = format!("<polygon>{s},{w} {s},{e} {n},{e} {n},{w} {s},{w}</polygon>");
        let offset = |at: Timestamp| at.to_string().replace('Z', "-00:00");
        format!(
            "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{}</identifier><sender>s@x.org</sender>\
             <sent>{}</sent><status>{}</status><msgType>{}</msgType><scope>Public</scope><references>{}</references>\
             <info><category>Met</category><event>Flood</event><urgency>Expected</urgency><severity>Severe</severity>\
             <certainty>Likely</certainty><expires>{}</expires><area><areaDesc>Pima</areaDesc>{}</area></info></alert>",
            self.id,
            offset(sent),
            self.status,
            self.kind,
            references.join(" "),
            offset(expires),
            if self.drawn { &polygon } else { "" },
        )
    }
}

/// Posts an alert sent now that is over in an hour.
async fn announce(city: &City, alert: &Alert<'_>) -> Value {
    let (sent, expires) = (server_time(city, 0).await, server_time(city, 3_600).await);
    let body = alert.xml(sent, expires);
    post(city, "cap", "application/cap+xml", body).await.json()
}

#[tokio::test]
async fn cap_alerts_are_listed_and_drawn_updated_and_cancelled() {
    let city = City::with_config(&feed("cap", "cap", "warnings", "")).await;
    let bbox = format!("bbox={LON},{LAT},{LON},{LAT}");
    let query = format!("layers=warnings&{bbox}");
    let mut live = city.operator().live(&query).await;
    live.until_tick().await;
    let drawn = Alert {
        drawn: true,
        ..Alert::new("a.1")
    };
    let first = drawn.xml(server_time(&city, 0).await, server_time(&city, 3_600).await);
    post(&city, "cap", "application/cap+xml", first.clone()).await;
    announce(&city, &Alert::new("b.1")).await;
    let both = ["cap/a.1", "cap/b.1"];
    live.until("both alerts", |held| held.ids("warnings") == both)
        .await;
    eventually("both to be listed", async || {
        (listed(&city).await == "a.1 b.1").then_some(())
    })
    .await;
    let undrawn = &warnings(&city).await[1];
    assert_eq!(
        (&undrawn["id"], &undrawn["geometry"]),
        (&json!("cap/b.1"), &Value::Null)
    );
    let (x, y) = tile_at(LON, LAT, 12);
    let shown = async || {
        let tile = city.tile("warnings", 12, x, y).await;
        tile.ids("warnings").join(" ")
    };
    assert_eq!(shown().await, "cap/a.1", "what has no place is not drawn");

    let update = Alert {
        kind: "Update",
        references: &["a.1"],
        ..Alert::new("a.2")
    };
    announce(&city, &update).await;
    let both = ["cap/a.2", "cap/b.1"];
    live.until("the update", |held| held.ids("warnings") == both)
        .await;
    assert_eq!(shown().await, "", "the one that it replaces is gone");

    let cancel = Alert {
        kind: "Cancel",
        references: &["a.2", "b.1"],
        ..Alert::new("c.1")
    };
    announce(&city, &cancel).await;
    live.until("the end of both", |held| held.ids("warnings").is_empty())
        .await;
    assert_eq!(listed(&city).await, "");
    let late = post(&city, "cap", "application/cap+xml", first).await;
    assert_eq!(late.json()["accepted"], 0, "{}", late.text());
    assert_eq!(listed(&city).await, "", "it comes late and is over");
}

#[tokio::test]
async fn drills_and_tests_stay_off_the_wall_and_are_counted() {
    let city = City::with_config(&feed("cap", "cap", "warnings", "")).await;
    for status in ["Exercise", "Test", "System", "Draft"] {
        let drill = Alert {
            status,
            drawn: true,
            ..Alert::new("d")
        };
        let told = announce(&city, &drill).await;
        assert_eq!(told["accepted"], 0, "{told}");
        let reason = format!("status is {status}: not shown");
        assert_eq!(told["rejected"][0]["reason"], reason, "{told}");
    }
    assert_eq!(totals(&city, "cap").await, (0, 4));
    assert_eq!(listed(&city).await, "");
}

#[tokio::test]
async fn an_alert_leaves_when_it_expires() {
    let city = City::with_config(&feed("cap", "cap", "warnings", "")).await;
    let mut live = city.operator().live("layers=warnings&bbox=0,0,1,1").await;
    let sent = server_time(&city, 0).await;
    // Long enough for a busy machine to take it and to show it first.
    let soon = sent + SignedDuration::from_secs(6);
    let body = Alert::new("a").xml(sent, soon);
    post(&city, "cap", "application/cap+xml", body).await;
    live.until("the alert", |held| held.ids("warnings") == ["cap/a"])
        .await;
    live.until("its end", |held| held.ids("warnings").is_empty())
        .await;
    assert!(server_time(&city, 0).await >= soon);
    assert_eq!(listed(&city).await, "");
}

#[tokio::test]
async fn the_real_alerts_of_the_weather_service_are_all_listed() {
    let path = "nws-alerts/nws_active_alerts_2026-07-15T2000Z.geojson";
    let Some(file) = recorded(path) else {
        return;
    };
    let text = std::fs::read_to_string(file).expect("it is readable");
    // They were over long ago; what is told of the far future counts as told now.
    let text = text.replace("2026-07-", "2999-07-");
    let city = City::with_config(&feed("nws", "nws", "warnings", "snapshot = true")).await;
    let told = post(&city, "nws", "application/geo+json", text.clone()).await;
    assert_eq!(told.json()["rejected"], json!([]), "{}", told.text());
    let mut live = city.operator().live("layers=warnings&bbox=0,0,1,1").await;
    // Nothing of it is near that box: what has a polygon or no place at all belongs to topic `*`.
    // Three of the 396 are in the file twice.
    live.until("all of them", |held| held.ids("warnings").len() == 393)
        .await;
    let listed = warnings(&city).await;
    let unplaced = listed.iter().filter(|it| it["geometry"].is_null()).count();
    assert_eq!((listed.len(), unplaced), (393, 322));
    let again = post(&city, "nws", "application/geo+json", text).await;
    let again = again.json();
    assert_eq!(
        (&again["accepted"], &again["withdrawn"]),
        (&json!(0), &json!(0)),
        "{again}"
    );
}

/// A real file, how it is posted, and how many of its records are taken and refused.
struct Real {
    adaptor: &'static str,
    layer: &'static str,
    path: &'static str,
    content_type: &'static str,
    more: &'static str,
    counts: (u64, u64),
}

const REAL: [Real; 8] = [
    Real {
        adaptor: "geojson",
        layer: "sites",
        path: "tucson/neighborhoods.geojson",
        content_type: "application/geo+json",
        more: "columns = { id = \"OBJECTID\" }",
        counts: (461, 1),
    },
    Real {
        adaptor: "csv",
        layer: "incidents",
        path: "calls-for-service/cincinnati_burglary_2016-2018.csv",
        content_type: "text/csv",
        more: "timezone = \"America/New_York\"\ncolumns = { id = \"incident_no\", lon = \"longitude\", \
            lat = \"latitude\", observed_at = \"offense_date\", zone_is_false = true }",
        counts: (8_723, 0),
    },
    Real {
        adaptor: "alpr-rekor",
        layer: "alpr_reads",
        path: "alpr-webhooks/rekor_alpr_group.json",
        content_type: "application/json",
        more: "",
        counts: (1, 0),
    },
    Real {
        adaptor: "alpr-hikvision",
        layer: "alpr_reads",
        path: "alpr-webhooks/hikvision_anpr.xml",
        content_type: "application/xml",
        more: "",
        counts: (1, 0),
    },
    Real {
        adaptor: "wzdx",
        layer: "closures",
        path: "wzdx/cdot_production_2025-08-08.geojson",
        content_type: "application/geo+json",
        more: "",
        counts: (282, 0),
    },
    Real {
        adaptor: "wzdx",
        layer: "closures",
        path: "wzdx/usdot_v4.2_DeviceFeed_camera_error_example.geojson",
        content_type: "application/geo+json",
        more: "",
        counts: (0, 1),
    },
    Real {
        adaptor: "cap",
        layer: "warnings",
        path: "cap/google_noaa_errors.cap",
        content_type: "application/cap+xml",
        more: "",
        counts: (1, 4),
    },
    Real {
        adaptor: "osm-surveillance",
        layer: "cameras",
        path: "alpr-locations/osm_alpr_arizona_2025-10-04.geojson",
        content_type: "application/geo+json",
        more: "",
        counts: (769, 0),
    },
];

#[tokio::test]
async fn real_files_are_taken_and_what_is_refused_of_them_is_counted() {
    let named = REAL.iter().enumerate();
    let config: Vec<String> = named
        .map(|(at, real)| feed(&format!("f{at}"), real.adaptor, real.layer, real.more))
        .collect();
    let city = City::with_config(&config.concat()).await;
    for (at, real) in REAL.iter().enumerate() {
        let Some(file) = recorded(real.path) else {
            continue;
        };
        let name = format!("f{at}");
        let body = std::fs::read(file).expect("it is readable");
        let told = post(&city, &name, real.content_type, body).await;
        let told = told.json();
        let refused = told["rejected"].as_array().map_or(0, Vec::len) as u64;
        // A burglary that is in the file twice as it was is taken once.
        let taken = [&told["accepted"], &told["duplicates"]].map(|it| it.as_u64().unwrap_or(0));
        assert_eq!(
            (taken.iter().sum(), refused),
            real.counts,
            "{}: {told}",
            real.path
        );
        assert_eq!(
            totals(&city, &name).await,
            (taken[0], refused),
            "{}",
            real.path
        );
    }
}

#[tokio::test]
async fn the_real_plate_recognizer_payload_comes_as_a_form_beside_its_picture() {
    let path = "alpr-webhooks/platerecognizer_stream.json";
    let Some(file) = recorded(path) else {
        return;
    };
    let payload = std::fs::read_to_string(file).expect("it is readable");
    let cameras = format!("columns = {{ cameras = {{ camera-1 = [{LON}, {LAT}] }} }}");
    let toml = feed("stream", "alpr-platerecognizer", "alpr_reads", &cameras);
    let city = City::with_config(&toml).await;
    let picture = "x".repeat(72 << 10);
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a.jpg\"\r\n\r\n{picture}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{payload}\r\n--B--\r\n"
    );
    let told = post(&city, "stream", "multipart/form-data; boundary=B", body).await;
    assert_eq!(told.json()["accepted"], 1, "{}", told.text());
    let reader = city.program("analyst", &["cji"]);
    let near = format!("/near?lon={LON}&lat={LAT}&layer=alpr_reads&limit=5");
    let read = eventually("the read", async || {
        let found = reader.json(&near).await["features"][0].clone();
        (!found.is_null()).then_some(found)
    })
    .await;
    assert_eq!(read["properties"]["plate"], "PL8REC", "{read}");
}
