//! GDAL as a client: its OGC API Features and MVT drivers read what was posted.

use std::process::Command;

use atalaya_tests::{City, DOWNTOWN, Ran, collection, incident, point, run, skipped, tile_at};
use serde_json::json;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

fn ogrinfo(token: &str, arguments: &[&str]) -> Option<Ran> {
    Command::new("ogrinfo").arg("--version").output().ok()?;
    let mut command = Command::new("ogrinfo");
    command
        .env(
            "GDAL_HTTP_HEADERS",
            format!("Authorization: Bearer {token}"),
        )
        .args(arguments);
    // GDAL's blocking calls leave this thread's runtime alone: the server is another process.
    Some(run(&mut command))
}

async fn city() -> City {
    let city = City::start().await;
    let incidents =
        (0..37).map(|at| incident(&format!("i{at:02}"), LON + f64::from(at) * 1e-3, LAT));
    city.post("incidents", &collection(&incidents.collect::<Vec<_>>()))
        .await;
    city.post(
        "cameras",
        &point(
            "c1",
            LON,
            LAT,
            &json!({ "name": "Congress & Stone", "heading_deg": 90 }),
        ),
    )
    .await;
    city
}

#[tokio::test]
async fn gdal_counts_and_filters_through_ogc_api_features() {
    let city = city().await;
    let token = city.role_key("operator", &[]);
    let source = format!("OAPIF:{}/ogc", city.base());
    let Some(listed) = ogrinfo(&token, &["-ro", &source]) else {
        return skipped("ogrinfo is not installed");
    };
    for layer in ["incidents", "cameras", "units"] {
        assert!(listed.ok().contains(layer), "{}", listed.stdout);
    }
    let summary = ogrinfo(&token, &["-ro", "-so", &source, "incidents"]).expect("just ran");
    assert!(
        summary.ok().contains("Feature Count: 37"),
        "{}{}",
        summary.stdout,
        summary.stderr
    );
    let (west, east) = ((LON - 5e-4).to_string(), (LON + 4.5e-3).to_string());
    let (south, north) = ((LAT - 0.1).to_string(), (LAT + 0.1).to_string());
    let arguments = [
        "-ro",
        "-al",
        "-geom=YES",
        "-spat",
        &west,
        &south,
        &east,
        &north,
        &source,
        "incidents",
    ];
    let within = ogrinfo(&token, &arguments).expect("just ran");
    assert_eq!(
        within.ok().matches("POINT (").count(),
        5,
        "{}",
        within.stdout
    );
}

#[tokio::test]
async fn gdal_reads_our_tiles() {
    let city = city().await;
    let token = city.role_key("operator", &[]);
    let (x, y) = tile_at(LON, LAT, 10);
    let tile = city
        .bearer(&token)
        .get(&format!("/tiles/incidents,cameras/10/{x}/{y}"))
        .await
        .expect(200);
    let file = city.scratch().join("tile.mvt");
    std::fs::write(&file, &tile.body).expect("written");
    let source = format!("MVT:{}", file.display());
    let (x, y) = (format!("X={x}"), format!("Y={y}"));
    let Some(read) = ogrinfo(
        &token,
        &["-ro", "-al", "-oo", &x, "-oo", &y, "-oo", "Z=10", &source],
    ) else {
        return skipped("ogrinfo is not installed");
    };
    let inside = tile_count(&tile.body);
    assert!(
        read.ok().contains("Layer name: incidents") && read.ok().contains("Layer name: cameras"),
        "{}",
        read.stdout
    );
    assert_eq!(
        read.ok().matches("OGRFeature(incidents)").count(),
        inside,
        "{}",
        read.stdout
    );
}

/// As server/docs/gis.md says it is done.
#[tokio::test]
async fn gdal_opens_a_tile_by_its_address() {
    let city = city().await;
    let token = city.role_key("operator", &[]);
    let (x, y) = tile_at(LON, LAT, 10);
    let options = [format!("X={x}"), format!("Y={y}"), "Z=10".to_owned()];
    let address = format!("{}/tiles/cameras/10/{x}/{y}.mvt", city.base());
    let mut arguments = vec!["-ro", "-al", "-q"];
    for option in &options {
        arguments.extend(["-oo", option]);
    }
    arguments.push(&address);
    let Some(read) = ogrinfo(&token, &arguments) else {
        return skipped("ogrinfo is not installed");
    };
    let point = read.ok().split_once("POINT (").map(|(_, rest)| rest);
    let point = point
        .and_then(|rest| rest.split_once(')'))
        .unwrap_or_else(|| panic!("{}", read.stdout));
    let metres: Vec<f64> = point
        .0
        .split(' ')
        .filter_map(|it| it.parse().ok())
        .collect();
    let (east, north) = (
        LON.to_radians() * 6_378_137.0,
        LAT.to_radians().tan().asinh() * 6_378_137.0,
    );
    let apart = (metres[0] - east).hypot(metres[1] - north);
    assert!(
        apart < 10.0,
        "{apart} m from where it was posted: {}",
        read.stdout
    );
}

fn tile_count(body: &[u8]) -> usize {
    atalaya_tests::Tile::decode(body).layer("incidents").len()
}

#[tokio::test]
async fn gdal_reads_an_export() {
    let city = city().await;
    let file = city.scratch().join("export.geojson");
    std::fs::write(&file, city.command(&["export", "incidents"]).ok()).expect("written");
    let Some(read) = ogrinfo("", &["-ro", "-so", "-al", &file.to_string_lossy()]) else {
        return skipped("ogrinfo is not installed");
    };
    assert!(read.ok().contains("Feature Count: 37"), "{}", read.stdout);
}
