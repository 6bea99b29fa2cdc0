//! What vendors sign in the place of a key: believed where it holds, and nothing of it anywhere else.

use atalaya_tests::{City, DOWNTOWN, Visitor, eventually, incident as made};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use sha2::Sha256;
use std::io::Write;
use std::net::TcpStream;

const SECRET: &str = "a secret that a vendor was told";
const CONFIG: &str = r#"
[[feeds]]
name = "vendor"
adaptor = "geojson"
layer = "incidents"
signature = { scheme = "hmac-sha256", header = "X-Signature", timestamp_header = "X-Signed-At", secret = "env:VENDOR" }

[[feeds]]
name = "other"
adaptor = "geojson"
layer = "incidents"
"#;

/// A city, and the seconds since 1970 that it has.
async fn city() -> (City, i64) {
    let mut city = City::start().await;
    city.configure(CONFIG, &[("VENDOR", SECRET)]).await;
    let now = now(&city).await;
    (city, now)
}

async fn now(city: &City) -> i64 {
    let feeds: Value = city.operator().json("/feeds").await;
    let now = feeds["server_time"].as_str().expect("an instant");
    now.parse::<Timestamp>().expect("an instant").as_second()
}

fn incident(id: &str) -> String {
    made(id, DOWNTOWN.0, DOWNTOWN.1).to_string()
}

/// `sha256=…` over an instant and a body.
fn signature(seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let digits = mac.finalize().into_bytes();
    digits.iter().fold("sha256=".to_owned(), |text, byte| {
        format!("{text}{byte:02x}")
    })
}

/// A post to a feed with a signature of then.
struct Post<'a> {
    feed: &'a str,
    body: String,
    signed_at: i64,
    said_at: i64,
    signature: Option<String>,
}

impl<'a> Post<'a> {
    fn of(feed: &'a str, body: String, now: i64) -> Self {
        Self {
            feed,
            body,
            signed_at: now,
            said_at: now,
            signature: None,
        }
    }

    async fn send(&self, from: &Visitor) -> atalaya_tests::Reply {
        let signed = || signature(self.signed_at, &self.body);
        let request = from
            .request(Method::POST, &format!("/feeds/{}", self.feed))
            .header("content-type", "application/geo+json")
            .header("x-signed-at", self.said_at.to_string())
            .header("x-signature", self.signature.clone().unwrap_or_else(signed))
            .body(self.body.clone());
        from.send(request).await
    }
}

async fn incidents(city: &City) -> usize {
    let page: Value = city
        .operator()
        .json("/ogc/collections/incidents/items")
        .await;
    page["features"].as_array().expect("features").len()
}

#[tokio::test]
async fn what_a_vendor_signed_is_taken_without_a_key() {
    let (city, now) = city().await;
    let anybody = city.anybody();
    let post = Post::of("vendor", incident("a"), now);
    let receipt: Value = post.send(&anybody).await.expect(200).json();
    assert_eq!(receipt["accepted"], 1);
    let again: Value = post.send(&anybody).await.expect(200).json();
    assert_eq!(again["duplicates"], 1, "the same again changes nothing");
    assert_eq!(incidents(&city).await, 1);
    // A key goes on to hold.
    let keyed = city.bearer(&city.key("vendor"));
    let mut keyed_only = Post::of("vendor", incident("b"), now);
    keyed_only.signature = Some("nonsense".into());
    keyed_only.send(&keyed).await.expect(200);
    assert_eq!(incidents(&city).await, 2);
    assert!(!city.log().contains(SECRET));
}

#[tokio::test]
async fn what_nobody_signed_is_refused() {
    let (city, now) = city().await;
    let anybody = city.anybody();
    let good = || Post::of("vendor", incident("a"), now);
    let mut tampered = good();
    tampered.signature = Some(signature(tampered.signed_at, &incident("b")));
    let mut old = good();
    (old.signed_at, old.said_at) = (old.signed_at - 400, old.said_at - 400);
    let mut moved = good();
    moved.signed_at -= 400;
    let mut nonsense = good();
    nonsense.signature = Some("sha256=".into());
    let elsewhere = Post::of("other", incident("a"), now);
    let nowhere = Post::of("nonesuch", incident("a"), now);
    for post in [tampered, old, moved, nonsense, elsewhere, nowhere] {
        post.send(&anybody).await.expect_problem(401);
    }
    // What it shows first is what it is judged by.
    good()
        .send(&city.bearer("nonsense"))
        .await
        .expect_problem(401);
    let large = "x".repeat((1 << 20) + 1);
    let large = Post::of("vendor", large, now);
    large.send(&anybody).await.expect_problem(413);
    assert_eq!(incidents(&city).await, 0);
}

#[tokio::test]
async fn whoever_guesses_signatures_is_stopped_before_the_body() {
    let (city, now) = city().await;
    let anybody = city.anybody();
    let mut post = Post::of("vendor", incident("a"), now);
    post.signature = Some("00".repeat(32));
    let mut answers = Vec::new();
    for _ in 0..200 {
        let reply = post.send(&anybody).await;
        answers.push(reply.status);
        if reply.status == 429 {
            break;
        }
    }
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    post.signature = None;
    let refused = post.send(&anybody).await.expect_problem(429);
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_said_and_opens_nothing() {
    let mut city = City::start().await;
    city.expect_log("takes no signature");
    city.configure(CONFIG, &[]).await;
    assert!(
        city.log()
            .contains("takes no signature: the environment variable VENDOR is not set")
    );
    let post = Post::of("vendor", incident("a"), now(&city).await);
    post.send(&city.anybody()).await.expect_problem(401);
}

/// A body that never comes has held a place for nothing; its address would hold them all.
#[tokio::test]
async fn whoever_gives_bodies_up_is_stopped_as_well() {
    let (city, now) = city().await;
    let (_, address) = city.base().split_once("://").expect("an address");
    let head = format!(
        "POST /feeds/vendor HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/geo+json\r\n\
         Content-Length: 100\r\nX-Signed-At: {now}\r\nX-Signature: {}\r\n\r\n{{",
        "00".repeat(32)
    );
    let post = Post::of("vendor", incident("a"), now);
    eventually("to be refused", async || {
        let mut connection = TcpStream::connect(address).expect("a connection");
        connection.write_all(head.as_bytes()).expect("it is taken");
        drop(connection);
        (post.send(&city.anybody()).await.status == 429).then_some(())
    })
    .await;
}
