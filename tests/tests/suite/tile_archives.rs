//! Tilesets from archives that others wrote: GDAL an MBTiles database, the Python package of PMTiles an archive of the same tiles.

use std::path::{Path, PathBuf};
use std::process::Command;

use atalaya_tests::{
    Answer, City, DOWNTOWN, Reply, Tile, Upstream, Visitor, eventually, run, skipped, tile_at,
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "hunter2";
/// The first and last zoom of the archives here.
const ZOOMS: (u8, u8) = (8, 13);

/// Lamps around downtown, each with its number; `generation` tells two archives apart.
fn lamps(generation: u32) -> Value {
    let lamps = (0..200_u32).map(|number| {
        let (column, row) = (f64::from(number % 20), f64::from(number / 20));
        let place = [DOWNTOWN.0 + column * 2e-3, DOWNTOWN.1 + row * 2e-3];
        json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": place },
            "properties": { "number": number, "generation": generation },
        })
    });
    json!({ "type": "FeatureCollection", "features": lamps.collect::<Vec<_>>() })
}

/// An archive of both kinds with the same tiles; `None` where GDAL or the Python package is not there.
fn archives(folder: &Path, generation: u32) -> Option<(PathBuf, PathBuf)> {
    Command::new("ogr2ogr").arg("--version").output().ok()?;
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    if !python.exists() {
        return None;
    }
    let file = |ending: &str| folder.join(format!("lamps-{generation}.{ending}"));
    let (source, database, archive) = (file("geojson"), file("mbtiles"), file("pmtiles"));
    std::fs::write(&source, lamps(generation).to_string()).expect("a file is written");
    let zooms = [("MINZOOM", ZOOMS.0), ("MAXZOOM", ZOOMS.1)];
    let options = zooms.map(|(name, zoom)| format!("{name}={zoom}"));
    let mut command = Command::new("ogr2ogr");
    command.args(["-f", "MVT", "-nln", "lamps", "-dsco", "FORMAT=MBTILES"]);
    command.args(options.iter().flat_map(|option| ["-dsco", option]));
    run(command.arg(&database).arg(&source)).ok();
    let mut command = Command::new(python);
    let convert = "import sys; from pmtiles.convert import mbtiles_to_pmtiles as convert; \
                   convert(sys.argv[1], sys.argv[2], None)";
    run(command.args(["-c", convert]).arg(&database).arg(&archive)).ok();
    Some((database, archive))
}

const MISSING: &str = "ogr2ogr or tests/.venv is not there: `make suite` makes both";

/// The tiles of a zoom in which there are lamps, and one around each.
fn places(zoom: u8) -> Vec<(u8, u32, u32)> {
    let (west, north) = tile_at(DOWNTOWN.0, DOWNTOWN.1 + 0.02, zoom);
    let (east, south) = tile_at(DOWNTOWN.0 + 0.04, DOWNTOWN.1, zoom);
    let columns = west - 1..=east + 1;
    columns
        .flat_map(|x| (north - 1..=south + 1).map(move |y| (zoom, x, y)))
        .collect()
}

async fn coded(visitor: &Visitor, path: &str, coding: &str) -> Reply {
    let request = visitor.request(Method::GET, path);
    visitor
        .send(request.header("accept-encoding", coding))
        .await
}

/// The lamps of a tile, by their numbers.
fn numbers(tile: &Tile) -> Vec<i64> {
    let lamps = tile.layer("lamps").iter();
    lamps
        .map(|lamp| lamp.integer("number").expect("a number"))
        .collect()
}

/// The same archive, once in each way.
const NAMES: [&str; 4] = ["here", "table", "afar", "basemap"];

/// All have the tiles that GDAL wrote, to the byte, and all lamps are in them.
async fn equal_tiles(operator: &Visitor) {
    let mut seen = Vec::new();
    for place @ (z, x, y) in (ZOOMS.0..=ZOOMS.1).flat_map(places) {
        let path = |name: &str| format!("/tiles/{name}/{z}/{x}/{y}");
        let first = coded(operator, &path("table"), "gzip").await;
        for name in NAMES {
            let path = path(name);
            let same = coded(operator, &path, "gzip").await;
            assert_eq!(same.status, first.status, "{path}");
            assert_eq!(
                same.body, first.body,
                "{path} is another tile than that of GDAL"
            );
            assert_eq!(same.header("etag"), first.header("etag"), "{path}");
            let request = operator.request(Method::GET, &path);
            let known = request.header("if-none-match", same.header("etag"));
            let known = known.header("accept-encoding", "gzip");
            operator.send(known).await.expect(304);
        }
        if first.status == 204 {
            continue;
        }
        assert_eq!(first.header("content-encoding"), "gzip", "{place:?}");
        assert_eq!(
            first.header("content-type"),
            "application/vnd.mapbox-vector-tile"
        );
        // Who does not take what it is stored in gets it as it is.
        let plain = coded(operator, &path("here"), "zstd").await.expect(200);
        assert_eq!(plain.header("content-encoding"), "", "{place:?}");
        assert_ne!(plain.header("etag"), first.header("etag"), "{place:?}");
        if z == ZOOMS.1 {
            seen.extend(numbers(&Tile::decode(&plain.body)));
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(
        seen,
        (0..200).collect::<Vec<i64>>(),
        "the lamps that tiles show"
    );
}

async fn says_what_it_is(operator: &Visitor, name: &str) {
    let about = operator.json(&format!("/tiles/{name}")).await;
    assert_eq!(
        (&about["minzoom"], &about["maxzoom"]),
        (&json!(ZOOMS.0), &json!(ZOOMS.1))
    );
    assert_eq!(about["vector_layers"][0]["id"], "lamps", "{about}");
    let bounds: Vec<f64> = serde_json::from_value(about["bounds"].clone()).expect("a box");
    assert!(
        bounds[0] < DOWNTOWN.0 + 0.01 && bounds[0] > DOWNTOWN.0 - 1.0,
        "{about}"
    );
}

/// Zooms, formats and questions.
async fn refuses_what_it_has_not(operator: &Visitor) {
    let (x, y) = tile_at(DOWNTOWN.0, DOWNTOWN.1, ZOOMS.1 + 1);
    operator
        .get(&format!("/tiles/here/{}/{x}/{y}", ZOOMS.1 + 1))
        .await
        .expect(204);
    operator.get("/tiles/here/3/8/1").await.expect_problem(404);
    operator
        .get("/tiles/here/8/0/0.mlt")
        .await
        .expect_problem(406);
    operator
        .get("/tiles/here/8/0/0.png")
        .await
        .expect_problem(406);
    operator.get("/tiles/here/8/0/0.pbf").await.expect(204);
    operator
        .get("/tiles/here/8/0/0?at=2026-01-01T00:00:00Z")
        .await
        .expect_problem(400);
    operator
        .get("/tiles/here,units/8/0/0")
        .await
        .expect_problem(404);
}

#[tokio::test]
async fn the_tiles_of_an_archive_are_served_as_they_are_wherever_it_lies() {
    let folder = TempDir::new().expect("a folder");
    let Some((database, archive)) = archives(folder.path(), 1) else {
        return skipped(MISSING);
    };
    let bytes = std::fs::read(&archive).expect("it was just written");
    let afar = Upstream::answering(Answer::ok(bytes).in_parts().with("etag", "\"1\"")).await;
    let config = format!(
        "basemap = {:?}\n[tile_archives]\nhere = {:?}\ntable = {:?}\nafar = \"{}/lamps.pmtiles?key={SECRET}\"\n",
        archive,
        archive,
        database,
        afar.base()
    );
    let city = City::with_config(&config).await;
    let operator = city.operator();
    let catalog = operator.json("/catalog").await;
    let mut listed = NAMES.to_vec();
    listed.sort_unstable();
    assert_eq!(catalog["tile_archives"], json!(listed));
    equal_tiles(&operator).await;
    for name in NAMES {
        says_what_it_is(&operator, name).await;
    }
    refuses_what_it_has_not(&operator).await;
    // The upstream was asked for parts alone, and its key went nowhere else.
    assert!(
        afar.asked()
            .iter()
            .all(|asked| asked.header("range").starts_with("bytes="))
    );
    let about = operator.get("/tiles/afar").await.text();
    assert!(!about.contains(SECRET) && !city.log().contains(SECRET));
}

#[tokio::test]
async fn an_archive_behind_a_clearance_does_not_exist_without_it() {
    let folder = TempDir::new().expect("a folder");
    let Some((database, _)) = archives(folder.path(), 1) else {
        return skipped(MISSING);
    };
    let config = format!(
        "[tile_archives]\nopen = {database:?}\nshelters = {{ address = {database:?}, clearance = \"medical\" }}\n"
    );
    let city = City::with_config(&config).await;
    let (cleared, other) = (
        city.program("operator", &["medical"]),
        city.program("operator", &["cji"]),
    );
    let (z, (x, y)) = (ZOOMS.1, tile_at(DOWNTOWN.0, DOWNTOWN.1, ZOOMS.1));
    for path in [
        format!("/tiles/shelters/{z}/{x}/{y}"),
        "/tiles/shelters".to_owned(),
    ] {
        cleared.get(&path).await.expect(200);
        let hidden = other.get(&path).await.expect_problem(404);
        let nowhere = path.replace("shelters", "nowhere");
        let unknown = other.get(&nowhere).await.expect_problem(404);
        let without = |reply: &Reply, name: &str| {
            let mut document = reply.json();
            document["instance"] = Value::Null;
            document.to_string().replace(name, "…")
        };
        assert_eq!(without(&hidden, "shelters"), without(&unknown, "nowhere"));
    }
    assert_eq!(
        other.json("/catalog").await["tile_archives"],
        json!(["open"])
    );
    assert_eq!(
        cleared.json("/catalog").await["tile_archives"],
        json!(["open", "shelters"])
    );
}

/// A tile is refused with the reason, and nobody learns where the archive lies.
async fn says_why(operator: &Visitor, path: &str, reason: &str, folder: &Path) {
    let failed = eventually("the loss", async || {
        let reply = operator.get(path).await;
        (reply.status == 502).then_some(reply)
    });
    let failed = failed.await.expect_problem(502);
    let folder = folder.display().to_string();
    assert!(failed.text().contains(reason), "{}", failed.text());
    assert!(!failed.text().contains(&folder), "{}", failed.text());
    assert_eq!(failed.header("retry-after"), "10");
}

#[tokio::test]
async fn an_archive_that_is_replaced_lost_or_broken_is_noticed_and_comes_back() {
    let folder = TempDir::new().expect("a folder");
    let (Some((database, archive)), Some((newer_database, newer))) =
        (archives(folder.path(), 1), archives(folder.path(), 2))
    else {
        return skipped(MISSING);
    };
    let of = |path: &Path| std::fs::read(path).expect("it was just written");
    let parts = |bytes: Vec<u8>, etag: &str| Answer::ok(bytes).in_parts().with("etag", etag);
    let afar = Upstream::answering(parts(of(&archive), "\"1\"")).await;
    let config = format!(
        "[tile_archives]\nhere = {archive:?}\ntable = {database:?}\nafar = \"{}/lamps.pmtiles?key={SECRET}\"\n",
        afar.base()
    );
    let city = City::with_config(&config).await;
    let operator = city.operator();
    let (z, (x, y)) = (ZOOMS.1, tile_at(DOWNTOWN.0, DOWNTOWN.1, ZOOMS.1));
    let generation = async |name: &str| {
        let reply = operator.get(&format!("/tiles/{name}/{z}/{x}/{y}")).await;
        let lamps = (reply.status == 200).then(|| Tile::decode(&reply.body))?;
        lamps.layer("lamps").first()?.integer("generation")
    };
    let names = ["here", "table", "afar"];
    for name in names {
        assert_eq!(generation(name).await, Some(1), "{name}");
    }
    // In its place, as a copy does it that is renamed at its end; elsewhere under the same address.
    for (from, to) in [(&newer, &archive), (&newer_database, &database)] {
        let part = folder.path().join("part");
        std::fs::copy(from, &part).expect("a copy");
        std::fs::rename(&part, to).expect("renamed");
    }
    afar.answer(parts(of(&newer), "\"2\""));
    for name in ["here", "table"] {
        eventually("the newer archive", async || {
            (generation(name).await == Some(2)).then_some(())
        })
        .await;
    }
    // What was read lately is kept for a minute; another tile shows that it is another archive.
    let elsewhere = tile_at(DOWNTOWN.0, DOWNTOWN.1, z - 1);
    operator
        .get(&format!(
            "/tiles/afar/{}/{}/{}",
            z - 1,
            elsewhere.0,
            elsewhere.1
        ))
        .await
        .expect(200);
    assert_eq!(generation("afar").await, Some(2));
    city.expect_log("cannot be used");
    // Gone, and in its place something else.
    std::fs::remove_file(&archive).expect("removed");
    std::fs::write(&database, "no database").expect("written");
    for (name, reason) in [
        ("here", "its file cannot be read"),
        ("table", "neither a PMTiles archive"),
    ] {
        let path = format!("/tiles/{name}/{z}/{x}/{y}");
        says_why(&operator, &path, reason, folder.path()).await;
    }
    std::fs::copy(&newer, &archive).expect("a copy");
    eventually("the archive that is back", async || {
        (generation("here").await == Some(2)).then_some(())
    })
    .await;
    assert!(
        !city.log().contains(SECRET),
        "the log tells the key of an address"
    );
}

#[tokio::test]
async fn what_no_archive_can_be_had_from_says_why() {
    let upstream = Upstream::start().await;
    let of = |path: &str| format!("{path} = \"{}/{path}?\"\n", upstream.base());
    let cases = [
        ("gone", "it answers with status 404"),
        ("whole", "its server does not answer ranges"),
        ("other", "neither a PMTiles archive"),
        ("short", "it cannot be read"),
    ];
    for (path, _) in cases.iter().filter(|(path, _)| *path != "gone") {
        let answer = match *path {
            "whole" => Answer::ok("x".repeat(40_000)),
            "other" => Answer::ok("x".repeat(40_000)).in_parts(),
            _ => Answer::ok(b"PMTiles\x03".to_vec()).in_parts(),
        };
        upstream.tell(&format!("/{path}?"), answer);
    }
    let addresses: String = cases.iter().map(|(path, _)| of(path)).collect();
    let config = format!("[tile_archives]\n{addresses}nowhere = \"env:ATALAYA_TEST_NOWHERE\"\n");
    let city = City::with_config(&config).await;
    city.expect_log("cannot be used");
    city.expect_log("archive \\\"nowhere\\\" has no tiles");
    let unset = ("nowhere", "its address is not set");
    for (name, reason) in cases.into_iter().chain([unset]) {
        let failed = city
            .operator()
            .get(&format!("/tiles/{name}"))
            .await
            .expect_problem(502);
        assert!(failed.text().contains(reason), "{name}: {}", failed.text());
    }
}
