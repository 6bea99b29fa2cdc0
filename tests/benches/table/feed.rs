//! Feeds that post, and the bodies that they post: written as text, since the load shares the cores with the server.

use atalaya_tests::{City, Visitor};
use reqwest::Method;
use std::fmt::{Arguments, Display, Write as _};
use std::ops::Range;

/// One feed, with its key.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    visitor: Visitor,
    path: String,
}

impl Feed {
    pub(crate) fn of(city: &City, name: &str) -> Self {
        Self {
            visitor: city.bearer(&city.key(name)),
            path: format!("/feeds/{name}"),
        }
    }

    /// Posts a body and waits for its receipt.
    ///
    /// # Panics
    /// Where it is refused.
    pub(crate) async fn post(&self, body: String) {
        let request = self.visitor.request(Method::POST, &self.path);
        let request = request.header("content-type", "application/json");
        self.visitor.send(request.body(body)).await.expect(200);
    }

    /// Posts all of these, so many together.
    pub(crate) async fn fill(
        &self,
        numbers: Range<u32>,
        a_post: u32,
        write: impl Fn(&mut String, u32),
    ) {
        for from in numbers.clone().step_by(a_post as usize) {
            let some = from..(from + a_post).min(numbers.end);
            self.post(collection(some, &write)).await;
        }
    }
}

/// Features as one collection.
pub(crate) fn collection(
    numbers: impl Iterator<Item = u32>,
    write: impl Fn(&mut String, u32),
) -> String {
    let mut text = String::from(r#"{"type":"FeatureCollection","features":["#);
    for (at, number) in numbers.enumerate() {
        if at > 0 {
            text.push(',');
        }
        write(&mut text, number);
    }
    text + "]}"
}

/// A point; of its properties what stands between the braces.
pub(crate) fn point(
    text: &mut String,
    id: impl Display,
    (lon, lat): (f64, f64),
    properties: Arguments<'_>,
) {
    write!(
        text,
        r#"{{"type":"Feature","id":"{id}","geometry":{{"type":"Point","coordinates":[{lon:.6},{lat:.6}]}},"properties":{{{properties}}}}}"#
    )
    .ok();
}

/// A unit at a place.
pub(crate) fn unit(text: &mut String, number: u32, place: (f64, f64)) {
    let properties =
        format_args!(r#""call_sign":"U{number}","unit_kind":"patrol","status":"free""#);
    point(text, format_args!("u{number}"), place, properties);
}
