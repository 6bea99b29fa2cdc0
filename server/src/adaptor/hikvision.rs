//! Hikvision ANPR events (ISAPI `EventNotificationAlert`): XML by itself, or the XML part of a
//! multipart form whose other parts are pictures, which are stepped over.
//!
//! Times carry an offset, or are in the feed's zone; confidences are 0 to 100; positions are degrees,
//! minutes and seconds with a letter for the hemisphere. `isDataRetransmission` marks what the camera
//! had kept while it was offline: late, not wrong, and since the time is the camera's own it needs no
//! other treatment. On a layer of hits only plates of a list of wanted ones make an event; events of
//! another type (a heartbeat is `videoloss`) make none.

use super::plate::{NO_HIT, PlateRead, is_of_hits};
use super::target::{Fault, Target};
use super::xml::{self, Element};
use super::{Decoded, Input, Unreadable, media_type, multipart};

const MULTIPART: &str = "multipart/form-data";

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    let accepted = ["application/xml", "text/xml", MULTIPART];
    let takes = "application/xml, text/xml and multipart/form-data";
    let sent = media_type::expect(input, &accepted, takes)?;
    let alert = if sent.as_deref() == Some(MULTIPART) {
        let parts = multipart::parts(input)?;
        let is_xml = |kind: &String| media_type::essence(kind).ends_with("/xml");
        let part = parts
            .iter()
            .find(|part| part.content_type.as_ref().is_some_and(is_xml));
        let part = part.ok_or(Unreadable::Multipart("there is no XML part"))?;
        xml::read(&Input {
            body: part.body,
            content_type: part.content_type.as_deref(),
        })?
    } else {
        xml::read(input)?
    };
    if alert.name != "EventNotificationAlert" {
        return Err(Unreadable::other(&alert.name, "no EventNotificationAlert"));
    }
    let mut decoded = Decoded::default();
    let is_plate = alert
        .text_at(&["eventType"])
        .is_some_and(|t| t.eq_ignore_ascii_case("ANPR"));
    let list = alert.text_at(&["ANPR", "vehicleListName"]);
    if !is_plate {
        decoded.ignore("eventType: not ANPR, so it says nothing of a plate");
        return Ok(decoded);
    }
    if is_of_hits(target) && !list.is_some_and(is_wanted) {
        decoded.ignore(&format!("ANPR: {NO_HIT}"));
        return Ok(decoded);
    }
    match read(target, &alert).and_then(|read| read.event(target)) {
        Ok(event) => decoded.accept(0, event),
        Err(fault) => decoded.reject(0, fault),
    }
    Ok(decoded)
}

/// The list of wanted plates, by its older and its newer name.
fn is_wanted(list: &str) -> bool {
    ["blacklist", "blocklist"].contains(&list.to_ascii_lowercase().as_str())
}

fn read(target: &Target<'_>, alert: &Element) -> Result<PlateRead, Fault> {
    let text = |path: &[&str]| alert.text_at(path).map(str::to_owned);
    let known = |path: &[&str]| {
        let unknown = ["unknown", "NON", "unrecognized"];
        text(path).filter(|text| !unknown.contains(&text.as_str()))
    };
    let id = text(&["UUID"]).ok_or_else(|| Fault::new("there is no UUID", ""))?;
    let at = alert
        .text_at(&["dateTime"])
        .map(|at| target.instant(at))
        .transpose();
    let percent = alert
        .text_at(&["ANPR", "confidenceLevel"])
        .and_then(|n| n.parse().ok());
    let vehicle = [
        known(&["ANPR", "vehicleInfo", "color"]),
        known(&["ANPR", "vehicleType"]).filter(|kind| kind != "vehicle"),
    ];
    let device = text(&["deviceID"])
        .or_else(|| text(&["macAddress"]))
        .unwrap_or_default();
    let channel = text(&["channelID"]).unwrap_or_default();
    let list = text(&["ANPR", "vehicleListName"]);
    Ok(PlateRead {
        id,
        observed_at: at.map_err(|bad| Fault::new(bad, ""))?,
        camera: format!("{device}/{channel}"),
        position: position(alert),
        plate: known(&["ANPR", "licensePlate"]).filter(|plate| plate != "noPlate"),
        region: known(&["countryAbbreviation"]),
        confidence: percent.map(|percent: f64| percent / 100.0),
        heading_deg: None,
        vehicle: vehicle.into_iter().flatten().collect(),
        reason: None,
        list: list.filter(|list| is_wanted(list)),
    })
}

fn position(alert: &Element) -> Option<(f64, f64)> {
    let gps = alert.at(&["DeviceGPSInfo"])?;
    let lon = degrees(gps.at(&["Longitude"])?)?;
    let lat = degrees(gps.at(&["Latitude"])?)?;
    let west = gps.text_at(&["longitudeType"]) == Some("W");
    let south = gps.text_at(&["latitudeType"]) == Some("S");
    Some((
        if west { -lon } else { lon },
        if south { -lat } else { lat },
    ))
}

/// Degrees, minutes and seconds as degrees.
fn degrees(angle: &Element) -> Option<f64> {
    let part = |name: &str| angle.text_at(&[name])?.parse::<f64>().ok();
    let degrees = part("degree")?;
    Some(degrees + part("minute").unwrap_or(0.0) / 60.0 + part("sec").unwrap_or(0.0) / 3600.0)
}

#[cfg(test)]
pub(super) mod tests;
