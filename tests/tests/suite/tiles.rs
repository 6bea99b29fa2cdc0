//! Tiles over HTTP: what is served, under which headers, and when nothing is.

use std::io::Read as _;

use atalaya_tests::{
    City, DOWNTOWN, Reply, Tile, Visitor, collection, incident, point, tile_at, withdrawn,
};
use mlt_core::{Decoder, LendingIterator as _, ParsedLayer, Parser};
use reqwest::Method;
use serde_json::json;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

fn here(layers: &str, z: u8) -> String {
    let (x, y) = tile_at(LON, LAT, z);
    format!("/tiles/{layers}/{z}/{x}/{y}")
}

async fn with_header(visitor: &Visitor, path: &str, name: &str, value: &str) -> Reply {
    visitor
        .send(visitor.request(Method::GET, path).header(name, value))
        .await
}

#[tokio::test]
async fn a_posted_event_is_in_every_tile_that_covers_it_and_in_no_other() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let operator = city.operator();
    for z in [0, 3, 8, 12, 16, 20, 22] {
        let (x, y) = tile_at(LON, LAT, z);
        assert_eq!(
            operator.tile("incidents", z, x, y).await.ids("incidents"),
            ["a"],
            "tile {z}/{x}/{y}"
        );
        if z > 8 {
            assert!(
                operator
                    .tile("incidents", z, x + 2, y)
                    .await
                    .layers
                    .is_empty(),
                "two tiles to the east at z {z}"
            );
        }
    }
}

#[tokio::test]
async fn a_tile_carries_typed_properties_and_integer_ids() {
    let city = City::start().await;
    let mut feature = incident("4711", LON, LAT);
    feature["properties"]["opened_at"] = json!("2026-03-01T12:00:00Z");
    city.post(
        "incidents",
        &collection(&[feature, incident("not-a-number", LON, LAT)]),
    )
    .await;
    let (x, y) = tile_at(LON, LAT, 14);
    let tile = city.tile("incidents", 14, x, y).await;
    assert_eq!(tile.ids("incidents"), ["4711", "not-a-number"]);
    let find = |id: &str| {
        tile.layer("incidents")
            .iter()
            .find(|it| it.text("id") == Some(id))
            .expect("in the tile")
    };
    let decimal = find("4711");
    assert_eq!(
        decimal.number,
        Some(4711),
        "a decimal id is the number itself"
    );
    assert_eq!(decimal.integer("priority"), Some(3));
    assert_eq!(
        decimal.integer("opened_at"),
        Some(1_772_366_400_000),
        "a time is epoch milliseconds"
    );
    assert_eq!(decimal.text("agency"), Some("TPD"));
    let hashed = find("not-a-number")
        .number
        .expect("every feature has an integer id");
    assert!(hashed < 1 << 53, "{hashed}");
}

#[tokio::test]
async fn tilesets_join_layers_by_commas_and_by_name() {
    let city = City::with_config("[tilesets]\noperations = [\"incidents\", \"units\"]\n").await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    city.post(
        "units",
        &point(
            "u",
            LON,
            LAT,
            &json!({ "call_sign": "2A14", "unit_kind": "patrol" }),
        ),
    )
    .await;
    let (x, y) = tile_at(LON, LAT, 14);
    for name in ["incidents,units", "operations"] {
        let tile = city.tile(name, 14, x, y).await;
        assert_eq!(
            (tile.ids("incidents"), tile.ids("units")),
            (vec!["a"], vec!["u"]),
            "{name}"
        );
    }
}

#[tokio::test]
async fn tilejson_leads_to_the_tiles() {
    let city = City::start().await;
    let document = city.operator().json("/tiles/incidents,cameras").await;
    assert_eq!(document["tilejson"], "3.0.0", "{document}");
    let template = document["tiles"][0].as_str().expect("a template");
    assert!(template.starts_with(city.base()), "{template}");
    assert!(template.contains("{z}/{x}/{y}"), "{template}");
    let layers = document["vector_layers"]
        .as_array()
        .expect("described layers");
    assert!(
        layers
            .iter()
            .any(|it| it["id"] == "cameras" && it["fields"]["heading_deg"].is_string()),
        "{document}"
    );
}

#[tokio::test]
async fn an_unchanged_tile_is_304_and_a_changed_one_is_not() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let operator = city.operator();
    let path = here("incidents", 14);
    let first = operator.get(&path).await.expect(200);
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') || etag.starts_with("W/\""), "{etag}");
    let unchanged = with_header(&operator, &path, "if-none-match", &etag)
        .await
        .expect(304);
    assert!(unchanged.body.is_empty());
    assert_eq!(unchanged.header("etag"), etag);

    city.post("incidents", &incident("far", LON + 5.0, LAT))
        .await;
    with_header(&operator, &path, "if-none-match", &etag)
        .await
        .expect(304);

    city.post("incidents", &withdrawn("a")).await;
    let emptied = with_header(&operator, &path, "if-none-match", &etag)
        .await
        .expect(204);
    assert_ne!(emptied.header("etag"), etag, "a removal changes the tag");
}

#[tokio::test]
async fn empty_is_204_and_outside_the_pyramid_404() {
    let city = City::start().await;
    let operator = city.operator();
    operator.get(&here("incidents", 14)).await.expect(204);
    operator.get(&here("coverage", 3)).await.expect(204);
    for (path, slug) in [
        ("/tiles/incidents/23/0/0", "no-such-tile"),
        ("/tiles/incidents/3/8/0", "no-such-tile"),
        ("/tiles/incidents/3/0/8", "no-such-tile"),
        ("/tiles/incidents/-1/0/0", "no-such-tile"),
        ("/tiles/nonesuch/3/0/0", "no-such-layer"),
        ("/tiles/incidents,nonesuch/3/0/0", "no-such-layer"),
        ("/tiles/nonesuch", "no-such-layer"),
    ] {
        let reply = operator.get(path).await.expect(404);
        assert!(
            reply.json()["type"]
                .as_str()
                .is_some_and(|it| it.ends_with(slug)),
            "{path}: {}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn every_content_coding_carries_the_same_tile() {
    let city = City::start().await;
    let many =
        (0..200).map(|at| incident(&format!("incident-{at}"), LON + f64::from(at) * 1e-5, LAT));
    city.post("incidents", &collection(&many.collect::<Vec<_>>()))
        .await;
    let (operator, path) = (city.operator(), here("incidents", 14));
    let plain = with_header(&operator, &path, "accept-encoding", "identity")
        .await
        .expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(Tile::decode(&plain.body).ids("incidents").len(), 200);
    let mut tags = vec![plain.header("etag").to_owned()];
    for coding in ["gzip", "br", "zstd"] {
        let coded = with_header(&operator, &path, "accept-encoding", coding)
            .await
            .expect(200);
        assert_eq!(coded.header("content-encoding"), coding);
        assert!(
            coded.body.len() < plain.body.len() / 2,
            "{coding} makes it smaller"
        );
        assert!(
            decompressed(coding, &coded.body) == plain.body,
            "{coding} is the same tile"
        );
        tags.push(coded.header("etag").to_owned());
    }
    for suffix in [".mvt", ".pbf"] {
        let same = with_header(
            &operator,
            &format!("{path}{suffix}"),
            "accept-encoding",
            "identity",
        )
        .await
        .expect(200);
        assert!(same.body == plain.body, "{suffix} is the same tile");
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4, "each coding has a tag of its own: {tags:?}");
}

/// The ids that a `MapLibre` Tile has in its layers, by a decoder that nobody here wrote.
fn ids_of_mlt(bytes: &[u8]) -> Vec<(String, u64)> {
    let layers = Parser::default().parse_layers(bytes).expect("a tile");
    let layers = Decoder::default().decode_all(layers).expect("readable");
    let mut ids = Vec::new();
    for layer in &layers {
        let ParsedLayer::Tag01(layer) = layer else {
            continue;
        };
        let mut features = layer.iter_features();
        while let Some(feature) = features.next() {
            let id = feature
                .expect("readable")
                .id()
                .expect("every feature has one");
            ids.push((layer.name().to_owned(), id));
        }
    }
    ids
}

#[tokio::test]
async fn a_maplibre_tile_comes_by_ending_and_by_accept_and_has_a_version_of_its_own() {
    const MLT: &str = "application/vnd.maplibre-tile";
    const MVT: &str = "application/vnd.mapbox-vector-tile";
    let city = City::start().await;
    let many = (0..200).map(|at| incident(&at.to_string(), LON + f64::from(at) * 1e-5, LAT));
    city.post("incidents", &collection(&many.collect::<Vec<_>>()))
        .await;
    let (operator, path) = (city.operator(), here("incidents", 14));
    let ask = async |path: &str, accept: &str| {
        let request = operator.request(Method::GET, path);
        let request = request.header("accept", accept);
        let reply = operator.send(request.header("accept-encoding", "identity"));
        reply.await.expect(200)
    };
    let mvt = ask(&path, "*/*").await;
    assert_eq!(mvt.header("content-type"), MVT);
    let mlt = ask(&path, MLT).await;
    assert_eq!(mlt.header("content-type"), MLT);
    assert!(mlt.header("vary").contains("Accept,"));
    let expected: Vec<_> = Tile::decode(&mvt.body)
        .layer("incidents")
        .iter()
        .map(|feature| ("incidents".to_owned(), feature.number.expect("an id")))
        .collect();
    assert_eq!(ids_of_mlt(&mlt.body), expected);
    assert!(
        mlt.body.len() * 2 < mvt.body.len(),
        "{} bytes",
        mlt.body.len()
    );
    assert_ne!(mlt.header("etag"), mvt.header("etag"));
    // Twice, since the second time it is at hand.
    for _ in 0..2 {
        for (ending, accept, same) in [
            (".mlt", "*/*", &mlt),
            (".mlt", MVT, &mlt),
            (".mvt", MLT, &mvt),
            (".pbf", MLT, &mvt),
            ("", MLT, &mlt),
            ("", "application/*", &mvt),
        ] {
            let reply = ask(&format!("{path}{ending}"), accept).await;
            assert!(reply.body == same.body, "{ending} with {accept}");
            for name in ["etag", "content-type"] {
                assert_eq!(
                    reply.header(name),
                    same.header(name),
                    "{ending} with {accept}"
                );
            }
        }
        let etag = mlt.header("etag");
        let path = format!("{path}.mlt");
        let unchanged = with_header(&operator, &path, "if-none-match", etag).await;
        unchanged.expect(304);
    }
    let far = here("incidents", 14).replace("/14/", "/15/");
    operator.get(&format!("{far}.mlt")).await.expect(204);
}

fn decompressed(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain),
        _ => zstd::stream::read::Decoder::new(bytes)
            .expect("a decoder")
            .read_to_end(&mut plain),
    }
    .expect("readable");
    plain
}

#[tokio::test]
async fn caches_are_told_to_ask_and_on_what_it_depends() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    for path in [
        here("incidents", 14),
        here("incidents", 20).replace("/20/", "/21/"),
    ] {
        let reply = city.operator().get(&path).await;
        assert_eq!(reply.header("cache-control"), "private, no-cache", "{path}");
        let vary = reply.header("vary").to_lowercase();
        assert!(
            vary.contains("accept-encoding") && vary.contains("accept,"),
            "{path}: {vary}"
        );
    }
    let reply = city
        .operator()
        .get(&here("incidents", 14))
        .await
        .expect(200);
    assert_eq!(
        reply.header("content-type"),
        "application/vnd.mapbox-vector-tile"
    );
    city.anybody().get(&here("incidents", 14)).await.expect(401);
}

#[tokio::test]
async fn a_crowded_tile_shows_whole_counts_never_a_thinned_layer() {
    let city = City::start().await;
    let properties =
        json!({ "name": "a camera with a name of some length, so that the tile fills up sooner" });
    for batch in 0..8 {
        let many = (0..2500).map(|at| {
            let (east, north) = (
                f64::from(at % 50) * 0.002,
                f64::from(at / 50 + batch * 50) * 0.0002,
            );
            point(
                &format!("camera-{batch}-{at}"),
                LON + east,
                LAT + north,
                &properties,
            )
        });
        city.post("cameras", &collection(&many.collect::<Vec<_>>()))
            .await;
    }
    let reply = with_header(
        &city.operator(),
        "/tiles/cameras/0/0/0",
        "accept-encoding",
        "identity",
    )
    .await
    .expect(200);
    assert!(reply.body.len() <= 500_000, "{} bytes", reply.body.len());
    let tile = Tile::decode(&reply.body);
    assert!(tile.ids("cameras").is_empty(), "singles give way to counts");
    let total: i64 = tile
        .layer("cameras_cells")
        .iter()
        .filter_map(|cell| cell.integer("count"))
        .sum();
    assert_eq!(total, 20_000);
}

#[tokio::test]
async fn the_past_can_be_asked_for() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let operator = city.operator();
    let mut live = operator
        .events("layers=incidents&bbox=-112,32,-110,33")
        .await;
    let tick = live.until_tick().await.pop().expect("a tick");
    let then = tick["server_time"]
        .as_str()
        .expect("a tick says the time")
        .to_owned();
    city.post("incidents", &withdrawn("a")).await;
    operator.get(&here("incidents", 14)).await.expect(204);

    let past = operator
        .get(&format!("{}?at={then}", here("incidents", 14)))
        .await
        .expect(200);
    assert_eq!(
        Tile::decode(&past.body).ids("incidents"),
        ["a"],
        "as of {then}"
    );
    let future = format!("{}?at=2999-01-01T00:00:00Z", here("incidents", 14));
    let future = operator.get(&future).await.expect(404);
    assert!(future.text().contains("no-history"), "{}", future.text());
}

#[tokio::test]
async fn a_derived_layer_has_a_history() {
    let city = City::start().await;
    let operator = city.operator();
    let looking = json!({ "name": "Congress", "heading_deg": 90, "fov_deg": 60, "range_m": 150 });
    city.post("cameras", &point("c", LON, LAT, &looking)).await;
    let mut live = operator.live("layers=cameras&bbox=-112,32,-110,33").await;
    let messages = live.until_tick().await;
    let then = messages
        .last()
        .and_then(|tick| tick["server_time"].as_str())
        .expect("a tick tells the time")
        .to_owned();
    city.post("cameras", &withdrawn("c")).await;
    for (layer, source_layer) in [("coverage", "coverage"), ("cells", "cells")] {
        let now = operator.get(&here(layer, 14)).await;
        assert_eq!(now.status, 204, "{layer} is empty now");
        let past = operator
            .get(&format!("{}?at={then}", here(layer, 14)))
            .await
            .expect(200);
        let tile = Tile::decode(&past.body);
        assert_eq!(tile.layer(source_layer).len(), 1, "{layer} at {then}");
    }
}
