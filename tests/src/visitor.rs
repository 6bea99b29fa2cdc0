//! Somebody who asks: a program with a bearer token, a browser with a session, or nobody in particular.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::certificate::Certificate;
use crate::live::{Live, Texts};
use crate::tile::Tile;
use crate::wait::in_time;

/// How long a connection is kept for the next request: less than the server keeps it.
const IDLE_MOST: Duration = Duration::from_secs(2);

/// Who asks, and where.
#[derive(Debug, Clone)]
pub struct Visitor {
    http: Client,
    base: String,
    /// The certificate that it trusts, of a server with TLS.
    trusted: Option<Certificate>,
    credentials: HeaderMap,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came over the wire: nothing is decompressed.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's text; empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none, with the status and the body.
    pub fn json(&self) -> Value {
        let read = serde_json::from_slice(&self.body);
        assert!(read.is_ok(), "{}: not JSON: {}", self.status, self.text());
        read.expect("just asserted")
    }

    /// Insists on a status.
    ///
    /// # Panics
    /// Where it is another, with the body.
    #[track_caller]
    #[expect(
        clippy::return_self_not_must_use,
        reason = "insisting may be all that is wanted"
    )]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Insists on a status and on a problem document.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "insisting may be all that is wanted"
    )]
    pub fn expect_problem(self, status: u16) -> Self {
        let kind = self.header("content-type");
        assert!(
            kind.starts_with("application/problem+json"),
            "{}",
            self.text()
        );
        self.expect(status)
    }
}

impl Visitor {
    /// Trusts nobody but the certificate given.
    pub(crate) fn new(base: &str, trusted: Option<&Certificate>) -> Self {
        let client = Client::builder()
            .no_gzip()
            // A server ends what has been idle for a while; who asks on it just then gets no answer.
            .pool_idle_timeout(IDLE_MOST)
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only(trusted.map(Certificate::trusted))
            .build();
        Self {
            http: client.expect("a client with these roots"),
            base: base.to_owned(),
            trusted: trusted.cloned(),
            credentials: HeaderMap::new(),
        }
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        let value =
            HeaderValue::from_str(&format!("Bearer {token}")).expect("tokens are plain text");
        self.credentials.insert(AUTHORIZATION, value);
        self
    }

    /// With a cookie, as a browser that has signed in.
    ///
    /// # Panics
    /// Where it is no plain text.
    #[must_use]
    pub fn with_cookie(mut self, cookie: &str) -> Self {
        self.credentials.insert(
            COOKIE,
            HeaderValue::from_str(cookie).expect("cookies are plain text"),
        );
        self
    }

    /// The server's address, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn trusted(&self) -> Option<&Certificate> {
        self.trusted.as_ref()
    }

    /// The headers that say who asks.
    pub fn credentials(&self) -> &HeaderMap {
        &self.credentials
    }

    /// A request of this visitor, to be completed and passed to [`Self::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .headers(self.credentials.clone())
    }

    /// Sends a request and reads the answer to its end.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        in_time("an answer", Self::try_send(request))
            .await
            .expect("the server answers")
    }

    /// Sends a request that may get no answer.
    pub async fn try_send(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply {
            status,
            headers,
            body: response.bytes().await?.to_vec(),
        })
    }

    /// `GET` of a path.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// `GET` of a path that answers 200 with JSON.
    pub async fn json(&self, path: &str) -> Value {
        self.get(path).await.expect(200).json()
    }

    /// The epoch of the log, as the header of a read says it.
    pub async fn epoch(&self) -> String {
        let reply = self.get("/near?lon=0&lat=0&limit=1").await.expect(200);
        let epoch = reply
            .header("atalaya-seq")
            .split_once(':')
            .map(|(epoch, _)| epoch.to_owned());
        epoch.expect("a read says where it stands")
    }

    /// `POST` of a JSON document.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A tile, decoded; an empty one for 204.
    pub async fn tile(&self, layers: &str, z: u8, x: u32, y: u32) -> Tile {
        let reply = self.get(&format!("/tiles/{layers}/{z}/{x}/{y}")).await;
        if reply.status == 204 {
            return Tile::default();
        }
        Tile::decode(&reply.expect(200).body)
    }

    /// A live stream over WebSocket.
    pub async fn live(&self, query: &str) -> Live {
        Live::websocket(self, query).await
    }

    /// A live stream over WebSocket, as it comes.
    pub async fn texts(&self, query: &str) -> Texts {
        Texts::open(self, query).await
    }

    /// A live stream of Server-Sent Events.
    pub async fn events(&self, query: &str) -> Live {
        Live::events(self, query).await
    }
}
