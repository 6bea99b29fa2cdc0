//! The part of a `multipart/form-data` body (RFC 7578) that carries the event; cameras send pictures
//! beside it, which are stepped over.
//!
//! Tolerant of a preamble, of bare line feeds and of a missing closing boundary. Promises a bound:
//! [`MAX_PARTS`] parts with at most [`MAX_HEADER_BYTES`] of headers each, one pass over the body.

use super::{Input, Unreadable, media_type};

const MAX_PARTS: usize = 32;
const MAX_HEADER_BYTES: usize = 4_096;

/// One part: its name, its media type, its content.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) content_type: Option<String>,
    pub(super) body: &'a [u8],
}

/// All parts of a form, in order.
pub(super) fn parts<'a>(input: &Input<'a>) -> Result<Vec<Part<'a>>, Unreadable> {
    let boundary = input
        .content_type
        .and_then(|sent| media_type::parameter(sent, "boundary"));
    let boundary = boundary.filter(|boundary| (1..=70).contains(&boundary.len()));
    let boundary = boundary.ok_or(Unreadable::Multipart("there is no boundary"))?;
    let delimiter = format!("--{boundary}");
    let mut rest = after(input.body, delimiter.as_bytes())
        .ok_or(Unreadable::Multipart("the boundary does not occur"))?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == MAX_PARTS {
            return Err(Unreadable::Multipart("more than 32 parts"));
        }
        let end = find(rest, delimiter.as_bytes());
        let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        parts.push(read(part)?);
        match end.and_then(|end| rest.get(end + delimiter.len()..)) {
            Some(next) => rest = next,
            None => break,
        }
    }
    Ok(parts)
}

fn read(part: &[u8]) -> Result<Part<'_>, Unreadable> {
    let part = part
        .strip_prefix(b"\r\n")
        .or_else(|| part.strip_prefix(b"\n"));
    let part = part.ok_or(Unreadable::Multipart("a boundary does not end its line"))?;
    let window = part
        .get(..part.len().min(MAX_HEADER_BYTES))
        .unwrap_or_default();
    let blank = [b"\r\n\r\n".as_slice(), b"\n\n"];
    let headers = blank
        .into_iter()
        .filter_map(|blank| Some((find(window, blank)?, blank.len())));
    let (end, blank) = headers
        .min()
        .ok_or(Unreadable::Multipart("the headers of a part do not end"))?;
    let headers = part.get(..end).unwrap_or_default();
    let body = part.get(end + blank..).unwrap_or_default();
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    let headers = String::from_utf8_lossy(headers);
    let header = |name: &str| {
        headers.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found
                .trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    };
    let disposition = header("content-disposition").unwrap_or_default();
    Ok(Part {
        name: media_type::parameter(&disposition, "name")
            .unwrap_or_default()
            .to_owned(),
        content_type: header("content-type"),
        body,
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn after<'a>(haystack: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    haystack.get(find(haystack, needle)? + needle.len()..)
}

#[cfg(test)]
mod tests;
