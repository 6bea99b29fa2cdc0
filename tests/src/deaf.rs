//! A client that asks for a stream and takes nothing of it, or says what no client should.

use std::fmt::Write as _;
use std::net::SocketAddr;

use reqwest::header::COOKIE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::visitor::Visitor;
use crate::wait::in_time;

/// Bytes that its system keeps for it; beyond them its window is shut.
const WINDOW: u32 = 4_096;

/// A connection on which a stream was asked for, and answered; no byte of its body has been read.
#[derive(Debug)]
pub struct Deaf(TcpStream);

impl Visitor {
    /// Asks for a stream, as WebSocket or as events, with a receive buffer that holds next to nothing.
    pub async fn deaf(&self, query: &str, websocket: bool) -> Deaf {
        let address: SocketAddr = self
            .base()
            .trim_start_matches("http://")
            .parse()
            .expect("an address");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(WINDOW).expect("a small buffer");
        let mut stream = socket.connect(address).await.expect("the server accepts");
        let mut request = format!("GET /live?{query} HTTP/1.1\r\nhost: {address}\r\n");
        for (name, value) in self.credentials() {
            let value = value.to_str().expect("credentials are plain text");
            write!(request, "{name}: {value}\r\n").expect("text grows");
        }
        if self.credentials().contains_key(COOKIE) {
            // A browser says which page asks.
            write!(request, "origin: {}\r\n", self.base()).expect("text grows");
        }
        if websocket {
            request += "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
        }
        request += "\r\n";
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = in_time("the head of an answer", stream.read_u8()).await;
            head.push(byte.expect("the server answers"));
        }
        let head = String::from_utf8_lossy(&head);
        let status = if websocket { " 101 " } else { " 200 " };
        assert!(head.contains(status), "{head}");
        Deaf(stream)
    }
}

impl Deaf {
    /// Sends bytes as they are.
    pub async fn say(&mut self, bytes: &[u8]) {
        in_time("bytes to leave", self.0.write_all(bytes))
            .await
            .expect("the server takes them");
    }

    /// Everything that still comes until the connection ends, in whatever way.
    ///
    /// # Panics
    /// At the deadline.
    pub async fn until_the_end(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A connection that was cut is an end as good as any.
        let ended = in_time("the end of a connection", self.0.read_to_end(&mut rest)).await;
        drop(ended);
        rest
    }
}
