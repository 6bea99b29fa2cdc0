//! What opens a layer, by number. The specs name clearances and sources; a gate that is passed for every
//! layer of every request has no time to look names up.

use super::{ClearanceIx, FieldMask, LayerIx, LayerSpec};

/// What a viewer needs for a layer, its single features and its fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Locks {
    /// The layer that it is derived from.
    pub(crate) source: Option<LayerIx>,
    /// Without it the layer does not exist.
    pub(crate) layer: Option<ClearanceIx>,
    /// Without it there are counts alone.
    pub(crate) singles: Option<ClearanceIx>,
    /// The fields that nothing is needed for.
    pub(crate) open: FieldMask,
    /// The others, with what each needs.
    pub(crate) fields: Box<[(ClearanceIx, FieldMask)]>,
}

impl Locks {
    /// Those of a layer. `layer` and `clearance` know every name in the spec: one that they did not know
    /// must not become a door without a lock.
    pub(super) fn of(
        spec: &LayerSpec,
        layer: impl Fn(&str) -> LayerIx,
        clearance: impl Fn(&str) -> ClearanceIx,
    ) -> Self {
        let needed = |name: &Option<String>| name.as_deref().map(&clearance);
        let mut open = FieldMask::NONE;
        let mut fields = Vec::new();
        for (field, its) in spec.fields_at() {
            match needed(&its.clearance) {
                None => open = open.with(field),
                Some(needed) => fields.push((needed, FieldMask::NONE.with(field))),
            }
        }
        Self {
            source: spec.derived_from.as_deref().map(layer),
            layer: needed(&spec.clearance),
            singles: needed(&spec.single_clearance),
            open,
            fields: fields.into(),
        }
    }
}
