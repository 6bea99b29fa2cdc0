use super::field::{MARGIN, field};
use super::outline::{Pen, Segment};
use super::*;
use skrifa::outline::OutlinePen;

/// A square of 4 px with a hole of 2 px in it, one pixel above the baseline.
fn ring() -> Vec<Segment> {
    let mut pen = Pen::default();
    for corners in [
        [[1.0, 1.0], [1.0, 5.0], [5.0, 5.0], [5.0, 1.0]],
        [[2.0, 2.0], [4.0, 2.0], [4.0, 4.0], [2.0, 4.0]],
    ] {
        pen.move_to(corners[0][0], corners[0][1]);
        for [x, y] in &corners[1..] {
            pen.line_to(*x, *y);
        }
        pen.close();
    }
    pen.segments
}

#[test]
fn a_field_says_how_far_the_outline_is() {
    let ring = field(&ring()).unwrap();
    assert_eq!((ring.left, ring.top), (1, 5));
    assert_eq!((ring.width, ring.height), (4, 4));
    let side = ring.width + 2 * MARGIN.unsigned_abs();
    assert_eq!(ring.bytes.len(), usize::try_from(side * side).unwrap());
    // Along the row through the middle of the ring's lower edge, from the left margin inwards.
    let row = usize::try_from(side * 6).unwrap();
    assert_eq!(ring.bytes[row..row + 5], [112, 143, 175, 207, 207]);
    // In the hole and just outside, half a pixel from the outline.
    let middle = usize::try_from(side * 5).unwrap();
    assert_eq!(ring.bytes[middle + 4], 175);
    assert_eq!(field(&[]), None);
}

#[test]
fn curves_are_followed_to_their_end() {
    let mut pen = Pen::default();
    pen.move_to(0.0, 0.0);
    pen.quad_to(1.0, 2.0, 2.0, 0.0);
    let top = pen.segments.iter().map(|Segment(_, to)| to[1]);
    assert_eq!(top.fold(0.0, f32::max), 1.0);
    pen.curve_to(2.0, -1.0, 0.0, -1.0, 0.0, 0.0);
    assert_eq!(pen.segments.last().unwrap().1, [0.0, 0.0]);
    pen.line_to(3.0, 0.0);
    pen.close();
    let Segment(from, to) = *pen.segments.last().unwrap();
    assert_eq!((from, to), ([3.0, 0.0], [0.0, 0.0]));
}

#[test]
fn ranges_are_read_as_they_are_printed() {
    for (text, index) in [("0-255", 0), ("256-511", 1), ("65280-65535", 255)] {
        let range: Range = text.parse().unwrap();
        assert_eq!((range.index(), range.to_string().as_str()), (index, text));
    }
    for text in [
        "",
        "0",
        "0-256",
        "1-256",
        "00-255",
        "+0-255",
        "65536-65791",
        "0-255 ",
        "-1-254",
        "0-255.pbf",
    ] {
        assert_eq!(text.parse::<Range>(), Err(()), "{text}");
    }
}

#[test]
fn the_first_face_there_is_wins() {
    let first = Face::first_of;
    assert_eq!(first("Atkinson Hyperlegible"), Some(Face::Regular));
    let list = "Noto Sans Bold, Atkinson Hyperlegible Bold,Atkinson Hyperlegible";
    assert_eq!(first(list), Some(Face::Bold));
    assert_eq!(first("Noto Sans Bold"), None);
    assert_eq!(first(""), None);
}

#[test]
fn every_range_of_every_face_can_be_drawn_or_is_empty() {
    for face in Face::ALL {
        let letters = glyphs(face, "0-255".parse().unwrap()).unwrap();
        assert!(letters.len() > 50_000, "{}", letters.len());
        let none = glyphs(face, "65024-65279".parse().unwrap()).unwrap();
        assert!(none.len() < 100, "{}", none.len());
    }
}
