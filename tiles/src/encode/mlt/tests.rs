//! The writer in columns, beside the one of MVT: the same in, the same out.

use super::*;
use crate::encode::mvt::DirectWriter;
use crate::encode::mvt::tests::{Drawn, shape, tags, written};
use crate::encode::tests::formats::assert_same;
use proptest::prelude::*;
use std::borrow::Cow;

/// Writes features as both; how many bytes each takes.
fn both(extent: u32, features: &[Drawn]) -> (usize, usize) {
    let mvt = written::<DirectWriter<'_>>(extent, features);
    let mlt = written::<MltWriter<'_>>(extent, features);
    assert_same(&mvt.bytes, &mlt.bytes);
    assert!(
        mvt.bytes.len() <= mlt.mvt_bytes,
        "{} bytes, not {}",
        mvt.bytes.len(),
        mlt.mvt_bytes
    );
    (mvt.bytes.len(), mlt.bytes.len())
}

fn points() -> Shape<i32> {
    let mut shape = Shape::empty();
    shape.points.push(geo_types::Coord { x: 1, y: -2 });
    shape
}

/// A layer of points with one key, by its values.
fn of_values(values: impl IntoIterator<Item = Option<Tag<'static>>>) -> Vec<Drawn> {
    let feature = |(id, tag): (u64, Option<Tag<'static>>)| {
        let tags = tag.map(|tag| (0, tag, false));
        (Some(id), points(), tags.into_iter().collect(), false)
    };
    (0..).zip(values).map(feature).collect()
}

fn text(text: String) -> Tag<'static> {
    Tag::Text(Cow::Owned(text))
}

proptest! {
    #[test]
    fn the_content_is_that_of_mvt(
        extent in 1..70_000_u32,
        mut features in prop::collection::vec(
            (prop::option::weighted(0.9, 0..1_u64 << 53), shape(), tags(), prop::bool::weighted(0.2)),
            0..12,
        ),
    ) {
        for (_, _, tags, _) in &mut features {
            // A feature has a key once.
            tags.sort_by_key(|(slot, ..)| *slot);
            tags.dedup_by_key(|(slot, ..)| *slot);
        }
        both(extent, &features);
    }

    #[test]
    fn integers_of_every_size_are_themselves(
        values in prop::collection::vec(
            prop::option::weighted(0.9, prop_oneof![
                Just(7), 0..9_i64, any::<i64>(), any::<i32>().prop_map(i64::from), any::<u32>().prop_map(i64::from),
            ]),
            0..40,
        ),
        least in any::<i64>(),
    ) {
        both(4_096, &of_values(values.iter().map(|value| value.map(Tag::Integer))));
        let runs = values.iter().flat_map(|value| [value; 5]);
        both(4_096, &of_values(runs.map(|value| value.map(Tag::Integer))));
        let steps = (0..40_i64).map(|at| Some(Tag::Integer(least.saturating_add(at * 3))));
        both(4_096, &of_values(steps));
    }

    #[test]
    fn packed_integers_are_themselves(
        bits in prop::collection::vec(0_u32..=32, 1..5),
        length in 200..3_000_usize,
        seed in any::<u64>(),
    ) {
        let mixed = |at: usize| (seed ^ at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let value = |at: usize| (mixed(at) >> (32 - bits[at / 300 % bits.len()])).cast_signed();
        both(4_096, &of_values((0..length).map(|at| Some(Tag::Integer(value(at))))));
        let signed = |at: usize| if at.is_multiple_of(2) { value(at) / 2 } else { -value(at) / 2 };
        both(4_096, &of_values((0..length).map(|at| Some(Tag::Integer(signed(at))))));
    }

    #[test]
    fn texts_are_themselves_in_symbols_too(
        start in "[a-c]{0,10}",
        ends in prop::collection::vec("[0-9]{1,8}|[0-9a-f]{8}|.{0,6}", 1..400),
        given in 3..=10_usize,
    ) {
        let texts = ends.iter().enumerate().map(|(at, end)| {
            let given = at % 10 < given;
            given.then(|| text(format!("{start}{end}")))
        });
        both(4_096, &of_values(texts));
    }
}

#[test]
fn what_every_feature_has_for_itself_takes_little() {
    let mixed = |at: u64| at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let labels = (0..2_000).map(|at| Some(text(format!("obs-{:08x}", mixed(at)))));
    let (mvt, mlt) = both(4_096, &of_values(labels));
    assert!(mlt < 2_000 * 8, "{mlt} of {mvt} bytes");
    let few = (0..2_000).map(|at| Some(text(format!("a kind of some length {}", at % 3))));
    let (mvt, mlt) = both(4_096, &of_values(few));
    assert!(mlt < 5_000, "{mlt} of {mvt} bytes");
}

#[test]
fn what_is_drawn_from_a_range_takes_its_bits() {
    let mixed = |at: i64| {
        at.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed())
            .cast_unsigned()
            >> 40
    };
    let of = |range: u64| {
        of_values((0..2_560).map(|at| Some(Tag::Integer((mixed(at) % range).cast_signed()))))
    };
    let ((_, five), (_, one)) = (both(4_096, &of(5)), both(4_096, &of(1)));
    assert!(five - one < 2_560 * 3 / 8 + 80, "{five} and {one} bytes");
    // More than a page.
    let pages = (0..70_000).map(|at| (mixed(at) % 360).cast_signed());
    let mut bytes = Vec::new();
    integers(&mut bytes, kind::DATA, Words::Short, pages);
    assert!(
        bytes.len() < 70_000 * 9 / 8 + 1_000,
        "{} bytes",
        bytes.len()
    );
    both(
        4_096,
        &of_values((0..70_000).map(|at| Some(Tag::Integer((mixed(at) % 360).cast_signed())))),
    );
}

#[test]
fn ids_of_every_size_are_themselves() {
    for all in [
        vec![Some(0), Some(u64::from(u32::MAX))],
        vec![Some(1 << 32), None, Some((1 << 53) - 1)],
        vec![Some((1 << 53) - 1), Some(0), Some((1 << 53) - 1)],
        vec![Some(u64::MAX), Some(3)],
        vec![None, None],
    ] {
        let features = all.into_iter().map(|id| (id, points(), Vec::new(), false));
        both(4_096, &features.collect::<Vec<_>>());
    }
}

#[test]
fn a_key_with_values_of_several_kinds_loses_none() {
    let whole = |n: i64| Some(Tag::Integer(n));
    let both_kinds = [whole(1), Some(Tag::Number(2.5)), None, whole(-3)];
    both(4_096, &of_values(both_kinds.clone()));
    let texts = [
        Some(Tag::Text("two".into())),
        Some(Tag::Boolean(false)),
        whole(i64::MAX),
    ];
    both(4_096, &of_values(both_kinds.into_iter().chain(texts)));
}

#[test]
fn a_layer_without_features_has_no_bytes() {
    let mut writer = MltWriter::new("layer", 4_096, Vec::new());
    writer.add(Some(1), &Shape::empty(), &[]).unwrap();
    assert!(writer.finish().unwrap().bytes.is_empty());
}
