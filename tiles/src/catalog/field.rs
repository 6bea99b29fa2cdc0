//! Fields: what a property may hold, and who may see it.

use crate::feature::Value;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A finite number.
    Number,
    /// True or false.
    Boolean,
    /// An instant.
    Time,
    /// Several values.
    List,
}

/// What a field may hold and who may see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The clearance without which the field does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clearance: Option<String>,
    /// The only values allowed, for text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// The least and the greatest value allowed, for numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// For booleans that have one value always, such as `view_only`: every feature has it, whether or
    /// not its source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always: Option<bool>,
}

/// A field in configuration: a bare type, or a table.
#[derive(Debug, Clone)]
enum FieldEntry {
    Bare(FieldType),
    Full(FieldSpec),
}

impl<'de> Deserialize<'de> for FieldEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

/// Reads an entry as what it is, so that whatever is wrong with it is named.
struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = FieldEntry;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a type such as \"text\", or a table with a type")
    }

    fn visit_str<E: de::Error>(self, kind: &str) -> Result<FieldEntry, E> {
        FieldType::deserialize(kind.into_deserializer()).map(FieldEntry::Bare)
    }

    fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<FieldEntry, A::Error> {
        FieldSpec::deserialize(MapAccessDeserializer::new(keys)).map(FieldEntry::Full)
    }
}

impl From<FieldEntry> for FieldSpec {
    fn from(entry: FieldEntry) -> Self {
        match entry {
            FieldEntry::Full(spec) => spec,
            FieldEntry::Bare(kind) => Self {
                kind,
                clearance: None,
                one_of: Vec::new(),
                range: None,
                always: None,
            },
        }
    }
}

pub(super) fn fields_from_entries<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, FieldSpec>, D::Error> {
    let entries = BTreeMap::<String, FieldEntry>::deserialize(deserializer)?;
    Ok(entries
        .into_iter()
        .map(|(name, entry)| (name, entry.into()))
        .collect())
}

/// A value that a field does not take.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadValue {
    /// Of another type.
    #[error("{found} is no {expected}")]
    Type {
        /// The value as text.
        found: String,
        /// The type of the field.
        expected: &'static str,
    },
    /// Not among the values allowed.
    #[error("\"{found}\" is none of {allowed}")]
    NotAllowed {
        /// The value.
        found: String,
        /// The values allowed.
        allowed: String,
    },
    /// Outside the range.
    #[error("{found} is not within {least} and {greatest}")]
    OutOfRange {
        /// The value.
        found: f64,
        /// The least value allowed.
        least: f64,
        /// The greatest value allowed.
        greatest: f64,
    },
    /// A field that has one value always.
    #[error("{found} is not allowed: the field is always {always}")]
    Fixed {
        /// The value.
        found: bool,
        /// The value it always has.
        always: bool,
    },
}

impl FieldSpec {
    /// Checks a value against the field and brings it into the field's type: a whole number serves
    /// as a number, and a number without a fraction as a whole one.
    pub fn admit(&self, value: Value) -> Result<Value, BadValue> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "within ±2^53 and without a fraction"
        )]
        #[expect(
            clippy::cast_precision_loss,
            reason = "a measurement needs no more than 2^53"
        )]
        let value = match (self.kind, value) {
            (FieldType::Number, Value::Integer(n)) => Value::Number(n as f64),
            (FieldType::Integer, Value::Number(x)) if x.fract() == 0.0 && x.abs() < 9e15 => {
                Value::Integer(x as i64)
            }
            (_, value) => value,
        };
        match (self.kind, &value) {
            (FieldType::Text, Value::Text(text)) => self.admit_text(text)?,
            #[expect(
                clippy::cast_precision_loss,
                reason = "compared with a range of small numbers"
            )]
            (FieldType::Integer, Value::Integer(n)) => self.admit_number(*n as f64)?,
            (FieldType::Number, Value::Number(x)) => self.admit_number(*x)?,
            (FieldType::Boolean, Value::Boolean(b)) => self.admit_boolean(*b)?,
            (FieldType::Time, Value::Time(_)) | (FieldType::List, Value::List(_)) => {}
            (kind, value) => {
                return Err(BadValue::Type {
                    found: written(value),
                    expected: kind.name(),
                });
            }
        }
        Ok(value)
    }

    /// A key that means nothing for the field's type, and the types that it is for.
    pub(super) fn misplaced(&self) -> Option<(&'static str, &'static str)> {
        use FieldType::{Boolean, Integer, Number, Text};
        let keys = [
            ("always", self.always.is_some(), &[Boolean][..], "boolean"),
            ("one_of", !self.one_of.is_empty(), &[Text], "text"),
            (
                "range",
                self.range.is_some(),
                &[Integer, Number],
                "integer and number",
            ),
        ];
        keys.into_iter()
            .find(|(_, given, kinds, _)| *given && !kinds.contains(&self.kind))
            .map(|(key, _, _, allowed)| (key, allowed))
    }

    /// The value that every feature has, for a field that has one value always.
    pub(crate) fn fixed(&self) -> Option<Value> {
        self.always.map(Value::Boolean)
    }

    fn admit_text(&self, text: &str) -> Result<(), BadValue> {
        if self.one_of.is_empty() || self.one_of.iter().any(|allowed| allowed == text) {
            return Ok(());
        }
        Err(BadValue::NotAllowed {
            found: text.into(),
            allowed: self.one_of.join(", "),
        })
    }

    fn admit_number(&self, found: f64) -> Result<(), BadValue> {
        match self.range {
            Some([least, greatest]) if !(least..=greatest).contains(&found) => {
                Err(BadValue::OutOfRange {
                    found,
                    least,
                    greatest,
                })
            }
            _ if !found.is_finite() => Err(BadValue::Type {
                found: found.to_string(),
                expected: self.kind.name(),
            }),
            _ => Ok(()),
        }
    }

    fn admit_boolean(&self, found: bool) -> Result<(), BadValue> {
        match self.always {
            Some(always) if always != found => Err(BadValue::Fixed { found, always }),
            _ => Ok(()),
        }
    }
}

/// A value as somebody may have written it.
fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{text}\""),
        Value::Integer(n) => n.to_string(),
        Value::Number(x) => x.to_string(),
        Value::Boolean(b) => b.to_string(),
        Value::Time(at) => at.to_string(),
        Value::List(list) => format!("a list of {}", list.len()),
    }
}

impl FieldType {
    /// The name as configured.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Time => "time",
            Self::List => "list",
        }
    }
}

#[cfg(test)]
mod tests;
