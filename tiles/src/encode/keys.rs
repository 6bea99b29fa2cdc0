//! Keys: what the features of a tile are tagged with. Said once, for those who write tiles and for those
//! who describe them.
//!
//! Promises: a tile carries no key that [`tile_layers`] does not name for the same viewer.

use super::mvt::{Slot, Tag, Tagged};
use super::select::{is_counted, takes_extended};
use crate::catalog::{FieldIx, FieldType, GeometryKind, LayerKind, LayerSpec};
use crate::gate::{Glance, Open, Rows};
use crate::view::sightings::Column;
use std::borrow::Cow;

/// A layer as tiles carry it: features one by one, or counts of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileLayer {
    /// Its name in the tile.
    pub name: String,
    /// Whether it holds counts by H3 cell in place of features.
    pub counts: bool,
    /// The keys that its features may have, and what of; a time is epoch milliseconds, a list JSON.
    pub keys: Vec<(String, FieldType)>,
}

/// What tiles of a layer may carry for the viewer who opened it; nothing for a layer without places.
pub fn tile_layers(open: &Open<'_>) -> Vec<TileLayer> {
    let spec = open.spec();
    if !spec.takes(GeometryKind::Point) && !takes_extended(spec) {
        return Vec::new();
    }
    let singles = (!is_counted(open)).then(|| TileLayer {
        name: spec.name.clone(),
        counts: false,
        keys: Keys::of(open).carried(),
    });
    let counts = TileLayer {
        name: counts::layer_name(spec),
        counts: true,
        keys: (counts::keys(spec).iter())
            .map(|(name, kind)| ((*name).to_owned(), *kind))
            .collect(),
    };
    singles.into_iter().chain([counts]).collect()
}

/// The keys of features shown one by one: their id, what else the core knows of them, and the fields that
/// the viewer may see.
pub(super) struct Keys<'s> {
    /// By slot: those of the core, then the fields of the layer.
    all: Vec<Key<'s>>,
}

struct Key<'s> {
    name: Cow<'s, str>,
    kind: FieldType,
    /// Whether any feature has it.
    carried: bool,
}

impl<'s> Keys<'s> {
    const ID: Slot = 0;
    const OBSERVED_AT: Slot = 1;
    const STALE: Slot = 2;
    /// The slot of the first field.
    const FIELDS: Slot = 3;

    pub(super) fn of(open: &Open<'s>) -> Self {
        let spec = open.spec();
        // A field of the layer's own goes before what the core says by that name.
        let core = |name, kind| Key {
            name: Cow::Borrowed(name),
            kind,
            carried: spec.field(name).is_none(),
        };
        let id = Key {
            carried: true,
            ..core("id", FieldType::Text)
        };
        let observed_at = core("observed_at", FieldType::Integer);
        let mut stale = core("stale", FieldType::Boolean);
        // A sighting never changes, so it never becomes stale.
        stale.carried &= spec.kind != LayerKind::Sighting;
        let fields = (0_u16..).zip(&spec.fields).map(|(at, (name, field))| Key {
            name: key(spec, name),
            kind: field.kind,
            carried: open.fields().contains(FieldIx(at)),
        });
        Self {
            all: [id, observed_at, stale].into_iter().chain(fields).collect(),
        }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.all.iter().map(|key| key.name.as_ref()).collect()
    }

    fn carried(&self) -> Vec<(String, FieldType)> {
        let carried = self.all.iter().filter(|key| key.carried);
        carried
            .map(|key| (key.name.clone().into_owned(), key.kind))
            .collect()
    }

    fn carries(&self, slot: Slot) -> bool {
        self.all.get(slot as usize).is_some_and(|key| key.carried)
    }

    pub(super) fn tags<'v>(&self, seen: Glance<'v>, tags: &mut Vec<Tagged<'v>>) {
        tags.push((Self::ID, Tag::Text(Cow::Borrowed(seen.id()))).into());
        seen.each_property(&mut |FieldIx(at), value, number| {
            let (slot, tag) = (Self::FIELDS + Slot::from(at), Tag::from(value));
            tags.push(Tagged { slot, tag, number });
        });
        if self.carries(Self::OBSERVED_AT) {
            let (at, number) = seen.numbered_observed_at();
            let (slot, tag) = (Self::OBSERVED_AT, Tag::Integer(at.as_millisecond()));
            tags.push(Tagged { slot, tag, number });
        }
        if seen.is_stale() && self.carries(Self::STALE) {
            tags.push((Self::STALE, Tag::Boolean(true)).into());
        }
    }
}

/// The columns of some rows, by the keys that their values are tagged with: what they are tagged with
/// by [`Keys::tags`], column by column.
pub(super) struct Columns<'v>(pub(super) Vec<(Slot, &'v Column)>);

impl Keys<'_> {
    pub(super) fn columns<'v>(&self, rows: &Rows<'v>) -> Columns<'v> {
        let id = rows.ids().map(|column| (Self::ID, column));
        let fields = rows.fields();
        let fields = fields.map(|(FieldIx(at), column)| (Self::FIELDS + Slot::from(at), column));
        let observed_at = rows
            .observed_at()
            .filter(|_| self.carries(Self::OBSERVED_AT));
        let observed_at = observed_at.map(|column| (Self::OBSERVED_AT, column));
        Columns(id.into_iter().chain(fields).chain(observed_at).collect())
    }
}

/// The key of a field: its name, but `id` is taken by the feature's own.
fn key<'s>(spec: &LayerSpec, name: &'s str) -> Cow<'s, str> {
    if name != "id" {
        return Cow::Borrowed(name);
    }
    let mut renamed = String::from("id_");
    while spec.field(&renamed).is_some() {
        renamed.push('_');
    }
    Cow::Owned(renamed)
}

/// The keys of counts.
pub(super) mod counts {
    use super::super::mvt::Slot;
    use super::super::select::is_computed;
    use crate::catalog::{FieldType, LayerSpec};

    pub(crate) const CELL: Slot = 0;
    pub(crate) const COUNT: Slot = 1;
    pub(crate) const RESOLUTION: Slot = 2;
    pub(crate) const LAYER: Slot = 3;
    /// By slot.
    const KEYS: [(&str, FieldType); 4] = [
        ("cell", FieldType::Text),
        ("count", FieldType::Integer),
        ("resolution", FieldType::Integer),
        ("layer", FieldType::Text),
    ];

    /// Which layer was counted is said where there are several: in the layer of cells.
    pub(crate) fn keys(spec: &LayerSpec) -> &'static [(&'static str, FieldType)] {
        match &KEYS {
            all if is_computed(spec) => all,
            [of_one @ .., _] => of_one,
        }
    }

    /// The layer of a tile that holds the counts of a layer.
    pub(crate) fn layer_name(spec: &LayerSpec) -> String {
        if is_computed(spec) {
            return spec.name.clone();
        }
        format!("{}_cells", spec.name)
    }
}
