//! Reading foreign JSON: what members are called and how they are nested is the sender's, so a value
//! is asked for by path and is simply absent where it is not what was hoped for.

use super::{Input, MAX_RECORDS, Unreadable, text};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use std::fmt;

/// The body as JSON of a known form.
pub(super) fn read<'a, T: Deserialize<'a>>(input: &Input<'a>) -> Result<T, Unreadable> {
    let text = text(input)?;
    if !text.trim_start().starts_with('{') {
        return Err(Unreadable::Shape("this is no JSON object"));
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

/// A feature of a foreign `GeoJSON` feed: its properties as a tree, its geometry unread.
#[derive(Deserialize)]
pub(super) struct Feature<'a> {
    #[serde(default)]
    pub(super) id: Option<Json>,
    #[serde(borrow, default)]
    pub(super) geometry: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) properties: Json,
}

/// A foreign list of features, or a feature by itself: its members unread until somebody asks.
#[derive(Deserialize)]
pub(super) struct Collection<'a> {
    /// The member `type` (RFC 7946).
    #[serde(borrow, rename = "type", default)]
    pub(super) kind: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "records")]
    pub(super) features: Option<Vec<&'a RawValue>>,
    /// Overpass: nodes, ways and relations.
    #[serde(borrow, default, deserialize_with = "records")]
    pub(super) elements: Option<Vec<&'a RawValue>>,
    /// `WZDx`: who publishes, and when.
    #[serde(borrow, default)]
    pub(super) feed_info: Option<&'a RawValue>,
    /// The API of the National Weather Service: when the list was made.
    #[serde(borrow, default)]
    pub(super) updated: Option<&'a RawValue>,
    /// Overpass: the state of the map that was asked.
    #[serde(borrow, default)]
    pub(super) osm3s: Option<&'a RawValue>,
    /// Overpass: why a query ended early. What it had by then comes all the same.
    #[serde(borrow, default)]
    pub(super) remark: Option<&'a RawValue>,
    /// `GeoJSON` of 2008.
    #[serde(borrow, default)]
    pub(super) crs: Option<&'a RawValue>,
    /// The API of the National Weather Service: where the next page is.
    #[serde(borrow, default)]
    pagination: Option<&'a RawValue>,
    /// OGC API Features: one of them to the `next` page.
    #[serde(borrow, default)]
    links: Option<&'a RawValue>,
    /// Esri: the query has more features than the server gives at once.
    #[serde(borrow, default, rename = "exceededTransferLimit")]
    exceeded: Option<&'a RawValue>,
    /// Esri again, where it writes `GeoJSON`.
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
}

/// A list of at most [`MAX_RECORDS`] records, each unread: the shortest take less room than a place in it.
fn records<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Vec<&'de RawValue>>, D::Error> {
    struct Records;

    impl<'de> Visitor<'de> for Records {
        type Value = Option<Vec<&'de RawValue>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MAX_RECORDS} records")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut records = Vec::new();
            while let Some(record) = list.next_element()? {
                if records.len() == MAX_RECORDS {
                    let reason = format!("there are more than {MAX_RECORDS} records in the list");
                    return Err(A::Error::custom(reason));
                }
                records.push(record);
            }
            Ok(Some(records))
        }
    }

    source.deserialize_any(Records)
}

impl Collection<'_> {
    /// Why the list is not all that there is, where it says so.
    pub(super) fn partial(&self) -> Option<&'static str> {
        let links = tree(self.links);
        let mut links = links.as_array().into_iter().flatten();
        let paged = text_at(&tree(self.pagination), "/next").is_some()
            || links.any(|link| text_at(link, "/rel") == Some("next"));
        if paged {
            return Some("the body is one page of several");
        }
        let yes = Json::Bool(true);
        let cut = tree(self.exceeded) == yes
            || tree(self.properties).get("exceededTransferLimit") == Some(&yes);
        if cut {
            return Some("the upstream cut the body at its transfer limit");
        }
        let ended_early = tree(self.remark).is_string();
        ended_early.then_some("the upstream ended the query early")
    }
}

/// A member as a tree; null where it is not there.
pub(super) fn tree(member: Option<&RawValue>) -> Json {
    let read = member.map(|raw| serde_json::from_str(raw.get()));
    read.and_then(Result::ok).unwrap_or_default()
}
