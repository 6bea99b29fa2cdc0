use super::*;
use atalaya_tiles::RingLimits;
use std::sync::Weak;

#[test]
fn a_view_that_is_published_often_does_not_fill_the_memory() {
    let catalog = Arc::new(crate::config::Config::default().catalog().unwrap());
    let views = Views::default();
    let next = || Arc::new(View::empty(Arc::clone(&catalog), RingLimits::default()));
    let published: Vec<Weak<View>> = (0..MOST + 10)
        .map(|_| {
            let view = next();
            views.keep(&view, Duration::ZERO);
            Arc::downgrade(&view)
        })
        .collect();
    let alive: Vec<bool> = published
        .iter()
        .map(|view| view.upgrade().is_some())
        .collect();
    let newest = [[false].repeat(10), [true].repeat(MOST)].concat();
    assert_eq!(alive, newest, "the oldest go");
    views.keep(&next(), KEPT);
    assert!(published.iter().all(|view| view.upgrade().is_none()));
}

#[test]
fn within_a_tick_all_streams_step_to_one_view() {
    let catalog = Arc::new(crate::config::Config::default().catalog().unwrap());
    let views = Views::default();
    let next = || Arc::new(View::empty(Arc::clone(&catalog), RingLimits::default()));
    let first = views.of_tick(7, next);
    let later = next();
    let same = views.of_tick(7, || Arc::clone(&later));
    assert!(Arc::ptr_eq(&first, &same), "published meanwhile");
    let in_next = views.of_tick(8, || Arc::clone(&later));
    assert!(Arc::ptr_eq(&later, &in_next));
    let late = views.of_tick(7, next);
    assert!(Arc::ptr_eq(&later, &late), "nobody is taken back");
    drop(same);
    assert_eq!(Arc::strong_count(&first), 1, "the one before is let go");
}
