//! The rows of a segment in a box: in stretches, as they stand beside each other, and the order in which they
//! came.

use super::{Places, Segment, Seqs};
use crate::place::Bounds;
use crate::view::packed::Swept;
use std::ops::{ControlFlow, Range};

impl Segment {
    /// Names stretches of rows whose boxes touch a part that does not span the antimeridian, until told to
    /// stop.
    pub(in crate::view::sightings) fn sweep(
        &self,
        part: Bounds,
        visit: &mut impl FnMut(Range<u32>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.tree.sweep(part, &mut |swept| {
            let number = |at| u32::try_from(at).unwrap_or(u32::MAX);
            match swept {
                Swept::Within(rows) => visit(number(rows.start)..number(rows.end)),
                Swept::Near(rows) => (number(rows.start)..number(rows.end))
                    .filter(|row| self.places.touches(*row, part))
                    .try_for_each(|row| visit(row..row + 1)),
            }
        })
    }

    /// The order in which rows came that are in order of place, each once: places among them.
    pub(in crate::view::sightings) fn as_they_came(&self, rows: &[u32]) -> Vec<u32> {
        let places = 0..u32::try_from(rows.len()).unwrap_or(u32::MAX);
        match &self.seqs {
            Seqs::Near(_, after) => {
                let keyed = places.zip(rows);
                let keyed = keyed.map(|(place, row)| {
                    u64::from(after.get(*row as usize)) << 32 | u64::from(place)
                });
                let mut keyed: Vec<u64> = keyed.collect();
                keyed.sort_unstable();
                keyed.into_iter().map(low).collect()
            }
            Seqs::Far(seqs) => {
                let mut order: Vec<u32> = places.collect();
                order.sort_unstable_by_key(|place| seqs[rows[*place as usize] as usize]);
                order
            }
        }
    }
}

impl Places {
    /// Whether the box of a row touches a part that does not span the antimeridian.
    fn touches(&self, row: u32, part: Bounds) -> bool {
        match self.point(row) {
            Some([lon, lat]) => {
                part.west() <= lon
                    && lon <= part.east()
                    && part.south() <= lat
                    && lat <= part.north()
            }
            None => self.bounds(row).is_some_and(|it| it.intersects(part)),
        }
    }
}

/// The lower half.
#[expect(clippy::cast_possible_truncation, reason = "what is wanted")]
fn low(key: u64) -> u32 {
    key as u32
}
