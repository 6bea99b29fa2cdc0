//! A server of somebody else, that the server under test fetches from: it answers what it was told to and remembers what it was
//! asked.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::eventually;

/// What an upstream answers.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    length: Length,
}

/// What an answer says of the length of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Told,
    Untold,
    /// One byte more than comes.
    Exceeded,
    /// The request is taken, and nothing comes at all.
    Silence,
    /// Of the part that was asked for, where one was.
    Parts,
}

impl Answer {
    /// A status and a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            length: Length::Told,
        }
    }

    /// 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self::new(status, "")
    }

    /// No answer at all.
    pub fn silence() -> Self {
        Self::ok("").of(Length::Silence)
    }

    /// With a header. Where it is an `ETag`, who already has that is told 304.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_lowercase(), value.to_owned()));
        self
    }

    /// Without saying how long the body is.
    #[must_use]
    pub fn of_unknown_length(self) -> Self {
        self.of(Length::Untold)
    }

    /// Promising more bytes than come.
    #[must_use]
    pub fn cut_short(self) -> Self {
        self.of(Length::Exceeded)
    }

    /// Answering ranges.
    #[must_use]
    pub fn in_parts(self) -> Self {
        self.of(Length::Parts)
    }

    fn of(self, length: Length) -> Self {
        Self { length, ..self }
    }

    /// What goes out to who asked so; `None` for silence.
    fn wire(&self, asked: &Asked) -> Option<Vec<u8>> {
        let known = asked.header("if-none-match");
        let etag = self.headers.iter().find(|(name, _)| name == "etag");
        let unchanged = etag.is_some_and(|(_, etag)| etag == known);
        let part = asked.range().filter(|_| self.length == Length::Parts);
        let (status, body) = match part {
            _ if unchanged => (304, &[][..]),
            Some((first, last)) if first < self.body.len() => {
                (206, &self.body[first..self.body.len().min(last + 1)])
            }
            Some(_) => (416, &[][..]),
            None => (self.status, self.body.as_slice()),
        };
        let length = match self.length {
            Length::Told | Length::Parts => Some(body.len()),
            Length::Untold => None,
            Length::Exceeded => Some(body.len() + 1),
            Length::Silence => return None,
        };
        let mut head = format!("HTTP/1.1 {status} .\r\nconnection: close\r\n");
        if let Some(length) = length {
            write!(head, "content-length: {length}\r\n").expect("a text grows");
        }
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("a text grows");
        }
        Some([head.as_bytes(), b"\r\n", body].concat())
    }
}

/// How an upstream was asked once.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Path and query.
    pub target: String,
    headers: BTreeMap<String, String>,
}

impl Asked {
    /// A header by its name in lower case; empty where it was not sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The first and last byte of the range that was asked for, if one was.
    fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self
            .header("range")
            .strip_prefix("bytes=")?
            .split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }

    async fn read(connection: &mut TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(connection).lines();
        let first = lines.next_line().await.ok()??;
        let mut headers = BTreeMap::new();
        loop {
            let line = lines.next_line().await.ok()??;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        Some(Self {
            target: first.split(' ').nth(1)?.to_owned(),
            headers,
        })
    }
}

/// What an upstream was told to answer, and what it was asked.
#[derive(Debug)]
struct Script {
    usual: Answer,
    answers: HashMap<String, Answer>,
    asked: Vec<Asked>,
}

/// A server on a free port, ended when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    _serving: JoinSet<()>,
}

impl Upstream {
    /// A server that answers 404 to everything.
    pub async fn start() -> Self {
        Self::answering(Answer::status(404)).await
    }

    /// A server that answers this to everything, until it is told otherwise.
    pub async fn answering(usual: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let script = Arc::new(Mutex::new(Script {
            usual,
            answers: HashMap::new(),
            asked: Vec::new(),
        }));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&script)));
        Self {
            address,
            script,
            _serving: serving,
        }
    }

    /// Its address, without a slash at its end.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port, as text.
    pub fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// Answers this from now on to what has no answer of its own.
    pub fn answer(&self, usual: Answer) {
        lock(&self.script).usual = usual;
    }

    /// Answers this from now on to a path and query.
    pub fn tell(&self, target: &str, answer: Answer) {
        let mut script = lock(&self.script);
        script.answers.insert(target.to_owned(), answer);
    }

    /// How it was asked so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.script).asked.clone()
    }

    /// Waits until it has been asked so many times from now on.
    pub async fn asked_again(&self, times: usize) {
        let enough = self.asked().len() + times;
        eventually("the upstream to be asked", async || {
            (self.asked().len() >= enough).then_some(())
        })
        .await;
    }
}

async fn serve(listener: TcpListener, script: Arc<Mutex<Script>>) {
    let mut answering = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        answering.spawn(answer(connection, Arc::clone(&script)));
    }
}

async fn answer(mut connection: TcpStream, script: Arc<Mutex<Script>>) {
    let Some(asked) = Asked::read(&mut connection).await else {
        return;
    };
    let wire = {
        let mut script = lock(&script);
        let answer = script.answers.get(&asked.target).unwrap_or(&script.usual);
        let wire = answer.wire(&asked);
        script.asked.push(asked);
        wire
    };
    let Some(wire) = wire else {
        return std::future::pending().await;
    };
    // Whoever has read enough goes away.
    drop(connection.write_all(&wire).await);
    drop(connection.shutdown().await);
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}
