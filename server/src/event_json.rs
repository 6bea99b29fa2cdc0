//! An event as one line of JSON, for people and scripts that look at what an adaptor does.

use crate::geojson::{push_geometry, push_text, push_value};
use atalaya_tiles::{Catalog, Event, LayerIx};
use jiff::Timestamp;

/// The event, with the position of its record in the input.
pub fn event_json(catalog: &Catalog, index: usize, event: &Event) -> String {
    let mut out = format!("{{\"index\":{index}").into_bytes();
    match event {
        Event::Observed(seen) => {
            push_names(
                &mut out,
                catalog,
                "observed",
                seen.layer,
                seen.feed.as_str(),
                seen.feature.as_str(),
            );
            push_time(&mut out, "observed_at", seen.observed_at);
            push_time(&mut out, "stale_at", seen.stale_at);
            push_time(&mut out, "expires_at", seen.expires_at);
            out.extend_from_slice(b",\"geometry\":");
            match &seen.geometry {
                Some(geometry) => push_geometry(&mut out, geometry),
                None => out.extend_from_slice(b"null"),
            }
            out.extend_from_slice(b",\"properties\":{");
            let spec = catalog.spec(seen.layer);
            let named = seen
                .properties
                .iter()
                .filter_map(|(field, value)| Some((spec.field_at(field)?.0, value)));
            for (at, (name, value)) in named.enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                push_text(&mut out, name);
                out.push(b':');
                push_value(&mut out, value);
            }
            out.push(b'}');
        }
        Event::Withdrawn {
            layer,
            feature,
            feed,
            at,
        } => {
            push_names(
                &mut out,
                catalog,
                "withdrawn",
                *layer,
                feed.as_str(),
                feature.as_str(),
            );
            push_time(&mut out, "observed_at", *at);
        }
        Event::Clock => out.extend_from_slice(b",\"event\":\"clock\""),
    }
    out.push(b'}');
    String::from_utf8_lossy(&out).into_owned()
}

fn push_names(
    out: &mut Vec<u8>,
    catalog: &Catalog,
    event: &str,
    layer: LayerIx,
    feed: &str,
    id: &str,
) {
    let layer = &catalog.spec(layer).name;
    for (name, text) in [
        ("event", event),
        ("layer", layer),
        ("feed", feed),
        ("id", id),
    ] {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        push_text(out, text);
    }
}

fn push_time(out: &mut Vec<u8>, name: &str, at: Option<Timestamp>) {
    if let Some(at) = at {
        out.extend_from_slice(format!(",\"{name}\":\"{at}\"").as_bytes());
    }
}
