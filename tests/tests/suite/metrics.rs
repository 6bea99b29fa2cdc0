//! `/metrics`: where it is served, that what it says is so, and that every line can be read by a scraper.

use std::collections::{BTreeMap, BTreeSet};

use atalaya_tests::{City, DOWNTOWN, atalaya, collection, incident, point, tile_at};
use reqwest::Method;
use serde_json::json;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;
const ADMIN: &str = "admin_listen = \"127.0.0.1:0\"\n";

/// A scrape, read by the text exposition format, version 0.0.4: what a scraper would not take fails the test.
#[derive(Debug, Default)]
struct Scrape {
    /// Kinds by name of the metric.
    kinds: BTreeMap<String, String>,
    /// Values by name and labels, as they stand on the line.
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    async fn of(city: &City) -> Self {
        let reply = city.admin().get("/metrics").await.expect(200);
        let kind = reply.header("content-type");
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        let text = reply.text();
        assert!(text.ends_with('\n'), "the last line has an end");
        let (mut scrape, mut current, mut helped) =
            (Self::default(), String::new(), BTreeSet::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').expect("a name and a text");
                assert!(
                    !text.is_empty() && helped.insert(name.to_owned()),
                    "{line}: one text each"
                );
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("a name and a kind");
                let known = ["counter", "gauge", "histogram"].contains(&kind);
                assert!(known && helped.contains(name), "{line}");
                let before = scrape.kinds.insert(name.to_owned(), kind.to_owned());
                assert!(
                    before.is_none(),
                    "{line}: the lines of a metric stand together"
                );
                name.clone_into(&mut current);
            } else {
                scrape.take(line, &current);
            }
        }
        scrape.check_histograms();
        scrape
    }

    fn take(&mut self, line: &str, current: &str) {
        let (series, value) = line.rsplit_once(' ').expect("a series and a value");
        let value: f64 = value.parse().expect("a value is a number");
        let name = series.split('{').next().unwrap_or_default();
        let parts: &[&str] = match self.kinds.get(current).map(String::as_str) {
            Some("histogram") => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        let belongs = parts
            .iter()
            .any(|part| name.strip_suffix(part) == Some(current));
        assert!(belongs, "{line}: after the TYPE of {current}");
        if let Some(labels) = series
            .strip_prefix(name)
            .filter(|labels| !labels.is_empty())
        {
            let inside = labels.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            for pair in inside.expect("labels in braces").split(',') {
                let (label, value) = pair.split_once('=').expect("a label has a value");
                let plain = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(label.chars().all(plain), "{line}");
                let quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
                assert!(quoted, "{line}");
            }
        }
        let before = self.samples.insert(series.to_owned(), value);
        assert!(
            before.is_none() && value.is_finite(),
            "{line}: one number each"
        );
    }

    /// The buckets of a histogram add up to its count.
    fn check_histograms(&self) {
        for (series, count) in &self.samples {
            let Some((name, labels)) = series.split_once("_count") else {
                continue;
            };
            if self.kinds.get(name).is_none_or(|kind| kind != "histogram") {
                continue;
            }
            let within = labels.trim_matches(['{', '}']);
            let of = |it: &&String| {
                it.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with("_bucket{") && rest.contains(within))
            };
            let buckets: Vec<f64> = self
                .samples
                .keys()
                .filter(of)
                .map(|it| self.samples[it])
                .collect();
            let most = buckets.iter().copied().fold(0.0, f64::max);
            assert!(
                buckets.len() > 3 && (most - count).abs() < 0.5,
                "{series}: {buckets:?}"
            );
        }
    }

    /// The value of a series.
    #[track_caller]
    fn value(&self, series: &str) -> f64 {
        let value = self.samples.get(series);
        assert!(value.is_some(), "no {series} in {:#?}", self.samples.keys());
        *value.expect("just asserted")
    }

    /// Insists on the values of counters.
    #[track_caller]
    fn check(&self, expected: &[(&str, u32)]) {
        for (series, count) in expected {
            let found = self.value(series);
            assert!(
                (found - f64::from(*count)).abs() < 0.5,
                "{series} is {found}, not {count}"
            );
        }
    }
}

/// What the counters say after [`the_counters_say_what_happened`].
const EXACTLY: &[(&str, u32)] = &[
    (
        "atalaya_feed_records_total{feed=\"incidents\",outcome=\"accepted\"}",
        3,
    ),
    (
        "atalaya_feed_records_total{feed=\"incidents\",outcome=\"duplicate\"}",
        1,
    ),
    (
        "atalaya_feed_records_total{feed=\"incidents\",outcome=\"rejected\"}",
        1,
    ),
    (
        "atalaya_feed_records_total{feed=\"units\",outcome=\"accepted\"}",
        0,
    ),
    ("atalaya_events_applied_total", 3),
    ("atalaya_append_seconds_count", 2),
    ("atalaya_append_events_sum", 3),
    ("atalaya_append_queue_requests", 0),
    ("atalaya_store_seq", 3),
    ("atalaya_store_fault", 0),
    ("atalaya_layer_features{layer=\"incidents\"}", 3),
    ("atalaya_tiles_total{outcome=\"encoded\"}", 1),
    ("atalaya_tiles_total{outcome=\"cached\"}", 2),
    ("atalaya_tiles_total{outcome=\"not_modified\"}", 1),
    ("atalaya_tiles_total{outcome=\"empty\"}", 1),
    ("atalaya_tiles_total{outcome=\"refused\"}", 0),
    ("atalaya_tile_encode_seconds_count", 2),
    ("atalaya_live_streams", 1),
    ("atalaya_sign_ins_total{outcome=\"failed\"}", 1),
    ("atalaya_credential_failures_total{outcome=\"failed\"}", 1),
    ("atalaya_denials_total", 1),
    ("atalaya_problems_total{problem=\"no-such-tile\"}", 1),
    ("atalaya_problems_total{problem=\"forbidden\"}", 1),
    ("atalaya_problems_total{problem=\"flooded\"}", 0),
];

/// What the others say at least.
const AT_LEAST: &[(&str, f64)] = &[
    ("process_resident_memory_bytes", 1e6),
    ("process_start_time_seconds", 1.7e9),
    (
        "atalaya_feed_last_received_timestamp_seconds{feed=\"incidents\"}",
        1.7e9,
    ),
    ("atalaya_tile_cache_bytes", 256.0),
    ("atalaya_log_bytes", 4_096.0),
    ("atalaya_live_sent_bytes_total", 100.0),
    ("atalaya_live_frames_total{outcome=\"encoded\"}", 1.0),
    ("atalaya_publish_lag_seconds_count", 1.0),
    ("atalaya_http_request_seconds_count{class=\"2xx\"}", 4.0),
];

#[tokio::test]
async fn the_counters_say_what_happened() {
    let city = City::with_config(ADMIN).await;
    let body = collection(&[incident("a", LON, LAT), incident("b", LON, LAT)]);
    city.send("incidents", &body).await.expect(200);
    let mixed = collection(&[
        incident("a", LON, LAT),
        incident("c", LON, LAT),
        incident("d", 999.0, LAT),
    ]);
    city.send("incidents", &mixed).await.expect(200);

    let operator = city.operator();
    let (x, y) = tile_at(LON, LAT, 14);
    let path = format!("/tiles/incidents/14/{x}/{y}");
    let first = operator.get(&path).await.expect(200);
    for _ in 0..2 {
        operator.get(&path).await.expect(200);
    }
    let again = operator
        .request(Method::GET, &path)
        .header("if-none-match", first.header("etag"));
    operator.send(again).await.expect(304);
    operator.get("/tiles/incidents/14/0/0").await.expect(204);
    let mut live = operator
        .live("layers=incidents&bbox=-111.1,32.1,-110.8,32.4")
        .await;
    live.until_tick().await;
    city.anybody().get("/catalog").await.expect(401);
    city.bearer("atl_nonsense")
        .get("/catalog")
        .await
        .expect(401);
    let link = json!({ "token": "nonsense" });
    city.anybody().post("/sign-in", &link).await.expect(401);
    operator.get("/tiles/incidents/3/9/1").await.expect(404);
    let units = city.bearer(&city.key("units"));
    units.post("/feeds/incidents", &body).await.expect(403);

    let scrape = Scrape::of(&city).await;
    scrape.check(EXACTLY);
    for (series, least) in AT_LEAST {
        assert!(
            scrape.value(series) >= *least,
            "{series} is {}",
            scrape.value(series)
        );
    }
}

#[tokio::test]
async fn what_is_shared_among_streams_is_counted_apart() {
    let city = City::with_config(ADMIN).await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let operator = city.operator();
    for _ in 0..3 {
        let mut live = operator
            .live("layers=incidents&bbox=-110.98,32.22,-110.97,32.23")
            .await;
        live.until_tick().await;
    }
    let scrape = Scrape::of(&city).await;
    let [encoded, shared] = ["encoded", "shared"].map(|outcome| {
        scrape.value(&format!(
            "atalaya_live_frames_total{{outcome=\"{outcome}\"}}"
        ))
    });
    assert!(
        encoded > 0.0 && (shared - 2.0 * encoded).abs() < 0.5,
        "{encoded} encoded, {shared} shared"
    );
}

#[tokio::test]
async fn it_is_served_on_the_admin_address_alone() {
    let city = City::with_config(ADMIN).await;
    for visitor in [city.anybody(), city.operator()] {
        let reply = visitor.get("/metrics").await.expect(404);
        assert_eq!(reply.json()["type"], "/problems/no-such-path");
    }
    let elsewhere = city.admin().get("/catalog").await.expect(404);
    assert_eq!(elsewhere.json()["type"], "/problems/no-such-path");
    city.admin().get("/").await.expect(404);

    let without = City::start().await;
    assert!(
        !without.data().join("admin-address").exists(),
        "off by default"
    );
}

#[tokio::test]
async fn an_admin_address_that_is_taken_is_said_at_start() {
    let city = City::start().await;
    let taken = city.base().trim_start_matches("http://");
    let file = city.scratch().join("taken.toml");
    std::fs::write(&file, format!("admin_listen = \"{taken}\"\n")).expect("written");
    let (config, data) = (file.to_str(), city.scratch().join("other"));
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--config",
        config.expect("plain"),
        "--data",
    ];
    let ran = atalaya(arguments.into_iter().chain(data.to_str()));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let said = ran.stderr.lines().last().unwrap_or_default();
    assert!(
        said.contains(taken) && said.contains("admin_listen"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.is_empty(), "nothing is served: {}", ran.stdout);
}

#[tokio::test]
async fn every_metric_of_the_page_is_served_and_no_other() {
    let city = City::with_config(ADMIN).await;
    let page = include_str!("../../../server/docs/metrics.md");
    let named: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let scrape = Scrape::of(&city).await;
    let served: BTreeSet<&str> = scrape.kinds.keys().map(String::as_str).collect();
    assert_eq!(named, served);
}

#[tokio::test]
async fn no_plate_and_no_secret_is_in_a_label() {
    const PLATE: &str = "ZQX4711";
    let city = City::with_config(ADMIN).await;
    let hit = json!({ "plate": PLATE, "region": "AZ" });
    city.send("alpr_hits", &point(PLATE, LON, LAT, &hit))
        .await
        .expect(200);
    city.send("alpr_hits", &point(PLATE, 999.0, LAT, &hit))
        .await
        .expect(200);
    let operator = city.operator();
    for path in [
        format!("/near?lon={LON}&lat={LAT}&layer={PLATE}"),
        format!("/search?q={PLATE}"),
        format!("/tiles/{PLATE}/1/1/1"),
        format!("/ogc/collections/alpr_hits/items/{PLATE}"),
        format!("/{PLATE}"),
    ] {
        operator.get(&path).await;
    }
    operator.post(&format!("/feeds/{PLATE}"), &hit).await;
    let file = city.scratch().join("hits.geojson");
    std::fs::write(&file, point("other", LON, LAT, &hit).to_string()).expect("written");
    city.command(&["import", "alpr_hits", file.to_str().expect("plain")])
        .ok();
    let text = city.admin().get("/metrics").await.expect(200).text();
    assert!(!text.contains(PLATE), "{text}");
    let key = city.key("alpr_hits");
    assert!(!text.contains(&key) && !text.contains("atl_"), "{text}");
}

#[tokio::test]
async fn a_name_that_somebody_else_leads_here_is_not_answered() {
    let city = City::with_config(&format!(
        "{ADMIN}[site]\norigins = [\"https://wall.example:8443\"]\n"
    ))
    .await;
    let asked_as = async |host: &str| {
        let request = city.admin().request(Method::GET, "/metrics");
        city.admin()
            .send(request.header("host", host.to_owned()))
            .await
    };
    for own in [
        "localhost:9464",
        "127.0.0.1",
        "[::1]:9464",
        "atalaya:9464",
        "wall.example:9464",
    ] {
        asked_as(own).await.expect(200);
    }
    for foreign in [
        "evil.example",
        "evil.example:9464",
        "wall.example.evil.example",
    ] {
        let refused = asked_as(foreign).await.expect_problem(421);
        assert!(
            refused.text().contains(foreign) && !refused.text().contains("atalaya_"),
            "{}",
            refused.text()
        );
    }
}
