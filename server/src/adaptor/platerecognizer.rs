//! Plate Recognizer Stream webhooks: JSON by itself, or the field `json` of a multipart form whose
//! other part is a picture, which is stepped over.
//!
//! One message carries the plates of one picture. A result comes in two forms, told apart by what
//! `plate` is: text in the first, an object with everything inside in the second. Confidences are 0
//! to 1, plates are lower case, `direction` is degrees, the empty text or null.
//!
//! The vendor sends neither an id nor a position. The id is `camera/instant/n`, where n is the place in
//! the picture, so that a repeated delivery repeats the id; it never holds the plate. The position is
//! in the feed's own table of cameras.

use super::plate::{NO_HIT, PlateRead, is_of_hits};
use super::target::{Fault, Target};
use super::{Decoded, Input, Unreadable, instant::Clock, json, media_type, multipart};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

const MULTIPART: &str = "multipart/form-data";

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    let accepted = ["application/json", MULTIPART];
    let sent = media_type::expect(input, &accepted, "application/json and multipart/form-data")?;
    let message: Json = if sent.as_deref() == Some(MULTIPART) {
        let parts = multipart::parts(input)?;
        let part = parts.iter().find(|part| part.name == "json");
        let part = part.ok_or(Unreadable::Multipart("there is no part named json"))?;
        json::read(&Input {
            body: part.body,
            content_type: None,
        })?
    } else {
        json::read(input)?
    };
    let mut decoded = Decoded::default();
    let results = message.pointer("/data/results").and_then(Json::as_array);
    let Some(results) = results else {
        decoded.ignore("no data.results: it says nothing of a plate");
        return Ok(decoded);
    };
    if is_of_hits(target) {
        decoded.ignore(&format!("data.results: {NO_HIT}"));
        return Ok(decoded);
    }
    let picture = Picture::new(&message);
    for (index, result) in results.iter().enumerate() {
        let event = picture.as_ref().map_err(Clone::clone);
        match event.and_then(|picture| picture.read(index, result).event(target)) {
            Ok(event) => decoded.accept(index, event),
            Err(fault) => decoded.reject(index, fault),
        }
    }
    Ok(decoded)
}

/// What all results of one picture share.
struct Picture<'a> {
    camera: &'a str,
    at: Timestamp,
}

impl<'a> Picture<'a> {
    fn new(message: &'a Json) -> Result<Self, Fault> {
        let camera = json::text_at(message, "/data/camera_id")
            .ok_or_else(|| Fault::new("there is no camera_id", "/data/camera_id"))?;
        let pointer = "/data/timestamp";
        let at = json::text_at(message, pointer)
            .ok_or_else(|| Fault::new("there is no timestamp", pointer))?;
        let clock = Clock {
            zone: Some(&TimeZone::UTC),
            zone_is_false: false,
        };
        let at = clock.read(at).map_err(|bad| Fault::new(bad, pointer))?;
        Ok(Self { camera, at })
    }

    fn read(&self, index: usize, result: &Json) -> PlateRead {
        let second = result.pointer("/plate").is_some_and(Json::is_object);
        let text = |pointer: &str| json::text_at(result, pointer).map(str::to_owned);
        let texts = |pointers: &[&str]| pointers.iter().filter_map(|at| text(at)).collect();
        let common = PlateRead {
            id: format!("{}/{}/{index}", self.camera, self.at),
            observed_at: Some(self.at),
            camera: self.camera.to_owned(),
            heading_deg: json::number_at(result, "/direction"),
            ..PlateRead::default()
        };
        if second {
            PlateRead {
                plate: text("/plate/props/plate/0/value"),
                region: text("/plate/props/region/0/value"),
                confidence: json::number_at(result, "/plate/props/plate/0/score")
                    .or_else(|| json::number_at(result, "/plate/score")),
                vehicle: texts(&[
                    "/vehicle/props/color/0/value",
                    "/vehicle/props/make_model/0/make",
                    "/vehicle/props/make_model/0/model",
                    "/vehicle/type",
                ]),
                ..common
            }
        } else {
            PlateRead {
                plate: text("/plate"),
                region: text("/region/code"),
                confidence: json::number_at(result, "/score"),
                vehicle: texts(&[
                    "/color/0/color",
                    "/model_make/0/make",
                    "/model_make/0/model",
                    "/vehicle/type",
                ]),
                ..common
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
