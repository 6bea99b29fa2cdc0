//! Pages, scripts, styles and icons go out compressed, and only in a coding that the client takes.

use std::collections::BTreeSet;
use std::io::Read as _;

use atalaya_tests::{City, Reply, Visitor};
use reqwest::Method;

/// What the wall fetches before it can show anything: its page and everything that names.
async fn parts_of_the_wall(operator: &Visitor) -> Vec<String> {
    let page = operator.get("/wall").await.expect(200).text();
    let quoted = page.split('"').filter(|it| it.starts_with("/assets/"));
    let mut parts: BTreeSet<String> = quoted.map(str::to_owned).collect();
    parts.insert("/wall".to_owned());
    assert!(parts.len() > 5, "{page}");
    parts.into_iter().collect()
}

/// What a path ends with, behind its last dot.
fn kind(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

async fn fetch(visitor: &Visitor, path: &str, accepted: &str) -> Reply {
    let request = visitor.request(Method::GET, path);
    let reply = visitor.send(request.header("accept-encoding", accepted));
    reply.await.expect(200)
}

fn unpacked(reply: &Reply) -> Vec<u8> {
    let mut plain = Vec::new();
    let read = match reply.header("content-encoding") {
        "br" => brotli::Decompressor::new(&*reply.body, 4_096).read_to_end(&mut plain),
        "gzip" => flate2::read::GzDecoder::new(&*reply.body).read_to_end(&mut plain),
        "zstd" => {
            zstd::Decoder::new(&*reply.body).and_then(|mut decoder| decoder.read_to_end(&mut plain))
        }
        "" => return reply.body.clone(),
        other => Err(std::io::Error::other(format!("nobody asked for {other}"))),
    };
    read.expect("what it says it is");
    plain
}

#[tokio::test]
async fn every_coding_of_an_asset_is_the_same_asset() {
    let city = City::start().await;
    let operator = city.operator();
    for path in parts_of_the_wall(&operator).await {
        let plain = fetch(&operator, &path, "identity").await;
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let packs = kind(&path) != "woff2";
        let mut etags = BTreeSet::from([plain.header("etag").to_owned()]);
        for coding in ["br", "gzip"] {
            let coded = fetch(&operator, &path, coding).await;
            let expected = if packs { coding } else { "" };
            assert_eq!(coded.header("content-encoding"), expected, "{path}");
            assert_eq!(unpacked(&coded), plain.body, "{path} in {coding}");
            for name in ["content-type", "cache-control", "vary"] {
                assert_eq!(coded.header(name), plain.header(name), "{name} of {path}");
            }
            let varies = coded.header("vary").to_lowercase();
            assert_eq!(varies == "accept-encoding", packs, "{path}: {varies}");
            etags.insert(coded.header("etag").to_owned());
        }
        assert_eq!(etags.len(), if packs { 3 } else { 1 }, "{path}: {etags:?}");
    }
}

#[tokio::test]
async fn the_opening_of_a_wall_costs_a_quarter_of_its_size() {
    let city = City::start().await;
    let operator = city.operator();
    let (mut plain, mut sent) = (0, 0);
    for path in parts_of_the_wall(&operator).await {
        plain += fetch(&operator, &path, "identity").await.body.len();
        sent += fetch(&operator, &path, "gzip, deflate, br, zstd")
            .await
            .body
            .len();
    }
    assert!(plain > 1_000_000, "{plain} bytes: is the front end built?");
    assert!(sent * 100 < plain * 28, "{sent} of {plain} bytes");
}

#[tokio::test]
async fn a_coding_that_is_refused_is_not_sent() {
    let city = City::start().await;
    let operator = city.operator();
    let table = [
        ("identity", ""),
        ("br;q=0", ""),
        ("br;q=0, gzip;q=0, *;q=0", ""),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.2, gzip;q=0.9", "gzip"),
        ("identity;q=1, br;q=0.5", ""),
        ("identity;q=0, br", "br"),
        ("*", "br"),
        ("deflate", ""),
    ];
    let parts = parts_of_the_wall(&operator).await;
    let script = parts.iter().find(|it| kind(it) == "js");
    for path in [script.expect("a script"), "/wall"] {
        for (accepted, expected) in table {
            let reply = fetch(&operator, path, accepted).await;
            let coding = reply.header("content-encoding");
            assert_eq!(coding, expected, "{path} for {accepted}");
        }
    }
    for path in ["/styles/night", "/sprites/atalaya.json"] {
        for (accepted, expected) in [("identity", ""), ("gzip", "gzip"), ("zstd;q=0, br", "br")] {
            let reply = fetch(&operator, path, accepted).await;
            assert_eq!(reply.header("content-encoding"), expected, "{path}");
            assert_eq!(reply.header("vary").to_lowercase(), "accept-encoding");
            let read = serde_json::from_slice::<serde_json::Value>(&unpacked(&reply));
            assert!(read.is_ok(), "{path} for {accepted}");
        }
    }
}

#[tokio::test]
async fn what_the_client_holds_is_not_sent_again() {
    let city = City::start().await;
    let operator = city.operator();
    let mut paths = parts_of_the_wall(&operator).await;
    paths.extend(
        [
            "/styles/day",
            "/sprites/atalaya.json",
            "/sprites/atalaya.png",
        ]
        .map(str::to_owned),
    );
    for path in paths {
        let held = fetch(&operator, &path, "br").await;
        let etag = held.header("etag");
        let again = |accepted: &'static str| {
            let request = operator.request(Method::GET, &path);
            let request = request.header("accept-encoding", accepted);
            operator.send(request.header("if-none-match", etag))
        };
        let known = again("br").await.expect(304);
        assert!(known.body.is_empty());
        for name in ["etag", "cache-control", "vary"] {
            assert_eq!(known.header(name), held.header(name), "{name} of {path}");
        }
        // The tag is of the packed bytes: they are no answer to who cannot unpack them.
        let packs = !["woff2", "png"].contains(&kind(&path));
        again("identity")
            .await
            .expect(if packs { 200 } else { 304 });
    }
}

#[tokio::test]
async fn packed_files_have_no_address_of_their_own() {
    let city = City::start().await;
    let operator = city.operator();
    let parts = parts_of_the_wall(&operator).await;
    let script = parts.iter().find(|it| kind(it) == "js");
    let script = script.expect("a script");
    operator.get(&format!("{script}.br")).await.expect(404);
    operator.get(&format!("{script}.gz")).await.expect(404);
}

/// Parts of a file are not served, nor are they offered: a client that asks for one gets the whole (RFC 9110 section 14.2).
#[tokio::test]
async fn a_range_is_neither_offered_nor_half_served() {
    let city = City::start().await;
    let operator = city.operator();
    for path in parts_of_the_wall(&operator).await {
        let whole = fetch(&operator, &path, "identity").await;
        assert_eq!(whole.header("accept-ranges"), "", "{path}");
        for range in [
            "bytes=0-9",
            "bytes=-1",
            "bytes=999999999-",
            "bytes=9-0",
            "lines=1-2",
        ] {
            let request = operator
                .request(Method::GET, &path)
                .header("accept-encoding", "identity");
            let reply = operator
                .send(request.header("range", range))
                .await
                .expect(200);
            assert_eq!(reply.header("content-range"), "", "{path}");
            assert_eq!(reply.body, whole.body, "{path}");
        }
    }
}
