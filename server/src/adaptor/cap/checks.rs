//! What the schema of CAP cannot say, checked by hand: each finding is reported and costs nothing.

use super::super::target::Fault;
use super::super::xml::Element;

/// What is wrong with an info.
pub(super) fn info(info: &Element) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut report = |reason: String, pointer: &str| faults.push(Fault::new(reason, pointer));
    for name in ["category", "event", "urgency", "severity", "certainty"] {
        if info.text_at(&[name]).is_none() {
            report(format!("there is no {name}"), &format!("/info/{name}"));
        }
    }
    if let Some(language) = info.text_at(&["language"])
        && !is_language(language)
    {
        report(
            "the language is no RFC 5646 tag".to_owned(),
            "/info/language",
        );
    }
    for name in ["headline", "instruction"] {
        if info.text_at(&[name]).is_some_and(has_markup) {
            report(format!("HTML in the {name}"), &format!("/info/{name}"));
        }
    }
    for resource in info.all("resource") {
        let relative = resource
            .text_at(&["uri"])
            .is_some_and(|uri| !uri.contains(':'));
        if relative && resource.text_at(&["derefUri"]).is_none() {
            report(
                "a relative uri without derefUri".to_owned(),
                "/info/resource/uri",
            );
        }
    }
    for area in info.all("area") {
        let feet = |name: &str| {
            area.text_at(&[name])
                .and_then(|feet| feet.parse::<f64>().ok())
        };
        match (feet("altitude"), feet("ceiling")) {
            (None, Some(_)) => report(
                "a ceiling without an altitude".to_owned(),
                "/info/area/ceiling",
            ),
            (Some(altitude), Some(ceiling)) if altitude > ceiling => {
                report(
                    "the altitude is above the ceiling".to_owned(),
                    "/info/area/altitude",
                );
            }
            _ => {}
        }
    }
    faults
}

fn is_language(tag: &str) -> bool {
    let is_subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    tag.split('-').all(is_subtag) && tag.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// An opening or closing tag: `<` with a letter or a slash after it, and `>` later.
fn has_markup(text: &str) -> bool {
    text.split('<').skip(1).any(|after| {
        after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && after.contains('>')
    })
}
