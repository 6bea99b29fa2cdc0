//! A live stream as somebody holds it, over either transport. Giving up waiting for a message loses nothing.

use atalaya_tests::{Socket, Visitor, in_time};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::chance::Chance;
use super::look::Look;

/// What carries the messages.
#[derive(Debug)]
enum Wire {
    Socket(Socket),
    Events { answer: Response, read: Vec<u8> },
}

/// An open stream.
#[derive(Debug)]
pub(super) struct Link {
    wire: Wire,
    /// Its name, as hello says it.
    pub(super) stream: String,
}

impl Link {
    /// Opens a stream over any transport: events, or a WebSocket with messages one by one or in arrays, compressed or not.
    pub(super) async fn open(
        visitor: &Visitor,
        look: &Look,
        after: &str,
        chance: &mut Chance,
    ) -> Self {
        let mut query = look.query() + "&after=" + after;
        let wire = if chance.percent(25) {
            let request = visitor.request(Method::GET, &format!("/live?{query}"));
            let answer = in_time("an event stream", request.send()).await;
            let answer = answer.expect("the server answers");
            assert_eq!(answer.status().as_u16(), 200, "{query}");
            Wire::Events {
                answer,
                read: Vec::new(),
            }
        } else {
            query += *chance.one_of(&["", "&batch=1"]);
            let offer = chance.percent(50);
            let socket = visitor.socket(&query, offer).await;
            let socket = socket.expect("the server upgrades");
            assert_eq!(socket.agreed(), offer, "an offer is taken");
            Wire::Socket(socket)
        };
        Self {
            wire,
            stream: String::new(),
        }
    }

    /// The next text: a message or an array of them; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<String> {
        let (answer, read) = match &mut self.wire {
            Wire::Socket(socket) => return socket.next().await,
            Wire::Events { answer, read } => (answer, read),
        };
        loop {
            if let Some(end) = read.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = read.drain(..end + 2).collect();
                let event = String::from_utf8(event).expect("messages are text");
                let told = event.lines().find_map(|line| line.strip_prefix("data:"));
                match told {
                    Some(told) => return Some(told.to_owned()),
                    None => continue,
                }
            }
            read.extend_from_slice(&answer.chunk().await.ok()??);
        }
    }

    /// Asks for something else: by a message where there can be one, else by `PATCH`. False where the stream is gone.
    pub(super) async fn look(&mut self, visitor: &Visitor, look: &Look) -> bool {
        let mut change = look.change();
        if let Wire::Socket(socket) = &mut self.wire {
            change["type"] = json!("subscribe");
            return socket.say(&change.to_string()).await.is_ok();
        }
        let path = format!("/live/{}", self.stream);
        let request = visitor.request(Method::PATCH, &path).json(&change);
        visitor.send(request).await.status == 204
    }
}

/// The messages in a text.
pub(super) fn messages(text: &str) -> Vec<Value> {
    let read = if text.starts_with('[') {
        serde_json::from_str(text)
    } else {
        serde_json::from_str(text).map(|message| vec![message])
    };
    read.expect("messages are JSON")
}
