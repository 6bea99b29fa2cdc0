//! Work zones and road closures: the Work Zone Data Exchange, version 4 (US Department of
//! Transportation, `WZDx` 4.0 to 4.2), feed `WorkZoneFeed`.
//!
//! | `WZDx` | field |
//! |---|---|
//! | `core_details` name, `road_names`, direction, description | name, road, direction, description |
//! | `vehicle_impact`; `detour` for a detour | impact |
//! | `start_date`, `end_date` | `starts_at`, `ends_at` |
//! | `data_source_id`, by name of the organisation; else `publisher` | source |
//! | `update_date` of the `core_details`, else of their data source, else of the feed | observed at |
//!
//! A closure whose end is verified leaves the picture then. One whose end is not verified goes stale
//! instead, and once the feed itself is younger than that end its status is `ended? unverified`:
//! workers may still be on the road, so it is never silently dropped. Other states are `planned` and
//! `active`; what counts as now is the feed's own `update_date`.
//!
//! A `MultiPoint` marks the ends of a work zone whose course is not known and stays points; a
//! `LineString` without length is a point. Field devices (`DeviceFeed`) are no closures: rejected one
//! by one.

use super::geometry;
use super::target::{Draft, Fault, Target};
use super::{Decoded, Input, Unreadable, json, media_type};
use atalaya_tiles::Event;
use atalaya_tiles::Shape;
use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    let accepted = ["application/geo+json", "application/json"];
    media_type::expect(
        input,
        &accepted,
        "application/geo+json and application/json",
    )?;
    let collection: json::Collection<'_> = json::read(input)?;
    let partial = collection.partial();
    let features = collection.features.ok_or(Unreadable::Shape(
        "this is no WZDx feed: it has no features",
    ))?;
    let feed = RoadFeed::new(*target, &json::tree(collection.feed_info));
    let mut decoded = Decoded {
        as_of: feed.updated_at,
        partial,
        ..Decoded::default()
    };
    for (index, feature) in features.into_iter().enumerate() {
        match feed.event(feature) {
            Ok(event) => decoded.accept(index, event),
            Err(fault) => decoded.reject(index, fault.under(&format!("/features/{index}"))),
        }
    }
    Ok(decoded)
}

/// What holds for all features of a feed.
struct RoadFeed<'a> {
    target: Target<'a>,
    updated_at: Option<Timestamp>,
    publisher: Option<String>,
    sources: BTreeMap<String, Source>,
}

/// One of the systems that a publisher puts together.
struct Source {
    organisation: Option<String>,
    updated_at: Option<Timestamp>,
}

impl<'a> RoadFeed<'a> {
    fn new(target: Target<'a>, feed_info: &Json) -> Self {
        let sources = feed_info.pointer("/data_sources").and_then(Json::as_array);
        let updated_at = |info: &Json| {
            let at = json::text_at(info, "/update_date")?;
            target.instant(at).ok()
        };
        let sources = sources.into_iter().flatten().filter_map(|source| {
            let id = json::text_at(source, "/data_source_id")?;
            let organisation = json::text_at(source, "/organization_name").map(str::to_owned);
            let updated_at = updated_at(source);
            let source = Source {
                organisation,
                updated_at,
            };
            Some((id.to_owned(), source))
        });
        Self {
            target,
            updated_at: updated_at(feed_info),
            publisher: json::text_at(feed_info, "/publisher").map(str::to_owned),
            sources: sources.collect(),
        }
    }

    fn event(&self, raw: &RawValue) -> Result<Event, Fault> {
        let feature: json::Feature<'_> =
            serde_json::from_str(raw.get()).map_err(|e| Fault::new(e, ""))?;
        let id = self.target.json_id(feature.id.as_ref());
        let id = id.map_err(|bad| Fault::new(bad, "/id"))?;
        let draft = self.target.draft(id.clone());
        self.closure(&feature, draft).map_err(|fault| fault.of(id))
    }

    fn closure(&self, feature: &json::Feature<'_>, mut draft: Draft<'_>) -> Result<Event, Fault> {
        let properties = &feature.properties;
        let core = |name: &str| json::text_at(properties, &format!("/core_details/{name}"));
        if core("device_type").is_some() {
            let reason = "a field device, not a road event";
            return Err(Fault::new(reason, "/properties/core_details/device_type"));
        }
        let event_type = core("event_type").ok_or_else(|| {
            let pointer = "/properties/core_details/event_type";
            Fault::new(
                "there is no event_type: this is no WZDx 4 road event",
                pointer,
            )
        })?;
        let source = core("data_source_id").and_then(|id| self.sources.get(id));
        let (starts_at, ends_at) = (
            self.instant(properties, "/start_date")?,
            self.instant(properties, "/end_date")?,
        );
        let observed_at = self.instant(properties, "/core_details/update_date")?;
        draft.observed_at = observed_at
            .or(source.and_then(|source| source.updated_at))
            .or(self.updated_at);
        let shape = geometry::read(feature.geometry.map_or("null", RawValue::get))?;
        let place = self.target.place(shape.map(collapse));
        draft.geometry = place.map_err(|fault| fault.under("/geometry"))?;
        let verified = properties.pointer("/is_end_date_verified") == Some(&Json::Bool(true));
        if verified {
            draft.expires_at = ends_at;
        } else {
            draft.stale_at = ends_at;
        }
        let impact = json::text_at(properties, "/vehicle_impact");
        let detour = Some("detour").filter(|detour| event_type == *detour);
        draft.put_line("name", core("name"));
        let roads = json::texts_at(properties, "/core_details/road_names").join(", ");
        draft.put_line("road", Some(&roads));
        draft.put_line("direction", core("direction"));
        draft.put_line("impact", impact.or(detour));
        draft.put_line("status", Some(self.status(starts_at, ends_at, verified)));
        draft.put_text("description", core("description"));
        draft.put_instant("starts_at", starts_at);
        draft.put_instant("ends_at", ends_at);
        let organisation = source.and_then(|source| source.organisation.as_deref());
        draft.put_line("source", organisation.or(self.publisher.as_deref()));
        Ok(draft.finish())
    }

    fn instant(&self, properties: &Json, pointer: &str) -> Result<Option<Timestamp>, Fault> {
        let text = json::text_at(properties, pointer);
        let instant = text.map(|text| self.target.instant(text)).transpose();
        instant.map_err(|bad| Fault::new(bad, format!("/properties{pointer}")))
    }

    fn status(
        &self,
        starts_at: Option<Timestamp>,
        ends_at: Option<Timestamp>,
        verified: bool,
    ) -> &'static str {
        let is_past =
            |at: Option<Timestamp>| at.zip(self.updated_at).is_some_and(|(at, now)| at < now);
        match (is_past(ends_at), verified) {
            (true, true) => "ended",
            (true, false) => "ended? unverified",
            (false, _) if starts_at > self.updated_at && self.updated_at.is_some() => "planned",
            (false, _) => "active",
        }
    }
}

/// A line whose positions are all the same is the point it stands on.
fn collapse(shape: Shape) -> Shape {
    match shape {
        Shape::Lines(lines) => match lines.as_slice() {
            [line] if line.iter().all(|at| Some(at) == line.first()) => {
                Shape::Points(line.first().copied().into_iter().collect())
            }
            _ => Shape::Lines(lines),
        },
        points_or_polygons @ (Shape::Points(_) | Shape::Polygons(_)) => points_or_polygons,
    }
}

#[cfg(test)]
pub(super) mod tests;
