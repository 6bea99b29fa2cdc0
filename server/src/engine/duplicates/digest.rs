//! Short digests in place of what is remembered: equal ones stand for equal things.

use atalaya_tiles::{Event, LayerIx, Observation, ValueRef};
use geo_types::Geometry;
use sha2::{Digest as _, Sha256};

/// A digest.
pub(super) type Digest = [u8; 16];

/// 128 bits of SHA-256 over everything that makes an event what it is; `None` for the clock.
pub(super) fn of_event(event: &Event) -> Option<Digest> {
    let mut digest = Sha256::new();
    match event {
        Event::Observed(observation) => add_observation(&mut digest, observation),
        Event::Withdrawn {
            layer,
            feature,
            feed,
            at,
        } => {
            digest.update(b"withdrawn");
            add_names(&mut digest, *layer, feature.as_str(), feed.as_str());
            add_time(&mut digest, *at);
        }
        Event::Clock => return None,
    }
    half(digest)
}

/// 128 bits of SHA-256 over what names a feature.
pub(super) fn of_key(layer: LayerIx, feature: &str) -> Option<Digest> {
    let mut digest = Sha256::new();
    digest.update(layer.index().to_be_bytes());
    add_text(&mut digest, feature);
    half(digest)
}

fn half(digest: Sha256) -> Option<Digest> {
    digest.finalize().as_slice().get(..16)?.try_into().ok()
}

fn add_names(digest: &mut Sha256, layer: LayerIx, feature: &str, feed: &str) {
    digest.update(layer.index().to_be_bytes());
    add_text(digest, feature);
    add_text(digest, feed);
}

fn add_observation(digest: &mut Sha256, observation: &Observation) {
    digest.update(b"observed");
    add_names(
        digest,
        observation.layer,
        observation.feature.as_str(),
        observation.feed.as_str(),
    );
    add_time(digest, observation.observed_at);
    add_time(digest, observation.stale_at);
    add_time(digest, observation.expires_at);
    add_geometry(digest, observation.geometry.as_ref());
    for (field, value) in observation.properties.iter() {
        digest.update(field.index().to_be_bytes());
        add_value(digest, value);
    }
}

fn add_text(digest: &mut Sha256, text: &str) {
    digest.update(text.len().to_be_bytes());
    digest.update(text);
}

fn add_time(digest: &mut Sha256, at: Option<jiff::Timestamp>) {
    digest.update(
        at.map_or(i128::MIN, jiff::Timestamp::as_nanosecond)
            .to_be_bytes(),
    );
}

fn add_geometry(digest: &mut Sha256, geometry: Option<&Geometry<f64>>) {
    use geo::CoordsIter;
    let Some(geometry) = geometry else {
        digest.update(b"none");
        return;
    };
    // The text names every part and ring; coordinates in it round-trip.
    if let Geometry::Point(point) = geometry {
        digest.update(point.x().to_bits().to_be_bytes());
        digest.update(point.y().to_bits().to_be_bytes());
    } else {
        digest.update(geometry.coords_count().to_be_bytes());
        let mut text = Vec::new();
        crate::geojson::push_geometry(&mut text, geometry);
        digest.update(&text);
    }
}

fn add_value(digest: &mut Sha256, value: ValueRef<'_>) {
    match value {
        ValueRef::Text(text) => add_text(digest, text),
        ValueRef::Integer(n) => digest.update(n.to_be_bytes()),
        ValueRef::Number(x) => digest.update(x.to_bits().to_be_bytes()),
        ValueRef::Boolean(b) => digest.update([u8::from(b)]),
        ValueRef::Time(at) => add_time(digest, Some(at)),
        ValueRef::List(list) => {
            digest.update(list.len().to_be_bytes());
            for value in list {
                add_value(digest, value.into());
            }
        }
    }
}
