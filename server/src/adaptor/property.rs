//! Values of properties, typed by the catalog: JSON values or text become what the field holds, or a
//! reason why they cannot.
//!
//! `null`, and in text the empty string, is an absent value. An object is no value, nor is a list in a
//! list. What a field with a clearance does not take is not repeated in the reason. Bounds:
//! [`MAX_TEXT_BYTES`] for a text, [`MAX_LIST`] values for a list.

use super::instant::{BadInstant, Clock};
use super::{MAX_LIST, MAX_TEXT_BYTES};
use atalaya_tiles::catalog::FieldType;
use atalaya_tiles::{BadValue, FieldSpec, Value};
use serde_json::Value as Json;

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum BadProperty {
    /// The catalog does not admit it.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// No instant.
    #[error(transparent)]
    Instant(#[from] BadInstant),
    /// An object, or a list in a list.
    #[error("{0} is no value of a property")]
    Nested(&'static str),
    /// Too long a text.
    #[error("{bytes} bytes of text where {MAX_TEXT_BYTES} is the most")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// Too long a list.
    #[error("{count} values where {MAX_LIST} is the most")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// A value that needs a clearance: reasons go into answers and logs, so it is not repeated.
    #[error("the value is not what this field takes: {expected}")]
    Restricted {
        /// What the field holds.
        expected: &'static str,
    },
    /// Text that is not what the field holds.
    #[error("\"{found}\" is no {expected}")]
    Text {
        /// The text.
        found: String,
        /// What the field holds.
        expected: &'static str,
    },
}

/// A JSON value as the field holds it; `None` for `null`.
pub(super) fn from_json(
    spec: &FieldSpec,
    json: Json,
    clock: Clock<'_>,
) -> Result<Option<Value>, BadProperty> {
    typed(spec, json, clock).map_err(|bad| discreet(spec, bad))
}

/// The fault without the value, where not everybody may see that.
fn discreet(spec: &FieldSpec, bad: BadProperty) -> BadProperty {
    match spec.clearance {
        None => bad,
        Some(_) => BadProperty::Restricted {
            expected: spec.kind.name(),
        },
    }
}

fn typed(spec: &FieldSpec, json: Json, clock: Clock<'_>) -> Result<Option<Value>, BadProperty> {
    let value = match (spec.kind, json) {
        (_, Json::Null) => return Ok(None),
        (_, Json::Object(_)) => return Err(BadProperty::Nested("an object")),
        (FieldType::Time, Json::String(text)) => Value::Time(clock.read(&text)?),
        (_, Json::Array(values)) => list(values)?,
        (_, scalar) => from_scalar(scalar)?,
    };
    Ok(Some(spec.admit(value)?))
}

fn list(values: Vec<Json>) -> Result<Value, BadProperty> {
    if values.len() > MAX_LIST {
        let count = values.len();
        return Err(BadProperty::TooMany { count });
    }
    let values = values.into_iter().filter(|value| !value.is_null());
    let values = values.map(from_scalar).collect::<Result<_, _>>()?;
    Ok(Value::List(values))
}

fn from_scalar(json: Json) -> Result<Value, BadProperty> {
    match json {
        Json::Bool(yes) => Ok(Value::Boolean(yes)),
        Json::Number(number) => Ok(match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Json::String(text) => from_text(text),
        Json::Null => Err(BadProperty::Nested("null")),
        Json::Array(_) => Err(BadProperty::Nested("a list in a list")),
        Json::Object(_) => Err(BadProperty::Nested("an object")),
    }
}

fn from_text(text: String) -> Result<Value, BadProperty> {
    if text.len() > MAX_TEXT_BYTES {
        let bytes = text.len();
        return Err(BadProperty::TooLong { bytes });
    }
    Ok(Value::Text(text.into()))
}

/// Decimal text as the field holds it; `None` for empty text. Lists are separated by `;`.
pub(super) fn from_column(
    spec: &FieldSpec,
    text: &str,
    clock: Clock<'_>,
) -> Result<Option<Value>, BadProperty> {
    parsed(spec, text.trim(), clock).map_err(|bad| discreet(spec, bad))
}

fn parsed(spec: &FieldSpec, text: &str, clock: Clock<'_>) -> Result<Option<Value>, BadProperty> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = || BadProperty::Text {
        found: text.chars().take(60).collect(),
        expected: spec.kind.name(),
    };
    let value = match spec.kind {
        FieldType::Text => from_text(text.to_owned())?,
        FieldType::Integer => Value::Integer(text.parse().map_err(|_| bad())?),
        FieldType::Number => Value::Number(text.parse().map_err(|_| bad())?),
        FieldType::Boolean => Value::Boolean(truth(text).ok_or_else(bad)?),
        FieldType::Time => Value::Time(clock.read(text)?),
        FieldType::List => {
            let parts = text
                .split(';')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            list(parts.map(|part| Json::String(part.to_owned())).collect())?
        }
    };
    Ok(Some(spec.admit(value)?))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
