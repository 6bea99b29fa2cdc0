//! Where a playlist or a segment lies, and which places a playlist may lead to.

use reqwest::Url;
use std::path::{Component, Path, PathBuf};

/// The longest URI that a playlist may hold, in bytes.
const LONGEST_URI: usize = 4_096;

/// What lies at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A master or media playlist, whose URIs are rewritten.
    Playlist,
    /// Anything that is passed on as it is.
    Segment,
}

/// A place that video is had from.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Location {
    /// An upstream server; the address may hold secrets.
    Web(Url),
    /// A file below a folder.
    Disk {
        /// The folder that nothing is read outside of.
        root: PathBuf,
        /// Path below it, of plain names only.
        below: PathBuf,
    },
}

/// Prints no address: it may hold a secret.
impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Web(_) => "Web(…)",
            Self::Disk { .. } => "Disk(…)",
        })
    }
}

impl Location {
    /// Reads a value of `[streams]`: an `http` or `https` address, the path of a playlist `*.m3u8`, or
    /// of a folder with an `index.m3u8`.
    pub(super) fn configured(value: &str) -> Option<Self> {
        if value.contains("://") {
            let url = Url::parse(value).ok()?;
            return is_web(&url).then_some(Self::Web(url));
        }
        let path = Path::new(value);
        if !has_extension(path, "m3u8") {
            return Some(Self::Disk {
                root: path.into(),
                below: super::FIRST.into(),
            });
        }
        Some(Self::Disk {
            root: path.parent()?.into(),
            below: path.file_name()?.into(),
        })
    }

    /// The place that a URI in a playlist at this place means; `None` where it is of another origin or
    /// outside of the folder.
    pub(super) fn resolve(&self, uri: &str) -> Option<Self> {
        if uri.len() > LONGEST_URI {
            return None;
        }
        match self {
            Self::Web(base) => {
                let mut url = base.join(uri).ok()?;
                if !is_web(&url) || url.origin() != base.origin() {
                    return None;
                }
                if url.username().is_empty() && url.password().is_none() {
                    url.set_username(base.username()).ok()?;
                    url.set_password(base.password()).ok()?;
                }
                url.set_fragment(None);
                Some(Self::Web(url))
            }
            Self::Disk { root, below } => Some(Self::Disk {
                root: root.clone(),
                below: walked(below.parent()?, uri)?,
            }),
        }
    }

    /// The extension and the media type: from a closed list, never what an upstream says, so that
    /// nothing from there is taken for a page.
    pub(super) fn media(&self) -> (&'static str, &'static str) {
        let path = match self {
            Self::Web(url) => Path::new(url.path()),
            Self::Disk { below, .. } => below,
        };
        let known = MEDIA
            .iter()
            .find(|(extension, _)| has_extension(path, extension));
        *known.unwrap_or(&("bin", "application/octet-stream"))
    }
}

const MEDIA: [(&str, &str); 9] = [
    ("ts", "video/mp2t"),
    ("m4s", "video/mp4"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("cmfv", "video/mp4"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("vtt", "text/vtt"),
    ("key", "application/octet-stream"),
];

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// The path that a relative reference leads to from a folder; `None` where it leaves the root or is
/// not relative.
fn walked(folder: &Path, uri: &str) -> Option<PathBuf> {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let path = decoded(path)?;
    if path.contains(['\\', '\0', ':']) {
        return None;
    }
    let mut walked = folder.to_path_buf();
    for step in Path::new(&path).components() {
        match step {
            Component::Normal(name) => walked.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !walked.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!walked.as_os_str().is_empty()).then_some(walked)
}

/// Undoes percent-encoding; `None` where it is broken or gives no text.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
