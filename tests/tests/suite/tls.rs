//! TLS on the listener: what browsers are told over it, its certificate while the server runs, and what is said of files that
//! cannot be used.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use atalaya_tests::{Certificate, City, DOWNTOWN, Ran, atalaya, eventually, incident};
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

/// What decodes a header list for HTTP/2 takes sixteen megabytes of it, and some bytes are a hundred.
#[tokio::test]
async fn http_1_alone_is_spoken() {
    let certificate = Certificate::new();
    let city = City::with_tls(&certificate).await;
    let mut first = connect(&city, &[&certificate], &["h2", "http/1.1"]);
    assert_eq!(first.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    first.write_all(request).expect("the server reads");
    let mut head = [0; 15];
    first.read_exact(&mut head).expect("the server answers");
    assert_eq!(&head, b"HTTP/1.1 200 OK");

    let mut second = connect(&city, &[&certificate], &[]);
    second
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        .expect("the socket takes it");
    let mut answer = Vec::new();
    second.read_to_end(&mut answer).ok();
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
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
