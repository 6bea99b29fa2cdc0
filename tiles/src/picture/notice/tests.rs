use crate::catalog::Catalog;
use crate::city::{after, catalog, folded, record, seen_at, viewer};
use crate::event::{Event, Record};
use crate::feature::{Properties, Seen, Value};
use crate::viewer::Viewer;
use jiff::Timestamp;
use std::sync::Arc;

const HERE: (f64, f64) = (-110.97, 32.22);

/// A record of one feature with a value in a field.
fn told(
    catalog: &Catalog,
    (seq, received_s): (u64, i64),
    (layer, field): (&'static str, &str),
    value: &str,
    observed_s: Option<i64>,
) -> Record {
    let mut record = seen_at(catalog, (seq, received_s), layer, "f", HERE, observed_s);
    let field = catalog
        .spec(catalog.layer(layer).unwrap())
        .field(field)
        .unwrap();
    if let Event::Observed(observation) = &mut record.event {
        observation.properties = Properties::new([(field, Value::Text(value.into()))]);
    }
    record
}

/// What somebody may know of the feature: when it was observed, when it goes stale, and the layer's position.
fn known(catalog: &Arc<Catalog>, log: &[Record], layer: &str, viewer: &Viewer) -> Known {
    let view = folded(catalog, log, 1).view();
    let open = view.open(viewer, layer).unwrap();
    let seen = open.get(&"f".into());
    Known {
        observed_at: seen.as_ref().map(Seen::observed_at),
        stale_at: seen.as_ref().and_then(Seen::stale_at),
        last: open.last_change().0,
    }
}

#[derive(Debug, PartialEq)]
struct Known {
    observed_at: Option<Timestamp>,
    stale_at: Option<Timestamp>,
    last: u64,
}

/// Whoever sends no time, or one that is yet to come, tells nobody by it when something hidden changed.
#[test]
fn invariant_9_a_hidden_change_moves_no_time_that_was_not_sent() {
    let catalog = catalog();
    for (field, clearance, observed_s) in [
        (("incidents", "notes"), "medical", None),
        (("alpr_hits", "plate"), "cji", None),
        (("alpr_hits", "plate"), "cji", Some(900)),
    ] {
        let say = |at, value| told(&catalog, at, field, value, observed_s);
        let log = [
            say((1, 0), "asthma"),
            say((2, 100), "allergy"),
            say((3, 200), "asthma"),
            say((4, 300), "none"),
        ];
        let was = known(&catalog, &log[..1], field.0, &viewer(&catalog, &[]));
        for until in 2..=4 {
            let is = known(&catalog, &log[..until], field.0, &viewer(&catalog, &[]));
            assert_eq!(is, was, "{field:?} {observed_s:?} after {until}");
            let cleared = known(
                &catalog,
                &log[..until],
                field.0,
                &viewer(&catalog, &[clearance]),
            );
            assert_eq!(cleared.last, until as u64);
        }
        // It leaves when the first would have left.
        let leaves = folded(&catalog, &log, 1).next_due();
        assert_eq!(leaves, folded(&catalog, &log[..1], 1).next_due());
    }
}

/// What everybody may see brings the times with it.
#[test]
fn an_open_change_and_a_time_that_is_sent_move_times() {
    let catalog = catalog();
    let nobody = viewer(&catalog, &[]);
    let first = told(&catalog, (1, 0), ("incidents", "notes"), "asthma", None);
    let open = told(&catalog, (2, 100), ("incidents", "kind"), "fall", None);
    let sent = told(
        &catalog,
        (2, 100),
        ("incidents", "notes"),
        "allergy",
        Some(50),
    );
    let gone = seen_at(&catalog, (2, 100), "incidents", "f", (-110.9, 32.2), None);
    for (second, observed_s) in [(open, 100), (sent, 50), (gone, 100)] {
        let is = known(&catalog, &[first.clone(), second], "incidents", &nobody);
        assert_eq!((is.observed_at, is.last), (Some(after(observed_s)), 2));
    }
    // The clock goes on as before.
    let clock = record(3, 100, Event::Clock);
    assert_eq!(
        known(&catalog, &[first, clock], "incidents", &nobody).last,
        1
    );
}

/// Else a version of which only hidden fields are new would be told apart from one that is no news at all.
#[test]
fn invariant_9_what_tells_nothing_new_moves_no_time_either() {
    let catalog = catalog();
    let nobody = viewer(&catalog, &[]);
    let say = |at, value, sent| told(&catalog, at, ("incidents", "notes"), value, sent);
    let first = say((1, 100), "asthma", Some(60));
    let was = known(&catalog, std::slice::from_ref(&first), "incidents", &nobody);
    for value in ["asthma", "allergy"] {
        let log = [first.clone(), say((2, 1_000), value, None)];
        assert_eq!(known(&catalog, &log, "incidents", &nobody), was, "{value}");
    }
}
