//! Derived layers that live beside their source: a camera's coverage changes when the camera does.

use crate::catalog::{Catalog, FieldIx, LayerIx, LayerKind};
use crate::coverage::FieldOfView;
use crate::feature::{Feature, Properties};

/// How one layer follows from another.
#[derive(Debug)]
pub(crate) struct Derivation {
    pub(crate) source: LayerIx,
    pub(crate) target: LayerIx,
    /// Fields of the source that the target has under the same name.
    fields: Vec<(FieldIx, FieldIx)>,
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
                let shared = spec
                    .fields
                    .keys()
                    .filter_map(|name| Some((source_spec.field(name)?, spec.field(name)?)));
                Some(Self {
                    source,
                    target,
                    fields: shared.collect(),
                })
            })
            .collect()
    }

    /// The derived feature, if the source gives one.
    pub(crate) fn derive(&self, catalog: &Catalog, source: &Feature) -> Option<Feature> {
        let spec = catalog.spec(self.source);
        let area = FieldOfView::of(spec, source.anchor?, &source.properties)?.area();
        let properties = self
            .fields
            .iter()
            .filter_map(|(from, to)| Some((*to, source.properties.get(*from)?.clone())));
        let mut derived = Feature {
            layer: self.target,
            properties: Properties::new(properties),
            trail: std::sync::Arc::default(),
            ..source.clone()
        };
        derived.place(Some(area), catalog.topic_resolution());
        Some(derived)
    }
}
