//! Media types (RFC 9110 section 8.3.1): type and subtype decide, parameters do not, case does not.

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
    if accepted.contains(&found.as_str()) {
        return Ok(Some(found));
    }
    let found = found.chars().take(100).collect();
    Err(Unreadable::MediaType { found, takes })
}
