//! The ladder of detail: what is drawn and what is counted, step by step.

use super::*;
use crate::encode::tests::{City, tile};
use crate::viewer::Viewer;

fn frame() -> Frame {
    Frame {
        tile: tile(12, 800, 1_600),
        extent: 4_096.0,
        buffer: 64.0,
    }
}

/// The details of a layer from so many features on, step by step, as text.
fn check(layer: &str, count: usize, expected: &[&str]) {
    let city = City::new();
    let view = city.view();
    let open = view.open(&Viewer::EVERYTHING, layer).unwrap();
    let mut detail = Some(Detail::capped(&open, frame(), count));
    let mut steps = Vec::new();
    while let Some(at) = detail {
        let cells = at.cells.map_or(String::new(), |r| format!(" cells {r}"));
        steps.push(format!("{:?} x{}{cells}", at.singles, at.coarseness));
        detail = at.coarser(&open, frame());
    }
    assert_eq!(
        steps.get(..expected.len()),
        Some(
            expected
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .as_slice()
        ),
        "{steps:#?}"
    );
    // One resolution coarser than suits the zoom, and no more.
    assert_eq!(steps.last().unwrap(), "Nothing x1 cells 8", "{steps:#?}");
}

#[test]
fn points_are_all_drawn_or_all_counted() {
    check(
        "spots",
        40,
        &["All x1", "Nothing x1 cells 9", "Nothing x1 cells 8"],
    );
    check("spots", 41, &["Nothing x1 cells 9", "Nothing x1 cells 8"]);
}

#[test]
fn lines_and_polygons_are_simplified_before_they_are_counted() {
    check(
        "areas",
        40,
        &["All x1", "All x4", "All x16", "Nothing x1 cells 9"],
    );
    check(
        "areas",
        41,
        &["All x2", "All x8", "All x32", "Nothing x1 cells 9"],
    );
    check("areas", 320, &["All x8", "All x32", "Nothing x1 cells 9"]);
    check("areas", 321, &["Nothing x1 cells 9", "Nothing x1 cells 8"]);
}

#[test]
fn a_layer_of_both_counts_its_points_first() {
    check(
        "sites",
        10,
        &[
            "All x1",
            "Extended x1 cells 9",
            "Extended x4 cells 9",
            "Extended x16 cells 9",
            "Nothing x1 cells 9",
        ],
    );
    check("sites", 11, &["Extended x2 cells 9", "Extended x8 cells 9"]);
}

#[test]
fn those_without_clearance_get_no_finer_cells_than_they_may() {
    let city = City::new();
    let view = city.view();
    let start = |viewer: &Viewer, z: u8| {
        let open = view.open(viewer, "reads").unwrap();
        let frame = Frame {
            tile: tile(z, 0, 0),
            ..frame()
        };
        Detail::start(&open, frame, None).unwrap().0
    };
    let uncleared = Viewer {
        clearances: crate::viewer::Clearances::NONE,
        ..Viewer::EVERYTHING
    };
    for z in 0..=22 {
        assert_eq!(start(&uncleared, z).singles, Singles::Nothing);
        assert!(start(&uncleared, z).cells.unwrap() <= 9);
    }
    assert_eq!(start(&Viewer::EVERYTHING, 22).cells, Some(12));
}
