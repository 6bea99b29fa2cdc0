use super::from_json;
use crate::adaptor::instant::Clock;
use atalaya_tiles::{FieldSpec, Value};

fn check(field: &str, json: &str) -> String {
    let spec: FieldSpec = toml::from_str(field).unwrap();
    let clock = Clock {
        zone: None,
        zone_is_false: false,
    };
    match from_json(&spec, serde_json::from_str(json).unwrap(), clock) {
        Ok(None) => "absent".to_owned(),
        Ok(Some(Value::Text(text))) => format!("text {text}"),
        Ok(Some(value)) => format!("{value:?}"),
        Err(bad) => bad.to_string(),
    }
}

#[test]
fn values_take_the_type_of_their_field() {
    assert_eq!(check("type = \"text\"", "\"a\""), "text a");
    assert_eq!(check("type = \"text\"", "null"), "absent");
    assert_eq!(check("type = \"integer\"", "2.0"), "Integer(2)");
    assert_eq!(check("type = \"number\"", "2"), "Number(2.0)");
    assert_eq!(check("type = \"boolean\"", "true"), "Boolean(true)");
    assert!(check("type = \"time\"", "\"2026-01-01T00:00:00Z\"").starts_with("Time("));
    assert_eq!(
        check("type = \"list\"", "[1, null, 2.5]"),
        "List([Integer(1), Number(2.5)])"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    assert!(check("type = \"text\"", "7").ends_with("is no text"));
    assert!(check("type = \"integer\"", "2.5").ends_with("is no integer"));
    assert!(check("type = \"time\"", "1700000000").ends_with("is no time"));
    assert_eq!(
        check("type = \"text\"\none_of = [\"a\"]", "\"b\""),
        "\"b\" is none of a"
    );
    assert_eq!(
        check("type = \"text\"", "{}"),
        "an object is no value of a property"
    );
    assert_eq!(
        check("type = \"list\"", "[[1]]"),
        "a list in a list is no value of a property"
    );
    let long = format!("\"{}\"", "x".repeat(65_537));
    assert_eq!(
        check("type = \"text\"", &long),
        "65537 bytes of text where 65536 is the most"
    );
    let many = format!("[{}0]", "0,".repeat(1_000));
    assert_eq!(
        check("type = \"list\"", &many),
        "1001 values where 1000 is the most"
    );
}

#[test]
fn a_restricted_value_is_not_repeated_in_the_reason() {
    let plate = "type = \"integer\"\nclearance = \"cji\"";
    let reason = "the value is not what this field takes: integer";
    assert_eq!(check(plate, "\"ABC123\""), reason);
}
