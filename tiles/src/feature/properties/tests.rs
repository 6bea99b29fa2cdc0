use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn plain() -> impl Strategy<Value = Value> {
    let instant = (
        Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
        0_i32..1_000_000_000,
    );
    prop_oneof![
        ".{0,80}".prop_map(|text| Value::Text(text.into())),
        any::<i64>().prop_map(Value::Integer),
        (-9_i64..9).prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Number),
        (-500..500).prop_map(|tenths| Value::Number(f64::from(tenths) / 10.0)),
        any::<bool>().prop_map(Value::Boolean),
        instant.prop_map(|(second, rest)| Value::Time(
            Timestamp::new(second, rest).unwrap_or(Timestamp::MIN)
        )),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let list = prop::collection::vec(plain(), 0..4).prop_map(|list| Value::List(list.into()));
    prop_oneof![4 => plain(), 1 => list]
}

/// To the bit, also of what is no number.
fn bits(value: ValueRef<'_>) -> (Option<u64>, String) {
    match value {
        ValueRef::Number(x) => (Some(x.to_bits()), String::new()),
        other => (None, format!("{other:?}")),
    }
}

proptest! {
    #[test]
    fn what_is_put_in_comes_out_in_the_order_of_the_fields(
        pairs in prop::collection::vec((0_u16..300, value()), 0..12),
    ) {
        let pairs = pairs.into_iter().map(|(field, value)| (FieldIx(field), value));
        let expected: BTreeMap<FieldIx, Value> = pairs.clone().collect();
        let properties: Properties = pairs.collect();
        let known: Vec<_> = properties.iter().map(|(field, value)| (field, bits(value))).collect();
        let meant = expected.iter().map(|(field, value)| (*field, bits(value.into())));
        prop_assert_eq!(&known, &meant.collect::<Vec<_>>());
        for field in (0..301).map(FieldIx) {
            let value = properties.get(field).map(bits);
            prop_assert_eq!(value, expected.get(&field).map(|value| bits(value.into())));
        }
        let again = Properties::new(properties.iter());
        let known_again: Vec<_> = again.iter().map(|(field, value)| (field, bits(value))).collect();
        prop_assert_eq!(known_again, known);
    }

    #[test]
    fn the_fields_that_differ_are_those_whose_values_do(
        one in prop::collection::btree_map(0_u16..9, value(), 0..6),
        changes in prop::collection::btree_map(0_u16..9, prop::option::of(value()), 0..3),
    ) {
        let mut other = one.clone();
        for (field, value) in changes {
            match value {
                Some(value) => other.insert(field, value),
                None => other.remove(&field),
            };
        }
        let of = |values: &BTreeMap<u16, Value>| -> Properties {
            values.iter().map(|(field, value)| (FieldIx(*field), value.clone())).collect()
        };
        let (before, after) = (of(&one), of(&other));
        let differing: Vec<FieldIx> = before.differing(&after).collect();
        let meant = (0..9).filter(|field| one.get(field) != other.get(field)).map(FieldIx);
        prop_assert_eq!(&differing, &meant.collect::<Vec<_>>());
        prop_assert_eq!(before == after, differing.is_empty());
    }
}
