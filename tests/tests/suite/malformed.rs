//! What is written wrongly, or asks for what cannot be, is refused by its own words and fills no log.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use atalaya_tests::{City, Reply, eventually};

/// What RFC 3339 does not have, or has and no instant stands for.
const NO_INSTANTS: [&str; 8] = [
    "2026-12-31T23:59:60Z",
    "2026-03-01T12:00:00Z[UTC]",
    "2026-03-01T12:00:00+01:00[Europe/Berlin]",
    "2026-03-01T12:00:00+02",
    "2026-03-01T12:00:00+0200",
    "2026-03-01T12:00:00+02:00:30",
    "2026-03-01 12:00:00Z",
    "20260301T120000Z",
];

/// What begins no request of HTTP/1.
const NO_REQUESTS: [&[u8]; 4] = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello of TLS\r\n\r\n",
    b"\x00\xff\xfe\r\n\r\n",
    b"G\xc3\x9cT / HTTP/1.1\r\nhost: city\r\n\r\n",
    b"GET / HTTP/9.9\r\nhost: city\r\n\r\n",
];

fn explains(reply: &Reply, status: u16, slug: &str, said: &str) -> bool {
    let document = reply.json();
    let detail = document["detail"].as_str().unwrap_or_default();
    let named = document["type"].as_str().unwrap_or_default();
    reply.status == status && named.ends_with(slug) && detail.contains(said)
}

#[tokio::test]
async fn an_instant_that_rfc_3339_does_not_have_is_named() {
    let city = City::start().await;
    let operator = city.operator();
    let mut wrong = Vec::new();
    for instant in NO_INSTANTS {
        let written = instant.replace('+', "%2B").replace(' ', "%20");
        for path in [
            "/tiles/incidents/3/1/1?at=",
            "/ogc/collections/incidents/items?at=",
            "/past?layers=incidents&bbox=0,0,1,1&at=",
            "/timeline?layers=incidents&to=2026-03-02T00:00:00Z&from=",
        ] {
            let reply = operator.get(&format!("{path}{written}")).await;
            if !explains(&reply, 400, "bad-instant", &format!("={instant}: ")) {
                wrong.push(format!("{path}{instant}: {}", reply.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_cannot_be_answered_is_said_and_not_answered_emptily() {
    let city = City::start().await;
    let operator = city.operator();
    let future = "2999-01-01T00:00:00Z: it is in the future";
    let mut wrong = Vec::new();
    for (path, status, slug, said) in [
        (
            "/search?q=%ff",
            400,
            "bad-parameter",
            "q=%ff: expected text in UTF-8",
        ),
        (
            "/near?lon=%C3%28&lat=32",
            400,
            "bad-parameter",
            "lon=%C3%28",
        ),
        (
            "/catalog?min_seq=a%80",
            400,
            "bad-parameter",
            "min_seq=a%80",
        ),
        (
            "/near?lon=-110&lat=32&layer=cells",
            404,
            "no-such-collection",
            "cells",
        ),
        (
            "/live?layers=incidents,cells&bbox=0,0,1,1",
            404,
            "no-such-collection",
            "cells",
        ),
        (
            "/tiles/incidents/3/1/1?at=2999-01-01T00:00:00Z",
            404,
            "no-history",
            future,
        ),
        (
            "/ogc/collections/incidents/items?at=2999-01-01T00:00:00Z",
            404,
            "no-history",
            future,
        ),
        (
            "/past?layers=incidents&bbox=0,0,1,1&at=2999-01-01T00:00:00Z",
            404,
            "no-history",
            future,
        ),
    ] {
        let reply = operator.get(path).await;
        if !explains(&reply, status, slug, said) {
            wrong.push(format!("{path}: {} {}", reply.status, reply.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every such line would be one that anybody can have written, as often as they like: that none is an error the
/// city itself insists on when it goes.
#[tokio::test]
async fn what_is_no_request_is_counted_and_writes_no_error() {
    let city = City::with_config("admin_listen = \"127.0.0.1:0\"\n").await;
    let (_, address) = city.base().split_once("://").expect("an address");
    for sent in NO_REQUESTS {
        let mut connection = TcpStream::connect(address).expect("a connection");
        connection.write_all(sent).expect("it is taken");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("an answer");
        assert!(
            answer.starts_with(b"HTTP/1.1 400 "),
            "{sent:?}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    let counted = format!("\natalaya_http_unreadable_total {}\n", NO_REQUESTS.len());
    eventually("each to be counted", async || {
        let metrics = city.admin().get("/metrics").await.expect(200).text();
        metrics.contains(&counted).then_some(())
    })
    .await;
    assert!(!city.log().contains("stream error"), "{}", city.log());
}
