//! Who notices a change: everybody, the holders of a clearance, or nobody.

use crate::catalog::{Catalog, FieldIx, FieldSpec, LayerIx, LayerSpec};
use crate::event::Observation;
use crate::feature::Feature;
use crate::view::marks::{Notice, Slot};
use std::sync::Arc;

/// Who notices that one version of a feature replaces another.
pub(super) fn notice(
    catalog: &Catalog,
    spec: &LayerSpec,
    prev: Option<&Feature>,
    next: Option<&Feature>,
) -> Notice {
    let (Some(prev), Some(next)) = (prev, next) else {
        return Notice::EVERYBODY;
    };
    let open = prev.placed != next.placed
        || prev.observed_at != next.observed_at
        || prev.stale_at != next.stale_at
        || prev.stale != next.stale
        || prev.trail != next.trail
        || prev.feed != next.feed;
    let mut notice = if open {
        Notice::EVERYBODY
    } else {
        Notice::NOBODY
    };
    for at in prev.properties.differing(&next.properties) {
        let Some((_, field)) = spec.field_at(at) else {
            continue;
        };
        let clearance = field.clearance.as_deref();
        notice = notice.or(match clearance.and_then(|name| catalog.clearance(name)) {
            Some(clearance) => Notice::NOBODY.with_slot(clearance.slot()),
            None => Notice::EVERYBODY,
        });
    }
    notice
}

/// Keeps the times of the version before where the next one differs from it in hidden fields at most and was
/// sent for the same instant, or for none: times that follow from when it was received would tell everybody
/// that something hidden changed, and when. What tells nothing new in a layer that hides something must not
/// be told apart from that. Says whether it did.
pub(super) fn keep_times(
    catalog: &Catalog,
    spec: &LayerSpec,
    observation: &Observation,
    prev: &Feature,
    next: &mut Feature,
) -> bool {
    let sent = observation.observed_at;
    if prev.placed != next.placed
        || prev.feed != next.feed
        || sent.is_some_and(|at| at != prev.observed_at)
    {
        return false;
    }
    let is_hidden = |field: &FieldSpec| {
        let needed = field.clearance.as_deref();
        needed.and_then(|name| catalog.clearance(name)).is_some()
    };
    let differs = |at: FieldIx| prev.properties.get(at) != next.properties.get(at);
    let hides = spec.fields_at().any(|(_, field)| is_hidden(field));
    if !hides || (spec.fields_at()).any(|(at, field)| differs(at) && !is_hidden(field)) {
        return false;
    }
    next.observed_at = prev.observed_at;
    next.stale_at = observation.stale_at.or(prev.stale_at);
    next.expires_at = observation.expires_at.or(prev.expires_at);
    next.stale = prev.stale;
    next.trail = Arc::clone(&prev.trail);
    true
}

/// A layer whose single features need a clearance, while everybody may have counts of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct SingleGate {
    clearance: Slot,
    /// The finest cells that are counted for everybody.
    pub(super) resolution: u8,
}

impl SingleGate {
    pub(super) fn of(catalog: &Catalog, layer: LayerIx) -> Option<Self> {
        let spec = catalog.spec(layer);
        let source = spec
            .derived_from
            .as_deref()
            .and_then(|name| catalog.layer(name));
        let specs = [Some(spec), source.map(|source| catalog.spec(source))];
        let mut gated = specs.into_iter().flatten().filter_map(|spec| {
            let clearance = catalog.clearance(spec.single_clearance.as_deref()?)?;
            Some((clearance.slot(), spec.counted_resolution))
        });
        let (clearance, resolution) = gated.next()?;
        Some(Self {
            clearance,
            resolution: gated.fold(resolution, |least, (_, other)| least.min(other)),
        })
    }

    /// Who notices, given who would if nothing were gated.
    pub(super) fn notice(
        self,
        prev: Option<&Arc<Feature>>,
        next: Option<&Arc<Feature>>,
        notice: Notice,
    ) -> Notice {
        let cell =
            |feature: Option<&Arc<Feature>>| Some(feature?.placed.cell()?.parent(self.resolution));
        let mut gated = notice.without(Notice::EVERYBODY);
        if notice.reaches(Notice::EVERYBODY) {
            gated = gated.with_slot(self.clearance);
        }
        if cell(prev) != cell(next) {
            gated = gated.or(Notice::EVERYBODY);
        }
        gated
    }
}

#[cfg(test)]
mod tests;
