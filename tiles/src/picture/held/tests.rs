use crate::city::{catalog, folded, record, seen_at, withdrawn};
use crate::event::Event;
use crate::feature::FeedName;

#[test]
fn a_feed_holds_what_it_spoke_of_last_and_has_not_taken_back() {
    let catalog = catalog();
    let at = (-110.97, 32.22);
    let by = |feed: &str, seq: u64, id: &str, observed_s: i64| {
        let mut record = seen_at(&catalog, (seq, 10), "units", id, at, Some(observed_s));
        if let Event::Observed(seen) = &mut record.event {
            seen.feed = feed.into();
        }
        record
    };
    let log = [
        by("a", 1, "u1", 0),
        by("a", 2, "u2", 1),
        by("a", 3, "u3", 2),
        by("b", 4, "u2", 3),
        record(5, 10, withdrawn(&catalog, "units", "u3", Some(2))),
        by("a", 6, "u4", 99),
    ];
    let picture = folded(&catalog, &log, 1);
    let units = catalog.layer("units").unwrap();
    let held = |feed: &str| -> Vec<String> {
        let feed = FeedName::from(feed);
        let held = picture.held_by(units, &feed);
        held.map(|(id, at)| format!("{id} {}", at.duration_since(crate::city::dawn()).as_secs()))
            .collect()
    };
    assert_eq!(held("a"), ["u1 0", "u4 10"], "never after it was received");
    assert_eq!(held("b"), ["u2 3"]);
    assert!(picture.holds(units, &"u2".into()) && !picture.holds(units, &"u3".into()));
    let (u4, u3) = ("u4".into(), "u3".into());
    let ten = crate::city::after(10);
    assert_eq!(picture.last_word(units, &u4), Some((ten, ten)));
    assert_eq!(picture.last_word(units, &u3), None);
    let gone_at = crate::city::after(2);
    assert_eq!(picture.withdrawn_at(units, &"u3".into()), Some(gone_at));
    assert_eq!(picture.withdrawn_at(units, &"u1".into()), None);
    for (layer, _) in catalog.layers().filter(|(layer, _)| *layer != units) {
        assert_eq!(picture.held_by(layer, &"a".into()).count(), 0);
    }
}
