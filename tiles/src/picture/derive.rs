//! Derived layers that live beside their source: a camera's coverage changes when the camera does.

use crate::catalog::{Catalog, FieldIx, FieldMask, LayerIx, LayerKind};
use crate::coverage::FieldOfView;
use crate::feature::{Feature, Placed, Properties};

/// How one layer follows from another.
#[derive(Debug, Clone)]
pub(crate) struct Derivation {
    pub(crate) source: LayerIx,
    pub(crate) target: LayerIx,
    /// Fields of the source that nobody who may open the target lacks the clearance for.
    open: FieldMask,
    /// Fields of the source that the target has under the same name and the same clearance.
    shared: Vec<(FieldIx, FieldIx)>,
}

impl Derivation {
    /// The derivations of a catalog.
    pub(crate) fn all(catalog: &Catalog) -> Vec<Self> {
        let derived = catalog
            .layers()
            .filter(|(_, spec)| spec.kind == LayerKind::Derived);
        derived
            .filter_map(|(target, spec)| {
                let source = catalog.layer(spec.derived_from.as_deref()?)?;
                let source_spec = catalog.spec(source);
                let open = |needed: &Option<String>| needed.is_none() || *needed == spec.clearance;
                let shared = source_spec.fields.iter().filter(|(name, field)| {
                    open(&field.clearance)
                        || (spec.fields.get(*name))
                            .is_some_and(|to| to.clearance == field.clearance)
                });
                let open_fields = source_spec
                    .fields
                    .iter()
                    .filter(|(_, field)| open(&field.clearance))
                    .filter_map(|(name, _)| source_spec.field(name));
                Some(Self {
                    source,
                    target,
                    open: open_fields.fold(FieldMask::NONE, FieldMask::with),
                    shared: shared
                        .filter_map(|(name, _)| Some((source_spec.field(name)?, spec.field(name)?)))
                        .collect(),
                })
            })
            .collect()
    }

    /// The derived feature, if the source gives one.
    pub(crate) fn derive(&self, catalog: &Catalog, source: &Feature) -> Option<Feature> {
        let spec = catalog.spec(self.source);
        let property = |field| source.properties.get(field);
        let area = FieldOfView::of(spec, self.open, source.placed.anchor()?, property)?.area();
        let properties = self
            .shared
            .iter()
            .filter_map(|(from, to)| Some((*to, source.properties.get(*from)?)));
        Some(Feature {
            layer: self.target,
            properties: Properties::new(properties).with(catalog.spec(self.target).fixed()),
            trail: std::sync::Arc::default(),
            placed: Placed::of(Some(area), None),
            ..source.clone()
        })
    }
}
