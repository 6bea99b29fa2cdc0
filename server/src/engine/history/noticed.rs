//! How much of what was received somebody could notice, per step of time: for layers with fields that
//! are hidden from them, where the number of records would tell of changes to those.
//!
//! Whether a change is noticed depends on what was there before it, so the log is folded: up to the
//! first step from the nearest picture that is kept, and from there record by record. However many they
//! are: a bound on their number would tell of the hidden ones. So many folds at a time are the bound.

use super::{Fold, History, Kept, Log, NoHistory};
use atalaya_tiles::{Event, LayerIx, Record, Steps, Viewer};
use jiff::SignedDuration;
use std::ops::ControlFlow;

impl History {
    /// Of the records of each layer, in each step, how many changed what the viewer sees of it.
    pub(crate) fn noticed(
        &self,
        log: &Log<'_>,
        viewer: &Viewer,
        layers: &[LayerIx],
        steps: &Steps,
    ) -> Result<Vec<Vec<u32>>, NoHistory> {
        let mut counts = vec![vec![0; steps.count()]; layers.len()];
        if layers.is_empty() {
            return Ok(counts);
        }
        // Only these are read and counted, whatever else a kept picture holds: what others asked for shows in nothing.
        let mut asked = layers.to_vec();
        asked.sort_unstable();
        asked.dedup();
        let before = steps.start(0).checked_sub(SignedDuration::from_nanos(1));
        let before = before.unwrap_or(jiff::Timestamp::MIN);
        self.reading(log, |reader| {
            let start = self.start(reader, before, &asked)?;
            let (mut fold, held) = match &start {
                Some(start) => {
                    let mut fold = Fold::clone(&start.fold);
                    fold.advance(reader, before, &start.layers)?;
                    (fold, start.layers.clone())
                }
                None => (self.whole(log, reader, before, &asked)?, asked.clone()),
            };
            let settled = log.clock.now().duration_since(before) >= super::SETTLED;
            let from = start.map(|start| start.at);
            if settled && from != Some(before) {
                let view = fold.picture.view();
                self.keep(from, Kept::new(before, held, fold.clone(), &view));
            }
            let end = steps.start(steps.count());
            reader.records(fold.seq, Some(end), Some(&asked), &mut |record| {
                count(&mut fold, &record, viewer, (layers, steps), &mut counts);
                ControlFlow::Continue(())
            })?;
            Ok(counts)
        })
    }
}

/// Takes one record in, and counts it if the viewer notices.
fn count(
    fold: &mut Fold,
    record: &Record,
    viewer: &Viewer,
    (layers, steps): (&[LayerIx], &Steps),
    counts: &mut [Vec<u32>],
) {
    fold.picture.apply(std::slice::from_ref(record));
    let layer = match &record.event {
        Event::Observed(observation) => observation.layer,
        Event::Withdrawn { layer, .. } => *layer,
        Event::Clock => return,
    };
    let Some(step) = steps.holding(record.received_at) else {
        return;
    };
    for (counted, counts) in layers.iter().zip(counts) {
        if *counted == layer && fold.picture.last_change(viewer, layer) == record.seq {
            counts[step] += 1;
        }
    }
}

#[cfg(test)]
mod tests;
