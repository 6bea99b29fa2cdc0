//! Playlists of RFC 8216 with every URI replaced.
//!
//! Promises: each tag that is passed on is one that is known here, and each URI in it went through the
//! caller's `name`. Unknown tags, comments and titles are left out, since they may hold an address;
//! low-latency tags too, and what remains is a plain playlist of the same video. Refuses variables
//! (`EXT-X-DEFINE`), which would have to be filled in first.

use super::Failed;
use super::location::Kind;

/// Tags without a URI, passed on as they are.
const PLAIN: [&str; 16] = [
    "EXTM3U",
    "EXT-X-VERSION",
    "EXT-X-BYTERANGE",
    "EXT-X-DISCONTINUITY",
    "EXT-X-PROGRAM-DATE-TIME",
    "EXT-X-GAP",
    "EXT-X-BITRATE",
    "EXT-X-TARGETDURATION",
    "EXT-X-MEDIA-SEQUENCE",
    "EXT-X-DISCONTINUITY-SEQUENCE",
    "EXT-X-ENDLIST",
    "EXT-X-PLAYLIST-TYPE",
    "EXT-X-I-FRAMES-ONLY",
    "EXT-X-INDEPENDENT-SEGMENTS",
    "EXT-X-START",
    MASTER,
];
/// The tag that makes a playlist a master playlist.
const MASTER: &str = "EXT-X-STREAM-INF";

/// Tags whose attribute `URI` leads somewhere, and to what.
const LEADING: [(&str, Kind); 5] = [
    ("EXT-X-KEY", Kind::Segment),
    ("EXT-X-SESSION-KEY", Kind::Segment),
    ("EXT-X-MAP", Kind::Segment),
    ("EXT-X-MEDIA", Kind::Playlist),
    ("EXT-X-I-FRAME-STREAM-INF", Kind::Playlist),
];

/// Writes a playlist anew; `name` gives the URI that stands for each one in it.
pub(super) fn rewrite(
    text: &str,
    mut name: impl FnMut(&str, Kind) -> Result<String, Failed>,
) -> Result<String, Failed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines().next() != Some("#EXTM3U") {
        return Err(Failed::Unreadable("it does not begin with #EXTM3U"));
    }
    let is_master = lines().any(|line| tag(line).is_some_and(|(known, _)| known == MASTER));
    let listed = if is_master {
        Kind::Playlist
    } else {
        Kind::Segment
    };
    let mut out = String::with_capacity(text.len());
    for line in lines() {
        let written = match (tag(line), line.starts_with('#')) {
            (Some((known, value)), _) => rewrite_tag(line, known, value, &mut name)?,
            (None, true) => None,
            (None, false) => Some(name(line, listed)?),
        };
        if let Some(written) = written {
            out.push_str(&written);
            out.push('\n');
        }
    }
    Ok(out)
}

/// The name and the value of a tag; `None` for comments and URIs.
fn tag(line: &str) -> Option<(&str, &str)> {
    let tag = line.strip_prefix('#').filter(|it| it.starts_with("EXT"))?;
    Some(tag.split_once(':').unwrap_or((tag, "")))
}

fn rewrite_tag(
    line: &str,
    known: &str,
    value: &str,
    name: &mut impl FnMut(&str, Kind) -> Result<String, Failed>,
) -> Result<Option<String>, Failed> {
    if known == "EXT-X-DEFINE" {
        return Err(Failed::Unreadable("it uses variables"));
    }
    if known == "EXTINF" {
        let duration = value.split(',').next().unwrap_or_default();
        return Ok(Some(format!("#EXTINF:{duration},")));
    }
    if let Some((_, kind)) = LEADING.iter().find(|(leading, _)| *leading == known) {
        let list = rewrite_attributes(value, *kind, name)?;
        return Ok(Some(format!("#{known}:{list}")));
    }
    Ok(PLAIN.contains(&known).then(|| line.to_owned()))
}

/// Replaces the URI of an attribute list, `NAME=value,NAME="value"`.
fn rewrite_attributes(
    list: &str,
    kind: Kind,
    name: &mut impl FnMut(&str, Kind) -> Result<String, Failed>,
) -> Result<String, Failed> {
    let broken = Failed::Unreadable("an attribute list is broken");
    let mut out = String::with_capacity(list.len());
    let mut rest = list;
    while !rest.is_empty() {
        let (attribute, after) = rest.split_once('=').ok_or_else(|| broken.clone())?;
        let attribute = attribute.trim();
        let quoted = after.strip_prefix('"');
        let (value, next) = match quoted {
            Some(after) => after.split_once('"').ok_or_else(|| broken.clone())?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if !out.is_empty() {
            out.push(',');
        }
        let written = match (attribute, quoted) {
            ("URI", Some(_)) => format!("URI=\"{}\"", name(value, kind)?),
            ("URI", None) => return Err(broken),
            (_, Some(_)) => format!("{attribute}=\"{value}\""),
            (_, None) => format!("{attribute}={value}"),
        };
        out.push_str(&written);
        rest = match quoted {
            Some(_) if !next.is_empty() => next.strip_prefix(',').ok_or_else(|| broken.clone())?,
            _ => next,
        };
    }
    Ok(out)
}
