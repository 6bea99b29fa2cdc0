//! What the tests of the adaptors share: the built-in layers, feeds on them, and the real files.

use super::{Adaptor, Decoded, Feed, Input, Reject, decode};
use atalaya_tiles::{Catalog, Event, LayerSpec, Observation, Value};
use std::sync::LazyLock;

/// The harness of the end-to-end tests has the same.
#[path = "../../../tests/src/recorded.rs"]
#[expect(unreachable_pub, reason = "it is public where the harness has it")]
mod recorded;

use recorded::recorded;
pub(crate) use recorded::skipped;

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

/// A file that somebody else wrote, and how many of its records become events and how many are rejected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recorded {
    /// Where it lies among the recorded bodies.
    pub(super) path: &'static str,
    /// How many events it has.
    pub(super) events: usize,
    /// How many of its records are rejected.
    pub(super) rejects: usize,
    /// What a feed is told that sends it.
    pub(super) fit: fn(&mut Feed, &Catalog),
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

/// What one of the recorded files holds, or `None` and a word about it where it is absent.
pub(crate) fn real(path: &str) -> Option<Vec<u8>> {
    recorded(path).map(|file| std::fs::read(file).unwrap())
}
