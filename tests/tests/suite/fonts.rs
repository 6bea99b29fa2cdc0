//! Glyph ranges for map clients without fonts of their own, read by a decoder written for this test.

use atalaya_tests::City;
use serde_json::Value;

const LETTERS: &str = "/fonts/Atkinson%20Hyperlegible/0-255.pbf";

/// A field of a protobuf message: its tag, its number, and its bytes where the number is their length.
type Field<'m> = (u64, u64, Option<&'m [u8]>);

/// The fields of a message, of the two wire types that glyph ranges use.
fn fields(mut message: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let number = varint(&mut message);
        assert!(matches!(key & 7, 0 | 2), "wire type {}", key & 7);
        let bytes = (key & 7 == 2).then(|| {
            let length = usize::try_from(number).expect("a length");
            let (bytes, rest) = message.split_at(length);
            message = rest;
            bytes
        });
        fields.push((key >> 3, number, bytes));
    }
    fields
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first().expect("a whole number");
        *message = rest;
        value |= u64::from(byte & 127) << shift;
        if byte & 128 == 0 {
            break;
        }
    }
    value
}

/// The parts with this tag that are messages or texts.
fn parts(message: &[u8], tag: u64) -> impl Iterator<Item = &[u8]> {
    let fields = fields(message).into_iter();
    fields.filter_map(move |(found, _, bytes)| bytes.filter(|_| found == tag))
}

fn number(message: &[u8], tag: u64) -> Option<u64> {
    let fields = fields(message).into_iter();
    let mut numbers = fields.filter(|(found, _, bytes)| *found == tag && bytes.is_none());
    numbers.next().map(|(_, number, _)| number)
}

#[tokio::test]
async fn letters_digits_and_accents_are_drawn() {
    let city = City::start().await;
    let operator = city.operator();
    let reply = operator.get(LETTERS).await.expect(200);
    assert_eq!(reply.header("content-type"), "application/x-protobuf");
    assert_eq!(reply.header("cache-control"), "private, max-age=86400");
    let stacks: Vec<_> = parts(&reply.body, 1).collect();
    let [stack] = stacks[..] else {
        panic!("one stack");
    };
    let text = |tag| parts(stack, tag).next().map(String::from_utf8_lossy);
    assert_eq!(text(1).as_deref(), Some("Atkinson Hyperlegible"));
    assert_eq!(text(2).as_deref(), Some("0-255"));
    let glyphs: Vec<_> = parts(stack, 3).collect();
    let letters = ('A'..='Z').chain('a'..='z').chain('0'..='9');
    for wanted in letters.chain("áéíóúüñÁÉÍÓÚÜÑ¿¡&".chars()) {
        let found = glyphs
            .iter()
            .find(|it| number(it, 1) == Some(u64::from(wanted)));
        let glyph = found.expect("the glyph is there");
        let [width, height] = [3, 4].map(|tag| number(glyph, tag).unwrap_or(0));
        assert!(
            (2..=24).contains(&width) && (3..=26).contains(&height),
            "{wanted}: {width} x {height}"
        );
        let bitmap = parts(glyph, 2).next().unwrap_or_default();
        assert_eq!(bitmap.len() as u64, (width + 6) * (height + 6), "{wanted}");
        let inside = bitmap.iter().filter(|value| **value > 191).count();
        assert!(
            inside > 5 && inside < bitmap.len() / 2,
            "{wanted}: {inside}"
        );
        assert!(
            number(glyph, 7).is_some_and(|advance| (3..30).contains(&advance)),
            "{wanted}"
        );
    }
    let space = glyphs.iter().find(|it| number(it, 1) == Some(32));
    let space = space.expect("the space is there");
    assert!(parts(space, 2).next().is_none() && number(space, 7) > Some(2));
}

#[tokio::test]
async fn fonts_are_named_and_cached() {
    let city = City::start().await;
    let operator = city.operator();
    let letters = operator.get(LETTERS).await.expect(200);
    let again = operator.request(reqwest::Method::GET, LETTERS);
    let again = again.header("if-none-match", letters.header("etag"));
    assert_eq!(operator.send(again).await.status, 304);

    let bold = "/fonts/Noto%20Sans,Atkinson%20Hyperlegible%20Bold/0-255.pbf";
    let bold = operator.get(bold).await.expect(200);
    assert_ne!(bold.header("etag"), letters.header("etag"));
    let unknown = operator
        .get("/fonts/Noto%20Sans/0-255.pbf")
        .await
        .expect(404)
        .json();
    assert_eq!(unknown["type"], "/problems/no-such-font");
    let detail = unknown["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains("Noto Sans") && detail.contains("Atkinson Hyperlegible Bold"),
        "{detail}"
    );
    for range in ["1-256", "0-256", "65536-65791", "x"] {
        let path = LETTERS.replace("0-255", range);
        let problem = operator.get(&path).await.expect(400).json();
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|it| it.contains(range)),
            "{problem}"
        );
    }
    assert_eq!(city.anybody().get(LETTERS).await.status, 401);

    let style = operator.json("/styles/night?glyphs=1").await;
    let address = format!("{}/fonts/{{fontstack}}/{{range}}.pbf", city.base());
    assert_eq!(style["glyphs"], Value::from(address));
    assert_eq!(operator.json("/styles/night").await["glyphs"], Value::Null);
}
