//! An upstream that a server fetches from: it answers what a test says, and remembers how it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use atalaya_tests::eventually;

/// What an upstream answers.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// How many bytes more it promises than it sends.
    short_by: usize,
    /// Whether it takes the request and never answers.
    silent: bool,
}

impl Answer {
    /// A status and a body.
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            short_by: 0,
            silent: false,
        }
    }

    /// No answer at all.
    pub(super) fn silence() -> Self {
        Self {
            silent: true,
            ..Self::new(200, "")
        }
    }

    /// With a header. Where it is an `ETag`, who already has that is told 304.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Promising more bytes than come.
    #[must_use]
    pub(super) fn cut_short(mut self) -> Self {
        self.short_by = 1;
        self
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn bytes(&self, asked: &Asked) -> Vec<u8> {
        let known = asked.header("if-none-match");
        let unchanged = !known.is_empty() && self.header("etag") == Some(known);
        let (status, body) = if unchanged {
            (304, &[][..])
        } else {
            (self.status, self.body.as_slice())
        };
        let length = body.len() + self.short_by;
        let head =
            format!("HTTP/1.1 {status} .\r\ncontent-length: {length}\r\nconnection: close\r\n");
        let headers = self.headers.iter();
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        [head.as_bytes(), headers.concat().as_bytes(), b"\r\n", body].concat()
    }
}

/// How it was asked once.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Path and query.
    pub(super) target: String,
    headers: BTreeMap<String, String>,
}

impl Asked {
    /// A header by its name in lower case; empty where it was not sent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn read(stream: &TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let target = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers = lines.take_while(|line| !line.is_empty());
        let headers = headers.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        Some(Self {
            target,
            headers: headers.collect(),
        })
    }
}

#[derive(Debug)]
struct Script {
    answer: Answer,
    asked: Vec<Asked>,
}

/// A server of one answer at a time, on a port of its own.
#[derive(Debug)]
pub(super) struct Upstream {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    /// One that answers this, until it is told otherwise.
    pub(super) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let script = Arc::new(Mutex::new(Script {
            answer,
            asked: Vec::new(),
        }));
        let ended = Arc::new(AtomicBool::new(false));
        let (kept, over) = (Arc::clone(&script), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                silent.extend(serve(stream, &kept));
            }
        });
        Self {
            address,
            script,
            ended,
            thread: Some(thread),
        }
    }

    /// Its address, without a slash at its end.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers this from now on.
    pub(super) fn answer(&self, answer: Answer) {
        lock(&self.script).answer = answer;
    }

    /// How it was asked so far, in order.
    pub(super) fn asked(&self) -> Vec<Asked> {
        lock(&self.script).asked.clone()
    }

    /// Waits until it has been asked so many times from now on.
    pub(super) async fn asked_again(&self, times: usize) {
        let enough = self.asked().len() + times;
        eventually("the upstream to be asked", async || {
            (self.asked().len() >= enough).then_some(())
        })
        .await;
    }
}

/// Answers one request; the answer is the connection where it is to stay open.
fn serve(mut stream: TcpStream, script: &Mutex<Script>) -> Option<TcpStream> {
    let asked = Asked::read(&stream)?;
    let answer = {
        let mut script = lock(script);
        script.asked.push(asked.clone());
        script.answer.clone()
    };
    if answer.silent {
        return Some(stream);
    }
    // Who has gone away needs no answer.
    stream.write_all(&answer.bytes(&asked)).ok();
    None
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
