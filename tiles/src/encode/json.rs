//! The small part of JSON (RFC 8259) that a property needs: MVT has no lists, so a list travels as
//! JSON text.

use crate::feature::Value;
use std::fmt::Write;

/// A list of values as a JSON array. Instants are epoch milliseconds, as they are outside lists.
pub(crate) fn array(values: &[Value]) -> String {
    let mut out = String::from("[");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        push(&mut out, value);
    }
    out.push(']');
    out
}

fn push(out: &mut String, value: &Value) {
    match value {
        Value::Text(text) => push_text(out, text),
        Value::Integer(n) => push_display(out, n),
        // JSON has no NaN and no infinities.
        Value::Number(x) if x.is_finite() => push_display(out, x),
        Value::Number(_) => out.push_str("null"),
        Value::Boolean(b) => push_display(out, b),
        Value::Time(at) => push_display(out, at.as_millisecond()),
        Value::List(values) => out.push_str(&array(values)),
    }
}

fn push_display(out: &mut String, value: impl std::fmt::Display) {
    write!(out, "{value}").expect("writing to a String cannot fail");
}

fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a String cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
