//! Messages on their way to one connection, cut into pieces that are made when they are asked for.
//!
//! A long message is shared with other connections until its last piece is cut: what a connection has
//! to itself is one piece of at most [`PIECE`] bytes, and the few bytes around a message.

use super::deflate::{self, BETWEEN, CLOSING, END, OPENING};
use super::message::{Coding, Message};
use super::websocket::{self, COMPRESSED, CONTINUATION, TEXT};
use bytes::Bytes;
use std::collections::VecDeque;

/// The most bytes of a text in one piece: a WebSocket frame, or a chunk of an event stream. The framework's buffer of a
/// connection grows to a piece and keeps that; with what stands before it, it is 16 KiB, and a tick of a busy city.
const PIECE: usize = (16 << 10) - 16;
/// An array of messages is closed once it is this long; a longer message makes an array of its own.
const ENOUGH: usize = 64 << 10;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// As Server-Sent Events.
    Events,
    /// As WebSocket messages; a long one in several frames (RFC 6455 section 5.4).
    Frames,
    /// As WebSocket messages that are JSON arrays of several: a first snapshot is a message for each
    /// layer and cell, most of them empty, and a browser takes WebSocket messages one by one.
    Batches,
}

/// What one connection has yet to take.
#[derive(Debug)]
pub(super) struct Wire {
    writing: Writing,
    /// How the texts of a WebSocket are written.
    coding: Coding,
    messages: VecDeque<Message>,
    /// What is left of the text that is being cut: an event, a message or an array of messages.
    text: VecDeque<Bytes>,
    /// A frame that may go between those of a text; the latest counts.
    control: Option<Bytes>,
    /// The frame after everything else.
    close: Option<Bytes>,
}

impl Wire {
    /// A connection that nothing waits for; an event stream is always plain.
    pub(super) fn new(writing: Writing, coding: Coding) -> Self {
        Self {
            writing,
            coding,
            messages: VecDeque::new(),
            text: VecDeque::new(),
            control: None,
            close: None,
        }
    }

    /// How messages that many share are to be written.
    pub(super) fn coding(&self) -> Coding {
        self.coding
    }

    /// Puts a message at the end, plain or as this connection writes.
    pub(super) fn push(&mut self, message: Message) {
        self.messages.push_back(message);
    }

    /// Puts a control frame before what waits.
    pub(super) fn control(&mut self, frame: Bytes) {
        self.control = Some(frame);
    }

    /// Forgets what waits, the rest of a text included; what goes out yet is a farewell, and after it
    /// the frame that closes a WebSocket. In the middle of a text no message can follow: then the close
    /// frame has to say it, and an event stream just ends, which discards the event (HTML section 9.2.6).
    pub(super) fn end(&mut self, farewell: Option<Message>, close: Option<Bytes>) {
        let amid = !self.text.is_empty();
        self.text.clear();
        self.messages.clear();
        self.control = None;
        if !amid {
            self.messages.extend(farewell);
        }
        if self.writing != Writing::Events {
            self.close = close;
        }
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        if let Some(frame) = self.control.take() {
            return Some(frame);
        }
        let first = self.text.is_empty();
        if first {
            self.begin();
        }
        let rest: usize = self.text.iter().map(Bytes::len).sum();
        if rest == 0 {
            // It may be long until there is something again, and there are many connections.
            self.messages = VecDeque::new();
            self.text = VecDeque::new();
            return self.close.take();
        }
        let length = rest.min(PIECE);
        let mut piece = Vec::with_capacity(length + 10);
        if self.writing != Writing::Events {
            let opcode = match (first, self.coding) {
                (true, Coding::Plain) => TEXT,
                (true, Coding::Deflated) => TEXT | COMPRESSED,
                (false, _) => CONTINUATION,
            };
            websocket::head(&mut piece, opcode, length == rest, length);
        }
        self.cut(length, &mut piece);
        Some(piece.into())
    }

    /// Makes a text of the next message, or of several.
    fn begin(&mut self) {
        match self.writing {
            Writing::Events => {
                let Some(message) = self.messages.pop_front() else {
                    return;
                };
                let id = message.id.map(|id| format!("id: {id}\n"));
                let head = format!("event: {}\n{}data: ", message.kind, id.unwrap_or_default());
                let end = Bytes::from_static(b"\n\n");
                self.text = [head.into(), message.text, end].into();
            }
            Writing::Frames => {
                if let Some(message) = self.messages.pop_front() {
                    self.write(message);
                    self.write_end();
                }
            }
            Writing::Batches => self.begin_batch(),
        }
    }

    fn begin_batch(&mut self) {
        let mut length = 0;
        while let Some(next) = self.messages.front()
            && (length == 0 || length + next.text.len() < ENOUGH)
            && let Some(next) = self.messages.pop_front()
        {
            let before = if length == 0 { OPENING } else { BETWEEN };
            length += next.text.len() + 1;
            self.write_mark(before);
            self.write(next);
        }
        if length > 0 {
            self.write_mark(CLOSING);
            self.write_end();
        }
    }

    /// What stands around messages.
    fn write_mark(&mut self, mark: deflate::Mark) {
        self.text.push_back(mark.written(self.coding));
    }

    fn write(&mut self, message: Message) {
        if self.coding == message.coding {
            self.text.push_back(message.text);
        } else {
            self.text.extend(deflate::stored(&message.text));
        }
    }

    fn write_end(&mut self) {
        if self.coding == Coding::Deflated {
            self.text.push_back(END);
        }
    }

    fn cut(&mut self, length: usize, piece: &mut Vec<u8>) {
        let mut missing = length;
        while missing > 0
            && let Some(part) = self.text.front_mut()
        {
            if part.len() > missing {
                piece.extend_from_slice(&part.split_to(missing));
                return;
            }
            missing -= part.len();
            piece.extend_from_slice(part);
            self.text.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
