use super::*;
use crate::city::field;

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The value that a field makes of one, or what it says against it.
fn check_admit(spec: &FieldSpec, value: Value, expected: Result<Value, &str>) {
    let admitted = spec.admit(value).map_err(|error| error.to_string());
    assert_eq!(admitted, expected.map_err(Into::into));
}

#[test]
fn a_field_admits_its_own_type_and_what_converts_without_loss() {
    use FieldType::{Boolean, Integer, List, Number, Text, Time};
    let of = |kind| field(kind, None);
    let noon = Value::Time("2026-03-01T12:00:00Z".parse().unwrap());
    let list = Value::List([Value::Integer(1), text("a")].into());
    for (kind, value) in [
        (Text, text("a")),
        (Integer, Value::Integer(-3)),
        (Number, Value::Number(0.5)),
        (Boolean, Value::Boolean(true)),
        (Time, noon.clone()),
        (List, list.clone()),
    ] {
        check_admit(&of(kind), value.clone(), Ok(value));
    }
    check_admit(&of(Number), Value::Integer(7), Ok(Value::Number(7.0)));
    check_admit(&of(Integer), Value::Number(7.0), Ok(Value::Integer(7)));
    check_admit(&of(Integer), Value::Number(-0.0), Ok(Value::Integer(0)));

    check_admit(&of(Integer), Value::Number(7.5), Err("7.5 is no integer"));
    check_admit(
        &of(Integer),
        Value::Number(1e16),
        Err("10000000000000000 is no integer"),
    );
    check_admit(
        &of(Number),
        Value::Number(f64::NAN),
        Err("NaN is no number"),
    );
    check_admit(
        &of(Number),
        Value::Number(f64::INFINITY),
        Err("inf is no number"),
    );
    check_admit(&of(Number), text("7"), Err("\"7\" is no number"));
    check_admit(&of(Boolean), Value::Integer(1), Err("1 is no boolean"));
    check_admit(&of(Time), text("noon"), Err("\"noon\" is no time"));
    check_admit(&of(Text), Value::Boolean(true), Err("true is no text"));
    check_admit(&of(List), text("a"), Err("\"a\" is no list"));
}

#[test]
fn a_field_admits_only_the_values_that_it_allows() {
    let discipline = FieldSpec {
        one_of: vec!["police".into(), "fire".into()],
        ..field(FieldType::Text, None)
    };
    check_admit(&discipline, text("fire"), Ok(text("fire")));
    check_admit(
        &discipline,
        text("Fire"),
        Err("\"Fire\" is none of police, fire"),
    );

    let priority = FieldSpec {
        range: Some([1.0, 9.0]),
        ..field(FieldType::Integer, None)
    };
    check_admit(&priority, Value::Integer(9), Ok(Value::Integer(9)));
    check_admit(&priority, Value::Number(1.0), Ok(Value::Integer(1)));
    check_admit(&priority, Value::Integer(0), Err("0 is not within 1 and 9"));
    check_admit(
        &priority,
        Value::Number(10.0),
        Err("10 is not within 1 and 9"),
    );

    let view_only = FieldSpec {
        always: Some(true),
        ..field(FieldType::Boolean, None)
    };
    check_admit(&view_only, Value::Boolean(true), Ok(Value::Boolean(true)));
    check_admit(
        &view_only,
        Value::Boolean(false),
        Err("false is not allowed: the field is always true"),
    );
}
