//! The quickest way between two nodes of the network (Dijkstra 1959), with fast streets preferred.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::place::Place;
use super::streets::{NodeIndex, Rank, Streets};

/// The nodes from `from` to `to`, both included; only `from` if there is no way.
pub(super) fn nodes(streets: &Streets, from: NodeIndex, to: NodeIndex) -> Vec<NodeIndex> {
    let mut best: Vec<(u64, NodeIndex)> = vec![(u64::MAX, from); streets.len()];
    let mut open = BinaryHeap::from([Reverse((0_u64, from))]);
    if let Some(first) = best.get_mut(from) {
        *first = (0, from);
    }
    while let Some(Reverse((cost, index))) = open.pop() {
        if index == to {
            return walked_back(&best, from, to);
        }
        if best.get(index).is_some_and(|(known, _)| *known < cost) {
            continue;
        }
        for edge in streets.edges(index) {
            let reached = cost.saturating_add(cost_of(edge.length_m, edge.rank));
            if let Some(known) = best.get_mut(edge.to).filter(|known| reached < known.0) {
                *known = (reached, index);
                open.push(Reverse((reached, edge.to)));
            }
        }
    }
    vec![from]
}

/// The same as positions.
pub(super) fn places(streets: &Streets, from: NodeIndex, to: NodeIndex) -> Vec<Place> {
    nodes(streets, from, to)
        .into_iter()
        .map(|index| streets.place(index))
        .collect()
}

/// Tenths of a second, whole, so that the order of ties is the same on every machine.
fn cost_of(length_m: f64, rank: Rank) -> u64 {
    let speed_mps = match rank {
        Rank::Major => 17.0,
        Rank::Medium => 13.0,
        Rank::Minor => 8.0,
    };
    let tenths = super::legs::millis(length_m / speed_mps + 2.0) / 100;
    u64::from(tenths)
}

fn walked_back(best: &[(u64, NodeIndex)], from: NodeIndex, to: NodeIndex) -> Vec<NodeIndex> {
    let mut path = vec![to];
    let mut index = to;
    while index != from {
        let Some((_, before)) = best.get(index) else {
            break;
        };
        index = *before;
        path.push(index);
    }
    path.reverse();
    path
}
