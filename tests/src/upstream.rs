//! A server of somebody else, that the server under test fetches from: it answers what it was told to and remembers what it was
//! asked.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// An answer that is ready.
#[derive(Debug, Clone)]
pub struct Canned {
    status: u16,
    headers: String,
    body: Vec<u8>,
    /// Whether the length of the body is said beforehand.
    told_length: bool,
}

impl Canned {
    /// 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: String::new(),
            body: body.into(),
            told_length: true,
        }
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::ok("")
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        write!(self.headers, "{name}: {value}\r\n").expect("a text grows");
        self
    }

    /// Sends the body without saying how long it is.
    #[must_use]
    pub fn of_unknown_length(mut self) -> Self {
        self.told_length = false;
        self
    }

    fn wire(&self) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} Canned\r\nConnection: close\r\n{}",
            self.status, self.headers
        );
        if self.told_length {
            write!(head, "Content-Length: {}\r\n", self.body.len()).expect("a text grows");
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

#[derive(Debug, Default)]
struct Told {
    answers: Mutex<HashMap<String, Canned>>,
    asked: Mutex<Vec<String>>,
}

/// A server on a free port, ended when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    told: Arc<Told>,
    _serving: JoinSet<()>,
}

impl Upstream {
    /// A server that answers 404 to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let told = Arc::new(Told::default());
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&told)));
        Self {
            address,
            told,
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

    /// Answers a path and query with this from now on.
    pub fn tell(&self, target: &str, answer: Canned) {
        let mut answers = self.told.answers.lock();
        let answers = answers.as_mut().unwrap_or_else(|it| it.get_mut());
        answers.insert(target.to_owned(), answer);
    }

    /// The heads of the requests so far.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.told.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(listener: TcpListener, told: Arc<Told>) {
    let mut answering = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        answering.spawn(answer(connection, Arc::clone(&told)));
    }
}

async fn answer(mut connection: TcpStream, told: Arc<Told>) {
    let mut head = String::new();
    let mut lines = BufReader::new(&mut connection);
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let answer = {
        let answers = told.answers.lock();
        let answers = answers.unwrap_or_else(PoisonError::into_inner);
        answers.get(&target).cloned()
    };
    told.asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(head);
    let wire = answer.unwrap_or_else(|| Canned::status(404)).wire();
    // Whoever has read enough goes away.
    drop(connection.write_all(&wire).await);
    drop(connection.shutdown().await);
}
