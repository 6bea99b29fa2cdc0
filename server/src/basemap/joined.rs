//! Streets put together again: centerline files cut a street at every crossing, and a label finds no
//! room on a single block. Lines of equal properties that meet end to end, and where no third one of
//! their kind meets them, become one line. No vertex is lost or moved.

use atalaya_tiles::Value;
use geo_types::{Coord, Geometry, LineString};
use std::collections::HashMap;

/// A feature of a source-layer, before it has a place in it.
pub(super) type Piece = (Vec<(String, Value)>, Geometry<f64>);

/// Where a line of a group ends.
type End = (usize, [u64; 2]);

const fn bits(at: Coord<f64>) -> [u64; 2] {
    [at.x.to_bits(), at.y.to_bits()]
}

/// The lines joined as far as they go, each in the place of its first piece; all else as it was.
pub(super) fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut groups: HashMap<String, usize> = HashMap::new();
    let mut meeting: HashMap<End, Vec<usize>> = HashMap::new();
    let mut group_of = Vec::with_capacity(pieces.len());
    for (at, (properties, geometry)) in pieces.iter().enumerate() {
        let next = groups.len();
        let group = *groups.entry(format!("{properties:?}")).or_insert(next);
        group_of.push(group);
        for end in ends(geometry) {
            meeting.entry((group, bits(end))).or_default().push(at);
        }
    }
    let mut pieces: Vec<Option<Piece>> = pieces.into_iter().map(Some).collect();
    let mut made = Vec::with_capacity(pieces.len());
    for (at, group) in group_of.into_iter().enumerate() {
        let Some((properties, geometry)) = pieces.get_mut(at).and_then(Option::take) else {
            continue;
        };
        let Geometry::LineString(line) = geometry else {
            made.push((properties, geometry));
            continue;
        };
        let mut coords = line.0;
        // Once from each end: the second walk goes on from where the line began.
        for _ in 0..2 {
            grow(&mut coords, group, &meeting, &mut pieces);
            coords.reverse();
        }
        made.push((properties, Geometry::LineString(LineString(coords))));
    }
    made
}

/// First and last vertex of a line; nothing of anything else, nor of a ring.
fn ends(geometry: &Geometry<f64>) -> Vec<Coord<f64>> {
    let Geometry::LineString(line) = geometry else {
        return Vec::new();
    };
    match (line.0.first(), line.0.last()) {
        (Some(first), Some(last)) if first != last => vec![*first, *last],
        _ => Vec::new(),
    }
}

/// Appends piece after piece to the end of a line.
fn grow(
    coords: &mut Vec<Coord<f64>>,
    group: usize,
    meeting: &HashMap<End, Vec<usize>>,
    pieces: &mut [Option<Piece>],
) {
    while let Some(last) = coords.last().copied() {
        let next = match meeting.get(&(group, bits(last))).map(Vec::as_slice) {
            Some([one, other]) => [*one, *other],
            _ => return,
        };
        let taken = next
            .iter()
            .find_map(|at| pieces.get_mut(*at).and_then(Option::take));
        let Some((_, Geometry::LineString(LineString(mut more)))) = taken else {
            return;
        };
        if more.first() != Some(&last) {
            more.reverse();
        }
        coords.extend(more.into_iter().skip(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::line_string;

    fn street(name: &str, coords: &[(f64, f64)]) -> Piece {
        let line = LineString::from(coords.to_vec());
        let name = Value::Text(name.into());
        (vec![("name".into(), name)], Geometry::LineString(line))
    }

    fn lines(pieces: Vec<Piece>) -> Vec<Vec<(f64, f64)>> {
        let lines = joined(pieces).into_iter().map(|(_, geometry)| {
            let line = LineString::try_from(geometry).expect("a line");
            line.0.into_iter().map(|at| (at.x, at.y)).collect()
        });
        lines.collect()
    }

    #[test]
    fn blocks_of_a_street_become_one_line_whichever_way_they_were_drawn() {
        let blocks = vec![
            street("Main", &[(1.0, 0.0), (2.0, 0.0)]),
            street("Main", &[(1.0, 0.0), (0.0, 0.0)]),
            street("Main", &[(3.0, 0.0), (2.0, 0.0)]),
        ];
        let mut whole = lines(blocks);
        assert_eq!(whole.len(), 1);
        whole[0].sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(whole[0], [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]);
    }

    #[test]
    fn streets_of_other_names_stay_apart_and_so_do_forks() {
        let named = vec![
            street("Main", &[(0.0, 0.0), (1.0, 0.0)]),
            street("Broad", &[(1.0, 0.0), (2.0, 0.0)]),
        ];
        assert_eq!(lines(named).len(), 2);
        let fork = vec![
            street("Main", &[(0.0, 0.0), (1.0, 0.0)]),
            street("Main", &[(1.0, 0.0), (2.0, 0.0)]),
            street("Main", &[(1.0, 0.0), (1.0, 1.0)]),
        ];
        assert_eq!(lines(fork).len(), 3);
    }

    #[test]
    fn rings_end_and_other_shapes_are_left_alone() {
        let ring = vec![
            street("Loop", &[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]),
            street("Loop", &[(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]),
        ];
        assert_eq!(lines(ring).len(), 1);
        let closed = line_string![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 0.0, y: 0.0)];
        let point = Geometry::Point((5.0, 5.0).into());
        let others = vec![
            (Vec::new(), Geometry::LineString(closed.clone())),
            (Vec::new(), point.clone()),
        ];
        let expected = vec![
            (Vec::new(), Geometry::LineString(closed)),
            (Vec::new(), point),
        ];
        assert_eq!(joined(others), expected);
    }
}
