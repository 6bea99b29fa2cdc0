//! The gate: the one way to read a view (invariant 9).
//!
//! [`View::open`] turns a viewer and a layer into an [`Open`] layer, or refuses as if the layer did
//! not exist. Every query is a method of [`Open`], so tiles, deltas, features, search and exports
//! cannot disagree on who sees what.

mod difference;
mod drawn;
mod glance;
mod nearest;
mod noticed;

pub(crate) use drawn::{Drawn, Rows};
pub use glance::Glance;

use crate::catalog::{FieldMask, LayerIx, LayerKind, LayerSpec};
use crate::cell::{Cell, FINEST};
use crate::coverage::{FieldOfView, Sight};
use crate::event::Seq;
use crate::feature::{FeatureId, FeatureRef, Seen, Topic};
use crate::place::{Bounds, LonLat};
use crate::units::Meters;
use crate::view::marks::Notice;
use crate::view::tally::{self, Tally};
use crate::view::{Body, LayerView, Steps, View, Window};
use crate::viewer::Viewer;
use std::ops::ControlFlow;

/// A layer that the viewer cannot open: it does not exist, or not for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no layer \"{0}\"")]
pub struct NoSuchLayer(pub String);

/// What changed in one topic: removals first, then the features as they are now.
#[derive(Debug, Clone, Default)]
pub struct TopicDelta {
    /// Ids that are no longer in the topic.
    pub removes: Vec<FeatureId>,
    /// Features that are in it and changed, in order of id.
    pub upserts: Vec<Seen>,
}

/// A layer as one viewer may read it.
#[derive(Debug, Clone, Copy)]
pub struct Open<'v> {
    view: &'v View,
    viewer: Viewer,
    layer: LayerIx,
    fields: FieldMask,
    /// Who among the noticing this viewer is.
    slots: Notice,
    /// Whether single features exist for this viewer, or only their counts.
    singles: bool,
    /// The finest cells that this viewer may have counts of.
    finest: u8,
}

impl View {
    /// Opens a layer by name.
    pub fn open(&self, viewer: &Viewer, name: &str) -> Result<Open<'_>, NoSuchLayer> {
        self.catalog
            .layer(name)
            .and_then(|layer| self.open_at(viewer, layer))
            .ok_or_else(|| NoSuchLayer(name.into()))
    }

    /// Opens a layer by position; `None` as if it did not exist.
    pub fn open_at(&self, viewer: &Viewer, layer: LayerIx) -> Option<Open<'_>> {
        let spec = self.catalog.spec(layer);
        let locks = self.catalog.locks(layer);
        let source = match locks.source {
            Some(source) => Some(self.open_at(viewer, source)?),
            None => None,
        };
        let holds = |clearance| viewer.clearances.allow(clearance);
        if !viewer.layers.contains(layer) || !holds(locks.layer) {
            return None;
        }
        let unlocked = locks.fields.iter().filter(|(its, _)| holds(Some(*its)));
        let fields = unlocked.fold(locks.open, |mask, (_, field)| mask.union(*field));
        // Whoever has counts alone notices what changes a count, and nothing else.
        let singles = holds(locks.singles) && source.is_none_or(|open| open.singles);
        let held = self.catalog.clearances().map(|(clearance, _)| clearance);
        let slots = held
            .filter(|clearance| singles && holds(Some(*clearance)))
            .fold(Notice::EVERYBODY, |slots, held| {
                slots.with_slot(held.slot())
            });
        let of_source = source.map_or(FINEST, |open| open.finest);
        let own = [spec.counted_resolution, FINEST][usize::from(holds(locks.singles))];
        Some(Open {
            view: self,
            viewer: *viewer,
            layer,
            fields,
            slots,
            singles,
            finest: own.min(of_source),
        })
    }

    /// The layers that a viewer can open, in the catalog's order.
    pub fn open_all(&self, viewer: &Viewer) -> Vec<Open<'_>> {
        let layers = self.catalog.layers();
        layers
            .filter_map(|(layer, _)| self.open_at(viewer, layer))
            .collect()
    }
}

impl<'v> Open<'v> {
    /// The layer's position in the catalog.
    pub fn layer(&self) -> LayerIx {
        self.layer
    }

    /// The layer's spec.
    pub fn spec(&self) -> &'v LayerSpec {
        self.view.catalog.spec(self.layer)
    }

    /// The fields that exist for the viewer.
    pub fn fields(&self) -> FieldMask {
        self.fields
    }

    /// Whether single features exist for the viewer, or only counts of them.
    pub fn has_singles(&self) -> bool {
        self.singles
    }

    /// Whether nothing of the layer is hidden from the viewer.
    pub fn shows_everything(&self) -> bool {
        let mut fields = self.spec().fields_at();
        self.singles && fields.all(|(field, _)| self.fields.contains(field))
    }

    /// The finest cells that the viewer may have counts of.
    pub fn finest_resolution(&self) -> u8 {
        self.finest
    }

    /// Features whose box intersects the bounds, in order of id. `window` applies to sightings.
    pub fn within(&self, bounds: Bounds, window: Option<Window>) -> Vec<Seen> {
        let mut found = Vec::new();
        self.visit(bounds, window, &mut |feature| {
            found.push(self.seen(feature));
        });
        found.sort_unstable_by(|a, b| a.id().cmp(b.id()));
        // A box over the antimeridian is asked in two parts.
        found.dedup_by(|a, b| a.id() == b.id());
        found
    }

    /// How many features have a box that intersects the bounds, as far as `most`: the length of
    /// [`Open::within`], or `most` if that is longer.
    pub fn count_within(&self, bounds: Bounds, window: Option<Window>, most: usize) -> usize {
        // A box over the antimeridian is asked in two parts, and what lies in both counts in the first.
        let (mut count, mut first) = (0, None);
        for part in bounds.parts() {
            let known = |feature: FeatureRef<'_>| {
                let both = first.zip(feature.bounds());
                both.is_some_and(|(first, bounds)| bounds.intersects(first))
            };
            self.visit_until(part, window, &mut |feature| {
                if count == most {
                    return ControlFlow::Break(());
                }
                count += usize::from(!known(feature));
                ControlFlow::Continue(())
            });
            first = Some(part);
        }
        count
    }

    fn visit(&self, bounds: Bounds, window: Option<Window>, visit: &mut dyn FnMut(FeatureRef<'v>)) {
        self.visit_until(bounds, window, &mut |feature| {
            visit(feature);
            ControlFlow::Continue(())
        });
    }

    fn visit_until(
        &self,
        bounds: Bounds,
        window: Option<Window>,
        visit: &mut dyn FnMut(FeatureRef<'v>) -> ControlFlow<()>,
    ) {
        // Whether it was told to stop is known to whoever told it.
        let _ended = match &self.layer_view().body {
            _ if !self.singles => ControlFlow::Continue(()),
            Body::State(state) => {
                state.visit(bounds, &mut |feature| visit(FeatureRef::Own(feature)))
            }
            Body::Sightings(sightings) => sightings.visit(bounds, window, visit),
            Body::Computed => ControlFlow::Continue(()),
        };
    }

    /// One feature.
    pub fn get(&self, id: &FeatureId) -> Option<Seen> {
        match &self.layer_view().body {
            _ if !self.singles => None,
            Body::State(state) => state.by_id.get(id).map(FeatureRef::Own),
            Body::Sightings(sightings) => sightings.get(id),
            Body::Computed => None,
        }
        .map(|feature| self.seen(feature))
    }

    /// Up to `limit` features in order of id, after the given one.
    pub fn page(&self, after: Option<&FeatureId>, limit: usize) -> Vec<Seen> {
        match &self.layer_view().body {
            _ if !self.singles => Vec::new(),
            Body::State(state) => {
                let features = state.by_id.after(after).take(limit);
                features
                    .map(|feature| self.seen(FeatureRef::Own(feature)))
                    .collect()
            }
            Body::Sightings(sightings) => {
                let rows = sightings.page(after, limit);
                rows.into_iter().map(|row| self.seen(row)).collect()
            }
            Body::Computed => Vec::new(),
        }
    }

    /// How many features the viewer may see in the layer, those without geometry included.
    pub fn count(&self) -> usize {
        match &self.layer_view().body {
            _ if !self.singles => 0,
            Body::State(state) => state.by_id.len(),
            Body::Sightings(sightings) => sightings.len(),
            Body::Computed => 0,
        }
    }

    /// Counts per H3 cell that touches the bounds, in order of cell. A cell's count is whole, even
    /// where the cell sticks out of the bounds. Resolutions finer than the viewer may have are
    /// answered at the finest they may have.
    pub fn cells(
        &self,
        bounds: Bounds,
        resolution: u8,
        window: Option<Window>,
    ) -> Vec<(Cell, u32)> {
        let resolution = resolution.min(self.finest_resolution());
        if let Some(tally) = self.tally(bounds, resolution, window) {
            return tally.finish();
        }
        // Each layer at the finest resolution that the viewer may have of it.
        let layers = self.counted_layers();
        let all = layers.flat_map(|open| open.cells(bounds, resolution, window));
        let mut all: Vec<_> = all.collect();
        tally::sum(&mut all);
        all
    }

    /// Counts of the cells of [`Open::cells`] and of some that are only near the bounds, for whoever looks
    /// at the corners of each anyway. None for a layer that counts others.
    pub(crate) fn cells_near(
        &self,
        bounds: Bounds,
        resolution: u8,
        window: Option<Window>,
    ) -> Vec<(Cell, u32)> {
        let resolution = resolution.min(self.finest_resolution());
        let tally = self.tally(bounds, resolution, window);
        tally.map_or_else(Vec::new, |tally| tally.near().collect())
    }

    fn tally(&self, bounds: Bounds, resolution: u8, window: Option<Window>) -> Option<Tally> {
        let mut tally = Tally::new(bounds, resolution);
        match &self.layer_view().body {
            Body::State(state) => tally.add(&state.counts),
            Body::Sightings(sightings) => sightings.count(&mut tally, window),
            Body::Computed => return None,
        }
        Some(tally)
    }

    /// How many sightings took effect in each step: what [`Open::cells`] counts all over the world in
    /// that step, so that it is for everybody who may open the layer. `None` where features change
    /// and are not seen once.
    pub fn over_time(&self, steps: &Steps) -> Option<Vec<u32>> {
        match &self.layer_view().body {
            Body::Sightings(sightings) => Some(sightings.over_time(steps)),
            Body::State(_) | Body::Computed => None,
        }
    }

    /// For the layer `cells`: the layers whose features it counts, as the same viewer sees them.
    pub fn counted_layers(&self) -> impl Iterator<Item = Open<'v>> {
        let (view, viewer) = (self.view, self.viewer);
        view.catalog
            .layers()
            .filter(|(_, spec)| spec.kind != LayerKind::Derived)
            .filter_map(move |(layer, _)| view.open_at(&viewer, layer))
    }

    /// For a layer of cameras: those whose field of view holds a position, best first. Best is
    /// nearest to the middle of the picture and close by: the picture has more pixels per metre.
    pub fn seeing(&self, position: LonLat) -> Vec<(Sight, FieldOfView, Seen)> {
        // The derived layer knows which sectors are near; the cameras tell the rest.
        let sectors = self.view.catalog.layers().find(|(_, spec)| {
            spec.kind == LayerKind::Derived
                && spec.derived_from.as_deref() == Some(&self.spec().name)
        });
        let Some((sectors, _)) = sectors else {
            return Vec::new();
        };
        let mut ids = Vec::new();
        if let Body::State(state) = &self.view.layers[sectors.index()].body {
            // The drawn arc cuts a little inside the true one.
            let near = Bounds::around(position, Meters(50.0));
            let _all = state.visit(near, &mut |sector| {
                ids.push(sector.id.clone());
                ControlFlow::Continue(())
            });
        }
        ids.sort_unstable();
        ids.dedup();
        let mut found: Vec<_> = ids
            .iter()
            .filter_map(|id| {
                let camera = self.get(id)?;
                let property = |field| camera.feature.here().property(field);
                let field_of_view =
                    FieldOfView::of(self.spec(), self.fields, camera.anchor()?, property)?;
                Some((field_of_view.sees(position)?, field_of_view, camera))
            })
            .collect();
        found.sort_by(|(a, a_view, a_camera), (b, b_view, b_camera)| {
            let merit = |sight: &Sight, view: &FieldOfView| {
                sight.distance.0.max(1.0) * view.fov_deg * (1.0 + sight.off_axis_deg / view.fov_deg)
            };
            merit(a, a_view)
                .total_cmp(&merit(b, b_view))
                .then_with(|| a_camera.id().cmp(b_camera.id()))
        });
        found
    }

    /// Everything in a live topic, in order of id. Sightings do not flow one by one.
    pub fn topic(&self, topic: Topic) -> Vec<Seen> {
        let Body::State(state) = &self.layer_view().body else {
            return Vec::new();
        };
        if !self.singles {
            return Vec::new();
        }
        match topic {
            Topic::Everywhere => {
                let ids = state.everywhere.iter();
                ids.filter_map(|id| state.by_id.get(id))
                    .map(|feature| self.seen(FeatureRef::Own(feature)))
                    .collect()
            }
            Topic::Cell(cell) => {
                let mut found = self.within(cell.reach(), None);
                found.retain(|seen| seen.topic() == topic);
                found
            }
        }
    }

    /// What changed in a live topic after `since`, as it is now, as far as the viewer may notice.
    /// Ask [`View::reaches`] first.
    pub fn topic_delta(&self, topic: Topic, since: Seq) -> TopicDelta {
        let Body::State(state) = &self.layer_view().body else {
            return TopicDelta::default();
        };
        if !self.singles {
            return TopicDelta::default();
        }
        let mut changed = Vec::new();
        let of = (self.layer, topic);
        self.view
            .ring
            .visit(of, self.slots, since, |ordinal| changed.push(ordinal));
        changed.sort_unstable();
        changed.dedup();
        let mut delta = TopicDelta::default();
        for (id, feature) in changed.iter().filter_map(|it| state.by_id.now(*it)) {
            match feature.filter(|feature| feature.placed.topic() == topic) {
                Some(feature) => delta.upserts.push(self.seen(FeatureRef::Own(feature))),
                None => delta.removes.push(id.clone()),
            }
        }
        // Who went and came back had two ordinals.
        delta.removes.sort_unstable();
        delta.removes.dedup();
        delta.upserts.sort_unstable_by(|a, b| a.id().cmp(b.id()));
        delta.upserts.dedup_by(|a, b| a.id() == b.id());
        delta
    }

    fn layer_view(&self) -> &'v LayerView {
        &self.view.layers[self.layer.index()]
    }

    fn seen(&self, feature: FeatureRef<'_>) -> Seen {
        Seen {
            feature: feature.shared(),
            layer: self.layer,
            fields: self.fields,
            slots: self.slots,
        }
    }
}

#[cfg(test)]
mod tests;
