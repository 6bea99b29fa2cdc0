//! Messages on their way to one connection, cut into pieces that are made when they are asked for.
//!
//! A long message is shared with other connections until its last piece is cut: what a connection has
//! to itself is one piece of at most [`PIECE`] bytes.

use super::message::Message;
use super::websocket::{self, CONTINUATION, TEXT};
use bytes::Bytes;
use std::collections::VecDeque;

/// The most bytes of a message in one piece: a WebSocket frame, or a chunk of an event stream.
const PIECE: usize = 32 << 10;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// As Server-Sent Events.
    Events,
    /// As WebSocket messages; a long one in several frames (RFC 6455 section 5.4).
    Frames,
}

/// What one connection has yet to take.
#[derive(Debug)]
pub(super) struct Wire {
    writing: Writing,
    messages: VecDeque<Message>,
    /// Whether a part of the first message is gone already.
    begun: bool,
    /// A frame that may go between those of a message; the latest counts.
    control: Option<Bytes>,
}

impl Wire {
    pub(super) fn new(writing: Writing) -> Self {
        Self {
            writing,
            messages: VecDeque::new(),
            begun: false,
            control: None,
        }
    }

    /// Puts a message at the end.
    pub(super) fn push(&mut self, message: Message) {
        self.messages.push_back(message);
    }

    /// Puts a control frame before what waits.
    pub(super) fn control(&mut self, frame: Bytes) {
        self.control = Some(frame);
    }

    /// Forgets what waits: after this only a control frame goes out.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        if let Some(frame) = self.control.take() {
            return Some(frame);
        }
        let message = self.messages.front_mut()?;
        let first = !std::mem::replace(&mut self.begun, true);
        let part = message.json.split_to(message.json.len().min(PIECE));
        let last = message.json.is_empty();
        let mut piece = Vec::with_capacity(part.len() + 96);
        match self.writing {
            Writing::Events => {
                if first {
                    piece.extend_from_slice(format!("event: {}\n", message.kind).as_bytes());
                    if let Some(id) = &message.id {
                        piece.extend_from_slice(format!("id: {id}\n").as_bytes());
                    }
                    piece.extend_from_slice(b"data: ");
                }
                piece.extend_from_slice(&part);
                if last {
                    piece.extend_from_slice(b"\n\n");
                }
            }
            Writing::Frames => {
                let opcode = if first { TEXT } else { CONTINUATION };
                websocket::write(&mut piece, opcode, last, &part);
            }
        }
        if last {
            self.messages.pop_front();
            self.begun = false;
        }
        Some(piece.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long() -> Message {
        Message::refused(&"é".repeat(PIECE))
    }

    #[test]
    fn a_long_event_comes_in_bounded_pieces_and_whole() {
        let mut wire = Wire::new(Writing::Events);
        let (long, short) = (long(), Message::refused("no"));
        let expected = [&long, &short].map(|message| {
            let json = std::str::from_utf8(&message.json).expect("JSON is UTF-8");
            format!("event: error\ndata: {json}\n\n")
        });
        wire.push(long);
        wire.push(short);
        let pieces: Vec<Bytes> = std::iter::from_fn(|| wire.next()).collect();
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() <= PIECE + 96));
        assert_eq!(pieces.concat(), expected.concat().into_bytes());
    }

    #[test]
    fn a_long_message_is_one_frame_and_continuations_with_control_frames_between() {
        let mut wire = Wire::new(Writing::Frames);
        let expected = long();
        wire.push(long());
        let mut pieces = vec![wire.next().expect("a piece")];
        wire.control(Bytes::from_static(b"pong"));
        assert_eq!(wire.next().as_deref(), Some(b"pong".as_slice()));
        pieces.extend(std::iter::from_fn(|| wire.next()));
        let heads: Vec<u8> = pieces.iter().map(|piece| piece[0]).collect();
        assert_eq!(heads, [0x01, 0x00, 0x80], "text, more, and the end");
        let whole: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| payload(piece))
            .copied()
            .collect();
        assert_eq!(whole, expected.json);
    }

    /// The payload of a frame without a mask.
    fn payload(frame: &[u8]) -> &[u8] {
        match frame[1] {
            126 => &frame[4..],
            127 => &frame[10..],
            _ => &frame[2..],
        }
    }
}
