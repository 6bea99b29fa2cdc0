//! A live stream as a client holds it: messages in order, and the picture that they add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use futures_util::stream::{self, Stream, StreamExt as _};
use futures_util::{Sink, SinkExt as _};
use reqwest::Method;
use reqwest::header::{COOKIE, HeaderValue, ORIGIN};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::certificate::Certificate;
use crate::visitor::Visitor;
use crate::wait::in_time;

/// What a client holds after the messages so far, by the rules of the contract.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Held {
    /// Features by layer and id, each with the cell that it came from.
    features: BTreeMap<(String, String), (String, Value)>,
}

impl Held {
    /// The ids held of a layer, sorted.
    pub fn ids(&self, layer: &str) -> Vec<&str> {
        self.features
            .keys()
            .filter(|(of, _)| of == layer)
            .map(|(_, id)| id.as_str())
            .collect()
    }

    /// A feature.
    pub fn feature(&self, layer: &str, id: &str) -> Option<&Value> {
        self.features
            .get(&(layer.to_owned(), id.to_owned()))
            .map(|(_, feature)| feature)
    }

    /// Drops what is not of these layers and cells; what is in no cell is in `*`.
    pub fn keep(&mut self, layers: &[&str], cells: &[&str]) {
        self.features.retain(|(layer, _), (cell, _)| {
            layers.contains(&layer.as_str()) && (cell == "*" || cells.contains(&cell.as_str()))
        });
    }

    /// What the two hold apart from each other, in words.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let keys: BTreeSet<_> = self.features.keys().chain(other.features.keys()).collect();
        let both = |key| (self.features.get(key), other.features.get(key));
        let differ = keys.into_iter().filter(|key| both(*key).0 != both(*key).1);
        differ
            .map(|key| format!("of {key:?} {:?} and {:?}", both(key).0, both(key).1))
            .collect()
    }

    /// Takes one message in.
    ///
    /// # Panics
    /// Where a feature has no id.
    pub fn apply(&mut self, message: &Value) {
        let text = |member: &str| message[member].as_str().unwrap_or_default().to_owned();
        let (layer, cell) = (text("layer"), text("cell"));
        let features = match message["type"].as_str() {
            Some("snapshot") => {
                self.features
                    .retain(|(of, _), (from, _)| *of != layer || *from != cell);
                &message["features"]
            }
            Some("delta") => {
                for id in message["removes"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                {
                    let key = (layer.clone(), id.to_owned());
                    if self
                        .features
                        .get(&key)
                        .is_some_and(|(from, _)| *from == cell)
                    {
                        self.features.remove(&key);
                    }
                }
                &message["upserts"]
            }
            _ => return,
        };
        for feature in features.as_array().into_iter().flatten() {
            let id = feature["id"].as_str().expect("ids are strings").to_owned();
            self.features
                .insert((layer.clone(), id), (cell.clone(), feature.clone()));
        }
    }
}

type Messages = Pin<Box<dyn Stream<Item = Value> + Send>>;
type Outgoing = Pin<Box<dyn Sink<Message, Error = Error> + Send>>;

/// An open stream.
pub struct Live {
    messages: Messages,
    /// The code that a WebSocket was closed with.
    code: Arc<OnceLock<u16>>,
    outgoing: Option<Outgoing>,
    held: Held,
    last_id: String,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("last_id", &self.last_id)
            .finish_non_exhaustive()
    }
}

/// The texts of an open WebSocket as they come, for those who cannot spare the time to read them all.
pub struct Texts(Pin<Box<dyn Stream<Item = String> + Send>>);

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").finish_non_exhaustive()
    }
}

impl Texts {
    pub(crate) async fn open(visitor: &Visitor, query: &str) -> Self {
        let (_, incoming) = connect(visitor, query).await.split();
        Self(Box::pin(incoming.filter_map(
            async |message| match message {
                Ok(Message::Text(text)) => Some(text.to_string()),
                _ => None,
            },
        )))
    }

    /// The next one; `None` at the end.
    pub async fn next(&mut self) -> Option<String> {
        self.0.next().await
    }
}

/// What a WebSocket runs over: TCP, or TLS on it.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

type Socket = WebSocketStream<Box<dyn Wire>>;

async fn connect(visitor: &Visitor, query: &str) -> Socket {
    let address = format!("{}/live?{query}", visitor.base().replacen("http", "ws", 1));
    let mut request = address.into_client_request().expect("a WebSocket address");
    for (name, value) in visitor.credentials() {
        request.headers_mut().insert(name.clone(), value.clone());
        if name == COOKIE {
            // A browser says which page asks; a program with a token has none.
            let own = HeaderValue::from_str(visitor.base()).expect("addresses are plain text");
            request.headers_mut().insert(ORIGIN, own);
        }
    }
    let wire = in_time("a connection", wire(visitor)).await;
    let opened = in_time("a WebSocket", client_async(request, wire)).await;
    opened.expect("the server upgrades").0
}

async fn wire(visitor: &Visitor) -> Box<dyn Wire> {
    let (_, address) = visitor.base().split_once("://").expect("an address");
    let socket = TcpStream::connect(address).await;
    let socket = socket.expect("the server listens");
    let Some(trusted) = visitor.trusted() else {
        return Box::new(socket);
    };
    let client = Certificate::client(&[trusted], &["http/1.1"]);
    let client = TlsConnector::from(Arc::new(client));
    let (host, _) = address.rsplit_once(':').expect("an address has a port");
    let name = ServerName::try_from(host.to_owned()).expect("an address");
    let connected = client.connect(name, socket).await;
    Box::new(connected.expect("the handshake succeeds"))
}

impl Live {
    pub(crate) async fn websocket(visitor: &Visitor, query: &str) -> Self {
        let (outgoing, incoming) = connect(visitor, query).await.split();
        let code = Arc::new(OnceLock::new());
        let noted = Arc::clone(&code);
        let messages = incoming.filter_map(move |message| {
            std::future::ready(match message {
                Ok(Message::Text(text)) => {
                    Some(serde_json::from_str(&text).expect("messages are JSON"))
                }
                Ok(Message::Close(Some(frame))) => {
                    noted.set(frame.code.into()).ok();
                    None
                }
                _ => None,
            })
        });
        Self {
            code,
            ..Self::new(Box::pin(messages), Some(Box::pin(outgoing)))
        }
    }

    pub(crate) async fn events(visitor: &Visitor, query: &str) -> Self {
        let mut request = visitor.request(Method::GET, &format!("/live?{query}"));
        if visitor.credentials().contains_key(COOKIE) {
            request = request.header(ORIGIN, visitor.base());
        }
        let response = in_time("an event stream", request.send())
            .await
            .expect("the server answers");
        assert_eq!(response.status().as_u16(), 200, "{response:?}");
        let kind = response
            .headers()
            .get("content-type")
            .and_then(|it| it.to_str().ok())
            .unwrap_or_default();
        assert!(kind.starts_with("text/event-stream"), "content type {kind}");
        let state = (response.bytes_stream().boxed(), String::new());
        let messages = stream::unfold(state, |(mut bytes, mut waiting)| async move {
            loop {
                if let Some((event, rest)) = waiting.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    waiting = rest;
                    if let Some(message) = server_sent(&event) {
                        return Some((message, (bytes, waiting)));
                    }
                    continue;
                }
                let chunk = bytes.next().await?.ok()?;
                waiting.push_str(&String::from_utf8_lossy(&chunk));
            }
        });
        Self::new(Box::pin(messages), None)
    }

    fn new(messages: Messages, outgoing: Option<Outgoing>) -> Self {
        Self {
            messages,
            code: Arc::default(),
            outgoing,
            held: Held::default(),
            last_id: String::new(),
        }
    }

    /// The next message, applied to what is held.
    ///
    /// # Panics
    /// Where the stream ends, or nothing comes until the deadline.
    pub async fn next(&mut self) -> Value {
        let message = in_time("a live message", self.messages.next())
            .await
            .expect("the stream goes on");
        self.held.apply(&message);
        if message["type"] == "tick" {
            message["id"]
                .as_str()
                .expect("a tick has an id")
                .clone_into(&mut self.last_id);
        }
        message
    }

    /// The messages up to the next tick, that one included.
    pub async fn until_tick(&mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            messages.push(self.next().await);
            if messages.last().is_some_and(|it| it["type"] == "tick") {
                return messages;
            }
        }
    }

    /// Reads on until what is held fulfils the condition at a tick.
    ///
    /// # Panics
    /// At the deadline, with what is held instead.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Held) -> bool) -> &Held {
        let waited = tokio::time::timeout(crate::DEADLINE, async {
            self.until_tick().await;
            while !holds(&self.held) {
                self.until_tick().await;
            }
        });
        let ended = waited.await.is_ok();
        assert!(ended, "waited for {what}, and held {:#?}", self.held);
        &self.held
    }

    /// Reads on to the end of the stream; the answer is the last message, and the code that a WebSocket was
    /// closed with.
    pub async fn ended(mut self) -> (Value, Option<u16>) {
        let mut last = Value::Null;
        let read = async {
            while let Some(message) = self.messages.next().await {
                last = message;
            }
        };
        in_time("the stream to end", read).await;
        (last, self.code.get().copied())
    }

    /// What is held now.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The id of the last tick, for `after=`.
    pub fn last_id(&self) -> &str {
        &self.last_id
    }

    /// Changes layers and viewport of a WebSocket.
    ///
    /// # Panics
    /// On an event stream, which cannot send.
    pub async fn subscribe(&mut self, layers: &[&str], bbox: [f64; 4]) {
        let text = json!({ "type": "subscribe", "layers": layers, "bbox": bbox }).to_string();
        let outgoing = self.outgoing.as_mut().expect("a WebSocket");
        in_time("a message to leave", outgoing.send(Message::text(text)))
            .await
            .expect("the socket is open");
    }
}

/// The message in one event; its name and id must be those of the message.
fn server_sent(event: &str) -> Option<Value> {
    let field = |name: &str| {
        event
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim_start)
    };
    let message: Value = serde_json::from_str(field("data:")?).expect("messages are JSON");
    assert_eq!(
        field("event:"),
        message["type"].as_str(),
        "the event's name is the type"
    );
    assert_eq!(
        field("id:"),
        message["id"].as_str(),
        "the event's id is the message's"
    );
    Some(message)
}
