use super::*;
use crate::live::{Frame, Frames};
use atalaya_tiles::{Picture, RingLimits};
use std::sync::Arc;

/// Clients of one class whose boxes touch the same tiles are told by one frame, found out once.
#[test]
fn clients_that_look_at_the_same_tiles_share_what_is_dirty() {
    let catalog = Arc::new(crate::config::Config::default().catalog().unwrap());
    let units = catalog.layer("units").unwrap();
    let mut picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
    picture.touch_everywhere(units);
    picture.restored(Seq(7), jiff::Timestamp::UNIX_EPOCH);
    picture.touch_everywhere(units);
    let view = picture.view();
    let looks = |east: f64| {
        let bounds = Bounds::new(-111.2, 32.0, east, 32.4).unwrap();
        Arc::new(Viewport::new(&[units], bounds, 10))
    };
    let (one, same, other) = (looks(-110.9), looks(-110.91), looks(-109.0));
    assert_eq!(one, same);
    assert_ne!(one, other);
    let frames = Frames::new(1, 1 << 20);
    let message = |viewport, since| {
        let frame = Frame::tiles(&view, Viewer::EVERYTHING, viewport, Some(since));
        frames.encoded(&frame, crate::live::Coding::Plain)
    };
    let first = message(&one, Seq(1)).unwrap();
    let second = message(&same, Seq(1)).unwrap();
    assert_eq!(
        first.text.as_ptr(),
        second.text.as_ptr(),
        "shared, not equal"
    );
    assert_ne!(first.text, message(&other, Seq(1)).unwrap().text);
    assert!(message(&one, Seq(7)).is_none(), "nothing since");
}
