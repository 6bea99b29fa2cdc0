use super::*;
use atalaya_tiles::{Picture, RingLimits};

fn views(count: u32) -> (Picture, Vec<Arc<View>>) {
    let catalog = Arc::new(crate::config::Config::default().catalog().unwrap());
    let limits = RingLimits {
        ticks: 10,
        changes: 1_000,
    };
    let mut picture = Picture::new(catalog, limits);
    let views = (0..count).map(|_| {
        picture.tick();
        picture.view()
    });
    let views = views.collect();
    (picture, views)
}

#[test]
fn the_same_step_is_looked_up_once_and_forgotten_with_its_view() {
    let steps = Steps::new(1 << 20);
    let (_, mut views) = views(1);
    let of = |view: &Arc<View>, since| steps.changes(view, &Viewer::EVERYTHING, Seq(since));
    let first = of(&views[0], 0);
    assert!(Arc::ptr_eq(&first, &of(&views[0], 0)));
    let kept = || steps.kept.lock().unwrap().by_key.len();
    assert_eq!(kept(), 1);
    let nobody = steps.changes(
        &views[0],
        &Viewer {
            clearances: atalaya_tiles::Clearances::NONE,
            ..Viewer::EVERYTHING
        },
        Seq(0),
    );
    assert!(
        !Arc::ptr_eq(&first, &nobody),
        "another class has a list of its own"
    );
    assert_eq!(kept(), 2);
    drop(views.pop());
    let (_, views) = self::views(1);
    of(&views[0], 1);
    assert_eq!(kept(), 1, "nobody can step to a view that is gone");
}

#[test]
fn the_oldest_frames_go_where_all_of_them_are_too_much() {
    let steps = Steps::new(1_000);
    let (_, views) = views(1);
    for since in 0..50 {
        let changes = steps.changes(&views[0], &Viewer::EVERYTHING, Seq(since));
        changes.bytes.fetch_add(300, Ordering::Relaxed);
        let kept = steps.kept.lock().unwrap();
        assert_eq!(kept.by_key.len(), kept.order.len());
        let bytes: usize = kept.by_key.values().map(|it| it.bytes()).sum();
        assert!(bytes <= 1_000 + LIST_BYTES + 300, "{bytes}");
        assert!(
            kept.by_key
                .contains_key(&(Viewer::EVERYTHING, Seq(since), views[0].seq()))
        );
    }
}

#[test]
fn lists_of_nothing_are_bounded_too() {
    let steps = Steps::new(10 * LIST_BYTES);
    let (_, views) = views(1);
    for since in 0..5_000 {
        let changes = steps.changes(&views[0], &Viewer::EVERYTHING, Seq(since));
        assert!(changes.topics().is_empty());
    }
    assert!(steps.kept.lock().unwrap().by_key.len() <= 11);
}
