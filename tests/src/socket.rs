//! A WebSocket client that can take compressed messages (RFC 6455, RFC 7692), which the other one cannot.
//!
//! Promises: what was read is never lost where waiting for the next message is given up.

use std::fmt::Write as _;

use flate2::{Decompress, FlushDecompress};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::visitor::Visitor;
use crate::wait::in_time;

/// What is cut off the end of a compressed message (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
const OFFER: &str = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";
/// Of the first byte of a frame: it ends a message.
const LAST: u8 = 0x80;
/// It begins a compressed one.
const COMPRESSED: u8 = 0x40;
/// It goes on with a message, begins a text, closes.
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    agreed: bool,
    /// Bytes that are no whole frame yet.
    read: Vec<u8>,
    /// The message so far, and whether it is compressed.
    begun: Vec<u8>,
    compressed: bool,
}

impl Visitor {
    /// Opens a live stream; `offer` says whether messages may come compressed.
    ///
    /// # Errors
    /// The head of the answer, where that is a refusal.
    pub async fn socket(&self, query: &str, offer: bool) -> Result<Socket, String> {
        let (_, address) = self.base().split_once("://").expect("an address");
        let stream = in_time("a connection", TcpStream::connect(address)).await;
        let mut stream = stream.expect("the server listens");
        let mut request = format!(
            "GET /live?{query} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        );
        for (name, value) in self.credentials() {
            let value = value.to_str().expect("credentials are plain text");
            write!(request, "{name}: {value}\r\n").expect("text grows");
        }
        request += if offer { OFFER } else { "" };
        request += "\r\n";
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = in_time("the head of an answer", stream.read_u8()).await;
            head.push(byte.map_err(|cause| cause.to_string())?);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        if !head.contains(" 101 ") {
            return Err(head);
        }
        Ok(Socket {
            stream,
            agreed: head.contains("permessage-deflate"),
            read: Vec::new(),
            begun: Vec::new(),
            compressed: false,
        })
    }
}

impl Socket {
    /// Whether messages may come compressed.
    pub fn agreed(&self) -> bool {
        self.agreed
    }

    /// The next text; `None` at the end.
    ///
    /// # Panics
    /// Where what comes is no text.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            while let Some((first, payload)) = self.frame() {
                match first & 0x0f {
                    CLOSE => return None,
                    TEXT => self.compressed = first & COMPRESSED != 0,
                    CONTINUATION => {}
                    _ => continue,
                }
                self.begun.extend_from_slice(&payload);
                if first & LAST != 0 {
                    return Some(self.text());
                }
            }
            let length = self.stream.read_buf(&mut self.read).await.ok()?;
            if length == 0 {
                return None;
            }
        }
    }

    /// Sends a text.
    pub async fn say(&mut self, text: &str) -> std::io::Result<()> {
        let length = u16::try_from(text.len()).expect("what a client says is short");
        // Masked, with 16 bits of length; any mask will do, also one that changes nothing.
        let mut frame = vec![LAST | TEXT, 0xfe];
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await
    }

    /// The first byte and the payload of a frame that is here whole.
    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, short, rest @ ..] = self.read.as_slice() else {
            return None;
        };
        let (length, rest) = match short & 0x7f {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
            short => (u64::from(short), rest),
        };
        let payload = rest.get(..usize::try_from(length).ok()?)?;
        let (first, payload) = (*first, payload.to_vec());
        let whole = self.read.len() - rest.len() + payload.len();
        self.read.drain(..whole);
        Some((first, payload))
    }

    fn text(&mut self) -> String {
        let mut message = std::mem::take(&mut self.begun);
        if std::mem::take(&mut self.compressed) {
            assert!(self.agreed, "a compressed message that nobody agreed on");
            message = inflated(&message);
        }
        String::from_utf8(message).expect("messages are text")
    }
}

/// A message as it was before it was compressed; nothing of another one is needed for it.
fn inflated(message: &[u8]) -> Vec<u8> {
    let whole = [message, &TAIL].concat();
    let mut inflater = Decompress::new(false);
    let mut text = Vec::with_capacity(4 * whole.len() + 64);
    loop {
        let read = usize::try_from(inflater.total_in()).expect("short");
        let done = inflater.decompress_vec(&whole[read..], &mut text, FlushDecompress::Sync);
        done.expect("a compressed message");
        if text.len() < text.capacity() {
            break;
        }
        text.reserve(text.len());
    }
    assert_eq!(inflater.total_in(), whole.len() as u64, "all of it is read");
    text
}
