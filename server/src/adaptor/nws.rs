//! Alerts as the API of the US National Weather Service serves them (`/alerts`, GeoJSON): CAP in other
//! clothes.
//!
//! Most alerts name zones and have no polygon: they are listed with their zones, never dropped. One
//! whose polygon is not valid is listed too, and the fault reported. An `Update` withdraws what it
//! refers to and then stands for itself; a `Cancel` only withdraws. What is not `Actual` (tests,
//! exercises) is rejected and so stays off the wall.
//!
//! `expires` is when the message should have been renewed, `ends` when the event is over. The later
//! of the two removes the warning; an earlier `expires` marks it stale.

use super::geometry;
use super::target::{Fault, Target};
use super::{Accepted, Decoded, Input, Unreadable, json, media_type, text};
use atalaya_tiles::{Event, FeatureId, Value};
use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::value::RawValue;

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    let accepted = [
        "application/geo+json",
        "application/ld+json",
        "application/json",
    ];
    media_type::expect(
        input,
        &accepted,
        "application/geo+json and application/json",
    )?;
    let collection: json::Collection<'_> = json::read(input)?;
    let updated = json::tree(collection.updated);
    let updated_at = updated.as_str().map(|at| target.instant(at));
    let mut decoded = Decoded {
        as_of: updated_at.and_then(Result::ok),
        partial: collection.partial(),
        ..Decoded::default()
    };
    if let Some(features) = collection.features {
        for (index, feature) in features.into_iter().enumerate() {
            read(*target, &mut decoded, index, feature.get());
        }
    } else {
        decoded.partial = Some("the body is one alert, not a list of them");
        read(*target, &mut decoded, 0, text(input)?);
    }
    Ok(decoded)
}

fn read(target: Target<'_>, decoded: &mut Decoded, index: usize, feature: &str) {
    match events(target, feature) {
        Ok(Alert { events, faults }) => {
            let events = events.into_iter().map(|event| Accepted { index, event });
            decoded.events.extend(events);
            for fault in faults {
                decoded.reject(index, fault);
            }
        }
        Err(fault) => decoded.reject(index, fault),
    }
}

/// What one alert makes: events, and faults that did not cost it.
struct Alert {
    events: Vec<Event>,
    faults: Vec<Fault>,
}

fn events(target: Target<'_>, feature: &str) -> Result<Alert, Fault> {
    let feature: json::Feature<'_> =
        serde_json::from_str(feature).map_err(|e| Fault::new(e, ""))?;
    let properties = &feature.properties;
    let missing = || Fault::new("there is no id", "/properties/id");
    let id = target.id(json::text_at(properties, "/id").ok_or_else(missing)?);
    let id = id.map_err(|bad| Fault::new(bad, "/properties/id"))?;
    let read = alert(target, &feature, &id);
    read.map_err(|fault| fault.of(id))
}

fn alert(target: Target<'_>, feature: &json::Feature<'_>, id: &FeatureId) -> Result<Alert, Fault> {
    let properties = &feature.properties;
    let required = |name: &str| {
        let missing = || Fault::new(format!("there is no {name}"), format!("/properties/{name}"));
        json::text_at(properties, &format!("/{name}")).ok_or_else(missing)
    };
    let status = required("status")?;
    if status != "Actual" {
        let status: String = status.chars().take(40).collect();
        return Err(Fault::new(
            format!("status is {status}: not shown"),
            "/properties/status",
        ));
    }
    let sent = instant(target, properties, "/sent")?;
    let kind = required("messageType")?;
    let mut alert = Alert {
        events: Vec::new(),
        faults: Vec::new(),
    };
    if kind == "Update" || kind == "Cancel" {
        let references = properties.pointer("/references").and_then(Json::as_array);
        for reference in references.into_iter().flatten() {
            let named = json::text_at(reference, "/identifier").map(|id| target.id(id));
            match named {
                Some(Ok(named)) if named != *id => alert.events.push(target.withdrawn(named, sent)),
                _ => alert.faults.push(Fault::new(
                    "a reference names no other alert",
                    "/properties/references",
                )),
            }
        }
    }
    if kind == "Cancel" {
        if alert.events.is_empty() {
            return Err(Fault::new(
                "a Cancel that refers to nothing",
                "/properties/references",
            ));
        }
        return Ok(alert);
    }
    let mut draft = target.draft(id.clone());
    draft.observed_at = sent;
    let shape = geometry::read(feature.geometry.map_or("null", RawValue::get));
    match shape
        .map_err(Fault::from)
        .and_then(|shape| target.place(shape))
    {
        Ok(place) => draft.geometry = place,
        Err(fault) => {
            draft.geometry = target.place(None)?;
            alert.faults.push(Fault::new(fault.reason, "/geometry"));
        }
    }
    put_fields(&mut draft, properties);
    put_times(target, &mut draft, properties)?;
    alert.events.push(draft.finish());
    Ok(alert)
}

fn put_fields(draft: &mut super::target::Draft<'_>, properties: &Json) {
    let fields = [
        ("event", "/event"),
        ("headline", "/headline"),
        ("area", "/areaDesc"),
        ("severity", "/severity"),
        ("urgency", "/urgency"),
        ("certainty", "/certainty"),
        ("category", "/category"),
        ("sender", "/senderName"),
        ("status", "/status"),
        ("message_type", "/messageType"),
    ];
    for (field, pointer) in fields {
        draft.put_line(field, json::text_at(properties, pointer));
    }
    draft.put_text("instruction", json::text_at(properties, "/instruction"));
    let zones = json::texts_at(properties, "/geocode/UGC");
    let counties = json::texts_at(properties, "/geocode/SAME");
    let zones: Vec<String> = if zones.is_empty() {
        counties
            .into_iter()
            .map(|code| format!("SAME {code}"))
            .collect()
    } else {
        zones.into_iter().map(str::to_owned).collect()
    };
    draft.put_list(
        "zones",
        zones.into_iter().map(|zone| Value::Text(zone.into())),
    );
}

fn put_times(
    target: Target<'_>,
    draft: &mut super::target::Draft<'_>,
    properties: &Json,
) -> Result<(), Fault> {
    let [onset, effective, expires, ends] = ["/onset", "/effective", "/expires", "/ends"]
        .map(|pointer| instant(target, properties, pointer));
    let (expires, ends) = (expires?, ends?);
    draft.put_instant("starts_at", onset?.or(effective?));
    draft.put_instant("ends_at", ends.or(expires));
    draft.expires_at = expires.max(ends);
    draft.stale_at = expires.filter(|_| expires < ends);
    Ok(())
}

fn instant(
    target: Target<'_>,
    properties: &Json,
    pointer: &str,
) -> Result<Option<Timestamp>, Fault> {
    let text = json::text_at(properties, pointer);
    let instant = text.map(|text| target.instant(text)).transpose();
    instant.map_err(|bad| Fault::new(bad, format!("/properties{pointer}")))
}

#[cfg(test)]
pub(super) mod tests;
