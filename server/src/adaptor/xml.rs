//! XML as a small tree of elements, for the formats that come as XML.
//!
//! Promises a bound on everything: [`MAX_DEPTH`], [`MAX_ELEMENTS`], [`MAX_NAMESPACES`] declared around
//! one element, and text never longer than the body, since nothing is ever expanded. Names are local
//! names; the namespace stands beside them, of [`MAX_NAMESPACE_BYTES`] at most, since it is declared
//! once and kept with every element. Attributes, comments and processing instructions are dropped.
//!
//! Refuses document type declarations whole: they bring entity bombs and files from elsewhere, and no
//! format that is read here needs one. Refuses entities other than the five of XML and character
//! references.
//!
//! Reads UTF-8, and what declares itself Latin-1 or windows-1252 (in the XML declaration, or in the
//! `charset` of the media type, which wins: RFC 7303 section 3).

use super::{Input, Unreadable, media_type};
use crate::problem::echo;
use quick_xml::NsReader;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::{NamespaceError, ResolveResult};
use std::borrow::Cow;

const MAX_DEPTH: usize = 32;
const MAX_ELEMENTS: usize = 200_000;
const MAX_NAMESPACE_BYTES: usize = 256;
const MAX_NAMESPACES: usize = 128;
/// What windows-1252 has where Latin-1 has control characters.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// An element: its name, what text stands directly in it, and the elements in it.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The elements of a name that stand directly in this one.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element at the end of a path of names.
    pub(super) fn at<'a>(&'a self, path: &[&'a str]) -> Option<&'a Element> {
        path.iter()
            .try_fold(self, |here, name| here.all(name).next())
    }

    /// The text at the end of a path, `None` where it is blank.
    pub(super) fn text_at<'a>(&'a self, path: &[&'a str]) -> Option<&'a str> {
        let text = self.at(path)?.text.trim();
        (!text.is_empty()).then_some(text)
    }
}

/// The root element of a body.
pub(super) fn read(input: &Input<'_>) -> Result<Element, Unreadable> {
    let text = decode(input)?;
    let mut reader = NsReader::from_str(&text);
    reader.config_mut().enable_all_checks(true);
    let resolver = reader.resolver_mut();
    resolver.set_max_namespace_bindings(MAX_NAMESPACES);
    let mut tree = Tree::default();
    loop {
        let offset = reader.buffer_position();
        let bad = |reason: String| Unreadable::Xml { offset, reason };
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|cause| bad(of_reader(&cause)))?;
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.into_inner(),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => "",
        };
        let taken = match event {
            Event::Start(start) => tree.open(start.local_name().into_inner(), namespace),
            Event::Empty(start) => tree
                .open(start.local_name().into_inner(), namespace)
                .and_then(|()| tree.close()),
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&text.xml10_content()),
            Event::CData(text) => tree.text(&text.xml10_content()),
            Event::GeneralRef(reference) => tree.reference(&reference),
            Event::DocType(_) => Err("a document type declaration, which is refused".to_owned()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => Ok(()),
            Event::Eof => {
                return tree
                    .root
                    .ok_or_else(|| bad("there is no element".to_owned()));
            }
        };
        taken.map_err(bad)?;
    }
}

/// What the reader refuses, in our words where its own are for programmers.
fn of_reader(cause: &quick_xml::Error) -> String {
    if let quick_xml::Error::Namespace(NamespaceError::TooManyBindings(_)) = cause {
        return format!("more than {MAX_NAMESPACES} namespaces declared around one element");
    }
    // It repeats names of the body, which have no bound of their own.
    echo(&cause.to_string())
}

/// A tree in the making: the elements still open, outermost first.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, name: &str, namespace: &str) -> Result<(), String> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(format!("more than {MAX_ELEMENTS} elements"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("elements nested deeper than {MAX_DEPTH}"));
        }
        if self.root.is_some() {
            return Err("a second root element".to_owned());
        }
        if namespace.len() > MAX_NAMESPACE_BYTES {
            return Err(format!(
                "a namespace of {} bytes, and {MAX_NAMESPACE_BYTES} is the most",
                namespace.len()
            ));
        }
        self.open.push(Element {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            ..Element::default()
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let closed = self.open.pop().ok_or("an end without a start")?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => self.root = Some(closed),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("text outside of the root element".to_owned()),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), String> {
        let resolved = reference.resolve_char_ref().map_err(|e| e.to_string())?;
        let text = match (resolved, reference.as_ref()) {
            (Some(char), _) => return self.text(char.encode_utf8(&mut [0; 4])),
            (None, "amp") => "&",
            (None, "lt") => "<",
            (None, "gt") => ">",
            (None, "quot") => "\"",
            (None, "apos") => "'",
            (None, _) => return Err("an entity that XML does not know".to_owned()),
        };
        self.text(text)
    }
}

fn decode<'a>(input: &Input<'a>) -> Result<Cow<'a, str>, Unreadable> {
    let charset = input
        .content_type
        .and_then(|sent| media_type::parameter(sent, "charset"));
    let named = charset.map(str::to_owned).or_else(|| declared(input.body));
    match named.unwrap_or_default().to_ascii_lowercase().as_str() {
        "iso-8859-1" | "latin1" | "latin-1" | "windows-1252" | "cp1252" => {
            Ok(input.body.iter().copied().map(from_windows_1252).collect())
        }
        "" | "utf-8" | "utf8" | "us-ascii" => super::text(input).map(Cow::Borrowed),
        other => Err(Unreadable::Xml {
            offset: 0,
            reason: format!(
                "text in {}, which is not read",
                other.chars().take(40).collect::<String>()
            ),
        }),
    }
}

fn from_windows_1252(byte: u8) -> char {
    match byte {
        0x80..0xa0 => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The encoding that the XML declaration names.
fn declared(body: &[u8]) -> Option<String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let declaration = body.get(..body.len().min(200))?;
    let end = declaration.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(declaration.get(..end)?).ok()?;
    let (_, after) = declaration.strip_prefix("<?xml")?.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.split(quote).nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests;
