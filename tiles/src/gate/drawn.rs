//! The features of a box in the order in which a tile draws them: sightings as they came, others in order of
//! id. Nothing is copied; rows of a segment are told column by column.

use super::{Glance, Open};
use crate::catalog::FieldIx;
use crate::feature::FeatureRef;
use crate::place::Bounds;
use crate::view::sightings::{Column, InOrder, Segment, Stretch};
use crate::view::{Body, Window};
use std::borrow::Cow;
use std::sync::Arc;

/// Features that are drawn one after another.
pub(crate) enum Drawn<'v> {
    /// Features that live each on its own.
    Own(Vec<Glance<'v>>),
    /// Rows of a segment of sightings.
    Rows(Rows<'v>),
}

/// Rows of a segment of sightings, as one viewer sees them.
#[derive(Clone)]
pub(crate) struct Rows<'v> {
    open: Open<'v>,
    segment: &'v Arc<Segment>,
    numbers: InOrder,
}

impl<'v> Open<'v> {
    /// The features of [`Open::within`], in the order in which they are drawn. Of sightings that are more
    /// than `most` there are none.
    pub(crate) fn drawn(
        &self,
        bounds: Bounds,
        window: Option<Window>,
        most: usize,
    ) -> Option<Vec<Drawn<'v>>> {
        if let (true, Body::Sightings(sightings)) = (self.singles, &self.layer_view().body) {
            let stretches = sightings.stretches(bounds, window, most)?.into_iter();
            return Some(stretches.map(|stretch| self.seen_there(stretch)).collect());
        }
        let mut found = Vec::new();
        self.visit(bounds, window, &mut |feature| found.push(feature));
        found.sort_unstable_by_key(|feature| feature.id());
        // A box over the antimeridian is asked in two parts.
        found.dedup_by_key(|feature| feature.id());
        let found = found.into_iter();
        let glances = found.map(|feature| self.glanced(feature)).collect();
        Some(vec![Drawn::Own(glances)])
    }

    /// Whether the layer holds sightings.
    pub(crate) fn has_sightings(&self) -> bool {
        matches!(self.layer_view().body, Body::Sightings(_))
    }

    /// Whether it is quickly told that [`Open::count_within`] is more than `most`.
    pub(crate) fn surely_exceeds(
        &self,
        bounds: Bounds,
        window: Option<Window>,
        most: usize,
    ) -> bool {
        match &self.layer_view().body {
            Body::Sightings(sightings) if self.singles => {
                sightings.surely_exceeds(bounds, window, most)
            }
            Body::Sightings(_) | Body::State(_) | Body::Computed => false,
        }
    }

    /// No fewer than are within the bounds, of any time; `None` where that may be more than `most`. What it
    /// takes is bounded by `most`.
    pub(crate) fn within_at_most(&self, bounds: Bounds, most: usize) -> Option<usize> {
        if let Body::Sightings(sightings) = &self.layer_view().body {
            return sightings.within_at_most(bounds, most);
        }
        let count = self.count_within(bounds, None, most.saturating_add(1));
        (count <= most).then_some(count)
    }

    fn seen_there(&self, stretch: Stretch<'v>) -> Drawn<'v> {
        match stretch {
            Stretch::Own(own) => {
                let own = own.into_iter();
                Drawn::Own(own.map(|it| self.glanced(FeatureRef::Own(it))).collect())
            }
            Stretch::Rows(segment, rows) => Drawn::Rows(Rows {
                open: *self,
                segment,
                numbers: rows,
            }),
        }
    }
}

impl Drawn<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Own(own) => own.len(),
            Self::Rows(rows) => rows.numbers.rows.len(),
        }
    }

    /// Leaves out what is not wanted.
    pub(crate) fn retain(&mut self, wanted: impl Fn(Glance<'_>) -> bool) {
        match self {
            Self::Own(own) => own.retain(|seen| wanted(*seen)),
            Self::Rows(rows) => {
                let seen = |row: u32| rows.glance(row);
                let wanted: Vec<bool> = rows
                    .numbers()
                    .iter()
                    .map(|row| wanted(seen(*row)))
                    .collect();
                rows.numbers = rows.numbers.only(&wanted);
            }
        }
    }
}

impl<'v> Rows<'v> {
    /// The rows, by number, in the order in which they stand in the segment.
    pub(crate) fn numbers(&self) -> &[u32] {
        &self.numbers.rows
    }

    /// The order in which they are drawn: places among [`Rows::numbers`].
    pub(crate) fn order(&self) -> &[u32] {
        &self.numbers.came
    }

    /// The others, but for some, given in order by their places among [`Rows::numbers`].
    pub(crate) fn without(&self, hidden: &[usize]) -> Cow<'_, Self> {
        if hidden.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut wanted = vec![true; self.numbers().len()];
        for place in hidden {
            wanted[*place] = false;
        }
        Cow::Owned(Self {
            numbers: self.numbers.only(&wanted),
            ..*self
        })
    }

    /// A row as any feature is seen.
    pub(crate) fn glance(&self, row: u32) -> Glance<'v> {
        self.open.glanced(FeatureRef::Row(self.segment, row))
    }

    /// The column of ids.
    pub(crate) fn ids(&self) -> Option<&'v Column> {
        self.segment.ids()
    }

    /// Longitude and latitude of a row that is a point.
    pub(crate) fn point(&self, row: u32) -> Option<[f64; 2]> {
        self.segment.point(row)
    }

    /// The columns of the fields that the viewer may see, in the order of the layer's fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (FieldIx, &'v Column)> {
        let fields = self.segment.fields();
        fields.filter(|(field, _)| self.open.fields.contains(*field))
    }

    /// The column that says when the source saw a row.
    pub(crate) fn observed_at(&self) -> Option<&'v Column> {
        self.segment.observed()
    }
}
