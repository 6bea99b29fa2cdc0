//! Media types (RFC 9110 section 8.3.1): type and subtype decide, case does not, and of the parameters only
//! a charset: JSON and delimited text are read as UTF-8.

use super::{Input, Unreadable};

/// Type and subtype in lower case, without parameters.
pub(super) fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The value of a parameter, unquoted.
pub(super) fn parameter<'a>(content_type: &'a str, name: &str) -> Option<&'a str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (found, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        found.trim().eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The media type sent if it is among those taken; `None` where nothing is said of it.
pub(super) fn expect(
    input: &Input<'_>,
    accepted: &[&str],
    takes: &'static str,
) -> Result<Option<String>, Unreadable> {
    let Some(sent) = input.content_type else {
        return Ok(None);
    };
    let found = essence(sent);
    let shown = |text: &str| text.trim().chars().take(100).collect();
    if !accepted.contains(&found.as_str()) {
        let found = shown(&found);
        return Err(Unreadable::MediaType { found, takes });
    }
    // XML says in itself how it is coded, and a form does so part by part.
    let says_itself = found.ends_with("xml") || found.starts_with("multipart/");
    if !says_itself && !is_utf_8(sent) {
        let found = shown(sent);
        return Err(Unreadable::MediaType { found, takes });
    }
    Ok(Some(found))
}

/// Whether a media type leaves it at UTF-8, of which ASCII is a part.
pub(crate) fn is_utf_8(content_type: &str) -> bool {
    let named = parameter(content_type, "charset");
    named.is_none_or(|named| {
        ["utf-8", "utf8", "us-ascii"]
            .iter()
            .any(|known| named.eq_ignore_ascii_case(known))
    })
}
