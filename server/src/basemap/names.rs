//! What a map reader can ask the basemap for by name: places, and the crossings of two named roads.
//!
//! Roads cross where they share a vertex, equal to the last digit; a bridge shares none. Two roads
//! that meet more than once are named once, where they meet farthest to the west.

use super::Item;
use atalaya_tiles::{LonLat, Value};
use geo::CoordsIter;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most crossings that are kept; past it those that come last in the alphabet are left out.
const CROSSINGS_MOST: usize = 200_000;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A town or a part of one.
    Place,
    /// Where two named roads meet.
    Crossing,
}

/// A name and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Stable for as long as the basemap is the same.
    pub id: String,
    /// The name; for a crossing those of both roads, joined by `&`.
    pub text: String,
    /// The name as it is searched: folded.
    pub(crate) folded: String,
    /// What it stands for.
    pub kind: NameKind,
    /// Where it is.
    pub at: LonLat,
}

impl Name {
    fn new(id: String, text: String, kind: NameKind, at: LonLat) -> Self {
        let mut folded = String::new();
        crate::words::fold(&mut folded, &text);
        Self {
            id,
            text,
            folded,
            kind,
            at,
        }
    }
}

/// The places among the features of a source-layer.
pub(super) fn places<'i>(items: impl Iterator<Item = &'i Item>) -> Vec<Name> {
    let mut names: Vec<(u64, Name)> = items
        .filter_map(|item| {
            let id = format!("places/{}", item.order + 1);
            let at = atalaya_tiles::anchor(&item.geometry)?;
            let text = name(item)?.to_owned();
            Some((item.order, Name::new(id, text, NameKind::Place, at)))
        })
        .collect();
    names.sort_unstable_by_key(|(order, _)| *order);
    names.into_iter().map(|(_, name)| name).collect()
}

/// The crossings of the roads of a source-layer.
pub(super) fn crossings<'i>(items: impl Iterator<Item = &'i Item>) -> Vec<Name> {
    let mut at_vertex: HashMap<[u64; 2], (LonLat, BTreeSet<&str>)> = HashMap::new();
    for item in items {
        let Some(road) = name(item) else {
            continue;
        };
        for vertex in item.geometry.coords_iter() {
            let Ok(at) = LonLat::new(vertex.x, vertex.y) else {
                continue;
            };
            let key = [vertex.x.to_bits(), vertex.y.to_bits()];
            let (_, roads) = at_vertex
                .entry(key)
                .or_insert_with(|| (at, BTreeSet::new()));
            roads.insert(road);
        }
    }
    let west_first = |at: &LonLat, than: &LonLat| {
        let lon = at.lon().total_cmp(&than.lon());
        lon.then_with(|| at.lat().total_cmp(&than.lat())).is_lt()
    };
    let mut crossings: BTreeMap<[&str; 2], LonLat> = BTreeMap::new();
    for (at, roads) in at_vertex.values() {
        for one in roads {
            for other in roads.iter().filter(|other| *other > one) {
                let known = crossings.entry([one, other]).or_insert(*at);
                if west_first(at, known) {
                    *known = *at;
                }
            }
        }
    }
    let named = crossings
        .into_iter()
        .take(CROSSINGS_MOST)
        .map(|([one, other], at)| {
            let text = format!("{one} & {other}");
            Name::new(format!("crossings/{text}"), text, NameKind::Crossing, at)
        });
    named.collect()
}

fn name(item: &Item) -> Option<&str> {
    let value = item.properties.iter().find(|(key, _)| key == "name");
    match value {
        Some((_, Value::Text(text))) if !text.is_empty() => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
