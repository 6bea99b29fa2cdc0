//! TLS on the listener: what browsers are told over it, its certificate while the server runs, and what is said of files that
//! cannot be used.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use atalaya_tests::{
    Certificate, City, DOWNTOWN, Ran, atalaya, eventually, in_time, incident, point,
};
use reqwest::Method;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use serde_json::json;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

type Connection = StreamOwned<ClientConnection, TcpStream>;

/// Connects as a client that trusts these certificates and speaks these protocols, best first.
fn connect(city: &City, trusted: &[&Certificate], protocols: &[&str]) -> Connection {
    let config = Certificate::client(trusted, protocols);
    let address = city.base().trim_start_matches("https://");
    let name = ServerName::try_from("127.0.0.1").expect("an address");
    let client = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let socket = TcpStream::connect(address).expect("the server listens");
    let mut connection = StreamOwned::new(client, socket);
    while connection.conn.is_handshaking() {
        connection
            .conn
            .complete_io(&mut connection.sock)
            .expect("the handshake succeeds");
    }
    connection
}

/// The certificate that the server shows.
fn shown(connection: &Connection) -> &[u8] {
    let chain = connection.conn.peer_certificates().unwrap_or_default();
    chain.first().map_or(&[], |own| own.as_ref())
}

#[tokio::test]
async fn over_tls_a_session_is_bound_to_this_host_and_to_tls() {
    let city = City::with_tls(&Certificate::new()).await;
    assert!(
        city.base().starts_with("https://127.0.0.1:"),
        "{}",
        city.base()
    );
    let printed = city
        .command(&["link", "--role", "operator"])
        .ok()
        .to_owned();
    let token = printed.strip_prefix(&format!("{}/sign-in#", city.base()));
    let token = json!({ "token": token.expect("the link leads to the server") });
    let reply = city.anybody().post("/sign-in", &token).await.expect(204);
    let cookie = reply.header("set-cookie");
    let attributes: Vec<&str> = cookie.split(';').map(str::trim).collect();
    assert!(cookie.starts_with("__Host-atalaya="), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
        assert!(attributes.contains(&attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");

    let browser = city.sign_in("operator").await;
    let session = browser.get("/session").await.expect(200);
    assert_eq!(
        session.header("strict-transport-security"),
        "max-age=31536000"
    );
    let tiles = browser.json("/tiles/incidents").await;
    let address = tiles["tiles"][0].as_str().unwrap_or_default();
    assert!(address.starts_with(city.base()), "{address}");
    let out = |origin: String| {
        browser
            .request(Method::POST, "/sign-out")
            .header("origin", origin)
    };
    let clear_text = city.base().replacen("https", "http", 1);
    browser.send(out(clear_text)).await.expect(403);
    browser.send(out(city.base().to_owned())).await.expect(204);
    browser.get("/session").await.expect(401);
}

#[tokio::test]
async fn both_http_1_and_http_2_are_spoken() {
    let certificate = Certificate::new();
    let city = City::with_tls(&certificate).await;
    let mut second = connect(&city, &[&certificate], &["h2", "http/1.1"]);
    assert_eq!(second.conn.alpn_protocol(), Some(&b"h2"[..]));
    // The connection preface and an empty SETTINGS frame; the server's own comes first (RFC 9113 section 3.4).
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    second.write_all(preface).expect("the server reads");
    let mut head = [0; 9];
    second.read_exact(&mut head).expect("the server answers");
    assert_eq!(head[3], 4, "SETTINGS: {head:?}");

    let mut first = connect(&city, &[&certificate], &["http/1.1"]);
    assert_eq!(first.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    first.write_all(request).expect("the server reads");
    let mut head = [0; 15];
    first.read_exact(&mut head).expect("the server answers");
    assert_eq!(&head, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn the_live_stream_flows_over_tls_and_clear_text_gets_no_answer() {
    let city = City::with_tls(&Certificate::new()).await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let query = "layers=incidents&bbox=-111.1,32.1,-110.8,32.4";
    let operator = city.operator();
    let mut over_both = [operator.events(query).await, operator.live(query).await];
    for live in &mut over_both {
        let first = live.until_tick().await;
        let kinds: Vec<&str> = first.iter().filter_map(|it| it["type"].as_str()).collect();
        assert_eq!(kinds[..2], ["hello", "snapshot"], "{kinds:?}");
        assert_eq!(live.held().ids("incidents"), ["a"]);
    }
    city.post("incidents", &incident("b", LON, LAT)).await;
    for live in &mut over_both {
        let both = |held: &atalaya_tests::Held| held.ids("incidents") == ["a", "b"];
        live.until("what came since", both).await;
    }
    let address = city.base().trim_start_matches("https://");
    let mut clear = TcpStream::connect(address).expect("the server listens");
    clear
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("the socket takes it");
    let mut answer = Vec::new();
    clear.read_to_end(&mut answer).ok();
    assert!(
        !answer.starts_with(b"HTTP/"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let (old, new) = (Certificate::new(), Certificate::new());
    let city = City::with_tls(&old).await;
    let offered = || connect(&city, &[&old, &new], &["http/1.1"]);
    let before = offered();
    assert_eq!(shown(&before), old.der);

    std::fs::write(city.scratch().join("cert.pem"), &new.pem).expect("written");
    city.expect_log("the certificate in force stays");
    city.signal("HUP");
    eventually("the server to say that the files do not fit", async || {
        city.log()
            .contains("the certificate in force stays")
            .then_some(())
    })
    .await;
    assert!(city.log().contains("does not belong to"), "{}", city.log());
    assert_eq!(shown(&offered()), old.der);

    new.write(city.scratch());
    city.signal("HUP");
    eventually("the new certificate", async || {
        (shown(&offered()) == new.der).then_some(())
    })
    .await;
}

fn check(folder: &std::path::Path, command: &[&str]) -> Ran {
    let (config, data) = (folder.join("atalaya.toml"), folder.join("data"));
    std::fs::write(&config, Certificate::CONFIG).expect("written");
    let text = |path: &std::path::Path| path.to_str().expect("a plain name").to_owned();
    let place = [
        "--config".into(),
        text(&config),
        "--data".into(),
        text(&data),
    ];
    atalaya(command.iter().map(|it| (*it).to_owned()).chain(place))
}

#[test]
fn check_says_what_is_wrong_with_the_files_and_so_does_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = Certificate::new();
    let file = |name: &str| folder.path().join(name);
    let refused = |reason: &str, named: &str| {
        for command in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let ran = check(folder.path(), command);
            assert_eq!(ran.code, 1, "{command:?}: {}{}", ran.stdout, ran.stderr);
            let said = ran.stderr.contains(reason) && ran.stderr.contains(named);
            assert!(said, "{command:?}: {}", ran.stderr);
            assert!(!ran.stdout.contains("listening"), "{}", ran.stdout);
        }
    };
    refused("tls.certificate", "No such file");
    certificate.write(folder.path());
    std::fs::remove_file(file("key.pem")).expect("removed");
    refused("tls.private_key", "No such file");
    std::fs::write(file("key.pem"), Certificate::new().key_pem).expect("written");
    refused("tls.private_key", "does not belong to");
    std::fs::write(file("cert.pem"), "not PEM").expect("written");
    refused("tls.certificate", "no certificate");

    certificate.write(folder.path());
    let good = check(folder.path(), &["check"]);
    assert!(good.ok().contains("[tls]"), "{}", good.stdout);
    assert!(
        good.stderr.contains("valid until 2200-01-01"),
        "{}",
        good.stderr
    );
    assert!(!good.stderr.contains("warning"), "{}", good.stderr);
    Certificate::until((2021, 1, 1)).write(folder.path());
    let expired = check(folder.path(), &["check"]);
    assert_eq!(expired.code, 0, "{}", expired.stderr);
    assert!(
        expired
            .stderr
            .contains("warning: the certificate expired at 2021-01-01"),
        "{}",
        expired.stderr
    );
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;
/// What a client begins with that gives no stream a window: `SETTINGS_INITIAL_WINDOW_SIZE`, 4, is 0.
fn without_windows() -> Vec<u8> {
    let settings = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat()
}

/// Gives a stream a window (RFC 9113 section 6.9).
fn window(stream: u32, bytes: u32) -> Vec<u8> {
    frame(8, 0, stream, &bytes.to_be_bytes())
}

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a short frame")
        .to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A request for a path that is over with its headers, which are written out (RFC 7541 section 6.2.2).
fn get(stream: u32, path: &str, bearer: Option<&str>) -> Vec<u8> {
    let mut block = Vec::new();
    let bearer = bearer.map(|token| format!("Bearer {token}"));
    let fields = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "127.0.0.1"),
        (":path", path),
    ];
    let bearer = bearer.as_deref().map(|token| ("authorization", token));
    for (name, value) in fields.into_iter().chain(bearer) {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).expect("a short text"));
            block.extend(text.as_bytes());
        }
    }
    frame(1, 0x5, stream, &block)
}

/// Kind, flags and payload of the next frame of a stream; pings and settings are answered meanwhile.
fn next_frame(connection: &mut Connection, stream: u32) -> (u8, u8, Vec<u8>) {
    loop {
        let mut head = [0; 9];
        connection
            .read_exact(&mut head)
            .expect("the server answers");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).expect("a short frame")];
        connection
            .read_exact(&mut payload)
            .expect("the whole frame");
        let of = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match (head[3], head[4]) {
            (kind, flags) if of == stream => return (kind, flags, payload),
            (4, 0) => connection
                .write_all(&frame(4, 1, 0, &[]))
                .expect("the server reads"),
            (6, 0) => connection
                .write_all(&frame(6, 1, 0, &payload))
                .expect("the server reads"),
            (kind, _) => assert_ne!(kind, 7, "the connection ends: {payload:?}"),
        }
    }
}

/// The flags of the headers with which a stream is answered.
fn headers_of(connection: &mut Connection, stream: u32) -> u8 {
    let (kind, flags, _) = next_frame(connection, stream);
    assert_eq!(kind, HEADERS);
    flags
}

#[tokio::test]
async fn streams_without_a_window_are_bounded_by_connection() {
    let certificate = Certificate::new();
    let city = City::with_tls(&certificate).await;
    let mut stalled = connect(&city, &[&certificate], &["h2"]);
    let preface = without_windows();
    stalled.write_all(&preface).expect("the server reads");
    let mut streams = (0..).map(|at| 2 * at + 1);
    for stream in streams.by_ref().take(256) {
        stalled
            .write_all(&get(stream, "/health/live", None))
            .expect("the server reads");
        let flags = headers_of(&mut stalled, stream);
        assert_eq!(flags & END_STREAM, 0, "stream {stream} has a body to come");
    }
    let mut ask = |connection: &mut Connection| {
        let stream = streams.next().expect("there are more");
        connection
            .write_all(&get(stream, "/health/live", None))
            .expect("the server reads");
        headers_of(connection, stream) & END_STREAM
    };
    assert_eq!(
        ask(&mut stalled),
        END_STREAM,
        "one more is refused without a body"
    );
    let mut other = connect(&city, &[&certificate], &["h2"]);
    other.write_all(&preface).expect("the server reads");
    assert_eq!(ask(&mut other), 0, "and stands in nobody else's way");
    // What is let go makes room: RST_STREAM with CANCEL.
    stalled
        .write_all(&frame(3, 0, 1, &[0, 0, 0, 8]))
        .expect("the server reads");
    eventually("a place is free", async || {
        (ask(&mut stalled) == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_live_stream_without_a_window_is_let_go_and_its_neighbours_stay() {
    let certificate = Certificate::new();
    let mut city = City::with_tls(&certificate).await;
    let config = format!(
        "admin_listen = \"127.0.0.1:0\"\n{}[live]\nstall_s = 1\n[limits]\nlive_clients_each = 2\n",
        Certificate::CONFIG
    );
    city.configure(&config, &[]).await;
    let token = city.role_key("operator", &[]);
    let path = "/live?layers=units&bbox=-111.1,32.1,-110.8,32.4";
    let mut connection = connect(&city, &[&certificate], &["h2"]);
    let most = Some(std::time::Duration::from_secs(20));
    connection
        .sock
        .set_read_timeout(most)
        .expect("a time limit");
    let say = |bytes: &[u8], connection: &mut Connection| {
        connection.write_all(bytes).expect("the server reads");
    };
    say(&without_windows(), &mut connection);
    // All that the connection is sent has room; of the streams, the third alone.
    say(&window(0, 1 << 24), &mut connection);
    for stream in [1, 3] {
        say(&get(stream, path, Some(&token)), &mut connection);
        assert_eq!(headers_of(&mut connection, stream) & END_STREAM, 0);
    }
    say(&window(3, 1 << 24), &mut connection);
    let visitor = city.bearer(&token);
    let mut told = Vec::new();
    let mut hear = |connection: &mut Connection| {
        let (kind, flags, piece) = next_frame(connection, 3);
        assert_eq!((kind, flags), (DATA, 0), "it flows");
        told.extend(piece);
        String::from_utf8_lossy(&told).into_owned()
    };
    visitor.get(path).await.expect(503);
    // A connection whose client answers no ping ends as a whole; so the other stream is read meanwhile.
    in_time("the place of the one that takes nothing", async {
        while visitor
            .request(Method::GET, path)
            .send()
            .await
            .is_ok_and(|it| it.status() == 503)
        {
            hear(&mut connection);
        }
    })
    .await;
    let counted = city.admin().get("/metrics").await.expect(200).text();
    let stalled = "atalaya_live_ended_total{outcome=\"stalled\"} 1\n";
    assert!(counted.contains(stalled), "{counted}");
    let later = json!({ "call_sign": "later", "unit_kind": "patrol", "status": "available" });
    city.post("units", &point("u", LON, LAT, &later)).await;
    while !hear(&mut connection).contains("later") {}
    // Given a window after all, the one that was let go ends after the piece that was under way.
    say(&window(1, 1 << 24), &mut connection);
    let mut pieces = 0;
    while next_frame(&mut connection, 1).1 & END_STREAM == 0 {
        pieces += 1;
    }
    assert_eq!(pieces, 1);
}
