//! Everything that a viewer can read from a view, as text that can be compared.

use super::{model::Known, spots};
use crate::catalog::{LayerKind, LayerSpec};
use crate::cell::resolution_for_zoom;
use crate::encode::{TileLimits, TileRequest, encode_tile};
use crate::event::Seq;
use crate::feature::{FeatureId, Seen, Topic, ValueRef};
use crate::gate::Open;
use crate::place::Bounds;
use crate::tile::{TileCoord, column, world_x, world_y};
use crate::units::Meters;
use crate::view::View;
use crate::viewer::Viewer;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A feature, without the seq of its last change.
pub(crate) fn features(open: &Open<'_>, seen: &Seen) -> String {
    let spec = open.spec();
    let fields: Vec<(&str, ValueRef<'_>)> = seen
        .properties()
        .map(|(field, value)| (spec.field_at(field).unwrap().0, value))
        .collect();
    format!(
        "{} {:?} {fields:?} observed {} stale {} {:?} trail {:?} by {}",
        seen.id(),
        seen.geometry(),
        seen.observed_at(),
        seen.is_stale(),
        seen.stale_at(),
        seen.trail(),
        seen.feed()
    )
}

/// The same of a feature of the model, for somebody with these clearances.
pub(crate) fn known(spec: &LayerSpec, held: &[&str], id: &FeatureId, known: &Known) -> String {
    let fields: Vec<(&str, ValueRef<'_>)> = known
        .observation
        .properties
        .iter()
        .map(|(field, value)| (spec.field_at(field).unwrap(), value))
        .filter(|((_, field), _)| may(held, field.clearance.as_ref()))
        .map(|((name, _), value)| (name, value))
        .collect();
    format!(
        "{id} {:?} {fields:?} observed {} stale {} {:?} trail {:?} by {}",
        known.observation.geometry.as_ref(),
        known.observed_at(),
        known.stale,
        known.stale_at(spec),
        known.trail,
        known.observation.feed
    )
}

/// Whether somebody with these clearances may see what needs one.
pub(crate) fn may(held: &[&str], needed: Option<&String>) -> bool {
    needed.is_none_or(|needed| held.contains(&needed.as_str()))
}

/// The tiles over the spots, at all zooms.
fn tiles() -> BTreeSet<TileCoord> {
    let tiles = spots().into_iter().flat_map(|spot| {
        let (x, y) = (world_x(spot.lon()), world_y(spot.lat()));
        [0, 4, 9, 13, 15, 16, 19]
            .into_iter()
            .map(move |z| TileCoord::new(z, column(x, z), column(y, z)).unwrap())
    });
    tiles.collect()
}

/// All that can be read of the features and counts, with the seqs.
pub(crate) fn everything(view: &View, viewer: &Viewer) -> Vec<String> {
    let mut lines = vec![
        format!("at {} {}", view.seq(), view.clock()),
        format!("noticed {}", view.noticed_by(viewer)),
    ];
    let tiles = tiles();
    for open in view.open_all(viewer) {
        let name = &open.spec().name;
        let mut line = |what: &str, text: String| lines.push(format!("{name} {what}: {text}"));
        let all = open.page(None, usize::MAX);
        for seen in &all {
            line("has", format!("{} {}", seen.seq(), features(&open, seen)));
            assert!(open.get(&seen.feature_id()).is_some());
        }
        line("count", open.count().to_string());
        line("last change", open.last_change().to_string());
        line("within", ids(&open.within(Bounds::WORLD, None)));
        for resolution in [0, 5, 9, 12] {
            line(
                "cells",
                format!("{:?}", open.cells(Bounds::WORLD, resolution, None)),
            );
        }
        // Sightings do not flow one by one, and of those in a segment nobody knows in which topic they would.
        let flowing = all
            .iter()
            .filter(|_| open.spec().kind != LayerKind::Sighting);
        let topics: BTreeSet<Topic> = flowing.map(Seen::topic).collect();
        for topic in topics {
            line("topic", ids(&open.topic(topic)));
        }
        let near = open.nearest(spots()[0], Meters(5e6), 3);
        line(
            "near",
            ids(&near.into_iter().map(|(_, seen)| seen).collect::<Vec<_>>()),
        );
        let seeing = open.seeing(spots()[0]);
        line(
            "seeing",
            format!(
                "{:?}",
                seeing.iter().map(|(sight, ..)| sight).collect::<Vec<_>>()
            ),
        );
        let seqs: Vec<Seq> = tiles.iter().map(|tile| open.tile_seq(*tile)).collect();
        line("tiles", format!("{seqs:?}"));
    }
    lines
}

/// The deltas of all topics since a seq.
pub(crate) fn deltas(view: &View, viewer: &Viewer, since: Seq) -> String {
    let mut text = String::new();
    for open in view.open_all(viewer) {
        for (_, topic) in view
            .dirty_topics(viewer, since)
            .iter()
            .filter(|(l, _)| *l == open.layer())
        {
            let delta = open.topic_delta(*topic, since);
            let upserts: Vec<String> = delta.upserts.iter().map(|s| features(&open, s)).collect();
            if !delta.removes.is_empty() || !upserts.is_empty() {
                let name = &open.spec().name;
                writeln!(text, "{name} {topic:?} -{:?} +{upserts:?}", delta.removes).unwrap();
            }
        }
    }
    text
}

/// What a tile shows: features whose box it touches, and counts of the resolution for its zoom.
pub(crate) fn tile(open: &Open<'_>, tile: TileCoord) -> String {
    let bounds = tile.bounds_with(1.0 / 64.0);
    let within = open.within(bounds, None);
    let features: Vec<String> = within.iter().map(|seen| features(open, seen)).collect();
    let cells = open.cells(bounds, resolution_for_zoom(tile.z()), None);
    format!("{features:?} {cells:?}")
}

/// The tile as encoded, with room for little and for next to nothing.
pub(crate) fn encoded(open: &Open<'_>, view: &View, viewer: &Viewer, tile: TileCoord) -> String {
    let encoded = [400, 90].map(|max_bytes| {
        let request = TileRequest {
            layers: &[open.layer()],
            tile,
            window: None,
            limits: TileLimits {
                max_bytes,
                ..TileLimits::default()
            },
        };
        encode_tile(view, viewer, &request).map_err(|error| error.to_string())
    });
    format!("{encoded:?}")
}

pub(crate) fn ids(found: &[Seen]) -> String {
    let ids: Vec<&str> = found.iter().map(Seen::id).collect();
    ids.join(" ")
}
