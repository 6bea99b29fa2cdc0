//! Lists as JSON that another reader accepts.

use super::*;
use proptest::prelude::*;

#[test]
fn a_list_is_json_that_others_read() {
    let at = jiff::Timestamp::from_millisecond(1_800_000_000_123).unwrap();
    let list = [
        Value::Text("a \"quoted\" \\ line\n\u{1}é".into()),
        Value::Integer(-7),
        Value::Number(0.1),
        Value::Number(f64::NAN),
        Value::Boolean(true),
        Value::Time(at),
    ];
    let text = array(&list);
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected = serde_json::json!([
        "a \"quoted\" \\ line\n\u{1}é",
        -7,
        0.1,
        null,
        true,
        1_800_000_000_123_i64
    ]);
    assert_eq!(read, expected);
    assert_eq!(array(&[]), "[]");
}

proptest! {
    #[test]
    fn any_text_and_any_number_survive(text in "\\PC*|[\\x00-\\x7f]*", x in prop::num::f64::NORMAL) {
        let list = array(&[Value::Text(text.as_str().into())]);
        let read: Vec<String> = serde_json::from_str(&list).unwrap();
        prop_assert_eq!(&read[0], &text);
        let number = array(&[Value::Number(x)]);
        prop_assert!(serde_json::from_str::<[f64; 1]>(&number).is_ok());
        prop_assert_eq!(number.trim_matches(['[', ']']).parse(), Ok(x));
    }
}
