use super::*;
use proptest::prelude::*;

fn value() -> impl Strategy<Value = Value> {
    let simple = prop_oneof![
        "[a-c]{0,3}".prop_map(|text| Value::Text(text.into())),
        ".{0,12}".prop_map(|text| Value::Text(text.into())),
        any::<i64>().prop_map(Value::Integer),
        prop::num::f64::ANY.prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
        (-377_705_023_201_i64..253_402_207_200)
            .prop_map(|at| Value::Time(Timestamp::from_second(at).unwrap())),
    ];
    let list = prop::collection::vec(simple.clone(), 0..3);
    prop_oneof![6 => simple, 1 => list.prop_map(|list| Value::List(list.into()))]
}

/// Rows of one type mostly, as fields are, and now and then of any.
fn rows() -> impl Strategy<Value = Vec<Option<Value>>> {
    let typed = value().prop_flat_map(|sample| {
        let same = value().prop_filter("of one type", move |value| {
            std::mem::discriminant(value) == std::mem::discriminant(&sample)
        });
        prop::collection::vec(prop::option::weighted(0.9, same), 0..40)
    });
    let any = prop::collection::vec(prop::option::of(value()), 0..40);
    prop_oneof![4 => typed, 1 => any]
}

/// To the last bit: a value that is no number is itself.
fn line(value: Option<ValueRef<'_>>) -> String {
    match value {
        Some(ValueRef::Number(x)) => format!("number {:x}", x.to_bits()),
        Some(ValueRef::List(list)) => {
            let lines: Vec<String> = list.iter().map(|it| line(Some(it.into()))).collect();
            format!("[{}]", lines.join(", "))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn both_zeros_are_kept_apart_from_each_other() {
    let zeros = [0.0, -0.0].map(Value::Number);
    let lists = [0.0, -0.0].map(|zero| Value::List(Box::new([Value::Number(zero)])));
    for values in [zeros, lists] {
        let rows: Vec<_> = values
            .iter()
            .cycle()
            .take(40)
            .map(|it| Some(it.into()))
            .collect();
        let column = Column::of(&rows).expect("there are values");
        assert!(column.has_dictionary());
        for (value, row) in rows.iter().zip(0..) {
            assert_eq!(line(column.get(row)), line(*value));
        }
    }
}

proptest! {
    #[test]
    fn what_is_put_in_comes_out_unchanged(rows in rows()) {
        let given: Vec<_> = rows.iter().map(|row| row.as_ref().map(ValueRef::from)).collect();
        let column = Column::of(&given);
        prop_assert_eq!(column.is_none(), given.iter().all(Option::is_none));
        for (value, row) in given.iter().zip(0..) {
            let found = column.as_ref().and_then(|column| column.get(row));
            prop_assert_eq!(line(found), line(*value));
        }
    }
}

#[test]
fn few_different_values_cost_a_byte_a_row_and_many_their_own_size() {
    let reasons = ["stolen", "wanted", "missing"];
    let few: Vec<_> = (0..1_000)
        .map(|n| Some(ValueRef::Text(reasons[n % 3])))
        .collect();
    let Some(Stored::Coded { values, codes }) = Stored::of(&few) else {
        panic!("three texts are worth a dictionary")
    };
    assert_eq!(values.len(), 3);
    assert!(matches!(codes, Codes::Bytes(_)));
    let plates: Vec<String> = (0..1_000).map(|n| format!("ABC{n:04}")).collect();
    let many: Vec<_> = plates
        .iter()
        .map(|plate| Some(ValueRef::Text(plate)))
        .collect();
    assert!(matches!(Stored::of(&many), Some(Stored::Texts { .. })));
    let cameras: Vec<_> = (0..2_000)
        .map(|n| Some(ValueRef::Integer(n % 300)))
        .collect();
    let Some(Stored::Coded { codes, .. }) = Stored::of(&cameras) else {
        panic!("each of the 300 comes often")
    };
    assert!(matches!(codes, Codes::Shorts(_)));
}

#[test]
fn instants_beyond_the_nanoseconds_of_64_bits_are_kept_too() {
    let far: Vec<_> = (0..50)
        .map(|n| {
            Some(ValueRef::Time(
                Timestamp::from_second(250_000_000_000 + n).unwrap(),
            ))
        })
        .collect();
    let column = Column::of(&far).unwrap();
    for (value, row) in far.iter().zip(0..) {
        assert_eq!(column.get(row), *value);
    }
}

/// Instants near each other, some rows without one: in milliseconds or to the nanosecond, within and
/// beyond the 49 days that milliseconds in 32 bits reach.
fn instants() -> impl Strategy<Value = (bool, Vec<Option<Timestamp>>)> {
    let units = prop_oneof![Just((true, 1_000_000_i128)), Just((false, 1))];
    let spans = prop_oneof![Just(3_600_000_i128), Just(5_184_000_000)];
    (units, spans, 1_600_000_000_i64..1_900_000_000).prop_flat_map(|((whole, unit), ms, base)| {
        let most = ms * 1_000_000 / unit;
        let after = prop::collection::vec(prop::option::weighted(0.9, 0..most), 20..60);
        after.prop_map(move |after| {
            let base = i128::from(base) * 1_000_000_000;
            let at = |after: i128| Timestamp::from_nanosecond(base + after * unit).unwrap();
            (
                whole,
                after.into_iter().map(|after| after.map(at)).collect(),
            )
        })
    })
}

proptest! {
    #[test]
    fn instants_near_each_other_are_kept_to_the_nanosecond((whole, rows) in instants()) {
        let given: Vec<_> = rows.iter().map(|at| at.map(ValueRef::Time)).collect();
        let column = Column::of(&given);
        for (at, row) in rows.iter().zip(0..) {
            prop_assert_eq!(column.as_ref().and_then(|column| column.time(row)), *at);
        }
        let known = || rows.iter().flatten();
        if let (Some(first), Some(last)) = (known().min(), known().max()) {
            let reached = last.as_nanosecond() - first.as_nanosecond() < (1_i128 << 32) * 1_000_000;
            let stored = column.map(|column| column.stored);
            let narrow = matches!(stored, Some(Stored::NearTimes { .. }));
            let wide = matches!(stored, Some(Stored::Times { .. }));
            prop_assert!(narrow || (wide && !(whole && reached)));
        }
    }
}

#[test]
fn values_differ_where_hardly_any_comes_twice_among_neighbours_or_anywhere() {
    let texts = |text: &dyn Fn(usize) -> usize| -> bool {
        let texts: Vec<String> = (0..10_000).map(|n| format!("ABC{}", text(n))).collect();
        let rows: Vec<_> = (texts.iter())
            .map(|text| Some(ValueRef::Text(text)))
            .collect();
        Column::of(&rows).is_some_and(|column| column.differs())
    };
    assert!(texts(&|n| n));
    // One in a hundred is seen twice.
    assert!(texts(&|n| n - usize::from(n % 100 == 1)));
    // Each is seen twice in a row, or every fourth again and again.
    assert!(!texts(&|n| n / 2));
    assert!(!texts(&|n| if n % 4 == 0 { 0 } else { n }));
    // So few that they have a dictionary.
    assert!(!texts(&|n| n % 100));
}
