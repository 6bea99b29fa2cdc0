use super::super::super::tests::{refs, rows};
use super::*;
use crate::feature::{Feature, FeatureRef, Placed, Properties, Value};
use geo_types::polygon;
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// Points, areas and places unknown.
fn mixed() -> Segment {
    let area = polygon![(x: -110.9, y: 32.2), (x: -110.8, y: 32.2), (x: -110.8, y: 32.3)];
    let mixed = rows(0, 40).into_iter().zip(0..).map(|(row, n)| {
        let mut row = Feature::clone(&row);
        let place = row.placed.geometry().map(Cow::into_owned);
        let other = if n % 2 == 0 {
            Value::Number(0.5)
        } else {
            Value::Text("x".into())
        };
        row.properties = Properties::new([
            (FieldIx(0), Value::Text(format!("plate {n}").into())),
            (FieldIx(1), Value::Integer(row.seq.0.cast_signed() * 1_000)),
            (FieldIx(2), Value::Number(n as f64 / 7.0)),
            (FieldIx(4), Value::Time(row.received_at)),
            (
                FieldIx(5),
                Value::List(Box::new([Value::Boolean(true), other])),
            ),
        ]);
        row.placed = Placed::of(
            [place, None, Some(area.clone().into())][n % 3].clone(),
            Some(6),
        );
        Arc::new(row)
    });
    Segment::of(&refs(&mixed.collect::<Vec<_>>()))
}

const FIELDS: usize = 6;

fn told(segment: Segment) -> Vec<String> {
    let segment = Arc::new(segment);
    let rows = segment.numbers();
    let rows = rows.map(|row| FeatureRef::Row(&segment, row));
    let mut told: Vec<String> = rows
        .map(|row| format!("{:?}", row.own(crate::catalog::LayerIx(0))))
        .collect();
    told.extend(segment.after(None).map(|row| row.to_string()));
    told
}

#[test]
fn a_segment_comes_back_as_it_was() {
    for segment in [Segment::of(&[]), Segment::of(&refs(&rows(0, 300))), mixed()] {
        let bytes = segment.to_bytes();
        let again = Segment::from_bytes(&bytes, FIELDS).unwrap();
        assert_eq!(again.to_bytes().len(), bytes.len());
        assert_eq!(told(again), told(segment));
    }
}

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| mixed().to_bytes());

/// Reads all that can be asked of a segment: it may be another one, it must not panic.
fn ask(bytes: &[u8]) {
    if let Some(segment) = Segment::from_bytes(bytes, FIELDS) {
        let _asked = told(segment).len();
    }
}

#[test]
fn damaged_bytes_are_no_segment_or_another_one_and_never_a_panic() {
    for cut in 0..BYTES.len() {
        assert!(Segment::from_bytes(&BYTES[..cut], FIELDS).is_none());
    }
    assert!(Segment::from_bytes(&[&BYTES[..], &[0]].concat(), FIELDS).is_none());
    for at in 0..BYTES.len() {
        let mut damaged = BYTES.clone();
        damaged[at] ^= [0x01, 0x80, 0xff][at % 3];
        ask(&damaged);
    }
    let mut other = BYTES.clone();
    other[0] += 1;
    assert!(Segment::from_bytes(&other, FIELDS).is_none());
}

#[test]
fn a_field_that_the_layer_does_not_have_makes_it_no_segment() {
    assert!(Segment::from_bytes(&BYTES, 5).is_none());
}
