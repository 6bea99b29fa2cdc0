//! The messages of the live stream, as JSON text that every transport carries unchanged.

use crate::geojson::{push_feature, push_text};
use atalaya_tiles::{LayerSpec, Seen, Seq, TileCoord, Topic, TopicDelta};
use bytes::Bytes;
use jiff::Timestamp;

/// How the text of a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// As it is.
    Plain,
    /// As a segment of a permessage-deflate message (see `deflate.rs`).
    Deflated,
}

/// One message: its type, its id where it has one, and its JSON text.
#[derive(Debug, Clone)]
pub struct Message {
    /// The `type` member; the event name of Server-Sent Events.
    pub kind: &'static str,
    /// The `id` member; only a tick has one.
    pub id: Option<String>,
    /// The whole message.
    pub text: Bytes,
    /// How that is written.
    pub coding: Coding,
    /// Whether it says that all tiles are dirty.
    pub names_no_tiles: bool,
}

impl Message {
    fn new(kind: &'static str, members: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut json = format!("{{\"type\":\"{kind}\"").into_bytes();
        members(&mut json);
        json.push(b'}');
        // It may be kept for a while, and for many.
        json.shrink_to_fit();
        Self {
            kind,
            id: None,
            text: json.into(),
            coding: Coding::Plain,
            names_no_tiles: false,
        }
    }

    /// The first message of a stream.
    pub fn hello(
        stream: &str,
        epoch: &str,
        catalog_version: &str,
        tick_ms: u64,
        cells: &[Topic],
    ) -> Self {
        Self::new("hello", |json| {
            push_member(json, "stream", stream);
            push_member(json, "epoch", epoch);
            push_member(json, "catalog_version", catalog_version);
            json.extend_from_slice(format!(",\"tick_ms\":{tick_ms},\"cells\":[").as_bytes());
            let cells = cells.iter().filter(|topic| **topic != Topic::Everywhere);
            for (at, topic) in cells.enumerate() {
                if at > 0 {
                    json.push(b',');
                }
                push_text(json, &topic_name(*topic));
            }
            json.push(b']');
        })
    }

    /// Everything in a topic of a layer.
    pub fn snapshot(spec: &LayerSpec, topic: Topic, features: &[Seen]) -> Self {
        Self::new("snapshot", |json| {
            push_place(json, spec, topic);
            push_features(json, "features", spec, features);
        })
    }

    /// What changed in a topic of a layer.
    pub fn delta(spec: &LayerSpec, topic: Topic, delta: &TopicDelta) -> Self {
        Self::new("delta", |json| {
            push_place(json, spec, topic);
            json.extend_from_slice(b",\"removes\":[");
            for (at, id) in delta.removes.iter().enumerate() {
                if at > 0 {
                    json.push(b',');
                }
                push_text(json, id.as_str());
            }
            json.push(b']');
            push_features(json, "upserts", spec, &delta.upserts);
        })
    }

    /// Tiles of the viewport that changed; `None` where there are too many to name.
    pub fn tiles(layers: &[&str], tiles: Option<&[TileCoord]>) -> Self {
        let mut message = Self::new("tiles", |json| {
            json.extend_from_slice(b",\"layers\":[");
            for (at, layer) in layers.iter().enumerate() {
                if at > 0 {
                    json.push(b',');
                }
                push_text(json, layer);
            }
            json.extend_from_slice(b"],\"tiles\":");
            match tiles {
                None => json.extend_from_slice(b"null"),
                Some(tiles) => {
                    let named: Vec<String> = tiles
                        .iter()
                        .map(|tile| format!("[{},{},{}]", tile.z(), tile.x(), tile.y()))
                        .collect();
                    json.extend_from_slice(format!("[{}]", named.join(",")).as_bytes());
                }
            }
        });
        message.names_no_tiles = tiles.is_none();
        message
    }

    /// Snapshots follow, and why.
    pub fn resync(reason: &str) -> Self {
        Self::new("resync", |json| push_member(json, "reason", reason))
    }

    /// The client is now at `seq`.
    pub fn tick(id: String, seq: Seq, server_time: Timestamp) -> Self {
        let mut tick = Self::new("tick", |json| {
            push_member(json, "id", &id);
            json.extend_from_slice(format!(",\"seq\":{seq}").as_bytes());
            push_member(json, "server_time", &server_time.to_string());
        });
        tick.id = Some(id);
        tick
    }

    /// A subscription that was refused; the one before stays.
    pub fn refused(problem: &str) -> Self {
        Self::new("error", |json| push_member(json, "detail", problem))
    }

    /// The last message of a stream that the server ends, and why.
    pub fn farewell(why: &str) -> Self {
        Self::refused(why)
    }
}

/// The name of a topic on the wire: `*`, or the text of its cell.
pub(crate) fn topic_name(topic: Topic) -> String {
    match topic {
        Topic::Everywhere => "*".into(),
        Topic::Cell(cell) => cell.to_string(),
    }
}

fn push_member(json: &mut Vec<u8>, name: &str, text: &str) {
    json.extend_from_slice(format!(",\"{name}\":").as_bytes());
    push_text(json, text);
}

fn push_place(json: &mut Vec<u8>, spec: &LayerSpec, topic: Topic) {
    push_member(json, "layer", &spec.name);
    push_member(json, "cell", &topic_name(topic));
}

fn push_features(json: &mut Vec<u8>, name: &str, spec: &LayerSpec, features: &[Seen]) {
    json.extend_from_slice(format!(",\"{name}\":[").as_bytes());
    for (at, seen) in features.iter().enumerate() {
        if at > 0 {
            json.push(b',');
        }
        push_feature(json, spec, seen, &[]);
    }
    json.push(b']');
}
