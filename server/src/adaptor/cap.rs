//! The Common Alerting Protocol: CAP 1.0, 1.1 and 1.2 (OASIS), one alert by itself or many in a wrapper
//! such as the feed of IPAWS.
//!
//! | msgType | becomes |
//! |---|---|
//! | Alert | a warning, by its `identifier` |
//! | Update | the referred warnings withdrawn, then a warning |
//! | Cancel | the referred warnings withdrawn |
//! | Ack, Error | a reject: nothing to show |
//!
//! Promises: a warning is listed rather than lost. It needs what names and dates it (identifier,
//! sender, sent, status, msgType, scope) and an `info`; whatever else is wrong, such as an unclosed
//! polygon or a required word left out, is reported as a reject beside the event. One warning is made
//! of all infos of one language, English where there is one: the words of the first, the areas of all.
//! Overlapping areas are united.
//!
//! Refuses, with a reject that says so: what is not `Actual`, so that a drill is never on the wall; what
//! is not for the public (scope), since warnings are shown to all.
//!
//! Read here and not by a CAP crate, because those refuse a whole alert for a comma too many in a
//! polygon, and polygons of the weather service have had such. A time may end in `Z` although CAP 1.2
//! forbids it. An alert without `expires` is kept for [`KEPT_WITHOUT_EXPIRY_H`] hours: section 3.2.2
//! leaves that to the recipient.

mod area;
mod checks;

use super::target::{Draft, Fault, Target};
use super::xml::{self, Element};
use super::{Accepted, Decoded, Input, Unreadable, media_type};
use atalaya_tiles::{Event, FeatureId, Value};
use jiff::{SignedDuration, Timestamp};

/// How long a warning without an end is kept, in hours.
const KEPT_WITHOUT_EXPIRY_H: i64 = 24;
const NAMESPACES: [&str; 3] = [
    "http://www.incident.com/cap/1.0",
    "urn:oasis:names:tc:emergency:cap:1.1",
    "urn:oasis:names:tc:emergency:cap:1.2",
];

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    let accepted = [
        "application/cap+xml",
        "application/common-alerting-protocol+xml",
        "application/xml",
        "text/xml",
    ];
    media_type::expect(input, &accepted, "application/cap+xml and application/xml")?;
    let root = xml::read(input)?;
    let mut alerts = Vec::new();
    collect(&root, &mut alerts);
    if alerts.is_empty() && root.name != "alerts" {
        return Err(Unreadable::other(
            &root.name,
            "no CAP alert, and has none in it",
        ));
    }
    let mut decoded = Decoded::default();
    for (index, alert) in alerts.into_iter().enumerate() {
        let mut reading = Reading {
            target: *target,
            events: Vec::new(),
            faults: Vec::new(),
        };
        if let Err(fault) = reading.alert(alert) {
            reading.events.clear();
            reading.faults.push(fault);
        }
        let events = reading.events.into_iter();
        decoded
            .events
            .extend(events.map(|event| Accepted { index, event }));
        for fault in reading.faults {
            decoded.reject(index, fault);
        }
    }
    Ok(decoded)
}

/// The alerts in an element; an alert holds no other.
fn collect<'a>(element: &'a Element, alerts: &mut Vec<&'a Element>) {
    if element.name == "alert" && NAMESPACES.contains(&element.namespace.as_str()) {
        alerts.push(element);
        return;
    }
    for child in &element.children {
        collect(child, alerts);
    }
}

/// One alert in the reading: what it makes, and what was wrong but did not cost it.
struct Reading<'a> {
    target: Target<'a>,
    events: Vec<Event>,
    faults: Vec<Fault>,
}

/// The parts without which an alert is none.
struct Envelope<'e> {
    identifier: &'e str,
    sender: &'e str,
    sent: Timestamp,
    status: &'e str,
    kind: &'e str,
}

impl Reading<'_> {
    fn alert(&mut self, alert: &Element) -> Result<(), Fault> {
        let envelope = self.envelope(alert)?;
        let id = self.target.id(envelope.identifier);
        let id = id.map_err(|bad| Fault::new(bad, "/identifier"))?;
        match envelope.kind {
            "Alert" => self.warning(alert, &envelope, id),
            "Update" => {
                self.withdraw(alert, &envelope);
                self.warning(alert, &envelope, id)
            }
            "Cancel" => {
                self.withdraw(alert, &envelope);
                if self.events.is_empty() {
                    return Err(Fault::new("a Cancel that refers to nothing", "/references"));
                }
                Ok(())
            }
            other => Err(Fault::new(
                format!("msgType is {}: nothing to show", short(other)),
                "/msgType",
            )),
        }
    }

    fn envelope<'e>(&mut self, alert: &'e Element) -> Result<Envelope<'e>, Fault> {
        let required = |name: &'static str| {
            let missing = || Fault::new(format!("there is no {name}"), format!("/{name}"));
            alert.text_at(&[name]).ok_or_else(missing)
        };
        let status = required("status")?;
        if status != "Actual" {
            let reason = format!("status is {}: not shown", short(status));
            return Err(Fault::new(reason, "/status"));
        }
        let scope = required("scope")?;
        if scope != "Public" {
            let reason = format!("scope is {}: not shown", short(scope));
            return Err(Fault::new(reason, "/scope"));
        }
        if alert.text_at(&["restriction"]).is_some() {
            self.faults.push(Fault::new(
                "a restriction on a public alert",
                "/restriction",
            ));
        }
        let sent = self.target.instant(required("sent")?);
        Ok(Envelope {
            identifier: required("identifier")?,
            sender: required("sender")?,
            sent: sent.map_err(|bad| Fault::new(bad, "/sent"))?,
            status,
            kind: required("msgType")?,
        })
    }

    /// Withdraws what an alert refers to: `sender,identifier,sent`, separated by white space.
    fn withdraw(&mut self, alert: &Element, envelope: &Envelope<'_>) {
        let references = alert.text_at(&["references"]).unwrap_or_default();
        for reference in references.split_whitespace() {
            match self.reference(reference, envelope) {
                Ok(named) => self
                    .events
                    .push(self.target.withdrawn(named, Some(envelope.sent))),
                Err(reason) => self.faults.push(Fault::new(reason, "/references")),
            }
        }
    }

    fn reference(&self, reference: &str, envelope: &Envelope<'_>) -> Result<FeatureId, String> {
        let parts = reference.split_once(',').and_then(|(sender, rest)| {
            let (identifier, sent) = rest.rsplit_once(',')?;
            Some((sender, identifier, self.target.instant(sent).ok()?))
        });
        let (sender, identifier, sent) =
            parts.ok_or("a reference that is not sender,identifier,sent")?;
        if (sender, identifier) == (envelope.sender, envelope.identifier) {
            return Err("a reference to the alert itself".to_owned());
        }
        if sent > envelope.sent {
            return Err("a reference to an alert that was sent later".to_owned());
        }
        self.target.id(identifier).map_err(|bad| bad.to_string())
    }

    fn warning(
        &mut self,
        alert: &Element,
        envelope: &Envelope<'_>,
        id: FeatureId,
    ) -> Result<(), Fault> {
        let infos = one_language(alert);
        let first = *infos
            .first()
            .ok_or_else(|| Fault::new("there is no info", "/info"))?;
        let mut draft = self.target.draft(id);
        draft.observed_at = Some(envelope.sent);
        for info in &infos {
            self.faults.extend(checks::findings(info));
        }
        let areas: Vec<&Element> = infos.iter().flat_map(|info| info.all("area")).collect();
        let (place, faults) = area::place(self.target, &areas);
        draft.geometry = place;
        self.faults.extend(faults);
        if draft.geometry.is_none() {
            self.target.place(None)?;
        }
        put_fields(&mut draft, first, &areas);
        draft.put_line(
            "sender",
            first.text_at(&["senderName"]).or(Some(envelope.sender)),
        );
        draft.put_line("status", Some(envelope.status));
        draft.put_line("message_type", Some(envelope.kind));
        let mut instants = |name: &'static str| -> Vec<Timestamp> {
            let texts = infos.iter().filter_map(|info| info.text_at(&[name]));
            let read = texts.filter_map(|text| {
                let read = self.target.instant(text);
                read.map_err(|bad| self.faults.push(Fault::new(bad, format!("/info/{name}"))))
                    .ok()
            });
            read.collect()
        };
        let starts = [instants("onset"), instants("effective")].concat();
        let ends_at = instants("expires").into_iter().max();
        draft.put_instant(
            "starts_at",
            Some(starts.first().copied().unwrap_or(envelope.sent)),
        );
        draft.put_instant("ends_at", ends_at);
        let kept = SignedDuration::from_hours(KEPT_WITHOUT_EXPIRY_H);
        draft.expires_at = ends_at.or_else(|| envelope.sent.checked_add(kept).ok());
        self.events.push(draft.finish());
        Ok(())
    }
}

fn put_fields(draft: &mut Draft<'_>, info: &Element, areas: &[&Element]) {
    for name in [
        "event",
        "headline",
        "severity",
        "urgency",
        "certainty",
        "category",
    ] {
        draft.put_line(name, info.text_at(&[name]));
    }
    draft.put_text("instruction", info.text_at(&["instruction"]));
    let mut names: Vec<&str> = areas
        .iter()
        .filter_map(|area| area.text_at(&["areaDesc"]))
        .collect();
    names.dedup();
    draft.put_line("area", Some(&names.join("; ")));
    let zones = area::zones(areas);
    draft.put_list(
        "zones",
        zones.into_iter().map(|zone| Value::Text(zone.into())),
    );
}

/// The infos of one language: English where there is one, else that of the first. An info without a
/// language is English (section 3.2.2).
fn one_language(alert: &Element) -> Vec<&Element> {
    let language = |info: &Element| {
        info.text_at(&["language"])
            .unwrap_or("en-US")
            .to_ascii_lowercase()
    };
    let infos: Vec<&Element> = alert.all("info").collect();
    let english = infos.iter().find(|info| language(info).starts_with("en"));
    let Some(chosen) = english.or(infos.first()).map(|info| language(info)) else {
        return Vec::new();
    };
    infos
        .into_iter()
        .filter(|info| language(info) == chosen)
        .collect()
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
pub(super) mod tests;
