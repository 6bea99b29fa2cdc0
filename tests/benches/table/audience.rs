//! A crowd of clients of the live stream that cost next to nothing: what comes is counted by the system and thrown away
//! unread, on a thread of its own.

use atalaya_tests::{City, Visitor, eventually};
use futures_util::future::join_all;
use socket2::SockRef;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

/// Clients that connect at the same time.
const AT_ONCE: usize = 50;
/// Bytes that are thrown away at once, at most.
const A_PIECE: usize = 1 << 20;
/// Throws away what it would give (`MSG_TRUNC` of tcp(7)).
const UNREAD: i32 = 0x20;

/// Clients that are connected until this is dropped.
#[derive(Debug)]
pub(crate) struct Audience {
    seen: Arc<Seen>,
    over: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// What the clients have seen so far.
#[derive(Debug, Default)]
struct Seen {
    connected: AtomicU32,
    ended: AtomicU32,
    bytes: AtomicU64,
}

impl Audience {
    /// Opens a stream for each of these queries, as one operator.
    pub(crate) async fn open(city: &City, queries: Vec<String>) -> Self {
        let (over, is_over) = watch::channel(false);
        let (seen, count) = (Arc::new(Seen::default()), queries.len());
        let (counted, operator) = (Arc::clone(&seen), city.operator());
        let thread = std::thread::spawn(move || attend(&operator, &queries, is_over, &counted));
        let audience = Self {
            seen,
            over,
            thread: Some(thread),
        };
        eventually("the audience", async || {
            (audience.seen.connected.load(Ordering::Relaxed) as usize == count).then_some(())
        })
        .await;
        audience
    }

    /// Bytes that all have got so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.seen.bytes.load(Ordering::Relaxed)
    }

    /// Clients whose stream ended too soon.
    pub(crate) fn lost(&self) -> u32 {
        self.seen.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        self.over.send_replace(true);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn attend(operator: &Visitor, queries: &[String], mut is_over: watch::Receiver<bool>, seen: &Seen) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let door = Semaphore::new(AT_ONCE);
        let door = &door;
        let all = join_all(queries.iter().map(|query| async move {
            let turn = door.acquire().await;
            let stream = connect(operator, query).await;
            drop(turn);
            seen.connected.fetch_add(1, Ordering::Relaxed);
            drain(&stream, seen).await;
            seen.ended.fetch_add(1, Ordering::Relaxed);
        }));
        tokio::select! {
            _ = all => {}
            _ = is_over.wait_for(|over| *over) => {}
        }
    });
}

/// Asks for a stream as a WebSocket, as a browser offers it, its messages in batches as our own pages take them.
async fn connect(operator: &Visitor, query: &str) -> TcpStream {
    let (_, address) = operator.base().split_once("://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let mut request = format!(
        "GET /live?{query}&batch=1 HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
        sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n"
    );
    for (name, value) in operator.credentials() {
        let value = value.to_str().expect("credentials are plain text");
        write!(request, "{name}: {value}\r\n").ok();
    }
    request += "\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut head)
        .await
        .expect("the server answers");
    let head = String::from_utf8_lossy(&head);
    assert!(head.ends_with(" 101"), "{head}");
    stream
}

/// Throws away what comes, to the end.
async fn drain(stream: &TcpStream, seen: &Seen) {
    let mut room = Vec::<u8>::with_capacity(A_PIECE);
    let socket = SockRef::from(stream);
    while stream.readable().await.is_ok() {
        let taken = stream.try_io(Interest::READABLE, || {
            socket.recv_with_flags(room.spare_capacity_mut(), UNREAD)
        });
        match taken {
            Ok(0) => return,
            Ok(taken) => {
                seen.bytes.fetch_add(taken as u64, Ordering::Relaxed);
            }
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
