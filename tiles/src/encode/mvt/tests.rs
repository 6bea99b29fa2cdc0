//! The writer: integer ids, shared values, and geometry that a reader takes apart again.

use super::*;
use crate::encode::project::Path;
use crate::encode::quantise::quantise;
use geo_types::{Coord, Geometry};
use mvt_reader::Reader;
use proptest::prelude::*;

#[test]
fn decimal_ids_are_themselves_and_others_are_hashed() {
    for (id, expected) in [
        ("0", 0),
        ("42", 42),
        ("9007199254740991", ID_BITS),
        // SHA-256 of "abc" ends in ...b410ff61f20015ad.
        ("abc", 0xb410_ff61_f200_15ad & ID_BITS),
    ] {
        assert_eq!(integer_id(id), expected, "{id}");
    }
    for id in [
        "",
        "042",
        "9007199254740992",
        "-1",
        "+1",
        "1.0",
        "٣",
        "99999999999999999999999",
    ] {
        let digest = Sha256::digest(id.as_bytes());
        let low = u64::from_be_bytes(digest[24..32].try_into().unwrap()) & ID_BITS;
        assert_eq!(integer_id(id), low, "{id}");
    }
}

fn read(shape: &Shape<i32>) -> Vec<Geometry<i32>> {
    let mut writer = DirectWriter::new("layer", 4_096, Vec::new());
    writer.add(Some(1), shape, &[]).unwrap();
    let reader = Reader::new(writer.finish().unwrap().bytes).unwrap();
    let features = reader.get_features_as::<i32>(0).unwrap();
    features
        .into_iter()
        .map(|feature| feature.geometry)
        .collect()
}

fn path(corners: &[(i32, i32)]) -> Path<i32> {
    corners
        .iter()
        .map(|(x, y)| Coord { x: *x, y: *y })
        .collect()
}

#[test]
fn a_ring_may_begin_where_the_one_before_ended() {
    let exterior = path(&[(0, 0), (10, 0), (10, 10), (0, 10)]);
    let hole = path(&[(0, 10), (6, 8), (6, 6)]);
    let mut shape = Shape::empty();
    shape.polygons.push(vec![exterior.clone(), hole]);
    shape.polygons.push(vec![exterior]);
    let [Geometry::MultiPolygon(polygons)] = &read(&shape)[..] else {
        panic!("no polygons")
    };
    let rings: Vec<_> = polygons
        .iter()
        .map(|polygon| (polygon.exterior().0.len(), polygon.interiors().len()))
        .collect();
    assert_eq!(rings, [(5, 1), (5, 0)]);
    assert_eq!(polygons.0[0].interiors()[0].0.len(), 4);
}

#[test]
fn lines_that_meet_are_written_as_the_one_they_draw() {
    let mut shape = Shape::empty();
    shape.lines = vec![
        path(&[(0, 0), (5, 5)]),
        path(&[(5, 5), (9, 0)]),
        path(&[(1, 1), (2, 1)]),
    ];
    let [Geometry::MultiLineString(lines)] = &read(&shape)[..] else {
        panic!("no lines")
    };
    let lengths: Vec<_> = lines.iter().map(|line| line.0.len()).collect();
    assert_eq!(lengths, [3, 2]);
}

#[test]
fn keys_and_values_are_shared() {
    let mut shape = Shape::empty();
    shape.points = path(&[(1, 2)]);
    let mut writer = DirectWriter::new("layer", 4_096, vec!["a key that is written once"]);
    for id in 0..50 {
        let tags = [(0, Tag::Text(Cow::Borrowed("a value that is written once"))).into()];
        writer.add(Some(id), &shape, &tags).unwrap();
    }
    let bytes = writer.finish().unwrap().bytes;
    let count = |text: &str| {
        bytes
            .windows(text.len())
            .filter(|w| *w == text.as_bytes())
            .count()
    };
    assert_eq!(count("a key that is written once"), 1);
    assert_eq!(count("a value that is written once"), 1);
}

#[test]
fn a_layer_without_features_has_no_bytes() {
    let mut writer = DirectWriter::new("layer", 4_096, Vec::new());
    writer.add(Some(1), &Shape::empty(), &[]).unwrap();
    assert!(writer.finish().unwrap().bytes.is_empty());
}

/// An id, a shape, tags and whether each stands in a dictionary, and whether new dictionaries begin.
pub(crate) type Drawn = (
    Option<u64>,
    Shape<i32>,
    Vec<(Slot, Tag<'static>, bool)>,
    bool,
);

/// The number of a value in a dictionary, from 1 on; a new one is put at its end.
fn number<'t>(dictionary: &mut Vec<Tag<'t>>, tag: &Tag<'t>) -> u32 {
    let known = dictionary.iter().position(|known| known == tag);
    let at = known.unwrap_or_else(|| {
        dictionary.push(tag.clone());
        dictionary.len() - 1
    });
    u32::try_from(at + 1).unwrap()
}

pub(crate) fn written<'t, W: LayerWriter<'t>>(extent: u32, features: &[Drawn]) -> Encoded {
    let mut writer = W::new("a layer", extent, vec!["id", "name", "größe"]);
    let mut dictionaries: [Vec<Tag<'_>>; 3] = Default::default();
    for (id, shape, tags, turns) in features {
        if *turns {
            writer.turn();
            dictionaries = Default::default();
        }
        let tags = tags.iter().map(|(slot, tag, stands)| Tagged {
            slot: *slot,
            tag: tag.clone(),
            number: if *stands {
                number(&mut dictionaries[usize::from(*slot)], tag)
            } else {
                0
            },
        });
        let tags: Vec<_> = tags.collect();
        assert!(writer.add(*id, shape, &tags).is_ok());
    }
    let written = writer.finish();
    written.unwrap_or_else(|error| panic!("{error}"))
}

fn tag() -> impl Strategy<Value = Tag<'static>> {
    let number = prop_oneof![Just(0.0), Just(-0.0), Just(f64::MIN), any::<f64>()];
    let integer = prop_oneof![-2..2_i64, Just(i64::MIN), Just(i64::MAX), any::<i64>()];
    prop_oneof![
        "[a-c]{0,2}|.{130}".prop_map(|text| Tag::Text(text.into())),
        integer.prop_map(Tag::Integer),
        number.prop_map(Tag::Number),
        any::<bool>().prop_map(Tag::Boolean),
    ]
}

pub(crate) fn tags() -> impl Strategy<Value = Vec<(Slot, Tag<'static>, bool)>> {
    prop::collection::vec((0..3_u16, tag(), any::<bool>()), 0..4)
}

/// Positions close together, so that parts meet, and some far out.
fn corners(count: std::ops::Range<usize>) -> impl Strategy<Value = Path<f64>> {
    let axis = || prop_oneof![8 => 0..6, 1 => -70_000..70_000];
    let corner = (axis(), axis()).prop_map(|(x, y): (i32, i32)| Coord {
        x: x.into(),
        y: y.into(),
    });
    prop::collection::vec(corner, count)
}

pub(crate) fn shape() -> impl Strategy<Value = Shape<i32>> {
    let rings = prop::collection::vec(corners(3..9), 1..3);
    let parts = (
        corners(0..4),
        prop::collection::vec(corners(2..6), 0..4),
        prop::collection::vec(rings, 0..3),
    );
    parts.prop_map(|(points, lines, polygons)| {
        quantise(&Shape {
            points,
            lines,
            polygons,
        })
    })
}

proptest! {
    #[test]
    fn the_bytes_are_those_of_the_reference(
        extent in 1..70_000_u32,
        features in prop::collection::vec(
            (any::<Option<u64>>(), shape(), tags(), prop::bool::weighted(0.2)),
            0..12,
        ),
    ) {
        let direct = written::<DirectWriter<'_>>(extent, &features);
        let reference = written::<ReferenceWriter<'_>>(extent, &features);
        prop_assert_eq!(direct.bytes, reference.bytes);
    }
}
