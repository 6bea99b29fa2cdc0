//! Counts over time: how many sightings took effect in each step of a span.
//!
//! The sum over all cells of what a window of that step counts, in one pass over the rows.

use super::{SightingIndex, Verdict, Window};
use jiff::{SignedDuration, Timestamp};

/// A span of time in equal steps. Each holds its start and not its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    from: Timestamp,
    step: SignedDuration,
    count: usize,
}

impl Steps {
    /// So many steps from an instant on; `None` for a step that is no time, no steps at all, or a
    /// span that leaves the calendar.
    pub fn new(from: Timestamp, step: SignedDuration, count: usize) -> Option<Self> {
        let steps = Self { from, step, count };
        let end = i32::try_from(count)
            .ok()
            .and_then(|count| step.checked_mul(count))
            .and_then(|span| from.checked_add(span).ok());
        (count > 0 && step > SignedDuration::ZERO && end.is_some()).then_some(steps)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The start of a step; that of the one past the last is the end of the span.
    pub fn start(&self, at: usize) -> Timestamp {
        let steps = i32::try_from(at.min(self.count)).unwrap_or(i32::MAX);
        let passed = self.step.checked_mul(steps);
        // Within the calendar, as `new` has seen to.
        passed
            .and_then(|passed| self.from.checked_add(passed).ok())
            .unwrap_or(Timestamp::MAX)
    }

    fn window(&self) -> Window {
        Window {
            from: self.from,
            to: self.start(self.count),
        }
    }

    /// The step that holds an instant, by its place; none of them for an instant outside the span.
    pub fn holding(&self, at: Timestamp) -> Option<usize> {
        let passed = at.duration_since(self.from).as_nanos();
        let step = usize::try_from(passed.div_euclid(self.step.as_nanos())).ok();
        step.filter(|step| *step < self.count)
    }
}

impl SightingIndex {
    /// How many sightings with a place took effect in each step.
    pub(crate) fn over_time(&self, steps: &Steps) -> Vec<u32> {
        let filter = self.filter(Some(steps.window()));
        let mut counts = vec![0; steps.count()];
        let mut add = |at| {
            if let Some(step) = steps.holding(at) {
                counts[step] += 1;
            }
        };
        for segment in self.sealed.iter() {
            if segment.verdict(filter) == Verdict::Nothing {
                continue;
            }
            let placed = segment.numbers().filter(|row| segment.cell(*row).is_some());
            let admitted = placed.filter(|row| segment.admits(*row, filter));
            admitted.for_each(|row| add(segment.effective_at(row)));
        }
        let placed = self.open.iter().filter(|row| row.placed.cell().is_some());
        let admitted = placed.filter(|row| filter.admits_feature(row));
        admitted.for_each(|row| add(row.effective_at()));
        counts
    }
}
