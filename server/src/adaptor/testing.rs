//! What the tests of the adaptors share: the built-in layers, feeds on them, and the real files.

use super::{Adaptor, Decoded, Feed, Input, Reject, decode};
use atalaya_tiles::{Catalog, Event, LayerSpec, Observation, Value};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The built-in layers.
pub(super) fn catalog() -> Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(built_in);
    CATALOG.clone()
}

fn built_in() -> Catalog {
    #[derive(serde::Deserialize)]
    struct Layers {
        layers: Vec<LayerSpec>,
    }
    let layers: Layers = toml::from_str(include_str!("../config/layers.toml")).unwrap();
    Catalog::new(layers.layers, 6).unwrap()
}

/// A feed of a layer.
pub(super) fn feed(catalog: &Catalog, name: &str, layer: &str, adaptor: Adaptor) -> Feed {
    Feed::new(name, catalog.layer(layer).unwrap(), adaptor)
}

/// A feed of a built-in layer, to try bodies on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) feed: &'static str,
    pub(super) layer: &'static str,
    pub(super) adaptor: Adaptor,
}

impl Trial {
    /// What the feed makes of a body without media type.
    pub(super) fn check(self, body: impl AsRef<[u8]>) -> Decoded {
        let catalog = catalog();
        read(
            &catalog,
            &feed(&catalog, self.feed, self.layer, self.adaptor),
            body,
        )
    }
}

/// What a feed makes of a body without media type.
pub(super) fn read(catalog: &Catalog, feed: &Feed, body: impl AsRef<[u8]>) -> Decoded {
    let input = Input {
        body: body.as_ref(),
        content_type: None,
    };
    decode(feed, catalog, &input).unwrap()
}

/// The only observation of a body that has one.
pub(super) fn only(decoded: &Decoded) -> &Observation {
    assert_eq!(decoded.rejects, [], "nothing is rejected");
    match decoded.events.as_slice() {
        [accepted] => observed(&accepted.event),
        other => panic!("one event, not {other:?}"),
    }
}

pub(super) fn observed(event: &Event) -> &Observation {
    match event {
        Event::Observed(observation) => observation,
        Event::Withdrawn { .. } | Event::Clock => panic!("no observation: {event:?}"),
    }
}

/// The value of a field.
pub(super) fn value(catalog: &Catalog, observation: &Observation, field: &str) -> Option<Value> {
    let field = catalog.spec(observation.layer).field(field).unwrap();
    let mut fields = observation.properties.iter();
    fields
        .find(|(found, _)| *found == field)
        .map(|(_, value)| value.into())
}

/// The value of a field of text.
pub(super) fn text_of(catalog: &Catalog, observation: &Observation, field: &str) -> Option<String> {
    let value = value(catalog, observation, field)?;
    let Value::Text(text) = value else {
        panic!("{field} is no text: {value:?}");
    };
    Some(text.into())
}

/// Reasons of rejects, for comparison as a whole.
pub(super) fn reasons(rejects: &[Reject]) -> Vec<&str> {
    rejects
        .iter()
        .map(|reject| reject.reason.as_str())
        .collect()
}

/// One of the real files, or `None` and a word about it where the files are not at hand. They lie in
/// `ATALAYA_TEST_DATA`, or in `shared/data` beside any folder above this one.
pub(crate) fn real(path: &str) -> Option<Vec<u8>> {
    let named = std::env::var_os("ATALAYA_TEST_DATA").map(PathBuf::from);
    let folder = named.or_else(|| {
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        above
            .map(|folder| folder.join("shared/data"))
            .find(|folder| folder.is_dir())
    });
    let found = folder.and_then(|folder| std::fs::read(folder.join(path)).ok());
    if found.is_none() {
        skipped(&format!("{path} is absent"));
    }
    found
}

/// Says that this test, or a part of it, did not run, and why, past the capture of the test runner; `make` lists and
/// counts what is said so.
pub(crate) fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "skipped: {test}: {why}").unwrap();
}
