//! Who looks: the one parameter without which nothing can be read (invariant 9).
//!
//! A [`Viewer`] says which layers and which clearances its holder has; the [gate](crate::gate) turns
//! it into what may be seen of a layer. Two viewers that are equal see the same bytes everywhere,
//! which is what makes a viewer usable as part of a cache key.

use crate::catalog::{Catalog, ClearanceIx, LayerIx};

/// A set of clearances, as bits of the catalog's clearance list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Clearances(u64);

impl Clearances {
    /// No clearance at all.
    pub const NONE: Self = Self(0);
    /// Every clearance there is or will be.
    pub const ALL: Self = Self(u64::MAX);

    /// The set with one more clearance.
    #[must_use]
    pub fn with(self, clearance: ClearanceIx) -> Self {
        Self(self.0 | 1 << clearance.0)
    }

    /// Whether the set holds what is asked for; nothing asked for is always held.
    pub fn allow(self, needed: Option<ClearanceIx>) -> bool {
        needed.is_none_or(|clearance| self.0 & 1 << clearance.0 != 0)
    }

    /// The clearances in the set that the catalog knows.
    pub fn names(self, catalog: &Catalog) -> Vec<&str> {
        catalog
            .clearances()
            .filter(|(clearance, _)| self.allow(Some(*clearance)))
            .map(|(_, name)| name)
            .collect()
    }
}

/// A set of layers, as bits of the catalog's layer list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LayerSet(u128);

impl LayerSet {
    /// No layer.
    pub const NONE: Self = Self(0);
    /// Every layer there is or will be.
    pub const ALL: Self = Self(u128::MAX);

    /// The set with one more layer.
    #[must_use]
    pub fn with(self, layer: LayerIx) -> Self {
        Self(self.0 | 1 << layer.0)
    }

    /// Whether the layer is in the set.
    pub fn contains(self, layer: LayerIx) -> bool {
        self.0 & 1 << layer.0 != 0
    }
}

impl FromIterator<LayerIx> for LayerSet {
    fn from_iter<I: IntoIterator<Item = LayerIx>>(layers: I) -> Self {
        layers.into_iter().fold(Self::NONE, Self::with)
    }
}

/// What somebody may see. Who they are is the shell's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The clearances held now.
    pub clearances: Clearances,
    /// The layers that may be opened at all.
    pub layers: LayerSet,
}

impl Viewer {
    /// Sees everything.
    pub const EVERYTHING: Self = Self {
        clearances: Clearances::ALL,
        layers: LayerSet::ALL,
    };
    /// Sees nothing.
    pub const NOBODY: Self = Self {
        clearances: Clearances::NONE,
        layers: LayerSet::NONE,
    };

    /// A text that two viewers share exactly when they see the same under this catalog, on every
    /// node and after every restart: the names of their layers and clearances.
    pub fn class(&self, catalog: &Catalog) -> String {
        let layers: Vec<&str> = catalog
            .layers()
            .filter(|(layer, _)| self.layers.contains(*layer))
            .map(|(_, spec)| spec.name.as_str())
            .collect();
        format!(
            "{}|{}",
            layers.join(","),
            self.clearances.names(catalog).join(",")
        )
    }
}
