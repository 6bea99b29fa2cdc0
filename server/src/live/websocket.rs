//! WebSocket frames (RFC 6455): what a server writes, and what it reads of a client.
//!
//! Promises: no more is kept of a client than [`LARGEST`] bytes and what one read brings, since a frame
//! is refused by its header, and a compressed message where it grows longer. Refuses, with the close code of
//! section 7.4.1: frames without a mask or with reserved bits (but RSV1, where permessage-deflate was agreed on),
//! fragments out of order, binary messages, text that is not UTF-8.

use super::deflate::{self, Unreadable};
use super::message::Coding;
use crate::problem::Problem;
use actix_http::ResponseBuilder;
use actix_web::http::header::SEC_WEBSOCKET_EXTENSIONS;
use actix_web::{HttpRequest, web};
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::StreamExt as _;

/// The largest message that a client may send.
pub(super) const LARGEST: usize = 64 << 10;

/// A frame that goes on with a message.
pub(super) const CONTINUATION: u8 = 0x0;
/// A frame that begins a text.
pub(super) const TEXT: u8 = 0x1;
/// The bit of a frame that begins a compressed message (RFC 7692 section 6): RSV1.
pub(super) const COMPRESSED: u8 = 0x40;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// Why a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    Normal = 1000,
    ProtocolError = 1002,
    Unsupported = 1003,
    /// Text that is not UTF-8, or no text once it is inflated.
    NoText = 1007,
    Policy = 1008,
    TooLarge = 1009,
}

/// The answer to an upgrade, without its body, whose pieces are to be frames; and how both sides write their messages.
pub(super) fn handshake(request: &HttpRequest) -> Result<(ResponseBuilder, Coding), Problem> {
    let switching = actix_http::ws::handshake(request.head());
    let mut switching = switching.map_err(|error| Problem::UnreadableBody {
        reason: error.to_string(),
    })?;
    let offers = request.headers().get_all(SEC_WEBSOCKET_EXTENSIONS);
    let offers = offers.filter_map(|offer| offer.to_str().ok());
    let Some(agreed) = deflate::agreed(offers) else {
        return Ok((switching, Coding::Plain));
    };
    switching.insert_header((SEC_WEBSOCKET_EXTENSIONS, agreed));
    Ok((switching, Coding::Deflated))
}

/// Writes what comes before the payload of a frame; a server's carry no mask.
pub(super) fn head(to: &mut Vec<u8>, opcode: u8, last: bool, length: usize) {
    to.push(if last { 0x80 | opcode } else { opcode });
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..126), _) => to.push(short),
        (_, Ok(length)) => {
            to.push(126);
            to.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            to.push(127);
            to.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The frame that ends a connection; why in at most 123 bytes, or nothing.
pub(super) fn close(code: Closing, why: &str) -> Bytes {
    let mut frame = Vec::new();
    head(&mut frame, CLOSE, true, 2 + why.len());
    frame.extend_from_slice(&(code as u16).to_be_bytes());
    frame.extend_from_slice(why.as_bytes());
    frame.into()
}

/// The answer to a ping.
pub(super) fn pong(ping: &[u8]) -> Bytes {
    let mut frame = Vec::new();
    head(&mut frame, PONG, true, ping.len());
    frame.extend_from_slice(ping);
    frame.into()
}

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A whole message.
    Text(Bytes),
    /// It wants this back.
    Ping(Bytes),
    /// It is done.
    Close,
    /// The connection is gone.
    Gone,
}

/// The header of a client's frame.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    last: bool,
    compressed: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Bytes before the payload.
    begins: usize,
    length: usize,
}

impl Header {
    /// Reads a header as far as it is there; refuses as soon as that is known.
    fn read(bytes: &[u8], coding: Coding) -> Result<Option<Self>, Closing> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let known = matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
        let compressed = first & COMPRESSED != 0;
        // Only what begins a message says that it is compressed.
        let may_be = coding == Coding::Deflated && matches!(opcode, TEXT | BINARY);
        if first & 0x30 != 0 || compressed && !may_be || second & 0x80 == 0 || !known {
            return Err(Closing::ProtocolError);
        }
        let short = second & 0x7f;
        if opcode >= CLOSE && (short > 125 || !last) {
            return Err(Closing::ProtocolError);
        }
        let (length, rest) = match short {
            126 => {
                let Some((length, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let Some((length, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                (u64::from_be_bytes(*length), rest)
            }
            short => (u64::from(short), rest),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > LARGEST {
            return Err(Closing::TooLarge);
        }
        let Some((mask, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Self {
            last,
            compressed,
            opcode,
            mask: *mask,
            begins: bytes.len() - rest.len(),
            length,
        }))
    }
}

/// What comes from a client.
pub(super) struct Incoming {
    payload: web::Payload,
    heard: Assembly,
}

impl Incoming {
    pub(super) fn new(payload: web::Payload, coding: Coding) -> Self {
        Self {
            payload,
            heard: Assembly::new(coding),
        }
    }

    /// The next thing that the client says. Dropped before it is ready, nothing is lost.
    pub(super) async fn next(&mut self) -> Result<Heard, Closing> {
        loop {
            if let Some(heard) = self.heard.next()? {
                return Ok(heard);
            }
            match self.payload.next().await {
                Some(Ok(bytes)) => self.heard.buffer.extend_from_slice(&bytes),
                Some(Err(_)) | None => return Ok(Heard::Gone),
            }
        }
    }
}

/// Bytes that become messages.
#[derive(Debug)]
struct Assembly {
    coding: Coding,
    buffer: BytesMut,
    /// The message so far, where its last frame is not here yet.
    begun: Option<Begun>,
}

/// A message whose frames are being put together.
#[derive(Debug, Default)]
struct Begun {
    compressed: bool,
    bytes: BytesMut,
}

impl Begun {
    /// The text, once all of it is there.
    fn text(self) -> Result<Bytes, Closing> {
        let text = if self.compressed {
            deflate::inflated(&self.bytes, LARGEST).map_err(|why| match why {
                Unreadable::Garbage => Closing::NoText,
                Unreadable::TooLong => Closing::TooLarge,
            })?
        } else {
            self.bytes.freeze()
        };
        if std::str::from_utf8(&text).is_err() {
            return Err(Closing::NoText);
        }
        Ok(text)
    }
}

impl Assembly {
    fn new(coding: Coding) -> Self {
        Self {
            coding,
            buffer: BytesMut::new(),
            begun: None,
        }
    }

    fn next(&mut self) -> Result<Option<Heard>, Closing> {
        while let Some((header, payload)) = self.frame()? {
            match header.opcode {
                CLOSE => return Ok(Some(Heard::Close)),
                PING => return Ok(Some(Heard::Ping(payload.freeze()))),
                PONG => {}
                BINARY => return Err(Closing::Unsupported),
                // A text begins where none is under way, and only then.
                opcode if (opcode == TEXT) == self.begun.is_some() => {
                    return Err(Closing::ProtocolError);
                }
                _ => {
                    let mut message = self.begun.take().unwrap_or_default();
                    message.compressed |= header.compressed;
                    message.bytes.extend_from_slice(&payload);
                    if !header.last {
                        self.begun = Some(message);
                        continue;
                    }
                    return message.text().map(|text| Some(Heard::Text(text)));
                }
            }
        }
        Ok(None)
    }

    fn frame(&mut self) -> Result<Option<(Header, BytesMut)>, Closing> {
        let Some(header) = Header::read(&self.buffer, self.coding)? else {
            return Ok(None);
        };
        // What goes on with a message must fit behind what is here of it.
        let begun = self.begun.as_ref().map_or(0, |begun| begun.bytes.len());
        if header.opcode == CONTINUATION && begun + header.length > LARGEST {
            return Err(Closing::TooLarge);
        }
        if self.buffer.len() < header.begins + header.length {
            return Ok(None);
        }
        self.buffer.advance(header.begins);
        let mut payload = self.buffer.split_to(header.length);
        for (byte, mask) in payload.iter_mut().zip(header.mask.iter().cycle()) {
            *byte ^= mask;
        }
        Ok(Some((header, payload)))
    }
}

#[cfg(test)]
mod tests;
