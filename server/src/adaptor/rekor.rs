//! Rekor Scout and `OpenALPR` webhooks: one JSON object a post, told apart by `data_type`.
//!
//! | `data_type` | becomes |
//! |---|---|
//! | `alpr_group`, `vehicle` | a read, by `best_uuid`; on a layer of hits ignored |
//! | `alpr_alert` | a hit; on a layer of reads the read within it |
//! | `alpr_results` | ignored: the frames of a group that comes later |
//! | `heartbeat` | ignored |
//!
//! What is ignored is no reject, since the vendor sends all kinds to one address: the receipt names the
//! kind and why under `ignored`.
//!
//! Times are milliseconds since 1970, confidences 0 to 100. A group with `is_preview` is not finished
//! and makes nothing: sightings never change. Pictures (base64 JPEG) are stepped over, not decoded.
//! The format follows the vendor's integration guide; `alpr_alert` is read tolerantly, since the guide
//! does not show one in full.

use super::plate::{NO_HIT, PlateRead, is_of_hits};
use super::target::{Fault, Target};
use super::{Decoded, Input, Unreadable, instant, json, media_type};
use atalaya_tiles::Event;
use serde::Deserialize;
use serde_json::Value as Json;

/// A group, or the alert that wraps one. Members that hold pictures are not named, so are skipped.
#[derive(Deserialize)]
struct Payload {
    data_type: Option<Json>,
    best_uuid: Option<Json>,
    epoch_start: Option<Json>,
    epoch_end: Option<Json>,
    epoch_time: Option<Json>,
    camera_id: Option<Json>,
    gps_longitude: Option<Json>,
    gps_latitude: Option<Json>,
    best_plate_number: Option<Json>,
    best_region: Option<Json>,
    best_confidence: Option<Json>,
    travel_direction: Option<Json>,
    is_preview: Option<Json>,
    vehicle: Option<Json>,
    group: Option<Box<Payload>>,
    list_type: Option<Json>,
    alert_list: Option<Json>,
    description: Option<Json>,
}

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    media_type::expect(input, &["application/json"], "application/json")?;
    let message: Payload = json::read(input)?;
    let mut decoded = Decoded::default();
    let event = match word(message.data_type.as_ref())
        .unwrap_or_default()
        .as_str()
    {
        kind @ ("alpr_group" | "vehicle") if is_of_hits(target) => {
            decoded.ignore(&format!("{kind}: {NO_HIT}"));
            return Ok(decoded);
        }
        "alpr_group" | "vehicle" => read(target, &message, None),
        "alpr_alert" => {
            let group = message.group.as_deref().unwrap_or(&message);
            read(target, group, Some(&message))
        }
        "alpr_results" => {
            decoded.ignore("alpr_results: frames; their alpr_group is what is read");
            return Ok(decoded);
        }
        "heartbeat" => {
            decoded.ignore("heartbeat: it says nothing of a plate");
            return Ok(decoded);
        }
        other => {
            let other: String = other.chars().take(40).collect();
            Err(Fault::new(
                format!("data_type \"{other}\" is not read"),
                "/data_type",
            ))
        }
    };
    match event {
        Ok(Some(event)) => decoded.accept(0, event),
        Ok(None) => decoded.ignore("is_preview: the finished group follows"),
        Err(fault) => decoded.reject(0, fault),
    }
    Ok(decoded)
}

fn read(
    target: &Target<'_>,
    group: &Payload,
    alert: Option<&Payload>,
) -> Result<Option<Event>, Fault> {
    if group.is_preview == Some(Json::Bool(true)) {
        return Ok(None);
    }
    let number = |json: &Option<Json>| json.as_ref().and_then(json::number);
    let id = word(group.best_uuid.as_ref()).or_else(|| word(alert?.best_uuid.as_ref()));
    let lon_lat = number(&group.gps_longitude).zip(number(&group.gps_latitude));
    let names = ["/color", "/make_model", "/make", "/body_type", "/year"];
    let vehicle = group.vehicle.iter().flat_map(|vehicle| {
        let top = |name: &str| json::text_at(vehicle, &format!("{name}/0/name"));
        names
            .into_iter()
            .filter_map(top)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let read = PlateRead {
        id: id.ok_or_else(|| Fault::new("there is no best_uuid", "/best_uuid"))?,
        observed_at: observed_at(group)?,
        camera: word(group.camera_id.as_ref()).unwrap_or_default(),
        position: lon_lat,
        plate: word(group.best_plate_number.as_ref()),
        region: word(group.best_region.as_ref()),
        confidence: number(&group.best_confidence).map(|percent| percent / 100.0),
        heading_deg: number(&group.travel_direction),
        vehicle: vehicle.collect(),
        reason: alert.and_then(|alert| word(alert.description.as_ref())),
        list: alert.and_then(|alert| {
            word(alert.alert_list.as_ref()).or_else(|| word(alert.list_type.as_ref()))
        }),
    };
    read.event(target).map(Some)
}

/// The first time that was sent. One that cannot be read is a reject, and the next is not asked: a read
/// without its time would be taken for one of now.
fn observed_at(group: &Payload) -> Result<Option<jiff::Timestamp>, Fault> {
    let sent = [
        (&group.epoch_start, "/epoch_start"),
        (&group.epoch_end, "/epoch_end"),
        (&group.epoch_time, "/epoch_time"),
    ];
    let mut sent = sent
        .into_iter()
        .filter_map(|(json, at)| Some((json.as_ref().filter(|json| !json.is_null())?, at)));
    let Some((json, at)) = sent.next() else {
        return Ok(None);
    };
    let instant = instant::from_number(json).map(Some);
    instant.map_err(|bad| Fault::new(bad, at))
}

/// A text, or a number as text.
fn word(json: Option<&Json>) -> Option<String> {
    match json? {
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
pub(super) mod tests;
