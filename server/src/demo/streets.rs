//! The seed city's named streets as a network.
//!
//! Reads the basemap's `roads.geojson`. Streets that cross share a vertex, equal to the last digit, so
//! vertices are the nodes and the pieces between them the edges. Left out: highways (no patrol turns on
//! them), streets without a name (they are texture), and whatever the largest connected piece of the
//! network does not reach.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use thiserror::Error;

use super::chance::Chance;
use super::place::Place;

/// Why a road file gives no network.
#[derive(Debug, Error)]
pub enum StreetsError {
    /// The text is not JSON.
    #[error("the roads are not readable JSON: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// There is no `features` array in it.
    #[error("the roads are not a GeoJSON FeatureCollection")]
    NotACollection,
    /// No named street has two positions.
    #[error("the roads hold no named street")]
    Empty,
}

/// The vertex with this number.
pub(super) type NodeIndex = usize;

/// A place where streets meet or bend.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) edges: Vec<Edge>,
}

/// One straight piece of street that leaves a node.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) to: NodeIndex,
    pub(super) name: String,
    pub(super) length_m: f64,
    pub(super) rank: Rank,
}

/// How fast a street is, as its `kind` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    Major,
    Medium,
    Minor,
}

/// The network of named streets.
#[derive(Debug, Clone)]
pub struct Streets {
    nodes: Vec<Node>,
}

impl Streets {
    /// Reads a `FeatureCollection` of roads with `kind` and `name`; features of another shape are passed over.
    pub fn parse(roads: &str) -> Result<Self, StreetsError> {
        let value: Value = serde_json::from_str(roads)?;
        let features = value
            .get("features")
            .and_then(Value::as_array)
            .ok_or(StreetsError::NotACollection)?;
        let mut network = Network::default();
        for feature in features {
            network.add(feature);
        }
        let nodes = network.largest_piece();
        if nodes.is_empty() {
            Err(StreetsError::Empty)
        } else {
            Ok(Self { nodes })
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, index: NodeIndex) -> Option<&Node> {
        self.nodes.get(index)
    }

    pub(super) fn edges(&self, index: NodeIndex) -> &[Edge] {
        self.node(index).map_or(&[], |node| &node.edges)
    }

    /// The node's position; of a node that does not exist, that of the first.
    pub(super) fn place(&self, index: NodeIndex) -> Place {
        self.node(index)
            .or_else(|| self.nodes.first())
            .map_or(Place::new(0.0, 0.0), |node| node.place)
    }

    /// Where two streets meet, by their full names.
    pub(super) fn crossing(&self, one: &str, other: &str) -> Option<NodeIndex> {
        self.nodes.iter().position(|node| {
            let named = |name: &str| node.edges.iter().any(|edge| edge.name == name);
            named(one) && named(other)
        })
    }

    pub(super) fn nearest(&self, place: Place) -> NodeIndex {
        let away = |node: &Node| node.place.distance_m(place);
        self.nodes
            .iter()
            .enumerate()
            .min_by(|(_, a), (_, b)| away(a).total_cmp(&away(b)))
            .map_or(0, |(index, _)| index)
    }

    /// The crossing, or some node if the network has no such crossing.
    pub(super) fn crossing_or_any(&self, one: &str, other: &str, chance: &mut Chance) -> NodeIndex {
        self.crossing(one, other).unwrap_or_else(|| {
            let count = u32::try_from(self.len()).unwrap_or(u32::MAX);
            usize::try_from(chance.below(count)).unwrap_or(0)
        })
    }

    /// Whether streets of different names meet here.
    pub(super) fn crosses(&self, index: NodeIndex) -> bool {
        let mut names = self.edges(index).iter().map(|edge| &edge.name);
        let first = names.next();
        names.any(|name| Some(name) != first)
    }

    /// What a caller would call the node: "Speedway & Campbell", or the street's name where nothing crosses.
    pub(super) fn title(&self, index: NodeIndex) -> String {
        let names: BTreeSet<&str> = self
            .edges(index)
            .iter()
            .map(|edge| edge.name.as_str())
            .collect();
        let mut by_direction: Vec<(bool, &str)> = names
            .into_iter()
            .map(|name| (!self.runs_east(index, name), name))
            .collect();
        by_direction.sort_unstable();
        match by_direction.as_slice() {
            [(_, one), (_, other), ..] => joined(one, other),
            [(_, only)] => String::from(*only),
            [] => String::from("unnamed street"),
        }
    }

    /// A street that both nodes are on.
    pub(super) fn shared(&self, one: NodeIndex, other: NodeIndex) -> Option<&str> {
        let names = |index| self.edges(index).iter().map(|edge| edge.name.as_str());
        names(one).find(|name| names(other).any(|there| there == *name))
    }

    /// "6th Ave from 12th St to Broadway Blvd".
    pub(super) fn stretch(&self, road: &str, from: NodeIndex, to: NodeIndex) -> String {
        let [start, end] = [from, to].map(|index| {
            let crossing = self.edges(index).iter().find(|edge| edge.name != road);
            crossing.map_or("its end", |edge| edge.name.as_str())
        });
        format!("{road} from {start} to {end}")
    }

    fn runs_east(&self, index: NodeIndex, name: &str) -> bool {
        let here = self.place(index);
        self.edges(index)
            .iter()
            .filter(|edge| edge.name == name)
            .any(|edge| {
                let heading = here.heading_deg(self.place(edge.to)).rem_euclid(180.0);
                (45.0..135.0).contains(&heading)
            })
    }
}

/// "Speedway & Campbell", but "6th St & 6th Ave".
fn joined(one: &str, other: &str) -> String {
    let (a, b) = (spoken(one), spoken(other));
    let numbered = |name: &str| name.starts_with(|first: char| first.is_ascii_digit());
    if a == b || (numbered(a) && numbered(b)) {
        format!("{one} & {other}")
    } else {
        format!("{a} & {b}")
    }
}

/// A street's name without its type, as people say it.
pub(super) fn spoken(name: &str) -> &str {
    const TYPES: [&str; 9] = [
        "Blvd", "Rd", "Ave", "St", "Way", "Pkwy", "Dr", "Hwy", "Trail",
    ];
    match name.rsplit_once(' ') {
        Some((stem, last)) if TYPES.contains(&last) => stem,
        Some(_) | None => name,
    }
}

/// The network while it is read.
#[derive(Default)]
struct Network {
    nodes: Vec<Node>,
    by_position: BTreeMap<(u64, u64), NodeIndex>,
}

impl Network {
    fn add(&mut self, road: &Value) -> Option<()> {
        let properties = road.get("properties")?;
        let name = properties.get("name")?.as_str()?;
        let rank = match properties.get("kind")?.as_str()? {
            "major_road" => Rank::Major,
            "medium_road" => Rank::Medium,
            "minor_road" => Rank::Minor,
            _ => return None,
        };
        let geometry = road.get("geometry")?;
        if geometry.get("type")?.as_str()? != "LineString" {
            return None;
        }
        let mut before = None;
        for position in geometry.get("coordinates")?.as_array()? {
            let here = self.node_at(position.get(0)?.as_f64()?, position.get(1)?.as_f64()?);
            if let Some(last) = before {
                self.join(last, here, name, rank);
            }
            before = Some(here);
        }
        Some(())
    }

    fn node_at(&mut self, lon: f64, lat: f64) -> NodeIndex {
        let next = self.nodes.len();
        let index = *self
            .by_position
            .entry((lon.to_bits(), lat.to_bits()))
            .or_insert(next);
        if index == next {
            self.nodes.push(Node {
                place: Place::new(lon, lat),
                edges: Vec::new(),
            });
        }
        index
    }

    fn join(&mut self, one: NodeIndex, other: NodeIndex, name: &str, rank: Rank) {
        for (from, to) in [(one, other), (other, one)] {
            let Some(end) = self.nodes.get(to).map(|node| node.place) else {
                continue;
            };
            let Some(node) = self.nodes.get_mut(from) else {
                continue;
            };
            let known = node
                .edges
                .iter()
                .any(|edge| edge.to == to && edge.name == name);
            if from != to && !known {
                let length_m = node.place.distance_m(end);
                node.edges.push(Edge {
                    to,
                    name: name.to_owned(),
                    length_m,
                    rank,
                });
            }
        }
    }

    /// The nodes of the largest connected piece, renumbered.
    fn largest_piece(self) -> Vec<Node> {
        let mut piece_of: Vec<Option<NodeIndex>> = vec![None; self.nodes.len()];
        let mut sizes: BTreeMap<NodeIndex, usize> = BTreeMap::new();
        for first in 0..self.nodes.len() {
            let mut open = vec![first];
            while let Some(index) = open.pop() {
                let Some(slot) = piece_of.get_mut(index).filter(|slot| slot.is_none()) else {
                    continue;
                };
                *slot = Some(first);
                *sizes.entry(first).or_default() += 1;
                open.extend(
                    self.nodes
                        .get(index)
                        .into_iter()
                        .flat_map(|node| node.edges.iter().map(|edge| edge.to)),
                );
            }
        }
        let largest = sizes
            .iter()
            .max_by_key(|(_, size)| **size)
            .map(|(piece, _)| *piece);
        let kept: Vec<NodeIndex> = (0..self.nodes.len())
            .filter(|index| {
                piece_of
                    .get(*index)
                    .is_some_and(|piece| piece.is_some() && *piece == largest)
            })
            .collect();
        let renumbered: BTreeMap<NodeIndex, NodeIndex> = kept
            .iter()
            .enumerate()
            .map(|(new, old)| (*old, new))
            .collect();
        let mut nodes: Vec<Node> = kept
            .iter()
            .filter_map(|index| self.nodes.get(*index).cloned())
            .collect();
        for edge in nodes.iter_mut().flat_map(|node| node.edges.iter_mut()) {
            edge.to = renumbered.get(&edge.to).copied().unwrap_or(0);
        }
        nodes.retain(|node| !node.edges.is_empty());
        nodes
    }
}
