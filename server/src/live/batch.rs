//! Messages of one step gathered into fewer WebSocket frames.
//!
//! A first snapshot is a message for each layer and cell, most of them empty: thousands of frames that
//! a browser takes one by one. A client that asks for `batch=1` gets them as JSON arrays instead. The
//! messages, and their order, stay the same.

use super::message::Message;
use bytes::Bytes;

/// A frame is closed once it is this long; a longer message makes a frame of its own.
const ENOUGH: usize = 64 << 10;

/// The messages as JSON arrays, in order, none empty.
pub(super) fn batched(messages: &[Message]) -> Vec<Bytes> {
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for message in messages {
        match frames.last_mut() {
            Some(frame) if frame.len() + message.json.len() < ENOUGH => frame.push(b','),
            _ => frames.push(vec![b'[']),
        }
        if let Some(frame) = frames.last_mut() {
            frame.extend_from_slice(&message.json);
        }
    }
    let close = |mut frame: Vec<u8>| {
        frame.push(b']');
        Bytes::from(frame)
    };
    frames.into_iter().map(close).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use atalaya_tiles::Topic;
    use serde_json::Value;

    fn messages(count: usize) -> Vec<Message> {
        let name = |at: usize| Message::refused(&format!("{at:0>60}"));
        (0..count).map(name).collect()
    }

    #[test]
    fn batches_hold_every_message_once_and_in_order() {
        let messages = messages(3_000);
        let frames = batched(&messages);
        assert!((2..10).contains(&frames.len()), "{} frames", frames.len());
        assert!(frames.iter().all(|frame| frame.len() <= ENOUGH + 1));
        let read = |frame: &Bytes| serde_json::from_slice::<Vec<Value>>(frame).expect("an array");
        let back: Vec<Value> = frames.iter().flat_map(read).collect();
        let sent: Vec<Value> = messages
            .iter()
            .map(|message| serde_json::from_slice(&message.json).expect("JSON"))
            .collect();
        assert_eq!(back, sent);
    }

    #[test]
    fn a_message_longer_than_a_frame_goes_alone_and_nothing_makes_nothing() {
        let long = Message::refused(&"x".repeat(2 * ENOUGH));
        let hello = || Message::hello("s", "e", "v", 1_000, &[Topic::Everywhere]);
        let frames = batched(&[hello(), long, hello()]);
        assert_eq!(frames.len(), 3);
        assert!(batched(&[]).is_empty());
    }
}
