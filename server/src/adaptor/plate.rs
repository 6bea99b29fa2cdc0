//! One plate read, whichever vendor it comes from, and the event it makes.
//!
//! Plates are upper case without spaces and hyphens. A layer with a field `list` is one of hits: there
//! adaptors let through only what a list matched, and its `status` is `unverified` until a person has
//! looked. Pictures are never kept. Reasons of rejects name cameras and times, never a plate.
//!
//! A read without coordinates, or with those that stand for none, is placed by the feed's own table of
//! cameras ([`Columns::cameras`](super::Columns::cameras)); where that does not know the camera either,
//! the read is rejected.

use super::target::{Fault, Target};
use atalaya_tiles::Shape;
use atalaya_tiles::{Event, Value};
use jiff::Timestamp;

/// What the vendors have in common.
#[derive(Debug, Default)]
pub(super) struct PlateRead {
    /// What stays the same when it is sent again.
    pub(super) id: String,
    pub(super) observed_at: Option<Timestamp>,
    pub(super) camera: String,
    /// Longitude and latitude.
    pub(super) position: Option<(f64, f64)>,
    pub(super) plate: Option<String>,
    pub(super) region: Option<String>,
    /// 0 to 1.
    pub(super) confidence: Option<f64>,
    pub(super) heading_deg: Option<f64>,
    /// Colour, make, model and body, as far as they are known.
    pub(super) vehicle: Vec<String>,
    /// Why the list has it.
    pub(super) reason: Option<String>,
    /// The list that has it.
    pub(super) list: Option<String>,
}

/// Why a read is ignored on a layer of hits.
pub(super) const NO_HIT: &str = "a read, and the layer takes hits";

/// Whether the layer is one of hits.
pub(super) fn is_of_hits(target: &Target<'_>) -> bool {
    target.field("list").is_some()
}

impl PlateRead {
    /// The event that the read makes on the feed's layer.
    pub(super) fn event(self, target: &Target<'_>) -> Result<Event, Fault> {
        let id = target.id(&self.id).map_err(|bad| Fault::new(bad, ""))?;
        let mut draft = target.draft(id);
        draft.observed_at = self.observed_at;
        draft.geometry = target.place(Some(self.shape(target)?))?;
        let plate = self
            .plate
            .map(|plate| normal(&plate))
            .filter(|plate| !plate.is_empty());
        draft.put_text("plate", plate.as_deref());
        draft.put_line("region", self.region.as_deref());
        draft.put_line("camera", Some(&self.camera));
        draft.put_number("confidence", self.confidence.map(|c| c.clamp(0.0, 1.0)));
        draft.put_number(
            "heading_deg",
            self.heading_deg.map(|deg| deg.rem_euclid(360.0)),
        );
        draft.put_line("vehicle", Some(&phrase(&self.vehicle)));
        draft.put_line("reason", self.reason.as_deref());
        draft.put_line("list", self.list.as_deref());
        if is_of_hits(target) {
            draft.put("status", Some(Value::Text("unverified".into())));
        }
        Ok(draft.finish())
    }

    fn shape(&self, target: &Target<'_>) -> Result<Shape, Fault> {
        let sent = self
            .position
            .filter(|(lon, lat)| lon.abs() + lat.abs() > 1e-6);
        let known = target
            .feed
            .columns
            .cameras
            .get(&self.camera)
            .map(|&[lon, lat]| (lon, lat));
        let (lon, lat) = sent.or(known).ok_or_else(|| {
            let camera: String = self.camera.chars().take(80).collect();
            let reason = format!("no position was sent and the feed knows no camera \"{camera}\"");
            Fault::new(reason, "")
        })?;
        Ok(Shape::point(lon, lat))
    }
}

fn normal(plate: &str) -> String {
    let kept = plate.chars().filter(|c| !c.is_whitespace() && *c != '-');
    kept.flat_map(char::to_uppercase).collect()
}

/// Words in order, without underscores, unknowns and repetitions: `white bmw x3 suv`.
fn phrase(parts: &[String]) -> String {
    let mut words: Vec<String> = Vec::new();
    let unknown = ["unknown", "none", "other"];
    for word in parts.iter().flat_map(|part| part.split(['_', ' '])) {
        let lower = word.to_lowercase();
        let known = !lower.is_empty() && !unknown.contains(&lower.as_str());
        if known && !words.iter().any(|had| had.to_lowercase() == lower) {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}
