//! Reading foreign JSON: what members are called and how they are nested is the sender's, so a value
//! is asked for by path and is simply absent where it is not what was hoped for.

use super::{Input, Unreadable, text};
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The body as JSON of a known form.
pub(super) fn read<'a, T: Deserialize<'a>>(input: &Input<'a>) -> Result<T, Unreadable> {
    let text = text(input)?;
    if !text.trim_start().starts_with('{') {
        return Err(Unreadable::Shape("this is no JSON object".to_owned()));
    }
    Ok(serde_json::from_str(text)?)
}

/// The text at a JSON pointer; `None` where it is blank or no text.
pub(super) fn text_at<'a>(json: &'a Json, pointer: &str) -> Option<&'a str> {
    let text = json.pointer(pointer)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

/// The number at a JSON pointer, in whichever of the two ways senders write one: as a number, or as
/// decimal text.
pub(super) fn number_at(json: &Json, pointer: &str) -> Option<f64> {
    number(json.pointer(pointer)?)
}

pub(super) fn number(json: &Json) -> Option<f64> {
    let number = match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    };
    number.filter(|number| number.is_finite())
}

/// The texts of a list, in order.
pub(super) fn texts_at<'a>(json: &'a Json, pointer: &str) -> Vec<&'a str> {
    let list = json.pointer(pointer).and_then(Json::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect()
}

/// A feature of a foreign GeoJSON feed: its properties as a tree, its geometry unread.
#[derive(Deserialize)]
pub(super) struct Feature<'a> {
    #[serde(default)]
    pub(super) id: Option<Json>,
    #[serde(borrow, default)]
    pub(super) geometry: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) properties: Json,
}

/// A foreign FeatureCollection, its features unread, or a feature by itself.
#[derive(Deserialize)]
pub(super) struct Collection<'a> {
    #[serde(borrow, default)]
    pub(super) features: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    pub(super) feed_info: Json,
}
