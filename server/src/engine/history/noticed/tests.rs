//! Counts over time tell nobody when something changed that they may not see.

use super::super::tests::{Past, viewers};
use crate::store::tests::sample::{Dice, after, catalog};
use atalaya_tiles::{Catalog, Event, LayerIx, Properties, Record, Seq, Steps, Viewer};
use jiff::SignedDuration;
use std::sync::Arc;

/// The log as it would be if no hidden field had ever had a value.
fn without_the_hidden(catalog: &Catalog, log: &[Record]) -> Vec<Record> {
    let strip = |record: &Record| {
        let mut record = record.clone();
        if let Event::Observed(observation) = &mut record.event {
            let spec = catalog.spec(observation.layer);
            let open = observation.properties.iter().filter(|(field, _)| {
                let named = spec.field_at(*field).unwrap();
                named.1.clearance.is_none()
            });
            observation.properties = Properties::new(open);
        }
        record
    };
    log.iter().map(strip).collect()
}

/// Things that change what is hidden, what is seen, or nothing: a third of each.
fn told(catalog: &Catalog, seed: u64) -> Vec<Record> {
    let mut dice = Dice(seed);
    let mut log = dice.log(catalog, 300, 45);
    let mut more = Vec::new();
    for record in &mut log {
        let Event::Observed(observation) = &mut record.event else {
            continue;
        };
        // Else every record is a change, of the time.
        observation.observed_at = Some(after(0));
        let mut again = record.clone();
        if dice.roll(3) > 0
            && let Event::Observed(observation) = &mut again.event
        {
            let spec = catalog.spec(observation.layer);
            let changed = observation.properties.iter().filter(|(field, _)| {
                let named = spec.field_at(*field).unwrap();
                named.1.clearance.is_none()
            });
            observation.properties = Properties::new(changed);
        }
        more.push(again);
    }
    let mut log: Vec<Record> = log.into_iter().chain(more).collect();
    log.sort_by_key(|record| (record.received_at, record.seq));
    for (record, seq) in log.iter_mut().zip(1..) {
        record.seq = Seq(seq);
    }
    log
}

fn layers(catalog: &Catalog) -> Vec<LayerIx> {
    ["hits", "things"]
        .map(|name| catalog.layer(name).unwrap())
        .to_vec()
}

fn counted(past: &Past, viewer: &Viewer, steps: &Steps) -> Vec<Vec<u32>> {
    let layers = layers(&past.catalog);
    let counts = past.history.noticed(&past.log(), viewer, &layers, steps);
    counts.unwrap()
}

#[test]
fn invariant_9_what_is_counted_tells_of_no_hidden_change() {
    let catalog = catalog();
    let [cleared, uncleared] = viewers();
    for seed in 1..4 {
        let log = told(&catalog, seed);
        let hidden = Past::of(log.clone(), Arc::clone(&catalog));
        let never = Past::of(without_the_hidden(&catalog, &log), Arc::clone(&catalog));
        let (mut differ, mut all) = (false, 0);
        // The second span begins where something is kept from the first.
        for (from, step_s, count) in [(-500, 7, 2_000), (4_000, 60, 120), (9_000, 600, 20)] {
            let steps = Steps::new(after(from), SignedDuration::from_secs(step_s), count).unwrap();
            let told = counted(&hidden, &uncleared, &steps);
            assert_eq!(
                told,
                counted(&never, &uncleared, &steps),
                "seed {seed} from {from}"
            );
            differ |= told != counted(&hidden, &cleared, &steps);
            all += told.concat().iter().sum::<u32>();
            // A span is the sum of its parts, whatever else is kept by now.
            let halves = [0, count / 2].map(|at| {
                let half = Steps::new(
                    steps.start(at),
                    SignedDuration::from_secs(step_s),
                    count / 2,
                );
                counted(&hidden, &uncleared, &half.unwrap())
            });
            let joined = halves[0].iter().zip(&halves[1]);
            let joined: Vec<Vec<u32>> = joined.map(|(a, b)| [&a[..], b].concat()).collect();
            assert_eq!(told, joined, "seed {seed} from {from} in halves");
        }
        assert!(differ, "whoever is cleared is told more");
        assert!(all > 50, "only {all} were seen");
    }
}
