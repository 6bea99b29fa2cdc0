//! Properties in columns: a JSON object by field name, so that any tool can read it and a catalog
//! may change between two starts.
//!
//! ```text
//! text "x"   integer 7   number 7.0   boolean true   list ["x", 7]   time {"time": "2026-…Z"}
//! ```
//!
//! A number always has a point or an exponent, an integer never. A number that JSON cannot say is
//! `{"bits": "7ff0000000000000"}`.

use atalaya_tiles::catalog::{FieldIx, FieldType};
use atalaya_tiles::{Catalog, LayerIx, LayerSpec, Properties, Value, ValueRef};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The fields of one layer, ready for both directions.
#[derive(Debug)]
pub(crate) struct Fields {
    /// Each field's name as a quoted JSON key, in order of field.
    keys: Vec<(FieldIx, String)>,
    by_name: HashMap<String, (FieldIx, FieldType)>,
    catalog: Arc<Catalog>,
    layer: LayerIx,
}

impl Fields {
    pub(crate) fn of(catalog: &Arc<Catalog>, layer: LayerIx) -> Self {
        let spec = catalog.spec(layer);
        let mut keys = Vec::new();
        let mut by_name = HashMap::new();
        for (name, field) in &spec.fields {
            if let Some(at) = spec.field(name) {
                let mut key = String::new();
                push_text(&mut key, name);
                keys.push((at, key));
                by_name.insert(name.clone(), (at, field.kind));
            }
        }
        keys.sort_unstable_by_key(|(field, _)| *field);
        Self {
            keys,
            by_name,
            catalog: Arc::clone(catalog),
            layer,
        }
    }

    fn spec(&self) -> &LayerSpec {
        self.catalog.spec(self.layer)
    }

    /// Appends the properties as JSON.
    pub(crate) fn write(&self, out: &mut String, properties: &Properties) {
        out.push('{');
        let empty = out.len();
        for (field, value) in properties.iter() {
            let Ok(at) = self.keys.binary_search_by_key(&field, |key| key.0) else {
                continue;
            };
            if out.len() > empty {
                out.push(',');
            }
            out.push_str(&self.keys[at].1);
            out.push(':');
            push_value(out, value);
        }
        out.push('}');
    }

    /// Reads what [`Fields::write`] wrote. Fields that the layer no longer has, or that no longer
    /// take the value, are left out and added to `dropped`.
    pub(crate) fn read(&self, text: &str, dropped: &mut u64) -> Result<Properties, String> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let pairs = Pairs {
            fields: self,
            dropped,
        };
        let pairs = pairs
            .deserialize(&mut deserializer)
            .map_err(|e| e.to_string())?;
        Ok(Properties::new(pairs))
    }

    fn admit(&self, name: &str, value: Value) -> Option<(FieldIx, Value)> {
        let (field, kind) = *self.by_name.get(name)?;
        if kind_of(&value) == kind {
            return Some((field, value));
        }
        let value = self.spec().fields.get(name)?.admit(value).ok()?;
        Some((field, value))
    }
}

fn kind_of(value: &Value) -> FieldType {
    match value {
        Value::Text(_) => FieldType::Text,
        Value::Integer(_) => FieldType::Integer,
        Value::Number(_) => FieldType::Number,
        Value::Boolean(_) => FieldType::Boolean,
        Value::Time(_) => FieldType::Time,
        Value::List(_) => FieldType::List,
    }
}

fn push_text(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

fn push_value(out: &mut String, value: ValueRef<'_>) {
    let text = match value {
        ValueRef::Text(text) => return push_text(out, text),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Number(x) if x.is_finite() => format!("{x:?}"),
        ValueRef::Number(x) => format!("{{\"bits\":\"{:016x}\"}}", x.to_bits()),
        ValueRef::Boolean(b) => b.to_string(),
        ValueRef::Time(at) => format!("{{\"time\":\"{at}\"}}"),
        ValueRef::List(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_value(out, value.into());
            }
            "]".to_owned()
        }
    };
    out.push_str(&text);
}

/// A key that is borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(serde::Deserialize)]
enum Tagged {
    #[serde(rename = "time")]
    Time(jiff::Timestamp),
    #[serde(rename = "bits")]
    Bits(String),
}

/// The value that a piece of JSON stands for. Numbers are read by the standard library, which
/// always finds the nearest.
fn value(raw: &RawValue) -> Result<Value, String> {
    let text = raw.get();
    let odd = |e: &dyn fmt::Display| format!("{text}: {e}");
    Ok(match text.as_bytes().first() {
        Some(b'"') if !text.contains('\\') => Value::Text(text.trim_matches('"').into()),
        Some(b'"') => {
            let text: Text<'_> = serde_json::from_str(text).map_err(|e| odd(&e))?;
            Value::Text(text.0.into())
        }
        Some(b't') => Value::Boolean(true),
        Some(b'f') => Value::Boolean(false),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| odd(&e))?;
            let items: Result<Vec<Value>, String> = items.into_iter().map(value).collect();
            Value::List(items?.into())
        }
        Some(b'{') => match serde_json::from_str(text).map_err(|e| odd(&e))? {
            Tagged::Time(at) => Value::Time(at),
            Tagged::Bits(bits) => {
                let bits = u64::from_str_radix(&bits, 16).map_err(|e| odd(&e))?;
                Value::Number(f64::from_bits(bits))
            }
        },
        _ if text.contains(['.', 'e']) => Value::Number(text.parse().map_err(|e| odd(&e))?),
        _ => Value::Integer(text.parse().map_err(|e| odd(&e))?),
    })
}

struct Pairs<'f> {
    fields: &'f Fields,
    dropped: &'f mut u64,
}

impl<'de> DeserializeSeed<'de> for Pairs<'_> {
    type Value = Vec<(FieldIx, Value)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Pairs<'_> {
    type Value = Vec<(FieldIx, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            let value = value(raw).map_err(A::Error::custom)?;
            match self.fields.admit(&name.0, value) {
                Some(pair) => pairs.push(pair),
                None => *self.dropped += 1,
            }
        }
        Ok(pairs)
    }
}
