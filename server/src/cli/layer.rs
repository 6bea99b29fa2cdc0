//! Layers by name, as commands take them: of those that hold features of their own.

use super::Failure;
use atalaya_tiles::{Catalog, LayerIx, LayerKind, LayerSpec};

/// The layer of a name that takes features. Refuses one that is not there, and one that is computed
/// from others; either way the refusal lists those there are.
pub(super) fn taking<'c>(
    catalog: &'c Catalog,
    name: &str,
) -> Result<(LayerIx, &'c LayerSpec), Failure> {
    let there = || {
        let names: Vec<&str> = all(catalog).map(|spec| spec.name.as_str()).collect();
        names.join(", ")
    };
    let Some(layer) = catalog.layer(name) else {
        return Err(Failure::NotThere(format!(
            "there is no layer \"{name}\"; there are {}",
            there()
        )));
    };
    let spec = catalog.spec(layer);
    if spec.kind == LayerKind::Derived {
        return Err(Failure::NotThere(format!(
            "layer {name} is computed from others and holds nothing of its own; there are {}",
            there()
        )));
    }
    Ok((layer, spec))
}

fn all(catalog: &Catalog) -> impl Iterator<Item = &LayerSpec> {
    let layers = catalog.layers().map(|(_, spec)| spec);
    layers.filter(|spec| spec.kind != LayerKind::Derived)
}
