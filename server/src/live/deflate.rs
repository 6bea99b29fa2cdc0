//! Messages in the permessage-deflate coding (RFC 7692), made once for all who share them.
//!
//! No context is taken over between messages, on either side. A shared message is compressed by itself and ends with a
//! flush, at a byte boundary: such a segment refers to nothing before it, and so segments can be put one after
//! the other in any message (RFC 1951 section 3.2.4 for what stands between them). What is a client's own goes
//! between them as it is, in a stored block. Nothing of one client is ever in the window of another.

use super::message::{Coding, Message};
use bytes::Bytes;
use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress};
use std::io::Read as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is shorter is not compressed: it would hardly become less.
const WORTH_IT: usize = 256;
/// Little work, most of the gain: the messages are short and alike.
const LEVEL: u32 = 2;
/// The most bytes of a stored block.
const MOST_STORED: usize = 0xffff;
/// What the end of a message must have had before it was cut off (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// An empty stored block that is the last: with it a message is a whole stream.
const LAST: [u8; 5] = [1, 0, 0, 0xff, 0xff];

/// Compressors, kept since each is a quarter of a megabyte to make; as many as work at once.
#[derive(Debug, Default)]
pub(super) struct Deflaters(Mutex<Vec<Compress>>);

impl Deflaters {
    /// A message as a segment; as it is where that is not shorter.
    pub(super) fn deflated(&self, message: Message) -> Message {
        if message.text.len() < WORTH_IT {
            return message;
        }
        let kept = self.kept().pop();
        let mut compress = kept.unwrap_or_else(|| Compress::new(Compression::new(LEVEL), false));
        let segment = segment(&mut compress, &message.text);
        compress.reset();
        self.kept().push(compress);
        match segment {
            Some(segment) if segment.len() < message.text.len() => Message {
                text: segment,
                coding: Coding::Deflated,
                ..message
            },
            _ => message,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Compress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Text compressed by itself, up to a byte boundary; `None` if the compressor cannot.
fn segment(compress: &mut Compress, text: &[u8]) -> Option<Bytes> {
    let mut segment = Vec::with_capacity(text.len() / 3 + 64);
    loop {
        let rest = &text[usize::try_from(compress.total_in()).ok()?..];
        let had_room = segment.capacity() - segment.len();
        compress
            .compress_vec(rest, &mut segment, FlushCompress::Full)
            .ok()?;
        // The flush is whole once room is left over.
        if segment.len() < segment.capacity() {
            break;
        }
        segment.reserve(had_room.max(64));
    }
    segment.shrink_to_fit();
    Some(segment.into())
}

/// A text as it is, in stored blocks.
pub(super) fn stored(text: &Bytes) -> impl Iterator<Item = Bytes> {
    let cuts = (0..text.len()).step_by(MOST_STORED);
    cuts.flat_map(move |from| {
        let part = text.slice(from..text.len().min(from + MOST_STORED));
        // It has no more bytes than that.
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        let (of, not) = (length.to_le_bytes(), (!length).to_le_bytes());
        [
            Bytes::copy_from_slice(&[0, of[0], of[1], not[0], not[1]]),
            part,
        ]
    })
}

/// A character in a stored block, of which it is the last byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(&'static [u8; 6]);

/// What stands around messages in an array.
pub(super) const OPENING: Mark = Mark(&[0, 1, 0, 0xfe, 0xff, b'[']);
pub(super) const BETWEEN: Mark = Mark(&[0, 1, 0, 0xfe, 0xff, b',']);
pub(super) const CLOSING: Mark = Mark(&[0, 1, 0, 0xfe, 0xff, b']']);

impl Mark {
    pub(super) fn written(self, coding: Coding) -> Bytes {
        Bytes::from_static(match coding {
            Coding::Plain => &self.0[5..],
            Coding::Deflated => self.0,
        })
    }
}

/// What ends a message: an empty stored block of which the tail is cut off.
pub(super) const END: Bytes = Bytes::from_static(&[0]);

/// The answer to an offer: nobody takes a context over.
const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
/// The same to one that asks for the window that there is.
const AGREED_ON_WINDOW: &str = "permessage-deflate; server_no_context_takeover; \
    client_no_context_takeover; server_max_window_bits=15";
/// Parameters that an offer may have and that need no answer.
const TAKEN_WITHOUT_VALUE: [&str; 3] = [
    "server_no_context_takeover",
    "client_no_context_takeover",
    "client_max_window_bits",
];

/// Why a client's message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is no compressed message.
    Garbage,
    /// It is longer than it may be.
    TooLong,
}

/// The text of a client's message, of at most so many bytes.
pub(super) fn inflated(message: &[u8], most: usize) -> Result<Bytes, Unreadable> {
    let whole = message.chain(&TAIL[..]).chain(&LAST[..]);
    let mut text = Vec::new();
    let read = DeflateDecoder::new(whole)
        .take(most as u64 + 1)
        .read_to_end(&mut text);
    match read {
        Err(_) => Err(Unreadable::Garbage),
        Ok(length) if length > most => Err(Unreadable::TooLong),
        Ok(_) => Ok(text.into()),
    }
}

/// What a server answers to the offers of a client; `None` where it takes none of them.
pub(super) fn agreed<'o>(offers: impl IntoIterator<Item = &'o str>) -> Option<&'static str> {
    offers
        .into_iter()
        .flat_map(|line| line.split(','))
        .find_map(accepted)
}

/// The answer to one offer (RFC 7692 section 7.1). A smaller window for what the server writes is no offer that it can
/// take: what is shared has one window.
fn accepted(offer: &str) -> Option<&'static str> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
        return None;
    }
    let mut seen = Vec::new();
    let mut answer = AGREED;
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(value.trim().trim_matches('"'))),
            None => (part, None),
        };
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value) {
            ("server_max_window_bits", Some("15")) => answer = AGREED_ON_WINDOW,
            ("client_max_window_bits", Some(bits)) if is_window(bits) => {}
            (name, None) if TAKEN_WITHOUT_VALUE.contains(&name) => {}
            _ => return None,
        }
    }
    Some(answer)
}

/// Whether it is a size of window, without a leading zero.
fn is_window(bits: &str) -> bool {
    (8..=15).any(|window| bits == window.to_string())
}

#[cfg(test)]
mod tests;
